//! Sentences: what happened, as lines of text. Pure. All that comes from others is made harmless here.

use chat_protocol::limits::{REASON_CHARS, TOPIC_CHARS, USERNAME_CHARS};
use chat_protocol::{
    AuditEntry, Code, FilterEntry, HeldEntry, Rank, RoomState, Sanction, Sanctions, User, Who,
    durations, events, rank_sign,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::filter_words;
use crate::sanitize;

/// Characters of a message that are said.
const CONTENT_CHARS: usize = 5_000;
/// Characters of a pattern that are said.
const PATTERN_CHARS: usize = 400;
/// Names that one line lists.
const NAMES: usize = 100;
/// What stands where a message has a new row.
const NEW_ROW: &str = " / ";

/// A line for a message.
#[derive(Debug)]
pub(super) struct MessageLine<'text> {
    pub(super) number: u64,
    /// Where there are several.
    pub(super) room: Option<&'text str>,
    pub(super) time: Option<String>,
    pub(super) author: &'text str,
    /// What it is besides: an answer, a mention.
    pub(super) about: &'text [String],
    pub(super) text: &'text str,
}

impl MessageLine<'_> {
    /// `41 [stream1] 14:01 malory (to 38 alice): text`.
    pub(super) fn line(&self) -> String {
        let mut line = self.number.to_string();
        if let Some(room) = self.room {
            line.push_str(&format!(" [{room}]"));
        }
        if let Some(time) = &self.time {
            line.push_str(&format!(" {time}"));
        }
        line.push_str(&format!(" {}", self.author));
        if !self.about.is_empty() {
            line.push_str(&format!(" ({})", self.about.join(", ")));
        }
        line.push_str(&format!(": {}", self.text));
        line
    }
}

/// A message's text on one row.
pub(super) fn one_row(content: &str) -> String {
    let rows = match content.char_indices().nth(CONTENT_CHARS) {
        None => sanitize::text(content),
        Some((end, _)) => sanitize::text(&content[..end]) + "…",
    };
    let rows = rows
        .split('\n')
        .map(str::trim)
        .filter(|row| !row.is_empty());
    rows.collect::<Vec<_>>().join(NEW_ROW)
}

/// A name to say: the display name, or the user name where there is nothing to see in it. One that
/// ends like the sign of a rank stands in quotes, so that the sign behind it is the server's.
pub(super) fn name(display_name: &str, username: &str) -> String {
    let shown = sanitize::brief(display_name, USERNAME_CHARS);
    let shown = match shown.trim().is_empty() {
        true => sanitize::brief(username, USERNAME_CHARS),
        false => shown,
    };
    match rank_sign(&shown) {
        Some(_) => format!("“{shown}”"),
        None => shown,
    }
}

/// A name with the sign of its rank.
pub(super) fn signed(name: &str, rank: Rank) -> String {
    let sign = match rank {
        Rank::Administrator => "@",
        Rank::Moderator => "+",
        Rank::Vip => "$",
        Rank::User => "",
    };
    format!("{name}{sign}")
}

/// A rank in a word.
pub(super) fn rank_word(rank: Rank) -> &'static str {
    match rank {
        Rank::Administrator => "administrator",
        Rank::Moderator => "moderator",
        Rank::Vip => "VIP",
        Rank::User => "user",
    }
}

/// A time on the user's clock: `14:01`, with its day where that is not today.
pub(super) fn time(millis: u64, now_millis: i64, zone: &TimeZone) -> String {
    let local = |millis: i64| {
        let timestamp = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
        zone.to_datetime(timestamp)
    };
    let (then, now) = (
        local(i64::try_from(millis).unwrap_or(i64::MAX)),
        local(now_millis),
    );
    let clock = format!("{:02}:{:02}", then.hour(), then.minute());
    match then.date() == now.date() {
        true => clock,
        false => format!("{} {clock}", then.date()),
    }
}

/// What a moderator did: `erin muted bob for 10 min: spam`.
pub(super) fn audit(entry: &AuditEntry) -> String {
    let actor = sanitize::brief(&entry.actor, USERNAME_CHARS);
    let target = sanitize::brief(&entry.target, PATTERN_CHARS);
    let mut words = format!("{actor} {}", deed(&entry.action, &target));
    if let Some(until) = entry.until {
        let millis = until.saturating_sub(entry.time);
        let seconds = millis.saturating_add(500) / 1_000;
        words.push_str(&format!(" for {}", durations::exact(seconds)));
    } else if entry.action == events::BAN {
        words.push_str(" for good");
    }
    with_reason(words, entry.reason.as_deref())
}

fn deed(action: &str, target: &str) -> String {
    match action {
        events::KICK => format!("kicked {target}"),
        events::MUTE => format!("muted {target}"),
        events::UNMUTE => format!("unmuted {target}"),
        events::BAN => format!("banned {target}"),
        events::UNBAN => format!("unbanned {target}"),
        "setAdmin" => format!("made {target} an administrator"),
        events::SET_MOD => format!("made {target} a moderator"),
        events::SET_VIP => format!("made {target} a VIP"),
        events::DEL_MOD => format!("made {target} an ordinary user"),
        events::DELETE_MESSAGE => format!("deleted a message from {target}"),
        events::PURGE => format!("deleted all messages from {target}"),
        events::CLEAR => "deleted all messages".to_owned(),
        events::SET_ROOM => "changed the room".to_owned(),
        events::ADD_FILTER => format!("blocked the pattern {target}"),
        events::REMOVE_FILTER => format!("unblocked the pattern {target}"),
        events::ALLOW => format!("allowed a message from {target}"),
        events::DENY => format!("denied a message from {target}"),
        // A newer server's: told as it came.
        other => format!("did {} {target}", sanitize::brief(other, USERNAME_CHARS)),
    }
}

/// The words with a reason behind them, where there is one.
pub(super) fn with_reason(words: String, reason: Option<&str>) -> String {
    match reason.map(|reason| sanitize::brief(reason, REASON_CHARS)) {
        Some(reason) if !reason.trim().is_empty() => format!("{words}: {reason}"),
        _ => words,
    }
}

/// What changed of a room's modes, each as a sentence; the pinned message is not among it.
pub(super) fn modes(before: &RoomState, after: &RoomState) -> Vec<String> {
    let mut changed = Vec::new();
    if before.slow_mode != after.slow_mode {
        changed.push(match after.slow_mode {
            0 => "slow mode is off now".to_owned(),
            seconds => format!(
                "slow mode is on: {} between messages",
                durations::exact(seconds)
            ),
        });
    }
    if before.members_only != after.members_only {
        changed.push(match after.members_only {
            true => "new accounts can't post now".to_owned(),
            false => "new accounts can post again".to_owned(),
        });
    }
    if before.topic != after.topic {
        let topic = sanitize::brief(&after.topic, TOPIC_CHARS);
        changed.push(match topic.trim() {
            "" => "there is no topic any more".to_owned(),
            topic => format!("the topic is: {topic}"),
        });
    }
    changed
}

/// A message that waits for a moderator: `h3 waits: eve: text (pattern)`.
pub(super) fn held(number: u64, author: &str, entry: &HeldEntry) -> String {
    let text = one_row(&entry.content);
    let pattern = sanitize::brief(&entry.pattern, PATTERN_CHARS);
    let why = with_reason(pattern, entry.reason.as_deref());
    format!("h{number} waits: {author}: {text} ({why})")
}

/// Something that is blocked.
pub(super) fn filter(entry: &FilterEntry) -> String {
    let (state, pattern) = filter_words(entry);
    format!("{state}: {pattern}")
}

/// Who is here.
pub(super) fn who(who: &Who) -> String {
    let members = who
        .members
        .iter()
        .map(|member| signed(&name(&member.display_name, &member.username), member.rank));
    let names = listed(members, who.members.len(), who.truncated);
    format!("{} here: {names}", who.count)
}

/// What is known of a user: a line each.
pub(super) fn user(user: &User, now_millis: i64, zone: &TimeZone) -> Vec<String> {
    let shown = name(&user.display_name, &user.username);
    let moment = |millis| time(millis, now_millis, zone);
    let here = match user.here {
        0 => "not here".to_owned(),
        1 => "here".to_owned(),
        connections => format!("here {connections} times"),
    };
    let messages = match user.messages {
        1 => "1 message".to_owned(),
        messages => format!("{messages} messages"),
    };
    let mut lines = vec![format!(
        "{shown}: {}, account since {}, {here}, {messages}",
        rank_word(user.rank),
        moment(user.created)
    )];
    for (what, sanction) in [("banned", &user.banned), ("muted", &user.muted)] {
        if let Some(sanction) = sanction {
            lines.push(format!("{shown} is {}", in_force(what, sanction, &moment)));
        }
    }
    for entry in &user.audit {
        lines.push(format!("{} {}", moment(entry.time), audit(entry)));
    }
    lines
}

/// Who is banned, muted and appointed: a line each.
pub(super) fn sanctions(sanctions: &Sanctions, now_millis: i64, zone: &TimeZone) -> Vec<String> {
    let moment = |millis| time(millis, now_millis, zone);
    let mut lines = Vec::new();
    for (what, list) in [("banned", &sanctions.banned), ("muted", &sanctions.muted)] {
        for one in list {
            let who = sanitize::brief(&one.username, USERNAME_CHARS);
            lines.push(format!(
                "{who} is {}",
                in_force(what, &one.sanction, &moment)
            ));
        }
    }
    for one in &sanctions.appointed {
        let who = sanitize::brief(&one.username, USERNAME_CHARS);
        lines.push(format!("{who} is {}", rank_word(one.rank)));
    }
    if lines.is_empty() {
        lines.push("nobody is banned, muted or appointed here".to_owned());
    }
    if sanctions.truncated {
        lines.push("and there are more".to_owned());
    }
    lines
}

fn in_force(what: &str, sanction: &Sanction, moment: &impl Fn(u64) -> String) -> String {
    let span = match sanction.until {
        Some(until) => format!("until {}", moment(until)),
        None => "for good".to_owned(),
    };
    let by = sanitize::brief(&sanction.by, USERNAME_CHARS);
    with_reason(format!("{what} {span} by {by}"), sanction.reason.as_deref())
}

fn listed(names: impl Iterator<Item = String>, count: usize, truncated: bool) -> String {
    let mut names: Vec<String> = names.take(NAMES).collect();
    let unnamed = count - names.len();
    match (unnamed, truncated) {
        (0, false) => {}
        (0, true) => names.push("and more".to_owned()),
        (unnamed, false) => names.push(format!("and {unnamed} more")),
        (unnamed, true) => names.push(format!("and more than {unnamed} more")),
    }
    names.join(", ")
}

/// A refusal: the server's words, with when to try again where they don't say it.
pub(super) fn refusal(error: &chat_protocol::ClientError) -> String {
    let words = sanitize::brief(&error.message, 2 * REASON_CHARS);
    match (error.retry_after, error.code) {
        (Some(seconds), _) if !words.contains(&durations::left(seconds)) => {
            format!("{words} (try again in {})", durations::left(seconds))
        }
        (None, Code::Unavailable) => format!("{words} (try again later)"),
        _ => words,
    }
}

#[cfg(test)]
mod tests;
