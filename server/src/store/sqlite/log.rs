//! The log in the server's own SQLite database. Owns the tables `rooms`, `entries` and `epochs`.

mod append;
mod authors;
mod head;
mod reading;
mod removal;
mod retention;
mod row;

use chat_protocol::{Epoch, RoomName, RoomState, Seq};
use rusqlite::types::Type;
use rusqlite::{Connection, params};

use super::SqliteStore;
use super::database::{is_unreadable, report};
use crate::domain::entry::{Epochs, UnixMillis};
use crate::store::log::{Keep, LogHead, Range, RoomLog, Slice, Summary, Thinned, Trimmed};
use crate::store::{Part, StoreError};
use head::{LAST_SEQ, RoomRow, epochs, first, room_row};

pub(super) use append::{LogEnd, append_messages};
pub(super) use reading::holds_message;
pub(super) use removal::{Found, find, purged};

/// SQL for whether something was said in a room of `founded_rooms`, or its modes were changed.
pub(super) const IS_MISSED: &str =
    "EXISTS (SELECT 1 FROM rooms WHERE rooms.name = founded_rooms.room
             AND (rooms.modes <> '{}'
                  OR EXISTS (SELECT 1 FROM entries WHERE entries.room = rooms.id)))";

/// SQL for the names of all rooms that have a log.
pub(super) const ROOMS: &str = "SELECT name FROM rooms";

#[async_trait::async_trait]
impl RoomLog for SqliteStore {
    async fn open(&self, room: &RoomName, nonces_since: u64) -> Result<LogHead, StoreError> {
        let name = room.clone();
        let look = move |connection: &Connection| match head::read(connection, &name, nonces_since)
        {
            Err(error) if is_unreadable(&error) => {
                report("rooms", name.as_str(), &error);
                Ok(Err(()))
            }
            known => known.map(Ok),
        };
        let known = self.reading(Part::Log, look).await?;
        match known {
            Ok(Some(head)) => return Ok(head),
            Ok(None) => {}
            Err(()) => return self.begin_anew(room, nonces_since).await,
        }
        Ok(LogHead {
            epochs: Epochs::new(new_epoch()?),
            is_begun: false,
            first: Seq(1),
            last: Seq(0),
            nonces: Vec::new(),
            modes: RoomState::default(),
        })
    }

    async fn read(&self, room: &RoomName, range: Range) -> Result<Slice, StoreError> {
        let name = room.clone();
        let read = move |connection: &Connection| reading::slice(connection, &name, range);
        self.reading(Part::Log, read).await
    }

    async fn written_by(
        &self,
        room: &RoomName,
        key: &str,
        range: Range,
    ) -> Result<Slice, StoreError> {
        let (name, key) = (room.clone(), key.to_owned());
        let read = move |connection: &Connection| authors::slice(connection, &name, &key, range);
        self.reading(Part::Log, read).await
    }

    async fn count_of(&self, room: &RoomName, key: &str) -> Result<u64, StoreError> {
        let (name, key) = (room.clone(), key.to_owned());
        let count = move |connection: &Connection| authors::count(connection, &name, &key);
        self.reading(Part::Log, count).await
    }

    async fn list(&self) -> Result<Vec<Summary>, StoreError> {
        self.reading(Part::Log, reading::list).await
    }

    async fn names(&self) -> Result<Vec<RoomName>, StoreError> {
        self.reading(Part::Log, reading::names).await
    }

    async fn thin(&self, room: &RoomName, key: &str, after: Seq) -> Result<Thinned, StoreError> {
        let (name, key) = (room.clone(), key.to_owned());
        let find = move |connection: &Connection| removal::some_of(connection, &name, &key, after);
        let found = self.reading(Part::Log, find).await?;
        if found.len() <= removal::STEP {
            return Ok(Thinned {
                seq: found.last().copied().unwrap_or(after),
                count: found.len() as u64,
                is_done: true,
            });
        }
        let (name, taken) = (room.clone(), found[..removal::STEP].to_vec());
        let seq = taken.last().copied().unwrap_or(after);
        let take = move |connection: &Connection| removal::take(connection, &name, &taken);
        Ok(Thinned {
            seq,
            count: self.writing(Part::Log, take).await?,
            is_done: false,
        })
    }

    async fn remove(&self, room: &RoomName) -> Result<bool, StoreError> {
        let name = room.clone();
        let remove = move |connection: &Connection| remove(connection, &name);
        self.writing(Part::Log, remove).await
    }

    async fn overdue(&self, keep: Keep) -> Result<Vec<RoomName>, StoreError> {
        let overdue = move |connection: &Connection| retention::overdue(connection, keep);
        self.reading(Part::Log, overdue).await
    }

    async fn trim(&self, room: &RoomName, keep: Keep) -> Result<Trimmed, StoreError> {
        let name = room.clone();
        let trim = move |connection: &Connection| retention::trim(connection, &name, keep);
        self.writing(Part::Log, trim).await
    }
}

impl SqliteStore {
    /// Gives a log another life whose own can't be read: what messages were known by is lost, but not
    /// the messages.
    async fn begin_anew(&self, room: &RoomName, nonces_since: u64) -> Result<LogHead, StoreError> {
        let name = room.clone();
        let epoch = new_epoch()?;
        let begin = move |connection: &Connection| {
            head::begin_anew(connection, &name, &epoch)?;
            head::read(connection, &name, nonces_since)
        };
        let begun = self.writing(Part::Log, begin).await?;
        begun.ok_or_else(|| StoreError::new(Part::Log, rusqlite::Error::QueryReturnedNoRows))
    }
}

/// Begins the log of `room`, in the transaction that is open, unless there is one.
pub(super) fn begin(
    connection: &Connection,
    room: &RoomName,
    epoch: &Epoch,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO rooms (name, epoch, last_seq) VALUES (?1, ?2, 0)
             ON CONFLICT (name) DO NOTHING",
        )?
        .execute(params![room.as_str(), epoch.as_str()])
        .map(drop)
}

/// Whether `room` has a log.
pub(super) fn is_begun(connection: &Connection, room: &RoomName) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM rooms WHERE name = ?1")?
        .exists([room.as_str()])
}

/// Removes `room` with its log, in the transaction that is open; false where there is none.
pub(super) fn remove(connection: &Connection, room: &RoomName) -> rusqlite::Result<bool> {
    let removed = connection
        .prepare_cached("DELETE FROM rooms WHERE name = ?1")?
        .execute([room.as_str()])?;
    Ok(removed > 0)
}

/// When the newest entry was made.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    connection.query_row(
        "SELECT max((SELECT time FROM entries WHERE room = rooms.id ORDER BY seq DESC LIMIT 1))
         FROM rooms",
        [],
        |row| row.get(0),
    )
}

fn new_epoch() -> Result<Epoch, StoreError> {
    let number = getrandom::u64()
        .map_err(|error| StoreError::new(Part::Log, std::io::Error::from(error)))?;
    Ok(Epoch::new(format!("{number:016x}")).expect("16 digits are an epoch"))
}

/// SQLite's integers end at 2^63 - 1; no log gets that long.
fn storable(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

#[cfg(test)]
mod tests;
