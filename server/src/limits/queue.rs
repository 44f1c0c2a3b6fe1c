//! Lines: for each key, so many at once, and who comes later waits in order.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A line for each key that anybody is in.
pub(super) struct Queues<K> {
    queues: Mutex<HashMap<K, Arc<Semaphore>>>,
}

impl<K> Default for Queues<K> {
    fn default() -> Self {
        Self {
            queues: Mutex::default(),
        }
    }
}

/// A place at the head of a line; the next one's turn comes when this is dropped.
pub(super) struct QueueTurn<'a, K: Hash + Eq + Clone> {
    queues: &'a Queues<K>,
    key: K,
    permit: Option<OwnedSemaphorePermit>,
}

impl<K: Hash + Eq + Clone> Queues<K> {
    /// Waits in the line of `key`, at whose head there may always be `at_once`.
    pub(super) async fn wait(&self, key: K, at_once: usize) -> QueueTurn<'_, K> {
        let line = self
            .lock()
            .entry(key.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(at_once)))
            .clone();
        // Made before the wait, so that giving the wait up tidies the line up as well.
        let mut head = QueueTurn {
            queues: self,
            key,
            permit: None,
        };
        // Nobody closes it.
        head.permit = line.acquire_owned().await.ok();
        head
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<Semaphore>>> {
        self.queues.lock().expect("no holder of this lock panics")
    }

    /// Whether nobody is in any line.
    #[cfg(test)]
    pub(super) fn are_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl<K: Hash + Eq + Clone> Drop for QueueTurn<'_, K> {
    fn drop(&mut self) {
        self.permit = None;
        let mut queues = self.queues.lock();
        // Whoever else is in the queue has a handle of their own, taken under this lock.
        if let Some(line) = queues.get(&self.key)
            && Arc::strong_count(line) == 1
        {
            queues.remove(&self.key);
        }
    }
}
