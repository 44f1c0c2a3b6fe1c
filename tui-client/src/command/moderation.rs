//! The commands that keep a room in order: from what was typed to what is to be sent, or to one
//! sentence that says what would be right. Pure; knows no room and no message.

use chat_protocol::limits::{
    BAN_SECONDS, MUTE_SECONDS, REASON_CHARS, SLOW_MODE_SECONDS, TOPIC_CHARS,
};
use chat_protocol::{
    AddFilter, AuditRequest, Ban, ClientEvent, FilterAction, FilterKind, HeldId, Kick, Mute,
    RoomChange, Username, durations,
};

use super::CommandError;

/// Lines that `/audit` shows: about as many as a screen holds.
const AUDIT_LINES: u64 = 20;

/// What a moderator asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Order {
    /// This, as it is.
    Send(ClientEvent),
    /// Pick the newest message of a user out, to be deleted; of anybody without a name.
    Delete(Option<Username>),
    /// The same, to be pinned.
    Pin(Option<Username>),
    /// Empty the room.
    Clear,
    /// No new accounts, and slow mode.
    Lock,
    /// Back to what was there before.
    Unlock,
    /// Let a held message through.
    Allow(Which),
    /// Do not, for this reason.
    Deny(Which, Option<String>),
}

/// Which of the messages that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one that does.
    Only,
    /// The one that is shown under this number.
    Number(u32),
    /// The one that the server knows by this.
    Id(HeldId),
}

/// The commands: name, what follows it, what it does.
pub(crate) const MODERATION: [(&str, &str, &str); 28] = [
    ("kick", "NAME [REASON]", "remove from the room"),
    (
        "mute",
        "NAME DURATION [REASON]",
        "mute for 90 (seconds), 10m, 2h or 7d",
    ),
    ("unmute", "NAME", "end a mute"),
    (
        "ban",
        "NAME [DURATION] [REASON]",
        "ban; permanent without a duration",
    ),
    (
        "ban",
        "NAME - REASON",
        "permanent; the reason may begin with a digit",
    ),
    ("unban", "NAME", "end a ban"),
    ("mod", "NAME", "make a moderator"),
    ("unmod", "NAME", "make an ordinary user again"),
    ("vip", "NAME", "make a VIP"),
    ("unvip", "NAME", "make an ordinary user again"),
    (
        "delete",
        "[NAME]",
        "select NAME's newest message; x deletes it",
    ),
    ("purge", "NAME", "delete all of NAME's messages"),
    ("clear", "[yes]", "delete all messages; asks first"),
    (
        "slow",
        "SECONDS|off",
        "set the wait between messages, up to 120 s",
    ),
    ("members", "on|off", "on: new accounts can't post"),
    ("topic", "[TEXT]", "set the topic; no text removes it"),
    ("pin", "[NAME]", "pin the last message, or NAME's last"),
    ("unpin", "", "unpin the message"),
    ("filters", "", "list what is blocked here"),
    (
        "filter",
        "[-h] [-r] PATTERN [-- REASON]",
        "block a pattern (-h: hold it, -r: a regex)",
    ),
    ("unfilter", "PATTERN", "unblock a pattern"),
    ("held", "", "list messages waiting for a moderator"),
    ("allow", "[N|#ID]", "approve the held message N"),
    (
        "deny",
        "[N|#ID] [REASON]",
        "reject message N; the author sees the reason",
    ),
    ("audit", "", "show recent moderator actions"),
    ("lock", "", "let no new accounts write, slow mode 30 s"),
    ("unlock", "", "end a lock"),
    ("sanctions", "", "list who is banned, muted, appointed"),
];

/// Reads the arguments of the command `name`; `None` where there is no such command here.
pub(super) fn parse(name: &str, arguments: &str) -> Option<Result<Order, CommandError>> {
    let (name, usage, _) = MODERATION
        .iter()
        .find(|(known, _, _)| known.eq_ignore_ascii_case(name))?;
    let arguments = Arguments {
        name,
        usage,
        text: arguments,
    };
    Some(arguments.order())
}

/// Reads the argument of `/user`.
pub(super) fn user(arguments: &str) -> Result<Username, CommandError> {
    let arguments = Arguments {
        name: "user",
        usage: "NAME",
        text: arguments,
    };
    arguments.only_user()
}

/// What follows a command.
struct Arguments<'text> {
    name: &'static str,
    usage: &'static str,
    text: &'text str,
}

impl<'text> Arguments<'text> {
    fn order(&self) -> Result<Order, CommandError> {
        let event = match self.name {
            "kick" => self.kick()?,
            "mute" => self.mute()?,
            "ban" => self.ban()?,
            "unmute" => ClientEvent::Unmute {
                username: self.only_user()?,
            },
            "unban" => ClientEvent::Unban {
                username: self.only_user()?,
            },
            "mod" => ClientEvent::SetMod {
                username: self.only_user()?,
            },
            "vip" => ClientEvent::SetVip {
                username: self.only_user()?,
            },
            "unmod" | "unvip" => ClientEvent::DelMod {
                username: self.only_user()?,
            },
            "purge" => ClientEvent::Purge {
                username: self.only_user()?,
            },
            "delete" => return self.perhaps_user().map(Order::Delete),
            "pin" => return self.perhaps_user().map(Order::Pin),
            "clear" => return self.clear(),
            "lock" if self.text.is_empty() => return Ok(Order::Lock),
            "unlock" if self.text.is_empty() => return Ok(Order::Unlock),
            "sanctions" if self.text.is_empty() => ClientEvent::Sanctions,
            "lock" | "unlock" | "sanctions" => return Err(CommandError::Arguments(self.name)),
            "filter" => ClientEvent::AddFilter(self.filter()?),
            "unfilter" => ClientEvent::RemoveFilter {
                pattern: self.pattern(self.text)?,
            },
            "allow" => return self.allow(),
            "deny" => return self.deny(),
            "filters" if self.text.is_empty() => ClientEvent::Filters,
            "held" if self.text.is_empty() => ClientEvent::Held,
            "filters" | "held" => return Err(CommandError::Arguments(self.name)),
            "audit" if self.text.is_empty() => ClientEvent::Audit(AuditRequest {
                limit: Some(AUDIT_LINES),
                ..AuditRequest::default()
            }),
            "audit" => return Err(CommandError::Arguments(self.name)),
            _ => ClientEvent::SetRoom(self.room_change()?),
        };
        Ok(Order::Send(event))
    }

    fn kick(&self) -> Result<ClientEvent, CommandError> {
        let (username, rest) = self.user_and_rest()?;
        let reason = self.reason(rest)?;
        Ok(ClientEvent::Kick(Kick { username, reason }))
    }

    fn mute(&self) -> Result<ClientEvent, CommandError> {
        let (username, rest) = self.user_and_rest()?;
        let (duration, rest) = split_word(rest);
        let bounds = "a mute can last from 1 second to 14 days";
        let duration = self.duration(duration, MUTE_SECONDS, bounds)?;
        let reason = self.reason(rest)?;
        Ok(ClientEvent::Mute(Mute {
            username,
            duration,
            reason,
        }))
    }

    fn ban(&self) -> Result<ClientEvent, CommandError> {
        let (username, rest) = self.user_and_rest()?;
        let (duration, reason) = match split_word(rest) {
            ("-", reason) => (None, reason),
            (word, reason) if begins_like_duration(word) => {
                let bounds = "a ban can last from 1 second to 100 years; leave the duration out for a permanent ban";
                (Some(self.duration(word, BAN_SECONDS, bounds)?), reason)
            }
            _ => (None, rest),
        };
        let reason = self.reason(reason)?;
        Ok(ClientEvent::Ban(Ban {
            username,
            duration,
            reason,
        }))
    }

    fn clear(&self) -> Result<Order, CommandError> {
        match self.text {
            "" => Ok(Order::Clear),
            yes if yes.eq_ignore_ascii_case("yes") => Ok(Order::Clear),
            _ => Err(self.wrong("nothing but yes can follow")),
        }
    }

    fn filter(&self) -> Result<AddFilter, CommandError> {
        let (mut kind, mut action) = (FilterKind::Word, FilterAction::Refuse);
        let mut rest = self.text;
        loop {
            match split_word(rest) {
                ("-r" | "--regex", after) => (kind, rest) = (FilterKind::Regex, after),
                ("-h" | "--hold", after) => (action, rest) = (FilterAction::Hold, after),
                _ => break,
            }
        }
        let (pattern, reason) = rest.split_once(" -- ").unwrap_or((rest, ""));
        Ok(AddFilter {
            pattern: self.pattern(pattern)?,
            kind,
            action,
            reason: self.reason(reason)?,
        })
    }

    fn pattern(&self, text: &str) -> Result<String, CommandError> {
        match text.trim() {
            "" => Err(self.wrong("the pattern is missing")),
            pattern => Ok(pattern.to_owned()),
        }
    }

    fn allow(&self) -> Result<Order, CommandError> {
        match self.which()? {
            (which, "") => Ok(Order::Allow(which)),
            _ => Err(self.wrong("give only a number")),
        }
    }

    fn deny(&self) -> Result<Order, CommandError> {
        let (which, reason) = self.which()?;
        Ok(Order::Deny(which, self.reason(reason)?))
    }

    /// Which message that waits, and what follows. A number is never taken for an id: it may have been
    /// another's a moment ago.
    fn which(&self) -> Result<(Which, &'text str), CommandError> {
        let (word, rest) = split_word(self.text);
        if let Some(id) = word.strip_prefix('#') {
            let id = HeldId::new(id).map_err(|error| self.wrong(&format!("the id {error}")))?;
            return Ok((Which::Id(id), rest));
        }
        match word.parse() {
            Ok(number) => Ok((Which::Number(number), rest)),
            Err(_) => Ok((Which::Only, self.text)),
        }
    }

    fn room_change(&self) -> Result<RoomChange, CommandError> {
        let mut change = RoomChange::default();
        match self.name {
            "slow" => change.slow_mode = Some(self.slow_mode()?),
            "members" => change.members_only = Some(self.switch()?),
            "topic" => change.topic = Some(self.short_text(self.text, "topic", TOPIC_CHARS)?),
            _ if self.text.is_empty() => change.pinned = Some(None),
            _ => return Err(CommandError::Arguments(self.name)),
        }
        Ok(change)
    }

    fn slow_mode(&self) -> Result<u64, CommandError> {
        if self.text.eq_ignore_ascii_case("off") {
            return Ok(0);
        }
        let seconds = durations::typed(self.text).filter(|seconds| *seconds <= SLOW_MODE_SECONDS);
        seconds.ok_or_else(|| self.wrong("give 1 to 120 seconds, or off"))
    }

    fn switch(&self) -> Result<bool, CommandError> {
        match self.text.to_ascii_lowercase().as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(self.wrong("write on or off")),
        }
    }

    /// A name and nothing else.
    fn only_user(&self) -> Result<Username, CommandError> {
        match self.user_and_rest()? {
            (username, "") => Ok(username),
            _ => Err(self.wrong("give only a name")),
        }
    }

    fn perhaps_user(&self) -> Result<Option<Username>, CommandError> {
        if self.text.is_empty() {
            return Ok(None);
        }
        self.only_user().map(Some)
    }

    fn user_and_rest(&self) -> Result<(Username, &'text str), CommandError> {
        let (word, rest) = split_word(self.text);
        let name = word.strip_prefix('@').unwrap_or(word);
        if name.is_empty() {
            return Err(self.wrong("the name is missing"));
        }
        let username = Username::new(name).map_err(|error| {
            let shown: String = name.chars().take(20).collect();
            self.wrong(&format!("the name {shown} {error}"))
        })?;
        Ok((username, rest))
    }

    fn duration(&self, word: &str, most: u64, bounds: &str) -> Result<u64, CommandError> {
        match durations::typed(word) {
            Some(seconds) if (1..=most).contains(&seconds) => Ok(seconds),
            Some(_) => Err(self.wrong(bounds)),
            None => Err(self.wrong("the duration must look like 90, 90s, 10m, 2h or 7d")),
        }
    }

    fn reason(&self, text: &str) -> Result<Option<String>, CommandError> {
        let reason = self.short_text(text, "reason", REASON_CHARS)?;
        Ok((!reason.is_empty()).then_some(reason))
    }

    /// A text of one row: these stand where there is room for one.
    fn short_text(&self, text: &str, what: &str, most: usize) -> Result<String, CommandError> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let characters = text.chars().count();
        if characters > most {
            let words =
                format!("the {what} is too long: {characters} characters, the limit is {most}");
            return Err(self.wrong(&words));
        }
        Ok(text)
    }

    fn wrong(&self, words: &str) -> CommandError {
        CommandError::Wrong(format!("/{} {}: {words}", self.name, self.usage))
    }
}

/// True for what is meant as a duration, rightly or wrongly: a reason seldom begins with a digit.
fn begins_like_duration(text: &str) -> bool {
    text.starts_with(|character: char| character.is_ascii_digit())
}

/// The first word, and what follows it.
fn split_word(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests;
