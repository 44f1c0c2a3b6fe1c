//! Socket.IO's packets, each in a WebSocket's text frame as Engine.IO writes it there: for clients that
//! were written for the first server. The same in all versions of both protocols.

use bytes::Bytes;
use chat_protocol::{Frame, FrameError, ServerEvent, events, socket_io};

use super::websocket;

/// An Engine.IO message that holds a Socket.IO event, and one that acknowledges an event.
const EVENT: &str = "42";
const ACKNOWLEDGEMENT: &str = "43";

/// `event` for who gets all that there is. Socket.IO has a greeting of its own.
pub(super) fn encode(event: &ServerEvent) -> Bytes {
    match event {
        ServerEvent::Connection(_) => Bytes::new(),
        event => websocket::text(&format!("{EVENT}{}", socket_io::encode(event))),
    }
}

/// `event` for who knows the events of the first server alone; nothing where it is another that the
/// client did not ask for.
pub(super) fn encode_plain(event: &ServerEvent) -> Bytes {
    match is_known(event) || is_answer(event) {
        true => encode(event),
        false => Bytes::new(),
    }
}

/// Acknowledges the event that came with the number `id`: `answer` is what answers it, if anything.
pub(in crate::wire) fn acknowledge(id: u64, answer: Option<&ServerEvent>) -> Bytes {
    let answer = answer.map_or_else(|| "[{}]".to_owned(), socket_io::encode_answer);
    websocket::text(&format!("{ACKNOWLEDGEMENT}{id}{answer}"))
}

pub(super) fn decode(arguments: &str) -> Result<Frame, FrameError> {
    socket_io::parse(arguments)
}

/// Whether the first server sent such events.
fn is_known(event: &ServerEvent) -> bool {
    matches!(
        event.name(),
        events::AUTH
            | events::MESSAGE
            | events::CERROR
            | events::DELETE_MESSAGE
            | events::KICK
            | events::MUTE
            | events::BAN
            | events::SET_MOD
            | events::DEL_MOD
    )
}

/// Whether it only ever comes to who asked for it.
fn is_answer(event: &ServerEvent) -> bool {
    match event {
        ServerEvent::History(_)
        | ServerEvent::Pong(_)
        | ServerEvent::Who(_)
        | ServerEvent::Filters(_)
        | ServerEvent::User(_)
        | ServerEvent::Sanctions(_)
        | ServerEvent::ChangePassword(_) => true,
        ServerEvent::Audit(audit) => !audit.live,
        ServerEvent::Held(held) => !held.live,
        ServerEvent::Allow(notice) | ServerEvent::Deny(notice) => notice.message.is_some(),
        event => event.notice().is_some_and(|notice| notice.is_success()),
    }
}

#[cfg(test)]
mod tests {
    use chat_protocol::{Audit, Cleared, ModerationNotice, Pong, Presence, Seq};

    use super::super::websocket::texts;
    use super::*;

    #[test]
    fn an_event_is_a_packet_in_a_text_frame() {
        let pong = ServerEvent::Pong(Pong { time: 7 });
        let expected = r#"42["pong",{"time":7}]"#;
        assert_eq!(texts(&encode(&pong)), [expected]);
        assert_eq!(texts(&encode_plain(&pong)), [expected]);
        let expected = r#"4312[{"data":{"time":7},"event":"pong"}]"#;
        assert_eq!(texts(&acknowledge(12, Some(&pong))), [expected]);
        assert_eq!(texts(&acknowledge(0, None)), ["430[{}]"]);
    }

    #[test]
    fn what_the_first_server_never_sent_reaches_who_asked_for_it_alone() {
        let notice = |message: Option<&str>| ModerationNotice {
            message: message.map(str::to_owned),
            ..ModerationNotice::default()
        };
        let audit = |live| {
            let entries = Vec::new();
            ServerEvent::Audit(Audit { entries, live })
        };
        let cleared = Cleared {
            seq: Seq(1),
            by: String::new(),
        };
        for (event, is_plain) in [
            (ServerEvent::SetMod(notice(None)), true),
            (ServerEvent::SetVip(notice(None)), false),
            (ServerEvent::SetVip(notice(Some("Success"))), true),
            (ServerEvent::Presence(Presence { count: 1 }), false),
            (ServerEvent::Clear(cleared), false),
            (audit(true), false),
            (audit(false), true),
        ] {
            assert!(!encode(&event).is_empty());
            assert_eq!(!encode_plain(&event).is_empty(), is_plain, "{event:?}");
        }
    }
}
