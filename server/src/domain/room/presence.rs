//! Who is told of comings and goings: each of them in a small room, a count now and then in a
//! large one.

use std::collections::BTreeSet;

use chat_protocol::limits::PRESENCE_FROM;
use chat_protocol::{Member, MemberChange, ServerEvent};

use super::{Effect, MemberId};

/// Milliseconds between two counts in a large room.
const INTERVAL: u64 = 1_000;

/// The listeners, and when they were last told a count. All times are by a clock that nobody sets, in
/// milliseconds.
#[derive(Default)]
pub(super) struct Presence {
    listeners: BTreeSet<MemberId>,
    told: Option<u64>,
    is_waiting: bool,
}

impl Presence {
    pub(super) fn add_listener(&mut self, id: MemberId) {
        self.listeners.insert(id);
    }

    pub(super) fn remove_listener(&mut self, id: MemberId) {
        self.listeners.remove(&id);
    }

    pub(super) fn joined(&mut self, member: Member, count: usize, now: u64) -> Vec<Effect> {
        self.changed(count, now, || {
            ServerEvent::Join(MemberChange { member, count })
        })
    }

    pub(super) fn left(&mut self, member: Member, count: usize, now: u64) -> Vec<Effect> {
        self.changed(count, now, || {
            ServerEvent::Leave(MemberChange { member, count })
        })
    }

    /// The room was woken to tell a count that had to wait.
    pub(super) fn wake(&mut self, count: usize, now: u64) -> Vec<Effect> {
        match std::mem::take(&mut self.is_waiting) {
            true => self.tell(count, now),
            false => Vec::new(),
        }
    }

    fn changed(
        &mut self,
        count: usize,
        now: u64,
        event: impl FnOnce() -> ServerEvent,
    ) -> Vec<Effect> {
        if self.listeners.is_empty() {
            return Vec::new();
        }
        if count < PRESENCE_FROM {
            return vec![Effect::Announce(self.listening(), event())];
        }
        if self.is_waiting {
            return Vec::new();
        }
        match self.told {
            Some(told) if now < told.saturating_add(INTERVAL) => {
                self.is_waiting = true;
                vec![Effect::WakeAt(told.saturating_add(INTERVAL))]
            }
            _ => self.tell(count, now),
        }
    }

    fn tell(&mut self, count: usize, now: u64) -> Vec<Effect> {
        self.told = Some(now);
        let event = ServerEvent::Presence(chat_protocol::Presence { count });
        vec![Effect::Announce(self.listening(), event)]
    }

    fn listening(&self) -> Vec<MemberId> {
        self.listeners.iter().copied().collect()
    }
}
