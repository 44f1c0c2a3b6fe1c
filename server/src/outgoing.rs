//! An event on its way to clients: encoded once, shared by all who get it.

use chat_protocol::ServerEvent;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// An encoded event. Cloning it shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    json: Utf8Bytes,
}

impl Outgoing {
    /// Encodes `event`.
    pub fn new(event: &ServerEvent) -> Self {
        Self {
            json: event.encode().into(),
        }
    }

    /// The frame's text.
    pub fn json(&self) -> &Utf8Bytes {
        &self.json
    }

    /// Bytes of the text.
    pub fn bytes(&self) -> usize {
        self.json.len()
    }
}
