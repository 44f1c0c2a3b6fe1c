//! A room's rules: who is in it, what becomes of what they send. Pure: (input, time) to effects.
//!
//! Owns members, retries and presence. It has no clock, no I/O and no outboxes: `room_task` carries
//! out the effects and reports back what the log said. Modes, mutes and moderation belong here.

mod nonces;
mod presence;

use std::collections::{HashMap, HashSet};

use chat_protocol::limits::WHO_MEMBERS;
use chat_protocol::{
    ClientError, Code, DraftContent, Member, Nonce, PostMessage, Rank, Seq, ServerEvent, Who,
};

use crate::entry::{
    Author, Entry, EntryBody, MessageDeleted, MessagePosted, NewEntry, StoredNonce, UnixMillis,
};
pub(crate) use nonces::MEMORY as NONCE_MEMORY;
use nonces::{NonceState, Nonces};
use presence::Presence;

/// A connection in the room; never used twice in a room's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u64);

/// Somebody who comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The connection.
    pub id: MemberId,
    /// Who it is.
    pub author: Author,
    /// Whether it wants `join`, `leave` and `presence`.
    pub wants_presence: bool,
}

/// Whether the message that a post answers is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyTarget {
    /// The post answers nothing.
    None,
    /// It is there.
    Known,
    /// It is not, or it is no message.
    Unknown,
}

/// A message that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its position.
    pub seq: Seq,
    /// Who posted it, as they were then.
    pub author: Author,
}

/// What can come to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A connection comes in.
    Join(Joining),
    /// A connection leaves.
    Leave(MemberId),
    /// A member posts; where they are too fast, with the seconds that they have to wait.
    Post(MemberId, PostMessage, ReplyTarget, Option<u64>),
    /// A member deletes this message; `None` where the one they named is not there.
    Delete(MemberId, Option<StoredMessage>),
    /// The log stored what [`Effect::Store`] asked for, in that order.
    Stored(Vec<(MemberId, Entry)>),
    /// The log stored nothing of it.
    NotStored(Vec<(MemberId, NewEntry)>),
    /// The time came that [`Effect::WakeAt`] asked for.
    Wake,
}

/// What a room orders.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Store an entry, then report with [`Input::Stored`] or [`Input::NotStored`].
    Store(MemberId, NewEntry),
    /// Give a stored entry to every member; the copies of those who sent it carry its nonce.
    Deliver(Vec<MemberId>, Entry),
    /// Give the message at `Seq`, which was stored before, to one member, who sent it again with
    /// this nonce.
    Repeat(MemberId, Seq, Nonce),
    /// Give an event to one member.
    Send(MemberId, ServerEvent),
    /// Give an event to all members named.
    Announce(Vec<MemberId>, ServerEvent),
    /// Wake the room at this time.
    WakeAt(UnixMillis),
}

/// A room as its members see it.
pub struct Room {
    members: HashMap<MemberId, Author>,
    nonces: Nonces,
    presence: Presence,
}

impl Room {
    /// An empty room that remembers the messages of `nonces`.
    pub fn new(nonces: Vec<StoredNonce>) -> Self {
        Self {
            members: HashMap::new(),
            nonces: Nonces::new(nonces),
            presence: Presence::default(),
        }
    }

    /// True where nobody is in.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What follows from `input` at `now`.
    pub fn apply(&mut self, input: Input, now: UnixMillis) -> Vec<Effect> {
        match input {
            Input::Join(joining) => self.join(joining, now),
            Input::Leave(id) => self.leave(id, now),
            Input::Post(id, post, target, wait) => self.post(id, post, target, wait, now),
            Input::Delete(id, target) => self.delete(id, target, now),
            Input::Stored(stored) => self.stored(stored),
            Input::NotStored(lost) => self.not_stored(lost),
            Input::Wake => self.presence.wake(self.members.len(), now),
        }
    }

    fn join(&mut self, joining: Joining, now: UnixMillis) -> Vec<Effect> {
        let Joining {
            id,
            author,
            wants_presence,
        } = joining;
        let member = member(&author);
        self.members.insert(id, author);
        let count = self.members.len();
        let effects = self.presence.joined(member, count, now);
        // Only now: who comes in is not told of it.
        if wants_presence {
            self.presence.add_listener(id);
        }
        effects
    }

    fn leave(&mut self, id: MemberId, now: UnixMillis) -> Vec<Effect> {
        let Some(gone) = self.members.remove(&id) else {
            return Vec::new();
        };
        self.presence.remove_listener(id);
        let count = self.members.len();
        self.presence.left(member(&gone), count, now)
    }

    /// The contract's order: rights, then whether what is named exists, then limits.
    fn post(
        &mut self,
        id: MemberId,
        post: PostMessage,
        target: ReplyTarget,
        wait: Option<u64>,
        now: UnixMillis,
    ) -> Vec<Effect> {
        let Some(author) = self.members.get(&id).cloned() else {
            return Vec::new();
        };
        let PostMessage {
            content,
            nonce,
            reply_to,
        } = post;
        if let Some(nonce) = &nonce
            && let Some(effects) = self.retried(id, &author, nonce, now)
        {
            return effects;
        }
        let content = match (check(content, target), wait) {
            (Ok(content), None) => content,
            (Ok(_), Some(seconds)) => return vec![too_fast(id, seconds, nonce.as_ref())],
            (Err((code, text)), _) => {
                return vec![refuse(id, "message", code, text, nonce.as_ref())];
            }
        };
        if let Some(nonce) = &nonce {
            self.nonces.begin(&author.key, nonce, now);
        }
        let posted = MessagePosted {
            author,
            content,
            reply_to,
            nonce,
        };
        let body = EntryBody::MessagePosted(posted);
        vec![Effect::Store(id, NewEntry { time: now, body })]
    }

    /// What follows where `author` sent a message with this nonce before. Limits do not count here:
    /// nothing more is stored, and whoever comes back has to send what was not answered.
    fn retried(
        &mut self,
        id: MemberId,
        author: &Author,
        nonce: &Nonce,
        now: UnixMillis,
    ) -> Option<Vec<Effect>> {
        self.nonces.forget_old(now);
        match self.nonces.find(&author.key, nonce)? {
            NonceState::Stored(seq) => Some(vec![Effect::Repeat(id, seq, nonce.clone())]),
            NonceState::Waiting => {
                self.nonces.wait(&author.key, nonce, id);
                Some(Vec::new())
            }
        }
    }

    /// For authors, and for moderators over those who stand lower (the contract).
    fn delete(
        &mut self,
        id: MemberId,
        target: Option<StoredMessage>,
        now: UnixMillis,
    ) -> Vec<Effect> {
        const EVENT: &str = "deleteMessage";
        let Some(member) = self.members.get(&id) else {
            return Vec::new();
        };
        let Some(StoredMessage { seq, author }) = target else {
            let text = "there is no message with this id".to_owned();
            return vec![refuse(id, EVENT, Code::NotFound, text, None)];
        };
        let is_moderator = member.rank <= Rank::Moderator;
        if member.key != author.key && !(is_moderator && member.rank < author.rank) {
            let text = "only its author and moderators of higher standing may delete this message";
            return vec![refuse(id, EVENT, Code::Forbidden, text.to_owned(), None)];
        }
        let body = EntryBody::MessageDeleted(MessageDeleted {
            target: seq,
            by: member.clone(),
        });
        vec![Effect::Store(id, NewEntry { time: now, body })]
    }

    fn stored(&mut self, stored: Vec<(MemberId, Entry)>) -> Vec<Effect> {
        let deliver = |(sender, entry): (MemberId, Entry)| {
            let Some(posted) = entry.message() else {
                return Effect::Deliver(Vec::new(), entry);
            };
            let mut senders = match &posted.nonce {
                Some(nonce) => self.nonces.stored(&posted.author.key, nonce, entry.seq),
                None => Vec::new(),
            };
            senders.push(sender);
            Effect::Deliver(senders, entry)
        };
        stored.into_iter().map(deliver).collect()
    }

    fn not_stored(&mut self, lost: Vec<(MemberId, NewEntry)>) -> Vec<Effect> {
        let mut effects = Vec::with_capacity(lost.len());
        for (sender, entry) in lost {
            match entry.body {
                EntryBody::MessagePosted(posted) => self.post_lost(sender, &posted, &mut effects),
                EntryBody::MessageDeleted(_) => {
                    let text =
                        "the deletion could not be stored, so nothing was deleted: try again";
                    let text = text.to_owned();
                    effects.push(refuse(
                        sender,
                        "deleteMessage",
                        Code::Unavailable,
                        text,
                        None,
                    ));
                }
            }
        }
        effects
    }

    fn post_lost(&mut self, sender: MemberId, posted: &MessagePosted, effects: &mut Vec<Effect>) {
        const TEXT: &str = "the message could not be stored, so it was not sent: try again";
        let nonce = posted.nonce.as_ref();
        let refused = |id| refuse(id, "message", Code::Unavailable, TEXT.to_owned(), nonce);
        effects.push(refused(sender));
        if let Some(nonce) = nonce {
            let retries = self.nonces.lost(&posted.author.key, nonce);
            effects.extend(retries.into_iter().map(refused));
        }
    }

    /// Who is here.
    pub fn who(&self) -> Who {
        let mut seen = HashSet::new();
        let mut members: Vec<Member> = self
            .members
            .values()
            .filter(|author| seen.insert(author.key.as_str()))
            .map(member)
            .collect();
        // Those of higher standing first: they are the ones that a cut list must not lose.
        members.sort_by(|a, b| (a.rank, &a.username).cmp(&(b.rank, &b.username)));
        let truncated = members.len() > WHO_MEMBERS;
        members.truncate(WHO_MEMBERS);
        Who {
            count: self.members.len(),
            members,
            truncated,
        }
    }
}

fn check(
    content: DraftContent,
    target: ReplyTarget,
) -> Result<chat_protocol::Content, (Code, String)> {
    if target == ReplyTarget::Unknown {
        let text = "there is no message with the id that `replyTo` names";
        return Err((Code::NotFound, text.to_owned()));
    }
    content
        .measured()
        .map_err(|error| (Code::TooLong, error.to_string()))
}

fn refuse(id: MemberId, event: &str, code: Code, message: String, nonce: Option<&Nonce>) -> Effect {
    Effect::Send(id, refusal(event, code, message, nonce))
}

fn too_fast(id: MemberId, seconds: u64, nonce: Option<&Nonce>) -> Effect {
    Effect::Send(
        id,
        ServerEvent::Cerror(ClientError {
            code: Code::TooFast,
            message: format!("too fast: wait {seconds} s before the next message"),
            event: Some("message".to_owned()),
            nonce: nonce.map(|nonce| nonce.as_str().to_owned()),
            retry_after: Some(seconds),
        }),
    )
}

/// What the sender of `event` gets where it is refused.
pub fn refusal(event: &str, code: Code, message: String, nonce: Option<&Nonce>) -> ServerEvent {
    ServerEvent::Cerror(ClientError {
        code,
        message,
        event: Some(event.to_owned()),
        nonce: nonce.map(|nonce| nonce.as_str().to_owned()),
        retry_after: None,
    })
}

fn member(author: &Author) -> Member {
    Member {
        username: author.username.clone(),
        display_name: author.display_name.clone(),
        rank: author.rank,
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
