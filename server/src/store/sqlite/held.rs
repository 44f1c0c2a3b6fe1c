//! Held messages in the server's own SQLite database. Owns the table `held`.

use chat_protocol::{Content, HeldId, MessageId, Nonce, Rank, RoomName};
use rusqlite::{Connection, Row, params};

use super::database::{or_report, readable};
use super::log::{LogEnd, holds_message};
use super::{SqliteStore, accounts, execute_each};
use crate::domain::entry::{AccountId, Author, Entry, EntryBody, NewEntry, UnixMillis};
use crate::domain::held::{HeldMessage, Ruled, Ruling, Waiting};
use crate::store::held::HeldMessages;
use crate::store::{Part, StoreError};

/// SQL for whether a message waits in a room of `founded_rooms`.
pub(super) const IS_MISSED: &str =
    "EXISTS (SELECT 1 FROM held WHERE held.room = founded_rooms.room)";

#[async_trait::async_trait]
impl HeldMessages for SqliteStore {
    async fn load(&self, room: &RoomName, since: u64) -> Result<Vec<HeldMessage>, StoreError> {
        let room = room.clone();
        let load = move |connection: &Connection| load(connection, &room, since);
        self.reading(Part::Held, load).await
    }
}

/// Keeps a message, and forgets those of all rooms that have waited since `forget` or longer.
pub(super) fn hold(
    connection: &Connection,
    room: &RoomName,
    waiting: &Waiting,
    forget: UnixMillis,
) -> rusqlite::Result<HeldId> {
    connection
        .prepare_cached("DELETE FROM held WHERE time <= ?1")?
        .execute([forget])?;
    // Who was removed meanwhile has nothing that waits.
    if !accounts::is_there(connection, &waiting.author.key)? {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
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
    Ok(id(connection.last_insert_rowid()))
}

/// Takes a message out; where it is let through, appends it at the log's `end`.
pub(super) fn rule(
    connection: &Connection,
    room: &RoomName,
    ruling: &Ruling,
    end: &mut LogEnd<'_>,
) -> rusqlite::Result<Ruled> {
    let taken = connection
        .prepare_cached("DELETE FROM held WHERE room = ?1 AND id = CAST(?2 AS INTEGER)")?
        .execute([room.as_str(), ruling.held.id.as_str()])?;
    if taken == 0 {
        return Ok(Ruled::Gone);
    }
    let Some(mut entry) = ruling.entry.clone() else {
        return Ok(Ruled::Done(None));
    };
    forget_lost_target(connection, room, &mut entry)?;
    let seq = end.append(&entry)?;
    let NewEntry { time, body } = entry;
    Ok(Ruled::Done(Some(Box::new(Entry { seq, time, body }))))
}

/// Forgets what a user has waiting in a room.
pub(super) fn forget_of(
    connection: &Connection,
    room: &RoomName,
    key: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM held WHERE room = ?1 AND account = ?2")?
        .execute([room.as_str(), key])
        .map(drop)
}

/// Forgets what waits in a room.
pub(super) fn forget_room(connection: &Connection, room: &RoomName) -> rusqlite::Result<()> {
    let forget = ["DELETE FROM held WHERE room = ?1"];
    execute_each(connection, &forget, room.as_str())
}

/// Forgets what an account has waiting anywhere.
pub(super) fn forget_account(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    execute_each(connection, &["DELETE FROM held WHERE account = ?1"], key)
}

fn load(
    connection: &Connection,
    room: &RoomName,
    since: UnixMillis,
) -> rusqlite::Result<Vec<HeldMessage>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, time, account, username, display_name, content, reply_to, nonce, pattern, reason,
                {}
         FROM held WHERE room = ?1 AND time > ?2 ORDER BY id",
        accounts::OF_HELD,
    ))?;
    let rows = statement.query_map(params![room.as_str(), since], held)?;
    readable("held", room.as_str(), rows)
}

/// What a message answers may have been deleted while it waited: then it answers nothing.
fn forget_lost_target(
    connection: &Connection,
    room: &RoomName,
    entry: &mut NewEntry,
) -> rusqlite::Result<()> {
    if let EntryBody::MessagePosted(posted) = &mut entry.body
        && let Some(target) = &posted.reply_to
        && !holds_message(connection, room, target)?
    {
        posted.reply_to = None;
    }
    Ok(())
}

fn id(number: i64) -> HeldId {
    HeldId::new(number.to_string()).expect("a number is an id")
}

fn held(row: &Row<'_>) -> rusqlite::Result<HeldMessage> {
    let number: i64 = row.get(0)?;
    // A message still waits without those.
    let place = || number.to_string();
    let reply_to = or_report("held", place, row.get::<_, Option<String>>(6)).flatten();
    let nonce = or_report("held", place, row.get::<_, Option<String>>(7)).flatten();
    Ok(HeldMessage {
        id: id(number),
        waiting: Waiting {
            time: row.get(1)?,
            author: Author {
                key: row.get(2)?,
                account: AccountId(row.get(10)?),
                username: row.get(3)?,
                display_name: row.get(4)?,
                rank: Rank::User,
            },
            content: Content::from_stored(row.get(5)?),
            reply_to: reply_to.and_then(|id| or_report("held", place, MessageId::new(id))),
            nonce: nonce.and_then(|nonce| or_report("held", place, Nonce::new(nonce))),
            pattern: row.get(8)?,
            reason: or_report("held", place, row.get(9)).flatten(),
        },
    })
}

#[cfg(test)]
mod tests;
