//! One monotonic clock for all threads, so that a time can travel inside a message.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

static START: OnceLock<Instant> = OnceLock::new();

/// Nanoseconds since the first call in this process.
pub(crate) fn nanos() -> u64 {
    let elapsed = START.get_or_init(Instant::now).elapsed();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

/// The time since `earlier`, which [`nanos`] gave.
pub(crate) fn since(earlier: u64) -> Duration {
    Duration::from_nanos(nanos().saturating_sub(earlier))
}
