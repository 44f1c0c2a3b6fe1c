//! The SQLite database in the data directory: opening it, migrating it, one writer, few readers.
//!
//! Owns the connections and their threads. Knows nothing of rooms or accounts: those bring their
//! own statements (`log/sqlite`, `accounts/sqlite`). All writes go through one thread that runs
//! whatever is waiting in one transaction (group commit), so that many rooms share one sync.

mod inspection;
mod migrations;
mod readers;
mod unreadable;
mod wal;
mod writer;

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::files::sync_directory_of;
use crate::health::Health;
use readers::Readers;
use wal::Folding;
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
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

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory can't be made.
    #[error("cannot create the data directory {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file can't be made or read.
    #[error("cannot open the database {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite can't open it.
    #[error("cannot open the database {}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file is no database, or its contents contradict each other.
    #[error("the database {} is damaged ({detail}); restore it from a backup, or move it away to start empty", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// A sound database, but of another program.
    #[error("{} is a database of another program; choose another data directory", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer server.
    #[error("the database {} has schema version {found}, this chat-server knows up to {known}; use a newer chat-server", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
}

/// A statement or a commit failed. Cloned to all that shared the commit.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite refused.
    #[error("the database refused")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    /// The database is closed: the server is stopping.
    #[error("the database is closed")]
    Closed,
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        DatabaseError::Sqlite(Arc::new(error))
    }
}

/// The open database.
pub struct Database {
    path: PathBuf,
    writer: Writer,
    readers: Arc<Readers>,
    health: Arc<Health>,
}

impl Database {
    /// Opens the database in `directory`, making both where they are missing (directory 0700, file
    /// 0600), and brings its schema up to date. A file that is damaged, newer, or another program's
    /// is left as it is.
    pub fn open(directory: &Path, durability: Durability) -> Result<Self, OpenError> {
        create_directory(directory)?;
        let path = directory.join(FILE_NAME);
        inspection::inspect(&path)?;
        create_file(&path)?;
        let sqlite = |source| OpenError::Sqlite {
            path: path.clone(),
            source,
        };
        let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(sqlite)?;
        connection
            // What is deleted from a page is overwritten in it.
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = FAST;",
            )
            .map_err(sqlite)?;
        connection
            .pragma_update(None, "synchronous", durability.synchronous())
            .map_err(sqlite)?;
        migrations::migrate(&mut connection).map_err(sqlite)?;
        let readers = (0..READERS)
            .map(|_| connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY))
            .collect::<Result<Vec<_>, _>>()
            .map_err(sqlite)?;
        let folding = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(|folder| Folding::start(&mut connection, folder))
            .map_err(sqlite)?;
        let health = Arc::new(Health::default());
        Ok(Self {
            path,
            writer: Writer::start(connection, folding, Arc::clone(&health)),
            readers: Arc::new(Readers::new(readers)),
            health,
        })
    }

    /// Lays out the file that commits are written to first, so that their syncs have no size to
    /// store. For who is going to write much.
    pub async fn reserve_log(&self) {
        let path = self.path.clone();
        match self.write(move |_| Ok(wal::reserve(&path))).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the write-ahead log has less space than is good for it");
            }
            // The writer has said why.
            Err(_) => {}
        }
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
        self.writer.run(work).await
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
    pub async fn glance<T, W>(&self, work: W) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.readers.glance(work).await
    }

    /// Tries again, now and then, to store something for as long as the store fails, so that
    /// [`Database::health`] tells of its recovery also where nobody else comes to store anything: a
    /// server that says it is not well is sent nobody. Never ends.
    pub async fn watch(&self) {
        loop {
            self.health.failing().await;
            tokio::time::sleep(TRY_AGAIN).await;
            // The outcome is noted by the writer, and in the log.
            let _ = self.write(migrations::write_version).await;
        }
    }

    /// Finishes what is waiting and closes the file. Blocks until that is done.
    pub fn close(&self) {
        // The last connection to close folds the write-ahead log into the file: that is the writer.
        self.readers.close();
        self.writer.close();
    }
}

/// Makes `directory` (mode 0700) where it is missing.
pub fn create_directory(directory: &Path) -> Result<(), OpenError> {
    if directory.is_dir() {
        return Ok(());
    }
    let create = || {
        let directory = std::path::absolute(directory)?;
        let missing = directory.ancestors().take_while(|path| !path.is_dir());
        let missing: Vec<&Path> = missing.collect();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)?;
        // Each of them is a new name in the one above it.
        missing.into_iter().try_for_each(sync_directory_of)
    };
    create().map_err(|source| OpenError::Directory {
        path: directory.to_owned(),
        source,
    })
}

/// Makes an empty file that only its owner may read, and whose name outlives a power loss; SQLite
/// gives its side files the same mode.
fn create_file(path: &Path) -> Result<(), OpenError> {
    let create = || {
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        sync_directory_of(path)
    };
    create().map_err(|source| OpenError::File {
        path: path.to_owned(),
        source,
    })
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_one_writer_gets_wrong_does_not_touch_the_others() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        database
            .write(|connection| connection.execute_batch("CREATE TABLE t (n INTEGER)"))
            .await
            .unwrap();
        let insert = |number: i64| {
            database.write(move |connection| {
                connection.execute("INSERT INTO t VALUES (?1)", [number])?;
                match number {
                    2 => Err(rusqlite::Error::InvalidQuery),
                    _ => Ok(number),
                }
            })
        };
        let (one, two, three) = tokio::join!(insert(1), insert(2), insert(3));
        assert_eq!(one.unwrap(), 1);
        assert!(two.is_err());
        assert_eq!(three.unwrap(), 3);
        let stored: i64 = database
            .read(|connection| connection.query_row("SELECT sum(n) FROM t", [], |row| row.get(0)))
            .await
            .unwrap();
        assert_eq!(stored, 4);
    }

    #[tokio::test]
    async fn a_closed_database_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        database.close();
        let written = database.write(|_| Ok(())).await;
        assert!(matches!(written, Err(DatabaseError::Closed)));
        let read = database.read(|_| Ok(())).await;
        assert!(matches!(read, Err(DatabaseError::Closed)));
    }

    fn file_after_refusal(spoil: impl FnOnce(&mut Vec<u8>), expected: &str) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        Database::open(directory.path(), Durability::Full)
            .unwrap()
            .close();
        let mut bytes = std::fs::read(&path).unwrap();
        spoil(&mut bytes);
        std::fs::write(&path, &bytes).unwrap();
        let error = Database::open(directory.path(), Durability::Full)
            .map(drop)
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn looking_at_a_database_in_use_takes_nothing_away_from_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        // SQLite itself may take the side files away when the last connection closes; a look that
        // overlaps with a use must not.
        for round in 0..20 {
            let looking = std::thread::spawn({
                let path = path.clone();
                move || inspection::inspect(&path)
            });
            let database = Database::open(directory.path(), Durability::Full).unwrap();
            let sql = format!("CREATE TABLE t{round} (n INTEGER)");
            database
                .write(move |connection| connection.execute_batch(&sql))
                .await
                .unwrap();
            looking.join().unwrap().unwrap();
            let wal = path.with_extension("db-wal");
            assert!(wal.exists(), "round {round}");
            database.close();
        }
    }

    #[test]
    fn a_damaged_or_newer_file_is_refused_and_left_alone() {
        file_after_refusal(|bytes| bytes[..100].fill(0x2a), "is damaged");
        file_after_refusal(|bytes| bytes.truncate(bytes.len() / 2), "is damaged");
        file_after_refusal(|bytes| bytes[4096..12288].fill(0x2a), "is damaged");
        // The user version is the big-endian number at byte 60, the application id that at 68
        // (SQLite's file format, section 1.3).
        file_after_refusal(|bytes| bytes[60..64].fill(1), "use a newer chat-server");
        file_after_refusal(|bytes| bytes[68..72].fill(1), "of another program");
    }

    #[tokio::test]
    async fn a_first_transaction_that_was_cut_short_is_begun_anew() {
        let [unfinished, directory] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let path = unfinished.path().join(FILE_NAME);
        let connection = Connection::open(&path).unwrap();
        // More than fits into memory: a part of it is in the file before it is committed.
        connection
            .execute_batch(
                "PRAGMA cache_size = 1; BEGIN; CREATE TABLE t (b BLOB);
                 INSERT INTO t VALUES (randomblob(100000));",
            )
            .unwrap();
        for file in std::fs::read_dir(unfinished.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), directory.path().join(file.file_name())).unwrap();
        }
        let size = std::fs::metadata(directory.path().join(FILE_NAME)).unwrap();
        assert!(size.len() > 0, "nothing is in the file yet");
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        let tables: i64 = database
            .read(|connection| {
                let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 't'";
                connection.query_row(sql, [], |row| row.get(0))
            })
            .await
            .unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn files_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("a/b");
        let _database = Database::open(&directory, Durability::Full).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}
