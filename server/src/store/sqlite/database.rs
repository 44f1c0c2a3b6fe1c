//! The SQLite database in the data directory: opening it, migrating it, one writer, few readers.
//!
//! Owns the connections and their threads. Knows nothing of rooms or accounts: those bring their
//! own statements. All writes go through one thread that runs whatever is waiting in one transaction
//! (group commit), so that many rooms share one sync.

mod copies;
mod inspection;
mod lock;
mod mark;
mod migrations;
mod opening;
mod placement;
mod readers;
mod renewal;
mod unreadable;
mod wal;
mod words;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::health::Health;
pub use copies::{CopyError, Restored, back_up, restore};
use inspection::{Depth, with_suffix};
use lock::{DatabaseLock, DatabaseLockError};
use mark::Marker;
pub use opening::{OpenError, create_directory};
use opening::{check_length, connect, create_file};
pub use placement::Misplaced;
use placement::Placement;
use readers::Readers;
pub use renewal::Doubt;
use wal::{Checkpointing, LogState};
pub use words::SqliteError;
use writer::Writer;

pub use unreadable::{is_unreadable, or_report, readable, report};

/// The database's file in the data directory.
pub const FILE_NAME: &str = "chat.db";

/// Connections for reading. Reads are short; two keep a slow one from holding up the rest.
const READERS: usize = 2;
/// How long a statement waits for another process (the command line) to finish its own.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Between a failure to store something, or to fold it into the file, and the next attempt, where
/// nobody else makes one.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// KiB of page cache per connection.
const CACHE_KIB: i64 = 4096;

/// What outlives what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Durability {
    /// What was answered for is on disk: it outlives a power loss.
    #[default]
    Full,
    /// It outlives the end of the process; a power loss may take the last seconds.
    Relaxed,
}

impl Durability {
    /// SQLite's word for it (PRAGMA synchronous, in WAL mode).
    fn synchronous(self) -> &'static str {
        match self {
            Durability::Full => "FULL",
            Durability::Relaxed => "NORMAL",
        }
    }
}

/// A statement or a commit failed. Cloned to all that shared the commit.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite refused.
    #[error("the database refused")]
    Sqlite(#[source] SqliteError),
    /// A file is not where it was, so nothing can be stored in it.
    #[error("the database's files are not as they were")]
    Misplaced(#[source] Arc<Misplaced>),
    /// The database was opened for reading.
    #[error("the database is open for reading alone")]
    ReadOnly,
    /// The database is closed: the server is stopping.
    #[error("the database is closed")]
    Closed,
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        DatabaseError::Sqlite(error.into())
    }
}

impl From<Misplaced> for DatabaseError {
    fn from(misplaced: Misplaced) -> Self {
        DatabaseError::Misplaced(Arc::new(misplaced))
    }
}

/// The open database.
pub struct Database {
    path: PathBuf,
    /// The schema's.
    version: i64,
    /// None where it is open for reading.
    writer: Option<Writer>,
    /// The same.
    log: Option<LogState>,
    readers: Arc<Readers>,
    health: Arc<Health>,
    doubt: Option<Doubt>,
}

impl Database {
    /// Opens the database in `directory` for a server, making both where they are missing (directory
    /// 0700, file 0600), and brings its schema up to date. For who holds the directory's lock: nobody
    /// else may be using it. A file that is damaged, newer, or another program's is left as it is.
    pub fn open(directory: &Path, durability: Durability) -> Result<Self, OpenError> {
        Self::open_looking(directory, durability, Depth::Thorough)
    }

    /// The same for a command, which begins at once also where the database is large: only what is
    /// quick to see keeps it from that.
    pub fn open_at_once(directory: &Path) -> Result<Self, OpenError> {
        Self::open_looking(directory, Durability::Full, Depth::Quick)
    }

    fn open_looking(
        directory: &Path,
        durability: Durability,
        depth: Depth,
    ) -> Result<Self, OpenError> {
        create_directory(directory)?;
        let path = directory.join(FILE_NAME);
        create_file(&path)?;
        let lock = DatabaseLock::take(&path).map_err(|error| match error {
            DatabaseLockError::InUse => OpenError::InUse { path: path.clone() },
            DatabaseLockError::File(source) => OpenError::file(&path, source),
        })?;
        copies::remove_leftovers(directory);
        inspection::inspect(&path, depth)?;
        let sqlite = |source| OpenError::sqlite(&path, source);
        let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(sqlite)?;
        prepare(&connection, durability).map_err(sqlite)?;
        migrations::migrate(&mut connection).map_err(sqlite)?;
        let (marker, doubt) = Marker::begin(directory, &mut connection, durability)?;
        if let Some(doubt) = &doubt {
            tracing::warn!(path = %path.display(), "{doubt}");
        }
        let readers = reading(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sqlite)?;
        let checkpointing = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(|checkpointer| Checkpointing::start(&mut connection, checkpointer))
            .map_err(sqlite)?;
        let placement = Placement::new(&path, lock);
        let placement = placement.map_err(|source| OpenError::file(&path, source))?;
        let health = Arc::new(Health::default());
        let told = Arc::clone(&health);
        Ok(Self {
            path,
            version: migrations::LATEST,
            log: Some(checkpointing.state()),
            writer: Some(Writer::start(
                connection,
                checkpointing,
                placement,
                marker,
                told,
            )),
            readers: Arc::new(Readers::new(readers, Arc::clone(&health))),
            health,
            doubt,
        })
    }

    /// Opens the database in `directory` for reading, also while a server runs: makes nothing, changes
    /// nothing, and leaves the schema as it is ([`Database::outdated`]).
    pub fn open_for_reading(directory: &Path) -> Result<Self, OpenError> {
        check_length(directory)?;
        let path = directory.join(FILE_NAME);
        match path.metadata() {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = directory.to_owned();
                return Err(OpenError::Missing { path });
            }
            Err(source) => return Err(OpenError::file(&path, source)),
        }
        inspection::inspect(&path, Depth::Quick)?;
        let sqlite = |source| OpenError::sqlite(&path, source);
        let readers = reading(&path, flags_for_reading(&path)).map_err(sqlite)?;
        let version = readers.first().map_or(Ok(0), migrations::version);
        let health = Arc::new(Health::default());
        Ok(Self {
            version: version.map_err(sqlite)?,
            path,
            writer: None,
            log: None,
            readers: Arc::new(Readers::new(readers, Arc::clone(&health))),
            health,
            doubt: None,
        })
    }

    /// Reads all of the database in `directory`, however long that takes, and says how many bytes that
    /// are. Also while a server runs.
    pub fn check(directory: &Path) -> Result<u64, OpenError> {
        let database = Self::open_for_reading(directory)?;
        inspection::inspect(&database.path, Depth::Whole)?;
        let size = database.path.metadata();
        let size = size.map_err(|source| OpenError::file(&database.path, source))?;
        database.close();
        Ok(size.len())
    }

    /// What to tell where a statement failed because the schema is older than this program's.
    pub fn outdated(&self) -> Option<OpenError> {
        (self.version < migrations::LATEST).then(|| OpenError::Older {
            path: self.path.clone(),
            found: self.version,
            known: migrations::LATEST,
        })
    }

    /// Lays out the file that commits are written to first, so that their syncs have no size to
    /// store. For who is going to write much.
    pub async fn reserve_log(&self) {
        let path = self.path.clone();
        match self.write(move |_| Ok(wal::reserve(&path))).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot allocate the write-ahead log in advance: commits may be slower");
            }
            // The writer has said why.
            Err(_) => {}
        }
    }

    /// Why the database may not have been what it was when it was opened, where so. What follows from
    /// that is done.
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }

    /// Whether the last transaction was committed.
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Runs `work` in the writer's next transaction; answers when that is committed, and so on disk.
    /// Where `work` or the commit fails, nothing of `work` stays.
    pub async fn write<T, W>(&self, work: W) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        match &self.writer {
            Some(writer) => writer.run(work).await,
            None => Err(DatabaseError::ReadOnly),
        }
    }

    /// Runs `work` on a reading connection, off the async workers. At most two run at once, the
    /// others wait their turn.
    pub async fn read<T, W>(&self, work: W) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.readers.read(work).await
    }

    /// The same for a `work` that takes microseconds, such as finding one row by its key: what others
    /// want to know at that moment is found in one go.
    pub async fn read_batched<T, W>(&self, work: W) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.readers.read_batched(work).await
    }

    /// Tries now and then whether something could be stored, so that [`Database::health`] tells of a
    /// failure, and of its end, also where nobody comes to store anything: a server that says it is
    /// not well is sent nobody. So, too, a log that one large transaction made long gets its size back
    /// where nobody stores anything after it. Never ends.
    pub async fn watch(&self) {
        loop {
            tokio::time::sleep(TRY_AGAIN).await;
            // The outcome is noted by the writer, and in the log.
            let log_wants_commit = || {
                self.log
                    .as_ref()
                    .is_some_and(|log| log.wants_commit(&self.path))
            };
            let _ = match self.health.is_failing() || log_wants_commit() {
                true => self.write(migrations::write_version).await,
                // Looks at the files and stores nothing.
                false => self.write(|_| Ok(())).await,
            };
        }
    }

    /// Finishes what is waiting and closes the file. Blocks until that is done.
    pub fn close(&self) {
        // The last connection to close folds the write-ahead log into the file: that is the writer.
        self.readers.close();
        if let Some(writer) = &self.writer {
            writer.close();
        }
    }
}

fn prepare(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.execute_batch(
        // What is deleted from a page is overwritten in it.
        "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = FAST;",
    )?;
    wal::limit_size(connection)?;
    connection.pragma_update(None, "synchronous", durability.synchronous())
}

/// Whoever closes a database last folds its log into it, and takes the side files away, where they may
/// write. That is wanted where they hold nothing, and not where a crash left them.
fn flags_for_reading(path: &Path) -> OpenFlags {
    let log = with_suffix(path, "-wal").metadata();
    match log.map_or(0, |log| log.len()) {
        0 => OpenFlags::SQLITE_OPEN_READ_WRITE,
        _ => OpenFlags::SQLITE_OPEN_READ_ONLY,
    }
}

fn reading(path: &Path, flags: OpenFlags) -> rusqlite::Result<Vec<Connection>> {
    let reader = |_| {
        let connection = connect(path, flags)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    (0..READERS).map(reader).collect()
}

#[cfg(test)]
mod tests;
