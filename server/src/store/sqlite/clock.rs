//! What the clock showed, in the server's own SQLite database.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::entry::UnixMillis;
use crate::domain::settling::Settling;
use crate::store::clock::{ClockError, ClockStore};
use crate::store::sqlite::database::{Database, DatabaseError, or_report};

/// What the clock showed, in one database.
pub struct SqliteClock {
    database: Arc<Database>,
}

impl SqliteClock {
    /// Keeps it in `database`.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

impl From<DatabaseError> for ClockError {
    fn from(error: DatabaseError) -> Self {
        ClockError::new(error)
    }
}

#[async_trait::async_trait]
impl ClockStore for SqliteClock {
    async fn load(&self) -> Result<Option<Settling>, ClockError> {
        Ok(self.database.read(load).await?)
    }

    async fn save(&self, settling: &Settling) -> Result<(), ClockError> {
        let settling = settling.clone();
        let stored = self
            .database
            .write(move |connection| store(connection, &settling));
        Ok(stored.await?)
    }
}

/// What was seen last; `None` where there is nothing yet that could be too old.
fn load(connection: &Connection) -> rusqlite::Result<Option<Settling>> {
    let mut statement = connection.prepare("SELECT seen, leaps FROM clock")?;
    let row = statement.query_row([], |row| {
        let place = || "the clock".to_owned();
        let seen = or_report("clock", place, row.get(0));
        let leaps = or_report("clock", place, row.get::<_, String>(1));
        let leaps = leaps.and_then(|leaps| {
            let leaps = serde_json::from_str(&leaps);
            or_report("clock", place, leaps)
        });
        // Nothing is believed for a day where it can't be read.
        let unknown = Settling::begin(0);
        Ok(match (seen, leaps) {
            (Some(seen), Some(leaps)) => Settling { seen, leaps },
            _ => unknown,
        })
    });
    match row.optional()? {
        Some(settling) => Ok(Some(settling)),
        // An older server kept no such row: it was there when it stored something.
        None => Ok(newest(connection)?.map(Settling::begin)),
    }
}

/// The newest time that the store bears.
fn newest(connection: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    connection.query_row(
        "SELECT max(time) FROM (
             SELECT max(created) AS time FROM accounts
             UNION ALL SELECT max(founded) FROM founded_rooms
             UNION ALL SELECT max(time) FROM recent_addresses
             UNION ALL SELECT time FROM (SELECT time FROM audit ORDER BY id DESC LIMIT 1)
             UNION ALL SELECT (SELECT time FROM entries WHERE room = rooms.id
                               ORDER BY seq DESC LIMIT 1) FROM rooms)",
        [],
        |row| row.get(0),
    )
}

fn store(connection: &Connection, settling: &Settling) -> rusqlite::Result<()> {
    let leaps = serde_json::to_string(&settling.leaps)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection
        .prepare_cached(
            "INSERT INTO clock (id, seen, leaps) VALUES (1, ?1, ?2)
             ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, leaps = excluded.leaps",
        )?
        .execute(params![settling.seen, leaps])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::database::{Database, Durability};

    #[tokio::test]
    async fn what_was_seen_is_kept_and_an_older_servers_traces_count() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        assert_eq!(database.read(load).await.unwrap(), None);
        let traces = "INSERT INTO accounts (key, username, password_hash, created)
                          VALUES ('ann', 'ann', '', 500);
                      INSERT INTO rooms (name, epoch, last_seq) VALUES ('r', 'e', 2);
                      INSERT INTO entries (room, seq, time, kind, author, body)
                          VALUES (1, 1, 900, 'message', 'ann', '{}'),
                                 (1, 2, 700, 'message', 'ann', '{}');";
        let write = move |connection: &Connection| connection.execute_batch(traces);
        database.write(write).await.unwrap();
        let seen = database.read(load).await.unwrap();
        assert_eq!(seen, Some(Settling::begin(700)));
        let mut settling = Settling::begin(700);
        settling.resume(900_000);
        let stored = settling.clone();
        let write = move |connection: &Connection| store(connection, &stored);
        database.write(write).await.unwrap();
        assert_eq!(database.read(load).await.unwrap(), Some(settling));
        let write =
            |connection: &Connection| connection.execute_batch("UPDATE clock SET leaps = 'none'");
        database.write(write).await.unwrap();
        let unknown = database.read(load).await.unwrap();
        assert_eq!(unknown, Some(Settling::begin(0)));
    }
}
