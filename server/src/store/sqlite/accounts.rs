//! The accounts in the server's own SQLite database. Owns the table `accounts`.

mod looks;

use std::collections::HashMap;

use chat_protocol::Username;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{SqliteStore, addresses, held, rooms, standing};
use crate::domain::entry::{AccountId, UnixMillis};
use crate::domain::moderation::Person;
use crate::store::accounts::{Account, Accounts, Admission, Admitted, Creation, new_logins};
use crate::store::{Part, StoreError};

const COLUMNS: &str =
    "SELECT username, key, password_hash, created, id, logins, removed FROM accounts";

/// SQL for the account of an entry that was stored before accounts were told apart: the one that has
/// its author's name now, unless that one is younger.
pub(super) const OF_OLD_ENTRY: &str =
    "(SELECT id FROM accounts WHERE key = entries.author AND created <= entries.time)";

/// SQL for the account that wrote a held message.
pub(super) const OF_HELD: &str = "(SELECT accounts.id FROM accounts WHERE key = held.account)";

#[async_trait::async_trait]
impl Accounts for SqliteStore {
    async fn find(&self, username: &Username) -> Result<Option<Account>, StoreError> {
        let known = self.known(username).await?;
        Ok(known.filter(|account| account.removed.is_none()))
    }

    async fn known(&self, username: &Username) -> Result<Option<Account>, StoreError> {
        let key = username.key().to_owned();
        let known = move |connection: &Connection| find(connection, &key);
        self.reading_batched(Part::Accounts, known).await
    }

    async fn create(&self, account: Account) -> Result<Creation, StoreError> {
        let create = move |connection: &Connection| {
            match find(connection, &account.key)? {
                Some(existing) if existing.removed.is_none() => {
                    return Ok(Creation::Exists(existing));
                }
                Some(_) => take_over(connection, &account)?,
                None => insert(connection, &account)?,
            }
            Ok(Creation::Created(account))
        };
        self.writing(Part::Accounts, create).await
    }

    async fn admit(&self, admission: Admission) -> Result<Admitted, StoreError> {
        let admit = move |connection: &Connection| admit(connection, &admission);
        self.writing(Part::Accounts, admit).await
    }

    async fn set_password(
        &self,
        username: &Username,
        password_hash: &str,
    ) -> Result<bool, StoreError> {
        let values = (
            username.key().to_owned(),
            password_hash.to_owned(),
            new_logins()?,
        );
        self.change_one(
            "UPDATE accounts SET password_hash = ?2, logins = ?3 WHERE key = ?1 AND removed IS NULL",
            values,
        )
        .await
    }

    async fn change_password(
        &self,
        account: &Account,
        password_hash: &str,
    ) -> Result<Option<Account>, StoreError> {
        let changed = Account {
            password_hash: password_hash.to_owned(),
            logins: new_logins()?,
            ..account.clone()
        };
        let values = (
            account.key.clone(),
            account.id.0,
            account.logins.clone(),
            changed.password_hash.clone(),
            changed.logins.clone(),
        );
        let is_done = self
            .change_one(
                "UPDATE accounts SET password_hash = ?4, logins = ?5
                 WHERE key = ?1 AND id = ?2 AND logins = ?3 AND removed IS NULL",
                values,
            )
            .await?;
        Ok(is_done.then_some(changed))
    }

    async fn sign_out(&self, username: &Username) -> Result<bool, StoreError> {
        let values = (username.key().to_owned(), new_logins()?);
        self.change_one(
            "UPDATE accounts SET logins = ?2 WHERE key = ?1 AND removed IS NULL",
            values,
        )
        .await
    }

    async fn renew_hash(&self, account: &Account, password_hash: &str) -> Result<(), StoreError> {
        let values = (
            account.key.clone(),
            account.password_hash.clone(),
            password_hash.to_owned(),
        );
        let renewed = self.change_one(
            "UPDATE accounts SET password_hash = ?3 WHERE key = ?1 AND password_hash = ?2",
            values,
        );
        renewed.await.map(drop)
    }

    async fn remove(&self, username: &Username, now: UnixMillis) -> Result<bool, StoreError> {
        let (key, logins) = (username.key().to_owned(), new_logins()?);
        let remove = move |connection: &Connection| remove(connection, &key, &logins, now);
        self.writing(Part::Accounts, remove).await
    }

    async fn list(&self) -> Result<Vec<Account>, StoreError> {
        let list = |connection: &Connection| {
            connection
                .prepare_cached(&format!("{COLUMNS} ORDER BY key"))?
                .query_map([], account)?
                .collect()
        };
        self.reading(Part::Accounts, list).await
    }

    async fn names_of(&self, keys: Vec<String>) -> Result<HashMap<String, String>, StoreError> {
        let names = move |connection: &Connection| {
            let found = keys.iter().map(|key| find(connection, key));
            let named = found.filter_map(|found| match found {
                Ok(account) => account.map(|account| Ok((account.key, account.username))),
                Err(error) => Some(Err(error)),
            });
            named.collect()
        };
        self.reading(Part::Accounts, names).await
    }
}

impl SqliteStore {
    /// Runs a statement on one account; false where it found none.
    async fn change_one<P>(&self, statement: &'static str, values: P) -> Result<bool, StoreError>
    where
        P: rusqlite::Params + Send + 'static,
    {
        let change =
            move |connection: &Connection| connection.prepare_cached(statement)?.execute(values);
        let changed = self.writing(Part::Accounts, change).await?;
        Ok(changed > 0)
    }
}

/// The account that has the name `key` as compared, also where it was removed.
pub(super) fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<Account>> {
    connection
        .prepare_cached(&format!("{COLUMNS} WHERE key = ?1"))?
        .query_row([key], account)
        .optional()
}

/// Whether there is an account of this name, which was not removed.
pub(super) fn is_there(connection: &Connection, key: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM accounts WHERE key = ?1 AND removed IS NULL")?
        .exists([key])
}

/// Fails unless whoever has the name by now is who was meant, and, where they are to be there, was not
/// removed.
pub(super) fn check_same(
    connection: &Connection,
    person: &Person,
    is_to_be_there: bool,
) -> rusqlite::Result<()> {
    let is_same = connection
        .prepare_cached(
            "SELECT 1 FROM accounts WHERE key = ?1 AND id = ?2 AND (removed IS NULL OR NOT ?3)",
        )?
        .exists(params![person.key, person.account.0, is_to_be_there])?;
    match is_same {
        true => Ok(()),
        false => Err(rusqlite::Error::QueryReturnedNoRows),
    }
}

/// When the newest account was made.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    connection.query_row("SELECT max(created) FROM accounts", [], |row| row.get(0))
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        username: row.get(0)?,
        key: row.get(1)?,
        password_hash: row.get(2)?,
        created: row.get(3)?,
        id: AccountId(row.get(4)?),
        logins: row.get(5)?,
        removed: row.get(6)?,
    })
}

fn insert(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO accounts (key, username, password_hash, created, id, logins)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            account.key,
            account.username,
            account.password_hash,
            account.created,
            account.id.0,
            account.logins,
        ])?;
    looks::note(connection, account)
}

/// Gives the name of an account that was removed to another one.
fn take_over(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE accounts SET username = ?2, password_hash = ?3, created = ?4, id = ?5,
                 logins = ?6, removed = NULL
             WHERE key = ?1",
        )?
        .execute(params![
            account.key,
            account.username,
            account.password_hash,
            account.created,
            account.id.0,
            account.logins,
        ])?;
    looks::note_anew(connection, account)
}

/// The row stays: what was decided on the account hangs on it, and nobody else gets the name.
fn remove(
    connection: &Connection,
    key: &str,
    logins: &str,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    let removed = connection
        .prepare_cached(
            "UPDATE accounts SET password_hash = '', logins = ?2, removed = ?3
             WHERE key = ?1 AND removed IS NULL",
        )?
        .execute(params![key, logins, now])?;
    if removed == 0 {
        return Ok(false);
    }
    standing::forget_account(connection, key)?;
    addresses::forget_account(connection, key)?;
    held::forget_account(connection, key)?;
    Ok(true)
}

fn admit(connection: &Connection, admission: &Admission) -> rusqlite::Result<Admitted> {
    let Admission {
        account,
        is_new,
        room,
    } = admission;
    let known = find(connection, &account.key)?;
    match known {
        Some(_) if *is_new => return Ok(Admitted::NameTaken),
        Some(known)
            if known.removed.is_none()
                && known.id == account.id
                && known.logins == account.logins => {}
        None if *is_new && looks::like_another(connection, account)? => {
            return Ok(Admitted::LooksLikeAnother);
        }
        None if *is_new => insert(connection, account)?,
        _ => return Ok(Admitted::SignedOut),
    }
    if let Some(room) = room {
        rooms::begin(connection, room, Some(&account.key))?;
    }
    Ok(Admitted::Done)
}

#[cfg(test)]
mod tests;
