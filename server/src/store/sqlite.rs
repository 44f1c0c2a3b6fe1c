//! The engine that comes with the server: everything in one SQLite file.
//!
//! Each table belongs to one module here, which alone names it in what it writes. The others call its
//! functions, on the same connection and so in the same transaction; where one statement has to look at
//! several tables, the owner of each gives its part of the SQL.

mod accounts;
mod addresses;
mod audit;
mod clock;
pub mod database;
mod filters;
mod held;
mod log;
mod rooms;
mod round;
mod standing;

use std::sync::Arc;

use rusqlite::Connection;

use crate::store::{Part, StoreError};
use database::Database;

/// All that is kept, in one database. Cloning it gives another handle to the same.
#[derive(Clone)]
pub struct SqliteStore {
    database: Arc<Database>,
}

impl SqliteStore {
    /// Keeps everything in `database`.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// Runs `work`, which reads what belongs to `part`.
    async fn reading<T, W>(&self, part: Part, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let read = self.database.read(work).await;
        read.map_err(|error| StoreError::new(part, error))
    }

    /// The same for what takes microseconds ([`Database::read_batched`]).
    async fn reading_batched<T, W>(&self, part: Part, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let read = self.database.read_batched(work).await;
        read.map_err(|error| StoreError::new(part, error))
    }

    /// Runs `work`, which changes what belongs to `part`, in a transaction; answers once that is stored.
    async fn writing<T, W>(&self, part: Part, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let written = self.database.write(work).await;
        written.map_err(|error| StoreError::new(part, error))
    }
}

/// Runs several statements that each take the same value.
fn execute_each(connection: &Connection, statements: &[&str], value: &str) -> rusqlite::Result<()> {
    for statement in statements {
        connection.prepare_cached(statement)?.execute([value])?;
    }
    Ok(())
}
