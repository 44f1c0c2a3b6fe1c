//! The write-ahead log's file: laid out before it is written to, and folded into the database beside
//! the writer, so that neither holds up a commit.
//!
//! A sync of a file that grows has to store its new size too; one that has its size already stores
//! what was written and no more. Checkpointing (a checkpoint) syncs both files, which takes many times as
//! long as a commit: a thread of its own does it while the writer goes on. What comes faster than
//! the thread can follow, the writer folds itself, since a log that is never folded to its end is never begun anew.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, DEFAULT_NAME, ErrorCode};

use super::TRY_AGAIN;
use super::inspection::with_suffix;
use super::words::SqliteError;

/// Pages in the log from which on it is folded.
const PAGES: i32 = 4000;
/// Pages in the log from which on the writer waits until what is being folded is.
const TOO_MANY: i32 = 4 * PAGES;
/// Bytes of the log's file from the beginning: those pages, and a seventh of them for what comes while
/// they are folded.
const RESERVED: u64 = 4600 * 4120;
/// How often the thread looks for what came meanwhile before it leaves the rest to the writer.
const PASSES: usize = 4;
/// For how long a reader may keep the log from being begun anew before that is told, and how long it is
/// until it is told again.
const PATIENCE: Duration = Duration::from_secs(5);
const TOLD_AGAIN: Duration = Duration::from_secs(10 * 60);
/// How often it is tried meanwhile whether the log can be begun anew, where nobody writes.
const TRIED: Duration = Duration::from_secs(20);
/// Bytes that a page takes in the log.
const PAGE: u64 = 4120;
/// Zeros that are written at once.
const PIECE: usize = 256 * 1024;

/// Where folding stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing is being folded.
    Idle,
    /// The thread is at it.
    Checkpointing,
    /// The thread is done, but the writer has added something meanwhile.
    Rest,
    /// It failed, and will be tried again a little later.
    Failed,
}

struct State {
    phase: Phase,
    /// Pages in the log.
    pages: i32,
    /// All of them are folded, so that the next commit begins the log anew, unless somebody reads it.
    is_checkpointed: bool,
    /// Somebody who reads keeps it from that.
    held: Option<Held>,
}

/// A log that goes on growing.
struct Held {
    since: Instant,
    told: Option<Instant>,
    tried: Instant,
}

/// What the log of the server says of that.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// It has been held for so long.
    Held(Duration),
    /// That is over.
    Over,
}

impl State {
    fn new() -> Self {
        Self {
            phase: Phase::Idle,
            pages: 0,
            is_checkpointed: false,
            held: None,
        }
    }

    /// A commit left the log with so many pages.
    fn committed(&mut self, pages: i32, now: Instant) -> Option<News> {
        let is_begun_anew = pages < self.pages;
        if self.is_checkpointed && !is_begun_anew && pages > self.pages {
            self.hold(now);
        }
        if pages != self.pages {
            self.is_checkpointed = false;
        }
        self.pages = pages;
        let held = self.held.take_if(|_| is_begun_anew)?;
        held.told.map(|_| News::Over)
    }

    /// So many of the pages in the log are folded while nobody writes.
    fn folded(&mut self, in_log: i32, folded: i32, now: Instant) {
        self.is_checkpointed = folded >= in_log && in_log >= self.pages;
        if folded < in_log {
            self.hold(now);
        }
    }

    fn hold(&mut self, now: Instant) {
        self.held.get_or_insert(Held {
            since: now,
            told: None,
            tried: now,
        });
    }

    /// What is to be told by now.
    fn news(&mut self, now: Instant) -> Option<News> {
        let held = self.held.as_mut()?;
        let is_due = match held.told {
            None => now >= held.since + PATIENCE,
            Some(told) => now >= told + TOLD_AGAIN,
        };
        (is_due && self.pages >= PAGES).then(|| {
            held.told = Some(now);
            News::Held(now - held.since)
        })
    }
}

struct Shared {
    state: Mutex<State>,
    /// The thread is done.
    done: Condvar,
}

impl Shared {
    /// For the thread.
    fn enter(&self, phase: Phase) {
        self.lock().phase = phase;
        self.done.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no holder of the folding's lock panics")
    }

    fn tell(&self, news: Option<News>, pages: i32) {
        match news {
            None => {}
            Some(News::Over) => {
                tracing::info!("the write-ahead log starts again from its beginning")
            }
            Some(News::Held(since)) => {
                let seconds = since.as_secs();
                let bytes = u64::try_from(pages).unwrap_or(0) * PAGE;
                tracing::warn!(
                    seconds,
                    megabytes = bytes / 1_000_000,
                    "something has been reading the database all this time, so the write-ahead log grows: \
                     end it (an open `sqlite3` shell, an export or a backup that hangs)"
                );
            }
        }
    }
}

/// The state of the log, for whoever watches it.
#[derive(Clone)]
pub(super) struct LogState(Arc<Shared>);

impl LogState {
    /// Whether it is time for a commit, in case that it begins the log at `path` anew.
    pub(super) fn wants_commit(&self, path: &Path) -> bool {
        let now = Instant::now();
        match &mut self.0.lock().held {
            // Each one makes the log longer yet.
            Some(held) if now < held.tried + TRIED => false,
            Some(held) => {
                held.tried = now;
                true
            }
            None => is_oversized(path),
        }
    }
}

/// Writes the log's file of the database at `path` out to its full size, with zeros, which SQLite
/// takes for the end of the log. Only where nobody adds to the log meanwhile: in a transaction.
pub(super) fn reserve(path: &Path) -> io::Result<()> {
    // SQLite, too, follows links before it lays files beside one.
    let path = with_suffix(&path.canonicalize()?, "-wal");
    let file = OpenOptions::new().append(true).open(path)?;
    let before = file.metadata()?.len();
    if let Err(error) = write_zeros(&file, RESERVED.saturating_sub(before)) {
        // What little space there is, others need more.
        file.set_len(before)?;
        return Err(error);
    }
    file.sync_all()
}

fn write_zeros(file: &File, bytes: u64) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(PIECE, file);
    io::copy(&mut io::repeat(0).take(bytes), &mut file)?;
    file.flush()
}

/// Has the file brought back to its full size, from what a large transaction made of it, when the log
/// is begun anew. For the writer's connection; it looks at the size then, and never otherwise.
pub(super) fn limit_size(writer: &Connection) -> rusqlite::Result<()> {
    let bytes = i64::try_from(RESERVED).unwrap_or(i64::MAX);
    writer.pragma_update(None, "journal_size_limit", bytes)
}

/// Whether the log of the database at `path` has more than its full size, which the next commits bring
/// it back to.
fn is_oversized(path: &Path) -> bool {
    let log = path.canonicalize().map(|path| with_suffix(&path, "-wal"));
    log.and_then(std::fs::metadata)
        .is_ok_and(|log| log.len() > RESERVED)
}

/// The writer's side of checkpointing.
pub(super) struct Checkpointing {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

impl Checkpointing {
    /// Folds what `writer` writes, by way of `connection`, which is to the same database.
    pub(super) fn start(writer: &mut Connection, connection: Connection) -> rusqlite::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new()),
            done: Condvar::new(),
        });
        let (wake, woken) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || fold_when_woken(&connection, &woken, &shared)
            })
            .expect("the system can start a thread");
        watch(writer, Arc::clone(&shared), wake)?;
        Ok(Self { shared, thread })
    }

    pub(super) fn state(&self) -> LogState {
        LogState(Arc::clone(&self.shared))
    }

    /// Folds what the thread left over; waits for it where the log gets too long. For the writer,
    /// after a commit.
    pub(super) fn finish(&self, writer: &Connection) {
        let is_to_wait =
            |state: &mut State| state.phase == Phase::Checkpointing && state.pages >= TOO_MANY;
        let mut state = self
            .shared
            .done
            .wait_while(self.shared.lock(), is_to_wait)
            .expect("no holder of the folding's lock panics");
        let is_held = state.held.is_some() && state.phase == Phase::Idle && !state.is_checkpointed;
        if state.phase == Phase::Rest || is_held {
            if let Some((in_log, folded)) = checkpoint(writer) {
                state.folded(in_log, folded, Instant::now());
            }
            state.phase = Phase::Idle;
        }
        let (news, pages) = (state.news(Instant::now()), state.pages);
        drop(state);
        self.shared.tell(news, pages);
    }

    /// Ends the thread, and with it its connection.
    pub(super) fn stop(self, writer: &mut Connection) {
        // The hook holds the only other end of the thread's channel.
        let none: Option<fn(&mut Wal, i32) -> rusqlite::Result<()>> = None;
        if let Err(error) = writer.wal_hook(none) {
            let error = SqliteError::from(error);
            tracing::error!(%error, "the checkpoint thread cannot be ended");
            return;
        }
        if self.thread.join().is_err() {
            tracing::error!("the checkpoint thread ended by a panic");
        }
    }
}

/// Wakes the thread after a commit that makes the log long. Takes the place of SQLite's own habit of
/// folding within such a commit.
fn watch(
    writer: &mut Connection,
    shared: Arc<Shared>,
    wake: SyncSender<()>,
) -> rusqlite::Result<()> {
    writer.wal_hook(Some(move |_: &mut Wal, pages: i32| {
        let mut state = shared.lock();
        let news = state.committed(pages, Instant::now());
        shared.tell(news, pages);
        if pages >= PAGES && state.phase == Phase::Idle && wake.try_send(()).is_ok() {
            state.phase = Phase::Checkpointing;
        }
        Ok(())
    }))
}

fn fold_when_woken(connection: &Connection, woken: &Receiver<()>, shared: &Shared) {
    while woken.recv().is_ok() {
        let next = fold_in_passes(connection, shared);
        shared.enter(next);
        if next == Phase::Failed {
            // Nobody sends anything meanwhile; but it may be time to end.
            if woken.recv_timeout(TRY_AGAIN) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
            shared.enter(Phase::Idle);
        }
    }
}

/// Each pass leaves what the writer added meanwhile, which is less each time. Only one that leaves
/// nothing syncs the database's file.
fn fold_in_passes(connection: &Connection, shared: &Shared) -> Phase {
    for _ in 0..PASSES {
        match checkpoint(connection) {
            Some((in_log, folded)) if folded >= in_log => {
                shared.lock().folded(in_log, folded, Instant::now());
                return Phase::Idle;
            }
            Some(_) => {}
            None => return Phase::Failed,
        }
    }
    Phase::Rest
}

/// Folds as much as nobody is reading, and says how many pages the log has and how many of them are
/// folded by now. Waits for nobody.
fn checkpoint(connection: &Connection) -> Option<(i32, i32)> {
    match connection.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::PASSIVE) {
        Ok(pages) => Some(pages),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            // Another process folds at this moment.
            None
        }
        Err(error) => {
            // Nothing is lost: what is in the log stays there, and the log grows.
            let error = SqliteError::from(error);
            tracing::warn!(%error, "the checkpoint of the write-ahead log failed");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::{Database, Durability, FILE_NAME};
    use super::*;

    fn log_of(directory: &Path) -> PathBuf {
        with_suffix(&directory.join(FILE_NAME), "-wal")
    }

    fn size_of_log(directory: &Path) -> u64 {
        log_of(directory).metadata().unwrap().len()
    }

    /// One transaction of some pages.
    async fn write_pages(database: &Database, pages: usize) {
        database
            .write(move |connection| {
                connection.execute_batch("CREATE TABLE IF NOT EXISTS t (b BLOB)")?;
                connection.execute("INSERT INTO t VALUES (randomblob(4096 * ?1))", [pages])
            })
            .await
            .unwrap();
    }

    async fn rows(database: &Database) -> usize {
        let count = |connection: &Connection| {
            connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        };
        database.read(count).await.unwrap()
    }

    #[tokio::test]
    async fn a_log_that_was_laid_out_holds_what_is_written_to_it() {
        let [directory, copy] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        write_pages(&database, 1).await;
        database.reserve_log().await;
        assert_eq!(size_of_log(directory.path()), RESERVED);
        for _ in 0..4 {
            write_pages(&database, 1).await;
        }
        assert_eq!(size_of_log(directory.path()), RESERVED);
        // As a crash would leave it.
        for file in [PathBuf::from(FILE_NAME), "chat.db-wal".into()] {
            std::fs::copy(directory.path().join(&file), copy.path().join(&file)).unwrap();
        }
        let found = Database::open(copy.path(), Durability::Full).unwrap();
        assert_eq!(rows(&found).await, 5);
    }

    #[tokio::test]
    async fn a_log_with_nothing_in_it_yet_is_no_damage() {
        let [directory, copy] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        database.close();
        std::fs::copy(
            directory.path().join(FILE_NAME),
            copy.path().join(FILE_NAME),
        )
        .unwrap();
        std::fs::write(log_of(copy.path()), vec![0; PIECE]).unwrap();
        let database = Database::open(copy.path(), Durability::Full).unwrap();
        write_pages(&database, 1).await;
        assert_eq!(rows(&database).await, 1);
    }

    #[tokio::test]
    async fn the_log_is_begun_anew_though_the_writer_never_rests() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path(), Durability::Relaxed).unwrap();
        let most = (i64::from(TOO_MANY) + 200) * 4120;
        let (rounds, each) = (400, 100);
        for _ in 0..rounds {
            write_pages(&database, each).await;
        }
        assert!(i64::try_from(size_of_log(directory.path())).unwrap() < most);
        assert_eq!(rows(&database).await, rounds);
    }

    #[test]
    fn a_log_that_is_not_begun_anew_is_told_of_now_and_then_and_that_it_is_over() {
        let start = Instant::now();
        let mut state = State::new();
        assert_eq!(state.committed(PAGES, start), None);
        // A reader is at an earlier place.
        state.folded(PAGES, 7, start);
        assert_eq!(state.news(start + PATIENCE / 2), None);
        let held = |since| Some(News::Held(since));
        assert_eq!(state.news(start + PATIENCE), held(PATIENCE));
        assert_eq!(state.news(start + TOLD_AGAIN), None);
        let later = PATIENCE + TOLD_AGAIN;
        assert_eq!(state.news(start + later), held(later));
        // It is at the end: all is folded, and the log goes on.
        state.folded(PAGES, PAGES, start + later);
        assert_eq!(state.committed(PAGES + 1, start + later), None);
        assert_eq!(state.committed(1, start + later), Some(News::Over));
        assert_eq!(state.committed(2, start + later), None);
        // One that begins only now.
        state.committed(PAGES, start + later);
        state.folded(PAGES, PAGES, start + later);
        state.committed(PAGES + 1, start + later);
        assert_eq!(state.news(start + later + PATIENCE), held(PATIENCE));
        // A short one is no news, nor is a short log.
        assert_eq!(State::new().news(start + later), None);
    }

    #[tokio::test]
    async fn a_reader_from_outside_holds_the_log_and_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path(), Durability::Relaxed).unwrap();
        write_pages(&database, 1).await;
        let reader = Connection::open(directory.path().join(FILE_NAME)).unwrap();
        let count = "SELECT count(*) FROM sqlite_schema";
        reader.execute_batch("BEGIN").unwrap();
        reader
            .query_row(count, [], |row| row.get::<_, i64>(0))
            .unwrap();
        let pages = usize::try_from(PAGES).unwrap();
        let began = Instant::now();
        let log = database.log.clone().unwrap();
        let is_held = || log.0.lock().held.is_some();
        while !is_held() {
            assert!(began.elapsed() < Duration::from_secs(30));
            write_pages(&database, pages).await;
        }
        drop(reader);
        while is_held() {
            assert!(began.elapsed() < Duration::from_secs(60));
            write_pages(&database, 1).await;
        }
    }

    #[tokio::test]
    async fn a_log_that_one_transaction_made_long_is_brought_back_to_its_size() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        database.reserve_log().await;
        write_pages(&database, 3 * usize::try_from(PAGES).unwrap()).await;
        assert!(size_of_log(directory.path()) > 2 * RESERVED);
        // Nobody writes any more.
        let shrinks = async {
            while size_of_log(directory.path()) != RESERVED {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let watched = tokio::time::timeout(Duration::from_secs(30), async {
            tokio::select! {
                () = database.watch() => {}
                () = shrinks => {}
            }
        });
        watched.await.unwrap();
    }

    #[tokio::test]
    async fn a_long_log_is_folded_while_nobody_writes_any_more() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path(), Durability::Relaxed).unwrap();
        let pages = usize::try_from(PAGES).unwrap();
        write_pages(&database, pages).await;
        let began = Instant::now();
        let size = || directory.path().join(FILE_NAME).metadata().unwrap().len();
        while size() < 4096 * pages as u64 {
            assert!(began.elapsed() < Duration::from_secs(30), "{}", size());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
