//! Which leaps of the wall clock are believed: pure, (what it shows, how long that took) to a time.
//!
//! A clock that is ahead makes everything old. So each leap ahead, whether the clock was set or the
//! server was off meanwhile, has to be there for a day before it counts; one that was taken back never
//! does. Going back only makes everything younger, and counts at once.

use crate::domain::entry::UnixMillis;

/// Milliseconds for which a leap has to be there.
const DAY: u64 = 24 * 60 * 60 * 1000;
/// For how long the server may have been off for that time to count towards earlier leaps: beyond it
/// the clock alone says so, and it may say anything.
const OFF: u64 = 2 * DAY;
/// By how many milliseconds the clock may differ from what the time that passed explains: it is slowed
/// and sped up a little all the time.
const SLACK: u64 = 2_000;
/// Leaps that are kept apart.
const LEAPS: usize = 32;

/// A leap ahead.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Leap {
    /// By so many milliseconds.
    by: u64,
    /// It has been there for so many milliseconds.
    age: u64,
}

/// What a look at the clock brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// It leapt ahead by so many milliseconds.
    Ahead(u64),
    /// It went back by so many.
    Back(u64),
    /// Leaps of so many milliseconds are believed from now on.
    Settled(u64),
}

/// What the clock showed, and the leaps that are not believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settling {
    pub seen: UnixMillis,
    /// The earliest first.
    pub leaps: Vec<Leap>,
}

impl Settling {
    /// The clock shows this, and is believed.
    pub fn begin(seen: UnixMillis) -> Self {
        Self {
            seen,
            leaps: Vec::new(),
        }
    }

    /// The time as far as it is believed.
    pub fn time(&self) -> UnixMillis {
        let ahead = self.leaps.iter().map(|leap| leap.by);
        ahead.fold(self.seen, UnixMillis::saturating_sub)
    }

    /// The server was off, nobody knows for how long, and the clock shows `time`.
    pub fn resume(&mut self, time: UnixMillis) -> Option<Noticed> {
        let off = time.saturating_sub(self.seen);
        let settled = self.age(if off <= OFF { off } else { 0 });
        self.show(time, self.seen).or(settled)
    }

    /// The clock shows `time`, and `elapsed` milliseconds have passed since it was looked at.
    pub fn look(&mut self, time: UnixMillis, elapsed: u64) -> Option<Noticed> {
        let settled = self.age(elapsed);
        self.show(time, self.seen.saturating_add(elapsed))
            .or(settled)
    }

    fn age(&mut self, by: u64) -> Option<Noticed> {
        for leap in &mut self.leaps {
            leap.age = leap.age.saturating_add(by);
        }
        let settled = self.leaps.extract_if(.., |leap| leap.age >= DAY);
        let settled = settled.fold(0, |sum: u64, leap| sum.saturating_add(leap.by));
        (settled > 0).then_some(Noticed::Settled(settled))
    }

    fn show(&mut self, time: UnixMillis, expected: UnixMillis) -> Option<Noticed> {
        self.seen = time;
        if let Some(by) = time.checked_sub(expected) {
            if by <= SLACK {
                return None;
            }
            self.leap(by);
            return Some(Noticed::Ahead(by));
        }
        let by = expected - time;
        if by <= SLACK {
            return None;
        }
        self.take_back(by);
        Some(Noticed::Back(by))
    }

    fn leap(&mut self, by: u64) {
        if self.leaps.len() >= LEAPS
            && let Some(last) = self.leaps.last_mut()
        {
            last.by = last.by.saturating_add(by);
            last.age = 0;
            return;
        }
        self.leaps.push(Leap { by, age: 0 });
    }

    /// The latest is the first to be taken back.
    fn take_back(&mut self, mut by: u64) {
        while let Some(last) = self.leaps.last_mut() {
            if last.by > by {
                last.by -= by;
                return;
            }
            by -= last.by;
            self.leaps.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 60 * 60 * 1000;
    const THEN: u64 = 20_000 * DAY;

    /// Looks once in an hour, `hours` times, at a clock that goes as it should.
    fn run(settling: &mut Settling, hours: u64) {
        for _ in 0..hours {
            settling.look(settling.seen + HOUR, HOUR);
        }
    }

    #[test]
    fn a_clock_that_goes_is_believed() {
        let mut settling = Settling::begin(THEN);
        assert_eq!(settling.resume(THEN), None);
        run(&mut settling, 100);
        assert_eq!(settling.time(), THEN + 100 * HOUR);
        // Not quite as it should.
        assert_eq!(settling.look(THEN + 101 * HOUR + 900, HOUR), None);
        assert_eq!(settling.look(THEN + 102 * HOUR - 900, HOUR), None);
        assert_eq!(settling.time(), THEN + 102 * HOUR - 900);
    }

    #[test]
    fn a_start_with_a_clock_that_is_ahead_changes_nothing_for_a_day() {
        let mut settling = Settling::begin(THEN);
        let ahead = Some(Noticed::Ahead(91 * DAY));
        assert_eq!(settling.resume(THEN + 91 * DAY), ahead);
        assert_eq!(settling.time(), THEN);
        run(&mut settling, 23);
        assert_eq!(settling.time(), THEN + 23 * HOUR);
        let settled = settling.look(settling.seen + HOUR, HOUR);
        assert_eq!(settled, Some(Noticed::Settled(91 * DAY)));
        assert_eq!(settling.time(), THEN + 92 * DAY);
    }

    #[test]
    fn a_leap_that_is_taken_back_never_was() {
        let mut settling = Settling::begin(THEN);
        settling.look(THEN + 91 * DAY, 0);
        run(&mut settling, 10);
        let back = settling.look(THEN + 10 * HOUR, 0);
        assert_eq!(back, Some(Noticed::Back(91 * DAY)));
        assert_eq!(settling, Settling::begin(THEN + 10 * HOUR));
        // Also where the server was off in between.
        settling.resume(THEN + 91 * DAY);
        settling.resume(THEN + 11 * HOUR);
        run(&mut settling, 100);
        assert_eq!(settling.time(), THEN + 111 * HOUR);
    }

    #[test]
    fn going_back_counts_at_once_and_coming_again_takes_a_day() {
        let mut settling = Settling::begin(THEN);
        settling.look(THEN - 30 * DAY, 0);
        assert_eq!(settling.time(), THEN - 30 * DAY);
        settling.look(THEN, 0);
        assert_eq!(settling.time(), THEN - 30 * DAY);
        run(&mut settling, 24);
        assert_eq!(settling.time(), THEN + DAY);
    }

    #[test]
    fn each_leap_has_a_day_of_its_own() {
        // A machine that sleeps for eight hours every night.
        let mut settling = Settling::begin(THEN);
        for _ in 0..100 {
            run(&mut settling, 16);
            settling.look(settling.seen + 8 * HOUR, 0);
        }
        assert_eq!(settling.time(), settling.seen - 16 * HOUR);
        assert_eq!(settling.leaps.len(), 2);
    }

    #[test]
    fn the_day_is_counted_over_restarts() {
        for off in [0, HOUR, 2 * DAY] {
            let mut settling = Settling::begin(THEN);
            settling.resume(THEN + 91 * DAY);
            for _ in 0..24 {
                run(&mut settling, 1);
                settling.resume(settling.seen + off);
            }
            let unsettled = settling.seen - settling.time();
            assert!(unsettled <= 24 * off.min(DAY), "{off}");
        }
        // A clock that goes on leaping is not believed.
        let mut settling = Settling::begin(THEN);
        for leap in 1..50 {
            settling.resume(THEN + leap * 91 * DAY);
        }
        assert_eq!(settling.time(), THEN);
        assert_eq!(settling.leaps.len(), LEAPS);
    }

    #[test]
    fn no_clock_overflows() {
        for start in [0, THEN, u64::MAX] {
            let mut settling = Settling::begin(start);
            for time in [u64::MAX, 0, THEN, u64::MAX, u64::MAX] {
                settling.resume(time);
                settling.look(time, u64::MAX);
                assert!(settling.time() <= settling.seen);
            }
        }
    }
}
