//! A room's rules: who is in it, what becomes of what they send. Pure: (input, time) to effects.
//!
//! Owns members, retries and presence. It has no clock, no I/O and no outboxes: whoever runs a room
//! carries out the effects and reports back what the log said. Modes, mutes and moderation belong here.

mod addresses;
mod filtering;
mod held;
mod input;
mod looking;
mod moderation;
mod modes;
mod nonces;
mod orders;
mod pace;
mod posting;
mod presence;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use chat_protocol::limits::WHO_MEMBERS;
use chat_protocol::{
    ClientError, CloseCode, Member, MessageId, Nonce, Rank, Reason, RoomState, Seq, ServerEvent,
    Who, events,
};

use crate::domain::address::Address;
use crate::domain::audit::LineId;
use crate::domain::entry::{
    Author, Entry, EntryBody, MessageDeleted, Moment, NewEntry, Purged, UnixMillis,
};
use crate::domain::held::HeldMessage;
use crate::domain::moderation::{Origin, Sanction, Standing};
use crate::domain::refusal::Why;
pub use input::{
    AgedNonce, Effect, Input, Joining, Lookup, MemberId, NOBODY, PendingVerdict, Pinned,
    ReplyTarget, Start, StoredMessage,
};
pub use looking::{Known, Look, UserHere, View};
use moderation::purged;
pub(crate) use nonces::MEMORY as NONCE_MEMORY;
use nonces::Nonces;
pub use orders::{Order, operated, operator, outcome, slip};
use pace::entry_event;
pub use pace::{Allowed, Pace};
pub use posting::Passed;
use presence::Presence;

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
    members_age: u64,
    /// When users posted last, for slow mode, by [`Moment::steady`].
    posted: HashMap<String, u64>,
    /// What waits for a moderator, the oldest first; bounded by what may wait.
    held: Vec<HeldMessage>,
    /// What moderators did since the room runs.
    audit_version: u64,
    /// Lines that were written in the audit, and that moderators are told of next.
    noted: VecDeque<LineId>,
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
            members_age: start.members_age,
            posted: HashMap::new(),
            held: start.held,
            audit_version: 0,
            noted: VecDeque::new(),
        }
    }

    /// Whether there is such a room: somebody founded it.
    pub fn is_founded(&self) -> bool {
        self.standing.is_founded
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
        let mut effects = Vec::new();
        self.apply_into(input, now, &mut effects);
        effects
    }

    /// The same, put behind what is in `effects`: so a message needs no list of its own.
    pub fn apply_into(&mut self, input: Input, now: impl Into<Moment>, effects: &mut Vec<Effect>) {
        let now = now.into();
        match input {
            Input::Post(id, post, target, found) => {
                self.look(id, post, target, found, now, effects);
            }
            Input::Charged(id, allowed, wait) => self.charged(id, allowed, wait, now, effects),
            Input::Stored(stored) => self.stored(stored, effects),
            Input::NotStored(lost) => self.not_stored(lost, effects),
            other => effects.extend(self.apply_other(other, now)),
        }
    }

    /// What follows from anything but messages on their way.
    fn apply_other(&mut self, input: Input, now: Moment) -> Vec<Effect> {
        match input {
            Input::Join(joining) => self.join(joining, now),
            Input::Leave(id) => self.leave(id, now),
            Input::Delete(id, target) => self.delete(id, target, now.time),
            Input::Moderate(id, order, target) => self.moderate(id, &order, target, now),
            Input::Operate(order, target, creates) => self.operate(&order, target, creates, now),
            Input::Purge(target) => {
                let entry = purged(target, operator(), now.time);
                vec![Effect::Store(NOBODY, entry)]
            }
            Input::Clear(id) => self.clear(id, now.time),
            Input::Change(id, change, pinned) => self.change(id, change, pinned, now.time),
            Input::Unpin(by) => self.unpin(by, now.time),
            Input::Founded(founder) => self.found(founder.as_deref()),
            Input::Unfounded => self.unfound(),
            Input::Forget(key) => self.forget(&key, now),
            Input::SignOut(key, kept) => self.sign_out(&key, kept, now),
            Input::Administer(key, is_admin) => self.administer(&key, is_admin, now),
            Input::KeptOut(ids, reason) => {
                self.expel(ids, reason, ServerEvent::Ban, CloseCode::Banned, now)
            }
            Input::PutOut(network, reason) => self.put_out(&network, reason, now),
            Input::ListHeld(id) => self.for_reading(id, Allowed::ReadHeld),
            Input::ListFilters(id) => self.for_reading(id, Allowed::ReadFilters),
            Input::Filters(id, patterns) => Self::filters(id, patterns),
            Input::ChangeFilter(id, change) => self.change_filter(id, change),
            Input::OperateFilter(change, creates) => Self::operate_filter(change, creates),
            Input::FilterChanged(id, change, line) => self.filter_changed(id, &change, line),
            Input::FilterNotChanged(id, change, why) => {
                Self::filter_not_changed(id, &change, why.as_ref())
            }
            Input::Look(id, look) => self.look_up(id, look),
            Input::Noted(lines) => {
                self.noted.extend(lines);
                Vec::new()
            }
            Input::Unavailable(id, event, what, nonce) => unavailable(id, event, what, nonce),
            Input::Decide(id, held, choice) => self.decide(id, &held, choice, now),
            Input::Held(id, held) => self.held(id, held),
            Input::NotHeld(id, waiting) => self.not_held(id, &waiting),
            Input::Ruled(id, ruling, ruled) => self.ruled(id, &ruling, ruled, now),
            Input::NotRuled(id, choice) => Self::not_ruled(id, &choice),
            Input::Judged(id, verdict) => self.judged(id, &verdict, now),
            Input::NotJudged(id, verdict) => self.not_judged(id, &verdict),
            Input::Post(..) | Input::Charged(..) | Input::Stored(_) | Input::NotStored(_) => {
                unreachable!("a message on its way goes the other way")
            }
            Input::Wake => self.presence.wake(self.members.len(), now.steady),
        }
    }

    fn join(&mut self, joining: Joining, now: Moment) -> Vec<Effect> {
        let Joining {
            id,
            mut author,
            created,
            address,
            capabilities,
        } = joining;
        author.rank = self.rank(&author.key);
        let member = member(&author);
        self.created.insert(id, created);
        self.addresses.insert(id, address);
        self.members.insert(id, author);
        let count = self.members.len();
        let mut effects = self.presence.joined(member, count, now.steady);
        if capabilities.room {
            self.mode_listeners.insert(id);
            effects.push(Effect::Send(id, ServerEvent::Room(self.modes.clone())));
        }
        if capabilities.moderation {
            self.audit_listeners.insert(id);
            effects.extend(self.held_on_entering(id, now));
        }
        // Only now: who comes in is not told of it.
        if capabilities.presence {
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
            return vec![refuse(id, EVENT, Reason::Message, text, None)];
        };
        let is_moderator = member.rank <= Rank::Moderator;
        let is_own = author.is_account(member.account);
        let stands_higher = !is_holders || self.standing.is_above(&member.key, &author.key);
        let may_delete = is_own || (is_moderator && stands_higher);
        if !may_delete {
            let text = "only its author or a moderator of higher rank can delete this message";
            return vec![refuse(id, EVENT, Reason::Rank, text.to_owned(), None)];
        }
        let body = EntryBody::MessageDeleted(MessageDeleted {
            target: seq,
            of: (!is_own).then_some(author.username),
            by: member.clone(),
        });
        vec![for_pace(id, NewEntry { time: now, body })]
    }

    fn stored(&mut self, stored: Vec<(MemberId, Entry)>, effects: &mut Vec<Effect>) {
        effects.reserve(stored.len());
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
    }

    fn announce_modes(&self, seq: Seq) -> Effect {
        let state = RoomState {
            seq: Some(seq),
            ..self.modes.clone()
        };
        let listeners = self.mode_listeners.iter().copied().collect();
        Effect::Announce(listeners, ServerEvent::Room(state))
    }

    fn not_stored(&mut self, lost: Vec<(MemberId, NewEntry)>, effects: &mut Vec<Effect>) {
        effects.reserve(lost.len());
        for (sender, entry) in lost {
            match entry.body {
                EntryBody::MessagePosted(posted) => {
                    self.post_lost(sender, &posted, effects);
                }
                // Nobody asked for it in this moment; it is looked at again.
                EntryBody::RoomChanged(changed) if sender == NOBODY => {
                    effects.push(Effect::CheckPinned(changed.by));
                }
                body => effects.push(nothing_done(sender, entry_event(&body))),
            }
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

fn refuse(
    id: MemberId,
    event: &str,
    why: impl Into<Why>,
    message: String,
    nonce: Option<&Nonce>,
) -> Effect {
    Effect::Send(id, refusal(event, why, message, nonce))
}

/// What the sender of `event` gets where it is refused.
fn refusal(
    event: &str,
    why: impl Into<Why>,
    message: String,
    nonce: Option<&Nonce>,
) -> ServerEvent {
    let Why { code, reason } = why.into();
    ServerEvent::Cerror(ClientError {
        code,
        message,
        event: Some(event.to_owned()),
        nonce: nonce.map(|nonce| nonce.as_str().to_owned()),
        retry_after: None,
        reason,
    })
}

/// Tells a member that what it asked for with `event` could not be stored.
fn nothing_done(id: MemberId, event: &str) -> Effect {
    let text = "this could not be stored, so nothing was done: try again".to_owned();
    refuse(id, event, Reason::Store, text, None)
}

/// What follows where something that `event` needs could not be looked up.
fn unavailable(id: MemberId, event: &str, what: Lookup, nonce: Option<Nonce>) -> Vec<Effect> {
    let (reason, text) = match what {
        Lookup::Log => (
            Reason::Store,
            "the room's messages can't be read right now: try again",
        ),
        Lookup::Filters => (
            Reason::Store,
            "the room's patterns can't be read right now: try again",
        ),
        Lookup::Original => (
            Reason::Store,
            "the message was already sent, but can't be read right now: try again",
        ),
        Lookup::Gone => (
            Reason::Message,
            "the message was already sent, and has since been deleted",
        ),
    };
    vec![refuse(id, event, reason, text.to_owned(), nonce.as_ref())]
}

/// Has an entry stored that a member may have stored, as far as its pace allows.
fn for_pace(id: MemberId, entry: NewEntry) -> Effect {
    Effect::Charge(id, Allowed::Store(entry))
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
