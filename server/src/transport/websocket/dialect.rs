//! What the texts of a WebSocket mean, and what is written into them beside a session's events.

use bytes::Bytes;
use chat_protocol::CloseCode;

use crate::transport::TransportContext;
use crate::transport::socketio::Engine;
pub(super) use crate::transport::socketio::Said;
use crate::wire::format::Format;
use crate::wire::format::websocket::PING;
use crate::wire::outbox::Outbox;

/// A dialect, and what it knows of its client.
pub(in crate::transport) enum Dialect {
    /// Each text is an event.
    Native,
    /// Each text is a packet of Engine.IO.
    EngineIo(Box<Engine>),
}

impl Dialect {
    pub(super) fn format(&self) -> Format {
        match self {
            Dialect::Native => Format::WebSocketNative,
            Dialect::EngineIo(_) => Format::SocketIo,
        }
    }

    /// Says what comes before everything that a session says.
    pub(super) fn greet(&self, context: &TransportContext, outbox: &Outbox) {
        if let Dialect::EngineIo(engine) = self {
            for packet in engine.greeting(context.timeouts.into(), false) {
                let frame = crate::wire::format::websocket::text(&packet);
                outbox.push_control(&frame);
            }
        }
    }

    /// What a text means.
    pub(super) fn take(&mut self, text: &str) -> Said {
        match self {
            Dialect::Native => Said::Event(Format::WebSocketNative.decode(text), None),
            Dialect::EngineIo(engine) => engine.take(text),
        }
    }

    /// What asks for a sign of life.
    pub(super) fn ping(&self) -> Bytes {
        match self {
            Dialect::Native => Bytes::from_static(PING),
            Dialect::EngineIo(engine) => engine.ping(),
        }
    }

    /// What is said before the connection closes so.
    pub(super) fn last_words(&self, code: CloseCode) -> Option<Bytes> {
        match self {
            Dialect::Native => None,
            Dialect::EngineIo(engine) => engine.last_words(code),
        }
    }
}
