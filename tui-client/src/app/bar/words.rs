//! What a question says, and what is said once it is done. Pure; what is quoted is harmless.

use chat_protocol::durations;
use chat_protocol::limits::MUTE_SECONDS;

use super::{Bar, Deed, LOCKED_SLOW_MODE, Length};
use crate::app::target::people;
use crate::wrap::{truncate, width};

/// Columns of a message's text, or of a reason, in a question: as many as there is room for in a row.
const QUOTED: [usize; 6] = [160, 100, 60, 40, 32, 24];
/// The same where it takes several rows anyway.
const QUOTED_AT_LEAST: usize = 40;

impl Bar {
    /// True where it can't be undone.
    fn is_final(&self) -> bool {
        matches!(
            self.deed,
            Deed::Kick | Deed::Delete | Deed::Purge | Deed::Clear | Deed::Allow(_) | Deed::Deny(_)
        )
    }

    /// What is asked, in a row of `columns` where quoting less makes it fit: `Ban 8 people who sent this, for
    /// good, and delete their 34 messages (final)?`
    pub(crate) fn question(&self, columns: usize) -> String {
        let mut ways = QUOTED
            .into_iter()
            .map(|quoted| self.question_quoting(quoted));
        let fitting = ways.find(|words| width(words) <= columns);
        fitting.unwrap_or_else(|| self.question_quoting(QUOTED_AT_LEAST))
    }

    fn question_quoting(&self, most: usize) -> String {
        let mut words = self.deed_words(most);
        if !self.reason.is_empty() {
            let reason = truncate(&self.reason, most);
            let stop = if reason.ends_with('…') { "" } else { "." };
            words = format!("{words} Reason: {reason}{stop}");
        }
        if self.is_final() {
            words = format!("{words} (final)");
        }
        words
    }

    fn deed_words(&self, most: usize) -> String {
        let who = self.who();
        let quoted = self.quoted(most);
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
                    truncate(&topic, most)
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
                    truncate(&pattern, most),
                    self.place
                )
            }
            Deed::RemoveFilter(pattern) => {
                let pattern = crate::sanitize::line(pattern);
                format!(
                    "Stop blocking “{}” in {}?",
                    truncate(&pattern, most),
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

    fn quoted(&self, most: usize) -> String {
        let message = self.targets.first().and_then(|one| one.message.as_ref());
        let text = message.map(|message| message.text.as_str());
        text.or(self.held_text.as_deref())
            .map_or_else(String::new, |text| format!(": “{}”", truncate(text, most)))
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
            count if self.has_more => format!("their {count}+ messages"),
            1 => "their 1 message".to_owned(),
            count => format!("their {count} messages"),
        };
        format!("{comma} and delete {messages}")
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
