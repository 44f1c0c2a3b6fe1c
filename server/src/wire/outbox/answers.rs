//! What a client is to be told in answer to which of its events, beside the event that says so: for
//! formats whose clients may ask for that.

use std::collections::VecDeque;

use bytes::Bytes;
use chat_protocol::{ServerEvent, Username, events};

use crate::wire::format::socket_io;

/// Answers that may be awaited at once. Of more, the oldest get an empty one.
const AWAITED: usize = 256;

/// An event of a client that asked to be told what answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The client's number for it.
    pub id: u64,
    /// The event's name; empty where it can't be read.
    pub event: String,
    /// The mark of a message.
    pub nonce: Option<String>,
    /// Whom or what it names, where the answer names that as well.
    pub about: Option<String>,
}

/// What is awaited, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Awaited(VecDeque<Asked>);

impl Awaited {
    /// Waits for the answer to one more; what is said to the oldest where there are too many.
    pub(super) fn add(&mut self, asked: Asked) -> Option<Bytes> {
        self.0.push_back(asked);
        let oldest = (self.0.len() > AWAITED).then(|| self.0.pop_front());
        oldest
            .flatten()
            .map(|oldest| socket_io::acknowledge(oldest.id, None))
    }

    /// What is said where `event` is an answer.
    pub(super) fn take(&mut self, event: &ServerEvent) -> Option<Bytes> {
        let place = self
            .0
            .iter()
            .position(|asked| asked.is_answered_by(event))?;
        let asked = self.0.remove(place)?;
        Some(socket_io::acknowledge(asked.id, Some(event)))
    }

    /// What is said where nothing answers the event with this number.
    pub(super) fn give_up(&mut self, id: u64) -> Option<Bytes> {
        let place = self.0.iter().position(|asked| asked.id == id)?;
        self.0.remove(place)?;
        Some(socket_io::acknowledge(id, None))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Asked {
    /// Whether anything ever answers it, where it is not refused. A change of the room is answered by
    /// what it is like now, to those who are told of that.
    pub fn has_answer(&self, is_told_of_room: bool) -> bool {
        match self.event.as_str() {
            events::DISCONNECT | events::SET_TEST_MODE | events::RESET_SOCKET => false,
            events::SET_ROOM => is_told_of_room,
            _ => true,
        }
    }

    fn is_answered_by(&self, event: &ServerEvent) -> bool {
        let is_marked = |nonce: Option<&str>| nonce.is_some() && self.nonce.as_deref() == nonce;
        let is_about = |what: &str| {
            let about = self.about.as_deref();
            about.is_none_or(|about| is_same(about, what))
        };
        let asks = |name: &str| self.event == name;
        match event {
            ServerEvent::Cerror(error) => match (&self.nonce, &error.nonce) {
                (None, None) => error.event.as_deref().unwrap_or_default() == self.event,
                (asked, told) => asked == told,
            },
            ServerEvent::Message(message) => {
                is_marked(message.nonce.as_ref().map(|nonce| nonce.as_str()))
            }
            ServerEvent::Mute(notice) if !notice.is_success() => is_marked(notice.nonce.as_deref()),
            ServerEvent::DeleteMessage(deleted) => {
                let seq = chat_protocol::MessageId::position_in(deleted.id.as_str());
                let is_named = |about: &str| {
                    let named = chat_protocol::MessageId::new(about).ok();
                    let position = named.and_then(|named| named.position());
                    about == deleted.id.as_str() || position.is_some() && position == seq
                };
                asks(events::DELETE_MESSAGE) && self.about.as_deref().is_some_and(is_named)
            }
            ServerEvent::Purge(purged) => asks(events::PURGE) && is_about(&purged.username),
            ServerEvent::Room(_) => asks(events::SET_ROOM),
            ServerEvent::Pong(_) => asks(events::PING),
            ServerEvent::User(user) => asks(events::USER) && is_about(&user.username),
            ServerEvent::Audit(audit) => !audit.live && asks(events::AUDIT),
            ServerEvent::Held(held) => !held.live && asks(events::HELD),
            ServerEvent::Allow(notice) | ServerEvent::Deny(notice) => {
                notice.message.is_some() && asks(event.name())
            }
            ServerEvent::Auth(_)
            | ServerEvent::History(_)
            | ServerEvent::Who(_)
            | ServerEvent::Clear(_)
            | ServerEvent::Filters(_)
            | ServerEvent::Sanctions(_)
            | ServerEvent::ChangePassword(_) => asks(event.name()),
            event => event.notice().is_some_and(|notice| notice.is_success()) && asks(event.name()),
        }
    }
}

/// Whether both are the name of one user.
fn is_same(one: &str, other: &str) -> bool {
    match (Username::new(one), Username::new(other)) {
        (Ok(one), Ok(other)) => one.key() == other.key(),
        _ => one == other,
    }
}
