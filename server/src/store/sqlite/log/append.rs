//! Appending to a log.

use chat_protocol::{RoomName, Seq};
use rusqlite::{CachedStatement, Connection, params};

use super::authors::note_block;
use super::removal::{Found, drop_held, take_out};
use super::row::Columns;
use super::{RoomRow, room_row};
use crate::domain::entry::NewEntry;

const INSERT: &str = "INSERT INTO entries (room, seq, time, kind, author, account, nonce, body)
     VALUES ((SELECT id FROM rooms WHERE name = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// The end of a room's log, to which one transaction appends.
pub(in crate::store::sqlite) struct LogEnd<'a> {
    connection: &'a Connection,
    room: &'a RoomName,
    /// The newest entry, for who knows it.
    known: Option<Seq>,
    found: &'a Found,
    /// From the first entry on.
    opened: Option<Opened<'a>>,
}

struct Opened<'a> {
    /// As it was before the first entry, but for its `last`.
    row: RoomRow,
    insert: CachedStatement<'a>,
}

/// Somebody else appended to it.
#[derive(Debug, thiserror::Error)]
#[error("the newest entry of the log is {found} and not {known}")]
struct OtherEnd {
    known: Seq,
    found: Seq,
}

impl<'a> LogEnd<'a> {
    /// That of `room`. Its newest entry has to be `known`, where that is said; what purges among the
    /// entries take out was `found`, as far as it was looked for.
    pub(in crate::store::sqlite) fn new(
        connection: &'a Connection,
        room: &'a RoomName,
        known: Option<Seq>,
        found: &'a Found,
    ) -> Self {
        Self {
            connection,
            room,
            known,
            found,
            opened: None,
        }
    }

    /// Appends an entry, and does to what is before it what it says.
    pub(in crate::store::sqlite) fn append(&mut self, entry: &NewEntry) -> rusqlite::Result<Seq> {
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => self.open()?,
        };
        let Opened { row, insert } = self.opened.insert(opened);
        let seq = row.last.next();
        take_out(self.connection, row, seq, &entry.body, self.found)?;
        drop_held(self.connection, self.room, &entry.body)?;
        note_block(self.connection, self.room, seq)?;
        put(insert, self.room, seq, entry)?;
        row.last = seq;
        Ok(seq)
    }

    fn open(&self) -> rusqlite::Result<Opened<'a>> {
        let row = room_row(self.connection, self.room)?;
        let row = row.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        if let Some(known) = self.known
            && known != row.last
        {
            let found = row.last;
            let error = OtherEnd { known, found };
            return Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error)));
        }
        let insert = self.connection.prepare_cached(INSERT)?;
        Ok(Opened { row, insert })
    }
}

/// Appends messages behind `last`, the newest entry: where it is not, the place of the first is taken,
/// which is an error.
pub(in crate::store::sqlite) fn append_messages<'a>(
    connection: &Connection,
    room: &RoomName,
    last: Seq,
    messages: impl Iterator<Item = &'a NewEntry>,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(INSERT)?;
    let mut seq = last;
    for message in messages {
        seq = seq.next();
        note_block(connection, room, seq)?;
        put(&mut insert, room, seq, message)?;
    }
    Ok(())
}

fn put(
    insert: &mut CachedStatement<'_>,
    room: &RoomName,
    seq: Seq,
    entry: &NewEntry,
) -> rusqlite::Result<()> {
    let Columns {
        kind,
        author,
        account,
        nonce,
        body,
    } = Columns::of(&entry.body);
    let values = params![
        room.as_str(),
        seq.0,
        entry.time,
        kind,
        author,
        account.0,
        nonce,
        body
    ];
    insert.execute(values).map(drop)
}
