//! A room's rules: who is in it, what becomes of what they send. Pure: (input, time) to effects.
//!
//! Owns members, retries and presence. It has no clock, no I/O and no outboxes: `room_task` carries
//! out the effects and reports back what the log said. Modes, mutes and moderation belong here.

mod addresses;
mod filtering;
mod held;
mod moderation;
mod nonces;
mod posting;
mod presence;

use std::collections::{BTreeSet, HashMap, HashSet};

use chat_protocol::limits::WHO_MEMBERS;
use chat_protocol::{
    ClientError, CloseCode, Code, HeldId, Member, MessageId, Nonce, Rank, RoomChange, RoomState,
    Seq, ServerEvent, Who, events,
};

use crate::domain::address::{Address, Network};
use crate::domain::entry::{
    Author, Entry, EntryBody, MessageDeleted, Moment, NewEntry, Purged, StoredNonce, UnixMillis,
};
use crate::domain::held::{Choice, HeldMessage, Ruled, Ruling, Waiting};
use crate::domain::moderation::{Origin, Person, Sanction, Standing, Verdict};
pub use moderation::{Order, operated, operator, outcome, slip};
pub(crate) use nonces::MEMORY as NONCE_MEMORY;
use nonces::Nonces;
pub use posting::Passed;
use presence::Presence;

/// A connection in the room; never used twice in a room's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u64);

/// No connection: in whose place an operator acts.
pub const NOBODY: MemberId = MemberId(0);

/// Somebody who comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The connection.
    pub id: MemberId,
    /// Who it is.
    pub author: Author,
    /// When their account was made, by [`Moment::steady`].
    pub created: u64,
    /// Where they are.
    pub address: Address,
    /// Whether it wants `join`, `leave` and `presence`.
    pub wants_presence: bool,
    /// Whether it wants the room's modes.
    pub wants_modes: bool,
    /// Whether it wants to be told what moderators do, where it is one's.
    pub wants_audit: bool,
}

/// What a room starts with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The nonces of recent messages.
    pub nonces: Vec<AgedNonce>,
    /// How people stand in it.
    pub standing: Standing,
    /// Its modes.
    pub modes: RoomState,
    /// What waits for a moderator, the oldest first.
    pub held: Vec<HeldMessage>,
    /// Milliseconds after which an account counts as a member's where only members may post.
    pub membership: u64,
}

/// A nonce and when its message was posted, by [`Moment::steady`].
pub type AgedNonce = (StoredNonce, u64);

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
    /// Whether the name is still that account's: the rank of whoever has it now protects nothing of who
    /// had it before.
    pub is_holders: bool,
}

/// What can come to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A connection comes in.
    Join(Joining),
    /// A connection leaves.
    Leave(MemberId),
    /// A member posts what passed [`Room::look`] at this moment; where they are too fast, with the
    /// seconds that they have to wait.
    Post(Passed, Option<u64>),
    /// A member deletes this message; `None` where the one they named is not there.
    Delete(MemberId, Option<StoredMessage>),
    /// A member asks for something to be done to somebody; `None` where there is nobody of the name.
    Moderate(MemberId, Order, Option<Person>),
    /// A member empties the room.
    Clear(MemberId),
    /// A member changes the modes, and perhaps pins this message.
    Change(MemberId, RoomChange, ReplyTarget),
    /// The pinned message is gone.
    Unpin(Author),
    /// The account of this key is gone.
    Forget(String),
    /// The account of this key was signed out everywhere.
    SignOut(String),
    /// The account of this key is a server administrator from now on, or is none any more.
    Administer(String, bool),
    /// Whoever is in this network is kept out of the whole server from now on, with the reason.
    PutOut(Network, Option<String>),
    /// These members are where nobody may be any more who stands as they do, with the reason.
    KeptOut(Vec<MemberId>, Option<String>),
    /// A member asks what waits for a moderator.
    ListHeld(MemberId),
    /// A member decides on what waits.
    Decide(MemberId, HeldId, Choice),
    /// What [`Effect::Hold`] asked for is stored.
    Held(MemberId, HeldMessage),
    /// It is not.
    NotHeld(MemberId, Box<Waiting>),
    /// What [`Effect::Rule`] asked for is stored, or there was nothing to rule on.
    Ruled(MemberId, Box<Ruling>, Ruled),
    /// It is not.
    NotRuled(MemberId, Choice),
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
    /// Store a message that waits, then report with [`Input::Held`] or [`Input::NotHeld`].
    Hold(MemberId, Box<Waiting>),
    /// Store a ruling, then report with [`Input::Ruled`] or [`Input::NotRuled`].
    Rule(MemberId, Box<Ruling>),
    /// Give these members an event and close their connections.
    Expel(Vec<MemberId>, ServerEvent, CloseCode),
    /// Close these members' connections: they were signed out.
    SignOut(Vec<MemberId>),
    /// A message went out of the log: see whether it was the pinned one.
    CheckPinned(Author),
    /// Wake the room at this time by [`Moment::steady`].
    WakeAt(u64),
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
    /// Who is told what moderators do, while they are moderators.
    audit_listeners: BTreeSet<MemberId>,
    /// When each member's account was made, by [`Moment::steady`].
    created: HashMap<MemberId, u64>,
    /// Where each member is.
    addresses: HashMap<MemberId, Address>,
    membership: u64,
    /// When users posted last, for slow mode, by [`Moment::steady`].
    posted: HashMap<String, u64>,
    /// What waits for a moderator, the oldest first; bounded by what may wait.
    held: Vec<HeldMessage>,
    /// What moderators did since the room runs.
    audit_version: u64,
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
            audit_listeners: BTreeSet::new(),
            created: HashMap::new(),
            addresses: HashMap::new(),
            membership: start.membership,
            posted: HashMap::new(),
            held: start.held,
            audit_version: 0,
        }
    }

    /// Whether there is such a room: somebody founded it.
    pub fn is_founded(&self) -> bool {
        self.standing.is_founded
    }

    /// The room is none any more, and nothing is decided in it.
    pub fn forget_itself(&mut self) {
        self.standing = Standing {
            admins: std::mem::take(&mut self.standing.admins),
            ..Standing::default()
        };
        self.modes = RoomState::default();
    }

    /// The room is one from now on, where a user founded it with that one as its administrator.
    pub fn found(&mut self, founder: Option<&str>) {
        match founder {
            Some(key) => self.standing.found(key),
            None => self.standing.is_founded = true,
        }
    }

    /// How the user `key` stands here.
    pub fn rank(&self, key: &str) -> Rank {
        self.standing.rank(key)
    }

    /// Where the rank of the user `key` comes from; `None` for mere users.
    pub fn origin(&self, key: &str) -> Option<Origin> {
        self.standing.origin(key)
    }

    /// The name as compared of a member.
    pub fn key_of(&self, id: MemberId) -> Option<&str> {
        self.members.get(&id).map(|author| author.key.as_str())
    }

    /// What keeps the user `key` out at `now`.
    pub fn ban(&self, key: &str, now: impl Into<Moment>) -> Option<&Sanction> {
        self.standing.ban(key, now.into())
    }

    /// The pinned message.
    pub fn pinned(&self) -> Option<&MessageId> {
        self.modes.pinned.as_ref()
    }

    /// How many lines the audit got since the room runs.
    pub fn audit_version(&self) -> u64 {
        self.audit_version
    }

    /// True where nobody is in.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What follows from `input` at `now`.
    pub fn apply(&mut self, input: Input, now: impl Into<Moment>) -> Vec<Effect> {
        let now = now.into();
        match input {
            Input::Join(joining) => self.join(joining, now),
            Input::Leave(id) => self.leave(id, now),
            Input::Post(passed, wait) => self.post(passed, wait, now),
            Input::Delete(id, target) => self.delete(id, target, now.time),
            Input::Moderate(id, order, target) => self.moderate(id, &order, target, now),
            Input::Clear(id) => self.clear(id, now.time),
            Input::Change(id, change, pinned) => self.change(id, change, pinned, now.time),
            Input::Unpin(by) => self.unpin(by, now.time),
            Input::Forget(key) => self.forget(&key, now),
            Input::SignOut(key) => self.sign_out(&key, now),
            Input::Administer(key, is_admin) => self.administer(&key, is_admin, now),
            Input::KeptOut(ids, reason) => {
                self.expel(ids, reason, ServerEvent::Ban, CloseCode::Banned, now)
            }
            Input::PutOut(network, reason) => self.put_out(&network, reason, now),
            Input::ListHeld(id) => self.list_held(id, now),
            Input::Decide(id, held, choice) => self.decide(id, &held, choice, now),
            Input::Held(id, held) => self.held(id, held),
            Input::NotHeld(id, waiting) => self.not_held(id, &waiting),
            Input::Ruled(id, ruling, ruled) => self.ruled(id, &ruling, ruled, now),
            Input::NotRuled(id, choice) => Self::not_ruled(id, &choice),
            Input::Judged(id, verdict) => self.judged(id, &verdict, now),
            Input::NotJudged(id, verdict) => self.not_judged(id, &verdict),
            Input::Stored(stored) => self.stored(stored),
            Input::NotStored(lost) => self.not_stored(lost),
            Input::Wake => self.presence.wake(self.members.len(), now.steady),
        }
    }

    fn join(&mut self, joining: Joining, now: Moment) -> Vec<Effect> {
        let Joining {
            id,
            mut author,
            created,
            address,
            wants_presence,
            wants_modes,
            wants_audit,
        } = joining;
        author.rank = self.rank(&author.key);
        let member = member(&author);
        self.created.insert(id, created);
        self.addresses.insert(id, address);
        self.members.insert(id, author);
        let count = self.members.len();
        let mut effects = self.presence.joined(member, count, now.steady);
        if wants_modes {
            self.mode_listeners.insert(id);
            effects.push(Effect::Send(id, ServerEvent::Room(self.modes.clone())));
        }
        if wants_audit {
            self.audit_listeners.insert(id);
            effects.extend(self.held_on_entering(id, now));
        }
        // Only now: who comes in is not told of it.
        if wants_presence {
            self.presence.add_listener(id);
        }
        effects
    }

    fn leave(&mut self, id: MemberId, now: Moment) -> Vec<Effect> {
        let Some(gone) = self.members.remove(&id) else {
            return Vec::new();
        };
        self.presence.remove_listener(id);
        self.mode_listeners.remove(&id);
        self.audit_listeners.remove(&id);
        self.created.remove(&id);
        self.addresses.remove(&id);
        let count = self.members.len();
        self.presence.left(member(&gone), count, now.steady)
    }

    /// For authors, and for moderators over those who stand lower (the contract).
    fn delete(
        &mut self,
        id: MemberId,
        target: Option<StoredMessage>,
        now: UnixMillis,
    ) -> Vec<Effect> {
        const EVENT: &str = events::DELETE_MESSAGE;
        let Some(member) = self.members.get(&id) else {
            return Vec::new();
        };
        let Some(StoredMessage {
            seq,
            author,
            is_holders,
        }) = target
        else {
            let text = "there is no message with this id".to_owned();
            return vec![refuse(id, EVENT, Code::NotFound, text, None)];
        };
        let is_moderator = member.rank <= Rank::Moderator;
        let is_own = author.is_account(member.account);
        let stands_higher = !is_holders || self.standing.is_above(&member.key, &author.key);
        let may_delete = is_own || (is_moderator && stands_higher);
        if !may_delete {
            let text = "only its author or a moderator of higher rank can delete this message";
            return vec![refuse(id, EVENT, Code::Forbidden, text.to_owned(), None)];
        }
        let body = EntryBody::MessageDeleted(MessageDeleted {
            target: seq,
            of: (!is_own).then_some(author.username),
            by: member.clone(),
        });
        vec![Effect::Store(id, NewEntry { time: now, body })]
    }

    fn stored(&mut self, stored: Vec<(MemberId, Entry)>) -> Vec<Effect> {
        let mut effects = Vec::with_capacity(stored.len());
        for (sender, entry) in stored {
            let audit_entry = entry.audit_entry();
            let by = match &entry.body {
                EntryBody::MessagePosted(posted) => {
                    let mut senders = match &posted.nonce {
                        Some(nonce) => self.nonces.stored(posted.author.account, nonce, entry.seq),
                        None => Vec::new(),
                    };
                    senders.push(sender);
                    effects.push(Effect::Deliver(senders, entry));
                    continue;
                }
                EntryBody::RoomChanged(changed) => {
                    self.modes = changed.modes.clone();
                    effects.push(self.announce_modes(entry.seq));
                    effects.extend(self.tell_audit(audit_entry));
                    continue;
                }
                EntryBody::MessageDeleted(MessageDeleted { by, .. })
                | EntryBody::Purged(Purged { by, .. })
                | EntryBody::Cleared(by) => by.clone(),
            };
            let dropped = match &entry.body {
                EntryBody::Purged(purged) => self.drop_held(Some(&purged.key), &by.username),
                EntryBody::Cleared(_) => self.drop_held(None, &by.username),
                _ => Vec::new(),
            };
            effects.push(Effect::Deliver(Vec::new(), entry));
            effects.extend(dropped);
            if self.modes.pinned.is_some() {
                effects.push(Effect::CheckPinned(by));
            }
            effects.extend(self.tell_audit(audit_entry));
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
                EntryBody::MessageDeleted(_) => events::DELETE_MESSAGE,
                EntryBody::Purged(_) => events::PURGE,
                EntryBody::Cleared(_) => events::CLEAR,
                // Nobody asked for it in this moment; it is looked at again.
                EntryBody::RoomChanged(changed) if sender == NOBODY => {
                    effects.push(Effect::CheckPinned(changed.by));
                    continue;
                }
                EntryBody::RoomChanged(_) => events::SET_ROOM,
            };
            let text = "this could not be stored, so nothing was done: try again".to_owned();
            effects.push(refuse(sender, event, Code::Unavailable, text, None));
        }
        effects
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

fn refuse(id: MemberId, event: &str, code: Code, message: String, nonce: Option<&Nonce>) -> Effect {
    Effect::Send(id, refusal(event, code, message, nonce))
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
