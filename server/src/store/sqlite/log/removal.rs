//! What entries do to those before them: deleted messages, purges and emptying.
//!
//! All rooms share the one writer, so what is done there must not grow with what a room holds, only
//! with what is taken out.

use std::collections::HashMap;

use chat_protocol::{Epoch, RoomName, Seq};
use rusqlite::{Connection, params};

use super::row::{KIND_GONE, KIND_MESSAGE, encode};
use super::{RoomRow, authors, room_row, storable};
use crate::domain::entry::{EntryBody, NewEntry};
use crate::store::sqlite::held;

/// Messages that are looked for ahead at most; the writer finds the rest.
const AHEAD: usize = 10_000;

/// Messages that one step takes out at most: some milliseconds of the writer's time.
pub(super) const STEP: usize = 256;

/// Where the messages stand that purges are to take out. An index by author would cost every
/// message, so the log is read for them, ahead and beside the writer.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct Found {
    /// Of this life of the log; `None` where nothing was looked for.
    epoch: Option<Epoch>,
    /// Everything up to here was looked at.
    to: Seq,
    seqs: HashMap<String, Vec<Seq>>,
}

impl Found {
    fn of(&self, room: &RoomRow, key: &str) -> (&[Seq], Seq) {
        match self.seqs.get(key) {
            Some(seqs) if self.epoch.as_ref() == Some(&room.epoch) => (seqs, self.to),
            _ => (&[], Seq(0)),
        }
    }
}

/// Whom `entries` purge, as compared.
pub(in crate::store::sqlite) fn purged<'a>(
    entries: impl Iterator<Item = &'a NewEntry>,
) -> Vec<String> {
    let keys = entries.filter_map(|entry| match &entry.body {
        EntryBody::Purged(purged) => Some(purged.key.clone()),
        _ => None,
    });
    keys.collect()
}

/// Looks for the messages of `keys`.
pub(in crate::store::sqlite) fn find(
    connection: &Connection,
    room: &RoomName,
    keys: Vec<String>,
) -> rusqlite::Result<Found> {
    let Some(row) = room_row(connection, room)? else {
        return Ok(Found::default());
    };
    let mut seqs: HashMap<String, Vec<Seq>> =
        keys.into_iter().map(|key| (key, Vec::new())).collect();
    let (mut to, mut count) = (row.last, 0);
    let mut statement = connection.prepare_cached(
        "SELECT seq, author FROM entries
         WHERE room = ?1 AND seq > ?2 AND seq <= ?3 AND kind = ?4 ORDER BY seq",
    )?;
    let bounds = params![row.id, row.cleared.0, row.last.0, KIND_MESSAGE];
    let mut rows = statement.query(bounds)?;
    while let Some(message) = rows.next()? {
        // A name that is none is nobody's who is purged.
        let author = message.get_ref(1)?.as_str().unwrap_or_default();
        if let Some(seqs) = seqs.get_mut(author) {
            let seq = Seq(message.get(0)?);
            seqs.push(seq);
            count += 1;
            if count == AHEAD {
                to = seq;
                break;
            }
        }
    }
    Ok(Found {
        epoch: Some(row.epoch),
        to,
        seqs,
    })
}

/// The messages of `key` after `after`, so many that it is seen whether there are more than [`STEP`].
pub(super) fn some_of(
    connection: &Connection,
    room: &RoomName,
    key: &str,
    after: Seq,
) -> rusqlite::Result<Vec<Seq>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq FROM entries
         WHERE room = (SELECT id FROM rooms WHERE name = ?1) AND seq > ?2 AND author = ?3 AND kind = ?4
           AND seq > (SELECT cleared FROM rooms WHERE name = ?1)
         ORDER BY seq LIMIT ?5",
    )?;
    let bounds = params![
        room.as_str(),
        storable(after.0),
        key,
        KIND_MESSAGE,
        storable(STEP as u64 + 1)
    ];
    let found = statement.query_map(bounds, |row| row.get(0).map(Seq))?;
    found.collect()
}

/// Takes these messages out; says how many were there.
pub(super) fn take(
    connection: &Connection,
    room: &RoomName,
    seqs: &[Seq],
) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(
        "UPDATE entries SET kind = ?3, body = ''
         WHERE room = (SELECT id FROM rooms WHERE name = ?1) AND seq = ?2 AND kind = ?4",
    )?;
    let mut taken = 0;
    for seq in seqs {
        taken += statement.execute(params![room.as_str(), seq.0, KIND_GONE, KIND_MESSAGE])?;
    }
    Ok(taken as u64)
}

/// What an entry at `seq` does to those before it, and to the room.
pub(super) fn take_out(
    connection: &Connection,
    room: &RoomRow,
    seq: Seq,
    body: &EntryBody,
    found: &Found,
) -> rusqlite::Result<()> {
    const GONE: &str = "UPDATE entries SET kind = ?2, body = '' WHERE room = ?1";
    let gone = |which: &str, values: &[&dyn rusqlite::ToSql]| {
        connection
            .prepare_cached(&format!("{GONE} AND {which}"))?
            .execute(values)
            .map(drop)
    };
    let message = |seq: Seq| {
        let values = params![room.id, KIND_GONE, seq.0, KIND_MESSAGE];
        gone("seq = ?3 AND kind = ?4", values)
    };
    match body {
        EntryBody::MessagePosted(_) => Ok(()),
        EntryBody::MessageDeleted(deleted) => message(deleted.target),
        EntryBody::Purged(purged) => {
            let (seqs, to) = found.of(room, &purged.key);
            seqs.iter().try_for_each(|seq| message(*seq))?;
            gone(
                "seq > ?5 AND author = ?3 AND kind = ?4",
                params![room.id, KIND_GONE, purged.key, KIND_MESSAGE, to.0],
            )
        }
        EntryBody::Cleared(_) => {
            authors::forget(connection, room.id)?;
            // What the last one took out is not looked at again.
            gone(
                "seq > (SELECT cleared FROM rooms WHERE id = ?1) AND kind <> ?2",
                params![room.id, KIND_GONE],
            )?;
            connection
                .prepare_cached("UPDATE rooms SET cleared = ?2 WHERE id = ?1")?
                .execute(params![room.id, storable(seq.0.saturating_sub(1))])
                .map(drop)
        }
        EntryBody::RoomChanged(changed) => connection
            .prepare_cached("UPDATE rooms SET modes = ?2 WHERE id = ?1")?
            .execute(params![room.id, encode(&changed.modes)])
            .map(drop),
    }
}

/// What goes out of the log takes with it what would still come into it.
pub(super) fn drop_held(
    connection: &Connection,
    room: &RoomName,
    body: &EntryBody,
) -> rusqlite::Result<()> {
    match body {
        EntryBody::Purged(purged) => held::forget_of(connection, room, &purged.key),
        EntryBody::Cleared(_) => held::forget_room(connection, room),
        _ => Ok(()),
    }
}
