//! Who wrote in which part of a log: finds one user's messages without reading the whole log. Owns the
//! table `authors`.
//!
//! An index by author would write a page more for nearly every message. So a log is divided into blocks
//! by position, and only once a block is full is it noted who wrote in it: a few rows one behind the
//! other. A reader looks each block up, and reads those in which the user wrote. A trigger counts what is
//! deleted later.

use chat_protocol::{RoomName, Seq};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::reading::account;
use super::row::{KIND_MESSAGE, entry};
use super::{RoomRow, epochs, first, room_row, storable};
use crate::domain::entry::Entry;
use crate::store::log::{End, Range, Slice};
use crate::store::sqlite::database::readable;

/// Positions in a block. The migration that made the table and its trigger say the same.
const BLOCK: u64 = 256;

/// Notes who wrote in the block before `seq`, where `seq` begins one.
pub(super) fn note_block(
    connection: &Connection,
    room: &RoomName,
    seq: Seq,
) -> rusqlite::Result<()> {
    if !seq.0.is_multiple_of(BLOCK) {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO authors (room, block, author, messages)
             SELECT room, seq / 256, author, count(*) FROM entries
             WHERE room = (SELECT id FROM rooms WHERE name = ?1) AND seq >= ?2 AND seq < ?3
               AND kind = ?4
             GROUP BY author
             ON CONFLICT DO UPDATE SET messages = excluded.messages",
        )?
        .execute(params![
            room.as_str(),
            seq.0.saturating_sub(BLOCK),
            seq.0,
            KIND_MESSAGE
        ])
        .map(drop)
}

/// Forgets all blocks of a room in which nothing is left.
pub(super) fn forget(connection: &Connection, room: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM authors WHERE room = ?1")?
        .execute([room])
        .map(drop)
}

/// Forgets the blocks of a room that end before `first`, the oldest entry that is left.
pub(super) fn forget_before(
    connection: &Connection,
    room: i64,
    first: Seq,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM authors WHERE room = ?1 AND block < ?2")?
        .execute(params![room, block_of(first.0)])
        .map(drop)
}

/// The messages of the user `key` in a part of the log of `room`.
pub(super) fn slice(
    connection: &Connection,
    room: &RoomName,
    key: &str,
    range: Range,
) -> rusqlite::Result<Slice> {
    let row = room_row(connection, room)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let oldest = first(connection, &row)?;
    let before = range.before.unwrap_or(Seq(u64::MAX));
    let low = range.after.max(row.cleared).next().max(oldest).0;
    let high = before.0.saturating_sub(1).min(row.last.0);
    let limit = usize::try_from(range.limit).unwrap_or(usize::MAX);
    let mut found = Blocks::new(connection, &row, key)?.read(low, high, range.end, limit)?;
    let complete = found.len() <= limit;
    found.truncate(limit);
    // What can't be read is as if it were gone.
    let mut entries = readable("entries", room.as_str(), found.into_iter())?;
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

/// How many messages of the user `key` are in the log of `room`.
pub(super) fn count(connection: &Connection, room: &RoomName, key: &str) -> rusqlite::Result<u64> {
    let Some(row) = room_row(connection, room)? else {
        return Ok(0);
    };
    let oldest = first(connection, &row)?.0;
    let mut blocks = Blocks::new(connection, &row, key)?;
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM entries
         WHERE room = ?1 AND seq BETWEEN ?2 AND ?3 AND author = ?4 AND kind = ?5",
    )?;
    let mut count = 0;
    for block in block_of(oldest)..=block_of(row.last.0) {
        // Of the oldest, something may have been trimmed.
        let is_whole = block * BLOCK >= oldest;
        count += match blocks.noted(block)? {
            Some(messages) if is_whole || messages == 0 => messages,
            _ => {
                let (low, high) = (block * BLOCK, block * BLOCK + BLOCK - 1);
                let bounds = params![row.id, low, storable(high), key, KIND_MESSAGE];
                statement.query_row(bounds, |found| found.get(0))?
            }
        };
    }
    Ok(count)
}

/// One user's messages in a log, block by block.
struct Blocks<'a> {
    connection: &'a Connection,
    room: &'a RoomRow,
    key: &'a str,
    noted: CachedStatement<'a>,
}

impl<'a> Blocks<'a> {
    fn new(connection: &'a Connection, room: &'a RoomRow, key: &'a str) -> rusqlite::Result<Self> {
        let noted = connection.prepare_cached(
            "SELECT messages FROM authors WHERE room = ?1 AND block = ?2 AND author = ?3",
        )?;
        Ok(Self {
            connection,
            room,
            key,
            noted,
        })
    }

    /// How many messages of the user are noted in a block; `None` where nothing is noted of it yet.
    fn noted(&mut self, block: u64) -> rusqlite::Result<Option<u64>> {
        if block >= block_of(self.room.last.0) {
            return Ok(None);
        }
        let found = self
            .noted
            .query_row(params![self.room.id, block, self.key], |row| row.get(0))
            .optional()?;
        Ok(Some(found.unwrap_or(0)))
    }

    /// The user's messages from `low` to `high`, from `end` on, one more than `limit` where there are
    /// more.
    fn read(
        &mut self,
        low: u64,
        high: u64,
        end: End,
        limit: usize,
    ) -> rusqlite::Result<Vec<rusqlite::Result<Entry>>> {
        let mut found = Vec::new();
        if low > high {
            return Ok(found);
        }
        let order = match end {
            End::Oldest => "ASC",
            End::Newest => "DESC",
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT seq, time, author, nonce, body, kind, {} FROM entries
             WHERE room = ?1 AND seq BETWEEN ?2 AND ?3 AND author = ?4 AND kind = ?5
             ORDER BY seq {order} LIMIT ?6",
            account(),
        ))?;
        let (lowest, highest) = (block_of(low), block_of(high));
        for step in 0..=highest - lowest {
            let block = match end {
                End::Oldest => lowest + step,
                End::Newest => highest - step,
            };
            if self.noted(block)? == Some(0) {
                continue;
            }
            let bounds = params![
                self.room.id,
                storable(low.max(block * BLOCK)),
                storable(high.min(block * BLOCK + BLOCK - 1)),
                self.key,
                KIND_MESSAGE,
                storable((limit - found.len()) as u64 + 1),
            ];
            found.extend(statement.query_map(bounds, entry)?);
            if found.len() > limit {
                break;
            }
        }
        Ok(found)
    }
}

fn block_of(seq: u64) -> u64 {
    seq / BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::{append, begun, message, purge};
    use crate::store::log::{Keep, RoomLog};
    use crate::store::sqlite::SqliteStore;
    use crate::store::{Part, StoreError};

    /// How often blocks are noted, and what is noted of ann in them.
    async fn noted(store: &SqliteStore) -> Result<Vec<(u64, u64)>, StoreError> {
        let look = |connection: &Connection| {
            connection
                .prepare("SELECT block, messages FROM authors WHERE author = 'ann' ORDER BY block")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        store.reading(Part::Log, look).await
    }

    #[tokio::test]
    async fn a_block_is_noted_once_it_is_full_and_follows_what_is_deleted() {
        let (store, _directory) = crate::store::conformance::sqlite();
        let room = RoomName::new("r").unwrap();
        begun(&store, &room).await;
        let posts = |count: usize| {
            let names = ["ann", "bob"].into_iter().cycle();
            let post = |name: &str| message(name, "x", None, 1);
            names.take(count).map(post).collect::<Vec<_>>()
        };
        append(&store, &room, None, posts(255)).await.unwrap();
        assert_eq!(noted(&store).await.unwrap(), []);
        append(&store, &room, Some(Seq(255)), posts(400))
            .await
            .unwrap();
        assert_eq!(noted(&store).await.unwrap(), [(0, 128), (1, 128)]);
        let keep = Keep {
            entries: Some(300),
            since: 0,
        };
        store.trim(&room, keep).await.unwrap();
        assert_eq!(noted(&store).await.unwrap(), [(1, 128)]);
        // Ann's are the odd ones up to 255, and the even ones after it: 356, 358, ... 654.
        assert_eq!(store.count_of(&room, "ann").await.unwrap(), 150);
        append(&store, &room, None, vec![purge("ann")])
            .await
            .unwrap();
        assert_eq!(noted(&store).await.unwrap(), [(1, 50)]);
        assert_eq!(store.count_of(&room, "ann").await.unwrap(), 0);
        assert_eq!(store.count_of(&room, "bob").await.unwrap(), 150);
    }
}
