//! Reading a log, and the list of all.

use chat_protocol::{MessageId, RoomName, Seq};
use rusqlite::{Connection, params};

use super::row::{KIND_GONE, KIND_MESSAGE, KIND_MODES, entry};
use super::{LAST_SEQ, epochs, first, room_row, storable, unreadable};
use crate::store::log::{End, Range, Slice, Summary};
use crate::store::sqlite::accounts;
use crate::store::sqlite::database::readable;

/// SQL for the account that made an entry.
pub(super) fn account() -> String {
    let of_old_entry = accounts::OF_OLD_ENTRY;
    format!("ifnull(entries.account, ifnull({of_old_entry}, 0))")
}

/// Whether `id` names a message that is in `room`'s log.
pub(in crate::store::sqlite) fn holds_message(
    connection: &Connection,
    room: &RoomName,
    id: &MessageId,
) -> rusqlite::Result<bool> {
    let Some(row) = room_row(connection, room)? else {
        return Ok(false);
    };
    let Some(seq) = epochs(connection, &row)?.seq_of(id) else {
        return Ok(false);
    };
    connection
        .prepare_cached("SELECT 1 FROM entries WHERE room = ?1 AND seq = ?2 AND kind = ?3")?
        .exists(params![row.id, storable(seq.0), KIND_MESSAGE])
}

/// A part of the log of `room`.
pub(super) fn slice(
    connection: &Connection,
    room: &RoomName,
    range: Range,
) -> rusqlite::Result<Slice> {
    let row = room_row(connection, room)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let order = match range.end {
        End::Oldest => "ASC",
        End::Newest => "DESC",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, time, author, nonce, body, kind, {} FROM entries
         WHERE room = ?1 AND seq > ?2 AND seq < ?3 AND kind <> ?5 AND (?6 OR kind <> ?7)
         ORDER BY seq {order} LIMIT ?4",
        account(),
    ))?;
    let bounds = params![
        row.id,
        // Nothing is left of what was cleared.
        storable(range.after.max(row.cleared).0),
        storable(range.before.map_or(u64::MAX, |seq| seq.0)),
        // One more than asked for tells whether there are more.
        storable(range.limit.saturating_add(1)),
        KIND_GONE,
        range.with_modes,
        KIND_MODES,
    ];
    let limit = usize::try_from(range.limit).unwrap_or(usize::MAX);
    let mut count = 0;
    let rows = statement.query_map(bounds, entry)?;
    let rows = rows.inspect(|_| count += 1);
    // What can't be read is as if it were gone.
    let mut entries = readable("entries", room.as_str(), rows)?;
    let complete = count <= limit;
    entries.truncate(limit);
    if range.end == End::Newest {
        entries.reverse();
    }
    Ok(Slice {
        // Read last: what was trimmed since the entries were read counts as gone.
        first: first(connection, &row)?,
        epochs: epochs(connection, &row)?,
        entries,
        complete,
    })
}

/// The names of all rooms that have a log.
pub(super) fn names(connection: &Connection) -> rusqlite::Result<Vec<RoomName>> {
    let mut statement = connection.prepare_cached("SELECT name FROM rooms")?;
    let names = statement.query_map([], |row| {
        let name: String = row.get(0)?;
        RoomName::new(&name).map_err(|error| unreadable(0, error))
    })?;
    readable("rooms", "names", names)
}

/// All of them, by name.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<Summary>> {
    let mut statement = connection.prepare(&format!(
        "SELECT name,
                (SELECT count(*) FROM entries WHERE room = rooms.id AND kind <> ?1),
                {LAST_SEQ}
         FROM rooms ORDER BY name",
    ))?;
    let rows = statement.query_map([KIND_GONE], |row| {
        let name: String = row.get(0)?;
        Ok(Summary {
            room: RoomName::stored(&name).map_err(|error| unreadable(0, error))?,
            entries: row.get(1)?,
            last: Seq(row.get(2)?),
        })
    })?;
    readable("rooms", "names", rows)
}
