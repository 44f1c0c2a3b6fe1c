//! The time, by three clocks: the wall clock, as the contract counts it, which may be set; a steady one
//! that nobody sets, which tells how long something lasts; and a settled one, by which old things are
//! deleted.
//!
//! Owns what became of the wall clock while the program runs: so a time that was read from it before it
//! was set is still known for what it was.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::domain::entry::{Moment, UnixMillis};

/// The end of the year 9999, beyond which dates are not written any more.
const LATEST: UnixMillis = 253_402_300_799_999;
/// What the steady clock begins with at least: from where the wall clock stands in 1970, times before
/// that could not be told.
const EARLIEST: u64 = 30 * 365 * 24 * 60 * 60 * 1000;
/// Milliseconds by which the two clocks may come apart before the wall clock counts as set: it is
/// slowed and sped up a little all the time.
const DRIFT: u64 = 2_000;
/// How often it may be set before the earliest is forgotten.
const STEPS: usize = 64;

static CLOCK: LazyLock<Clock> = LazyLock::new(|| Clock::start(wall()));
/// What [`settle`] was told last; none at 0.
static SETTLED: AtomicU64 = AtomicU64::new(0);

/// The wall clock's time now. A clock set before 1970 counts as 1970, one beyond 9999 as its end.
pub fn now() -> UnixMillis {
    moment().time
}

/// The time now, by all clocks.
pub fn moment() -> Moment {
    let (time, steady) = (wall(), CLOCK.steady());
    CLOCK.note(time, steady);
    let settled = SETTLED.load(Ordering::Relaxed);
    Moment {
        time,
        steady,
        settled: match settled {
            0 => time,
            settled => settled.min(time),
        },
    }
}

/// When something happened, by the steady clock, that happened at `time` by the wall clock. What was
/// read from it before the program began, it began after.
pub fn steady_of(time: UnixMillis) -> u64 {
    CLOCK.history().steady_of(time, moment())
}

/// The earliest time that something may bear which happened within this span of time.
pub fn earliest_within(span: Duration) -> UnixMillis {
    let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    CLOCK.history().earliest_within(span, moment())
}

/// The wall clock's time as far as it is believed where something is deleted for its age
/// ([`Moment::settled`]).
pub fn settle(time: UnixMillis) {
    SETTLED.store(time.max(1), Ordering::Relaxed);
}

fn wall() -> UnixMillis {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since_1970.map_or(0, |since| since.as_millis());
    UnixMillis::try_from(millis).map_or(LATEST, |millis| millis.min(LATEST))
}

struct Clock {
    begun: Instant,
    begun_at: u64,
    /// How far the wall clock is ahead of the steady one, as last noted.
    offset: AtomicI64,
    history: Mutex<History>,
}

impl Clock {
    fn start(time: UnixMillis) -> Self {
        let begun_at = time.max(EARLIEST);
        let offset = ahead(time, begun_at);
        Self {
            begun: Instant::now(),
            begun_at,
            offset: AtomicI64::new(offset),
            history: Mutex::new(History::new(begun_at, offset)),
        }
    }

    fn steady(&self) -> u64 {
        let elapsed = self.begun.elapsed().as_millis();
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.begun_at.saturating_add(elapsed)
    }

    /// Most looks find both clocks as they were, and take no lock.
    fn note(&self, time: UnixMillis, steady: u64) {
        let offset = ahead(time, steady);
        if offset.abs_diff(self.offset.load(Ordering::Relaxed)) > DRIFT {
            self.offset.store(offset, Ordering::Relaxed);
            self.history().note(steady, offset);
        }
    }

    fn history(&self) -> std::sync::MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From when on the wall clock was ahead of the steady one by how much.
struct Step {
    from: u64,
    offset: i64,
}

/// How the wall clock went since the program began.
struct History {
    begun_at: u64,
    /// Each up to the next; never empty.
    steps: VecDeque<Step>,
}

impl History {
    fn new(begun_at: u64, offset: i64) -> Self {
        let from = begun_at;
        Self {
            begun_at,
            steps: VecDeque::from([Step { from, offset }]),
        }
    }

    fn note(&mut self, from: u64, offset: i64) {
        if self.steps.len() == STEPS {
            self.steps.pop_front();
        }
        self.steps.push_back(Step { from, offset });
    }

    /// Where the wall clock showed `time` twice, the first of them: nobody waits for longer than they
    /// were to. What it did not show since the program began is older than that, also where it is still
    /// to come: the clock was ahead then.
    fn steady_of(&self, time: UnixMillis, now: Moment) -> u64 {
        let ends = self.steps.iter().skip(1).map(|step| step.from);
        let spans = self.steps.iter().zip(ends.chain([now.steady]));
        let times = spans.filter_map(|(step, end)| {
            let steady = time.checked_add_signed(step.offset.checked_neg()?)?;
            // It was noted a little after it was set, and drifts.
            let shown = step.from.saturating_sub(DRIFT)..=end.saturating_add(DRIFT);
            let is_shown = shown.contains(&steady);
            is_shown.then_some(steady)
        });
        let before = || {
            let ahead = self.steps.back().map_or(0, |step| step.offset);
            let steady = i128::from(time) - i128::from(ahead);
            u64::try_from(steady).unwrap_or(0).min(self.begun_at)
        };
        times.min().unwrap_or_else(before).min(now.steady)
    }

    fn earliest_within(&self, span: u64, now: Moment) -> UnixMillis {
        let since = now.steady.saturating_sub(span);
        let ends = self.steps.iter().skip(1).map(|step| step.from);
        let spans = self.steps.iter().zip(ends.chain([u64::MAX]));
        let earliest = spans
            .filter(|(_, end)| *end > since)
            .map(|(step, _)| step.from.max(since).saturating_add_signed(step.offset));
        earliest
            .chain([now.time.saturating_sub(span)])
            .min()
            .unwrap_or(now.time)
            .saturating_sub(DRIFT)
    }
}

fn ahead(time: UnixMillis, steady: u64) -> i64 {
    i64::try_from(i128::from(time) - i128::from(steady)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;
    const START: u64 = 1_000 * MINUTE;

    fn at(time: u64, steady: u64) -> Moment {
        Moment {
            time,
            steady,
            settled: time,
        }
    }

    #[test]
    fn a_time_from_before_the_clock_was_set_is_known_for_what_it_was() {
        let mut history = History::new(START, 0);
        // Ten minutes after the start it is set back by half an hour.
        history.note(START + 10 * MINUTE, -30 * MINUTE as i64);
        let now = at(START - 15 * MINUTE, START + 15 * MINUTE);
        let check = |time, expected| assert_eq!(history.steady_of(time, now), expected, "{time}");
        check(START + 8 * MINUTE, START + 8 * MINUTE);
        check(START - 16 * MINUTE, START + 14 * MINUTE);
        // From before the start, and from nowhere.
        check(START - 60 * MINUTE, START - 30 * MINUTE);
        check(START + 90 * MINUTE, START);
        // Shown twice by then.
        let later = at(START + 20 * MINUTE, START + 50 * MINUTE);
        let found = history.steady_of(START + 5 * MINUTE, later);
        assert_eq!(found, START + 5 * MINUTE);
    }

    #[test]
    fn a_clock_that_was_right_before_the_program_began_with_a_wrong_one_counts() {
        // It begins 91 days ahead and is set right.
        let days = 91 * 24 * 60 * MINUTE;
        let mut history = History::new(START + days, 0);
        history.note(START + days + MINUTE, -(days as i64));
        let now = at(START + 2 * MINUTE, START + days + 2 * MINUTE);
        let hour_ago = history.steady_of(START - 58 * MINUTE, now);
        assert_eq!(hour_ago, now.steady - 60 * MINUTE);
    }

    #[test]
    fn what_happened_lately_may_bear_what_the_clock_showed_lately() {
        let mut history = History::new(START, 0);
        history.note(START + 10 * MINUTE, 30 * MINUTE as i64);
        let now = at(START + 42 * MINUTE, START + 12 * MINUTE);
        let earliest = history.earliest_within(5 * MINUTE, now);
        assert_eq!(earliest, START + 7 * MINUTE - DRIFT);
        let now = at(START + 50 * MINUTE, START + 20 * MINUTE);
        let earliest = history.earliest_within(5 * MINUTE, now);
        assert_eq!(earliest, START + 45 * MINUTE - DRIFT);
    }

    #[test]
    fn no_clock_overflows() {
        let extremes = [0, 1, EARLIEST, LATEST, u64::MAX];
        for start in extremes {
            for time in extremes {
                let clock = Clock::start(start);
                clock.note(time, clock.steady());
                let now = at(time, clock.steady());
                for asked in extremes {
                    let history = clock.history();
                    assert!(history.steady_of(asked, now) <= now.steady);
                    history.earliest_within(asked, now);
                }
            }
        }
    }

    #[test]
    fn the_steps_that_are_kept_are_bounded() {
        let mut history = History::new(START, 0);
        for step in 1..1_000 {
            history.note(START + step, step as i64);
        }
        assert_eq!(history.steps.len(), STEPS);
    }
}
