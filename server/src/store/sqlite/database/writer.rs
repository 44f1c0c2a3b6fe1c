//! The one thread that writes: it takes what is waiting, runs it in one transaction, and tells
//! everybody once that is on disk.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::setpriority_process;
use tokio::sync::{mpsc, oneshot};

use super::DatabaseError;
use super::mark::Marker;
use super::placement::{Misplaced, Placement};
use super::wal::Checkpointing;
use super::words::{chain, is_damage, of_the_machine};
use crate::health::Health;

/// Jobs that may wait. A job that finds no place waits outside: its caller is held up, not memory.
const QUEUE: usize = 1024;
/// Jobs that share one transaction at most, so that the first of them does not wait too long.
const BATCH: usize = 256;

/// While several callers share transactions, the next begins no sooner than after so many times what
/// the last one took, but not later than [`PACE`]: what comes meanwhile shares its sync, which costs as
/// much for one as for many. A caller who writes alone never waits.
const PACE_FACTOR: u32 = 8;
const PACE: Duration = Duration::from_millis(4);

/// How the system ranks the thread among others: 19 is the last, -20 the first, 0 the usual.
const NICE: i32 = -10;

/// One caller's piece of a transaction.
trait Job: Send {
    /// Runs the work inside the open transaction, which others may share. Where it fails, nothing of
    /// it stays.
    fn run(&mut self, connection: &Connection);
    /// Runs the work where it has the open transaction for itself; whether it succeeded. Where not,
    /// the transaction must not be committed.
    fn run_alone(&mut self, connection: &Connection) -> bool;
    /// Why the work failed, where it did.
    fn failure(&self) -> Option<&rusqlite::Error>;
    /// Tells the caller how the work and the commit went.
    fn finish(self: Box<Self>, committed: Result<(), DatabaseError>);
}

struct PendingJob<T, W> {
    work: Option<W>,
    outcome: Option<rusqlite::Result<T>>,
    reply: oneshot::Sender<Result<T, DatabaseError>>,
}

impl<T, W> Job for PendingJob<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) {
        if let Some(work) = self.work.take() {
            self.outcome = Some(isolated(connection, work));
        }
    }

    fn run_alone(&mut self, connection: &Connection) -> bool {
        self.outcome = self.work.take().map(|work| work(connection));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn failure(&self) -> Option<&rusqlite::Error> {
        self.outcome.as_ref()?.as_ref().err()
    }

    fn finish(self: Box<Self>, committed: Result<(), DatabaseError>) {
        let answer = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome.map_err(DatabaseError::from),
            (Ok(()), None) => Err(DatabaseError::Closed),
            (Err(error), _) => Err(error),
        };
        // A caller that went away does not care any more.
        let _ = self.reply.send(answer);
    }
}

/// Runs `work` in a savepoint of its own: where it fails, the others in the transaction stay whole.
fn isolated<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let outcome = work(connection);
    if connection.is_autocommit() {
        return outcome;
    }
    if outcome.is_err() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    outcome
}

/// The writer's handle.
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Begins to write. `health` is told how each transaction went.
    pub(super) fn start(
        connection: Connection,
        checkpointing: Checkpointing,
        mut placement: Placement,
        mut marker: Marker,
        health: Arc<Health>,
    ) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("database".to_owned())
            .spawn(move || {
                let files = (&mut placement, &mut marker);
                if write_all(connection, checkpointing, files, waiting, &health) {
                    marker.end();
                }
            })
            .expect("the system can start a thread");
        Self {
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
        }
    }

    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = PendingJob {
            work: Some(work),
            outcome: None,
            reply,
        };
        let jobs = self
            .jobs
            .lock()
            .expect("no holder of the writer's lock panics")
            .clone()
            .ok_or(DatabaseError::Closed)?;
        jobs.send(Box::new(job))
            .await
            .map_err(|_| DatabaseError::Closed)?;
        drop(jobs);
        answer.await.map_err(|_| DatabaseError::Closed)?
    }

    /// Lets the thread finish what is waiting, and waits for it.
    pub(super) fn close(&self) {
        drop(
            self.jobs
                .lock()
                .expect("no holder of the writer's lock panics")
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .expect("no holder of the writer's lock panics")
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the database thread ended by a panic");
        }
    }
}

/// Whether the database was closed, and is whole without its log.
fn write_all(
    mut connection: Connection,
    checkpointing: Checkpointing,
    (placement, marker): (&mut Placement, &mut Marker),
    mut waiting: mpsc::Receiver<Box<dyn Job>>,
    health: &Health,
) -> bool {
    take_precedence();
    let mut batch = Vec::new();
    let mut next: Option<Instant> = None;
    while let Some(first) = waiting.blocking_recv() {
        batch.push(first);
        gather(&mut batch, &mut waiting);
        if let Some(next) = next
            && batch.len() < BATCH
        {
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            gather(&mut batch, &mut waiting);
        }
        let began = Instant::now();
        let committed = commit(&connection, placement, marker, &mut batch);
        let pace = PACE.min(began.elapsed() * PACE_FACTOR);
        next = (batch.len() > 1).then(|| began + pace);
        note(health, &committed, &batch);
        for job in batch.drain(..) {
            job.finish(committed.clone());
        }
        checkpointing.finish(&connection);
    }
    let settled = marker.settle(&connection);
    checkpointing.stop(&mut connection);
    let closed = settled.and_then(|()| connection.close().map_err(|(_, error)| error));
    if let Err(error) = &closed {
        let error = chain(error);
        tracing::error!(error, "the database was not closed cleanly");
    }
    closed.is_ok()
}

/// Tells how it went, in the log as well.
fn note(health: &Health, committed: &Result<(), DatabaseError>, batch: &[Box<dyn Job>]) {
    let mut failures = batch.iter().filter_map(|job| job.failure());
    if failures.any(is_damage) || committed.as_ref().is_err_and(is_of_damage) {
        health.note_damage();
    }
    if committed.is_ok() {
        // Whose work failed alone; otherwise the commit says why.
        let failures = batch.iter().filter_map(|job| job.failure());
        for error in failures.filter_map(of_the_machine) {
            tracing::error!(error, "something was not stored");
        }
    }
    let is_news = health.note(committed.is_ok());
    match committed {
        Err(error) => tracing::error!(error = chain(error), "nothing was stored"),
        Ok(()) if is_news => tracing::info!("the database accepts writes again"),
        Ok(()) => {}
    }
}

fn is_of_damage(error: &DatabaseError) -> bool {
    matches!(error, DatabaseError::Sqlite(error) if error.is_damage())
}

/// Lets the system run this thread first where several want to: everybody waits for it, and it needs a
/// small part of what writing to the clients does. Where the server may not (it needs CAP_SYS_NICE, or
/// a limit for it), a busy machine lets messages wait some milliseconds longer.
fn take_precedence() {
    if let Err(error) = setpriority_process(None, NICE) {
        tracing::debug!(%error, "the database's thread runs like any other");
    }
}

/// Adds what is there already.
fn gather(batch: &mut Vec<Box<dyn Job>>, waiting: &mut mpsc::Receiver<Box<dyn Job>>) {
    while batch.len() < BATCH
        && let Ok(job) = waiting.try_recv()
    {
        batch.push(job);
    }
}

fn commit(
    connection: &Connection,
    placement: &mut Placement,
    marker: &mut Marker,
    batch: &mut [Box<dyn Job>],
) -> Result<(), DatabaseError> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let succeeded = run(connection, batch)?;
    let placed = placement.check();
    if placed.as_ref().is_err_and(Misplaced::is_overwritten) {
        marker.distrust();
    }
    if placed.is_err() || !succeeded {
        connection.execute_batch("ROLLBACK")?;
        return Ok(placed?);
    }
    let marked = marker.raise(connection);
    end(connection, marked)?;
    marker.committed();
    Ok(())
}

/// Runs the work; whether it is to be committed.
fn run(connection: &Connection, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<bool> {
    if let [alone] = batch {
        // Where it fails, its caller is told why.
        let succeeded = alone.run_alone(connection);
        return match connection.is_autocommit() {
            true => Err(rolled_back(alone.failure())),
            false => Ok(succeeded),
        };
    }
    for job in batch.iter_mut() {
        job.run(connection);
        // Some failures (a full disk) roll the whole transaction back at once. What ran before is
        // gone, and what would run now would be committed on its own.
        if connection.is_autocommit() {
            return Err(rolled_back(job.failure()));
        }
    }
    Ok(true)
}

/// Commits, where what came before went well.
fn end(connection: &Connection, before: rusqlite::Result<()>) -> rusqlite::Result<()> {
    let committed = before
        .and_then(|()| connection.prepare_cached("COMMIT"))
        .and_then(|mut statement| statement.execute([]));
    if committed.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    committed.map(drop)
}

/// Why SQLite rolled a transaction back by itself: what it said to the work that met it.
fn rolled_back(cause: Option<&rusqlite::Error>) -> rusqlite::Error {
    match cause {
        Some(rusqlite::Error::SqliteFailure(code, text)) => {
            rusqlite::Error::SqliteFailure(*code, text.clone())
        }
        _ => {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK);
            let text = "the transaction was rolled back".to_owned();
            rusqlite::Error::SqliteFailure(code, Some(text))
        }
    }
}
