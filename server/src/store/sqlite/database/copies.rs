//! Copies of the database: one that is made, whole or not at all, and one that takes the database's
//! place. Whoever puts one in place holds the data directory's lock.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, OpenFlags};

use super::inspection::{self, Depth, with_suffix};
use super::lock::{DatabaseLock, DatabaseLockError};
use super::opening::{OpenError, connect};
use super::words::{SqliteError, is_damage};
use super::{FILE_NAME, flags_for_reading, mark, migrations, renewal};
use crate::files::{belong, sync_directory_of};

/// What a copy is called until it takes the database's place.
const DRAFT: &str = "chat.db.restoring";
/// How the names of the server's own files in the data directory begin.
const OWN: [&str; 5] = [
    FILE_NAME,
    mark::FILE_NAME,
    "token.key",
    "server.lock",
    "control.sock",
];
/// Steps of a statement after which it is looked whether to stop.
const STEPS: i32 = 1_000;

/// Why a copy could not be made, or not be put in place. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The database, or a copy, can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is something of that name.
    #[error("there is already a file {}: name another one, or remove it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It would lie among the server's own files.
    #[error("{} is among the server's own files: name another one, best in another directory", path.display())]
    Own {
        /// The file.
        path: PathBuf,
    },
    /// A file can't be read or written.
    #[error("cannot read or write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite can't read the database or write the copy.
    #[error("cannot copy the database to {}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SqliteError,
    },
    /// Somebody wanted it to end.
    #[error("interrupted: no backup was made")]
    Interrupted,
    /// It is no backup.
    #[error("{} is no backup of a chat-server: {detail}", path.display())]
    NoBackup {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
}

impl CopyError {
    fn file(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            path: path.clone(),
            source,
        }
    }

    fn sqlite(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Sqlite {
            path: path.clone(),
            source: source.into(),
        }
    }
}

/// Removes a file, and what SQLite lays beside it, when it goes.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        remove_draft(&self.0);
    }
}

/// What can't be removed is in nobody's way.
fn remove_draft(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(with_suffix(path, suffix));
    }
}

/// Removes what a restore left that was cut short.
pub(super) fn remove_leftovers(directory: &Path) {
    remove_draft(&directory.join(DRAFT));
}

/// Makes a copy of the database in `directory` as it is at this moment, whether a server runs or not, in
/// the new file `target`, for its owner alone; how many bytes it has. Ends soon once it is to `stop`, and
/// leaves nothing then.
pub fn back_up(directory: &Path, target: &Path, stop: &Arc<AtomicBool>) -> Result<u64, CopyError> {
    check_target(directory, target)?;
    let source = directory.join(FILE_NAME);
    if let Err(error) = source.metadata()
        && error.kind() == io::ErrorKind::NotFound
    {
        let path = directory.to_owned();
        return Err(OpenError::Missing { path }.into());
    }
    inspection::inspect(&source, Depth::Quick)?;
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| CopyError::file(target)(error.into()))?;
    let name = format!(".chat-backup-{:016x}.part", u64::from_ne_bytes(random));
    let draft = Draft(target.with_file_name(name));
    let path = &draft.0;
    let file = create_new(path).map_err(CopyError::file(target))?;
    let mut connection =
        connect(&source, flags_for_reading(&source)).map_err(CopyError::sqlite(target))?;
    let stopping = Arc::clone(stop);
    connection
        .progress_handler(STEPS, Some(move || stopping.load(Ordering::Relaxed)))
        .map_err(CopyError::sqlite(target))?;
    // One look at the database as it is now, which holds up nobody who writes meanwhile. What was
    // deleted is not in it.
    let copied = connection.execute(
        "VACUUM INTO CAST(?1 AS TEXT)",
        [path.as_os_str().as_bytes()],
    );
    if stop.load(Ordering::Relaxed) {
        return Err(CopyError::Interrupted);
    }
    copied.map_err(CopyError::sqlite(target))?;
    // To be read wherever it lies, without files beside it.
    let copy = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE);
    copy.and_then(|copy| {
        be_one_file(&copy).and_then(|()| copy.close().map_err(|(_, error)| error))
    })
    .map_err(CopyError::sqlite(target))?;
    let finish = || {
        file.sync_all()?;
        let size = file.metadata()?.len();
        put_in_place(path, target)?;
        sync_directory_of(&std::path::absolute(target)?)?;
        Ok(size)
    };
    finish().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => CopyError::Exists {
            path: target.to_owned(),
        },
        _ => CopyError::file(target)(error),
    })
}

fn check_target(directory: &Path, target: &Path) -> Result<(), CopyError> {
    let path = target.to_owned();
    if target.symlink_metadata().is_ok() {
        return Err(CopyError::Exists { path });
    }
    let absolute = std::path::absolute(target).map_err(CopyError::file(target))?;
    let parent = absolute.parent().unwrap_or(&absolute);
    let parent = parent.canonicalize().map_err(CopyError::file(target))?;
    let is_inside = directory.canonicalize().is_ok_and(|data| data == parent);
    let name = absolute.file_name().unwrap_or_default().to_string_lossy();
    match is_inside && OWN.iter().any(|own| name.starts_with(own)) {
        true => Err(CopyError::Own { path }),
        false => Ok(()),
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path)
}

fn be_one_file(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
}

/// Gives `draft` the name `target`, which nobody may have taken meanwhile.
fn put_in_place(draft: &Path, target: &Path) -> io::Result<()> {
    match std::fs::hard_link(draft, target) {
        Ok(()) => std::fs::remove_file(draft),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without links.
        Err(_) if target.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => std::fs::rename(draft, target),
    }
}

/// A backup that was put in place.
pub struct Restored {
    /// What was there before, where there was something.
    pub kept: Option<PathBuf>,
    /// What it undid, a line each; `None` where that can't be told.
    pub undone: Option<Vec<String>>,
}

/// Checks `backup` and puts a copy of it in the place of the database in `directory`, whose lock the
/// caller has; the other one is kept under a name that ends with `label`. All logs begin new lives, and
/// all logins by tokens end. A crash leaves the one or the other whole.
pub fn restore(
    directory: &Path,
    backup: &Path,
    label: &str,
    now: u64,
) -> Result<Restored, CopyError> {
    let path = directory.join(FILE_NAME);
    let found = backup.metadata().map_err(CopyError::file(backup))?;
    let no_backup = |detail: &str| CopyError::NoBackup {
        path: backup.to_owned(),
        detail: detail.to_owned(),
    };
    if !found.is_file() {
        return Err(no_backup("it is no file"));
    }
    let old = path.metadata().ok();
    if old.is_some_and(|old| (old.dev(), old.ino()) == (found.dev(), found.ino())) {
        return Err(no_backup("it is the database itself"));
    }
    remove_leftovers(directory);
    let draft = Draft(directory.join(DRAFT));
    take_copy(backup, &draft.0)?;
    check(&draft.0, backup)?;
    let _lock = match path.exists() {
        false => None,
        true => Some(DatabaseLock::take(&path).map_err(|error| match error {
            DatabaseLockError::InUse => OpenError::InUse { path: path.clone() },
            DatabaseLockError::File(source) => OpenError::file(&path, source),
        })?),
    };
    fold(&path)?;
    let (identity, undone) = prepare(&draft.0, &path, now).map_err(CopyError::sqlite(backup))?;
    let finish = || {
        File::open(&draft.0)?.sync_all()?;
        let kept = keep(&path, label)?;
        sync_directory_of(&path)?;
        std::fs::rename(&draft.0, &path)?;
        sync_directory_of(&path)?;
        mark::adopt(directory, identity, 1)?;
        Ok(kept)
    };
    let kept = finish().map_err(CopyError::file(&path))?;
    Ok(Restored { kept, undone })
}

/// Copies `backup` with what SQLite may have left to fold into it, so that nothing of it is touched.
fn take_copy(backup: &Path, draft: &Path) -> Result<(), CopyError> {
    for suffix in ["", "-wal"] {
        let from = with_suffix(backup, suffix);
        let mut from = match File::open(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !suffix.is_empty() => continue,
            opened => opened.map_err(CopyError::file(backup))?,
        };
        let to = with_suffix(draft, suffix);
        let copy = || {
            let mut file = create_new(&to)?;
            belong(&file, &to);
            io::copy(&mut from, &mut file)
        };
        let mut copy = copy;
        copy().map_err(CopyError::file(&to))?;
    }
    Ok(())
}

/// Whether the copy is a database of this program that it can use, all of it.
fn check(draft: &Path, backup: &Path) -> Result<(), CopyError> {
    let no_backup = |detail: String| CopyError::NoBackup {
        path: backup.to_owned(),
        detail,
    };
    inspection::inspect(draft, Depth::Whole).map_err(|error| match error {
        OpenError::Damaged { detail, .. } => no_backup(format!("it is damaged ({detail})")),
        OpenError::Foreign { .. } => no_backup("it is a database of another program".to_owned()),
        OpenError::Newer { found, known, .. } => no_backup(format!(
            "it has schema version {found}, this chat-server knows up to {known}: use a newer one"
        )),
        error => error.into(),
    })?;
    let sqlite = CopyError::sqlite(backup);
    let connection = connect(draft, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(&sqlite)?;
    let version = migrations::version(&connection).map_err(&sqlite)?;
    match version {
        0 => Err(no_backup("it is empty".to_owned())),
        _ => Ok(()),
    }
}

/// Folds the log of the database at `path` into it, so that the file alone is all of it. What is damaged
/// stays as it is.
fn fold(path: &Path) -> Result<(), CopyError> {
    if !path.exists() {
        return Ok(());
    }
    let folded = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|connection| {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        connection.close().map_err(|(_, error)| error)
    });
    match folded {
        Err(error) if !is_damage(&error) => Err(CopyError::sqlite(path)(error)),
        _ => Ok(()),
    }
}

/// Brings the copy up to date, and gives it another history; its name, and what it undoes of `old`.
fn prepare(draft: &Path, old: &Path, now: u64) -> rusqlite::Result<(String, Option<Vec<String>>)> {
    let mut connection = connect(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    be_one_file(&connection)?;
    connection.execute_batch("PRAGMA foreign_keys = ON")?;
    migrations::migrate(&mut connection)?;
    let is_sound = old.exists() && inspection::inspect(old, Depth::Thorough).is_ok();
    let undone = match is_sound {
        true => renewal::undone(&connection, old, now).ok(),
        false => None,
    };
    let transaction = connection.transaction()?;
    renewal::renew(&transaction, true)?;
    let identity = mark::begin_anew(&transaction)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok((identity, undone))
}

/// Gives what is at `path` another name as well, and takes away what SQLite laid beside it.
fn keep(path: &Path, label: &str) -> io::Result<Option<PathBuf>> {
    let name = with_suffix(path, &format!(".before-{label}"));
    let names = (2..).map(|number| with_suffix(&name, &format!("-{number}")));
    let free = |name: &PathBuf| name.symlink_metadata().is_err();
    let kept = std::iter::once(name.clone())
        .chain(names)
        .find(free)
        .unwrap_or(name);
    let mut is_kept = false;
    for suffix in ["", "-wal"] {
        let (from, to) = (with_suffix(path, suffix), with_suffix(&kept, suffix));
        match from.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Ok(found) if found.len() == 0 && !suffix.is_empty() => continue,
            found => found.map(drop)?,
        }
        // Where there are no links, a crash at this point leaves it under that name alone.
        std::fs::hard_link(&from, &to).or_else(|_| std::fs::rename(&from, &to))?;
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600))?;
        is_kept = true;
    }
    for suffix in ["-wal", "-shm"] {
        match std::fs::remove_file(with_suffix(path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(is_kept.then_some(kept))
}
