//! One server per data directory: held by a lock on the directory itself, which nobody can remove
//! while it is in use, and on a file in it, by which older versions know each other. Both end with
//! the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::files::belong;

/// The lock's file in the data directory.
const FILE_NAME: &str = "server.lock";
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

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
    _directory: Option<File>,
    _file: File,
}

impl DataLock {
    /// Takes the lock on `directory` within `patience`: a command holds it for a moment only, a
    /// server for as long as it runs.
    pub fn take_within(directory: &Path, patience: Duration) -> Result<Self, LockError> {
        let began = Instant::now();
        loop {
            match Self::take(directory) {
                Err(LockError::InUse { .. }) if began.elapsed() < patience => sleep(PAUSE),
                outcome => return outcome,
            }
        }
    }

    /// Takes the lock on `directory`.
    pub fn take(directory: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::File {
            path: directory.to_owned(),
            source,
        };
        let in_use = || LockError::InUse {
            path: directory.to_owned(),
        };
        let opened = File::open(directory).map_err(failed)?;
        let opened = match opened.try_lock() {
            Ok(()) => Some(opened),
            Err(TryLockError::WouldBlock) => return Err(in_use()),
            // Some file systems, such as NFS, lock files alone.
            Err(TryLockError::Error(_)) => None,
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join(FILE_NAME))
            .map_err(failed)?;
        belong(&file, &directory.join(FILE_NAME));
        match file.try_lock() {
            Ok(()) => Ok(Self {
                _directory: opened,
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(in_use()),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_in_use(directory: &Path) -> bool {
        let taken = DataLock::take(directory).map(drop);
        matches!(taken, Err(LockError::InUse { .. }))
    }

    #[test]
    fn a_directory_has_one_server_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = DataLock::take(directory.path()).unwrap();
        assert!(is_in_use(directory.path()));
        drop(first);
        DataLock::take(directory.path()).unwrap();
    }

    #[test]
    fn the_lock_holds_whatever_becomes_of_its_file_and_by_whatever_name() {
        let parent = tempfile::tempdir().unwrap();
        let [directory, moved, link] =
            ["data", "moved", "link"].map(|name| parent.path().join(name));
        std::fs::create_dir(&directory).unwrap();
        std::os::unix::fs::symlink(&directory, &link).unwrap();
        let _first = DataLock::take(&directory).unwrap();
        assert!(is_in_use(&link));
        std::fs::remove_file(directory.join(FILE_NAME)).unwrap();
        assert!(is_in_use(&directory));
        std::fs::rename(&directory, &moved).unwrap();
        assert!(is_in_use(&moved));
        // Another one in its place is another one.
        std::fs::create_dir(&directory).unwrap();
        DataLock::take(&directory).unwrap();
    }

    #[test]
    fn an_older_server_is_respected_and_respects_this_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        let older = File::create(&path).unwrap();
        older.lock().unwrap();
        assert!(is_in_use(directory.path()));
        drop(older);
        let _this = DataLock::take(directory.path()).unwrap();
        let refused = File::open(&path).unwrap().try_lock();
        assert!(matches!(refused, Err(TryLockError::WouldBlock)));
    }
}
