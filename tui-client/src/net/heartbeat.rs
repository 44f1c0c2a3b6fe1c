//! When to send a `ping`, what delay an answer shows, and when a line is dead. Pure: time comes in.

use std::time::{Duration, Instant};

/// Between an answer and the next ping.
const INTERVAL: Duration = Duration::from_secs(15);
/// How long a line may be silent after a ping.
const ANSWER: Duration = Duration::from_secs(20);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Nothing,
    Ping,
    Dead,
}

/// The signs of life of one line.
#[derive(Debug)]
pub(super) struct Heartbeat {
    heard: Instant,
    /// The ping that is not answered yet.
    pinged: Option<Instant>,
    next_ping: Instant,
}

impl Heartbeat {
    /// A line that is up since `now`; the first ping is due at once, to measure the delay.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            heard: now,
            pinged: None,
            next_ping: now,
        }
    }

    /// Something came.
    pub(super) fn hear(&mut self, now: Instant) {
        self.heard = now;
    }

    /// A `pong` came; the delay since its ping.
    pub(super) fn answer(&mut self, now: Instant) -> Option<Duration> {
        let pinged = self.pinged.take()?;
        self.next_ping = now + INTERVAL;
        Some(now.saturating_duration_since(pinged))
    }

    /// When [`Heartbeat::beat`] is due.
    pub(super) fn wake_at(&self) -> Instant {
        match self.pinged {
            Some(pinged) => pinged + ANSWER,
            None => self.next_ping,
        }
    }

    /// What is due now; for [`Beat::Ping`] the caller sends one. A line that brings other events but
    /// no answer is slow, not dead.
    pub(super) fn beat(&mut self, now: Instant) -> Beat {
        if now < self.wake_at() {
            return Beat::Nothing;
        }
        if self.pinged.is_some_and(|pinged| self.heard <= pinged) {
            return Beat::Dead;
        }
        self.pinged = Some(now);
        Beat::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn pings_follow_answers_and_measure() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start);
        assert_eq!(heartbeat.beat(start), Beat::Ping);
        assert_eq!(heartbeat.beat(start), Beat::Nothing);
        let answered = start + Duration::from_millis(23);
        heartbeat.hear(answered);
        assert_eq!(heartbeat.answer(answered), Some(Duration::from_millis(23)));
        assert_eq!(heartbeat.answer(answered), None);
        assert_eq!(heartbeat.wake_at(), answered + INTERVAL);
        assert_eq!(heartbeat.beat(start + seconds(15)), Beat::Nothing);
        assert_eq!(heartbeat.beat(answered + INTERVAL), Beat::Ping);
    }

    #[test]
    fn silence_after_a_ping_is_death() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start);
        heartbeat.beat(start);
        assert_eq!(heartbeat.beat(start + seconds(19)), Beat::Nothing);
        assert_eq!(heartbeat.beat(start + seconds(20)), Beat::Dead);
    }

    #[test]
    fn a_line_that_brings_other_events_is_alive() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start);
        heartbeat.beat(start);
        heartbeat.hear(start + seconds(12));
        assert_eq!(heartbeat.beat(start + seconds(20)), Beat::Ping);
        assert_eq!(heartbeat.beat(start + seconds(40)), Beat::Dead);
    }
}
