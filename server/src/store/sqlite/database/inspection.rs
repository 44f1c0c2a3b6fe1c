//! A look at a database file before it is opened for use: is it ours, of a version we know, sound?
//! All of a small file is read, and of a large one what can be within a moment: what is damaged
//! elsewhere is met later.
//!
//! Writes nothing to the file, whatever it finds; but where the very first transaction was cut short,
//! it lets SQLite take that back.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::migrations;
use super::opening::{OpenError, connect};
use super::words::{SqliteError, is_damage};

/// Bytes of a file's header up to the end of the application id (SQLite's file format, section
/// 1.3).
const HEADER_BYTES: usize = 72;
const MAGIC: &[u8] = b"SQLite format 3\0";

/// How SQLite's rollback journal begins, and where it says how many pages the database had (its file
/// format, section 3).
const JOURNAL_MAGIC: &[u8] = &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
const JOURNAL_PAGES: std::ops::Range<usize> = 16..20;

/// How much of a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// All that is there, however long it takes.
    Whole,
    /// All up to [`LARGE`], and of what is larger the small tables and what else can be read in
    /// [`MOMENT`].
    Thorough,
    /// All up to [`SMALL`]; otherwise the header, the schema and the size.
    Quick,
}

impl Depth {
    /// Bytes up to which all of a file is read.
    fn whole_up_to(self) -> u64 {
        match self {
            Depth::Whole => u64::MAX,
            Depth::Thorough => LARGE,
            Depth::Quick => SMALL,
        }
    }
}

/// Bytes of a file that is read within about a second.
const LARGE: u64 = 64 * 1024 * 1024;
/// And in some milliseconds.
const SMALL: u64 = 4 * 1024 * 1024;
/// How long a look at a part of a large file may take.
const MOMENT: Duration = Duration::from_secs(1);
/// Pages, or statements' steps, after which it is looked at the clock.
const STEPS: i32 = 64;
/// The table that grows: it is looked at last.
const LARGEST_TABLE: &str = "entries";

/// Refuses a file that must not be opened. One that is missing or empty is fine.
pub(super) fn inspect(path: &Path, depth: Depth) -> Result<(), OpenError> {
    if is_begun_only(path) {
        take_back(path).map_err(|source| OpenError::sqlite(path, source))?;
    }
    let verdict = match header(path) {
        Ok(None) => return Ok(()),
        Ok(Some(header)) => judge_header(&header),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(OpenError::file(path, source)),
    };
    let verdict = match verdict {
        Verdict::Sound => examine(path, depth).map_err(|source| OpenError::sqlite(path, source))?,
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
fn examine(path: &Path, depth: Depth) -> rusqlite::Result<Verdict> {
    let side_files = SideFiles::missing(path);
    let verdict = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(|mut connection| {
        match judge_beginning(&connection, path)? {
            Verdict::Sound => read(&mut connection, path, depth),
            refused => Ok(refused),
        }
    });
    let verdict = match verdict {
        Err(error) if is_damage(&error) => Verdict::Damaged(SqliteError::from(error).to_string()),
        verdict => verdict?,
    };
    if matches!(verdict, Verdict::Damaged(_)) {
        side_files.remove();
    }
    Ok(verdict)
}

/// What the first pages and the file's size tell.
fn judge_beginning(connection: &Connection, path: &Path) -> rusqlite::Result<Verdict> {
    let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id")?;
    let version = migrations::version(connection)?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application != migrations::APPLICATION_ID && tables > 0 {
        return Ok(Verdict::Foreign);
    }
    if version > migrations::LATEST {
        return Ok(Verdict::Newer(version));
    }
    let bytes = number("PRAGMA page_count")? * number("PRAGMA page_size")?;
    // Where the log has something, the file may be shorter than it will be once that is folded in.
    let log = with_suffix(path, "-wal").metadata();
    let is_folded = log.map_or(true, |log| log.len() == 0);
    let size = size_of(path);
    if is_folded && i64::try_from(size).is_ok_and(|size| size < bytes) {
        let detail = format!("it has {size} bytes of {bytes}: it was cut short");
        return Ok(Verdict::Damaged(detail));
    }
    Ok(Verdict::Sound)
}

fn size_of(path: &Path) -> u64 {
    path.metadata().map_or(0, |file| file.len())
}

/// Reads the file, or as much of it as `depth` says, and tells in the log where that takes long.
fn read(connection: &mut Connection, path: &Path, depth: Depth) -> rusqlite::Result<Verdict> {
    let began = Instant::now();
    let size = size_of(path);
    let is_whole = size <= depth.whole_up_to();
    if !is_whole && depth == Depth::Quick {
        return Ok(Verdict::Sound);
    }
    let is_large = size > LARGE;
    let megabytes = size / 1_000_000;
    let path = path.display();
    if is_large {
        tracing::info!(%path, megabytes, is_whole, "checking the database");
    }
    let verdict = match is_whole {
        true if depth == Depth::Whole => check(connection, "integrity_check", &1)?,
        true => check(connection, "quick_check", &1)?,
        false => check_in_part(connection, began + MOMENT)?,
    };
    let milliseconds = began.elapsed().as_millis() as u64;
    if is_large || milliseconds > 1_000 {
        let hint = match is_whole {
            true => "all of it",
            false => "as much as a second allows: `chat-server check` reads all of it",
        };
        tracing::info!(%path, megabytes, milliseconds, "checked the database, {hint}");
    }
    Ok(verdict)
}

/// Checks one table after the other until it is time to end, the one that grows last.
fn check_in_part(connection: &mut Connection, end: Instant) -> rusqlite::Result<Verdict> {
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name = ?1")?
        .query_map([LARGEST_TABLE], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    connection.progress_handler(STEPS, Some(move || Instant::now() > end))?;
    let checked = tables
        .iter()
        .map(|table| check(connection, "quick_check", table))
        .find(|verdict| !matches!(verdict, Ok(Verdict::Sound)));
    connection.progress_handler(STEPS, None::<fn() -> bool>)?;
    match checked {
        Some(Err(error)) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            Ok(Verdict::Sound)
        }
        Some(verdict) => verdict,
        None => Ok(Verdict::Sound),
    }
}

/// Has SQLite read all pages of a table, or (1) of everything.
fn check(
    connection: &Connection,
    pragma: &str,
    what: &dyn rusqlite::ToSql,
) -> rusqlite::Result<Verdict> {
    let mut result = String::new();
    connection.pragma(None, pragma, what, |row| {
        if result.is_empty() {
            result = row.get(0)?;
        }
        Ok(())
    })?;
    match result.as_str() {
        "ok" => Ok(Verdict::Sound),
        detail => Ok(Verdict::Damaged(
            detail.lines().collect::<Vec<_>>().join(" "),
        )),
    }
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
