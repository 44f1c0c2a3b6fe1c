//! A room's rules: who is in it, what becomes of what they send. Pure: (input, time) to effects.
//!
//! Owns members, retries and presence. It has no clock, no I/O and no outboxes: `room_task` carries
//! out the effects and reports back what the log said. Modes, mutes and moderation belong here.

mod moderation;
mod nonces;
mod presence;

use std::collections::{BTreeSet, HashMap, HashSet};

use chat_protocol::limits::WHO_MEMBERS;
use chat_protocol::{
    ClientError, CloseCode, Code, Content, ContentTooLong, DraftContent, Member, MessageId, Nonce,
    PostMessage, Rank, RoomChange, RoomState, Seq, ServerEvent, Who,
};

use crate::entry::{
    Author, Entry, EntryBody, MessageDeleted, MessagePosted, NewEntry, Purged, StoredNonce,
    UnixMillis,
};
use crate::moderation::{Person, Sanction, Standing, Verdict};
pub use moderation::Order;
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
    /// When their account was made.
    pub created: UnixMillis,
    /// Whether it wants `join`, `leave` and `presence`.
    pub wants_presence: bool,
    /// Whether it wants the room's modes.
    pub wants_modes: bool,
}

/// What a room starts with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The nonces of recent messages.
    pub nonces: Vec<StoredNonce>,
    /// How people stand in it.
    pub standing: Standing,
    /// Its modes.
    pub modes: RoomState,
    /// Milliseconds after which an account counts as a member's where only members may post.
    pub membership: u64,
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
    /// A member asks for something to be done to somebody; `None` where there is nobody of the name.
    Moderate(MemberId, Order, Option<Person>),
    /// A member empties the room.
    Clear(MemberId),
    /// A member changes the modes, and perhaps pins this message.
    Change(MemberId, RoomChange, ReplyTarget),
    /// The pinned message is gone.
    Unpin(MemberId, Author),
    /// What [`Effect::Judge`] asked for is stored.
    Judged(MemberId, Verdict),
    /// It is not.
    NotJudged(MemberId, Verdict),
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
    /// Store a verdict, then report with [`Input::Judged`] or [`Input::NotJudged`].
    Judge(MemberId, Verdict),
    /// Give these members an event and close their connections.
    Expel(Vec<MemberId>, ServerEvent, CloseCode),
    /// A message went out of the log: see whether it was the pinned one.
    CheckPinned(MemberId, Author),
    /// Wake the room at this time.
    WakeAt(UnixMillis),
}

/// A room as its members see it.
pub struct Room {
    members: HashMap<MemberId, Author>,
    nonces: Nonces,
    presence: Presence,
    standing: Standing,
    modes: RoomState,
    /// Who is told of the modes.
    mode_listeners: BTreeSet<MemberId>,
    /// When each member's account was made.
    created: HashMap<MemberId, UnixMillis>,
    membership: u64,
    /// When users posted last, for slow mode.
    posted: HashMap<String, UnixMillis>,
}

impl Room {
    /// An empty room.
    pub fn new(start: Start) -> Self {
        Self {
            members: HashMap::new(),
            nonces: Nonces::new(start.nonces),
            presence: Presence::default(),
            standing: start.standing,
            modes: start.modes,
            mode_listeners: BTreeSet::new(),
            created: HashMap::new(),
            membership: start.membership,
            posted: HashMap::new(),
        }
    }

    /// How the user `key` stands here.
    pub fn rank(&self, key: &str) -> Rank {
        self.standing.rank(key)
    }

    /// What keeps the user `key` out at `now`.
    pub fn ban(&self, key: &str, now: UnixMillis) -> Option<&Sanction> {
        self.standing.ban(key, now)
    }

    /// The pinned message.
    pub fn pinned(&self) -> Option<&MessageId> {
        self.modes.pinned.as_ref()
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
            Input::Moderate(id, order, target) => self.moderate(id, &order, target, now),
            Input::Clear(id) => self.clear(id, now),
            Input::Change(id, change, pinned) => self.change(id, change, pinned, now),
            Input::Unpin(id, by) => self.unpin(id, by, now),
            Input::Judged(id, verdict) => self.judged(id, &verdict, now),
            Input::NotJudged(id, verdict) => self.not_judged(id, &verdict),
            Input::Stored(stored) => self.stored(stored),
            Input::NotStored(lost) => self.not_stored(lost),
            Input::Wake => self.presence.wake(self.members.len(), now),
        }
    }

    fn join(&mut self, joining: Joining, now: UnixMillis) -> Vec<Effect> {
        let Joining {
            id,
            mut author,
            created,
            wants_presence,
            wants_modes,
        } = joining;
        author.rank = self.rank(&author.key);
        let member = member(&author);
        self.created.insert(id, created);
        self.members.insert(id, author);
        let count = self.members.len();
        let mut effects = self.presence.joined(member, count, now);
        if wants_modes {
            self.mode_listeners.insert(id);
            effects.push(Effect::Send(id, ServerEvent::Room(self.modes.clone())));
        }
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
        self.mode_listeners.remove(&id);
        self.created.remove(&id);
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
        let content = match (self.check(id, content, target, now), wait) {
            (Ok(content), None) => content,
            (Ok(_), Some(seconds)) => {
                let text = format!("too fast: wait {seconds} s before the next message");
                return vec![too_fast(id, seconds, text, nonce.as_ref())];
            }
            (Err(obstacle), _) => return vec![obstacle.refusal(id, nonce.as_ref(), now)],
        };
        if self.modes.slow_mode > 0 && author.rank == Rank::User {
            self.note_post(&author.key, now);
        }
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

    /// The author as whom `id` would have this message stored; `None` where something is wrong with
    /// it, or it was stored before.
    pub fn would_store(
        &mut self,
        id: MemberId,
        post: &PostMessage,
        target: ReplyTarget,
        now: UnixMillis,
    ) -> Option<&Author> {
        let author = self.members.get(&id)?;
        if let Some(nonce) = &post.nonce {
            self.nonces.forget_old(now);
            if self.nonces.find(&author.key, nonce).is_some() {
                return None;
            }
        }
        let checked = self.check(id, post.content.clone(), target, now);
        checked.is_ok().then_some(author)
    }

    /// What is wrong with a message, in the contract's order: rights, whether what it names exists,
    /// limits.
    fn check(
        &self,
        id: MemberId,
        content: DraftContent,
        target: ReplyTarget,
        now: UnixMillis,
    ) -> Result<Content, Obstacle> {
        let author = self.members.get(&id).ok_or(Obstacle::Gone)?;
        if let Some(mute) = self.standing.mute(&author.key, now) {
            return Err(Obstacle::Muted(mute.clone()));
        }
        let created = self.created.get(&id).copied().unwrap_or(0);
        let age = now.saturating_sub(created);
        if self.modes.members_only && author.rank == Rank::User && age < self.membership {
            return Err(Obstacle::NoMember((self.membership - age).div_ceil(1000)));
        }
        if target == ReplyTarget::Unknown {
            return Err(Obstacle::UnknownTarget);
        }
        let content = content.measured().map_err(Obstacle::TooLong)?;
        match self.slow_wait(author, now) {
            Some(seconds) => Err(Obstacle::SlowMode(seconds)),
            None => Ok(content),
        }
    }

    /// Seconds that slow mode makes `author` wait.
    fn slow_wait(&self, author: &Author, now: UnixMillis) -> Option<u64> {
        let last = self.posted.get(&author.key)?;
        let free = last.saturating_add(self.modes.slow_mode.saturating_mul(1000));
        let wait = free.checked_sub(now).filter(|wait| *wait > 0)?;
        (author.rank == Rank::User).then_some(wait.div_ceil(1000))
    }

    /// Remembers who posted when, as long as slow mode may ask for it.
    fn note_post(&mut self, key: &str, now: UnixMillis) {
        const CLEARING: usize = 1024;
        let memory = self.modes.slow_mode.saturating_mul(1000);
        if self.posted.len() >= CLEARING && self.posted.len().is_power_of_two() {
            self.posted
                .retain(|_, last| last.saturating_add(memory) > now);
        }
        self.posted.insert(key.to_owned(), now);
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
        let stands_higher = member.rank < self.standing.rank(&author.key);
        if member.key != author.key && !(is_moderator && stands_higher) {
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
        let mut effects = Vec::with_capacity(stored.len());
        for (sender, entry) in stored {
            let by = match &entry.body {
                EntryBody::MessagePosted(posted) => {
                    let mut senders = match &posted.nonce {
                        Some(nonce) => self.nonces.stored(&posted.author.key, nonce, entry.seq),
                        None => Vec::new(),
                    };
                    senders.push(sender);
                    effects.push(Effect::Deliver(senders, entry));
                    continue;
                }
                EntryBody::RoomChanged(changed) => {
                    self.modes = changed.modes.clone();
                    effects.push(self.announce_modes(entry.seq));
                    continue;
                }
                EntryBody::MessageDeleted(MessageDeleted { by, .. })
                | EntryBody::Purged(Purged { by, .. })
                | EntryBody::Cleared(by) => by.clone(),
            };
            effects.push(Effect::Deliver(Vec::new(), entry));
            if self.modes.pinned.is_some() {
                effects.push(Effect::CheckPinned(sender, by));
            }
        }
        effects
    }

    fn announce_modes(&self, seq: Seq) -> Effect {
        let state = RoomState {
            seq: Some(seq),
            ..self.modes.clone()
        };
        let listeners = self.mode_listeners.iter().copied().collect();
        Effect::Announce(listeners, ServerEvent::Room(state))
    }

    fn not_stored(&mut self, lost: Vec<(MemberId, NewEntry)>) -> Vec<Effect> {
        let mut effects = Vec::with_capacity(lost.len());
        for (sender, entry) in lost {
            let event = match entry.body {
                EntryBody::MessagePosted(posted) => {
                    self.post_lost(sender, &posted, &mut effects);
                    continue;
                }
                EntryBody::MessageDeleted(_) => "deleteMessage",
                EntryBody::Purged(_) => "purge",
                EntryBody::Cleared(_) => "clear",
                EntryBody::RoomChanged(_) => "setRoom",
            };
            let text = "this could not be stored, so nothing was done: try again".to_owned();
            effects.push(refuse(sender, event, Code::Unavailable, text, None));
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

/// What keeps a message from being posted.
enum Obstacle {
    /// Its sender is not here any more.
    Gone,
    Muted(Sanction),
    /// Its sender's account is too young, for so many seconds more.
    NoMember(u64),
    UnknownTarget,
    TooLong(ContentTooLong),
    /// So many seconds more.
    SlowMode(u64),
}

impl Obstacle {
    fn refusal(self, id: MemberId, nonce: Option<&Nonce>, now: UnixMillis) -> Effect {
        let refused = |code, text: String| refuse(id, "message", code, text, nonce);
        match self {
            Obstacle::Gone => refused(Code::Forbidden, "you are not in the room".to_owned()),
            Obstacle::Muted(mute) => {
                let nonce = nonce.map(|nonce| nonce.as_str().to_owned());
                Effect::Send(id, moderation::muted(&mute, nonce, now))
            }
            Obstacle::NoMember(seconds) => {
                let minutes = seconds.div_ceil(60);
                let text = format!("only members may post now: you may in {minutes} min");
                refused(Code::Forbidden, text)
            }
            Obstacle::UnknownTarget => {
                let text = "there is no message with the id that `replyTo` names";
                refused(Code::NotFound, text.to_owned())
            }
            Obstacle::TooLong(error) => refused(Code::TooLong, error.to_string()),
            Obstacle::SlowMode(seconds) => {
                let text = format!("slow mode: wait {seconds} s before the next message");
                too_fast(id, seconds, text, nonce)
            }
        }
    }
}

fn refuse(id: MemberId, event: &str, code: Code, message: String, nonce: Option<&Nonce>) -> Effect {
    Effect::Send(id, refusal(event, code, message, nonce))
}

fn too_fast(id: MemberId, seconds: u64, message: String, nonce: Option<&Nonce>) -> Effect {
    Effect::Send(
        id,
        ServerEvent::Cerror(ClientError {
            code: Code::TooFast,
            message,
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
