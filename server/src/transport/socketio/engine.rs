//! One client's Engine.IO and Socket.IO: what its packets mean, whatever carries them.
//!
//! Pure: packets come in, and what is to be done comes out. Of Socket.IO there is the main namespace.

use std::fmt::Write;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chat_protocol::limits::FRAME_BYTES;
use chat_protocol::{CloseCode, Frame, FrameError, events, socket_io};

use super::query::Version;
use crate::wire::format::{Format, websocket};
use crate::wire::outbox::Asked;

/// Bytes of a namespace's name that an answer repeats at most.
const NAMESPACE: usize = 100;
/// Bytes of chance in a session's id, and in the marks of its messages.
const SID: usize = 15;
const MARK: usize = 6;

/// The packet that ends a client's stay in the main namespace.
pub(super) const LEFT: &str = "41";
/// The packet that ends a session's polling.
pub(super) const CLOSE: &str = "1";
/// What the server of version 4 asks for a sign of life with.
const PING: &str = "2";
/// What ends a poll and says nothing.
const NOOP: &str = "6";

/// What a client says with a packet.
#[derive(Debug)]
pub(in crate::transport) enum Said {
    /// An event, and what its answer is to be told by, where that is asked for.
    Event(Result<Frame, FrameError>, Option<Asked>),
    /// It is answered so.
    Answered(Bytes),
    /// It is answered so; a later answer of the kind may go in its place.
    Pong(Bytes),
    /// A sign of life.
    Nothing,
    /// Something with bytes in it.
    Binary,
    /// It leaves the chat.
    Leaves,
    /// It closes.
    Closes,
    /// It can't be followed any more.
    Broken,
}

/// What is known of a client.
#[derive(Debug)]
pub(in crate::transport) struct Engine {
    version: Version,
    sid: String,
    /// The marks of this client's messages begin so.
    mark: String,
    marks: u64,
    /// It is in the main namespace.
    has_entered: bool,
}

impl Engine {
    /// A new one; an error where the system has no chance to give.
    pub(super) fn new(version: Version) -> Result<Self, getrandom::Error> {
        Ok(Self {
            version,
            sid: chance::<SID>()?,
            mark: format!("{}{}-", socket_io::NONCE_PREFIX, chance::<MARK>()?),
            marks: 0,
            // In version 3 that goes without saying.
            has_entered: version == Version::V3,
        })
    }

    pub(super) fn sid(&self) -> &str {
        &self.sid
    }

    /// The packets that come first.
    pub(in crate::transport) fn greeting(&self, beat: Beat, may_upgrade: bool) -> Vec<String> {
        let Beat { ping, patience } = beat;
        let upgrades = if may_upgrade { "\"websocket\"" } else { "" };
        let open = format!(
            "0{{\"sid\":\"{}\",\"upgrades\":[{upgrades}],\"pingInterval\":{},\"pingTimeout\":{},\
             \"maxPayload\":{}}}",
            self.sid,
            ping.as_millis(),
            patience.as_millis(),
            super::BODY_BYTES,
        );
        match self.version {
            Version::V3 => vec![open, "40".to_owned()],
            Version::V4 => vec![open],
        }
    }

    /// What asks for a sign of life, as WebSocket carries it. In version 3 it is the client that asks, so
    /// WebSocket's own ping is all there is.
    pub(in crate::transport) fn ping(&self) -> Bytes {
        match self.version {
            Version::V3 => Bytes::from_static(websocket::PING),
            Version::V4 => websocket::text(PING),
        }
    }

    /// What is said before a connection ends so. Who is put out for good is to stay away.
    pub(in crate::transport) fn last_words(&self, code: CloseCode) -> Option<Bytes> {
        let stays_away = !code.may_come_back() && self.has_entered;
        stays_away.then(|| websocket::text(LEFT))
    }

    /// Takes a packet.
    pub(in crate::transport) fn take(&mut self, packet: &str) -> Said {
        let Some(kind) = packet.chars().next() else {
            return Said::Broken;
        };
        let rest = &packet[kind.len_utf8()..];
        match (kind, self.version) {
            ('1', _) => Said::Closes,
            ('2', Version::V3) => match rest.len() <= FRAME_BYTES / 8 {
                true => Said::Pong(websocket::text(&format!("3{rest}"))),
                false => Said::Broken,
            },
            ('3', _) | ('5' | '6', _) => Said::Nothing,
            ('4', _) => self.take_message(rest),
            _ => Said::Broken,
        }
    }

    /// Takes a packet of Socket.IO.
    fn take_message(&mut self, packet: &str) -> Said {
        let Some((kind, namespace, id, data)) = apart(packet) else {
            return Said::Broken;
        };
        let is_main = namespace == "/";
        match kind {
            '0' if is_main => self.enter(),
            '0' => self.refuse_namespace(namespace),
            '1' if is_main => Said::Leaves,
            '2' if is_main && self.has_entered => self.take_event(id, data),
            '5' if is_main && self.has_entered => Said::Binary,
            // Nobody asks clients for an answer, and other namespaces have no events.
            '3' | '6' => Said::Nothing,
            '1' | '2' | '5' if !is_main => Said::Nothing,
            _ => Said::Broken,
        }
    }

    fn enter(&mut self) -> Said {
        let has_entered = std::mem::replace(&mut self.has_entered, true);
        match self.version {
            Version::V3 => Said::Nothing,
            Version::V4 if has_entered => Said::Nothing,
            Version::V4 => {
                Said::Answered(websocket::text(&format!("40{{\"sid\":\"{}\"}}", self.sid)))
            }
        }
    }

    fn refuse_namespace(&self, namespace: &str) -> Said {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b',');
        if namespace.len() > NAMESPACE || !namespace.bytes().all(is_plain) {
            return Said::Broken;
        }
        let words = match self.version {
            Version::V3 => "\"Invalid namespace\"",
            Version::V4 => "{\"message\":\"Invalid namespace\"}",
        };
        Said::Answered(websocket::text(&format!("44{namespace},{words}")))
    }

    fn take_event(&mut self, id: Option<u64>, data: &str) -> Said {
        let mut frame = Format::SocketIo.decode(data);
        let asked = id.map(|id| match &mut frame {
            Ok(frame) => {
                if frame.event == events::MESSAGE && !frame.data.contains_key("nonce") {
                    self.marks += 1;
                    frame.mark(format!("{}{}", self.mark, self.marks));
                }
                Asked {
                    id,
                    event: frame.event.clone(),
                    nonce: frame.nonce().map(str::to_owned),
                    about: ["id", "username"]
                        .into_iter()
                        .find_map(|name| frame.text(name))
                        .map(str::to_owned),
                }
            }
            Err(error) => Asked {
                id,
                event: error.event().unwrap_or_default().to_owned(),
                nonce: None,
                about: None,
            },
        });
        Said::Event(frame, asked)
    }
}

/// How often a client is asked for a sign of life, and how long it may take to give one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) struct Beat {
    pub(in crate::transport) ping: Duration,
    pub(in crate::transport) patience: Duration,
}

/// What ends a poll and says nothing.
pub(super) fn noop() -> &'static str {
    NOOP
}

/// What asks for a sign of life by polling, in version 4.
pub(super) fn ping() -> Bytes {
    websocket::text(PING)
}

/// A packet of Socket.IO: its kind, its namespace, its number, and what it holds.
fn apart(packet: &str) -> Option<(char, &str, Option<u64>, &str)> {
    let kind = packet.chars().next()?;
    let mut rest = &packet[kind.len_utf8()..];
    if matches!(kind, '5' | '6') {
        // How many binary packets follow.
        rest = rest.split_once('-')?.1;
    }
    let mut namespace = "/";
    if rest.starts_with('/') {
        (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
        namespace = namespace
            .split_once('?')
            .map_or(namespace, |(name, _)| name);
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, data) = rest.split_at(digits);
    let id = match digits {
        "" => None,
        digits => Some(digits.parse().ok()?),
    };
    Some((kind, namespace, id, data))
}

/// So many bytes of chance, in letters and digits.
fn chance<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    let mut text = String::new();
    write!(text, "{}", URL_SAFE_NO_PAD.encode(bytes)).expect("a string takes all");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::format::websocket::texts;

    fn engine(version: Version) -> Engine {
        Engine::new(version).unwrap()
    }

    fn answer(said: Said) -> String {
        match said {
            Said::Answered(frame) | Said::Pong(frame) => texts(&frame).concat(),
            other => panic!("{other:?}"),
        }
    }

    fn asked(said: Said) -> (Frame, Option<Asked>) {
        match said {
            Said::Event(frame, asked) => (frame.unwrap(), asked),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn version_3_begins_in_the_main_namespace_and_version_4_enters_it() {
        let beat = Beat {
            ping: Duration::from_secs(25),
            patience: Duration::from_secs(20),
        };
        let mut old = engine(Version::V3);
        let greeting = old.greeting(beat, true);
        let open = format!(
            "0{{\"sid\":\"{}\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\
             \"pingTimeout\":20000,\"maxPayload\":65536}}",
            old.sid()
        );
        assert_eq!(greeting, [open.as_str(), "40"]);
        assert_eq!(asked(old.take("42[\"who\"]")).0.event, "who");
        assert_eq!(answer(old.take("2probe")), "3probe");

        let mut new = engine(Version::V4);
        assert_eq!(new.greeting(beat, false).len(), 1);
        assert!(matches!(new.take("42[\"who\"]"), Said::Broken));
        assert_eq!(
            answer(new.take("40")),
            format!("40{{\"sid\":\"{}\"}}", new.sid())
        );
        assert!(matches!(new.take("40{\"token\":1}"), Said::Nothing));
        assert_eq!(asked(new.take("42[\"who\"]")).0.event, "who");
        assert!(matches!(new.take("3"), Said::Nothing));
        assert_ne!(old.sid(), new.sid());
    }

    #[test]
    fn other_namespaces_are_refused_in_each_versions_way() {
        let mut old = engine(Version::V3);
        let refused = answer(old.take("40/admin?token=x,"));
        assert_eq!(refused, "44/admin,\"Invalid namespace\"");
        let mut new = engine(Version::V4);
        let refused = answer(new.take("40/admin,{\"a\":1}"));
        assert_eq!(refused, "44/admin,{\"message\":\"Invalid namespace\"}");
        assert!(matches!(new.take("40/a\"b,"), Said::Broken));
        assert!(matches!(new.take("42/admin,[\"who\"]"), Said::Nothing));
        assert!(matches!(new.take("41"), Said::Leaves));
    }

    #[test]
    fn what_asks_for_an_answer_is_marked_by_what_the_answer_names() {
        let mut engine = engine(Version::V3);
        let (frame, asked_for) = asked(engine.take("427[\"message\",{\"content\":\"hi\"}]"));
        let asked_for = asked_for.unwrap();
        let nonce = frame.nonce().unwrap();
        assert!(nonce.starts_with(socket_io::NONCE_PREFIX));
        assert_eq!((asked_for.id, asked_for.nonce.as_deref()), (7, Some(nonce)));
        let marked = "428[\"message\",{\"content\":\"hi\",\"nonce\":\"n\"}]";
        assert_eq!(
            asked(engine.take(marked)).1.unwrap().nonce.as_deref(),
            Some("n")
        );
        let (frame, none) = asked(engine.take("42[\"message\",{\"content\":\"hi\"}]"));
        assert_eq!((frame.nonce(), none), (None, None));
        let (_, asked_for) = asked(engine.take("429[\"kick\",{\"username\":\"bob\"}]"));
        assert_eq!(asked_for.unwrap().about.as_deref(), Some("bob"));
    }

    #[test]
    fn what_is_no_packet_ends_the_connection() {
        for packet in [
            "",
            "x",
            "4",
            "4x",
            "49",
            "0",
            "2",
            "42[",
            "4299999999999999999999[]",
            "é",
        ] {
            let mut engine = engine(Version::V4);
            engine.take("40");
            let said = engine.take(packet);
            let is_event = matches!(said, Said::Event(Err(_), _));
            assert!(
                is_event || matches!(said, Said::Broken),
                "{packet}: {said:?}"
            );
        }
        let mut engine = engine(Version::V3);
        assert!(matches!(engine.take("451-[\"a\",{}]"), Said::Binary));
        assert!(matches!(engine.take("45[\"a\"]"), Said::Broken));
        assert!(matches!(engine.take("1"), Said::Closes));
    }

    #[test]
    fn who_is_put_out_for_good_is_told_to_stay_away() {
        let engine = engine(Version::V3);
        let words = |code| engine.last_words(code).map(|frame| texts(&frame).concat());
        for code in [
            CloseCode::Kicked,
            CloseCode::Banned,
            CloseCode::Flooding,
            CloseCode::SignedOut,
        ] {
            assert_eq!(words(code).as_deref(), Some("41"), "{code:?}");
        }
        for code in [
            CloseCode::Restart,
            CloseCode::GoingAway,
            CloseCode::SlowReader,
            CloseCode::AuthTimeout,
        ] {
            assert_eq!(words(code), None, "{code:?}");
        }
    }
}
