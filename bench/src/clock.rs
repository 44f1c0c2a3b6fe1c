//! One monotonic clock for all threads and for the process that shows the limit, so that a time can
//! travel inside a message.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds on the machine's monotonic clock, the same in all processes.
pub(crate) fn nanos() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds * 1_000_000_000 + nanos
}

/// The time since `earlier`, which [`nanos`] gave.
pub(crate) fn since(earlier: u64) -> Duration {
    Duration::from_nanos(nanos().saturating_sub(earlier))
}
