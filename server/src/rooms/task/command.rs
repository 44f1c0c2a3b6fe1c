//! What is asked of a room, and what is answered.

use chat_protocol::{
    AuthAccepted, Capabilities, HeldId, MessageId, PostMessage, RoomChange, Seq, Since, durations,
};
use tokio::sync::oneshot;

use super::login::Login;
use crate::domain::address::{Address, Network};
use crate::domain::entry::UnixMillis;
use crate::domain::filter::Change;
use crate::domain::held::Choice;
use crate::domain::moderation::Person;
use crate::domain::room::{Look, MemberId, Order, View};
use crate::limits::Allowance;
use crate::store::StoreError;
use crate::store::accounts::Account;
use crate::store::filters::FiltersError;
use crate::wire::outbox::Outbox;
use crate::wire::outgoing::Outgoing;

/// Somebody at the door.
///
/// Three things in it are no plain data, and can't be: the room has to see at the moment of entering what
/// has become of the login since it began, which is known on the server where it began; it writes to
/// the member through the outbox; and it counts what the member does in the same buckets as all other
/// rooms do.
pub struct Entrance {
    /// Their account, as it was when they showed that it is theirs.
    pub account: Account,
    /// Whether the account is to be made as they come in.
    pub is_new: bool,
    /// What tells whether the account is still what it was.
    pub login: Login,
    /// Where they are.
    pub address: Address,
    /// What they are told beyond what everybody is.
    pub capabilities: Capabilities,
    /// The last entry they have, to resume after it.
    pub since: Option<Since>,
    /// What they are told first: that they are in, with the rank that they have.
    pub welcome: Box<AuthAccepted>,
    /// Where everything for them goes.
    pub outbox: Outbox,
    /// What their messages are measured by.
    pub allowance: Allowance,
}

/// Why somebody is not let in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EnterError {
    /// The store can't be read or written now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The room's patterns can't be read, or changed so.
    #[error(transparent)]
    Filters(#[from] FiltersError),
    /// What they showed to be theirs is not, any more: the account is gone, or another one, or has
    /// another password. They may be looked at anew.
    #[error("the account has changed: sign in again")]
    SignedOut,
    /// Their name looks like somebody else's, who was here before.
    #[error(
        "this name looks like another user's: choose another one, or ask the server's operator for this one"
    )]
    LooksLikeAnother,
    /// There is no such room, and they may not found one.
    #[error("there is no room with this name")]
    NoSuchRoom,
    /// They may not found one more room, or not make one more account, for so many seconds.
    #[error("too many new {0}: wait {1} s")]
    TooMany(&'static str, u64),
    /// They are banned, for so many seconds more or for good.
    #[error("{}", banned("you are banned from this room", .0, *.1))]
    Banned(Option<String>, Option<u64>),
    /// Their address is, along with somebody.
    #[error("{}", banned("your address is banned from this room", .0, *.1))]
    AddressBanned(Option<String>, Option<u64>),
    /// Their address is banned from the whole server.
    #[error("{}", banned("your address is banned from this server", .0, *.1))]
    NetworkBanned(Option<String>, Option<u64>),
}

/// Why what an operator asked for was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OperateError {
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The patterns can't be changed so, or not now.
    #[error(transparent)]
    Filters(#[from] FiltersError),
    /// It would do nothing.
    #[error("{0}")]
    Slip(String),
}

fn banned(what: &str, reason: &Option<String>, seconds: Option<u64>) -> String {
    let mut text = what.to_owned();
    if let Some(seconds) = seconds {
        text.push_str(&format!(" for another {}", durations::left(seconds)));
    }
    if let Some(reason) = reason {
        text.push_str(&format!(": {reason}"));
    }
    text
}

/// Where a room stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPosition {
    /// The newest entry.
    pub last: Seq,
    /// How often something was taken out of the log since the room runs.
    pub removals: u64,
}

/// What is asked of a room. But for the ends to answer through, and for what [`Entrance`] says, this is
/// plain data.
pub enum RoomCommand {
    /// Somebody comes or goes.
    Attend(Attendance),
    /// A member asks for something. Answered through the members' outboxes.
    Request(MemberId, Request),
    /// An operator asks for something, or the server does.
    Operate(OperatorCommand),
    /// A session reads something for a member.
    Read(Reading),
}

/// Who comes and goes.
pub enum Attendance {
    /// Let somebody in. Answered once they are, or with why not; then nothing was sent to them.
    Enter(Box<Entrance>, oneshot::Sender<Result<MemberId, EnterError>>),
    /// Take a member out. Answered once nothing more will come from the room.
    Leave(MemberId, oneshot::Sender<()>),
    /// Close the connections of the user of this key, who was signed out, but for the one that is named.
    /// Answered once done, with how many those were.
    SignOut(String, Option<MemberId>, oneshot::Sender<usize>),
    /// Forget the rank of the user of this key, whose account was removed, and close their connections.
    /// Answered once done, with how many those were.
    Forget(String, oneshot::Sender<usize>),
    /// Take the user of this key for a server administrator, or not any more. Answered once done.
    Administer(String, bool, oneshot::Sender<()>),
    /// Put out whoever is in this network, with the reason. Answered once done, with the names as
    /// compared of those who were put out, one for each connection.
    PutOut(Network, Option<String>, oneshot::Sender<Vec<String>>),
}

/// What members send.
pub enum Request {
    /// Post a message.
    Post(PostMessage),
    /// Delete a message.
    Delete(MessageId),
    /// Do something to somebody; `None` where there is nobody of the name.
    Moderate(Order, Option<Person>),
    /// Decide on what waits for a moderator.
    Decide(HeldId, Choice),
    /// Empty the room.
    Clear,
    /// Change the modes.
    Change(RoomChange),
    /// Change the patterns.
    ChangeFilter(Change),
    /// Tell the patterns.
    Filters,
    /// Tell what waits for a moderator.
    Held,
    /// Tell who is here.
    Who,
}

/// What operators order, and what the server's upkeep brings.
pub enum OperatorCommand {
    /// Do something to somebody; where so said, it makes the room where there is none and nothing is
    /// refused. Answered with what was done.
    Judge(
        Order,
        Person,
        bool,
        oneshot::Sender<Result<String, OperateError>>,
    ),
    /// Take all messages of somebody out. Answered once everybody was told.
    Purge(Person, oneshot::Sender<Result<(), StoreError>>),
    /// Change the patterns; where so said, it makes the room where there is none. Answered with what was
    /// done, once messages are held against the new ones.
    ChangeFilter(Change, bool, oneshot::Sender<Result<String, OperateError>>),
    /// Make the room one that there is. Answered with whether it was made.
    Found(oneshot::Sender<Result<bool, StoreError>>),
    /// Forget the room, where nobody is in it and nobody would miss it: founded before the first time,
    /// and nothing in it that holds at the second.
    ForgetIfIdle(UnixMillis, UnixMillis),
    /// The log now begins here.
    Trimmed(Seq),
}

/// What a session reads for a member. It does so itself, and makes the bytes of it, since both may take
/// long, which the room must not wait for: so it is bytes that come here, and no event.
pub enum Reading {
    /// Store and deliver what was posted before. Answered with where the room stands then.
    AwaitStored(oneshot::Sender<LogPosition>),
    /// Give a member what was read when there were so many removals. Answered with false where there
    /// were more since: then nothing is given.
    Show(MemberId, Outgoing, u64, oneshot::Sender<bool>),
    /// Ask whether a member may read what moderators may. Answered with what the room knows of it; with
    /// `None` where it may not, which the member is told.
    Look(MemberId, Look, oneshot::Sender<Option<View>>),
    /// Give a member what was read when the audit had so many lines. Answered with false where it got
    /// more since, or the member may not read it any more: then nothing is given.
    ShowView(MemberId, Outgoing, u64, oneshot::Sender<bool>),
}
