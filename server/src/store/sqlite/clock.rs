//! What the clock showed, in the server's own SQLite database. Owns the table `clock`.

use rusqlite::{Connection, OptionalExtension, params};

use super::database::or_report;
use super::{SqliteStore, accounts, addresses, audit, log, rooms};
use crate::domain::entry::UnixMillis;
use crate::domain::settling::Settling;
use crate::store::clock::ClockStore;
use crate::store::{Part, StoreError};

#[async_trait::async_trait]
impl ClockStore for SqliteStore {
    async fn load(&self) -> Result<Option<Settling>, StoreError> {
        self.reading(Part::Clock, load).await
    }

    async fn save(&self, settling: &Settling) -> Result<(), StoreError> {
        let settling = settling.clone();
        let store = move |connection: &Connection| store(connection, &settling);
        self.writing(Part::Clock, store).await
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
    let times = [
        accounts::newest(connection)?,
        rooms::newest(connection)?,
        addresses::newest(connection)?,
        audit::newest(connection)?,
        log::newest(connection)?,
    ];
    Ok(times.into_iter().flatten().max())
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
