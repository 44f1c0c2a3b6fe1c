//! The frames that a server writes (RFC 6455, section 5.2): unmasked, and never in fragments.

use bytes::Bytes;
use chat_protocol::CloseCode;

/// First byte of a frame: the last of its message (the high bit), and its kind.
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PONG: u8 = 0x8a;
/// Bytes of what a control frame holds at most.
const CONTROL: u8 = 125;
/// Bytes of a close frame's reason at most: two are the code's.
const REASON: usize = CONTROL as usize - 2;

/// A ping without a payload.
pub const PING: &[u8] = &[0x89, 0];

/// A text frame.
pub fn text(text: &str) -> Bytes {
    let length = text.len();
    // As large as it gets: so the bytes are shared as they are.
    let mut frame = Vec::with_capacity(text_bytes(length));
    frame.push(TEXT);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => frame.push(short),
        (_, Ok(medium)) => {
            frame.push(126);
            frame.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(text.as_bytes());
    frame.into()
}

/// Bytes of the frame of a text of so many.
fn text_bytes(length: usize) -> usize {
    let head = match length {
        ..126 => 2,
        126..0x1_0000 => 4,
        _ => 10,
    };
    head + length
}

/// A close frame; a reason that is too long is left out.
pub fn close(code: CloseCode, reason: &str) -> Bytes {
    let reason = match reason.len() <= REASON {
        true => reason,
        false => "",
    };
    let code = u16::from(code).to_be_bytes();
    control(CLOSE, &[&code, reason.as_bytes()].concat())
}

/// The answer to a ping that held `payload`, of 125 bytes at most.
pub fn pong(payload: &[u8]) -> Bytes {
    control(PONG, payload)
}

/// The answer to a close frame that held `payload`, of 125 bytes at most: the same.
pub fn close_answer(payload: &[u8]) -> Bytes {
    control(CLOSE, payload)
}

/// A control frame; one that would hold too much holds nothing.
fn control(kind: u8, payload: &[u8]) -> Bytes {
    let (length, payload) = match u8::try_from(payload.len()) {
        Ok(length @ ..=CONTROL) => (length, payload),
        _ => (0, [].as_slice()),
    };
    let mut frame = Vec::with_capacity(2 + payload.len());
    frame.extend_from_slice(&[kind, length]);
    frame.extend_from_slice(payload);
    frame.into()
}

/// The texts of text frames that stand in a row, as they were written here: for who carries them in
/// another way. Ends where something else stands.
pub fn text_frames(mut frames: &[u8]) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let [TEXT, short, rest @ ..] = frames else {
            return None;
        };
        let (length, rest) = match short {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length), rest)
            }
            short => (u64::from(*short), rest),
        };
        let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        frames = rest;
        str::from_utf8(text).ok()
    })
}

/// The texts of text frames that stand in a row.
#[cfg(test)]
pub(crate) fn texts(frames: &[u8]) -> Vec<String> {
    let texts: Vec<String> = text_frames(frames).map(str::to_owned).collect();
    let bytes: usize = texts.iter().map(|text| text_bytes(text.len())).sum();
    assert_eq!(bytes, frames.len(), "a frame is cut or no text: {frames:?}");
    texts
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tungstenite::protocol::{CloseFrame, Role, WebSocket};
    use tungstenite::{Error, Message};

    use super::*;

    /// What a client of another make reads.
    fn read(frame: &[u8]) -> Message {
        let mut client =
            WebSocket::from_raw_socket(Cursor::new(frame.to_vec()), Role::Client, None);
        match client.read() {
            Ok(message) => message,
            Err(error @ Error::ConnectionClosed) => panic!("{error}"),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn others_read_what_is_written() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let content = "x".repeat(length);
            let frame = text(&content);
            assert_eq!(frame.len(), text_bytes(length));
            assert_eq!(read(&frame), Message::text(content.as_str()));
            assert_eq!(texts(&frame), [content]);
        }
        assert_eq!(read(PING), Message::Ping(Bytes::new()));
        assert_eq!(read(&pong(b"here")), Message::Pong("here".into()));
        let longest = [b'x'; 125];
        assert_eq!(
            read(&pong(&longest)),
            Message::Pong(Bytes::copy_from_slice(&longest))
        );
        let answer = close_answer(&4321u16.to_be_bytes());
        let expected = CloseFrame {
            code: 4321.into(),
            reason: "".into(),
        };
        assert_eq!(read(&answer), Message::Close(Some(expected)));
        assert_eq!(read(&close_answer(b"")), Message::Close(None));
        let frame = close(CloseCode::SlowReader, "reads too slowly");
        let expected = CloseFrame {
            code: 4008.into(),
            reason: "reads too slowly".into(),
        };
        assert_eq!(read(&frame), Message::Close(Some(expected)));
        let too_long = close(CloseCode::Normal, &"x".repeat(124));
        assert_eq!(too_long.len(), 4);
    }
}
