//! How fast a terminal's line is: what it holds, and what of it has arrived by when.
//!
//! Pure: the time is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Bytes that are on the way at most, besides those that the kernel holds for a terminal.
const BUFFER: usize = 4096;
/// A byte is not shown alone: what is due within this time is shown together.
const STEP: Duration = Duration::from_millis(2);

/// Bytes a second that a line carries to the terminal; none where it takes all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineSpeed(pub(crate) Option<u32>);

/// Bytes on their way to a terminal over a slow line.
#[derive(Debug)]
pub(super) struct Line {
    /// How long a byte takes.
    each: Duration,
    held: VecDeque<u8>,
    /// When the first of the held bytes began its way.
    began: Instant,
}

impl Line {
    /// An empty line that carries `speed` bytes a second.
    pub(super) fn new(speed: u32, now: Instant) -> Self {
        Self {
            each: Duration::from_secs(1) / speed.max(1),
            held: VecDeque::new(),
            began: now,
        }
    }

    /// How many bytes it takes now.
    pub(super) fn room(&self) -> usize {
        BUFFER.saturating_sub(self.held.len())
    }

    /// Takes bytes; more than there is room for is for the caller to avoid.
    pub(super) fn take(&mut self, bytes: &[u8], now: Instant) {
        if self.held.is_empty() {
            self.began = self.began.max(now);
        }
        self.held.extend(bytes);
    }

    /// The bytes that have arrived by `now`.
    pub(super) fn arrived(&mut self, now: Instant) -> Vec<u8> {
        let time = now.saturating_duration_since(self.began);
        let count = time.as_nanos() / self.each.as_nanos().max(1);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let count = count.min(self.held.len());
        self.began += self.each * u32::try_from(count).unwrap_or(u32::MAX);
        self.held.drain(..count).collect()
    }

    /// When to look again; `None` where nothing is on its way.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        (!self.held.is_empty()).then(|| (self.began + self.each).max(now + STEP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_arrive_at_the_lines_speed_whenever_it_is_looked_at() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let mut line = Line::new(1000, began);
        assert_eq!(line.due(at(0)), None);
        // A pause before is not saved up.
        line.take(&[b'x'; 100], at(500));
        assert_eq!(line.arrived(at(500)).len(), 0);
        assert_eq!(line.arrived(at(540)).len(), 40);
        line.take(&[b'y'; 50], at(550));
        assert_eq!(line.arrived(at(561)), b"x".repeat(21));
        assert_eq!(line.due(at(561)), Some(at(563)));
        assert_eq!(line.arrived(at(10_000)).len(), 89);
        assert_eq!(line.due(at(10_000)), None);
    }

    #[test]
    fn it_holds_no_more_than_its_buffer() {
        let began = Instant::now();
        let mut line = Line::new(10_000, began);
        assert_eq!(line.room(), BUFFER);
        line.take(&[0; 4000], began);
        assert_eq!(line.room(), 96);
        line.arrived(began + Duration::from_millis(100));
        assert_eq!(line.room(), 1096);
    }
}
