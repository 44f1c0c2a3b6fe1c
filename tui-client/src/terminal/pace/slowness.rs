//! Whether the line to the terminal is slow for more than a moment. Pure.

use std::time::{Duration, Instant};

/// So many answers in a row on a line that is full: it is slow.
const SLOW: u32 = 4;
/// A line is slow until it was quick for so long; each time that it is slow again, twice as long, so that
/// what its being slow takes off the screen does not come and go.
const QUICK: Duration = Duration::from_secs(30);
const QUICK_AT_MOST: Duration = Duration::from_secs(600);

/// Whether the line is slow for more than a moment.
#[derive(Debug)]
pub(super) struct Slowness {
    is_slow: bool,
    /// Answers in a row that say so.
    answers: u32,
    /// When one said so last.
    last: Option<Instant>,
    /// For how long none must, for the line to be quick again.
    quick: Duration,
}

impl Default for Slowness {
    fn default() -> Self {
        Self {
            is_slow: false,
            answers: 0,
            last: None,
            quick: QUICK,
        }
    }
}

impl Slowness {
    pub(super) fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// An answer came, on a line that is full or not.
    pub(super) fn note(&mut self, is_full: bool, now: Instant) {
        if is_full {
            self.answers += 1;
            self.last = Some(now);
            self.is_slow |= self.answers >= SLOW;
        } else {
            self.answers = 0;
            let is_over = self.last.is_none_or(|last| now >= last + self.quick);
            if self.is_slow && is_over {
                self.is_slow = false;
                self.quick = (self.quick * 2).min(QUICK_AT_MOST);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_slow_after_a_while_and_stays_so_for_a_while() {
        let mut slowness = Slowness::default();
        let start = Instant::now();
        let mut note = |is_full, seconds| {
            slowness.note(is_full, start + Duration::from_secs(seconds));
            slowness.is_slow()
        };
        // A hiccup is none.
        for _ in 0..3 {
            assert!(!note(true, 0));
        }
        assert!(!note(false, 1));
        for _ in 0..3 {
            assert!(!note(true, 2));
        }
        assert!(note(true, 2));
        assert!(note(true, 3));
        assert!(note(false, 32));
        assert!(!note(false, 33));
        // Slow again, it has to be quick for longer.
        for _ in 0..3 {
            note(true, 34);
        }
        assert!(note(true, 34));
        assert!(note(false, 93));
        assert!(!note(false, 94));
    }
}
