//! What can come to a room, and what it orders: the vocabulary that the rules and whoever carries out
//! their orders share. No behaviour.

use chat_protocol::{
    AuditEntry, Capabilities, CloseCode, HeldId, Nonce, PostMessage, RoomChange, RoomState, Seq,
    ServerEvent,
};

use super::{Allowed, Look, Order, View};
use crate::domain::address::{Address, Network};
use crate::domain::audit::LineId;
use crate::domain::entry::{Author, Entry, NewEntry, StoredNonce};
use crate::domain::filter::{Change, FilterError, Pattern};
use crate::domain::held::{Choice, HeldMessage, Ruled, Ruling, Waiting};
use crate::domain::moderation::{BanScope, Person, Standing, Verdict};

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
    /// What it is told beyond what everybody is.
    pub capabilities: Capabilities,
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
    pub members_age: u64,
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

/// The message that a change of the modes pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pinned {
    /// The change pins none.
    None,
    /// It is there, and by the user of this name, as registered.
    By(String),
    /// It is not there, or it is no message.
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
    /// A member posts this, which holds this pattern where it [`Room::is_subject_to_patterns`] patterns.
    ///
    /// [`Room::is_subject_to_patterns`]: super::Room::is_subject_to_patterns
    Post(MemberId, PostMessage, ReplyTarget, Option<Pattern>),
    /// What [`Effect::Charge`] asked for: the member may do this now, or has to wait so many seconds.
    Charged(MemberId, Allowed, Option<u64>),
    /// A member deletes this message; `None` where the one they named is not there.
    Delete(MemberId, Option<StoredMessage>),
    /// A member asks for something to be done to somebody; `None` where there is nobody of the name.
    Moderate(MemberId, Order, Option<Person>),
    /// An operator asks for something to be done to somebody; where so said, the room is made where
    /// there is none.
    Operate(Order, Person, bool),
    /// An operator takes all messages of somebody out.
    Purge(Person),
    /// A member empties the room.
    Clear(MemberId),
    /// A member changes the modes, and perhaps pins this message.
    Change(MemberId, RoomChange, Pinned),
    /// The pinned message is gone.
    Unpin(Author),
    /// There is such a room from now on: it is the user's of this key, who founded it, or nobody's.
    Founded(Option<String>),
    /// There is no such room any more.
    Unfounded,
    /// The account of this key is gone.
    Forget(String),
    /// The account of this key was signed out everywhere, but on the connection that is named.
    SignOut(String, Option<MemberId>),
    /// The account of this key is a server administrator from now on, or is none any more.
    Administer(String, bool),
    /// Whoever is in this network is kept out of the whole server from now on, with the reason.
    PutOut(Network, Option<String>),
    /// These members are where nobody may be any more who stands as they do, with the reason.
    KeptOut(Vec<MemberId>, Option<String>),
    /// A member asks what waits for a moderator.
    ListHeld(MemberId),
    /// A member asks for the patterns.
    ListFilters(MemberId),
    /// What [`Effect::ListFilters`] asked for.
    Filters(MemberId, Vec<Pattern>),
    /// A member changes the patterns.
    ChangeFilter(MemberId, Change),
    /// An operator does; where so said, it makes the room where there is none.
    OperateFilter(Change, bool),
    /// What [`Effect::ChangeFilter`] asked for is stored and holds; that it was done stands so in the audit.
    FilterChanged(MemberId, Change, AuditEntry),
    /// It is not, since it can't be so; or since it could not be stored, where nothing is said.
    FilterNotChanged(MemberId, Change, Option<FilterError>),
    /// A member asks for what moderators may read.
    Look(MemberId, Look),
    /// These lines were written in the audit: of what comes next, in its order.
    Noted(Vec<LineId>),
    /// What a member's request needs could not be looked up, so nothing is done. With the event that it
    /// sent, and the nonce that it gave.
    Unavailable(MemberId, &'static str, Lookup, Option<Nonce>),
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

/// What could not be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// A message that was named: the log can't be read now.
    Log,
    /// The patterns: they can't be read now.
    Filters,
    /// A message that was sent before and is sent again: the log can't be read now.
    Original,
    /// The same, which is not there any more.
    Gone,
}

/// A verdict that is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingVerdict {
    /// The verdict. What a ban takes along is not in it yet: only the store knows that.
    pub verdict: Verdict,
    /// How far it reaches, where it is a ban.
    pub scope: BanScope,
    /// Whether the room is made first where there is none.
    pub creates: bool,
}

/// What a room orders. Whoever carries it out does so in this order, and stores what waits to be stored
/// before anything but [`Effect::Store`] and [`Effect::Charge`].
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Store an entry, then report with [`Input::Stored`] or [`Input::NotStored`].
    Store(MemberId, NewEntry),
    /// See whether the member's pace allows this, which then counts, and report with [`Input::Charged`].
    Charge(MemberId, Allowed),
    /// Give a stored entry to every member; the copies of those who sent it carry its nonce.
    Deliver(Vec<MemberId>, Entry),
    /// Give the message at `Seq`, which was stored before, to one member, who sent it again with
    /// this nonce; or report with [`Input::Unavailable`].
    Repeat(MemberId, Seq, Nonce),
    /// Give an event to one member.
    Send(MemberId, ServerEvent),
    /// Give an event to all members named.
    Announce(Vec<MemberId>, ServerEvent),
    /// Show what was posted before, store a verdict, then report with [`Input::Judged`] or
    /// [`Input::NotJudged`].
    Judge(MemberId, Box<PendingVerdict>),
    /// Store a message that waits, then report with [`Input::Held`] or [`Input::NotHeld`].
    Hold(MemberId, Box<Waiting>),
    /// Store a ruling, then report with [`Input::Ruled`] or [`Input::NotRuled`].
    Rule(MemberId, Box<Ruling>),
    /// Change the patterns, by this name, and where so said, make the room with that where there is none,
    /// then report with [`Input::FilterChanged`] or [`Input::FilterNotChanged`].
    ChangeFilter(MemberId, Change, String, bool),
    /// Read the patterns, then report with [`Input::Filters`] or [`Input::Unavailable`].
    ListFilters(MemberId),
    /// Let who asked read what they asked for, of which the room knows this.
    Open(Box<View>),
    /// Tell the operator who asked what was done, or why nothing was, since it would do nothing.
    Report(Result<String, String>),
    /// Close the connection of this member, who was too fast, where it went on regardless; then report
    /// with [`Input::Leave`].
    CheckFlooding(MemberId),
    /// Give these members an event and close their connections.
    Expel(Vec<MemberId>, ServerEvent, CloseCode),
    /// Close these members' connections: they were signed out.
    SignOut(Vec<MemberId>),
    /// A message went out of the log: see whether it was the pinned one.
    CheckPinned(Author),
    /// Wake the room at this time by [`Moment::steady`].
    WakeAt(u64),
}
