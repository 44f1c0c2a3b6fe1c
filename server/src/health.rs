//! Whether the store takes what it is given: set by who writes, read by who is asked.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// The outcome of the last attempt to store something.
#[derive(Debug, Default)]
pub struct Health {
    is_failing: AtomicBool,
    failed: Notify,
}

impl Health {
    /// Notes how an attempt went.
    pub fn note(&self, is_stored: bool) {
        let was_failing = self.is_failing.swap(!is_stored, Ordering::Relaxed);
        if !is_stored && !was_failing {
            self.failed.notify_one();
        }
    }

    /// True after a failure, until something is stored again.
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Waits until an attempt fails. For one waiter.
    pub async fn failing(&self) {
        while !self.is_failing() {
            self.failed.notified().await;
        }
    }
}
