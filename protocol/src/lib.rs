//! The chat's wire protocol: its events, the names and texts they carry, and the one place where
//! JSON becomes an event.
//!
//! Owns what a client and a server must agree on. Does no I/O, keeps no clock and knows nothing of
//! rooms as they run. A server reads [`Frame`]s and turns them into [`ClientEvent`]s in two steps,
//! because the contract checks a frame's syntax before it asks whether its event is allowed at all;
//! a client reads [`ServerEvent`]s in one.
//!
//! ```
//! use chat_protocol::{ClientEvent, Frame, ServerEvent};
//!
//! let frame = Frame::parse(r#"{"event":"message","data":{"content":" hello "}}"#).unwrap();
//! assert_eq!(frame.event, "message");
//! let ClientEvent::Message(post) = ClientEvent::from_frame(frame).unwrap() else { panic!() };
//! assert_eq!(post.content.as_str(), "hello");
//!
//! let pong = ServerEvent::decode(r#"{"event":"pong","data":{"time":1}}"#).unwrap();
//! assert_eq!(pong.name(), "pong");
//! ```

mod capabilities;
mod client_event;
mod code;
mod confusables;
mod content;
mod decode;
pub mod durations;
pub mod events;
mod filter;
mod frame;
mod identifiers;
pub mod limits;
mod names;
mod parameters;
mod rank;
mod reason;
mod secret;
pub mod sentences;
mod server_event;
pub mod socket_io;
mod visible;

pub use capabilities::Capabilities;
pub use client_event::{
    AddFilter, AuditRequest, Auth, Ban, ChangePassword, ClientEvent, Credential, HistoryRequest,
    Kick, Mute, PostMessage, RoomChange, Since,
};
pub use code::{CloseCode, Closing, Code};
pub use confusables::{seeming_rank_sign, skeletons};
pub use content::{Content, ContentTooLong, DraftContent, EmptyContent};
pub use decode::ClientEventError;
pub use filter::{FilterAction, FilterKind};
pub use frame::{Frame, FrameError};
pub use identifiers::{AuditId, Epoch, HeldId, IdentifierError, MessageId, Nonce, Seq};
pub use names::{NameError, RoomName, Username, rank_sign};
pub use parameters::{ParameterError, Problem};
pub use rank::Rank;
pub use reason::Reason;
pub use secret::Secret;
pub use server_event::{
    Appointed, Audit, AuditEntry, AuthAccepted, Cleared, ClientError, Connection, DecodeError,
    FilterEntry, Filters, Held, HeldEntry, HeldNotice, History, Limits, Member, MemberChange,
    Message, MessageDeleted, ModerationNotice, PasswordChanged, Pong, Presence, Purged, RoomState,
    Sanction, Sanctioned, Sanctions, ServerEvent, User, Who,
};
pub use visible::{is_unseen, line, seen_ends, shows};

/// The version of the protocol that `connection` announces.
pub const PROTOCOL_VERSION: u32 = 1;
