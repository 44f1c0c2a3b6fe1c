//! What accounts' names look like, so that nobody new is taken for somebody else. Owns the table
//! `look_alikes`.

use rusqlite::{Connection, params};

use crate::store::accounts::Account;
use crate::store::sqlite::standing;
use chat_protocol::skeletons;

/// Notes what the account's name looks like.
pub(super) fn note(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    let mut note = connection.prepare_cached("INSERT INTO look_alikes VALUES (?1, ?2)")?;
    for skeleton in skeletons(&account.username, &account.key) {
        note.execute([&skeleton, &account.key])?;
    }
    Ok(())
}

/// Notes it anew: the name may be spelled otherwise.
pub(super) fn note_anew(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM look_alikes WHERE account = ?1")?
        .execute([&account.key])?;
    note(connection, account)
}

/// Whether `account` would look like another one which is to be told apart from it: where one of the two
/// names is not plain ASCII, or where the other account is more than a user somewhere.
pub(super) fn like_another(connection: &Connection, account: &Account) -> rusqlite::Result<bool> {
    let mut look = connection.prepare_cached(&format!(
        "SELECT 1 FROM look_alikes JOIN accounts ON accounts.key = look_alikes.account
         WHERE skeleton = ?1 AND account <> ?2
           AND (?3 OR accounts.username GLOB '*[^ -~]*' OR {})",
        standing::IS_ABOVE_USERS,
    ))?;
    let is_foreign = !account.username.is_ascii();
    for skeleton in skeletons(&account.username, &account.key) {
        if look.exists(params![skeleton, account.key, is_foreign])? {
            return Ok(true);
        }
    }
    Ok(false)
}
