//! The lock on the database's file, against a second server that reaches it by another name, such as a
//! hard link in another data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long it may still be held by a server that is about to end.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(10);

/// The lock, for as long as it lives. None where there can't be one.
pub(super) struct DatabaseLock(#[expect(dead_code, reason = "held, never read")] Option<File>);

/// Why there is no lock.
pub(super) enum DatabaseLockError {
    InUse,
    File(io::Error),
}

impl DatabaseLock {
    /// Takes the lock. Where a file's two kinds of locks are one (flock(2) and fcntl(2) on file
    /// systems of networks, and everywhere but on Linux), it would lock SQLite out, so there is none
    /// there; the data directory is locked all the same.
    pub(super) fn take(path: &Path) -> Result<Self, DatabaseLockError> {
        if !has_locks_of_two_kinds(path) {
            return Ok(Self(None));
        }
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(DatabaseLockError::File)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(Some(file))),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => return Err(DatabaseLockError::InUse),
                // A file system without such locks.
                Err(TryLockError::Error(_)) => return Ok(Self(None)),
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn has_locks_of_two_kinds(path: &Path) -> bool {
    /// NFS, CIFS, SMB 2 (statfs(2)).
    const OF_ONE_KIND: [u64; 3] = [0x6969, 0xff53_4d42, 0xfe53_4d42];
    // A type of 32 bits may come with its sign.
    let found = rustix::fs::statfs(path).map(|found| found.f_type as u64 & 0xffff_ffff);
    found.is_ok_and(|found| !OF_ONE_KIND.contains(&found))
}

#[cfg(not(target_os = "linux"))]
fn has_locks_of_two_kinds(_: &Path) -> bool {
    false
}
