//! What one thread's members have seen, to be put together at the end.

use std::time::Duration;

use super::tally::MEASURED;
use crate::check::Findings;
use crate::client::Posted;
use crate::measure::Latencies;

/// Positions of a room that are followed: far more than any run has messages.
const MOST: usize = 1 << 22;
/// Failures that are kept in words.
const WORDS: usize = 3;

/// When a message was sent, and when it last came to somebody; both 0 for one that is not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Journey {
    sent: u64,
    arrived: u64,
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// From sending to each receipt, of what is measured.
    pub(crate) latencies: Latencies,
    /// What was wrong with the messages.
    pub(crate) findings: Findings,
    /// Members that were thrown out, refused or sent what is no event.
    pub(crate) failed: u64,
    /// How the first of them fared.
    pub(crate) failures: Vec<String>,
    /// Bytes of the longest message's event.
    pub(crate) event_bytes: usize,
    /// Of each room, by position.
    journeys: Vec<Vec<Journey>>,
}

impl Observed {
    /// Of so many rooms.
    pub(super) fn of(rooms: usize) -> Self {
        Self {
            journeys: vec![Vec::new(); rooms],
            ..Self::default()
        }
    }

    /// Takes a message that came to a member of `room` at `now`.
    #[inline]
    pub(super) fn see(&mut self, room: usize, posted: &Posted, now: u64) {
        self.event_bytes = self.event_bytes.max(posted.bytes);
        let Some(stamp) = posted.stamp.filter(|stamp| stamp.phase == MEASURED) else {
            return;
        };
        let latency = now.saturating_sub(stamp.sent);
        self.latencies.record(Duration::from_nanos(latency));
        let Some(journeys) = self.journeys.get_mut(room) else {
            return;
        };
        let position = usize::try_from(posted.seq).unwrap_or(MOST);
        if position >= journeys.len() && position < MOST {
            journeys.resize(position + 1, Journey::default());
        }
        if let Some(journey) = journeys.get_mut(position) {
            journey.sent = stamp.sent;
            journey.arrived = journey.arrived.max(now);
        }
    }

    /// Notes that a member is of no use any more.
    pub(super) fn fail(&mut self, why: String) {
        self.failed += 1;
        if self.failures.len() < WORDS {
            self.failures.push(why);
        }
    }

    /// Takes what another thread's members saw.
    pub(super) fn merge(&mut self, other: Self) {
        self.latencies.merge(&other.latencies);
        self.findings += other.findings;
        self.failed += other.failed;
        let room_left = WORDS.saturating_sub(self.failures.len());
        self.failures
            .extend(other.failures.into_iter().take(room_left));
        self.event_bytes = self.event_bytes.max(other.event_bytes);
        for (own, others) in self.journeys.iter_mut().zip(other.journeys) {
            own.resize(own.len().max(others.len()), Journey::default());
            for (own, other) in own.iter_mut().zip(others) {
                own.sent = own.sent.max(other.sent);
                own.arrived = own.arrived.max(other.arrived);
            }
        }
    }

    /// Of each measured message, how long it took to the member who had it last.
    pub(crate) fn slowest(&self) -> Latencies {
        let mut slowest = Latencies::default();
        let journeys = self.journeys.iter().flatten();
        for journey in journeys.filter(|journey| journey.sent > 0) {
            let took = journey.arrived.saturating_sub(journey.sent);
            slowest.record(Duration::from_nanos(took));
        }
        slowest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::Stamp;

    fn posted(seq: u64, phase: u64) -> Posted {
        let stamp = Stamp {
            writer: 0,
            count: seq,
            phase,
            sent: 1_000_000,
        };
        Posted {
            seq,
            stamp: Some(stamp),
            bytes: 200,
        }
    }

    #[test]
    fn the_last_receipt_counts_over_all_threads() {
        let mut one = Observed::of(2);
        let mut other = Observed::of(2);
        one.see(0, &posted(1, 0), 9_000_000);
        one.see(0, &posted(2, 1), 3_000_000);
        one.see(0, &posted(2, 1), 2_000_000);
        other.see(0, &posted(2, 1), 5_000_000);
        other.see(1, &posted(1, 1), 2_000_000);
        other.fail("gone".to_owned());
        one.merge(other);
        let slowest = one.slowest();
        assert_eq!(slowest.count(), 2, "one of each room");
        assert!((slowest.longest() - 4.0).abs() < 0.01, "{slowest:?}");
        assert_eq!(one.latencies.count(), 4);
        assert_eq!((one.failed, one.failures.len()), (1, 1));
        // No position makes it take more memory than a run needs.
        one.see(0, &posted(u64::MAX, 1), 2_000_000);
        assert_eq!(one.slowest().count(), 2);
    }
}
