//! The question that stands before anything that touches others: who, how many, how long. Its targets
//! are fixed when it opens; Enter on it does it. Pure: turns into the events to send, sends nothing.

mod words;

use std::time::Duration;

use chat_protocol::limits::{BAN_SECONDS, MUTE_SECONDS};
use chat_protocol::{AddFilter, Ban, ClientEvent, HeldId, Kick, MessageId, Mute, RoomChange};

use super::target::{Target, people};
use crate::link::RoomKey;

/// What a digit means on every bar, in seconds; 0 is the longest there is.
pub(crate) const DIGITS: [(char, u64, &str); 5] = [
    ('1', 60, "60s"),
    ('2', 600, "10m"),
    ('3', 3_600, "1h"),
    ('4', 86_400, "1d"),
    ('5', 604_800, "7d"),
];
/// How long emptying a room waits before Enter does it.
const COUNTDOWN: Duration = Duration::from_secs(3);

/// How long something lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Seconds(u64),
    /// The longest there is.
    Longest,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deed {
    TimeOut,
    Ban,
    Kick,
    Unmute,
    Unban,
    SetMod,
    SetVip,
    DelMod,
    /// All messages of these people.
    Purge,
    /// These messages.
    Delete,
    /// This message, at the top of the room.
    Pin,
    Unpin,
    /// All messages of the room.
    Clear,
    /// Seconds between messages; 0 is off.
    Slow(u64),
    MembersOnly(bool),
    Topic(String),
    /// No new accounts, and slow mode.
    Lock,
    /// What was there before the lock, or nothing of it.
    Unlock(RoomChange),
    AddFilter(AddFilter),
    RemoveFilter(String),
    /// These held messages go to the room.
    Allow(Vec<HeldId>),
    /// These do not.
    Deny(Vec<HeldId>),
    /// Something is undone: what it was, and what is sent for it.
    TakeBack {
        words: String,
        events: Vec<ClientEvent>,
    },
}

/// Slow mode while a room is locked, in seconds.
pub(crate) const LOCKED_SLOW_MODE: u64 = 30;

/// A question that is open.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) room: RoomKey,
    /// The room's label.
    pub(crate) place: String,
    pub(crate) deed: Deed,
    pub(crate) targets: Vec<Target>,
    /// The targets are those who sent the same text.
    pub(crate) alike: bool,
    /// Messages of these people that were here when it opened; the room may have more.
    pub(crate) messages: usize,
    pub(crate) has_more: bool,
    pub(crate) length: Length,
    /// Their messages go as well.
    pub(crate) deletes: bool,
    pub(crate) reason: String,
    /// What the held message says that it is about, harmless.
    pub(crate) held_text: Option<String>,
    /// When Enter begins to count.
    pub(crate) ready_at: Duration,
    /// What was typed to open it, to be put back where the answer is no.
    pub(crate) typed: Option<String>,
    /// The deed that it takes back, by its number.
    pub(crate) takes_back: Option<u64>,
}

impl Bar {
    /// A question about `targets`, with what each deed usually has.
    pub(crate) fn new(room: RoomKey, place: &str, deed: Deed, targets: Vec<Target>) -> Self {
        let length = match deed {
            Deed::Ban => Length::Longest,
            _ => Length::Seconds(600),
        };
        Self {
            room,
            place: place.to_owned(),
            deed,
            targets,
            alike: false,
            messages: 0,
            has_more: false,
            length,
            deletes: false,
            reason: String::new(),
            held_text: None,
            ready_at: Duration::ZERO,
            typed: None,
            takes_back: None,
        }
    }

    /// Makes Enter wait where the deed is one that should not be done by two quick keys.
    pub(crate) fn opened_at(mut self, now: Duration) -> Self {
        if self.deed == Deed::Clear {
            self.ready_at = now + COUNTDOWN;
        }
        self
    }

    /// True where the digits set how long it lasts.
    pub(crate) fn has_length(&self) -> bool {
        matches!(self.deed, Deed::TimeOut | Deed::Ban)
    }

    /// What the longest duration is called: a mute ends, however long it is.
    pub(crate) fn longest(&self) -> &'static str {
        match self.deed {
            Deed::TimeOut => "14d",
            _ => "for good",
        }
    }

    /// True where `a` decides about the messages of these people.
    pub(crate) fn may_delete(&self) -> bool {
        matches!(self.deed, Deed::TimeOut | Deed::Ban | Deed::Kick)
    }

    /// True where a reason can be given.
    pub(crate) fn has_reason(&self) -> bool {
        matches!(
            self.deed,
            Deed::TimeOut | Deed::Ban | Deed::Kick | Deed::Deny(_) | Deed::AddFilter(_)
        )
    }

    /// Takes a digit; false where it means nothing here.
    pub(crate) fn set_length(&mut self, digit: char) -> bool {
        if !self.has_length() {
            return false;
        }
        let known = DIGITS.iter().find(|(known, ..)| *known == digit);
        self.length = match (digit, known) {
            ('0', _) => Length::Longest,
            (_, Some((_, seconds, _))) => Length::Seconds(*seconds),
            _ => return false,
        };
        true
    }

    /// When the newest of the messages was posted, milliseconds since 1970, UTC.
    pub(crate) fn newest(&self) -> Option<i64> {
        let messages = self.targets.iter().filter_map(|one| one.message.as_ref());
        messages.map(|message| message.unix_millis).max()
    }

    /// What is to be sent, in this order.
    pub(crate) fn events(&self) -> Vec<ClientEvent> {
        let people = people(&self.targets);
        let each = |make: &dyn Fn(chat_protocol::Username) -> ClientEvent| -> Vec<ClientEvent> {
            people
                .iter()
                .map(|one| make(one.username.clone()))
                .collect()
        };
        let reason = (!self.reason.is_empty()).then(|| self.reason.clone());
        let change = |change: RoomChange| vec![ClientEvent::SetRoom(change)];
        let mut events = match &self.deed {
            Deed::TimeOut => each(&|username| {
                ClientEvent::Mute(Mute {
                    username,
                    duration: self.seconds().unwrap_or(MUTE_SECONDS),
                    reason: reason.clone(),
                })
            }),
            Deed::Ban => each(&|username| {
                ClientEvent::Ban(Ban {
                    username,
                    duration: self.seconds(),
                    reason: reason.clone(),
                })
            }),
            Deed::Kick => each(&|username| {
                ClientEvent::Kick(Kick {
                    username,
                    reason: reason.clone(),
                })
            }),
            Deed::Unmute => each(&|username| ClientEvent::Unmute { username }),
            Deed::Unban => each(&|username| ClientEvent::Unban { username }),
            Deed::SetMod => each(&|username| ClientEvent::SetMod { username }),
            Deed::SetVip => each(&|username| ClientEvent::SetVip { username }),
            Deed::DelMod => each(&|username| ClientEvent::DelMod { username }),
            Deed::Purge => each(&|username| ClientEvent::Purge { username }),
            Deed::Delete => self
                .ids()
                .map(|id| ClientEvent::DeleteMessage { id })
                .collect(),
            Deed::Pin => self
                .ids()
                .take(1)
                .flat_map(|id| change(pin(Some(id))))
                .collect(),
            Deed::Unpin => change(pin(None)),
            Deed::Clear => vec![ClientEvent::Clear],
            Deed::Slow(seconds) => change(RoomChange {
                slow_mode: Some(*seconds),
                ..RoomChange::default()
            }),
            Deed::MembersOnly(on) => change(RoomChange {
                members_only: Some(*on),
                ..RoomChange::default()
            }),
            Deed::Topic(topic) => change(RoomChange {
                topic: Some(topic.clone()),
                ..RoomChange::default()
            }),
            Deed::Lock => change(RoomChange {
                slow_mode: Some(LOCKED_SLOW_MODE),
                members_only: Some(true),
                ..RoomChange::default()
            }),
            Deed::Unlock(before) => change(before.clone()),
            Deed::AddFilter(filter) => vec![ClientEvent::AddFilter(AddFilter {
                reason: reason.or_else(|| filter.reason.clone()),
                ..filter.clone()
            })],
            Deed::RemoveFilter(pattern) => vec![ClientEvent::RemoveFilter {
                pattern: pattern.clone(),
            }],
            Deed::Allow(held) => held
                .iter()
                .map(|id| ClientEvent::Allow { id: id.clone() })
                .collect(),
            Deed::Deny(held) => held
                .iter()
                .map(|id| ClientEvent::Deny {
                    id: id.clone(),
                    reason: reason.clone(),
                })
                .collect(),
            Deed::TakeBack { events, .. } => events.clone(),
        };
        if self.deletes && self.may_delete() {
            events.extend(each(&|username| ClientEvent::Purge { username }));
        }
        events
    }

    /// Seconds; `None` for good.
    fn seconds(&self) -> Option<u64> {
        match self.length {
            Length::Seconds(seconds) => Some(match self.deed {
                Deed::TimeOut => seconds.min(MUTE_SECONDS),
                _ => seconds.min(BAN_SECONDS),
            }),
            Length::Longest => None,
        }
    }

    fn ids(&self) -> impl Iterator<Item = MessageId> {
        let messages = self.targets.iter().filter_map(|one| one.message.as_ref());
        messages.map(|message| message.id.clone())
    }
}

/// The change that pins a message, or none.
pub(crate) fn pin(id: Option<MessageId>) -> RoomChange {
    RoomChange {
        pinned: Some(id),
        ..RoomChange::default()
    }
}
