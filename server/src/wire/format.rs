//! How an event is written for a client, and how what a client wrote is read: one format for each
//! kind of client.
//!
//! Owns envelopes and framing. It knows no sockets and does not remember what it made. A form says
//! by itself where it ends, so forms can be written one behind the other.
//!
//! A new format is a variant of [`Format`] and a file beside this one.

#[cfg(test)]
pub(crate) mod lines;
mod native;
pub(super) mod socket_io;
pub mod websocket;

use bytes::Bytes;
use chat_protocol::{Frame, FrameError, ServerEvent};

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `{"event": …, "data": …}`, each in a WebSocket's text frame.
    WebSocketNative,
    /// Socket.IO, for who asked for capabilities or has not entered yet.
    SocketIo,
    /// The same for who asked for none: such clients know the events of the first server alone, and get
    /// a deleted message for each that they may still show where many are taken out at once.
    SocketIoPlain,
    /// The same object, each in a line of its own: a second format for tests.
    #[cfg(test)]
    Lines,
}

impl Format {
    /// How many there are.
    pub(super) const COUNT: usize = if cfg!(test) { 4 } else { 3 };

    /// `event` in this format.
    pub(super) fn encode(self, event: &ServerEvent) -> Bytes {
        match self {
            Format::WebSocketNative => native::encode(event),
            Format::SocketIo => socket_io::encode(event),
            Format::SocketIoPlain => socket_io::encode_plain(event),
            #[cfg(test)]
            Format::Lines => lines::encode(event),
        }
    }

    /// The same for a client that entered and asked for capabilities, or for none.
    pub fn of_member(self, has_asked: bool) -> Self {
        match self {
            Format::SocketIo | Format::SocketIoPlain if has_asked => Format::SocketIo,
            Format::SocketIo | Format::SocketIoPlain => Format::SocketIoPlain,
            other => other,
        }
    }

    /// Whether what takes many messages out is to be told message by message.
    pub fn tells_removals_apart(self) -> bool {
        self == Format::SocketIoPlain
    }

    /// Takes the envelope off what a client wrote, whose framing its transport has taken off.
    pub fn decode(self, text: &str) -> Result<Frame, FrameError> {
        match self {
            Format::WebSocketNative => native::decode(text),
            Format::SocketIo | Format::SocketIoPlain => socket_io::decode(text),
            #[cfg(test)]
            Format::Lines => lines::decode(text),
        }
    }
}
