//! The wall clock, as the contract counts time.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::entry::UnixMillis;

/// The time now. A clock set before 1970 counts as 1970.
pub fn now() -> UnixMillis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_millis() as UnixMillis)
}
