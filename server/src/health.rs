//! Whether the store takes what it is given: set by who writes, read by who is asked.

use std::sync::atomic::{AtomicBool, Ordering};

/// The outcome of the last attempt to store something, and whether the store is damaged.
#[derive(Debug, Default)]
pub struct Health {
    is_failing: AtomicBool,
    is_damaged: AtomicBool,
}

impl Health {
    /// Notes how an attempt went; whether that is another outcome than the last one's.
    pub fn note(&self, is_stored: bool) -> bool {
        self.is_failing.swap(!is_stored, Ordering::Relaxed) == is_stored
    }

    /// Notes that what is stored contradicts itself, which nothing that is stored later mends.
    pub fn note_damage(&self) {
        if !self.is_damaged.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "the database is damaged, and some of it cannot be read or written: stop the server, \
                 run `chat-server check`, and restore a backup"
            );
        }
    }

    /// True after a failure, until something is stored again, and for good once there is damage.
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed) || self.is_damaged.load(Ordering::Relaxed)
    }
}
