//! What a client is told where it does not get what it asked for, and what only the log is told.

use chat_protocol::{Code, Reason, durations, sentences};

use crate::domain::refusal::Why;
use crate::limits::TooFast;
use crate::rooms::{EnterError, RoomError};

/// Why an event is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Code,
    /// The cause, where the code has several.
    pub(super) reason: Option<Reason>,
    pub(super) message: String,
    /// Seconds to wait, where too fast.
    pub(super) retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(why: impl Into<Why>, message: impl Into<String>) -> Self {
        let Why { code, reason } = why.into();
        Self {
            code,
            reason,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(super) fn too_fast(too_fast: TooFast) -> Self {
        let seconds = too_fast.retry_after;
        let text = format!("too fast: wait {}", durations::left(seconds));
        Self {
            retry_after: Some(seconds),
            ..Self::new(Reason::Pace, text)
        }
    }

    /// In the words of the protocol's first description.
    pub(super) fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, sentences::AUTHENTICATION_REQUIRED)
    }

    pub(super) fn forbidden(message: &str) -> Self {
        Self::new(Code::Forbidden, message)
    }
}

pub(super) fn refusal(error: RoomError) -> Refusal {
    match error {
        RoomError::Stopping => Refusal::new(Code::Unavailable, error.to_string()),
        RoomError::Enter(
            EnterError::Banned(..) | EnterError::AddressBanned(..) | EnterError::NetworkBanned(..),
        ) => Refusal::new(Reason::Banned, error.to_string()),
        RoomError::Enter(EnterError::LooksLikeAnother) => {
            Refusal::new(Reason::Name, error.to_string())
        }
        RoomError::Enter(EnterError::NoSuchRoom) => Refusal::new(Reason::Room, error.to_string()),
        RoomError::Enter(EnterError::TooMany(_, retry_after)) => Refusal {
            message: error.to_string(),
            ..Refusal::too_fast(TooFast { retry_after })
        },
        RoomError::Store(_) | RoomError::Enter(_) | RoomError::Operate(_) => unavailable(&error),
    }
}

/// The client is told that it may try again; why it has to is in the log.
pub(super) fn unavailable(error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::error!(error, "a request could not be served");
    let text = "the server can't reach its database right now: try again";
    Refusal::new(Reason::Store, text)
}
