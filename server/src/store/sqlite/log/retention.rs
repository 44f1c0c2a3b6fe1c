//! Trimming: which rooms hold too much, and taking it away in small steps.

use chat_protocol::{RoomName, Seq};
use rusqlite::{Connection, params};

use super::{LAST_SEQ, authors, room_row, storable, unreadable};
use crate::store::log::{Keep, Trimmed};
use crate::store::sqlite::database::readable;

/// Rooms that one look finds at most.
const ROOMS: i64 = 256;
/// Entries that one step takes at most: some milliseconds of the writer's time.
pub(super) const STEP: usize = 500;

/// Rooms whose oldest entry is not to be kept.
pub(super) fn overdue(connection: &Connection, keep: Keep) -> rusqlite::Result<Vec<RoomName>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT rooms.name FROM rooms JOIN entries ON entries.room = rooms.id
         WHERE entries.seq = (SELECT min(seq) FROM entries WHERE room = rooms.id)
           AND (entries.seq <= {LAST_SEQ} - ?1 OR entries.time < ?2)
         LIMIT ?3",
    ))?;
    let bounds = params![most(keep), storable(keep.since), ROOMS];
    let names = statement.query_map(bounds, |row| {
        let name: String = row.get(0)?;
        RoomName::stored(&name).map_err(|error| unreadable(0, error))
    })?;
    readable("rooms", "names", names)
}

/// Takes the oldest entries as long as they are not to be kept, [`STEP`] at most.
pub(super) fn trim(
    connection: &Connection,
    room: &RoomName,
    keep: Keep,
) -> rusqlite::Result<Trimmed> {
    let row = room_row(connection, room)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let oldest_kept = Seq(row.last.0.saturating_sub(most(keep).unsigned_abs())).next();
    let (mut first, mut taken) = (row.last.next(), 0);
    let mut is_done = true;
    let mut statement = connection
        .prepare_cached("SELECT seq, time FROM entries WHERE room = ?1 ORDER BY seq LIMIT ?2")?;
    let mut rows = statement.query(params![row.id, storable(STEP as u64 + 1)])?;
    while let Some(entry) = rows.next()? {
        let (seq, time): (u64, i64) = (entry.get(0)?, entry.get(1)?);
        let is_kept = Seq(seq) >= oldest_kept && time >= storable(keep.since);
        if is_kept || taken == STEP {
            first = Seq(seq);
            is_done = is_kept;
            break;
        }
        taken += 1;
    }
    // Where the newest entry goes too, only the row tells what the next one is called.
    connection
        .prepare_cached("UPDATE rooms SET last_seq = ?2 WHERE id = ?1")?
        .execute(params![row.id, row.last.0])?;
    connection
        .prepare_cached("DELETE FROM entries WHERE room = ?1 AND seq < ?2")?
        .execute(params![row.id, storable(first.0)])?;
    authors::forget_before(connection, row.id, first)?;
    Ok(Trimmed { first, is_done })
}

fn most(keep: Keep) -> i64 {
    keep.entries.map_or(i64::MAX, storable)
}
