//! A value that one thread changes and others wait for.
//!
//! Owns the deadline of every wait. Must not know what is waited for.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long a state may take to come about: far more than it needs on a slow, busy machine, so that
/// running out of it always means a fault.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A value, and a bell that rings when it has changed.
#[derive(Debug, Default)]
pub(crate) struct Watched<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watched<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
            changed: Condvar::new(),
        }
    }

    /// The value, to look at or to change; changes are announced by [`Watched::update`] only.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.value
            .lock()
            .expect("no holder of a watched value panics")
    }

    /// Changes the value and wakes whoever waits.
    pub(crate) fn update(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// What `probe` finds as soon as it finds something; `None` after `patience`.
    pub(crate) fn wait<R>(
        &self,
        patience: Duration,
        mut probe: impl FnMut(&T) -> Option<R>,
    ) -> Option<R> {
        let deadline = Instant::now() + patience;
        let mut value = self.lock();
        loop {
            if let Some(found) = probe(&value) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            value = self
                .changed
                .wait_timeout(value, left)
                .expect("no holder of a watched value panics")
                .0;
        }
    }
}
