//! From a frame to a client event: the contract's strictness, event by event.

use serde_json::Value;

use crate::client_event::{
    AddFilter, AuditRequest, Auth, Ban, ChangePassword, ClientEvent, Credential, HistoryRequest,
    Kick, Mute, PostMessage, RoomChange, Since,
};
use crate::events::{self, SINCE};
use crate::limits::{
    AUDIT_ENTRIES, BAN_SECONDS, CAPABILITIES, HISTORY_ENTRIES, IDENTIFIER_BYTES, MUTE_SECONDS,
    REASON_CHARS, SLOW_MODE_SECONDS, TOPIC_CHARS,
};
use crate::parameters::{ParameterError, Parameters, Problem, quoted, read};
use crate::{
    AuditId, DraftContent, Epoch, FilterAction, FilterKind, Frame, HeldId, MessageId, Nonce,
    RoomName, Secret, Seq, Username,
};

/// Why a frame is no client event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientEventError {
    /// The contract has no event of this name.
    #[error("unknown event {}", quoted(.0))]
    UnknownEvent(String),
    /// The event's parameters are wrong.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

impl ClientEvent {
    /// Reads the event that `frame` names, strictly.
    pub fn from_frame(frame: Frame) -> Result<Self, ClientEventError> {
        let row = events::client_event(&frame.event)
            .ok_or_else(|| ClientEventError::UnknownEvent(frame.event.clone()))?;
        Ok(decode(Parameters::new(row, frame.data)?)?)
    }
}

fn decode(mut parameters: Parameters) -> Result<ClientEvent, ParameterError> {
    match parameters.event() {
        events::AUTH => auth(parameters).map(|auth| ClientEvent::Auth(Box::new(auth))),
        events::MESSAGE => Ok(ClientEvent::Message(PostMessage {
            content: parameters.required("content", content)?,
            nonce: parameters.optional("nonce", nonce)?,
            reply_to: parameters.optional("replyTo", message_id)?,
        })),
        events::DISCONNECT => Ok(ClientEvent::Disconnect),
        events::SET_TEST_MODE => Ok(ClientEvent::SetTestMode {
            value: parameters.required("value", read::boolean)?,
        }),
        events::RESET_SOCKET => Ok(ClientEvent::ResetSocket),
        events::HISTORY => Ok(ClientEvent::History(HistoryRequest {
            before: parameters.optional("before", seq)?,
            after: parameters.optional("after", seq)?,
            limit: parameters
                .optional("limit", |value| read::between(value, 1, HISTORY_ENTRIES))?,
            username: parameters.optional("username", username)?,
        })),
        events::WHO => Ok(ClientEvent::Who),
        events::PING => Ok(ClientEvent::Ping),
        events::DELETE_MESSAGE => Ok(ClientEvent::DeleteMessage {
            id: parameters.required("id", message_id)?,
        }),
        events::CLEAR => Ok(ClientEvent::Clear),
        events::SET_ROOM => room_change(parameters).map(ClientEvent::SetRoom),
        events::AUDIT => Ok(ClientEvent::Audit(AuditRequest {
            limit: parameters.optional("limit", |value| read::between(value, 1, AUDIT_ENTRIES))?,
            target: parameters.optional("target", username)?,
            before: parameters.optional("before", audit_id)?,
        })),
        events::SANCTIONS => Ok(ClientEvent::Sanctions),
        events::CHANGE_PASSWORD => Ok(ClientEvent::ChangePassword(ChangePassword {
            password: parameters.required("password", secret)?,
            new_password: parameters.required("newPassword", secret)?,
        })),
        events::FILTERS => Ok(ClientEvent::Filters),
        events::ADD_FILTER => Ok(ClientEvent::AddFilter(AddFilter {
            pattern: parameters.required("pattern", read::string)?,
            kind: parameters.optional("kind", kind)?.unwrap_or_default(),
            action: parameters.optional("action", action)?.unwrap_or_default(),
            reason: parameters.optional("reason", reason)?.flatten(),
        })),
        events::HELD => Ok(ClientEvent::Held),
        events::ALLOW => Ok(ClientEvent::Allow {
            id: parameters.required("id", held_id)?,
        }),
        events::DENY => Ok(ClientEvent::Deny {
            id: parameters.required("id", held_id)?,
            reason: parameters.optional("reason", reason)?.flatten(),
        }),
        events::REMOVE_FILTER => Ok(ClientEvent::RemoveFilter {
            pattern: parameters.required("pattern", read::string)?,
        }),
        _ => against(parameters),
    }
}

/// The events that act on a user.
fn against(mut parameters: Parameters) -> Result<ClientEvent, ParameterError> {
    let username = parameters.required("username", username)?;
    Ok(match parameters.event() {
        events::KICK => ClientEvent::Kick(Kick {
            username,
            reason: parameters.optional("reason", reason)?.flatten(),
        }),
        events::MUTE => ClientEvent::Mute(Mute {
            username,
            duration: parameters
                .required("duration", |value| read::between(value, 1, MUTE_SECONDS))?,
            reason: parameters.optional("reason", reason)?.flatten(),
        }),
        events::BAN => ClientEvent::Ban(Ban {
            username,
            duration: parameters
                .optional("duration", |value| read::between(value, 1, BAN_SECONDS))?,
            reason: parameters.optional("reason", reason)?.flatten(),
        }),
        events::UNMUTE => ClientEvent::Unmute { username },
        events::UNBAN => ClientEvent::Unban { username },
        events::SET_MOD => ClientEvent::SetMod { username },
        events::DEL_MOD => ClientEvent::DelMod { username },
        events::SET_VIP => ClientEvent::SetVip { username },
        events::PURGE => ClientEvent::Purge { username },
        events::USER => ClientEvent::User { username },
        event => unreachable!("{event} has parameters but no decoder"),
    })
}

fn auth(mut parameters: Parameters) -> Result<Auth, ParameterError> {
    let username = parameters.required("username", username)?;
    let token = parameters.optional("token", secret)?;
    let password = parameters.optional("password", secret)?;
    let credential = match (password, token) {
        (Some(password), None) => Credential::Password(password),
        (None, Some(token)) => Credential::Token(token),
        (None, None) => return Err(parameters.error("password", Problem::Missing)),
        (Some(_), Some(_)) => {
            let problem =
                Problem::Invalid("replaces `password`: send only one of the two".to_owned());
            return Err(parameters.error("token", problem));
        }
    };
    let room = parameters.required("room", room)?;
    let capabilities = parameters.optional("capabilities", capabilities)?;
    let since = match parameters.optional("since", read::object)? {
        None => None,
        Some(members) => Some(since(Parameters::within(
            "since", "since.", members, SINCE,
        )?)?),
    };
    let register = parameters.optional("register", read::boolean)?;
    Ok(Auth {
        username,
        credential,
        room,
        capabilities: capabilities.unwrap_or_default(),
        since,
        register: register.unwrap_or(true),
    })
}

fn since(mut parameters: Parameters) -> Result<Since, ParameterError> {
    Ok(Since {
        epoch: parameters.required("epoch", epoch)?,
        seq: parameters.required("seq", seq)?,
    })
}

fn room_change(mut parameters: Parameters) -> Result<RoomChange, ParameterError> {
    if parameters.is_empty() {
        return Err(parameters.error("slowMode", Problem::AllMissing));
    }
    Ok(RoomChange {
        slow_mode: parameters.optional("slowMode", |value| {
            read::between(value, 0, SLOW_MODE_SECONDS)
        })?,
        members_only: parameters.optional("membersOnly", read::boolean)?,
        topic: parameters.optional("topic", |value| read::short_text(value, TOPIC_CHARS))?,
        pinned: parameters.optional("pinned", pinned)?,
    })
}

fn invalid(error: impl std::fmt::Display) -> Problem {
    Problem::Invalid(error.to_string())
}

fn username(value: Value) -> Result<Username, Problem> {
    Username::new(&read::string(value)?).map_err(invalid)
}

fn room(value: Value) -> Result<RoomName, Problem> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return Err(Problem::IllTyped("a string or an integer")),
    };
    RoomName::new(&text).map_err(invalid)
}

fn secret(value: Value) -> Result<Secret, Problem> {
    let text = read::string(value)?;
    if text.is_empty() {
        return Err(Problem::Invalid("is empty".to_owned()));
    }
    Ok(Secret::new(text))
}

fn content(value: Value) -> Result<DraftContent, Problem> {
    DraftContent::new(&read::string(value)?).map_err(invalid)
}

fn nonce(value: Value) -> Result<Nonce, Problem> {
    Nonce::new(read::string(value)?).map_err(invalid)
}

fn message_id(value: Value) -> Result<MessageId, Problem> {
    MessageId::new(read::string(value)?).map_err(invalid)
}

fn held_id(value: Value) -> Result<HeldId, Problem> {
    HeldId::new(read::string(value)?).map_err(invalid)
}

fn audit_id(value: Value) -> Result<AuditId, Problem> {
    AuditId::new(read::string(value)?).map_err(invalid)
}

fn pinned(value: Value) -> Result<Option<MessageId>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::String(_) => message_id(value).map(Some),
        _ => Err(Problem::IllTyped("a message id or null")),
    }
}

fn epoch(value: Value) -> Result<Option<Epoch>, Problem> {
    let text = read::string(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    Epoch::new(text).map(Some).map_err(invalid)
}

fn seq(value: Value) -> Result<Seq, Problem> {
    read::natural(value).map(Seq)
}

/// `None` where nothing of it can be seen.
fn reason(value: Value) -> Result<Option<String>, Problem> {
    let reason = read::short_text(value, REASON_CHARS)?;
    Ok(Some(reason).filter(|reason| !reason.is_empty()))
}

fn kind(value: Value) -> Result<FilterKind, Problem> {
    let wrong = || Problem::Invalid("must be `word` or `regex`".to_owned());
    FilterKind::named(&read::string(value)?).ok_or_else(wrong)
}

fn action(value: Value) -> Result<FilterAction, Problem> {
    let wrong = || Problem::Invalid("must be `refuse` or `hold`".to_owned());
    FilterAction::named(&read::string(value)?).ok_or_else(wrong)
}

fn capabilities(value: Value) -> Result<Vec<String>, Problem> {
    const LIST: Problem = Problem::IllTyped("a list of strings");
    let Value::Array(items) = value else {
        return Err(LIST);
    };
    if items.len() > CAPABILITIES {
        let count = items.len();
        return Err(Problem::Invalid(format!(
            "is too long: {count} capabilities, the limit is {CAPABILITIES}"
        )));
    }
    items
        .into_iter()
        .map(|item| match item {
            Value::String(name) if name.len() <= IDENTIFIER_BYTES => Ok(name),
            Value::String(_) => Err(Problem::Invalid(
                "contains a name that is too long".to_owned(),
            )),
            _ => Err(LIST),
        })
        .collect()
}
