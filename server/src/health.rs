//! Whether the store takes what it is given: set by who writes, read by who is asked.

use std::sync::atomic::{AtomicBool, Ordering};

/// The outcome of the last attempt to store something.
#[derive(Debug, Default)]
pub struct Health {
    is_failing: AtomicBool,
}

impl Health {
    /// Notes how an attempt went.
    pub fn note(&self, is_stored: bool) {
        self.is_failing.store(!is_stored, Ordering::Relaxed);
    }

    /// True after a failure, until something is stored again.
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }
}
