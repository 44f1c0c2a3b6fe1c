//! What a client may send: the events' types, and how they are written.
//!
//! How they are read, strictly, is in `decode`.

use serde_json::{Map, Value, json};

use crate::{
    AuditId, DraftContent, Epoch, FilterAction, FilterKind, Frame, HeldId, MessageId, Nonce,
    RoomName, Secret, Seq, Username, events,
};

/// An event from a client, its parameters checked.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientEvent {
    /// Authenticate and enter a room.
    Auth(Box<Auth>),
    /// Post a message.
    Message(PostMessage),
    /// Leave; the server closes with 1000.
    Disconnect,
    /// Switch this connection's test mode.
    SetTestMode {
        /// On or off.
        value: bool,
    },
    /// Test mode only: back to the state just after `connection`.
    ResetSocket,
    /// Read the room's log.
    History(HistoryRequest),
    /// Ask who is here.
    Who,
    /// Ask for a sign of life.
    Ping,
    /// Throw a user out.
    Kick(Kick),
    /// Silence a user.
    Mute(Mute),
    /// End a mute.
    Unmute {
        /// The user's name, here or not.
        username: Username,
    },
    /// Keep a user out.
    Ban(Ban),
    /// End a ban.
    Unban {
        /// The user's name, here or not.
        username: Username,
    },
    /// Make a user a moderator.
    SetMod {
        /// The user that it acts on.
        username: Username,
    },
    /// Make a moderator a user.
    DelMod {
        /// The user that it acts on.
        username: Username,
    },
    /// Make a user a VIP.
    SetVip {
        /// The user that it acts on.
        username: Username,
    },
    /// Delete one message.
    DeleteMessage {
        /// The message, live or in the history.
        id: MessageId,
    },
    /// Delete all of a user's messages.
    Purge {
        /// The user's name, here or not.
        username: Username,
    },
    /// Empty the room's log.
    Clear,
    /// Change the room's modes.
    SetRoom(RoomChange),
    /// Read what moderators did here.
    Audit(AuditRequest),
    /// Read what is known of a user, for moderators.
    User {
        /// The user's name, here or not.
        username: Username,
    },
    /// List who is banned, muted and appointed, for moderators.
    Sanctions,
    /// Give this connection's account another password.
    ChangePassword(ChangePassword),
    /// Block what messages hold.
    AddFilter(AddFilter),
    /// Block a pattern no more.
    RemoveFilter {
        /// The pattern, as `filters` lists it.
        pattern: String,
    },
    /// List what is blocked.
    Filters,
    /// List what waits for a moderator.
    Held,
    /// Let a message through that waits.
    Allow {
        /// The message, as `held` lists it.
        id: HeldId,
    },
    /// Do not let it through.
    Deny {
        /// The message, as `held` lists it.
        id: HeldId,
        /// Why, for its author to read.
        reason: Option<String>,
    },
}

/// `auth`: who, by what right, and which room.
#[derive(Clone, Debug, PartialEq)]
pub struct Auth {
    /// The name to sign in with.
    pub username: Username,
    /// Password or resume token.
    pub credential: Credential,
    /// The room to enter.
    pub room: RoomName,
    /// Opt-ins; unknown ones are not granted and do no harm.
    pub capabilities: Vec<String>,
    /// The last entry that the client has, to resume after it.
    pub since: Option<Since>,
    /// Whether an unknown name becomes an account, where registration is open; true where left out.
    pub register: bool,
}

/// What shows that a user is who they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The account's password.
    Password(Secret),
    /// A resume token from an earlier `auth` answer.
    Token(Secret),
}

/// A position in a room's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The log's life that the position belongs to. May be empty: then it matches no log.
    pub epoch: Option<Epoch>,
    /// The last entry that the client has; 0 for none.
    pub seq: Seq,
}

/// `message`: what to post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostMessage {
    /// The text, cleaned; its length is checked when it is posted.
    pub content: DraftContent,
    /// The sender's mark, for a safe retry.
    pub nonce: Option<Nonce>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
}

/// `history`: which part of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryRequest {
    /// Only entries before this one; the newest of them.
    pub before: Option<Seq>,
    /// Only entries after this one; the oldest of them.
    pub after: Option<Seq>,
    /// How many at most, 1 to 200; 50 where left out.
    pub limit: Option<u64>,
    /// Only this user's messages; all entries where left out.
    pub username: Option<Username>,
}

/// `kick`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kick {
    /// The user that it acts on.
    pub username: Username,
    /// Why, for the target to read.
    pub reason: Option<String>,
}

/// `mute`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// The user that it acts on.
    pub username: Username,
    /// Seconds, 1 to 1,209,600.
    pub duration: u64,
    /// Why, for the target to read.
    pub reason: Option<String>,
}

/// `ban`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The user that it acts on.
    pub username: Username,
    /// Seconds; for good where left out.
    pub duration: Option<u64>,
    /// Why, for the target to read.
    pub reason: Option<String>,
}

/// `setRoom`: what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomChange {
    /// Seconds between a user's messages, 0 to 120; 0 is off.
    pub slow_mode: Option<u64>,
    /// Whether new accounts may not post.
    pub members_only: Option<bool>,
    /// The room's topic.
    pub topic: Option<String>,
    /// The pinned message; `Some(None)` unpins.
    pub pinned: Option<Option<MessageId>>,
}

/// `audit`: which part of what moderators did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditRequest {
    /// How many at most, the newest, 1 to 200; 50 where left out.
    pub limit: Option<u64>,
    /// Only what was done to this user; all lines where left out.
    pub target: Option<Username>,
    /// Only lines before this one.
    pub before: Option<AuditId>,
}

/// `changePassword`: the account's password and the one that takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePassword {
    /// The password so far.
    pub password: Secret,
    /// The password from now on.
    pub new_password: Secret,
}

/// `addFilter`: what messages must not hold, in place of a pattern of the same text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddFilter {
    /// The word or the expression.
    pub pattern: String,
    /// How it is meant; a word where left out.
    pub kind: FilterKind,
    /// What becomes of a message that holds it; refused where left out.
    pub action: FilterAction,
    /// Why, for the message's author to read.
    pub reason: Option<String>,
}

impl ClientEvent {
    /// The event's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            ClientEvent::Auth(_) => events::AUTH,
            ClientEvent::Message(_) => events::MESSAGE,
            ClientEvent::Disconnect => events::DISCONNECT,
            ClientEvent::SetTestMode { .. } => events::SET_TEST_MODE,
            ClientEvent::ResetSocket => events::RESET_SOCKET,
            ClientEvent::History(_) => events::HISTORY,
            ClientEvent::Who => events::WHO,
            ClientEvent::Ping => events::PING,
            ClientEvent::Kick(_) => events::KICK,
            ClientEvent::Mute(_) => events::MUTE,
            ClientEvent::Unmute { .. } => events::UNMUTE,
            ClientEvent::Ban(_) => events::BAN,
            ClientEvent::Unban { .. } => events::UNBAN,
            ClientEvent::SetMod { .. } => events::SET_MOD,
            ClientEvent::DelMod { .. } => events::DEL_MOD,
            ClientEvent::SetVip { .. } => events::SET_VIP,
            ClientEvent::DeleteMessage { .. } => events::DELETE_MESSAGE,
            ClientEvent::Purge { .. } => events::PURGE,
            ClientEvent::Clear => events::CLEAR,
            ClientEvent::SetRoom(_) => events::SET_ROOM,
            ClientEvent::Audit(_) => events::AUDIT,
            ClientEvent::User { .. } => events::USER,
            ClientEvent::Sanctions => events::SANCTIONS,
            ClientEvent::ChangePassword(_) => events::CHANGE_PASSWORD,
            ClientEvent::AddFilter(_) => events::ADD_FILTER,
            ClientEvent::RemoveFilter { .. } => events::REMOVE_FILTER,
            ClientEvent::Filters => events::FILTERS,
            ClientEvent::Held => events::HELD,
            ClientEvent::Allow { .. } => events::ALLOW,
            ClientEvent::Deny { .. } => events::DENY,
        }
    }

    /// The event as a frame.
    pub fn to_frame(&self) -> Frame {
        Frame {
            event: self.name().to_owned(),
            data: self.parameters(),
        }
    }

    /// The event as the text of a WebSocket message.
    pub fn encode(&self) -> String {
        self.to_frame().encode()
    }

    fn parameters(&self) -> Map<String, Value> {
        match self {
            ClientEvent::Disconnect
            | ClientEvent::ResetSocket
            | ClientEvent::Who
            | ClientEvent::Ping
            | ClientEvent::Filters
            | ClientEvent::Held
            | ClientEvent::Sanctions
            | ClientEvent::Clear => Map::new(),
            ClientEvent::Auth(auth) => auth.parameters(),
            ClientEvent::Message(post) => object([
                ("content", Some(json!(post.content.as_str()))),
                ("nonce", post.nonce.as_ref().map(|nonce| json!(nonce))),
                ("replyTo", post.reply_to.as_ref().map(|id| json!(id))),
            ]),
            ClientEvent::SetTestMode { value } => object([("value", Some(json!(value)))]),
            ClientEvent::History(request) => object([
                ("before", request.before.map(|seq| json!(seq))),
                ("after", request.after.map(|seq| json!(seq))),
                ("limit", request.limit.map(|limit| json!(limit))),
                ("username", name(request.username.as_ref())),
            ]),
            ClientEvent::Kick(kick) => against(&kick.username, None, kick.reason.as_deref()),
            ClientEvent::Mute(mute) => {
                against(&mute.username, Some(mute.duration), mute.reason.as_deref())
            }
            ClientEvent::Ban(ban) => against(&ban.username, ban.duration, ban.reason.as_deref()),
            ClientEvent::Unmute { username }
            | ClientEvent::Unban { username }
            | ClientEvent::SetMod { username }
            | ClientEvent::DelMod { username }
            | ClientEvent::SetVip { username }
            | ClientEvent::Purge { username }
            | ClientEvent::User { username } => against(username, None, None),
            ClientEvent::DeleteMessage { id } => object([("id", Some(json!(id)))]),
            ClientEvent::SetRoom(change) => object([
                ("slowMode", change.slow_mode.map(|seconds| json!(seconds))),
                ("membersOnly", change.members_only.map(|value| json!(value))),
                ("topic", change.topic.as_ref().map(|topic| json!(topic))),
                ("pinned", change.pinned.as_ref().map(|pinned| json!(pinned))),
            ]),
            ClientEvent::Audit(request) => object([
                ("limit", request.limit.map(|limit| json!(limit))),
                ("target", name(request.target.as_ref())),
                ("before", request.before.as_ref().map(|id| json!(id))),
            ]),
            ClientEvent::ChangePassword(change) => object([
                ("password", Some(json!(change.password.expose()))),
                ("newPassword", Some(json!(change.new_password.expose()))),
            ]),
            ClientEvent::AddFilter(filter) => object([
                ("pattern", Some(json!(filter.pattern))),
                ("kind", unless_default(filter.kind)),
                ("action", unless_default(filter.action)),
                ("reason", filter.reason.as_ref().map(|text| json!(text))),
            ]),
            ClientEvent::Allow { id } => object([("id", Some(json!(id)))]),
            ClientEvent::Deny { id, reason } => object([
                ("id", Some(json!(id))),
                ("reason", reason.as_ref().map(|text| json!(text))),
            ]),
            ClientEvent::RemoveFilter { pattern } => object([("pattern", Some(json!(pattern)))]),
        }
    }
}

impl Auth {
    fn parameters(&self) -> Map<String, Value> {
        let (name, secret) = match &self.credential {
            Credential::Password(secret) => ("password", secret),
            Credential::Token(secret) => ("token", secret),
        };
        let capabilities = (!self.capabilities.is_empty()).then(|| json!(self.capabilities));
        let since = self.since.as_ref().map(|since| {
            let epoch = since.epoch.as_ref().map_or("", Epoch::as_str);
            json!({ "epoch": epoch, "seq": since.seq })
        });
        object([
            ("username", Some(json!(self.username.as_str()))),
            (name, Some(json!(secret.expose()))),
            ("room", Some(json!(self.room.as_str()))),
            ("capabilities", capabilities),
            ("since", since),
            ("register", (!self.register).then_some(Value::Bool(false))),
        ])
    }
}

fn against(username: &Username, duration: Option<u64>, reason: Option<&str>) -> Map<String, Value> {
    object([
        ("username", Some(json!(username.as_str()))),
        ("duration", duration.map(|seconds| json!(seconds))),
        ("reason", reason.map(|text| json!(text))),
    ])
}

fn name(username: Option<&Username>) -> Option<Value> {
    username.map(|username| json!(username.as_str()))
}

fn unless_default<T: Default + PartialEq + serde::Serialize>(value: T) -> Option<Value> {
    (value != T::default()).then(|| json!(value))
}

fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}
