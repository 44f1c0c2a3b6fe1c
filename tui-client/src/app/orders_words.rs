//! What moderators did, as sentences: `erin muted bob for 10 min: spam`. Never the wire's names, never
//! 600 s. Pure; everything that others wrote is harmless when it leaves.

use chat_protocol::limits::{REASON_CHARS, TOPIC_CHARS, USERNAME_CHARS};
use chat_protocol::{AuditEntry, FilterAction, FilterEntry, FilterKind, MessageId, events};

use super::timeline::Author;
use crate::sanitize;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// What the log calls making somebody an administrator; no client's event does that.
const SET_ADMIN: &str = "setAdmin";
/// What the user is called.
const YOU: &str = "you";

/// An entry as a sentence; `me` is the user's own name.
pub(crate) fn audit_sentence(entry: &AuditEntry, me: &str) -> String {
    audit_sentence_with(entry, me, |_| None)
}

/// The same, where `author_of` knows who wrote some of the messages.
pub(crate) fn audit_sentence_with(
    entry: &AuditEntry,
    me: &str,
    author_of: impl Fn(&MessageId) -> Option<String>,
) -> String {
    let who = |name: &str| match Author::key_of(name) == Author::key_of(me) {
        true => YOU.to_owned(),
        // Somebody may be called so.
        false if *Author::key_of(name) == *YOU => quoted(name),
        false => sanitize::brief(name, USERNAME_CHARS),
    };
    let (actor, target) = (who(&entry.actor), who(&entry.target));
    let pattern = || quoted(&entry.target);
    let deed = match entry.action.as_str() {
        events::KICK => format!("kicked {target}"),
        events::MUTE => format!("muted {target}{}", duration(entry)),
        events::UNMUTE => format!("unmuted {target}"),
        events::BAN => match entry.until {
            None => format!("banned {target} {}", for_how_long(None)),
            Some(_) => format!("banned {target}{}", duration(entry)),
        },
        events::UNBAN => format!("unbanned {target}"),
        SET_ADMIN => format!("made {target} an administrator"),
        events::SET_MOD => format!("made {target} a moderator"),
        events::SET_VIP => format!("made {target} a VIP"),
        events::DEL_MOD => format!("made {target} an ordinary user again"),
        events::DELETE_MESSAGE => format!("deleted a message from {target}"),
        events::PURGE => format!("deleted all messages from {target}"),
        events::CLEAR => "deleted all messages in this room".to_owned(),
        // Says by itself what its reason is.
        events::SET_ROOM => {
            let changes = entry.reason.as_deref().unwrap_or_default();
            return format!("{actor} {}", room_changes(changes, author_of));
        }
        events::ADD_FILTER => format!("added the pattern {}", pattern()),
        events::REMOVE_FILTER => format!("removed the pattern {}", pattern()),
        events::ALLOW => format!("approved a message from {target}"),
        events::DENY => format!("rejected a message from {target}"),
        other => unknown(other, &target),
    };
    match entry
        .reason
        .as_deref()
        .map(|reason| sanitize::brief(reason, REASON_CHARS))
    {
        Some(reason) if !reason.trim().is_empty() => format!("{actor} {deed}: {reason}"),
        _ => format!("{actor} {deed}"),
    }
}

/// A pattern that is watched for: what becomes of a message that has it, and what it is, with its reason.
pub(crate) fn filter_words(entry: &FilterEntry) -> (&'static str, String) {
    let state = match entry.action {
        _ if entry.broken => "not working",
        FilterAction::Refuse => "blocked",
        FilterAction::Hold => "held",
    };
    let kind = match entry.kind {
        FilterKind::Word => "",
        FilterKind::Regex => "regex ",
    };
    let pattern = sanitize::brief(&entry.pattern, REASON_CHARS);
    let words = match entry.reason.as_deref() {
        None | Some("") => format!("{kind}{pattern}"),
        Some(reason) => {
            let reason = sanitize::brief(reason, REASON_CHARS);
            format!("{kind}{pattern} ({reason})")
        }
    };
    (state, words)
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

fn days(days: u64) -> String {
    match days {
        1 => "1 day".to_owned(),
        _ => format!("{days} days"),
    }
}

/// ` for 10 min`; nothing where the entry ends before it begins.
fn duration(entry: &AuditEntry) -> String {
    let millis = entry.until.and_then(|until| until.checked_sub(entry.time));
    match millis {
        Some(millis) if millis >= 500 => {
            format!(" {}", for_how_long(Some((millis + 500) / 1_000)))
        }
        _ => String::new(),
    }
}

/// An action of a later version: its name is a verb and its object, run together.
fn unknown(action: &str, target: &str) -> String {
    let mut words = String::new();
    for character in sanitize::brief(action, USERNAME_CHARS).chars() {
        if character.is_uppercase() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    match target {
        "" => format!("did this: {words}"),
        target => format!("did this to {target}: {words}"),
    }
}

/// What was changed of the room. The server names the changes one behind the other, the topic last, which
/// may be any text.
fn room_changes(changes: &str, author_of: impl Fn(&MessageId) -> Option<String>) -> String {
    let mut words = Vec::new();
    let mut rest = changes;
    while !rest.is_empty() {
        if let Some(topic) = rest.strip_prefix("topic ") {
            let topic = sanitize::brief(topic, TOPIC_CHARS);
            words.push(format!("set the topic to “{topic}”"));
            break;
        }
        let (change, after) = rest.split_once(", ").unwrap_or((rest, ""));
        words.push(room_change(change, &author_of));
        rest = after;
    }
    match words.split_last() {
        None => "changed the room".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

fn room_change(change: &str, author_of: &impl Fn(&MessageId) -> Option<String>) -> String {
    let slow = change.strip_prefix("slow mode ");
    let seconds = slow.and_then(|slow| slow.strip_suffix(" s")?.parse().ok());
    match (change, seconds) {
        (_, Some(seconds)) => format!("set slow mode to {}", lasting(seconds)),
        ("slow mode off", _) => "turned slow mode off".to_owned(),
        ("members only on", _) => "stopped new accounts from writing".to_owned(),
        ("members only off", _) => "let new accounts write again".to_owned(),
        ("nothing pinned", _) => "unpinned the message".to_owned(),
        ("no topic", _) => "removed the topic".to_owned(),
        _ => match change.strip_prefix("pinned ") {
            Some(id) => pinned(id, author_of),
            None => format!(
                "changed the room ({})",
                sanitize::brief(change, TOPIC_CHARS)
            ),
        },
    }
}

fn pinned(id: &str, author_of: &impl Fn(&MessageId) -> Option<String>) -> String {
    let author = MessageId::new(id).ok().and_then(|id| author_of(&id));
    match author {
        Some(author) => {
            let author = sanitize::brief(&author, USERNAME_CHARS);
            format!("pinned a message from {author}")
        }
        None => "pinned a message".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    format!("“{}”", sanitize::brief(text, TOPIC_CHARS))
}

#[cfg(test)]
mod tests;
