//! Patterns in the server's own SQLite database.

use std::sync::Arc;

use chat_protocol::RoomName;
use rusqlite::{Connection, Row, params};

use super::{Filters, FiltersError, deed};
use crate::audit::{AuditLine, note};
use crate::database::{Database, DatabaseError};
use crate::filter::{Action, Change, Filter, FilterError, Kind, Pattern};

/// Patterns in one database.
pub struct SqliteFilters {
    database: Arc<Database>,
}

impl SqliteFilters {
    /// Keeps the patterns in `database`.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// The patterns of `room` as `change` makes them. They are compiled where the database is read:
    /// it may take longer than a worker of the runtime may be held up.
    async fn compiled(
        &self,
        room: &RoomName,
        change: Option<Change>,
    ) -> Result<Filter, FiltersError> {
        let room = room.clone();
        let filter = self.database.read(move |connection| {
            let stored = load(connection, &room)?;
            Ok(compile(stored, change.as_ref()))
        });
        Ok(filter.await??)
    }
}

impl From<DatabaseError> for FiltersError {
    fn from(error: DatabaseError) -> Self {
        FiltersError::Unavailable(Arc::new(error))
    }
}

#[async_trait::async_trait]
impl Filters for SqliteFilters {
    async fn load(&self, room: &RoomName) -> Result<Filter, FiltersError> {
        self.compiled(room, None).await
    }

    async fn change(
        &self,
        room: &RoomName,
        change: &Change,
        by: &str,
        now: u64,
    ) -> Result<Filter, FiltersError> {
        let filter = self.compiled(room, Some(change.clone())).await?;
        let line = AuditLine::new(room, deed(change, by, now));
        let (room, change) = (room.clone(), change.clone());
        self.database
            .write(move |connection| {
                carry_out(connection, &room, &change)?;
                note(connection, &line)
            })
            .await?;
        Ok(filter)
    }
}

fn compile(stored: Vec<Pattern>, change: Option<&Change>) -> Result<Filter, FilterError> {
    match change {
        Some(change) => Filter::compile(change.apply(stored)?),
        None => Filter::compile(stored),
    }
}

fn load(connection: &Connection, room: &RoomName) -> rusqlite::Result<Vec<Pattern>> {
    connection
        .prepare_cached(
            "SELECT pattern, kind, action, reason FROM filters WHERE room = ?1 ORDER BY pattern",
        )?
        .query_map([room.as_str()], pattern)?
        .collect()
}

fn pattern(row: &Row<'_>) -> rusqlite::Result<Pattern> {
    let (kind, action): (String, String) = (row.get(1)?, row.get(2)?);
    Ok(Pattern {
        text: row.get(0)?,
        kind: Kind::named(&kind).unwrap_or_default(),
        action: Action::named(&action).unwrap_or_default(),
        reason: row.get(3)?,
    })
}

fn carry_out(connection: &Connection, room: &RoomName, change: &Change) -> rusqlite::Result<()> {
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
    use super::*;
    use crate::database::Durability;

    #[tokio::test]
    async fn what_is_stored_is_what_a_running_room_has() {
        let directory = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
        let filters = SqliteFilters::new(Arc::clone(&database));
        let room = RoomName::new("r").unwrap();
        let pattern = |text: &str, kind, reason: Option<&str>| Pattern {
            text: text.to_owned(),
            kind,
            action: match reason {
                Some(_) => Action::Hold,
                None => Action::Refuse,
            },
            reason: reason.map(str::to_owned),
        };
        let changes = [
            Change::Add(pattern("bad", Kind::Word, None)),
            Change::Add(pattern("a+b", Kind::Regex, Some("no sums"))),
            Change::Add(pattern("bad", Kind::Regex, Some("it is bad"))),
            Change::Remove("a+b".to_owned()),
        ];
        let mut expected = Vec::new();
        for change in &changes {
            let running = filters.change(&room, change, "ann", 5).await.unwrap();
            expected = change.apply(expected).unwrap();
            expected.sort_by(|a, b| a.text.cmp(&b.text));
            let stored = filters.load(&room).await.unwrap();
            assert_eq!(stored.patterns(), expected, "{change:?}");
            let mut patterns = running.patterns().to_vec();
            patterns.sort_by(|a, b| a.text.cmp(&b.text));
            assert_eq!(patterns, expected, "{change:?}");
        }
        for refused in [
            Change::Remove("a+b".to_owned()),
            Change::Add(pattern("(", Kind::Regex, None)),
        ] {
            let error = filters.change(&room, &refused, "ann", 6).await.unwrap_err();
            assert!(matches!(error, FiltersError::Refused(_)), "{error:?}");
        }
        assert_eq!(filters.load(&room).await.unwrap().patterns(), expected);
        let elsewhere = RoomName::new("s").unwrap();
        assert_eq!(filters.load(&elsewhere).await.unwrap().patterns(), []);
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
