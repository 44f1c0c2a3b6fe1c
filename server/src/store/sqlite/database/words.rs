//! What SQLite says, in words that tell an operator what is wrong: the one place where its codes are
//! read. Errors leave `database` in this form alone.

use std::fmt;
use std::sync::Arc;

use rusqlite::ffi;
use rusqlite::{Error, ErrorCode};

/// An error of SQLite. Cloned to all that shared a commit.
#[derive(Clone, Debug)]
pub struct SqliteError(Arc<Error>);

impl SqliteError {
    /// Whether the file's contents contradict each other, or are no database's.
    pub fn is_damage(&self) -> bool {
        is_damage(&self.0)
    }
}

impl From<Error> for SqliteError {
    fn from(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Display for SqliteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match of_the_machine(&self.0) {
            Some(text) => formatter.write_str(&text),
            None => self.0.fmt(formatter),
        }
    }
}

/// What is shown says all that the cause does.
impl std::error::Error for SqliteError {}

/// An error with its causes, as one text: the log in JSON shows the first of them alone.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}

/// An error that an operator can do something about, in words; `None` for a wrong statement or value.
pub(super) fn of_the_machine(error: &Error) -> Option<String> {
    let Error::SqliteFailure(code, message) = error else {
        return None;
    };
    let number = code.extended_code;
    let own = ffi::code_to_str(number);
    let detail = message.as_deref().unwrap_or(own);
    words(code).map(|words| format!("{words} (SQLite: {detail}, code {number})"))
}

/// Whether `error` tells of a damaged file.
pub(super) fn is_damage(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

/// By the extended code where that tells more than the primary one (SQLite, "Result and Error
/// Codes"). `None` for what is no matter of the machine, such as a wrong statement.
fn words(error: &ffi::Error) -> Option<&'static str> {
    let extended = match error.extended_code {
        ffi::SQLITE_IOERR_SHMSIZE => {
            "the disk is full, or files may not grow any more: there is no room for the file chat.db-shm"
        }
        ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_TRUNCATE => {
            "a file cannot be written to: the disk is full or failing, or files may not grow any more"
        }
        ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => {
            "the disk does not take what was written: it is full or failing"
        }
        ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_CORRUPTFS => {
            "the disk cannot be read: it is failing"
        }
        ffi::SQLITE_IOERR_SHORT_READ => "the file ends too early: it was cut short",
        ffi::SQLITE_IOERR_NOMEM | ffi::SQLITE_IOERR_SHMMAP => "there is not enough memory",
        ffi::SQLITE_IOERR_ACCESS | ffi::SQLITE_IOERR_AUTH => "permission denied",
        ffi::SQLITE_IOERR_LOCK
        | ffi::SQLITE_IOERR_UNLOCK
        | ffi::SQLITE_IOERR_RDLOCK
        | ffi::SQLITE_IOERR_CHECKRESERVEDLOCK
        | ffi::SQLITE_IOERR_SHMLOCK => "this file system cannot lock files",
        ffi::SQLITE_READONLY_DBMOVED => "the file was deleted or moved while it was in use",
        ffi::SQLITE_READONLY_CANTINIT
        | ffi::SQLITE_READONLY_CANTLOCK
        | ffi::SQLITE_READONLY_DIRECTORY => "the data directory is read-only",
        ffi::SQLITE_CANTOPEN_ISDIR => "there is a directory in the file's place",
        ffi::SQLITE_CANTOPEN_FULLPATH => "the path is too long",
        ffi::SQLITE_CANTOPEN_SYMLINK => "there is a symbolic link in the file's place",
        _ => "",
    };
    if !extended.is_empty() {
        return Some(extended);
    }
    Some(match error.code {
        ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
            "permission denied"
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "the database is locked by another process"
        }
        ErrorCode::OutOfMemory => "there is not enough memory",
        ErrorCode::ReadOnly => "the file or its file system is read-only",
        ErrorCode::SystemIoFailure => "the disk failed",
        ErrorCode::DatabaseCorrupt => "the database is damaged",
        ErrorCode::NotADatabase => "the file is not a database",
        ErrorCode::DiskFull => "the disk is full",
        ErrorCode::CannotOpen => {
            "a file cannot be opened or made: permission denied, too many open files, or the disk is full"
        }
        ErrorCode::FileLockingProtocolFailed => "the files' locks are held up by another process",
        ErrorCode::NoLargeFileSupport => "this system takes no files of that size",
        ErrorCode::TooBig => "a value is too long for the database",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: i32) -> String {
        SqliteError::from(Error::SqliteFailure(ffi::Error::new(code), None)).to_string()
    }

    #[test]
    fn what_the_machine_lacks_is_said_in_words() {
        for (code, words) in [
            (ffi::SQLITE_FULL, "the disk is full"),
            // 4874, which a full disk gives at the start.
            (ffi::SQLITE_IOERR_SHMSIZE, "the disk is full"),
            (ffi::SQLITE_IOERR_WRITE, "the disk is full"),
            (ffi::SQLITE_PERM, "permission denied"),
            (ffi::SQLITE_CANTOPEN, "permission denied"),
            (ffi::SQLITE_READONLY, "read-only"),
            (ffi::SQLITE_READONLY_DIRECTORY, "read-only"),
            (ffi::SQLITE_BUSY, "locked by another process"),
            (ffi::SQLITE_BUSY_SNAPSHOT, "locked by another process"),
            (ffi::SQLITE_CORRUPT, "damaged"),
            (ffi::SQLITE_NOTADB, "not a database"),
        ] {
            let shown = shown(code);
            assert!(shown.contains(words), "{code}: {shown}");
            assert!(shown.contains(&code.to_string()), "{code}: {shown}");
        }
    }

    #[test]
    fn codes_that_are_not_listed_have_the_words_of_their_kind() {
        // All that there can be of I/O errors.
        for extended in 1..64 {
            let shown = shown(ffi::SQLITE_IOERR | extended << 8);
            assert!(!shown.contains("unknown"), "{shown}");
        }
        assert!(shown(ffi::SQLITE_MISUSE).contains("21"));
    }
}
