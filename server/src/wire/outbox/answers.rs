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

#[cfg(test)]
mod tests {
    use chat_protocol::{ClientError, Code, MessageDeleted, MessageId, Pong, Purged, Seq};

    use super::*;
    use crate::wire::format::Format;
    use crate::wire::format::websocket::texts;
    use crate::wire::outbox::{Outbox, OutboxReader, Taken, outbox};
    use crate::wire::outgoing::Outgoing;

    fn asked(id: u64, event: &str, about: Option<&str>) -> Asked {
        Asked {
            id,
            event: event.to_owned(),
            nonce: None,
            about: about.map(str::to_owned),
        }
    }

    fn client() -> (Outbox, OutboxReader) {
        outbox(Format::SocketIo, None)
    }

    /// The beginnings of the packets that wait.
    fn packets(reader: &mut OutboxReader) -> Vec<String> {
        let Taken::Frames(frames) = reader.take(1_000_000) else {
            return Vec::new();
        };
        let texts = frames.iter().flat_map(|frames| texts(frames));
        texts
            .map(|text| text.split(['{', ',']).next().unwrap().to_owned())
            .collect()
    }

    fn refusal(event: &str, nonce: Option<&str>) -> Outgoing {
        Outgoing::new(ServerEvent::Cerror(ClientError {
            code: Code::Syntax,
            message: "no".to_owned(),
            event: Some(event.to_owned()),
            nonce: nonce.map(str::to_owned),
            retry_after: None,
            reason: None,
        }))
    }

    #[test]
    fn an_answer_is_told_behind_the_event_that_answers_and_once() {
        let (outbox, mut reader) = client();
        outbox.answer(asked(3, "ping", None));
        outbox.answer(asked(4, "ping", None));
        let pong = Outgoing::new(ServerEvent::Pong(Pong { time: 1 }));
        outbox.push(&refusal("kick", None));
        for _ in 0..3 {
            outbox.push(&pong);
        }
        let expected = [
            "42[\"cerror\"",
            "42[\"pong\"",
            "433[",
            "42[\"pong\"",
            "434[",
            "42[\"pong\"",
        ];
        assert_eq!(packets(&mut reader), expected);
        // What is not waited for is not in the way.
        outbox.push(&pong);
        assert_eq!(packets(&mut reader), ["42[\"pong\""]);
    }

    #[test]
    fn what_nothing_answers_is_told_so_unless_something_did() {
        let (outbox, mut reader) = client();
        outbox.answer(asked(1, "setTestMode", None));
        outbox.nothing_answers(1);
        outbox.answer(asked(2, "setTestMode", None));
        outbox.push(&refusal("setTestMode", None));
        outbox.nothing_answers(2);
        assert_eq!(packets(&mut reader), ["431[", "42[\"cerror\"", "432["]);
    }

    #[test]
    fn an_answer_belongs_to_whom_and_what_was_asked() {
        let deleted = ServerEvent::DeleteMessage(MessageDeleted {
            id: MessageId::new("e-7").unwrap(),
            seq: Seq(9),
            by: "mod".to_owned(),
        });
        let purged = ServerEvent::Purge(Purged {
            username: "Bob".to_owned(),
            seq: Seq(9),
            by: "mod".to_owned(),
        });
        let position = MessageId::of_position(Seq(7));
        for (event, about, answer, is_answered) in [
            ("deleteMessage", "e-7", &deleted, true),
            ("deleteMessage", position.as_str(), &deleted, true),
            ("deleteMessage", "e-8", &deleted, false),
            ("purge", "bob", &purged, true),
            ("purge", "carol", &purged, false),
            ("clear", "bob", &purged, false),
        ] {
            let asked = asked(1, event, Some(about));
            assert_eq!(asked.is_answered_by(answer), is_answered, "{event} {about}");
        }
        let marked = Asked {
            nonce: Some("n".to_owned()),
            ..asked(1, "message", None)
        };
        for (nonce, is_answered) in [(Some("n"), true), (Some("m"), false), (None, false)] {
            let refusal = refusal("message", nonce);
            assert_eq!(
                marked.is_answered_by(refusal.event()),
                is_answered,
                "{nonce:?}"
            );
        }
    }

    #[test]
    fn what_is_awaited_has_a_bound() {
        let (outbox, mut reader) = client();
        for id in 0..AWAITED as u64 {
            outbox.answer(asked(id, "who", None));
        }
        assert_eq!(packets(&mut reader), [""; 0]);
        outbox.answer(asked(1_000, "who", None));
        assert_eq!(packets(&mut reader), ["430["]);
    }
}
