//! A look at a database file before it is opened for use: is it ours, of a version we know, sound?
//!
//! Writes nothing to the file, whatever it finds; but where the very first transaction was cut short,
//! it lets SQLite take that back.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{OpenError, connect, migrations};

/// Bytes of a file's header up to the end of the application id (SQLite's file format, section
/// 1.3).
const HEADER_BYTES: usize = 72;
const MAGIC: &[u8] = b"SQLite format 3\0";

/// How SQLite's rollback journal begins, and where it says how many pages the database had (its file
/// format, section 3).
const JOURNAL_MAGIC: &[u8] = &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
const JOURNAL_PAGES: std::ops::Range<usize> = 16..20;

/// Refuses a file that must not be opened. One that is missing or empty is fine.
pub(super) fn inspect(path: &Path) -> Result<(), OpenError> {
    if is_begun_only(path) {
        take_back(path).map_err(|source| OpenError::Sqlite {
            path: path.to_owned(),
            source,
        })?;
    }
    let verdict = match header(path) {
        Ok(None) => return Ok(()),
        Ok(Some(header)) => judge_header(&header),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            let path = path.to_owned();
            return Err(OpenError::File { path, source });
        }
    };
    let verdict = match verdict {
        Verdict::Sound => examine(path).map_err(|source| OpenError::Sqlite {
            path: path.to_owned(),
            source,
        })?,
        refused => refused,
    };
    let path = path.to_owned();
    match verdict {
        Verdict::Sound => Ok(()),
        Verdict::Damaged(detail) => Err(OpenError::Damaged { path, detail }),
        Verdict::Foreign => Err(OpenError::Foreign { path }),
        Verdict::Newer(found) => Err(OpenError::Newer {
            path,
            found,
            known: migrations::LATEST,
        }),
    }
}

enum Verdict {
    Sound,
    Damaged(String),
    Foreign,
    Newer(i64),
}

/// Whether a crash or a power loss ended the transaction that makes an empty file a database. What is
/// in the file then may be anything, and only who may write can put it right. Later transactions use
/// the write-ahead log.
fn is_begun_only(path: &Path) -> bool {
    let mut header = Vec::new();
    let read = File::open(with_suffix(path, "-journal"))
        .and_then(|file| file.take(JOURNAL_PAGES.end as u64).read_to_end(&mut header));
    read.is_ok() && header.starts_with(JOURNAL_MAGIC) && header.get(JOURNAL_PAGES) == Some(&[0; 4])
}

/// Any reading makes SQLite take back first what a journal beside the file says was not finished.
fn take_back(path: &Path) -> rusqlite::Result<()> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// The beginning of the file; `None` where it is empty.
fn header(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut header = Vec::new();
    File::open(path)?
        .take(HEADER_BYTES as u64)
        .read_to_end(&mut header)?;
    Ok((!header.is_empty()).then_some(header))
}

/// What the header alone tells: even opening a file for reading makes SQLite lay others beside it.
fn judge_header(header: &[u8]) -> Verdict {
    let number = |at: usize| {
        let bytes = header.get(at..at + 4)?.try_into().ok()?;
        Some(i64::from(i32::from_be_bytes(bytes)))
    };
    let (Some(version), Some(application)) = (number(60), number(68)) else {
        return Verdict::Damaged("it is shorter than a database's header".to_owned());
    };
    if !header.starts_with(MAGIC) {
        return Verdict::Damaged("it is not a database".to_owned());
    }
    // A database that was never written to has neither yet.
    match (version, application) {
        (_, migrations::APPLICATION_ID) if version > migrations::LATEST => Verdict::Newer(version),
        (_, migrations::APPLICATION_ID) | (0, 0) => Verdict::Sound,
        _ => Verdict::Foreign,
    }
}

/// What SQLite finds when it reads the file.
fn examine(path: &Path) -> rusqlite::Result<Verdict> {
    let side_files = SideFiles::missing(path);
    let verdict =
        connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(|connection| check(&connection));
    let verdict = match verdict {
        Err(error) if is_damage(&error) => Verdict::Damaged(error.to_string()),
        verdict => verdict?,
    };
    if matches!(verdict, Verdict::Damaged(_)) {
        side_files.remove();
    }
    Ok(verdict)
}

fn check(connection: &Connection) -> rusqlite::Result<Verdict> {
    let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application != migrations::APPLICATION_ID && tables > 0 {
        return Ok(Verdict::Foreign);
    }
    if version > migrations::LATEST {
        return Ok(Verdict::Newer(version));
    }
    let result: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match result.as_str() {
        "ok" => Ok(Verdict::Sound),
        detail => Ok(Verdict::Damaged(
            detail.lines().collect::<Vec<_>>().join(" "),
        )),
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

/// The files that SQLite lays beside a database in WAL mode, even for who only reads it.
///
/// They are removed only beside a damaged database, which nobody has in use, and only where all of
/// them were missing: beside any other they may belong to a process that has just begun to write.
struct SideFiles(Vec<PathBuf>);

impl SideFiles {
    fn missing(path: &Path) -> Self {
        let files = vec![with_suffix(path, "-wal"), with_suffix(path, "-shm")];
        match files.iter().any(|file| file.exists()) {
            true => Self(Vec::new()),
            false => Self(files),
        }
    }

    fn remove(self) {
        for file in self.0 {
            if let Err(error) = std::fs::remove_file(&file)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %file.display(), %error, "cannot remove an empty side file");
            }
        }
    }
}

/// The path of a file that SQLite lays beside a database.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
