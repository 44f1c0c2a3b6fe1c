//! What moderators do, in words: before it is done, when it was done, and as the room's log tells it.
//! Never the wire's names, never 600 s. Pure; everything that others wrote is harmless when it leaves.

mod log;

use chat_protocol::limits::{REASON_CHARS, TOPIC_CHARS, USERNAME_CHARS};

pub(crate) use log::{audit_sentence, audit_sentence_with};

use crate::sanitize;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Names that a sentence gives; the rest is a number.
const NAMED: usize = 3;

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// For so many seconds.
    Mute(u64),
    Unmute,
    /// For so many seconds; for good without.
    Ban(Option<u64>),
    Unban,
    Kick,
    /// Delete the messages that were chosen.
    Delete,
    /// Delete all that somebody wrote.
    Purge,
    MakeModerator,
    MakeVip,
    MakeUser,
    Pin,
    Unpin,
    /// Seconds between messages; 0 is off.
    SlowMode(u64),
    /// New accounts may not write.
    MembersOnly(bool),
    /// Empty for none.
    Topic(String),
    /// No new accounts, and slow mode of so many seconds.
    Lock(u64),
    Unlock,
    /// Empty the room.
    Clear,
    /// Let held messages through.
    Approve,
    Reject,
    /// Block this pattern.
    Block(String),
    Unblock(String),
}

/// Something that is to be done, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doing {
    pub(crate) deed: Deed,
    /// To whom, or whose messages; as shown.
    pub(crate) people: Vec<String>,
    /// Messages that are deleted with it, or that it is about.
    pub(crate) messages: usize,
    /// The people were found by a text that all of them sent.
    pub(crate) sent_the_same: bool,
    pub(crate) reason: Option<String>,
}

/// Somebody to whom it could not be done, and why, in the server's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal<'order> {
    pub(crate) name: &'order str,
    pub(crate) words: &'order str,
}

impl Doing {
    /// A deed that is done to these people.
    pub(crate) fn to(deed: Deed, people: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            deed,
            people: people.into_iter().map(Into::into).collect(),
            messages: 0,
            sent_the_same: false,
            reason: None,
        }
    }
}

/// What a bar asks: `Ban 8 people who sent this, for good, and delete their 34 messages?`
pub(crate) fn order_question(doing: &Doing) -> String {
    let mut people = self::people(&doing.people);
    if doing.sent_the_same && doing.people.len() > 1 {
        people.push_str(" who sent this,");
    }
    let mut words = sentence(doing, &people, Tense::Ahead);
    if let (Some(reason), true) = (&doing.reason, takes_reason(&doing.deed)) {
        words = format!("{words}: {}", sanitize::brief(reason, REASON_CHARS));
    }
    capital(&words) + "?"
}

/// What the answer line says when it was done: `banned 8 people for good and deleted their 34 messages`;
/// and to whom it was not.
pub(crate) fn order_done(doing: &Doing, refused: &[Refusal<'_>]) -> String {
    let is_refused = |name: &String| refused.iter().any(|refusal| refusal.name == name);
    let mut done = doing.clone();
    done.people.retain(|name| !is_refused(name));
    let nobody = done.people.is_empty() && !refused.is_empty();
    let refusals = refusals(refused);
    if nobody {
        let ahead = sentence(doing, &people(&doing.people), Tense::Ahead);
        let why = refused.first().map_or("", |refusal| refusal.words);
        return match refused {
            [_] => format!("could not {ahead}: {}", said(why)),
            _ => format!("could not {ahead} ({refusals})"),
        };
    }
    let words = sentence(&done, &people(&done.people), Tense::Done);
    match refusals.as_str() {
        "" => words,
        refusals => format!("{words}; {refusals}"),
    }
}

/// How long something lasts, as people say it: `10 min`, `1 h 30 min`, `7 days`.
pub(crate) fn lasting(seconds: u64) -> String {
    // Under two minutes seconds say more; beyond, what the line takes is not worth a word.
    let seconds = match seconds {
        0..120 => seconds,
        120..DAY => (seconds + MINUTE / 2) / MINUTE * MINUTE,
        _ => (seconds.saturating_add(HOUR / 2)) / HOUR * HOUR,
    };
    let (days, hours, minutes) = (seconds / DAY, seconds / HOUR % 24, seconds / MINUTE % 60);
    match (days, hours, minutes) {
        (0, 0, 1) if seconds == MINUTE => "1 min".to_owned(),
        (0, 0, 0 | 1) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => self::days(days),
        (days, hours, _) => format!("{} {hours} h", self::days(days)),
    }
}

/// For how long a ban or a mute is: `for 10 min`, `for good`.
pub(crate) fn for_how_long(seconds: Option<u64>) -> String {
    seconds.map_or("for good".to_owned(), |seconds| {
        format!("for {}", lasting(seconds))
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tense {
    /// `ban`
    Ahead,
    /// `banned`
    Done,
}

impl Tense {
    /// A verb that ends regularly in `ed`, or with the ending `e` already in `d`.
    fn of(self, ahead: &'static str, done: &'static str) -> &'static str {
        match self {
            Tense::Ahead => ahead,
            Tense::Done => done,
        }
    }
}

/// The deed with its objects. `people` in words.
fn sentence(doing: &Doing, people: &str, tense: Tense) -> String {
    let messages = doing.messages;
    let make = tense.of("make", "made");
    let set = "set";
    match &doing.deed {
        Deed::Mute(seconds) => {
            let verb = tense.of("mute", "muted");
            let words = format!("{verb} {people} {}", for_how_long(Some(*seconds)));
            words + &with_messages(doing, tense)
        }
        Deed::Ban(seconds) => {
            let verb = tense.of("ban", "banned");
            let words = format!("{verb} {people} {}", for_how_long(*seconds));
            words + &with_messages(doing, tense)
        }
        Deed::Kick => {
            let words = format!("{} {people}", tense.of("kick", "kicked"));
            words.trim_end_matches(',').to_owned() + &with_messages(doing, tense)
        }
        Deed::Unmute => format!("{} {people}", tense.of("unmute", "unmuted")),
        Deed::Unban => format!("{} {people}", tense.of("unban", "unbanned")),
        Deed::Delete => {
            let verb = tense.of("delete", "deleted");
            format!("{verb} {} from {people}", counted(messages, "message"))
                .trim_end_matches(',')
                .to_owned()
        }
        Deed::Purge => format!(
            "{} all messages from {people}",
            tense.of("delete", "deleted")
        ),
        Deed::MakeModerator => format!("{make} {people} {}", role(doing, "moderator", "a")),
        Deed::MakeVip => format!("{make} {people} {}", role(doing, "VIP", "a")),
        Deed::MakeUser => format!(
            "{make} {people} {} again",
            role(doing, "ordinary user", "an")
        ),
        Deed::Pin => format!("{} a message from {people}", tense.of("pin", "pinned")),
        Deed::Unpin => format!("{} the message", tense.of("unpin", "unpinned")),
        Deed::SlowMode(0) => format!("{} slow mode off", tense.of("turn", "turned")),
        Deed::SlowMode(seconds) => format!("{set} slow mode to {}", lasting(*seconds)),
        Deed::MembersOnly(true) => {
            let verb = tense.of("stop", "stopped");
            format!("{verb} new accounts from writing")
        }
        Deed::MembersOnly(false) => "let new accounts write again".to_owned(),
        Deed::Topic(topic) if topic.trim().is_empty() => {
            format!("{} the topic", tense.of("remove", "removed"))
        }
        Deed::Topic(topic) => {
            format!(
                "{set} the topic to “{}”",
                sanitize::brief(topic, TOPIC_CHARS)
            )
        }
        Deed::Lock(seconds) => {
            let verb = tense.of("lock", "locked");
            let slow = lasting(*seconds);
            format!("{verb} the room (no new accounts, slow mode {slow})")
        }
        Deed::Unlock => format!("{} the room", tense.of("unlock", "unlocked")),
        Deed::Clear => {
            let verb = tense.of("delete", "deleted");
            format!("{verb} all messages in this room, for everybody")
        }
        Deed::Approve => {
            let verb = tense.of("approve", "approved");
            format!(
                "{verb} {} from {people}",
                counted(messages.max(1), "message")
            )
        }
        Deed::Reject => {
            let verb = tense.of("reject", "rejected");
            format!(
                "{verb} {} from {people}",
                counted(messages.max(1), "message")
            )
        }
        Deed::Block(pattern) => format!("{} {}", tense.of("block", "blocked"), quoted(pattern)),
        Deed::Unblock(pattern) => {
            format!("{} {}", tense.of("unblock", "unblocked"), quoted(pattern))
        }
    }
}

/// `, and delete their 34 messages`
fn with_messages(doing: &Doing, tense: Tense) -> String {
    if doing.messages == 0 {
        return String::new();
    }
    let comma = match doing.sent_the_same && tense == Tense::Ahead && doing.people.len() > 1 {
        true => ",",
        false => "",
    };
    let verb = tense.of("delete", "deleted");
    format!(
        "{comma} and {verb} their {}",
        counted(doing.messages, "message")
    )
}

fn role(doing: &Doing, role: &str, article: &str) -> String {
    match doing.people.len() {
        0 | 1 => format!("{article} {role}"),
        _ => format!("{role}s"),
    }
}

fn takes_reason(deed: &Deed) -> bool {
    matches!(
        deed,
        Deed::Mute(_) | Deed::Ban(_) | Deed::Kick | Deed::Reject | Deed::Block(_)
    )
}

/// `bob`, `bob and eve`, `8 people`.
fn people(names: &[String]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => name(one),
        [one, other] => format!("{} and {}", name(one), name(other)),
        more => format!("{} people", more.len()),
    }
}

/// `not eve: you may not do that`
fn refusals(refused: &[Refusal<'_>]) -> String {
    let Some(first) = refused.first() else {
        return String::new();
    };
    let names: Vec<String> = (refused.iter().take(NAMED))
        .map(|one| name(one.name))
        .collect();
    let names = match refused.len() - names.len() {
        0 => names.join(", "),
        rest => format!("{} and {rest} more", names.join(", ")),
    };
    let is_one = refused.iter().all(|one| one.words == first.words);
    match is_one {
        true => format!("not {names}: {}", said(first.words)),
        false => format!("not {names}: {} (F2 has the others)", said(first.words)),
    }
}

fn name(name: &str) -> String {
    sanitize::brief(name, USERNAME_CHARS)
}

fn said(words: &str) -> String {
    sanitize::brief(words, REASON_CHARS)
}

fn quoted(pattern: &str) -> String {
    format!("“{}”", sanitize::brief(pattern, TOPIC_CHARS))
}

fn days(days: u64) -> String {
    counted(usize::try_from(days).unwrap_or(usize::MAX), "day")
}

/// `1 message`, `34 messages`
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn capital(words: &str) -> String {
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_uppercase());
    first.into_iter().flatten().chain(characters).collect()
}

#[cfg(test)]
mod tests;
