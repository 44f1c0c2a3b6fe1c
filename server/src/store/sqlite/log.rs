//! The log in the server's own SQLite database.

use std::sync::Arc;

use chat_protocol::{Epoch, MessageId, Nonce, RoomName, RoomState, Seq};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use crate::domain::audit::AuditLine;
use crate::domain::entry::{AccountId, EarlierEpoch, Entry, Epochs, NewEntry, StoredNonce};
use crate::store::log::{
    End, Keep, LogError, LogHead, Range, RoomLog, Slice, Summary, Thinned, Trimmed,
};
use crate::store::sqlite::audit::note;
use crate::store::sqlite::database::{
    Database, DatabaseError, is_unreadable, or_report, readable, report,
};
use removal::Found;
use row::{Columns, KIND_GONE, KIND_MESSAGE, KIND_MODES, entry};

mod removal;
mod retention;
mod row;

/// The logs of all rooms, in one database.
pub struct SqliteLog {
    database: Arc<Database>,
}

impl SqliteLog {
    /// Keeps the logs in `database`.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

impl From<DatabaseError> for LogError {
    fn from(error: DatabaseError) -> Self {
        LogError::new(error)
    }
}

impl SqliteLog {
    /// Gives a log another life whose own can't be read: what messages were known by is lost, but not
    /// the messages.
    async fn begin_anew(&self, room: &RoomName, nonces_since: u64) -> Result<LogHead, LogError> {
        let name = room.clone();
        let epoch = new_epoch()?;
        let begun = self
            .database
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "DELETE FROM epochs WHERE room = (SELECT id FROM rooms WHERE name = ?1)",
                    )?
                    .execute([name.as_str()])?;
                // What is pinned is named by an id that is good no more.
                connection
                    .prepare_cached(
                        "UPDATE rooms SET epoch = ?2, epoch_first = 1,
                             modes = iif(json_valid(modes) AND modes <> '{}',
                                         json_set(modes, '$.pinned', NULL), modes)
                         WHERE name = ?1",
                    )?
                    .execute(params![name.as_str(), epoch.as_str()])?;
                head(connection, &name, nonces_since)
            })
            .await?;
        begun.ok_or_else(|| LogError::new(rusqlite::Error::QueryReturnedNoRows))
    }
}

#[async_trait::async_trait]
impl RoomLog for SqliteLog {
    async fn open(&self, room: &RoomName, nonces_since: u64) -> Result<LogHead, LogError> {
        let name = room.clone();
        let known = self
            .database
            .read(
                move |connection| match head(connection, &name, nonces_since) {
                    Err(error) if is_unreadable(&error) => {
                        report("rooms", name.as_str(), &error);
                        Ok(Err(()))
                    }
                    known => known.map(Ok),
                },
            )
            .await?;
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

    async fn append(
        &self,
        room: &RoomName,
        after: Option<Seq>,
        entries: Vec<NewEntry>,
    ) -> Result<Vec<Entry>, LogError> {
        let name = room.clone();
        if let Some(last) = after
            && entries.iter().all(NewEntry::is_message)
        {
            let append =
                move |connection: &Connection| append_messages(connection, &name, last, entries);
            return Ok(self.database.write(append).await?);
        }
        let purged = removal::purged(&entries);
        let found = match purged.is_empty() {
            true => Found::default(),
            false => {
                let name = room.clone();
                let find = move |connection: &Connection| removal::find(connection, &name, purged);
                self.database.read(find).await?
            }
        };
        let stored = self
            .database
            .write(move |connection| append_with(connection, &name, entries, &found))
            .await?;
        Ok(stored)
    }

    async fn read(&self, room: &RoomName, range: Range) -> Result<Slice, LogError> {
        let name = room.clone();
        let slice = self
            .database
            .read(move |connection| read(connection, &name, range))
            .await?;
        Ok(slice)
    }

    async fn list(&self) -> Result<Vec<Summary>, LogError> {
        Ok(self.database.read(list).await?)
    }

    async fn names(&self) -> Result<Vec<RoomName>, LogError> {
        Ok(self.database.read(names).await?)
    }

    async fn thin(&self, room: &RoomName, key: &str, after: Seq) -> Result<Thinned, LogError> {
        let (name, key) = (room.clone(), key.to_owned());
        let find = move |connection: &Connection| removal::some_of(connection, &name, &key, after);
        let found = self.database.read(find).await?;
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
            count: self.database.write(take).await?,
            is_done: false,
        })
    }

    async fn remove(&self, room: &RoomName) -> Result<bool, LogError> {
        let name = room.clone();
        let removed = self
            .database
            .write(move |connection| remove(connection, &name))
            .await?;
        Ok(removed)
    }

    async fn overdue(&self, keep: Keep) -> Result<Vec<RoomName>, LogError> {
        let rooms = self
            .database
            .read(move |connection| retention::overdue(connection, keep))
            .await?;
        Ok(rooms)
    }

    async fn trim(&self, room: &RoomName, keep: Keep) -> Result<Trimmed, LogError> {
        let name = room.clone();
        let trimmed = self
            .database
            .write(move |connection| retention::trim(connection, &name, keep))
            .await?;
        Ok(trimmed)
    }
}

/// Begins the log of `room`, in the transaction that is open, unless there is one.
pub(crate) fn begin(
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

/// Removes `room` with its log, in the transaction that is open; false where there is none.
pub(crate) fn remove(connection: &Connection, room: &RoomName) -> rusqlite::Result<bool> {
    let removed = connection
        .prepare_cached("DELETE FROM rooms WHERE name = ?1")?
        .execute([room.as_str()])?;
    Ok(removed > 0)
}

fn new_epoch() -> Result<Epoch, LogError> {
    let number = getrandom::u64().map_err(|error| LogError::new(std::io::Error::from(error)))?;
    Ok(Epoch::new(format!("{number:016x}")).expect("16 digits are an epoch"))
}

/// SQL for the seq of a room's newest entry, also where it is gone: what was gone by the time of the
/// last trimming is in the room's row, what came since among the entries. So an append need not
/// change the row.
const LAST_SEQ: &str = "max(rooms.last_seq,
     ifnull((SELECT max(seq) FROM entries WHERE entries.room = rooms.id), 0))";

struct RoomRow {
    id: i64,
    epoch: Epoch,
    /// The first position of that life.
    epoch_first: Seq,
    last: Seq,
    /// Up to here all was cleared.
    cleared: Seq,
}

fn room_row(connection: &Connection, room: &RoomName) -> rusqlite::Result<Option<RoomRow>> {
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
fn epochs(connection: &Connection, room: &RoomRow) -> rusqlite::Result<Epochs> {
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

fn head(
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

fn first(connection: &Connection, row: &RoomRow) -> rusqlite::Result<Seq> {
    let first: Option<u64> = connection
        .prepare_cached("SELECT min(seq) FROM entries WHERE room = ?1")?
        .query_row([row.id], |found| found.get(0))?;
    Ok(first.map_or(row.last.next(), Seq))
}

/// Walks back from the newest entry and stops at the first that is too old: an index for this alone
/// would cost every append.
fn nonces(connection: &Connection, room: i64, since: u64) -> rusqlite::Result<Vec<StoredNonce>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, time, {ACCOUNT}, nonce FROM entries WHERE room = ?1 ORDER BY seq DESC",
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

/// Stores entries at the end of a room's log, in the transaction that is open.
pub(crate) fn append(
    connection: &Connection,
    room: &RoomName,
    entries: Vec<NewEntry>,
) -> rusqlite::Result<Vec<Entry>> {
    append_with(connection, room, entries, &Found::default())
}

/// The same, where it is known which messages purges among the entries take out.
fn append_with(
    connection: &Connection,
    room: &RoomName,
    entries: Vec<NewEntry>,
    found: &Found,
) -> rusqlite::Result<Vec<Entry>> {
    let row = room_row(connection, room)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let mut insert = connection.prepare_cached(INSERT)?;
    let placed = in_places(row.last, entries).map(|entry| {
        removal::take_out(connection, &row, entry.seq, &entry.body, found)?;
        removal::drop_held(connection, room, &entry.body)?;
        if let Some(audit_entry) = entry.audit_entry() {
            note(connection, &AuditLine::new(room, audit_entry))?;
        }
        put(&mut insert, room, entry)
    });
    placed.collect()
}

/// Stores messages behind `last`, the newest entry: where it is not, the place of the first is taken,
/// which is an error.
fn append_messages(
    connection: &Connection,
    room: &RoomName,
    last: Seq,
    messages: Vec<NewEntry>,
) -> rusqlite::Result<Vec<Entry>> {
    let mut insert = connection.prepare_cached(INSERT)?;
    in_places(last, messages)
        .map(|entry| put(&mut insert, room, entry))
        .collect()
}

/// `entries` as they follow `last`.
fn in_places(last: Seq, entries: Vec<NewEntry>) -> impl Iterator<Item = Entry> {
    entries.into_iter().scan(last, |seq, entry| {
        *seq = seq.next();
        Some(Entry {
            seq: *seq,
            time: entry.time,
            body: entry.body,
        })
    })
}

const INSERT: &str = "INSERT INTO entries (room, seq, time, kind, author, account, nonce, body)
     VALUES ((SELECT id FROM rooms WHERE name = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// SQL for the account that made an entry. What was stored before accounts were told apart belongs to
/// the one that has the name now, unless that one is younger.
const ACCOUNT: &str = "ifnull(entries.account, ifnull(
     (SELECT id FROM accounts WHERE key = entries.author AND created <= entries.time), 0))";

fn put(insert: &mut Statement<'_>, room: &RoomName, entry: Entry) -> rusqlite::Result<Entry> {
    let Columns {
        kind,
        author,
        account,
        nonce,
        body,
    } = Columns::of(&entry.body);
    insert.execute(params![
        room.as_str(),
        entry.seq.0,
        entry.time,
        kind,
        author,
        account.0,
        nonce,
        body
    ])?;
    Ok(entry)
}

/// Whether `id` names a message that is in `room`'s log.
pub(crate) fn holds_message(
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

fn read(connection: &Connection, room: &RoomName, range: Range) -> rusqlite::Result<Slice> {
    let row = room_row(connection, room)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let order = match range.end {
        End::Oldest => "ASC",
        End::Newest => "DESC",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, time, author, nonce, body, kind, {ACCOUNT} FROM entries
         WHERE room = ?1 AND seq > ?2 AND seq < ?3 AND kind <> ?5 AND (?6 OR kind <> ?7)
         ORDER BY seq {order} LIMIT ?4",
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

fn names(connection: &Connection) -> rusqlite::Result<Vec<RoomName>> {
    let mut statement = connection.prepare_cached("SELECT name FROM rooms")?;
    let names = statement.query_map([], |row| {
        let name: String = row.get(0)?;
        RoomName::new(&name).map_err(|error| unreadable(0, error))
    })?;
    readable("rooms", "names", names)
}

fn list(connection: &Connection) -> rusqlite::Result<Vec<Summary>> {
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
