//! The audit in the server's own SQLite database. Owns the tables `audit`, `audit_rooms` and
//! `audit_size`.

use chat_protocol::RoomName;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::database::readable;
use crate::domain::audit::{AuditLine, LineId};
use crate::domain::entry::UnixMillis;
use crate::store::audit::{AuditLog, AuditRange, NOT_ON_USERS};
use crate::store::{Part, StoreError};

/// Lines that are kept of each room, the newest, and of the server itself. Everybody can fill a room
/// of their own: what is kept of others must not go for it.
const OF_A_ROOM: u64 = 10_000;
/// Lines that are kept of all rooms. Beyond it the room with the most lines loses its oldest.
const OF_ALL: u64 = 1_000_000;
/// Lines that one new line takes away at most. More than one, so that what was too much before this
/// version is so no more in time.
const STEP: u64 = 16;
/// What the lines of the whole server have for a room: no room is called that.
const SERVER: &str = "";

#[async_trait::async_trait]
impl AuditLog for SqliteStore {
    async fn audit(&self, range: AuditRange) -> Result<Vec<AuditLine>, StoreError> {
        let newest = move |connection: &Connection| newest_lines(connection, &range);
        self.reading(Part::Audit, newest).await
    }
}

/// Writes a line, in the transaction that stores what it tells: kept apart from the room's log, and
/// for longer.
pub(super) fn note(connection: &Connection, line: &AuditLine) -> rusqlite::Result<LineId> {
    note_within(connection, line, OF_A_ROOM, OF_ALL)
}

/// Forgets all lines of a room that is removed: whoever founds the name again must not read them.
pub(super) fn forget_room(connection: &Connection, room: &RoomName) -> rusqlite::Result<()> {
    let forgotten = connection
        .prepare_cached("DELETE FROM audit WHERE room = ?1")?
        .execute([room.as_str()])?;
    connection
        .prepare_cached("DELETE FROM audit_rooms WHERE room = ?1")?
        .execute([room.as_str()])?;
    count_out(connection, forgotten)
}

/// When the newest line was written.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    connection
        .query_row(
            "SELECT time FROM audit ORDER BY id DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()
}

fn newest_lines(connection: &Connection, range: &AuditRange) -> rusqlite::Result<Vec<AuditLine>> {
    let room = range.room.as_ref().map(RoomName::as_str);
    // Apart, so that the lines of one room are found by the index. Those on one user are looked for
    // among them: there are [`OF_A_ROOM`] at most.
    let of_room = match room {
        Some(_) => "room = ?1",
        None => "?1 IS NULL",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT time, room, actor, action, target, until, reason, id FROM audit
         WHERE {of_room} AND id < ?3
           AND (?4 IS NULL OR (target = ?4 AND action NOT IN (?5, ?6)))
         ORDER BY id DESC LIMIT ?2"
    ))?;
    let before = range.before.map_or(i64::MAX, |before| {
        i64::try_from(before.0).unwrap_or(i64::MAX)
    });
    let [add, remove] = NOT_ON_USERS;
    let values = params![room, range.limit, before, range.target, add, remove];
    let lines = statement.query_map(values, line)?;
    let mut lines = readable("audit", room.unwrap_or("all rooms"), lines)?;
    lines.reverse();
    Ok(lines)
}

fn line(row: &Row<'_>) -> rusqlite::Result<AuditLine> {
    Ok(AuditLine {
        id: Some(LineId(row.get(7)?)),
        time: row.get(0)?,
        room: row.get(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        target: row.get(4)?,
        until: row.get(5)?,
        reason: row.get(6)?,
    })
}

fn note_within(
    connection: &Connection,
    line: &AuditLine,
    of_a_room: u64,
    of_all: u64,
) -> rusqlite::Result<LineId> {
    connection
        .prepare_cached(
            "INSERT INTO audit (time, room, actor, action, target, until, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            line.time,
            line.room,
            line.actor,
            line.action,
            line.target,
            line.until,
            line.reason,
        ])?;
    let id = LineId(connection.last_insert_rowid().unsigned_abs());
    let lines: u64 = connection
        .prepare_cached(
            "INSERT INTO audit_rooms (room, lines) VALUES (?1, 1)
             ON CONFLICT (room) DO UPDATE SET lines = lines + 1 RETURNING lines",
        )?
        .query_row([&line.room], |row| row.get(0))?;
    let all: u64 = connection
        .prepare_cached("UPDATE audit_size SET lines = lines + 1 RETURNING lines")?
        .query_row([], |row| row.get(0))?;
    if lines > of_a_room {
        take_oldest(connection, &line.room, lines - of_a_room)?;
    } else if all > of_all
        && let Some(room) = largest(connection)?
    {
        take_oldest(connection, &room, all - of_all)?;
    }
    Ok(id)
}

/// The room with the most lines. What operators did is none's to push out.
fn largest(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT room FROM audit_rooms WHERE room <> ?1 ORDER BY lines DESC LIMIT 1",
        )?
        .query_row([SERVER], |row| row.get(0))
        .optional()
}

fn take_oldest(connection: &Connection, room: &str, count: u64) -> rusqlite::Result<()> {
    let taken = connection
        .prepare_cached(
            "DELETE FROM audit
             WHERE id IN (SELECT id FROM audit WHERE room = ?1 ORDER BY id LIMIT ?2)",
        )?
        .execute(params![room, count.min(STEP)])?;
    connection
        .prepare_cached("UPDATE audit_rooms SET lines = lines - ?2 WHERE room = ?1")?
        .execute(params![room, taken])?;
    count_out(connection, taken)
}

fn count_out(connection: &Connection, taken: usize) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE audit_size SET lines = lines - ?1")?
        .execute([taken])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::database::{Database, Durability};

    fn line(room: &str, time: u64) -> AuditLine {
        AuditLine {
            id: None,
            time,
            room: room.to_owned(),
            actor: "ann".to_owned(),
            action: "kick".to_owned(),
            target: "bob".to_owned(),
            until: None,
            reason: None,
        }
    }

    fn rows(connection: &Connection, sql: &str) -> Vec<(String, u64, u64)> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Lines and the oldest of them, by room; what is counted must be what is there.
    fn kept(connection: &Connection) -> Vec<(String, u64, u64)> {
        let there = "SELECT room, count(*), (SELECT count(*) FROM audit) FROM audit
                     GROUP BY room ORDER BY room";
        let counted = "SELECT room, lines, (SELECT lines FROM audit_size) FROM audit_rooms
                       ORDER BY room";
        assert_eq!(rows(connection, counted), rows(connection, there));
        let kept = "SELECT room, count(*), min(time) FROM audit GROUP BY room ORDER BY room";
        rows(connection, kept)
    }

    async fn check(work: impl FnOnce(&Connection) + Send + 'static) {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        let work = move |connection: &Connection| {
            work(connection);
            Ok(())
        };
        database.write(work).await.unwrap();
    }

    fn of(room: &str, lines: u64, oldest: u64) -> (String, u64, u64) {
        (room.to_owned(), lines, oldest)
    }

    #[tokio::test]
    async fn a_flood_in_one_room_leaves_the_lines_of_others_and_of_the_server() {
        check(|connection| {
            let note = |room, time| note(connection, &line(room, time)).unwrap();
            note("", 1);
            note("quiet", 2);
            for time in 1..=OF_A_ROOM + 50 {
                note("loud", time);
            }
            note("quiet", 3);
            let expected = [of("", 1, 1), of("loud", OF_A_ROOM, 51), of("quiet", 2, 2)];
            assert_eq!(kept(connection), expected);
            for time in 1..=OF_A_ROOM + 1 {
                note("", time + 1);
            }
            let expected = [
                of("", OF_A_ROOM, 3),
                of("loud", OF_A_ROOM, 51),
                of("quiet", 2, 2),
            ];
            assert_eq!(kept(connection), expected);
            forget_room(connection, &RoomName::new("loud").unwrap()).unwrap();
            assert_eq!(kept(connection), [of("", OF_A_ROOM, 3), of("quiet", 2, 2)]);
            note("loud", 9);
            assert_eq!(kept(connection)[1], of("loud", 1, 9));
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_too_much_for_all_goes_from_the_largest_room() {
        check(|connection| {
            let note =
                |room: &str, time| note_within(connection, &line(room, time), 20, 60).unwrap();
            for time in 1..=20 {
                note("", time);
            }
            for time in 1..=4 {
                note("small", time);
            }
            for room in ["one", "two", "three"] {
                for time in 1..=15 {
                    note(room, time);
                }
            }
            // 69 lines were written: the three large ones share what is left for them.
            let rooms = kept(connection);
            assert_eq!(rooms.iter().map(|(_, lines, _)| lines).sum::<u64>(), 60);
            for (room, lines, oldest) in rooms {
                match room.as_str() {
                    "" => assert_eq!((lines, oldest), (20, 1)),
                    "small" => assert_eq!((lines, oldest), (4, 1)),
                    _ => assert!((11..=13).contains(&lines) && oldest == 16 - lines, "{room}"),
                }
            }
            note("small", 5);
            assert_eq!(kept(connection)[2], of("small", 5, 1));
        })
        .await;
    }

    #[tokio::test]
    async fn what_was_too_much_before_goes_bit_by_bit() {
        check(|connection| {
            let note = |time, most| {
                note_within(connection, &line("r", time), most, 100)
                    .map(drop)
                    .unwrap();
            };
            (1..=50).for_each(|time| note(time, 50));
            note(51, 5);
            assert_eq!(kept(connection), [of("r", 51 - STEP, STEP + 1)]);
            (52..=54).for_each(|time| note(time, 5));
            assert_eq!(kept(connection), [of("r", 5, 50)]);
        })
        .await;
    }
}
