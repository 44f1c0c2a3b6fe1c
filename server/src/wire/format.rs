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
pub mod websocket;

use bytes::Bytes;
use chat_protocol::{Frame, FrameError, ServerEvent};

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `{"event": …, "data": …}`, each in a WebSocket's text frame.
    WebSocketNative,
    /// The same object, each in a line of its own: a second format for tests.
    #[cfg(test)]
    Lines,
}

impl Format {
    /// How many there are.
    pub(super) const COUNT: usize = if cfg!(test) { 2 } else { 1 };

    /// `event` in this format.
    pub(super) fn encode(self, event: &ServerEvent) -> Bytes {
        match self {
            Format::WebSocketNative => native::encode(event),
            #[cfg(test)]
            Format::Lines => lines::encode(event),
        }
    }

    /// Takes the envelope off what a client wrote, whose framing its transport has taken off.
    pub fn decode(self, text: &str) -> Result<Frame, FrameError> {
        match self {
            Format::WebSocketNative => native::decode(text),
            #[cfg(test)]
            Format::Lines => lines::decode(text),
        }
    }
}
