//! How a command reaches what its server keeps: it reads beside a running server, and it changes
//! something through the running server or, where none runs, under the server's lock.
//!
//! Knows no command, and decides nothing about a request: that belongs to `control`.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use crate::command::{console, exit};
use crate::control::{self, Offline, Request};
use crate::data_lock::{DataLock, LockError};
use crate::server::ServerConfig;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::{self, Database, OpenError, SqliteError};

/// How long a command waits for another command that holds the data directory.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a command waits for the socket of a running server, which replaces a removed socket within
/// a second.
const SOCKET_PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

/// Runs `work`, which changes nothing, on what is kept in `data`, whether a server is running or not.
pub fn read<T>(
    data: &Path,
    work: impl AsyncFnOnce(&dyn Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let database = Arc::new(Database::open_for_reading(data)?);
    let outcome = run(&database, work);
    outcome.map_err(|error| match database.outdated() {
        Some(outdated)
            if error
                .chain()
                .any(<dyn std::error::Error>::is::<SqliteError>) =>
        {
            outdated.into()
        }
        _ => error,
    })
}

/// [`read`] for commands that list something: prints the lines that `work` answers.
pub fn list(
    data: &Path,
    work: impl AsyncFnOnce(&dyn Store) -> anyhow::Result<Vec<String>>,
) -> anyhow::Result<()> {
    console::say(read(data, work)?).map(drop)
}

/// Has `request` carried out: by the running server, or in the database if none is running, and keeps
/// one from starting meanwhile. Answers with what was done.
///
/// Only the lock tells whether a server is running: if it is taken and there is no socket for
/// `SOCKET_PATIENCE`, that is an error.
pub fn operate(server: &ServerConfig, request: &Request) -> anyhow::Result<String> {
    let data = &server.data;
    match request.may_be_first() {
        true => database::create_directory(data)?,
        false => need_database(data)?,
    }
    let began = Instant::now();
    loop {
        match DataLock::take(data) {
            Ok(_lock) => return offline(server, request),
            Err(LockError::InUse { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // The server may be starting, stopping, or replacing its socket.
        match control::ask(data, request).context("the server does not answer")? {
            Some(answer) => return answer.map_err(anyhow::Error::msg),
            None if began.elapsed() < SOCKET_PATIENCE => std::thread::sleep(PAUSE),
            None => break,
        }
    }
    Err(in_use(LockError::InUse {
        path: data.to_owned(),
    }))
}

/// Carries `request` out in the database; the caller holds the lock.
fn offline(server: &ServerConfig, request: &Request) -> anyhow::Result<String> {
    change_locked(&server.data, async |store| {
        let offline = Offline::new(store, server.every_ban);
        Ok(control::carry_out(&offline, request).await?)
    })
}

/// Runs `work` on the database in `data`, and keeps a server from starting meanwhile. Fails if one is
/// running.
pub fn change<T>(
    data: &Path,
    work: impl AsyncFnOnce(&dyn Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    need_database(data)?;
    // Before looking at the database: one that a running server uses must not be migrated.
    let _lock = lock(data)?;
    change_locked(data, work)
}

/// Keeps servers from starting on `data` while the returned lock lives.
pub fn lock(data: &Path) -> anyhow::Result<DataLock> {
    DataLock::take_within(data, PATIENCE).map_err(in_use)
}

fn in_use(error: LockError) -> anyhow::Error {
    match error {
        LockError::InUse { path } => anyhow!(
            "the data directory {} is in use by another chat-server, which this command can't reach: \
             stop it first, or if it is another version, use the program that it was started from",
            path.display()
        ),
        error => error.into(),
    }
}

/// Runs `work` on the database in `data`; the caller holds the lock.
fn change_locked<T>(
    data: &Path,
    work: impl AsyncFnOnce(&dyn Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let database = Arc::new(Database::open_at_once(data)?);
    if let Some(doubt) = database.doubt() {
        exit::warn(&doubt.to_string());
    }
    run(&database, work)
}

/// Runs `work` on the database, which is closed then.
fn run<T>(
    database: &Arc<Database>,
    work: impl AsyncFnOnce(&dyn Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .context("cannot start the async runtime");
    let store = SqliteStore::new(Arc::clone(database));
    let outcome = runtime.and_then(|runtime| runtime.block_on(work(&store)));
    database.close();
    outcome
}

/// Requires a database in `data`. Anything else that is wrong with it is reported when it is opened;
/// a path that can't be looked at is another error than a missing database.
fn need_database(data: &Path) -> Result<(), OpenError> {
    use io::ErrorKind::{InvalidFilename, NotFound};
    match data.join(database::FILE_NAME).symlink_metadata() {
        // No file can have an invalid name.
        Err(error) if matches!(error.kind(), NotFound | InvalidFilename) => {
            Err(OpenError::Missing {
                path: data.to_owned(),
            })
        }
        Err(source) => Err(OpenError::File {
            path: data.join(database::FILE_NAME),
            source,
        }),
        Ok(_) => Ok(()),
    }
}
