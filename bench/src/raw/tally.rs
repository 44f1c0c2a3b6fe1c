//! How many messages were sent and how many deliveries came: when everybody has caught up.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// The phase in which all settles.
pub(crate) const WARMING_UP: u64 = 0;
/// The phase whose messages are measured.
pub(crate) const MEASURED: u64 = 1;
/// How long nothing may come before what has not come is lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shared by who sends, who receives and who waits.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Rooms, each with its share of the messages.
    rooms: u64,
    /// Members that get each message.
    copies: u64,
    sent: AtomicU64,
    received: AtomicU64,
    pings: AtomicU64,
    phase: AtomicU64,
    is_closed: AtomicBool,
    caught_up: Notify,
}

impl Tally {
    /// Nothing sent, nothing received.
    pub(crate) fn new(rooms: u32, copies: u32) -> Self {
        Self {
            rooms: rooms.into(),
            copies: copies.into(),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            pings: AtomicU64::new(0),
            phase: AtomicU64::new(0),
            is_closed: AtomicBool::new(true),
            caught_up: Notify::new(),
        }
    }

    /// What is sent from now on counts for `phase`; who sends when its own came back, may.
    pub(crate) fn open(&self, phase: u64) {
        self.phase.store(phase, Ordering::Release);
        self.is_closed.store(false, Ordering::Release);
    }

    /// Nobody is to begin another message.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    /// Whether no message is to be begun.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// The phase that a message counts for.
    pub(crate) fn phase(&self) -> u64 {
        self.phase.load(Ordering::Acquire)
    }

    /// Counts messages, before they go out.
    pub(crate) fn count_sent(&self, messages: u64) {
        self.sent.fetch_add(messages, Ordering::AcqRel);
    }

    /// Counts deliveries, after all that they set off was counted.
    pub(crate) fn count_received(&self, deliveries: u64) {
        self.received.fetch_add(deliveries, Ordering::AcqRel);
        if self.has_all() {
            self.caught_up.notify_one();
        }
    }

    /// Counts a ping.
    pub(crate) fn count_ping(&self) {
        self.pings.fetch_add(1, Ordering::Relaxed);
    }

    /// Pings so far.
    pub(crate) fn pings(&self) -> u64 {
        self.pings.load(Ordering::Relaxed)
    }

    /// Messages so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Acquire)
    }

    /// Deliveries so far.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Acquire)
    }

    /// Messages of room `number` so far: message after message goes to the next room.
    pub(crate) fn sent_in(&self, number: usize) -> u64 {
        let before = self.rooms.saturating_sub(1 + number as u64);
        (self.sent() + before) / self.rooms
    }

    /// Waits until everybody has all that was sent. False where it does not come.
    pub(crate) async fn settle(&self) -> bool {
        while !self.has_all() {
            let before = self.received();
            let waited = timeout(PATIENCE, self.caught_up.notified()).await;
            if waited.is_err() && self.received() == before {
                return self.has_all();
            }
        }
        true
    }

    fn has_all(&self) -> bool {
        self.received() >= self.sent() * self.copies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_go_round_the_rooms() {
        let tally = Tally::new(3, 1);
        tally.count_sent(7);
        let shares: Vec<u64> = (0..3).map(|room| tally.sent_in(room)).collect();
        assert_eq!(shares, [3, 2, 2]);
    }

    #[tokio::test]
    async fn all_have_caught_up_once_each_member_has_each_message() {
        let tally = Tally::new(1, 3);
        assert!(tally.settle().await);
        tally.count_sent(2);
        tally.count_received(5);
        assert!(!tally.has_all());
        let (settled, ()) = tokio::join!(tally.settle(), async { tally.count_received(1) });
        assert!(settled);
    }
}
