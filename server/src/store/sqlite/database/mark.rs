//! How far the database has gone, kept in a small file beside it as well: an older copy that is put in
//! the database's place, by hand or with its whole directory, is not taken for what was there.
//!
//! The database has a row with the same number, which grows with what is written. The file is written
//! after the commit and not synced, but at the beginning and the end: a kill loses nothing of it, and a
//! power loss leaves it behind the database at most. So a database behind its file has lost something.
//! The file also knows itself (its inode, when that was made and, where the end came unexpectedly, when
//! it changed last), by which a copy of it is told. It is another file from each beginning and each end
//! on, so one that was copied earlier never knows the file in whose place it is put.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params};

use super::Durability;
use super::inspection::with_suffix;
use super::opening::OpenError;
use super::renewal::{self, Doubt};
use crate::files::create_whole;

/// The file in the data directory.
pub(super) const FILE_NAME: &str = "chat.mark";
/// Its length, less than the sector that a disk writes whole or not at all.
const BYTES: usize = 256;
const MAGIC: &str = "chat-mark-1";
/// How often the number in the database is raised in the long run, at most, so that a flood of commits
/// costs no more: each time is a page more to write.
const PAUSE: Duration = Duration::from_millis(5);
/// How far ahead of that it may get: as long as they are no flood, commits that follow one another
/// closely are all told apart, so a copy that was made between two of them is known too.
const AHEAD: Duration = Duration::from_millis(500);
/// Nanoseconds between the time that the file says it was changed last, and when it was, at most; and
/// half of it when it is written.
const NEAR: i64 = 50_000_000;

/// Tells one run of the system from another (proc(5)).
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    /// Which history of the database.
    identity: String,
    count: u64,
    /// Nobody had the database open any more.
    is_clean: bool,
    /// What was answered for was on disk.
    is_durable: bool,
    /// The system's run; empty where that can't be told.
    boot: String,
    file: Itself,
}

/// A file as the system knows it; 0 for what is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Itself {
    inode: u64,
    born: i64,
    changed: i64,
}

impl Itself {
    fn of(metadata: &Metadata) -> Self {
        let born = metadata.created().ok();
        let born = born.and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        Self {
            inode: metadata.ino(),
            born: born.map_or(0, |born| i64::try_from(born.as_nanos()).unwrap_or(0)),
            changed: metadata
                .ctime()
                .saturating_mul(1_000_000_000)
                .saturating_add(metadata.ctime_nsec()),
        }
    }

    fn differs(known: i64, found: i64, by: i64) -> bool {
        known != 0 && found != 0 && known.abs_diff(found) > by.unsigned_abs()
    }
}

impl Mark {
    fn encode(&self) -> [u8; BYTES] {
        let Itself {
            inode,
            born,
            changed,
        } = self.file;
        let end = if self.is_clean { "clean" } else { "open" };
        let durability = if self.is_durable { "full" } else { "relaxed" };
        let boot = if self.boot.is_empty() {
            "-"
        } else {
            &self.boot
        };
        let text = format!(
            "{MAGIC} {} {} {end} {durability} {boot} {inode} {born} {changed}",
            self.identity, self.count
        );
        let mut bytes = [b' '; BYTES];
        bytes[BYTES - 1] = b'\n';
        let length = text.len().min(BYTES - 1);
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [
            MAGIC,
            identity,
            count,
            end,
            durability,
            boot,
            inode,
            born,
            changed,
        ] = fields[..]
        else {
            return None;
        };
        Some(Self {
            identity: identity.to_owned(),
            count: count.parse().ok()?,
            is_clean: end == "clean",
            is_durable: durability == "full",
            boot: if boot == "-" { "" } else { boot }.to_owned(),
            file: Itself {
                inode: inode.parse().ok()?,
                born: born.parse().ok()?,
                changed: changed.parse().ok()?,
            },
        })
    }
}

/// What the database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    identity: String,
    count: u64,
}

/// What is found beside the database.
enum Found {
    Nothing,
    /// Something that says nothing.
    Illegible,
    Mark(Mark, Itself),
}

/// Whether the database may be another one than the file tells of, or less of it.
fn judge(found: &Found, stored: Option<&Stored>, boot: &str) -> Option<Doubt> {
    let (mark, file, stored) = match (found, stored) {
        // Nothing was ever written by a server that keeps a mark.
        (Found::Nothing, None) => return None,
        // The very first writing was cut short.
        (Found::Mark(mark, _), None) if mark.count == 0 => return None,
        (Found::Nothing, Some(_)) => return Some(Doubt::NoMark),
        (Found::Illegible, _) => return Some(Doubt::Illegible),
        (Found::Mark(..), None) => return Some(Doubt::Another),
        (Found::Mark(mark, file), Some(stored)) => (mark, file, stored),
    };
    if stored.identity != mark.identity {
        return Some(Doubt::Another);
    }
    if stored.count < mark.count {
        return Some(Doubt::Older);
    }
    let is_same_run = !boot.is_empty() && boot == mark.boot;
    let known = &mark.file;
    let is_born_known = known.born != 0 && file.born != 0;
    // A file that was given another owner or mode has changed too, as start scripts do each time: so only
    // where nothing else tells. After a power loss what the file holds may be older than when it changed.
    let is_change_telling = match mark.is_clean {
        true => !is_born_known,
        false => is_same_run,
    };
    let is_moved = known.inode != 0 && known.inode != file.inode
        || is_born_known && known.born != file.born
        || is_change_telling && Itself::differs(known.changed, file.changed, NEAR);
    if is_moved {
        return Some(Doubt::Copied);
    }
    let may_have_lost = !mark.is_clean && !mark.is_durable && !is_same_run;
    may_have_lost.then_some(Doubt::PowerLoss)
}

/// Keeps the mark while the database is open.
pub(super) struct Marker {
    path: PathBuf,
    file: File,
    mark: Mark,
    /// Something was written since the number was raised last.
    is_behind: bool,
    /// The number that is to be good once the transaction is committed.
    next: Option<u64>,
    /// The connection's count of changes when somebody looked last.
    changes: u64,
    /// When the number would be raised next if it were each time after a pause.
    due: Instant,
    is_failing: bool,
}

impl Marker {
    /// Holds the database of `connection` in `directory` against its mark, gives it another history
    /// where it may not be what it was, and keeps the mark from there on.
    pub(super) fn begin(
        directory: &Path,
        connection: &mut Connection,
        durability: Durability,
    ) -> Result<(Self, Option<Doubt>), OpenError> {
        let path = directory.join(FILE_NAME);
        let boot = boot();
        let found = read(&path).map_err(|source| OpenError::file(&path, source))?;
        let database = directory.join(super::FILE_NAME);
        let sqlite = |source| OpenError::sqlite(&database, source);
        let stored = stored(connection).map_err(sqlite)?;
        let doubt = judge(&found, stored.as_ref(), &boot);
        let mut mark = Mark {
            identity: String::new(),
            count: 0,
            is_clean: false,
            is_durable: durability == Durability::Full,
            boot,
            file: Itself::default(),
        };
        let io = |source| OpenError::file(&path, source);
        match (&doubt, stored) {
            (None, Some(stored)) => {
                (mark.identity, mark.count) = (stored.identity, stored.count + 1);
            }
            // The file first: without a number in the database it is known to be new.
            (None, None) => {
                mark.identity = renewal::new_identity(connection).map_err(sqlite)?;
                put(&path, &mark).map_err(io)?;
                mark.count = 1;
            }
            (Some(_), _) => {
                mark.identity = renewal::new_identity(connection).map_err(sqlite)?;
                mark.count = 1;
            }
        }
        begin_history(connection, &mark, doubt).map_err(sqlite)?;
        let changes = connection.total_changes();
        let marker = Self::keep(path.clone(), mark, changes).map_err(io)?;
        Ok((marker, doubt))
    }

    /// Makes the file anew, and keeps it from there on.
    fn keep(path: PathBuf, mark: Mark, changes: u64) -> io::Result<Self> {
        let (file, mark) = make(&path, mark)?;
        let mut marker = Self {
            path,
            file,
            mark,
            is_behind: false,
            next: None,
            changes,
            due: Instant::now(),
            is_failing: false,
        };
        marker.write()?;
        marker.file.sync_all()?;
        Ok(marker)
    }

    /// For the writer, before it commits: raises the number in the transaction where something was
    /// written, unless this is a flood and it was raised just now.
    pub(super) fn raise(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let changes = connection.total_changes();
        self.is_behind |= changes != self.changes;
        self.changes = changes;
        self.next = None;
        if self.is_behind && self.due <= Instant::now() + AHEAD {
            self.advance(connection)?;
        }
        Ok(())
    }

    /// Another program wrote to the database's files: whoever opens them next is to think nothing of what
    /// they say.
    pub(super) fn distrust(&mut self) {
        if self.mark.count != u64::MAX {
            self.mark.count = u64::MAX;
            self.note_written();
        }
    }

    fn advance(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.mark.count == u64::MAX {
            return Ok(());
        }
        let next = self.mark.count + 1;
        connection
            .prepare_cached("UPDATE mark SET count = ?1")?
            .execute([next])?;
        self.changes = connection.total_changes();
        self.next = Some(next);
        Ok(())
    }

    /// The transaction was committed.
    pub(super) fn committed(&mut self) {
        let Some(next) = self.next.take() else {
            return;
        };
        self.mark.count = next;
        self.is_behind = false;
        self.due = self.due.max(Instant::now()) + PAUSE;
        self.note_written();
    }

    fn note_written(&mut self) {
        let written = self.write();
        if let Err(error) = &written
            && !self.is_failing
        {
            tracing::warn!(path = %self.path.display(), %error, "chat.mark cannot be written");
        }
        self.is_failing = written.is_err();
    }

    /// For the writer, when nothing more comes.
    pub(super) fn settle(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.is_behind {
            self.advance(connection)?;
            self.committed();
        }
        Ok(())
    }

    /// The database is closed. Where somebody else has it open as well, what is in its log may not be on
    /// disk.
    pub(super) fn end(self) {
        let log = with_suffix(&self.path.with_file_name(super::FILE_NAME), "-wal");
        if !self.mark.is_durable && log.exists() {
            return;
        }
        let path = self.path.clone();
        if let Err(error) = self.finish() {
            tracing::warn!(path = %path.display(), %error, "chat.mark cannot be written");
        }
    }

    fn finish(mut self) -> io::Result<()> {
        self.mark.is_clean = true;
        (self.file, self.mark) = make(&self.path, self.mark)?;
        self.write()?;
        self.file.sync_all()
    }

    /// Writes the file, so that it says when it was changed last, by the system's own clock.
    fn write(&mut self) -> io::Result<()> {
        if self.file.metadata()?.nlink() == 0 {
            tracing::warn!(path = %self.path.display(), "chat.mark was deleted or replaced; a new one is made");
            (self.file, self.mark) = make(&self.path, self.mark.clone())?;
        }
        // For who finds it should this be the last that is done.
        self.put_changed(0)?;
        for _ in 0..3 {
            let before = Itself::of(&self.file.metadata()?).changed;
            self.put_changed(before)?;
            let after = Itself::of(&self.file.metadata()?).changed;
            if before.abs_diff(after) <= NEAR.unsigned_abs() / 2 {
                return Ok(());
            }
        }
        self.put_changed(0)
    }

    fn put_changed(&mut self, changed: i64) -> io::Result<()> {
        self.mark.file.changed = changed;
        self.file.write_all_at(&self.mark.encode(), 0)
    }
}

/// Makes the mark of a database that was put in `directory` and that nobody has open.
pub(super) fn adopt(directory: &Path, identity: String, count: u64) -> io::Result<()> {
    let path = directory.join(FILE_NAME);
    let mark = Mark {
        identity,
        count,
        is_clean: false,
        is_durable: true,
        boot: boot(),
        file: Itself::default(),
    };
    Marker::keep(path, mark, 0)?.finish()
}

/// Gives the database of `connection`, in the transaction that is open, a history of its own.
pub(super) fn begin_anew(connection: &Connection) -> rusqlite::Result<String> {
    let identity = renewal::new_identity(connection)?;
    store(connection, &identity, 1)?;
    Ok(identity)
}

/// The system's run; empty where that can't be told.
fn boot() -> String {
    let boot = std::fs::read_to_string(BOOT).unwrap_or_default();
    boot.trim().to_owned()
}

/// Has the database say what the mark does, after it was renewed where it is doubted.
fn begin_history(
    connection: &mut Connection,
    mark: &Mark,
    doubt: Option<Doubt>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    if let Some(doubt) = doubt {
        renewal::renew(&transaction, doubt.ends_logins())?;
    }
    store(&transaction, &mark.identity, mark.count)?;
    transaction.commit()
}

fn read(path: &Path) -> io::Result<Found> {
    // A file that can't be read is not one that is missing.
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        opened => opened?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(Found::Illegible);
    }
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, BYTES as u64), &mut bytes)?;
    Ok(match Mark::decode(&bytes) {
        Some(mark) => Found::Mark(mark, Itself::of(&metadata)),
        None => Found::Illegible,
    })
}

fn put(path: &Path, mark: &Mark) -> io::Result<()> {
    create_whole(path, &mark.encode())
}

/// Puts a new file in place, and says in `mark` which one it is.
fn make(path: &Path, mut mark: Mark) -> io::Result<(File, Mark)> {
    mark.file = Itself::default();
    put(path, &mark)?;
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    mark.file = Itself::of(&file.metadata()?);
    Ok((file, mark))
}

fn stored(connection: &Connection) -> rusqlite::Result<Option<Stored>> {
    connection
        .query_row("SELECT identity, count FROM mark", [], |row| {
            Ok(Stored {
                identity: row.get(0)?,
                count: row.get(1)?,
            })
        })
        .optional()
}

fn store(connection: &Connection, identity: &str, count: u64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM mark", [])?;
    connection
        .execute(
            "INSERT INTO mark (identity, count) VALUES (?1, ?2)",
            params![identity, count],
        )
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(count: u64) -> Mark {
        Mark {
            identity: "a".to_owned(),
            count,
            is_clean: false,
            is_durable: true,
            boot: "now".to_owned(),
            file: Itself {
                inode: 7,
                born: 5_000,
                changed: 9_000,
            },
        }
    }

    #[test]
    fn a_mark_says_what_it_was_given() {
        for boot in ["", "0b9e7f6c-6f2c-4b39-8f2c-0d3c1f7b1f11"] {
            let mark = Mark {
                identity: "0123456789abcdef".to_owned(),
                count: u64::MAX,
                boot: boot.to_owned(),
                file: Itself {
                    inode: u64::MAX,
                    born: i64::MAX,
                    changed: i64::MIN,
                },
                ..mark(0)
            };
            assert_eq!(Mark::decode(&mark.encode()), Some(mark));
        }
        for garbage in [&b""[..], b"chat-mark-1", &[0; BYTES], &[0xff; BYTES]] {
            assert_eq!(Mark::decode(garbage), None);
        }
    }

    #[test]
    fn only_what_may_have_lost_something_is_doubted() {
        let stored = |identity: &str, count| {
            let identity = identity.to_owned();
            Some(Stored { identity, count })
        };
        let check = |mark: Mark, stored: Option<Stored>, boot: &str, expected| {
            let found = Found::Mark(mark.clone(), super::tests::mark(0).file);
            let judged = judge(&found, stored.as_ref(), boot);
            assert_eq!(judged, expected, "{mark:?} {stored:?} {boot}");
        };
        let clean = Mark {
            is_clean: true,
            ..mark(5)
        };
        let relaxed = Mark {
            is_durable: false,
            ..mark(5)
        };
        // An end, a kill, a power loss.
        check(clean.clone(), stored("a", 5), "now", None);
        check(clean.clone(), stored("a", 6), "later", None);
        check(mark(5), stored("a", 5), "now", None);
        check(mark(5), stored("a", 6), "now", None);
        check(mark(5), stored("a", 99), "later", None);
        check(relaxed.clone(), stored("a", 5), "now", None);
        check(mark(0), None, "now", None);
        // A power loss that may take something.
        check(
            relaxed.clone(),
            stored("a", 5),
            "later",
            Some(Doubt::PowerLoss),
        );
        check(relaxed, stored("a", 5), "", Some(Doubt::PowerLoss));
        // Another file.
        check(mark(5), stored("a", 4), "later", Some(Doubt::Older));
        check(clean.clone(), stored("b", 9), "now", Some(Doubt::Another));
        check(clean.clone(), None, "now", Some(Doubt::Another));
        // The directory as a whole.
        let with = |mark: Mark, file| Mark { file, ..mark };
        let known = mark(0).file;
        let inode = Itself { inode: 8, ..known };
        let born = Itself {
            born: 4_000,
            ..known
        };
        let changed = Itself {
            changed: 2 * NEAR,
            ..known
        };
        // As some systems know it.
        let unborn = Itself { born: 0, ..changed };
        for file in [inode, born, unborn] {
            let copied = Some(Doubt::Copied);
            check(with(clean.clone(), file), stored("a", 5), "later", copied);
        }
        for file in [inode, born, changed, unborn] {
            let copied = Some(Doubt::Copied);
            check(with(mark(5), file), stored("a", 5), "now", copied);
        }
        check(with(mark(5), changed), stored("a", 5), "later", None);
        // Another owner or mode.
        check(with(clean.clone(), changed), stored("a", 5), "now", None);
        check(with(clean, Itself::default()), stored("a", 5), "now", None);
        assert_eq!(judge(&Found::Nothing, None, "now"), None);
        let stored = stored("a", 5);
        let judged = judge(&Found::Nothing, stored.as_ref(), "now");
        assert_eq!(judged, Some(Doubt::NoMark));
        let judged = judge(&Found::Illegible, stored.as_ref(), "now");
        assert_eq!(judged, Some(Doubt::Illegible));
    }
}
