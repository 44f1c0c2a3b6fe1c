//! Held messages in the server's own SQLite database.

use std::sync::Arc;

use chat_protocol::{Content, HeldId, MessageId, Nonce, Rank, RoomName};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::{HeldError, HeldMessage, HeldMessages, PATIENCE, Ruled, Ruling, Waiting};
use crate::audit::{AuditLine, note};
use crate::database::{Database, DatabaseError};
use crate::entry::Author;
use crate::log::append;

/// Held messages in one database.
pub struct SqliteHeld {
    database: Arc<Database>,
}

impl SqliteHeld {
    /// Keeps the messages in `database`.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

impl From<DatabaseError> for HeldError {
    fn from(error: DatabaseError) -> Self {
        HeldError::new(error)
    }
}

#[async_trait::async_trait]
impl HeldMessages for SqliteHeld {
    async fn load(&self, room: &RoomName, since: u64) -> Result<Vec<HeldMessage>, HeldError> {
        let room = room.clone();
        let held = self.database.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT id, time, account, username, display_name, content, reply_to, nonce,
                            pattern, reason
                     FROM held WHERE room = ?1 AND time > ?2 ORDER BY id",
                )?
                .query_map(params![room.as_str(), since], held)?
                .collect()
        });
        Ok(held.await?)
    }

    async fn hold(&self, room: &RoomName, waiting: &Waiting) -> Result<HeldMessage, HeldError> {
        let (room, waiting) = (room.clone(), waiting.clone());
        let held = self
            .database
            .write(move |connection| hold(connection, &room, waiting));
        Ok(held.await?)
    }

    async fn rule(&self, room: &RoomName, ruling: &Ruling) -> Result<Ruled, HeldError> {
        let (room, ruling) = (room.clone(), ruling.clone());
        let ruled = self
            .database
            .write(move |connection| rule(connection, &room, ruling));
        Ok(ruled.await?)
    }
}

fn hold(
    connection: &Connection,
    room: &RoomName,
    waiting: Waiting,
) -> rusqlite::Result<HeldMessage> {
    connection
        .prepare_cached("DELETE FROM held WHERE time <= ?1")?
        .execute([waiting.time.saturating_sub(PATIENCE)])?;
    connection
        .prepare_cached(
            "INSERT INTO held (room, account, time, username, display_name, content, reply_to,
                               nonce, pattern, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            room.as_str(),
            waiting.author.key,
            waiting.time,
            waiting.author.username,
            waiting.author.display_name,
            waiting.content.as_str(),
            waiting.reply_to.as_ref().map(MessageId::as_str),
            waiting.nonce.as_ref().map(Nonce::as_str),
            waiting.pattern,
            waiting.reason,
        ])?;
    Ok(HeldMessage {
        id: id(connection.last_insert_rowid()),
        waiting,
    })
}

fn rule(connection: &Connection, room: &RoomName, ruling: Ruling) -> rusqlite::Result<Ruled> {
    let taken = connection
        .prepare_cached("DELETE FROM held WHERE room = ?1 AND id = CAST(?2 AS INTEGER)")?
        .execute([room.as_str(), ruling.held.id.as_str()])?;
    if taken == 0 {
        return Ok(Ruled::Gone);
    }
    note(connection, &AuditLine::new(room, ruling.deed()))?;
    let stored = append(connection, room, ruling.entry.into_iter().collect())?;
    Ok(Ruled::Done(stored.into_iter().next()))
}

fn id(number: i64) -> HeldId {
    HeldId::new(number.to_string()).expect("a number is an id")
}

fn held(row: &Row<'_>) -> rusqlite::Result<HeldMessage> {
    let reply_to: Option<String> = row.get(6)?;
    let nonce: Option<String> = row.get(7)?;
    Ok(HeldMessage {
        id: id(row.get(0)?),
        waiting: Waiting {
            time: row.get(1)?,
            author: Author {
                key: row.get(2)?,
                username: row.get(3)?,
                display_name: row.get(4)?,
                rank: Rank::User,
            },
            content: Content::from_stored(row.get(5)?),
            reply_to: reply_to
                .map(MessageId::new)
                .transpose()
                .map_err(|error| unreadable(6, error))?,
            nonce: nonce
                .map(Nonce::new)
                .transpose()
                .map_err(|error| unreadable(7, error))?,
            pattern: row.get(8)?,
            reason: row.get(9)?,
        },
    })
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
