//! Finding a message's position and stamp without reading all its JSON. Pure.
//!
//! Works on messages as this program sends them, whose content needs no escapes. Of anything else
//! it says that it does not know, and the real parser has to.

use crate::client::Posted;
use crate::stamp::Stamp;

/// How a message begins, and what comes before its content and its position.
const MESSAGE: &[u8] = br#"{"event":"message","#;
const CONTENT: &[u8] = br#""content":""#;
const SEQ: &[u8] = br#""seq":"#;

/// What a measurement needs of the message that `text` is; `None` where it is none that this
/// program sent.
#[inline]
pub(super) fn scan(text: &[u8]) -> Option<Posted> {
    let data = text.strip_prefix(MESSAGE)?;
    let content = after(data, CONTENT)?;
    let end = content.iter().position(|byte| *byte == b'"')?;
    let (content, rest) = content.split_at(end);
    let mut content = content;
    let stamp = Stamp {
        writer: number(&mut content)?,
        count: number(&mut content)?,
        phase: number(&mut content)?,
        sent: number(&mut content)?,
    };
    if content.contains(&b'\\') {
        return None;
    }
    let mut seq = after(rest, SEQ)?;
    Some(Posted {
        seq: digits(&mut seq)?,
        stamp: Some(stamp),
        bytes: text.len(),
    })
}

/// What follows the first `name` in `bytes`.
#[inline]
fn after<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = bytes
        .windows(name.len())
        .position(|window| window == name)?;
    bytes.get(at + name.len()..)
}

/// A number and the space behind it.
#[inline]
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let number = digits(bytes)?;
    // Where nothing pads the stamp, its last number ends it.
    if let [b' ', rest @ ..] = *bytes {
        *bytes = rest;
    } else if !bytes.is_empty() {
        return None;
    }
    Some(number)
}

#[inline]
fn digits(bytes: &mut &[u8]) -> Option<u64> {
    let mut value: u64 = 0;
    let mut count = 0;
    while let [digit @ b'0'..=b'9', rest @ ..] = *bytes {
        value = value
            .checked_mul(10)?
            .checked_add(u64::from(digit - b'0'))?;
        *bytes = rest;
        count += 1;
    }
    (count > 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content: &str) -> String {
        format!(
            r#"{{"event":"message","data":{{"username":"a","content":"{content}","id":"e-5","seq":512,"displayName":"a","rank":3,"time":1,"room":"r"}}}}"#
        )
    }

    #[test]
    fn a_message_of_ours_is_found_as_the_parser_finds_it() {
        let stamp = Stamp {
            writer: 3,
            count: 17,
            phase: 1,
            sent: 1_234_567_890_123,
        };
        for length in [0, 40, 100, 500] {
            let text = text(&stamp.content(length));
            let found = scan(text.as_bytes()).unwrap();
            assert_eq!(found.seq, 512);
            assert_eq!(found.stamp, Some(stamp));
            assert_eq!(found.bytes, text.len());
        }
    }

    #[test]
    fn anything_else_is_left_to_the_parser() {
        let too_large = "99999999999999999999 1 1 1 x";
        for content in [
            "hello",
            "1 2 3",
            "1 2 3 4x",
            r#"1 2 3 4 \"seq\":7"#,
            too_large,
        ] {
            assert_eq!(scan(text(content).as_bytes()), None, "{content}");
        }
        assert_eq!(scan(br#"{"event":"pong","data":{"time":1}}"#), None);
        assert_eq!(
            scan(br#"{"event":"message","data":{"content":"1 2 3 4 x"}}"#),
            None
        );
        assert_eq!(scan(b""), None);
    }
}
