//! Any bytes as frames, and what a reader of another make reads from them.

use std::io::{self, Cursor, ErrorKind, Read, Write};

use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message as Theirs};

use super::*;

/// A connection that brings bytes and then nothing, and takes everything.
struct Brought<'a>(Cursor<&'a [u8]>);

impl Read for Brought<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Brought<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What we read of `pieces`, up to a close frame, and how it ends.
fn ours(pieces: &[&[u8]]) -> (Vec<Received>, Option<Broken>) {
    let (mut frames, mut received) = (Frames::default(), Vec::new());
    for piece in pieces {
        frames.add(piece);
        loop {
            match frames.next() {
                Ok(Some(close @ Received::Close(_))) => {
                    received.push(close);
                    return (received, None);
                }
                Ok(Some(one)) => received.push(one),
                Ok(None) => break,
                Err(broken) => return (received, Some(broken)),
            }
            let message = frames
                .message
                .as_ref()
                .map_or(0, |message| message.text.len());
            assert!(message <= FRAME_BYTES, "{message} bytes of a message");
        }
        assert!(
            frames.rest().len() < 14 + 125,
            "more is kept than a frame needs"
        );
    }
    (received, None)
}

/// What the library reads, parts apart, up to a close frame, and how it ends.
fn theirs(bytes: &[u8]) -> (Vec<Received>, Option<Error>) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(FRAME_BYTES))
        .max_frame_size(Some(FRAME_BYTES));
    let brought = Brought(Cursor::new(bytes));
    let mut socket = WebSocket::from_raw_socket(brought, Role::Server, Some(config));
    let mut received = Vec::new();
    loop {
        received.push(match socket.read() {
            Ok(Theirs::Text(text)) => Received::Text(text.as_str().to_owned()),
            Ok(Theirs::Binary(_)) => Received::Binary,
            Ok(Theirs::Ping(payload)) => Received::Ping(payload.to_vec()),
            Ok(Theirs::Pong(_)) => Received::Pong,
            Ok(Theirs::Close(frame)) => {
                let payload = frame.map(|frame| {
                    let code = u16::from(frame.code).to_be_bytes();
                    [&code, frame.reason.as_bytes()].concat()
                });
                received.push(Received::Close(payload.unwrap_or_default()));
                return (received, None);
            }
            Ok(Theirs::Frame(frame)) => panic!("{frame}"),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                return (received, None);
            }
            Err(error) => return (received, Some(error)),
        });
    }
}

/// What the library says of a close code that may not be sent, as its answer.
const VIOLATION: &[u8] = b"\x03\xeaProtocol violation";

#[track_caller]
fn compare(bytes: &[u8], (mut ours, our_end): (Vec<Received>, Option<Broken>)) {
    let (mut theirs, their_end) = theirs(bytes);
    ours.retain(|received| *received != Received::Part);
    let Some(our_end) = our_end else {
        assert!(their_end.is_none(), "only they refuse it: {their_end:?}");
        assert_eq!(ours, theirs);
        return;
    };
    let takes_more = match our_end {
        // They have no such bound.
        Broken::TooManyPieces => true,
        // A control frame's length, written longer than need be, is over 125 for us and not for them.
        Broken::Framing(what) => what.starts_with("a control frame") && theirs.len() > ours.len(),
        _ => false,
    };
    if takes_more {
        theirs.truncate(ours.len());
        assert_eq!(ours, theirs);
        return;
    }
    let refused_close = Received::Close(VIOLATION.to_vec());
    if theirs.last() == Some(&refused_close) && theirs.len() == ours.len() + 1 {
        assert!(matches!(our_end, Broken::Framing(_)), "{our_end:?}");
        theirs.pop();
    }
    assert_eq!(ours, theirs);
    let agrees = match (&our_end, &their_end) {
        // They wait for what we need not see; or it was the close code.
        (_, None) => true,
        (Broken::TooLarge, Some(Error::Capacity(_))) => true,
        (Broken::NotUtf8, Some(Error::Utf8(_))) => true,
        // One thing is wrong as well as another, and they look at it first.
        (Broken::Framing(_), Some(Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_))) => {
            true
        }
        _ => false,
    };
    assert!(agrees, "{our_end:?} and {their_end:?}");
}

#[test]
fn frames_are_what_others_take_them_for_however_they_are_cut() {
    crate::fuzz::run("frames", |bytes, dice| {
        let whole = ours(&[bytes]);
        assert_eq!(ours(&dice.cut(bytes)), whole);
        compare(bytes, whole);
    });
}
