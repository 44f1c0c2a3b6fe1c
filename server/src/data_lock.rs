//! One server per data directory: held by a lock on a file in it, which ends with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The lock's file in the data directory.
const FILE_NAME: &str = "server.lock";

/// The lock can't be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another server has it.
    #[error("the data directory {} is in use by another chat-server", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The file can't be made or locked.
    #[error("cannot lock the data directory {}", path.display())]
    File {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The lock, for as long as it lives.
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock on `directory`.
    pub fn take(directory: &Path) -> Result<Self, LockError> {
        let path = directory.to_owned();
        let opened = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join(FILE_NAME));
        let file = match opened {
            Ok(file) => file,
            Err(source) => return Err(LockError::File { path, source }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::InUse { path }),
            Err(TryLockError::Error(source)) => Err(LockError::File { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_server_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = DataLock::take(directory.path()).unwrap();
        let second = DataLock::take(directory.path()).map(drop).unwrap_err();
        assert!(matches!(second, LockError::InUse { .. }));
        drop(first);
        DataLock::take(directory.path()).unwrap();
    }
}
