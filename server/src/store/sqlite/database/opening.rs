//! What has to be there before a database can be used: its directory, its file, connections to it.
//! Says in words why that fails.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::words::SqliteError;
use super::{BUSY_TIMEOUT, CACHE_KIB, FILE_NAME};
use crate::files::{belong, sync_directory_of};

/// Bytes of a database's whole path at most: SQLite's own limit of 512, from which it takes those of
/// "-journal" (SQLite's `MAX_PATHNAME` on Unix).
const PATH_BYTES: usize = 504;

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
    /// Its path is longer than SQLite takes.
    #[error("the path of the data directory {} has {length} bytes, and at most {} are possible: choose a shorter one", path.display(), PATH_BYTES - FILE_NAME.len() - 1)]
    TooLong {
        /// The directory.
        path: PathBuf,
        /// Bytes of its whole path, links followed.
        length: usize,
    },
    /// There is none, and none is to be made.
    #[error("there is no database in {}", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
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
        source: SqliteError,
    },
    /// Another server has it, by way of another data directory.
    #[error("the database {} is in use by another chat-server, which has it under another name", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
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
    /// Written by an older server, and not to be changed now.
    #[error("the database {} has schema version {found}, this chat-server needs {known}: start the server of this version once, which brings it up to date, or use the chat-server that wrote it", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The version that this program works on.
        known: i64,
    },
}

impl OpenError {
    /// SQLite could not open `path`.
    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let source = SqliteError::from(source);
        Self::Sqlite { path, source }
    }

    /// The system could not open `path`.
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::File { path, source }
    }
}

/// Makes `directory` (mode 0700) where it is missing.
pub fn create_directory(directory: &Path) -> Result<(), OpenError> {
    check_length(directory)?;
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

/// Refuses a directory in which SQLite can't open a file.
pub(super) fn check_length(directory: &Path) -> Result<(), OpenError> {
    let whole = directory
        .canonicalize()
        .or_else(|_| std::path::absolute(directory));
    let length = whole.map_or(0, |path| path.as_os_str().as_bytes().len());
    match length + 1 + FILE_NAME.len() <= PATH_BYTES {
        true => Ok(()),
        false => Err(OpenError::TooLong {
            path: directory.to_owned(),
            length,
        }),
    }
}

/// Makes an empty file that only its owner may read, and whose name outlives a power loss; SQLite
/// gives its side files the same mode.
pub(super) fn create_file(path: &Path) -> Result<(), OpenError> {
    let create = || {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        // SQLite gives its side files the owner of the database.
        if file.metadata()?.len() == 0 {
            belong(&file, path);
        }
        sync_directory_of(path)
    };
    create().map_err(|source| OpenError::file(path, source))
}

/// A connection to the database at `path`.
pub(super) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}
