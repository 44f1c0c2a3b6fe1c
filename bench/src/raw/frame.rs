//! WebSocket frames (RFC 6455, section 5.2), as far as this program's ends need them. Pure.

/// The kinds of frames.
pub(super) const TEXT: u8 = 1;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;
/// A frame that is a whole message.
const FINAL: u8 = 0x80;
/// A frame of a client.
const MASKED: u8 = 0x80;
/// What a client's bytes are masked with. The key is there to protect caches in between, and there
/// are none.
const KEY: [u8; 4] = [0x5a, 0x13, 0xc7, 0x2e];

/// A frame that a server sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// Its kind.
    pub(super) kind: u8,
    /// What it holds.
    pub(super) payload: &'a [u8],
}

/// The bytes are no whole frame that a server may send here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The first frame of `bytes`, and what follows it; `None` where it is not all there yet.
#[inline]
pub(super) fn split(bytes: &[u8]) -> Result<Option<(Frame<'_>, &[u8])>, Malformed> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    if first & 0xf0 != FINAL || second & MASKED != 0 {
        return Err(Malformed);
    }
    let (length, rest) = match (second, rest) {
        (126, [high, low, rest @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
            let length = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (usize::try_from(length).map_err(|_| Malformed)?, rest)
        }
        (126 | 127, _) => return Ok(None),
        (length, rest) => (usize::from(*length), rest),
    };
    let kind = first & 0x0f;
    Ok(rest
        .split_at_checked(length)
        .map(|(payload, rest)| (Frame { kind, payload }, rest)))
}

/// Bytes of the header before `payload` bytes of text from a server.
pub(crate) fn text_header_bytes(payload: usize) -> usize {
    match payload {
        0..126 => 2,
        126..65_536 => 4,
        _ => 10,
    }
}

/// Puts a server's text frame in place of what `frame` holds.
pub(crate) fn server_text(frame: &mut Vec<u8>, text: &str) {
    frame.clear();
    put_header(frame, TEXT, 0, text.len());
    frame.extend_from_slice(text.as_bytes());
}

/// Puts a client's frame in place of what `frame` holds.
pub(super) fn client(frame: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    frame.clear();
    put_header(frame, kind, MASKED, payload.len());
    frame.extend_from_slice(&KEY);
    let masked = payload.iter().zip(KEY.iter().cycle());
    frame.extend(masked.map(|(byte, key)| byte ^ key));
}

fn put_header(frame: &mut Vec<u8>, kind: u8, mask: u8, length: usize) {
    frame.push(FINAL | kind);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..126), _) => frame.push(mask | short),
        (_, Ok(middle)) => {
            frame.push(mask | 126);
            frame.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            frame.push(mask | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_split_off_once_it_is_all_there() {
        for length in [0, 5, 125, 126, 300, 65_535, 65_536, 70_000] {
            let text = "x".repeat(length);
            let mut bytes = Vec::new();
            server_text(&mut bytes, &text);
            assert_eq!(bytes.len(), text_header_bytes(length) + length);
            for part in [0, 1, 2, 3, bytes.len() - 1] {
                if part < bytes.len() {
                    assert_eq!(split(&bytes[..part]), Ok(None), "{part} of {length}");
                }
            }
            bytes.extend_from_slice(b"next");
            let (frame, rest) = split(&bytes).unwrap().unwrap();
            assert_eq!((frame.kind, frame.payload), (TEXT, text.as_bytes()));
            assert_eq!(rest, b"next");
        }
    }

    #[test]
    fn what_no_server_sends_is_malformed() {
        let mut masked = Vec::new();
        client(&mut masked, TEXT, b"hello");
        assert_eq!(split(&masked), Err(Malformed));
        assert_eq!(split(&[0x01, 0]), Err(Malformed), "not final");
        assert_eq!(split(&[0xc1, 0]), Err(Malformed), "compressed");
    }

    #[test]
    fn a_client_masks() {
        let mut bytes = Vec::new();
        client(&mut bytes, PONG, b"hello");
        assert_eq!(bytes[..2], [0x8a, 0x85]);
        let text = bytes[6..].iter().zip(bytes[2..6].iter().cycle());
        let text: Vec<u8> = text.map(|(byte, key)| byte ^ key).collect();
        assert_eq!(text, b"hello");
    }
}
