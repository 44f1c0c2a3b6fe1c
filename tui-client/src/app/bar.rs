//! The question that stands before anything that touches others: who, how many, how long. Its targets
//! are fixed when it opens; Enter on it does it. Pure: turns into the events to send, sends nothing.

use std::time::Duration;

use chat_protocol::limits::{BAN_SECONDS, MUTE_SECONDS};
use chat_protocol::{
    AddFilter, Ban, ClientEvent, HeldId, Kick, MessageId, Mute, RoomChange, durations,
};

use super::target::{Target, people};
use crate::link::RoomKey;
use crate::wrap::truncate;

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
/// Columns of a message's text, or of a reason, in a question.
const QUOTED: usize = 40;

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
    /// Messages of these people that were here when it opened.
    pub(crate) messages: usize,
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

    /// True where it can't be undone.
    fn is_final(&self) -> bool {
        matches!(
            self.deed,
            Deed::Kick | Deed::Delete | Deed::Purge | Deed::Clear | Deed::Allow(_) | Deed::Deny(_)
        )
    }

    /// What is asked, in one row: `Ban 8 people who sent this, for good, and delete their 34 messages?`
    pub(crate) fn question(&self) -> String {
        let mut words = self.deed_words();
        if !self.reason.is_empty() {
            words = format!("{words} Reason: {}.", truncate(&self.reason, QUOTED));
        }
        if self.is_final() {
            words = format!("{words} (final)");
        }
        words
    }

    fn deed_words(&self) -> String {
        let who = self.who();
        let quoted = self.quoted();
        match &self.deed {
            Deed::TimeOut | Deed::Ban => {
                let verb = if self.deed == Deed::Ban {
                    "Ban"
                } else {
                    "Time out"
                };
                // They can be taken back, what is deleted with them can't.
                let is_final = if self.deletes { " (final)" } else { "" };
                let (length, deletion) = (self.length_words(), self.deletion());
                format!("{verb} {who}{length}{deletion}{is_final}?")
            }
            Deed::Kick => format!("Kick {who} out of {}{}?", self.place, self.deletion()),
            Deed::Unmute => format!("Let {who} write again?"),
            Deed::Unban => format!("End the ban of {who}?"),
            Deed::SetMod => format!("Make {who} a moderator of {}?", self.place),
            Deed::SetVip => format!("Make {who} a VIP of {}?", self.place),
            Deed::DelMod => format!("Make {who} an ordinary user of {}?", self.place),
            Deed::Purge => format!("Delete all messages from {who} ({} here)?", self.messages),
            Deed::Delete if self.targets.len() > 1 => {
                format!("Delete {} messages from {who}?", self.targets.len())
            }
            Deed::Delete => format!("Delete a message from {who}{quoted}?"),
            Deed::Pin => format!("Pin a message from {who} in {}{quoted}?", self.place),
            Deed::Unpin => format!("Unpin the message in {}?", self.place),
            Deed::Clear => format!("Delete all messages in {}, for everybody?", self.place),
            Deed::Slow(0) => format!("End slow mode in {}?", self.place),
            Deed::Slow(seconds) => {
                let time = durations::exact(*seconds);
                format!("Let users in {} write once in {time}?", self.place)
            }
            Deed::MembersOnly(true) => format!("Let no new accounts write in {}?", self.place),
            Deed::MembersOnly(false) => format!("Let new accounts write in {} again?", self.place),
            Deed::Topic(topic) if topic.is_empty() => {
                format!("Remove the topic of {}?", self.place)
            }
            Deed::Topic(topic) => {
                let topic = crate::sanitize::line(topic);
                format!(
                    "Set the topic of {} to “{}”?",
                    self.place,
                    truncate(&topic, QUOTED)
                )
            }
            Deed::Lock => {
                let time = durations::exact(LOCKED_SLOW_MODE);
                format!("Lock {}: no new accounts, slow mode {time}?", self.place)
            }
            Deed::Unlock(_) => format!("Unlock {}?", self.place),
            Deed::AddFilter(filter) => {
                let pattern = crate::sanitize::line(&filter.pattern);
                let verb = match filter.action {
                    chat_protocol::FilterAction::Refuse => "Block",
                    chat_protocol::FilterAction::Hold => "Hold",
                };
                format!(
                    "{verb} messages with “{}” in {}?",
                    truncate(&pattern, QUOTED),
                    self.place
                )
            }
            Deed::RemoveFilter(pattern) => {
                let pattern = crate::sanitize::line(pattern);
                format!(
                    "Stop blocking “{}” in {}?",
                    truncate(&pattern, QUOTED),
                    self.place
                )
            }
            Deed::Allow(held) if held.len() > 1 => format!("Approve {} held messages?", held.len()),
            Deed::Allow(_) => format!("Approve the held message from {who}{quoted}?"),
            Deed::Deny(held) if held.len() > 1 => format!("Reject {} held messages?", held.len()),
            Deed::Deny(_) => format!("Reject the held message from {who}{quoted}?"),
            Deed::TakeBack { words, .. } => format!("Take back: {words}?"),
        }
    }

    /// True where those who sent the same are several.
    fn is_crowd(&self) -> bool {
        self.alike && people(&self.targets).len() > 1
    }

    /// `bob`, `bob and carol`, `8 people`.
    fn who(&self) -> String {
        let people = people(&self.targets);
        let words = match &people[..] {
            [] => "nobody".to_owned(),
            [one] => one.name.clone(),
            [one, other] if !self.alike => format!("{} and {}", one.name, other.name),
            more => format!("{} people", more.len()),
        };
        match self.is_crowd() {
            true => format!("{words} who sent this"),
            false => words,
        }
    }

    fn quoted(&self) -> String {
        let message = self.targets.first().and_then(|one| one.message.as_ref());
        let text = message.map(|message| message.text.as_str());
        text.or(self.held_text.as_deref())
            .map_or_else(String::new, |text| {
                format!(": “{}”", truncate(text, QUOTED))
            })
    }

    fn length_words(&self) -> String {
        match (self.length, &self.deed) {
            (Length::Seconds(seconds), _) => format!(" for {}", durations::exact(seconds)),
            (Length::Longest, Deed::TimeOut) => {
                format!(" for {}", durations::exact(MUTE_SECONDS))
            }
            (Length::Longest, _) => {
                let comma = if self.is_crowd() { "," } else { "" };
                format!("{comma} for good")
            }
        }
    }

    fn deletion(&self) -> String {
        if !(self.deletes && self.may_delete()) {
            return String::new();
        }
        let comma = if self.is_crowd() { "," } else { "" };
        let messages = match self.messages {
            0 => "all their messages".to_owned(),
            1 => "their 1 message".to_owned(),
            count => format!("their {count} messages"),
        };
        format!("{comma} and delete {messages}")
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

    /// What of it can be taken back, in words.
    pub(crate) fn done_for_now(&self) -> String {
        let kept = Self {
            deletes: false,
            ..self.clone()
        };
        kept.done()
    }

    /// What was done, in words: `banned 8 people for good, and deleted their 34 messages`.
    pub(crate) fn done(&self) -> String {
        let who = self.who();
        match &self.deed {
            Deed::TimeOut => format!("timed out {who}{}{}", self.length_words(), self.deleted()),
            Deed::Ban => format!("banned {who}{}{}", self.length_words(), self.deleted()),
            Deed::Kick => format!("kicked {who}{}", self.deleted()),
            Deed::Unmute => format!("{who} may write again"),
            Deed::Unban => format!("ended the ban of {who}"),
            Deed::SetMod => format!("made {who} a moderator"),
            Deed::SetVip => format!("made {who} a VIP"),
            Deed::DelMod => format!("made {who} an ordinary user"),
            Deed::Purge => format!("deleted all messages from {who}"),
            Deed::Delete if self.targets.len() > 1 => {
                format!("deleted {} messages from {who}", self.targets.len())
            }
            Deed::Delete => format!("deleted a message from {who}"),
            Deed::Pin => format!("pinned a message from {who}"),
            Deed::Unpin => "unpinned the message".to_owned(),
            Deed::Clear => format!("deleted all messages in {}", self.place),
            Deed::Slow(0) => "slow mode is off".to_owned(),
            Deed::Slow(seconds) => format!("slow mode is {}", durations::exact(*seconds)),
            Deed::MembersOnly(true) => "new accounts may not write".to_owned(),
            Deed::MembersOnly(false) => "new accounts may write".to_owned(),
            Deed::Topic(_) => "changed the topic".to_owned(),
            Deed::Lock => format!("locked {} (/unlock ends it)", self.place),
            Deed::Unlock(_) => format!("unlocked {}", self.place),
            Deed::AddFilter(filter) => {
                format!(
                    "“{}” is watched for",
                    crate::sanitize::line(&filter.pattern)
                )
            }
            Deed::RemoveFilter(pattern) => {
                format!(
                    "“{}” is no longer watched for",
                    crate::sanitize::line(pattern)
                )
            }
            Deed::Allow(held) if held.len() > 1 => format!("approved {} messages", held.len()),
            Deed::Allow(_) => format!("approved a message from {who}"),
            Deed::Deny(held) if held.len() > 1 => format!("rejected {} messages", held.len()),
            Deed::Deny(_) => format!("rejected a message from {who}"),
            Deed::TakeBack { words, .. } => format!("taken back: {words}"),
        }
    }

    fn deleted(&self) -> String {
        self.deletion().replacen("and delete", "and deleted", 1)
    }
}

/// The change that pins a message, or none.
pub(crate) fn pin(id: Option<MessageId>) -> RoomChange {
    RoomChange {
        pinned: Some(id),
        ..RoomChange::default()
    }
}
