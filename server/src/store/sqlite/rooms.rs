//! Which rooms there are, in the server's own SQLite database. Owns the tables `founded_rooms` and
//! `odd_rooms`.

use chat_protocol::RoomName;
use rusqlite::{Connection, params};

use super::{SqliteStore, audit, execute_each, filters, held, log, standing};
use crate::domain::entry::UnixMillis;
use crate::store::rooms::{Beginning, Founder, RoomDirectory};
use crate::store::{Part, StoreError};

/// Idle rooms that one look finds at most.
const IDLE_ROOMS: u32 = 1024;

#[async_trait::async_trait]
impl RoomDirectory for SqliteStore {
    async fn is_founded(&self, room: &RoomName) -> Result<bool, StoreError> {
        let room = room.clone();
        let is_founded = move |connection: &Connection| is_founded(connection, &room);
        self.reading(Part::Rooms, is_founded).await
    }

    async fn room_called(&self, spelled: &RoomName) -> Result<RoomName, StoreError> {
        let spelled = spelled.clone();
        let called = move |connection: &Connection| room_called(connection, &spelled);
        self.reading_batched(Part::Rooms, called).await
    }

    async fn known_rooms(&self) -> Result<Vec<String>, StoreError> {
        self.reading(Part::Rooms, known).await
    }

    async fn idle_rooms(
        &self,
        before: UnixMillis,
        now: UnixMillis,
    ) -> Result<Vec<RoomName>, StoreError> {
        let idle = move |connection: &Connection| {
            let mut statement =
                connection.prepare_cached(&format!("{} LIMIT {IDLE_ROOMS}", idle()))?;
            let names = statement.query_map(params![before, now], |row| row.get(0))?;
            names.collect::<rusqlite::Result<Vec<String>>>()
        };
        let idle = self.reading(Part::Rooms, idle).await?;
        // A name that is none is no room's.
        let names = idle.iter().filter_map(|name| RoomName::stored(name).ok());
        Ok(names.collect())
    }

    async fn forget_idle_room(
        &self,
        room: &RoomName,
        before: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let name = room.clone();
        let forget = move |connection: &Connection| {
            let is_idle = connection
                .prepare_cached(&format!("{} AND founded_rooms.room = ?3", idle()))?
                .exists(params![before, now, name.as_str()])?;
            if is_idle {
                log::remove(connection, &name)?;
                forget(connection, &name)?;
            }
            Ok(is_idle)
        };
        self.writing(Part::Rooms, forget).await
    }

    async fn forget_room(&self, room: &RoomName) -> Result<(), StoreError> {
        let name = room.clone();
        let forget = move |connection: &Connection| forget(connection, &name);
        self.writing(Part::Rooms, forget).await
    }
}

/// Begins a room's log and makes it a room that there is; false where it is one already. Where a member
/// founds it, that is `account`.
pub(super) fn begin(
    connection: &Connection,
    beginning: &Beginning,
    account: Option<&str>,
) -> rusqlite::Result<bool> {
    let Beginning {
        room,
        epoch,
        founder,
        time,
    } = beginning;
    log::begin(connection, room, epoch)?;
    if *founder == Founder::Nobody {
        return Ok(true);
    }
    let founded = connection
        .prepare_cached(
            "INSERT INTO founded_rooms (room, founded, by_operator) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![room.as_str(), time, *founder == Founder::Operator])?;
    if let Some(account) = account
        && founded > 0
    {
        standing::give_founder(connection, room, account)?;
    }
    Ok(founded > 0)
}

/// Whether there is a room of this name.
pub(super) fn is_founded(connection: &Connection, room: &RoomName) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM founded_rooms WHERE room = ?1")?
        .exists([room.as_str()])
}

/// When the newest room was founded.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    connection.query_row("SELECT max(founded) FROM founded_rooms", [], |row| {
        row.get(0)
    })
}

/// SQL for the rooms that members founded before ?1, where nothing is that holds at ?2.
fn idle() -> String {
    format!(
        "SELECT room FROM founded_rooms WHERE founded < ?1 AND by_operator = 0
         AND NOT ({}) AND NOT ({}) AND NOT ({}) AND NOT ({})",
        log::IS_MISSED,
        standing::IS_MISSED,
        filters::IS_MISSED,
        held::IS_MISSED,
    )
}

fn forget(connection: &Connection, room: &RoomName) -> rusqlite::Result<()> {
    standing::forget_room(connection, room)?;
    filters::forget_room(connection, room)?;
    held::forget_room(connection, room)?;
    audit::forget_room(connection, room)?;
    let forget = ["DELETE FROM founded_rooms WHERE room = ?1"];
    execute_each(connection, &forget, room.as_str())
}

fn known(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(&format!(
            "SELECT room FROM founded_rooms UNION {} UNION {} UNION {}",
            log::ROOMS,
            standing::ROOMS,
            filters::ROOMS,
        ))?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn room_called(connection: &Connection, spelled: &RoomName) -> rusqlite::Result<RoomName> {
    let plain = spelled.plain();
    for room in [spelled, &plain] {
        if is_there(connection, room)? {
            return Ok(room.clone());
        }
    }
    let mut odd =
        connection.prepare_cached("SELECT room FROM odd_rooms WHERE plain = ?1 ORDER BY id")?;
    let mut rows = odd.query([plain.as_str()])?;
    while let Some(row) = rows.next()? {
        // A name that is none is no room's.
        if let Ok(room) = RoomName::stored(row.get_ref(0)?.as_str()?)
            && is_there(connection, &room)?
        {
            return Ok(room);
        }
    }
    Ok(plain)
}

/// Whether somebody has founded the room, or it has a log.
fn is_there(connection: &Connection, room: &RoomName) -> rusqlite::Result<bool> {
    Ok(log::is_begun(connection, room)? || is_founded(connection, room)?)
}
