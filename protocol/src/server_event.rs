//! What a server may send: the events' types, written and read by serde.
//!
//! Reading is lenient where the contract lets a server grow: unknown fields are passed over, and an
//! unknown event is an error of its own that a client may ignore.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    AuditId, Code, Epoch, FilterAction, FilterKind, Frame, FrameError, HeldId, MessageId, Nonce,
    Rank, Reason, Seq,
    events::{self, SERVER_EVENTS},
    sentences,
};

/// An event from a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "camelCase")]
pub enum ServerEvent {
    /// Sent first, once.
    Connection(Connection),
    /// Authenticated; the connection is in its room.
    Auth(Box<AuthAccepted>),
    /// A message was posted.
    Message(Message),
    /// Something that the client sent was refused.
    Cerror(ClientError),
    /// A part of the room's log.
    History(History),
    /// The answer to `ping`.
    Pong(Pong),
    /// Who is in the room.
    Who(Who),
    /// A message was deleted.
    DeleteMessage(MessageDeleted),
    /// All of a user's messages were deleted.
    Purge(Purged),
    /// The room was emptied.
    Clear(Cleared),
    /// Kicked, or the kick was done.
    Kick(ModerationNotice),
    /// Muted, or the mute was done.
    Mute(ModerationNotice),
    /// Banned, or the ban was done.
    Ban(ModerationNotice),
    /// Not muted any more, or the end of the mute was done.
    Unmute(ModerationNotice),
    /// The end of a ban was done.
    Unban(ModerationNotice),
    /// Became a moderator, or the appointment was done.
    SetMod(ModerationNotice),
    /// Is no longer a moderator, or the dismissal was done.
    DelMod(ModerationNotice),
    /// Somebody came in (capability `presence`).
    Join(MemberChange),
    /// Somebody left (capability `presence`).
    Leave(MemberChange),
    /// How many are in a large room (capability `presence`).
    Presence(Presence),
    /// The room's modes (capability `room`).
    Room(RoomState),
    /// What moderators did (live with the capability `moderation`).
    Audit(Audit),
    /// A user was made a VIP.
    SetVip(ModerationNotice),
    /// A pattern is blocked.
    AddFilter(ModerationNotice),
    /// A pattern is no longer blocked.
    RemoveFilter(ModerationNotice),
    /// What messages must not hold.
    Filters(Filters),
    /// What waits for a moderator (unasked with the capability `moderation`).
    Held(Held),
    /// A message was let through, or that was done.
    Allow(HeldNotice),
    /// A message was not let through, or that was done.
    Deny(HeldNotice),
    /// What is known of a user.
    User(Box<User>),
    /// Who is banned, muted and appointed.
    Sanctions(Sanctions),
    /// The account has another password.
    ChangePassword(PasswordChanged),
}

/// `connection`: what the client speaks to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The server's name and version.
    pub server: String,
    /// The protocol's version, [`crate::PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The capabilities that `auth` may ask for.
    pub capabilities: Vec<String>,
    /// What the server takes.
    pub limits: Limits,
    /// The ways in that are open: `password`, and `register` where registration is open. Empty where
    /// the server does not say.
    #[serde(default)]
    pub auth: Vec<String>,
}

/// The sizes that a server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Characters of a message's content.
    pub content: usize,
    /// Bytes of a frame.
    pub frame: usize,
}

/// `auth`: the connection is in the room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthAccepted {
    /// Always 200.
    #[serde(rename = "Code")]
    pub code: Code,
    /// "Authentification complete", to the letter.
    pub message: String,
    /// The user's name as registered.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The room's name, as the server spells it.
    pub room: String,
    /// The user's standing in the room.
    pub access_level: Rank,
    /// The capabilities granted.
    pub capabilities: Vec<String>,
    /// A resume token, good in place of the password.
    pub token: String,
    /// When the token ends, in milliseconds since 1970, UTC.
    pub token_expires: u64,
    /// Whether this login made the account.
    #[serde(default)]
    pub created: bool,
}

/// `message`: an entry of the room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The author's name as registered.
    pub username: String,
    /// The text, cleaned, with `\n` for line breaks.
    pub content: String,
    /// The message's id.
    pub id: MessageId,
    /// Its position in the room's log.
    pub seq: Seq,
    /// The name to show.
    pub display_name: String,
    /// The author's standing when it was posted.
    pub rank: Rank,
    /// When it was posted, in milliseconds since 1970, UTC.
    pub time: u64,
    /// The room's name, as the server spells it.
    pub room: String,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The sender's mark; only its sender gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
}

/// `cerror`: a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientError {
    /// Why, as a number.
    #[serde(rename = "Code")]
    pub code: Code,
    /// Why, as a sentence.
    pub message: String,
    /// The client event that it answers, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// That event's nonce, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Seconds until it may be tried again (with 429).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Why, as a word for programs, where several causes share a code. A word that this version does
    /// not know is left out when it is read.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::reason::known"
    )]
    pub reason: Option<Reason>,
}

/// `history`: a part of the log, in the order of `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The log's life.
    pub epoch: Epoch,
    /// The entries, each as it was sent live. Those of kinds that this version does not know are
    /// left out when they are read.
    #[serde(deserialize_with = "known_entries")]
    pub entries: Vec<ServerEvent>,
    /// Nothing older (or newer, where newer was asked for) than these.
    pub complete: bool,
    /// After a resume: whether these are exactly what came since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,
}

/// `pong`: a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// The server's clock, in milliseconds since 1970, UTC.
    pub time: u64,
}

/// `who`: the room's members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Connections in the room.
    pub count: usize,
    /// Users in the room, at most 500, each once.
    pub members: Vec<Member>,
    /// Whether there are more users than these.
    pub truncated: bool,
}

/// A user in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The name as registered.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The standing in the room.
    pub rank: Rank,
}

/// `deleteMessage`: an entry of the room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDeleted {
    /// The message that is gone.
    pub id: MessageId,
    /// The deletion's own position in the log.
    pub seq: Seq,
    /// Who deleted it.
    pub by: String,
}

/// `purge`: an entry of the room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// Whose messages are gone.
    pub username: String,
    /// The purge's own position in the log.
    pub seq: Seq,
    /// Who deleted them.
    pub by: String,
}

/// `clear`: an entry of the room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// Its own position in the log.
    pub seq: Seq,
    /// Who emptied the room.
    pub by: String,
}

/// What a moderation event says to its target, or to who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModerationNotice {
    /// "Disconnected" to a kicked or banned target, "Success" to who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why; or, to who did it, what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Seconds left of a mute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// The mark of the message that a muted user sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

impl ModerationNotice {
    /// True for what tells who did it; false for what tells the target.
    pub fn is_success(&self) -> bool {
        self.message.as_deref() == Some(sentences::SUCCESS)
    }
}

/// `join` and `leave`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberChange {
    /// Who came or left.
    #[serde(flatten)]
    pub member: Member,
    /// Connections in the room afterwards.
    pub count: usize,
}

/// `presence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Connections in the room.
    pub count: usize,
}

/// `room`: the room's modes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomState {
    /// Seconds between a user's messages; 0 is off.
    pub slow_mode: u64,
    /// Whether new accounts may not post.
    pub members_only: bool,
    /// The topic; empty for none.
    pub topic: String,
    /// The pinned message.
    pub pinned: Option<MessageId>,
    /// The change's position in the log; none on entering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
}

/// `audit`: what moderators did in the room, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// What was done.
    pub entries: Vec<AuditEntry>,
    /// Whether it has just happened; false in an answer.
    pub live: bool,
}

/// Who did what to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// What the line is known by; none from an older server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AuditId>,
    /// When, in milliseconds since 1970, UTC.
    pub time: u64,
    /// Who did it.
    pub actor: String,
    /// What, as the event is called that asks for it.
    pub action: String,
    /// To whom, or to what; empty for the whole room.
    pub target: String,
    /// When it ends by itself, in milliseconds since 1970, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// The reason that the moderator gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `filters`: what messages in the room must not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// The patterns, by their texts.
    pub entries: Vec<FilterEntry>,
}

/// Something that messages must not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterEntry {
    /// The word or the expression.
    pub pattern: String,
    /// How it is meant.
    pub kind: FilterKind,
    /// What becomes of a message that holds it.
    pub action: FilterAction,
    /// Why, for the message's author to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it can't be used as it is stored, so that no message is held against it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub broken: bool,
}

/// `held`: messages that wait for a moderator, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The messages that wait, the oldest first.
    pub entries: Vec<HeldEntry>,
    /// Whether they are new; false where these are all that wait.
    pub live: bool,
}

/// A message that waits for a moderator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldEntry {
    /// What it is known by while it waits.
    pub id: HeldId,
    /// Since when, in milliseconds since 1970, UTC.
    pub time: u64,
    /// Its author's name as registered.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The text, cleaned, with `\n` for line breaks.
    pub content: String,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// Why it waits, as its author was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The pattern that it holds.
    pub pattern: String,
}

/// What `allow` and `deny` say to who did it, or to the other moderators.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldNotice {
    /// "Success" to who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// To who did it, what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The message that waits no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<HeldId>,
    /// Who decided it, to the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// `user`: what moderators may know of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The name as registered.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The standing in the room.
    pub rank: Rank,
    /// When the account was made, in milliseconds since 1970, UTC.
    pub created: u64,
    /// Their connections in the room.
    pub here: usize,
    /// Messages of theirs that the room still keeps.
    pub messages: u64,
    /// The mute in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<Sanction>,
    /// The ban in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banned: Option<Sanction>,
    /// What moderators of the room did to them, the oldest first; the newest 20 lines.
    pub audit: Vec<AuditEntry>,
}

/// A ban or a mute in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sanction {
    /// When it ends, in milliseconds since 1970, UTC; never by itself where `None`.
    pub until: Option<u64>,
    /// Who spoke it.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `sanctions`: who is banned, muted and appointed in the room, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sanctions {
    /// The bans in force, 500 at most.
    pub banned: Vec<Sanctioned>,
    /// The mutes in force, 500 at most.
    pub muted: Vec<Sanctioned>,
    /// Those of a rank above user, 500 at most.
    pub appointed: Vec<Appointed>,
    /// Whether one of the lists has more than these.
    pub truncated: bool,
}

/// A user who is banned or muted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sanctioned {
    /// The name as registered.
    pub username: String,
    /// The ban or the mute.
    #[serde(flatten)]
    pub sanction: Sanction,
}

/// A user who has a rank in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointed {
    /// The name as registered.
    pub username: String,
    /// The standing in the room.
    pub rank: Rank,
}

/// `changePassword`: it was done.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordChanged {
    /// A resume token in place of all earlier ones.
    pub token: String,
    /// When the token ends, in milliseconds since 1970, UTC.
    pub token_expires: u64,
}

impl std::fmt::Debug for PasswordChanged {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PasswordChanged")
            .field("token_expires", &self.token_expires)
            .finish_non_exhaustive()
    }
}

/// Why a text is no server event.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not a frame at all.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// An event that this version does not know; a client may pass it over.
    #[error("unknown event `{0}`")]
    UnknownEvent(String),
    /// A known event with data that does not fit.
    #[error("the data of `{event}` is not valid")]
    Data {
        /// The event's name.
        event: String,
        /// What does not fit.
        source: serde_json::Error,
    },
}

impl ServerEvent {
    /// The event's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            ServerEvent::Connection(_) => events::CONNECTION,
            ServerEvent::Auth(_) => events::AUTH,
            ServerEvent::Message(_) => events::MESSAGE,
            ServerEvent::Cerror(_) => events::CERROR,
            ServerEvent::History(_) => events::HISTORY,
            ServerEvent::Pong(_) => events::PONG,
            ServerEvent::Who(_) => events::WHO,
            ServerEvent::DeleteMessage(_) => events::DELETE_MESSAGE,
            ServerEvent::Purge(_) => events::PURGE,
            ServerEvent::Clear(_) => events::CLEAR,
            ServerEvent::Kick(_) => events::KICK,
            ServerEvent::Mute(_) => events::MUTE,
            ServerEvent::Ban(_) => events::BAN,
            ServerEvent::Unmute(_) => events::UNMUTE,
            ServerEvent::Unban(_) => events::UNBAN,
            ServerEvent::SetMod(_) => events::SET_MOD,
            ServerEvent::DelMod(_) => events::DEL_MOD,
            ServerEvent::Join(_) => events::JOIN,
            ServerEvent::Leave(_) => events::LEAVE,
            ServerEvent::Presence(_) => events::PRESENCE,
            ServerEvent::Room(_) => events::ROOM,
            ServerEvent::Audit(_) => events::AUDIT,
            ServerEvent::SetVip(_) => events::SET_VIP,
            ServerEvent::AddFilter(_) => events::ADD_FILTER,
            ServerEvent::RemoveFilter(_) => events::REMOVE_FILTER,
            ServerEvent::Filters(_) => events::FILTERS,
            ServerEvent::Held(_) => events::HELD,
            ServerEvent::Allow(_) => events::ALLOW,
            ServerEvent::Deny(_) => events::DENY,
            ServerEvent::User(_) => events::USER,
            ServerEvent::Sanctions(_) => events::SANCTIONS,
            ServerEvent::ChangePassword(_) => events::CHANGE_PASSWORD,
        }
    }

    /// What a moderation event says to its target, or to who did it; `None` for other events.
    pub fn notice(&self) -> Option<&ModerationNotice> {
        match self {
            ServerEvent::Kick(notice)
            | ServerEvent::Mute(notice)
            | ServerEvent::Ban(notice)
            | ServerEvent::Unmute(notice)
            | ServerEvent::Unban(notice)
            | ServerEvent::SetMod(notice)
            | ServerEvent::SetVip(notice)
            | ServerEvent::DelMod(notice)
            | ServerEvent::AddFilter(notice)
            | ServerEvent::RemoveFilter(notice) => Some(notice),
            _ => None,
        }
    }

    /// The position of an event that is an entry of the room's log.
    pub fn seq(&self) -> Option<Seq> {
        match self {
            ServerEvent::Message(message) => Some(message.seq),
            ServerEvent::DeleteMessage(deleted) => Some(deleted.seq),
            ServerEvent::Purge(purged) => Some(purged.seq),
            ServerEvent::Clear(cleared) => Some(cleared.seq),
            ServerEvent::Room(state) => state.seq,
            _ => None,
        }
    }

    /// The event as the text of a WebSocket message.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("server events hold strings, numbers and lists only")
    }

    /// Reads an event from the text of a WebSocket message.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let frame = Frame::parse(text)?;
        let event = frame.event.clone();
        if !SERVER_EVENTS.contains(&event.as_str()) {
            return Err(DecodeError::UnknownEvent(event));
        }
        let value = serde_json::json!({ "event": frame.event, "data": frame.data });
        serde_json::from_value(value).map_err(|source| DecodeError::Data { event, source })
    }
}

fn known_entries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ServerEvent>, D::Error> {
    Vec::<serde_json::Value>::deserialize(deserializer)?
        .into_iter()
        .filter(
            |entry| match entry.get("event").and_then(|name| name.as_str()) {
                Some(name) => SERVER_EVENTS.contains(&name),
                None => true,
            },
        )
        .map(|entry| serde_json::from_value(entry).map_err(serde::de::Error::custom))
        .collect()
}
