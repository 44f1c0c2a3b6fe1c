//! Where a log stands: its row, its lives, and the nonces of its recent messages.

use chat_protocol::{Epoch, Nonce, RoomName, RoomState, Seq};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::reading::account;
use super::{row, storable, unreadable};
use crate::domain::entry::{AccountId, EarlierEpoch, Epochs, StoredNonce};
use crate::store::log::LogHead;
use crate::store::sqlite::database::{or_report, readable};

/// SQL for the seq of a room's newest entry, also where it is gone: what was gone by the time of the
/// last trimming is in the room's row, what came since among the entries. So an append need not
/// change the row.
pub(super) const LAST_SEQ: &str = "max(rooms.last_seq,
     ifnull((SELECT max(seq) FROM entries WHERE entries.room = rooms.id), 0))";

/// The row of a log.
pub(super) struct RoomRow {
    pub(super) id: i64,
    pub(super) epoch: Epoch,
    /// The first position of that life.
    pub(super) epoch_first: Seq,
    pub(super) last: Seq,
    /// Up to here all was cleared.
    pub(super) cleared: Seq,
}

/// The row of the log of `room`, where it has one.
pub(super) fn room_row(
    connection: &Connection,
    room: &RoomName,
) -> rusqlite::Result<Option<RoomRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT id, epoch, {LAST_SEQ}, cleared, epoch_first FROM rooms WHERE name = ?1"
        ))?
        .query_row([room.as_str()], |row| {
            Ok(RoomRow {
                id: row.get(0)?,
                epoch: Epoch::new(row.get::<_, String>(1)?)
                    .map_err(|error| unreadable(1, error))?,
                last: Seq(row.get(2)?),
                cleared: Seq(row.get(3)?),
                epoch_first: Seq(row.get(4)?),
            })
        })
        .optional()
}

/// The lives of a log. Those that can't be read are as if they were gone.
pub(super) fn epochs(connection: &Connection, room: &RoomRow) -> rusqlite::Result<Epochs> {
    let mut statement = connection
        .prepare_cached("SELECT epoch, first, last FROM epochs WHERE room = ?1 ORDER BY first")?;
    let earlier = statement.query_map([room.id], |row| {
        Ok(EarlierEpoch {
            epoch: Epoch::new(row.get::<_, String>(0)?).map_err(|error| unreadable(0, error))?,
            first: Seq(row.get(1)?),
            last: Seq(row.get(2)?),
        })
    })?;
    let earlier = readable("epochs", "earlier lives of logs", earlier)?;
    Ok(Epochs::following(
        earlier,
        room.epoch.clone(),
        room.epoch_first,
    ))
}

/// Where the log of `room` stands, with the nonces of messages since `nonces_since`.
pub(super) fn read(
    connection: &Connection,
    room: &RoomName,
    nonces_since: u64,
) -> rusqlite::Result<Option<LogHead>> {
    let Some(row) = room_row(connection, room)? else {
        return Ok(None);
    };
    Ok(Some(LogHead {
        first: first(connection, &row)?,
        modes: modes(connection, row.id)?,
        nonces: nonces(connection, row.id, nonces_since)?,
        epochs: epochs(connection, &row)?,
        is_begun: true,
        last: row.last,
    }))
}

/// Gives a log the life `epoch` in place of all that it had.
pub(super) fn begin_anew(
    connection: &Connection,
    room: &RoomName,
    epoch: &Epoch,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM epochs WHERE room = (SELECT id FROM rooms WHERE name = ?1)")?
        .execute([room.as_str()])?;
    // What is pinned is named by an id that is good no more.
    connection
        .prepare_cached(
            "UPDATE rooms SET epoch = ?2, epoch_first = 1,
                 modes = iif(json_valid(modes) AND modes <> '{}',
                             json_set(modes, '$.pinned', NULL), modes)
             WHERE name = ?1",
        )?
        .execute(params![room.as_str(), epoch.as_str()])
        .map(drop)
}

/// The oldest entry that is still there; one past the newest where none is.
pub(super) fn first(connection: &Connection, row: &RoomRow) -> rusqlite::Result<Seq> {
    let first: Option<u64> = connection
        .prepare_cached("SELECT min(seq) FROM entries WHERE room = ?1")?
        .query_row([row.id], |found| found.get(0))?;
    Ok(first.map_or(row.last.next(), Seq))
}

fn modes(connection: &Connection, room: i64) -> rusqlite::Result<RoomState> {
    connection
        .prepare_cached("SELECT modes FROM rooms WHERE id = ?1")?
        .query_row([room], |row| {
            let place = || format!("modes of room {room}");
            let modes = or_report("rooms", place, row.get::<_, String>(0));
            // Never changed.
            let modes = modes.filter(|modes| modes != "{}");
            Ok(modes.map_or_else(RoomState::default, |modes| {
                or_report("rooms", place, serde_json::from_str(&modes))
                    .unwrap_or_else(|| row::legible_modes(&modes))
            }))
        })
}

/// Walks back from the newest entry and stops at the first that is too old: an index for this alone
/// would cost every append.
fn nonces(connection: &Connection, room: i64, since: u64) -> rusqlite::Result<Vec<StoredNonce>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, time, {}, nonce FROM entries WHERE room = ?1 ORDER BY seq DESC",
        account(),
    ))?;
    let mut rows = statement.query([room])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let time: i64 = row.get(1)?;
        if time < storable(since) {
            break;
        }
        found.push(nonce(row));
    }
    let found = readable("entries", "nonces", found.into_iter())?;
    Ok(found.into_iter().flatten().collect())
}

fn nonce(row: &Row<'_>) -> rusqlite::Result<Option<StoredNonce>> {
    let Some(nonce) = row.get::<_, Option<String>>(3)? else {
        return Ok(None);
    };
    Ok(Some(StoredNonce {
        author: AccountId(row.get(2)?),
        nonce: Nonce::new(nonce).map_err(|error| unreadable(3, error))?,
        seq: Seq(row.get(0)?),
        time: row.get(1)?,
    }))
}
