//! Patterns in the server's own SQLite database. Owns the table `filters`.

use chat_protocol::RoomName;
use rusqlite::{Connection, Row, params};

use super::database::{or_report, readable};
use super::{SqliteStore, execute_each};
use crate::domain::filter::{Action, Change, FilterError, Kind, Pattern};
use crate::store::Part;
use crate::store::filters::{Filters, FiltersError, Outline};

/// SQL for whether a room of `founded_rooms` blocks something.
pub(super) const IS_MISSED: &str =
    "EXISTS (SELECT 1 FROM filters WHERE filters.room = founded_rooms.room)";

/// SQL for the names of all rooms that do.
pub(super) const ROOMS: &str = "SELECT room FROM filters";

#[async_trait::async_trait]
impl Filters for SqliteStore {
    async fn outline(&self, room: &RoomName) -> Result<Outline, FiltersError> {
        let room = room.clone();
        let outline = move |connection: &Connection| outline(connection, &room);
        Ok(self.reading_batched(Part::Filters, outline).await?)
    }

    async fn load(&self, room: &RoomName) -> Result<Vec<Pattern>, FiltersError> {
        let room = room.clone();
        let load = move |connection: &Connection| load(connection, &room);
        Ok(self.reading(Part::Filters, load).await?)
    }
}

fn outline(connection: &Connection, room: &RoomName) -> rusqlite::Result<Outline> {
    connection
        .prepare_cached(
            "SELECT count(*), ifnull(sum(length(pattern)), 0),
                    ifnull(sum(length(pattern)) FILTER (WHERE kind = ?2), 0)
             FROM filters WHERE room = ?1",
        )?
        .query_row([room.as_str(), Kind::Regex.as_str()], |row| {
            Ok(Outline {
                patterns: row.get(0)?,
                chars: row.get(1)?,
                expressions: row.get(2)?,
            })
        })
}

fn load(connection: &Connection, room: &RoomName) -> rusqlite::Result<Vec<Pattern>> {
    let mut statement = connection.prepare_cached(
        "SELECT pattern, kind, action, reason FROM filters WHERE room = ?1 ORDER BY pattern",
    )?;
    let rows = statement.query_map([room.as_str()], |row| pattern(row, room))?;
    readable("filters", room.as_str(), rows)
}

fn pattern(row: &Row<'_>, room: &RoomName) -> rusqlite::Result<Pattern> {
    let (text, kind): (String, String) = (row.get(0)?, row.get(1)?);
    let known = Kind::named(&kind);
    let place = || format!("{}, {text:?}", room.as_str());
    // What keeps a message back does so, if not as it was meant.
    let action = or_report("filters", place, row.get::<_, String>(2))
        .and_then(|action| or_report("filters", place, known_action(&action)));
    Ok(Pattern {
        kind: known.unwrap_or_default(),
        action: action.unwrap_or_default(),
        reason: or_report("filters", place, row.get(3)).flatten(),
        flaw: match known {
            Some(_) => None,
            None => Some(FilterError::UnknownKind(kind)),
        },
        text,
    })
}

fn known_action(name: &str) -> Result<Action, UnknownAction> {
    Action::named(name).ok_or_else(|| UnknownAction(name.to_owned()))
}

/// Written by a newer server, or by somebody else.
#[derive(Debug, thiserror::Error)]
#[error("there is no action called {0:?}, so messages are refused")]
struct UnknownAction(String);

/// Forgets all patterns of a room.
pub(super) fn forget_room(connection: &Connection, room: &RoomName) -> rusqlite::Result<()> {
    let forget = ["DELETE FROM filters WHERE room = ?1"];
    execute_each(connection, &forget, room.as_str())
}

/// Carries a change out.
pub(super) fn carry_out(
    connection: &Connection,
    room: &RoomName,
    change: &Change,
) -> rusqlite::Result<()> {
    let pattern = match change {
        Change::Add(pattern) => pattern,
        Change::Remove(text) => {
            return connection
                .prepare_cached("DELETE FROM filters WHERE room = ?1 AND pattern = ?2")?
                .execute([room.as_str(), text])
                .map(drop);
        }
    };
    connection
        .prepare_cached(
            "INSERT INTO filters (room, pattern, kind, action, reason) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (room, pattern) DO UPDATE SET kind = excluded.kind,
                 action = excluded.action, reason = excluded.reason",
        )?
        .execute(params![
            room.as_str(),
            pattern.text,
            pattern.kind.as_str(),
            pattern.action.as_str(),
            pattern.reason
        ])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rooms::filters::RoomFilters;
    use crate::store::filters::FiltersError;
    use crate::store::sqlite::database::{Database, Durability};

    #[tokio::test]
    async fn what_is_stored_is_what_a_running_room_has() {
        let directory = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
        let filters = Arc::new(SqliteStore::new(Arc::clone(&database)));
        let room = RoomName::new("r").unwrap();
        let mut running = RoomFilters::new(filters.clone()).open(&room).await.unwrap();
        let pattern = |text: &str, kind, reason: Option<&str>| Pattern {
            text: text.to_owned(),
            kind,
            action: match reason {
                Some(_) => Action::Hold,
                None => Action::Refuse,
            },
            reason: reason.map(str::to_owned),
            flaw: None,
        };
        let changes = [
            Change::Add(pattern("bad", Kind::Word, None)),
            Change::Add(pattern("a+b", Kind::Regex, Some("no sums"))),
            Change::Add(pattern("bad", Kind::Regex, Some("it is bad"))),
            Change::Remove("a+b".to_owned()),
        ];
        let mut expected = Vec::new();
        for change in &changes {
            running.change(&*filters, change, "ann", 5).await.unwrap();
            expected = change.apply(expected).unwrap();
            expected.sort_by(|a, b| a.text.cmp(&b.text));
            let stored = filters.load(&room).await.unwrap();
            assert_eq!(stored, expected, "{change:?}");
            let outline = filters.outline(&room).await.unwrap();
            assert_eq!(outline, Outline::of(&expected), "{change:?}");
            let mut patterns = running.list().await.unwrap();
            patterns.sort_by(|a, b| a.text.cmp(&b.text));
            assert_eq!(patterns, expected, "{change:?}");
        }
        for refused in [
            Change::Remove("a+b".to_owned()),
            Change::Add(pattern("(", Kind::Regex, None)),
        ] {
            let error = running
                .change(&*filters, &refused, "ann", 6)
                .await
                .unwrap_err();
            assert!(matches!(error, FiltersError::Refused(_)), "{error:?}");
        }
        assert_eq!(filters.load(&room).await.unwrap(), expected);
        let elsewhere = RoomName::new("s").unwrap();
        assert_eq!(filters.load(&elsewhere).await.unwrap(), []);
        let lines: i64 = database
            .read(|connection| {
                let lines = "SELECT count(*) FROM audit WHERE actor = 'ann' AND time = 5";
                connection.query_row(lines, [], |row| row.get(0))
            })
            .await
            .unwrap();
        assert_eq!(lines, 4);
    }
}
