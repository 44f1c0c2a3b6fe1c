//! How fast messages come, for the status line: over the last ten seconds. Holds ten numbers, has no
//! clock.

use std::time::Duration;

/// Seconds that are looked back on.
const SECONDS: usize = 10;
/// A shown rate changes when the true one is a tenth of it away, and at least so much: a number that
/// flickers says nothing, and each change is written to the terminal.
const STEP: u32 = 1;

/// The messages of the last seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lately {
    /// Messages by the second, in a ring.
    counts: [u32; SECONDS],
    /// The second that is under way.
    second: u64,
    /// Messages per second, as shown.
    shown: u32,
}

impl Lately {
    /// A message came.
    pub(crate) fn count(&mut self, now: Duration) {
        self.go_to(now.as_secs());
        let place = self.place(self.second);
        self.counts[place] = self.counts[place].saturating_add(1);
    }

    /// Brings the shown rate up to date; true where it is another one now.
    pub(crate) fn refresh(&mut self, now: Duration) -> bool {
        self.go_to(now.as_secs());
        let sum: u32 = self
            .counts
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count));
        // The second that is under way is not over: half of it is counted as gone.
        let rate = sum.saturating_mul(2).div_ceil(2 * SECONDS as u32 - 1);
        let rate = if sum < SECONDS as u32 / 2 { 0 } else { rate };
        let step = STEP.max(self.shown / 10);
        let differs = rate.abs_diff(self.shown) > step || (rate == 0) != (self.shown == 0);
        if differs {
            self.shown = rate;
        }
        differs
    }

    /// Messages per second; 0 where it is not worth a word.
    pub(crate) fn per_second(&self) -> u32 {
        self.shown
    }

    /// When [`Lately::refresh`] may bring another rate though nothing comes; `None` where it can't.
    pub(crate) fn due(&self) -> Option<Duration> {
        let is_quiet = self.shown == 0 && self.counts.iter().all(|count| *count == 0);
        (!is_quiet).then(|| Duration::from_secs(self.second.saturating_add(1)))
    }

    /// Forgets the seconds that are too long ago.
    fn go_to(&mut self, second: u64) {
        // A clock that went back counts as standing still.
        let gone = second.saturating_sub(self.second);
        for passed in 1..=gone.min(SECONDS as u64) {
            let place = self.place(second - (passed - 1));
            self.counts[place] = 0;
        }
        self.second = self.second.max(second);
    }

    fn place(&self, second: u64) -> usize {
        (second % SECONDS as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_rate_is_that_of_ten_seconds() {
        let mut lately = Lately::default();
        assert_eq!(lately.due(), None);
        for millis in (0..20_000).step_by(50) {
            lately.count(at(millis));
        }
        assert!(lately.refresh(at(20_000)));
        assert!((19..=21).contains(&lately.per_second()), "{lately:?}");
        assert_eq!(lately.due(), Some(Duration::from_secs(21)));
        assert!(!lately.refresh(at(20_500)), "it does not flicker");
        lately.refresh(at(25_000));
        assert!((9..=12).contains(&lately.per_second()), "{lately:?}");
        assert!(lately.refresh(at(31_000)));
        assert_eq!((lately.per_second(), lately.due()), (0, None));
    }

    #[test]
    fn a_few_messages_are_not_worth_a_number() {
        let mut lately = Lately::default();
        for second in 0..4 {
            lately.count(at(second * 1_000));
        }
        assert!(!lately.refresh(at(4_000)));
        assert_eq!(lately.per_second(), 0);
        lately.count(at(4_000));
        assert!(lately.refresh(at(4_000)));
        assert_eq!(lately.per_second(), 1);
        // A second at a time, until all are forgotten.
        let mut second = 4;
        while let Some(due) = lately.due() {
            assert_eq!(due, at((second + 1) * 1_000));
            second += 1;
            lately.refresh(due);
        }
        assert!((13..=14).contains(&second), "{second}");
    }

    #[test]
    fn clocks_that_jump_do_no_harm() {
        let mut lately = Lately::default();
        lately.count(at(5_000));
        lately.count(at(1_000));
        lately.refresh(Duration::MAX);
        lately.count(Duration::MAX);
        lately.count(at(0));
        lately.refresh(at(0));
        assert_eq!(lately.per_second(), 0);
        for _ in 0..10 {
            lately.count(at(0));
        }
        lately.counts = [u32::MAX; SECONDS];
        lately.count(at(0));
        lately.refresh(at(0));
    }
}
