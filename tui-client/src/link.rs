//! What passes between the app and a room's connection: facts one way, orders the other. Types only,
//! so that neither side needs to know how the other works.

use std::time::Duration;

use chat_protocol::{AuthAccepted, ClientError, ClientEvent, CloseCode, Secret, ServerEvent};

/// Which room of the program: stays the same while other rooms come and go, and is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RoomKey(pub(crate) usize);

/// Which connection: the room, and a number that no other connection of that room has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionId {
    pub(crate) room: RoomKey,
    pub(crate) number: u64,
}

/// What happened on a room's connection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LinkEvent {
    /// An attempt to connect began; 1 is the first since the line was last up.
    Connecting {
        /// Its number.
        attempt: u32,
    },
    /// Authenticated; events may be sent.
    Live {
        /// The server's answer.
        accepted: Box<AuthAccepted>,
        /// The server was asked to resume: a `history` with what was missed follows by itself.
        resumed: bool,
        /// Characters that the server takes in a message.
        content_limit: usize,
    },
    /// An event came.
    Received(ServerEvent),
    /// Something is wrong with what came or what was to be sent.
    Fault(String),
    /// A `ping` was answered after this long.
    Latency(Duration),
    /// `auth` was refused; the connection has ended and does not come back by itself.
    Refused(ClientError),
    /// The server gave a token that signs in as well as the password, in any room. What connects from now
    /// on, in this run or the next, may use it.
    Token {
        token: Secret,
        /// In milliseconds since 1970, UTC.
        expires: u64,
    },
    /// The token that the connection had is worth nothing any more. How the connection ended follows.
    TokenEnded(Secret),
    /// The login that the connection had from an earlier `auth` was refused; the connection has ended and
    /// does not come back by itself.
    TokenRefused,
    /// The line is down; another attempt follows by itself.
    Lost {
        /// Why.
        problem: Problem,
        /// When the next attempt begins.
        retry_in: Duration,
        /// The number of that attempt.
        attempt: u32,
    },
    /// Closed by the server in a way that forbids coming back by itself.
    Ended {
        /// How.
        code: CloseCode,
        /// The server's words.
        reason: String,
    },
}

/// Why a line is down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// No connection came about.
    #[error("can't connect: {0}")]
    Unreachable(String),
    /// The server closed the connection.
    #[error("the server closed the connection with {}{}", u16::from(*.code), parenthesised(.reason))]
    Closed {
        /// How.
        code: CloseCode,
        /// The server's words.
        reason: String,
    },
    /// The server refused `auth` for now.
    #[error("couldn't join yet: {0}")]
    Busy(String),
    /// Nothing came for too long.
    #[error("the server stopped answering")]
    Silent,
    /// The connection broke.
    #[error("connection lost: {0}")]
    Broken(String),
}

impl Problem {
    /// What a server that goes down in good order says of itself.
    pub(crate) fn announced(&self) -> Option<&'static str> {
        match self {
            Problem::Closed { code, .. } => match code {
                CloseCode::Restart => Some("server is restarting"),
                CloseCode::GoingAway => Some("server is stopping"),
                _ => None,
            },
            _ => None,
        }
    }
}

fn parenthesised(reason: &str) -> String {
    if reason.is_empty() {
        return String::new();
    }
    format!(" ({reason})")
}

/// How long a connection is not read once all that was there is read, so that more is read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rests {
    /// Not at all.
    None,
    /// So long each time.
    Each(Duration),
    /// Until the moment, one in so long, at which the rests of all these connections end.
    Together(Duration),
}

/// What a room's connection is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LinkCommand {
    /// Send an event; only while the line is live.
    Send(ClientEvent),
    /// Try again now instead of waiting.
    Retry,
    /// Rest like this from now on; at first there are no rests.
    Rest(Rests),
    /// Say `disconnect` and end.
    Disconnect,
}
