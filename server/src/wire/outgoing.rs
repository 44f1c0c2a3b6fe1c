//! An event on its way to clients: encoded and framed once, shared by all who get it.

pub mod websocket;

use bytes::Bytes;
use chat_protocol::ServerEvent;

/// An event as it is written to a WebSocket. Cloning it shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    frame: Bytes,
}

/// Several events in a row, to be written at once. Cloning it shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    frames: Bytes,
    events: usize,
}

impl Outgoing {
    /// Encodes `event`.
    pub fn new(event: &ServerEvent) -> Self {
        Self {
            frame: websocket::text(&event.encode()),
        }
    }

    /// The frame.
    pub fn frame(&self) -> &Bytes {
        &self.frame
    }

    /// Bytes of the frame.
    pub fn bytes(&self) -> usize {
        self.frame.len()
    }
}

impl Chunk {
    /// Joins `events`; one alone is not copied.
    pub fn join<'a>(events: impl IntoIterator<Item = &'a Outgoing, IntoIter: Clone>) -> Self {
        let events = events.into_iter();
        let bytes = events.clone().map(Outgoing::bytes).sum();
        let mut alone = events.clone();
        if let (Some(only), None) = (alone.next(), alone.next()) {
            return Self {
                frames: only.frame.clone(),
                events: 1,
            };
        }
        let mut frames = Vec::with_capacity(bytes);
        let mut count = 0;
        for event in events {
            frames.extend_from_slice(&event.frame);
            count += 1;
        }
        Self {
            frames: frames.into(),
            events: count,
        }
    }

    /// The frames, one behind the other.
    pub fn frames(&self) -> &Bytes {
        &self.frames
    }

    /// How many there are.
    pub fn events(&self) -> usize {
        self.events
    }
}

#[cfg(test)]
mod tests {
    use chat_protocol::Pong;

    use super::*;

    #[test]
    fn a_chunk_is_its_events_in_a_row() {
        let events = [1, 2, 3].map(|time| Outgoing::new(&ServerEvent::Pong(Pong { time })));
        let chunk = Chunk::join(&events);
        assert_eq!(chunk.events(), 3);
        let texts = websocket::texts(chunk.frames());
        let expected = [1, 2, 3].map(|time| ServerEvent::Pong(Pong { time }).encode());
        assert_eq!(texts, expected);
        let alone = Chunk::join(&events[..1]);
        assert_eq!(alone.frames(), events[0].frame());
        assert_eq!(Chunk::join([]).events(), 0);
    }
}
