//! The connections for reading, and the threads' visits to them.
//!
//! A visit costs two wakes of a thread, some times what a short read takes. Short reads that are
//! asked for at about the same time share one: when thousands log in at once, that is most of them.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{spawn_blocking, yield_now};

use super::DatabaseError;
use super::words::{chain, is_damage, of_the_machine};
use crate::health::Health;

/// Short reads that share one visit at most: some milliseconds.
const VISIT: usize = 128;

/// A short read that waits for a visit.
trait Glance: Send {
    fn look(&mut self, connection: &Connection);
    /// Tells the caller what was found.
    fn finish(self: Box<Self>);
}

struct PendingRead<T, W> {
    work: Option<W>,
    found: Option<rusqlite::Result<T>>,
    reply: oneshot::Sender<rusqlite::Result<T>>,
}

impl<T, W> Glance for PendingRead<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn look(&mut self, connection: &Connection) {
        self.found = self.work.take().map(|work| work(connection));
    }

    fn finish(self: Box<Self>) {
        if let Some(found) = self.found {
            // A caller that went away does not care any more.
            let _ = self.reply.send(found);
        }
    }
}

#[derive(Default)]
struct Glances {
    waiting: Vec<Box<dyn Glance>>,
    /// A task takes care of those that wait.
    is_served: bool,
}

/// The connections for reading.
pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    batch: Mutex<Glances>,
    health: Arc<Health>,
}

impl Readers {
    /// `health` is told where the file turns out to be damaged.
    pub(super) fn new(connections: Vec<Connection>, health: Arc<Health>) -> Self {
        Self {
            health,
            permits: Arc::new(Semaphore::new(connections.len())),
            idle: Mutex::new(connections),
            batch: Mutex::default(),
        }
    }

    /// Runs `work` on a thread of its own, as soon as a connection is free.
    pub(super) async fn read<T, W>(self: &Arc<Self>, work: W) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| DatabaseError::Closed)?;
        let readers = Arc::clone(self);
        let task = spawn_blocking(move || {
            let connection = lock(&readers.idle).pop().ok_or(DatabaseError::Closed)?;
            let outcome = work(&connection);
            lock(&readers.idle).push(connection);
            drop(permit);
            readers.note(&outcome);
            outcome.map_err(DatabaseError::from)
        });
        task.await.map_err(|_| DatabaseError::Closed)?
    }

    /// The same for a `work` that takes microseconds, together with others like it.
    pub(super) async fn read_batched<T, W>(self: &Arc<Self>, work: W) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let pending = PendingRead {
            work: Some(work),
            found: None,
            reply,
        };
        let is_served = {
            let mut batch = lock(&self.batch);
            batch.waiting.push(Box::new(pending));
            mem::replace(&mut batch.is_served, true)
        };
        if !is_served {
            tokio::spawn(Arc::clone(self).serve());
        }
        let found = answer.await.map_err(|_| DatabaseError::Closed)?;
        self.note(&found);
        Ok(found?)
    }

    fn note<T>(&self, outcome: &rusqlite::Result<T>) {
        let Err(error) = outcome else {
            return;
        };
        if let Some(error) = of_the_machine(error) {
            tracing::error!(error, "the database could not be read");
        }
        if is_damage(error) {
            self.health.note_damage();
        }
    }

    /// Visits as long as somebody waits.
    async fn serve(self: Arc<Self>) {
        loop {
            // Whoever is about to ask is in time.
            yield_now().await;
            let Some(mut together) = self.take() else {
                return;
            };
            let visited = self.read(move |connection| {
                // Each statement would take and give back the file's locks for itself.
                let visit = connection.unchecked_transaction()?;
                together
                    .iter_mut()
                    .for_each(|pending| pending.look(connection));
                visit.finish()?;
                Ok(together)
            });
            match visited.await {
                Ok(together) => together.into_iter().for_each(|pending| pending.finish()),
                // Those who wait are told by what they wait for being dropped.
                Err(error) => {
                    tracing::error!(error = chain(&error), "a visit to the database failed");
                }
            }
        }
    }

    /// Those for the next visit; `None` where nobody waits, which ends the service.
    fn take(&self) -> Option<Vec<Box<dyn Glance>>> {
        let mut batch = lock(&self.batch);
        if batch.waiting.is_empty() {
            batch.is_served = false;
            return None;
        }
        let count = batch.waiting.len().min(VISIT);
        Some(batch.waiting.drain(..count).collect())
    }

    /// Lets nobody begin any more, and closes the connections that nobody uses.
    pub(super) fn close(&self) {
        self.permits.close();
        lock(&self.idle).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of a readers' lock panics")
}

#[cfg(test)]
mod tests {
    use super::super::{Database, Durability};
    use super::*;

    async fn number(database: &Database, number: i64) -> Result<i64, DatabaseError> {
        database
            .read_batched(move |connection| match number {
                2 => Err(rusqlite::Error::InvalidQuery),
                _ => connection.query_row("SELECT ?1", [number], |row| row.get(0)),
            })
            .await
    }

    #[tokio::test]
    async fn everybody_who_glances_has_an_answer_of_their_own() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        for _ in 0..2 {
            let (one, two, three) = tokio::join!(
                number(&database, 1),
                number(&database, 2),
                number(&database, 3)
            );
            assert_eq!((one.unwrap(), three.unwrap()), (1, 3));
            assert!(two.is_err());
        }
        let many = futures_util::future::join_all((10..500).map(|n| number(&database, n))).await;
        for (expected, found) in (10..500).zip(many) {
            assert_eq!(found.unwrap(), expected);
        }
        database.close();
        let late = number(&database, 1).await;
        assert!(matches!(late, Err(DatabaseError::Closed)));
    }

    #[tokio::test]
    async fn who_goes_away_holds_up_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        let gone = futures_util::FutureExt::now_or_never(number(&database, 1));
        assert!(gone.is_none());
        assert_eq!(number(&database, 3).await.unwrap(), 3);
    }
}
