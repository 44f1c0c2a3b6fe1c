//! Lines: for each key, so many at once, and who comes later waits in order.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A line for each key that anybody is in.
pub(super) struct Lines<K> {
    lines: Mutex<HashMap<K, Arc<Semaphore>>>,
}

impl<K> Default for Lines<K> {
    fn default() -> Self {
        Self {
            lines: Mutex::default(),
        }
    }
}

/// A place at the head of a line; the next one's turn comes when this is dropped.
pub(super) struct Head<'a, K: Hash + Eq + Clone> {
    lines: &'a Lines<K>,
    key: K,
    permit: Option<OwnedSemaphorePermit>,
}

impl<K: Hash + Eq + Clone> Lines<K> {
    /// Waits in the line of `key`, at whose head there may always be `at_once`.
    pub(super) async fn wait(&self, key: K, at_once: usize) -> Head<'_, K> {
        let line = self
            .lock()
            .entry(key.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(at_once)))
            .clone();
        // Made before the wait, so that giving the wait up tidies the line up as well.
        let mut head = Head {
            lines: self,
            key,
            permit: None,
        };
        // Nobody closes it.
        head.permit = line.acquire_owned().await.ok();
        head
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<Semaphore>>> {
        self.lines.lock().expect("no holder of this lock panics")
    }

    /// Whether nobody is in any line.
    #[cfg(test)]
    pub(super) fn are_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl<K: Hash + Eq + Clone> Drop for Head<'_, K> {
    fn drop(&mut self) {
        self.permit = None;
        let mut lines = self.lines.lock();
        // Whoever else is in the line has a handle of their own, taken under this lock.
        if let Some(line) = lines.get(&self.key)
            && Arc::strong_count(line) == 1
        {
            lines.remove(&self.key);
        }
    }
}
