//! What a timeline is made of. Types, and how they come from the wire's; must not know an order.

use std::cell::Cell;
use std::rc::Rc;

use chat_protocol::{Message, MessageId, Rank, Seq, Username, limits::USERNAME_CHARS, shows};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::content;
use crate::app::row::{Tone, nick_hash};
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
            unix_millis: timestamp.as_millisecond(),
        }
    }
}

/// Who wrote a message. Shared between that user's messages.
#[derive(Debug)]
pub(crate) struct Author {
    /// The name to show, harmless.
    pub(crate) name: Box<str>,
    /// What the user name is compared by.
    pub(crate) key: Box<str>,
    /// What the name's colour comes from.
    pub(crate) hash: u32,
    pub(crate) rank: Rank,
    /// The name looks like that of somebody who stands higher, or the reader's.
    pub(crate) is_alike: Cell<bool>,
}

impl Author {
    /// Somebody as the wire names them, whatever that is.
    pub(crate) fn new(username: &str, display_name: &str, rank: Rank) -> Self {
        Self {
            name: shown_name(display_name, username).into(),
            key: Self::key_of(username),
            hash: nick_hash(username),
            rank,
            is_alike: Cell::new(false),
        }
    }

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// In the room's log.
    Posted,
    /// In the room's log, and it names this user.
    Mentions,
    /// Deleted; [`Post::words`] has by whom.
    Deleted,
    /// Sent, or waiting to be.
    Pending,
    /// Refused; [`Post::words`] has why.
    Failed(Cause),
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

/// A message. There are a hundred thousand of them: what few have is elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) author: Rc<Author>,
    /// The id, then what it says; one allocation for both.
    text: Box<str>,
    /// Bytes of the id; 0 while the message is this user's own and not in the log.
    id_bytes: u32,
    pub(crate) status: Status,
    /// The user wrote it, here or elsewhere.
    pub(crate) is_own: bool,
    /// Shown whole, however long it is; of a deleted one, its text as well.
    pub(crate) is_open: bool,
    /// The user does not want to read its author.
    pub(crate) is_ignored: bool,
    more: Option<Box<More>>,
}

/// What few messages have.
#[derive(Clone, Debug, Default)]
struct More {
    reply_to: Option<MessageId>,
    /// Who deleted it, or why it was refused; harmless.
    words: Box<str>,
}

impl Post {
    /// A message with this id, if any; `content` is harmless.
    pub(crate) fn new(
        author: Rc<Author>,
        id: Option<&str>,
        content: &str,
        reply_to: Option<MessageId>,
        status: Status,
    ) -> Self {
        let id = id.unwrap_or_default();
        let more = reply_to.map(|id| More {
            reply_to: Some(id),
            ..More::default()
        });
        Self {
            author,
            text: [id, content].concat().into(),
            id_bytes: u32::try_from(id.len()).unwrap_or(0),
            status,
            is_own: false,
            is_open: false,
            is_ignored: false,
            more: more.map(Box::new),
        }
    }

    /// The id as a server gave it; empty while the message is not in the log.
    pub(crate) fn raw_id(&self) -> &str {
        self.text.get(..self.id_bytes as usize).unwrap_or_default()
    }

    /// The id by which the message is named to a server; `None` while it is not in the log.
    pub(crate) fn id(&self) -> Option<MessageId> {
        MessageId::new(self.raw_id()).ok()
    }

    /// What it says, harmless; of a deleted message nothing.
    pub(crate) fn content(&self) -> &str {
        match self.status {
            Status::Deleted => "",
            _ => self.said(),
        }
    }

    /// What a deleted message said, where that is kept.
    pub(crate) fn deleted_content(&self) -> Option<&str> {
        (self.is_deleted() && !self.said().is_empty()).then(|| self.said())
    }

    fn said(&self) -> &str {
        self.text.get(self.id_bytes as usize..).unwrap_or_default()
    }

    /// True where it is gone from the log.
    pub(crate) fn is_deleted(&self) -> bool {
        self.status == Status::Deleted
    }

    /// The message that this one answers.
    pub(crate) fn reply_to(&self) -> Option<&MessageId> {
        self.more.as_ref()?.reply_to.as_ref()
    }

    /// Who deleted it, or why it was refused; harmless.
    pub(crate) fn words(&self) -> &str {
        self.more.as_ref().map_or("", |more| &more.words)
    }

    /// Takes a state on, with the words that it has.
    pub(crate) fn set(&mut self, status: Status, words: &str) {
        self.status = status;
        if !words.is_empty() || self.more.is_some() {
            self.more.get_or_insert_default().words = words.into();
        }
    }

    /// Forgets what it said.
    pub(crate) fn forget(&mut self) {
        self.text = self.raw_id().into();
    }

    /// True where `message` says the same, or this one is deleted. A log that was set back gives ids
    /// again, so the id alone does not tell.
    pub(crate) fn says(&self, message: &Message) -> bool {
        self.is_deleted() || *self.said() == content(&message.content)
    }

    fn bytes(&self) -> usize {
        let more = self.more.as_ref().map_or(0, |more| {
            let parent = more.reply_to.as_ref().map_or(0, |id| id.as_str().len());
            parent + more.words.len()
        });
        self.text.len() + more
    }
}

/// What an entry is.
#[derive(Debug)]
pub(crate) enum Kind {
    Post(Post),
    /// Something that the client says, harmless.
    Notice(Tone, Box<str>),
    /// Messages may be missing between the entries around it.
    Gap(Gap),
}

/// Between which positions of the log's present life messages may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// What is at this position and before it is here; `None` where that is of another life of the log.
    pub(crate) after: Option<Seq>,
    /// What is at this position and behind it is here; `None` where it is the oldest that is here of the
    /// present life.
    pub(crate) before: Option<Seq>,
    /// Messages are on their way.
    pub(crate) is_loading: bool,
}

impl Kind {
    /// Bytes of what others determine the length of.
    fn bytes(&self) -> u32 {
        let bytes = match self {
            Kind::Post(post) => post.bytes(),
            Kind::Notice(_, text) => text.len(),
            Kind::Gap(_) => 0,
        };
        u32::try_from(bytes).unwrap_or(u32::MAX)
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
    pub(crate) bytes: u32,
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
            Kind::Notice(..) | Kind::Gap(_) => None,
        }
    }

    pub(crate) fn post_mut(&mut self) -> Option<&mut Post> {
        match &mut self.kind {
            Kind::Post(post) => Some(post),
            Kind::Notice(..) | Kind::Gap(_) => None,
        }
    }

    /// True for the message with this id.
    pub(crate) fn is(&self, id: &MessageId) -> bool {
        self.post().is_some_and(|post| post.raw_id() == id.as_str())
    }

    /// True where messages may be missing here.
    pub(crate) fn is_gap(&self) -> bool {
        matches!(self.kind, Kind::Gap(_))
    }

    /// True for what others wrote and is still there: what can be new to the user.
    pub(crate) fn is_news(&self) -> bool {
        (self.post()).is_some_and(|post| !post.is_own && !post.is_deleted())
    }

    /// True for a message that names this user.
    pub(crate) fn is_mention(&self) -> bool {
        (self.post()).is_some_and(|post| post.status == Status::Mentions)
    }

    /// The state changed: earlier rows are worth nothing.
    pub(crate) fn renew(&mut self, version: u64) {
        self.version = version;
        self.height.set((0, 0));
    }
}

/// The name to show: the display name, or the user name where there is nothing to see in it.
pub(crate) fn shown_name(display_name: &str, username: &str) -> String {
    let display_name = sanitize::brief(display_name, USERNAME_CHARS);
    if !shows(&display_name) {
        return sanitize::brief(username, USERNAME_CHARS);
    }
    display_name
}
