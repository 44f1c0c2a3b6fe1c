//! Where patterns are made ready and long looks are taken: on two threads of their own, so that no
//! worker is held up, no reading thread of the database, and no short work by long.
//!
//! A room has one thing to do at a time and waits for its turn, so the turns go round among rooms.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

use rustix::process::setpriority_process;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use super::cache::{FilterCache, IDLE};
use crate::store::filters::{FiltersError, Outline};

/// Bytes that the small sets of patterns of all rooms take when they are ready, and those that the
/// large ones do, which have a budget of their own: rooms with much don't push out those with little.
pub(super) const BUDGET: usize = 32 * 1024 * 1024;
/// Characters of a small set's expressions, and of all its patterns. To make the worst of those ready
/// takes some milliseconds, of the others up to a quarter of a second.
const SMALL_EXPRESSIONS: usize = 400;
const SMALL: usize = 8 * 1024;
/// What a look at a text may cost that is taken at once (below 500 µs), and one that is short (some
/// milliseconds); see [`crate::domain::filter::Filter::cost`].
pub(super) const AT_ONCE: usize = 80_000;
const SHORT: usize = 1_000_000;
/// How much the thread for what takes long steps back behind all others.
const NICE: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// Both threads, and what they made.
pub(super) struct FilterWorkers {
    short: Worker,
    long: Worker,
}

/// A thread, started when there is something to do, and those who wait for it.
pub(super) struct Worker {
    is_long: bool,
    turn: Semaphore,
    jobs: OnceLock<SyncSender<Job>>,
    pub(super) cache: Arc<FilterCache>,
}

/// A turn on a thread.
pub(super) struct Turn<'a> {
    worker: &'a Worker,
    _permit: SemaphorePermit<'a>,
}

impl FilterWorkers {
    pub(super) fn new(budget: usize) -> Self {
        let worker = |is_long| Worker {
            is_long,
            turn: Semaphore::new(1),
            jobs: OnceLock::new(),
            cache: Arc::new(FilterCache::new(budget)),
        };
        Self {
            short: worker(false),
            long: worker(true),
        }
    }

    /// Where patterns of this outline are made ready.
    pub(super) fn for_compiling(&self, outline: Outline) -> &Worker {
        let is_small = outline.expressions <= SMALL_EXPRESSIONS && outline.chars <= SMALL;
        self.worker(is_small)
    }

    /// Where a look is taken that costs as much.
    pub(super) fn for_matching(&self, cost: usize) -> &Worker {
        self.worker(cost <= SHORT)
    }

    fn worker(&self, is_short: bool) -> &Worker {
        match is_short {
            true => &self.short,
            false => &self.long,
        }
    }
}

impl Worker {
    /// Waits for a turn. Whoever has one loads what is to be worked on, and not before: so what is
    /// worked on is never more than one for each thread.
    pub(super) async fn turn(&self) -> Turn<'_> {
        let permit = self.turn.acquire().await;
        Turn {
            worker: self,
            _permit: permit.expect("nobody closes the line"),
        }
    }

    fn jobs(&self) -> &SyncSender<Job> {
        self.jobs.get_or_init(|| {
            // One at most: whoever sends it has the turn.
            let (jobs, waiting) = sync_channel(1);
            let (cache, is_long) = (Arc::clone(&self.cache), self.is_long);
            std::thread::Builder::new()
                .name("filters".to_owned())
                .spawn(move || work(&waiting, &cache, is_long))
                .expect("the system can start a thread");
            jobs
        })
    }
}

impl Turn<'_> {
    /// Does `work` on the line's thread.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, FiltersError>
    where
        T: Send + 'static,
        W: FnOnce(Arc<FilterCache>) -> T + Send + 'static,
    {
        let (answer, done) = oneshot::channel();
        let cache = Arc::clone(&self.worker.cache);
        let job: Job = Box::new(move || {
            // Who went away does not need it.
            let _ = answer.send(work(cache));
        });
        let sent = self.worker.jobs().try_send(job);
        sent.map_err(|_| FiltersError::BrokeOff)?;
        done.await.map_err(|_| FiltersError::BrokeOff)
    }
}

fn work(jobs: &Receiver<Job>, cache: &FilterCache, is_long: bool) {
    if is_long && let Err(error) = setpriority_process(None, NICE) {
        tracing::debug!(%error, "the thread for long work on patterns runs like any other");
    }
    let mut is_empty = true;
    loop {
        // Nothing wakes it while there is nothing to drop.
        let job = match is_empty {
            true => jobs.recv().map_err(RecvTimeoutError::from),
            false => jobs.recv_timeout(IDLE / 5),
        };
        match job {
            Ok(job) => {
                let outcome: Result<(), Box<dyn Any + Send>> = catch_unwind(AssertUnwindSafe(job));
                if outcome.is_err() {
                    tracing::error!("work on a room's patterns broke off");
                }
                is_empty = false;
            }
            Err(RecvTimeoutError::Timeout) => is_empty = !cache.drop_idle(IDLE),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
