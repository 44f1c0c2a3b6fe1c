//! What happens in a room, as data: an entry of its log, before and after it has its place.
//!
//! The vocabulary that the room's rules, its log and its task share. An entry can
//! be turned into the event that clients see, and into its line in the audit.

mod epochs;

use chat_protocol::{
    AuditEntry, Cleared, Content, Message, MessageId, Nonce, Rank, RoomName, RoomState, Seq,
    ServerEvent, events,
};

pub use epochs::{EarlierEpoch, Epochs};

/// The name under which operators act, who are no users.
pub const OPERATOR: &str = "server operator";

/// A time: milliseconds since 1970, UTC.
pub type UnixMillis = u64;

/// A moment, by several clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What the wall clock shows: for what is shown and stored. It may be set, so it may jump.
    pub time: UnixMillis,
    /// Milliseconds by a clock that nobody sets and that means something while the program runs alone:
    /// for how long something lasts.
    pub steady: u64,
    /// The wall clock's time without leaps ahead that have not been there for a day: for deleting what is
    /// old.
    pub settled: UnixMillis,
}

/// A moment that all clocks agree on.
#[cfg(test)]
impl From<UnixMillis> for Moment {
    fn from(time: UnixMillis) -> Self {
        Self {
            time,
            steady: time,
            settled: time,
        }
    }
}

/// An account: no other ever has the same, not even one that is made under the same name later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u64);

impl AccountId {
    /// Of those who have no account: operators, and accounts that are gone.
    pub const NOBODY: AccountId = AccountId(0);

    /// The account that a test means by this name.
    #[cfg(test)]
    pub(crate) fn named(key: &str) -> Self {
        let number = key.bytes().fold(1, |number: u64, byte| {
            number.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        Self(number & (u64::MAX >> 1))
    }
}

/// Somebody in a room's log: the names that entries show, and the one that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name as registered.
    pub username: String,
    /// The name as compared ([`chat_protocol::Username::key`]).
    pub key: String,
    /// The account that had that name then.
    pub account: AccountId,
    /// The name to show.
    pub display_name: String,
    /// The standing in the room.
    pub rank: Rank,
}

/// An entry before the log has given it its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// When.
    pub time: UnixMillis,
    /// What happened.
    pub body: EntryBody,
}

impl Author {
    /// Whether what this one made belongs to `account`: a name that was given up and taken anew does
    /// not bring along what it had.
    pub fn is_account(&self, account: AccountId) -> bool {
        self.account != AccountId::NOBODY && self.account == account
    }
}

impl NewEntry {
    /// Whether it is a message.
    pub fn is_message(&self) -> bool {
        matches!(self.body, EntryBody::MessagePosted(_))
    }

    /// What moderators are told of it, and what stands in the audit, where it is a moderator's action.
    pub fn audit_entry(&self) -> Option<AuditEntry> {
        self.body.audit_entry(self.time)
    }
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position: 1 for the room's first, without holes.
    pub seq: Seq,
    /// When.
    pub time: UnixMillis,
    /// What happened.
    pub body: EntryBody,
}

/// What can happen in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryBody {
    /// Somebody posted a message.
    MessagePosted(MessagePosted),
    /// Somebody deleted a message.
    MessageDeleted(MessageDeleted),
    /// Somebody deleted all messages of a user.
    Purged(Purged),
    /// Somebody emptied the room.
    Cleared(Author),
    /// Somebody changed the room's modes.
    RoomChanged(RoomChanged),
}

impl EntryBody {
    fn audit_entry(&self, time: UnixMillis) -> Option<AuditEntry> {
        let (by, action, target, reason) = match self {
            EntryBody::MessagePosted(_) => return None,
            EntryBody::MessageDeleted(deleted) => (
                &deleted.by,
                events::DELETE_MESSAGE,
                deleted.of.clone()?,
                None,
            ),
            EntryBody::Purged(purged) => (&purged.by, events::PURGE, purged.username.clone(), None),
            EntryBody::Cleared(by) => (by, events::CLEAR, String::new(), None),
            EntryBody::RoomChanged(RoomChanged { by, what, .. }) => {
                (by, events::SET_ROOM, String::new(), Some(what.clone()?))
            }
        };
        Some(AuditEntry {
            id: None,
            time,
            actor: by.username.clone(),
            action: action.to_owned(),
            target,
            until: None,
            reason,
        })
    }
}

/// A posted message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessagePosted {
    /// Who posted it, as they were then.
    pub author: Author,
    /// The text.
    pub content: Content,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The sender's mark.
    pub nonce: Option<Nonce>,
}

/// A message taken out of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageDeleted {
    /// The message's position.
    pub target: Seq,
    /// Whose it was, as registered, where it was not their own to delete.
    pub of: Option<String>,
    /// Who deleted it.
    pub by: Author,
}

/// All messages of a user taken out of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purged {
    /// Whose, as registered.
    pub username: String,
    /// Whose, as compared.
    pub key: String,
    /// Who deleted them.
    pub by: Author,
}

/// The room's modes as they are from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomChanged {
    /// The modes; without a position.
    pub modes: RoomState,
    /// What is different by it, in words; `None` where nobody asked for it.
    pub what: Option<String>,
    /// Who changed them.
    pub by: Author,
}

impl Entry {
    /// The same as [`NewEntry::audit_entry`].
    pub fn audit_entry(&self) -> Option<AuditEntry> {
        self.body.audit_entry(self.time)
    }

    /// The entry as everybody but its sender sees it.
    pub fn to_event(&self, room: &RoomName, epochs: &Epochs) -> ServerEvent {
        match &self.body {
            EntryBody::MessagePosted(posted) => ServerEvent::Message(Message {
                username: posted.author.username.clone(),
                content: posted.content.as_str().to_owned(),
                id: epochs.id_of(self.seq),
                seq: self.seq,
                display_name: posted.author.display_name.clone(),
                rank: posted.author.rank,
                time: self.time,
                room: room.as_str().to_owned(),
                reply_to: posted.reply_to.clone(),
                nonce: None,
            }),
            EntryBody::MessageDeleted(MessageDeleted { target, by, .. }) => {
                ServerEvent::DeleteMessage(chat_protocol::MessageDeleted {
                    id: epochs.id_of(*target),
                    seq: self.seq,
                    by: by.username.clone(),
                })
            }
            EntryBody::Purged(purged) => ServerEvent::Purge(chat_protocol::Purged {
                username: purged.username.clone(),
                seq: self.seq,
                by: purged.by.username.clone(),
            }),
            EntryBody::Cleared(by) => ServerEvent::Clear(Cleared {
                seq: self.seq,
                by: by.username.clone(),
            }),
            EntryBody::RoomChanged(changed) => ServerEvent::Room(RoomState {
                seq: Some(self.seq),
                ..changed.modes.clone()
            }),
        }
    }

    /// The entry as the user of `account` sees it: their own messages carry their nonces.
    pub fn to_event_for(
        &self,
        account: AccountId,
        room: &RoomName,
        epochs: &Epochs,
    ) -> ServerEvent {
        let mut event = self.to_event(room, epochs);
        if let ServerEvent::Message(message) = &mut event
            && let Some(posted) = self.message()
            && posted.author.is_account(account)
        {
            message.nonce = posted.nonce.clone();
        }
        event
    }

    /// The message that the entry is, where it is one.
    pub fn message(&self) -> Option<&MessagePosted> {
        match &self.body {
            EntryBody::MessagePosted(posted) => Some(posted),
            _ => None,
        }
    }
}

/// A nonce and where its message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredNonce {
    /// Whose it is.
    pub author: AccountId,
    /// The mark.
    pub nonce: Nonce,
    /// The message's position.
    pub seq: Seq,
    /// When it was posted.
    pub time: UnixMillis,
}
