//! What a timeline is made of. Types, and how they come from the wire's; must not know an order.

use std::cell::Cell;
use std::rc::Rc;

use chat_protocol::{Message, MessageId, Rank, Seq, Username, limits::USERNAME_CHARS};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::content;
use crate::app::row::Tone;
use crate::sanitize;

/// When something happened, on the user's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) date: Date,
    pub(crate) hour: i8,
    pub(crate) minute: i8,
    pub(crate) second: i8,
    /// The same in milliseconds since 1970, UTC.
    pub(crate) unix_millis: i64,
}

impl Stamp {
    /// Reads a time in milliseconds since 1970, UTC. What no calendar holds counts as 1970.
    pub(crate) fn new(unix_millis: i64, zone: &TimeZone) -> Self {
        let timestamp = Timestamp::from_millisecond(unix_millis).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = zone.to_datetime(timestamp);
        Self {
            date: local.date(),
            hour: local.hour(),
            minute: local.minute(),
            second: local.second(),
            unix_millis,
        }
    }
}

/// Who wrote a message. Shared between that user's messages.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Author {
    /// The name to show, harmless.
    pub(crate) name: Box<str>,
    /// What the user name is compared by.
    pub(crate) key: Box<str>,
    /// What the name's colour comes from.
    pub(crate) hash: u32,
    pub(crate) rank: Rank,
}

impl Author {
    /// The name by which the user is meant: as shown, where the server takes that for the same.
    pub(crate) fn meant_name(&self) -> &str {
        if Self::key_of(&self.name) == self.key {
            return &self.name;
        }
        &self.key
    }

    /// What a user name is compared by: as the server does it, or without case where the name is none
    /// that the contract allows.
    pub(crate) fn key_of(username: &str) -> Box<str> {
        match Username::new(username) {
            Ok(username) => username.key().into(),
            Err(_) => sanitize::brief(username, USERNAME_CHARS)
                .to_lowercase()
                .into(),
        }
    }
}

/// How a message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// In the room's log.
    Posted,
    /// In the room's log, and it names this user.
    Mentions,
    /// Deleted by the user named.
    Deleted(Box<str>),
    /// Sent, or waiting to be.
    Pending,
    /// Refused, and why.
    Failed(Cause, Box<str>),
}

/// What a message was not sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Something that passes, such as slow mode: the same text may be sent again.
    Passing,
    /// Nobody knows whether it was sent.
    Unconfirmed,
    /// The message itself: the same text must not be sent again by a stray key.
    ForGood,
}
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// `None` while it is this user's own and not in the log.
    pub(crate) id: Option<MessageId>,
    pub(crate) author: Rc<Author>,
    /// Harmless.
    pub(crate) content: Box<str>,
    pub(crate) reply_to: Option<MessageId>,
    /// The start of the message that this one answers, where it is known: `bob: gg`.
    pub(crate) quote: Option<Box<str>>,
    pub(crate) status: Status,
    /// Shown whole, however long it is.
    pub(crate) is_open: bool,
    /// The user does not want to read its author.
    pub(crate) is_ignored: bool,
}

impl Post {
    /// True where `message` says the same, or this one is deleted. A log that was set back gives ids
    /// again, so the id alone does not tell.
    pub(crate) fn says(&self, message: &Message) -> bool {
        matches!(self.status, Status::Deleted(_)) || *self.content == *content(&message.content)
    }
}

/// What an entry is.
#[derive(Debug)]
pub(crate) enum Kind {
    Post(Box<Post>),
    /// Something that the client says, harmless.
    Notice(Tone, Box<str>),
    /// Messages may be missing between the entries around it.
    Gap,
}

impl Kind {
    /// Bytes of what others determine the length of.
    fn bytes(&self) -> usize {
        match self {
            Kind::Post(post) => {
                let id_bytes =
                    |id: &Option<MessageId>| id.as_ref().map_or(0, |id| id.as_str().len());
                post.content.len() + id_bytes(&post.id) + id_bytes(&post.reply_to)
            }
            Kind::Notice(_, text) => text.len(),
            Kind::Gap => 0,
        }
    }
}

/// Which entry of a timeline: the same for as long as it is there, whatever comes or goes around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EntryId(pub(super) u64);

/// One entry of a timeline.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    /// The position in the room's log; of a notice, that of the entry before it; 0 for what belongs
    /// to no position of the log's present life.
    pub(crate) at: Seq,
    pub(crate) stamp: Stamp,
    /// Never the same for two entries or for two states of one: rows are cached by it.
    pub(crate) version: u64,
    pub(crate) kind: Kind,
    /// Of its texts when it came.
    pub(crate) bytes: usize,
    /// In which holding of the view it came, below what was looked at; 0 for none.
    pub(crate) hold: u32,
    /// Rows at the geometry, by its number, where they were last counted.
    pub(crate) height: Cell<(u16, u16)>,
}

impl Entry {
    /// An entry whose id is its first version.
    pub(crate) fn new(at: Seq, stamp: Stamp, version: u64, kind: Kind) -> Self {
        Self {
            id: EntryId(version),
            at,
            stamp,
            version,
            bytes: kind.bytes(),
            hold: 0,
            kind,
            height: Cell::new((0, 0)),
        }
    }

    pub(crate) fn post(&self) -> Option<&Post> {
        match &self.kind {
            Kind::Post(post) => Some(post),
            Kind::Notice(..) | Kind::Gap => None,
        }
    }

    pub(crate) fn post_mut(&mut self) -> Option<&mut Post> {
        match &mut self.kind {
            Kind::Post(post) => Some(post),
            Kind::Notice(..) | Kind::Gap => None,
        }
    }

    /// True for the message with this id.
    pub(crate) fn is(&self, id: &MessageId) -> bool {
        self.post().is_some_and(|post| post.id.as_ref() == Some(id))
    }

    /// True where messages may be missing here.
    pub(crate) fn is_gap(&self) -> bool {
        matches!(self.kind, Kind::Gap)
    }

    /// The state changed: earlier rows are worth nothing.
    pub(crate) fn renew(&mut self, version: u64) {
        self.version = version;
        self.height.set((0, 0));
    }
}
