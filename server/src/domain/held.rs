//! Messages that wait for a moderator: what they are, and what is decided on them. Which messages wait,
//! and who decides, is the room's.

use chat_protocol::{AuditEntry, Content, HeldEntry, HeldId, MessageId, Nonce, events};

use crate::domain::entry::{Author, Entry, NewEntry, UnixMillis};

/// Milliseconds for which a message waits: 24 hours.
pub const PATIENCE: u64 = 24 * 60 * 60 * 1000;
/// Messages that wait in a room at most.
pub const PER_ROOM: usize = 100;
/// Messages of one user that wait in a room at most.
pub const PER_USER: usize = 10;

/// A message that is to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Since when.
    pub time: UnixMillis,
    /// Who posted it. The rank is not kept: what counts is the one when it is let through.
    pub author: Author,
    /// The text.
    pub content: Content,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The sender's mark.
    pub nonce: Option<Nonce>,
    /// The pattern that it holds.
    pub pattern: String,
    /// The pattern's reason.
    pub reason: Option<String>,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldMessage {
    /// What it is known by; never used again.
    pub id: HeldId,
    /// The message.
    pub waiting: Waiting,
}

impl HeldMessage {
    /// Whether it still waits at `now`, by [`Moment::settled`](crate::domain::entry::Moment::settled): one that no
    /// longer does is forgotten.
    pub fn waits(&self, now: UnixMillis) -> bool {
        now < self.waiting.time.saturating_add(PATIENCE)
    }

    /// The message as moderators see it.
    pub fn to_entry(&self) -> HeldEntry {
        let Waiting {
            time,
            author,
            content,
            reply_to,
            nonce: _,
            pattern,
            reason,
        } = &self.waiting;
        HeldEntry {
            id: self.id.clone(),
            time: *time,
            username: author.username.clone(),
            display_name: author.display_name.clone(),
            content: content.as_str().to_owned(),
            reply_to: reply_to.clone(),
            reason: reason.clone(),
            pattern: pattern.clone(),
        }
    }
}

/// What a moderator decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The message is posted.
    Allow,
    /// It is not, for this reason.
    Deny(Option<String>),
}

impl Choice {
    /// The client event that asks for it.
    pub fn event(&self) -> &'static str {
        match self {
            Choice::Allow => events::ALLOW,
            Choice::Deny(_) => events::DENY,
        }
    }
}

/// A decision on a message, on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The message.
    pub held: HeldMessage,
    /// What was decided.
    pub choice: Choice,
    /// What goes into the log where it is let through.
    pub entry: Option<NewEntry>,
    /// Who decided.
    pub by: Author,
    /// When.
    pub time: UnixMillis,
}

impl Ruling {
    /// The decision as it stands in the audit.
    pub fn audit_entry(&self) -> AuditEntry {
        AuditEntry {
            id: None,
            time: self.time,
            actor: self.by.username.clone(),
            action: self.choice.event().to_owned(),
            target: self.held.waiting.author.username.clone(),
            until: None,
            reason: match &self.choice {
                Choice::Allow => None,
                Choice::Deny(reason) => reason.clone(),
            },
        }
    }

    /// What was done, as a sentence.
    pub fn sentence(&self) -> String {
        let name = &self.held.waiting.author.username;
        match self.choice {
            Choice::Allow => format!("{name}'s message was let through"),
            Choice::Deny(_) => format!("{name}'s message was not let through"),
        }
    }
}

/// What became of a ruling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruled {
    /// The message waits no more, so nothing was done.
    Gone,
    /// It is taken out; this is its place in the log, where it was let through.
    Done(Option<Box<Entry>>),
}
