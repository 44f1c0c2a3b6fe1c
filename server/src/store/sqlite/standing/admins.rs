//! Server administrators. Owns the table `admins`.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::domain::audit::AuditLine;
use crate::domain::entry::{OPERATOR, UnixMillis};
use crate::domain::moderation::Person;
use crate::store::sqlite::{accounts, audit};

/// Makes somebody one, or ends that, with a line in the audit.
pub(super) fn change(
    connection: &Connection,
    person: &Person,
    is_admin: bool,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    accounts::check_same(connection, person, true)?;
    match is_admin {
        true => put(connection, &person.key)?,
        false => take(connection, &person.key)?,
    }
    let action = match is_admin {
        true => "grantAdmin",
        false => "revokeAdmin",
    };
    let line = AuditLine {
        id: None,
        time: now,
        room: String::new(),
        actor: OPERATOR.to_owned(),
        action: action.to_owned(),
        target: person.username.clone(),
        until: None,
        reason: None,
    };
    audit::note(connection, &line).map(drop)
}

/// The account `key` is one no more.
pub(super) fn take(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM admins WHERE account = ?1")?
        .execute([key])
        .map(drop)
}

/// All of them, as compared.
pub(super) fn keys(connection: &Connection) -> rusqlite::Result<HashSet<String>> {
    connection
        .prepare_cached("SELECT account FROM admins")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// All of them, as registered.
pub(super) fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut keys: Vec<String> = keys(connection)?.into_iter().collect();
    keys.sort();
    let names = keys.iter().filter_map(|key| {
        let account = accounts::find(connection, key).transpose()?;
        Some(account.map(|account| account.username))
    });
    names.collect()
}

fn put(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO admins (account) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([key])
        .map(drop)
}
