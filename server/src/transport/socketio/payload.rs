//! Several packets in one body, as polling carries them.
//!
//! Version 4 puts a separator between them. Version 3 puts lengths before them, and its clients differ
//! in how they write what is not ASCII: those of 1.x encode each packet as UTF-8 twice, or send bytes,
//! those of 2.x count UTF-16 units. What is written here is ASCII alone, with JSON's escapes, which all
//! of them read.

use std::fmt::Write;

use chat_protocol::limits::FRAME_BYTES;

use super::query::Version;

/// Between two packets of version 4.
const SEPARATOR: char = '\u{1e}';
/// Digits of a length at most.
const DIGITS: usize = 9;

/// A packet of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet {
    Text(String),
    /// Bytes, which no packet of a chat is.
    Binary,
}

/// Why a body can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadPayload {
    #[error("the body is not a list of Engine.IO packets")]
    Syntax,
    #[error("a packet is too large")]
    TooLarge,
}

/// How a client of version 3 writes text that is not ASCII: known once it has written some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    #[default]
    Unknown,
    /// As it is.
    Once,
    /// Each byte of its UTF-8 is a character.
    Twice,
}

/// Writes packets into one body.
pub(super) fn encode<'a>(version: Version, packets: impl Iterator<Item = &'a str>) -> String {
    let mut body = String::new();
    for packet in packets {
        match version {
            Version::V4 => {
                if !body.is_empty() {
                    body.push(SEPARATOR);
                }
                body.push_str(packet);
            }
            Version::V3 => {
                let packet = ascii(packet);
                write!(body, "{}:{packet}", packet.len()).expect("a string takes all");
            }
        }
    }
    body
}

/// Reads the packets of a body.
pub(super) fn decode(
    version: Version,
    is_binary: bool,
    body: &[u8],
    encoding: &mut Encoding,
) -> Result<Vec<Packet>, BadPayload> {
    let packets = match (version, is_binary) {
        (Version::V3, true) => binary(body)?,
        (Version::V4, true) => return Err(BadPayload::Syntax),
        (Version::V3, false) => {
            let text = str::from_utf8(body).map_err(|_| BadPayload::Syntax)?;
            with_lengths(text, encoding)?
        }
        (Version::V4, false) => {
            let text = str::from_utf8(body).map_err(|_| BadPayload::Syntax)?;
            text.split(SEPARATOR).map(packet).collect()
        }
    };
    let is_large =
        |packet: &Packet| matches!(packet, Packet::Text(text) if text.len() > FRAME_BYTES);
    match packets.iter().any(is_large) {
        true => Err(BadPayload::TooLarge),
        false => Ok(packets),
    }
}

/// What begins with `b` is Base64.
fn packet(text: &str) -> Packet {
    match text.starts_with('b') {
        true => Packet::Binary,
        false => Packet::Text(text.to_owned()),
    }
}

/// `4:2abc`: lengths in UTF-16 units.
fn with_lengths(mut text: &str, encoding: &mut Encoding) -> Result<Vec<Packet>, BadPayload> {
    let mut packets = Vec::new();
    while !text.is_empty() {
        let (digits, rest) = text.split_once(':').ok_or(BadPayload::Syntax)?;
        let units = number(digits.as_bytes())?;
        let end = units_end(rest, units).ok_or(BadPayload::Syntax)?;
        packets.push(match packet(&rest[..end]) {
            Packet::Text(text) => Packet::Text(once(text, encoding)),
            binary => binary,
        });
        text = &rest[end..];
    }
    Ok(packets)
}

/// Where the first so many UTF-16 units of `text` end.
fn units_end(text: &str, units: usize) -> Option<usize> {
    let mut left = units;
    for (place, character) in text.char_indices() {
        if left == 0 {
            return Some(place);
        }
        left = left.checked_sub(character.len_utf16())?;
    }
    (left == 0).then_some(text.len())
}

/// Takes the second encoding off, where there is one. Text that only looks as if it had one is taken for
/// what it looks like, until its client writes what can't be.
fn once(text: String, encoding: &mut Encoding) -> String {
    if text.is_ascii() || *encoding == Encoding::Once {
        return text;
    }
    let bytes: Option<Vec<u8>> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect();
    match bytes.map(String::from_utf8) {
        Some(Ok(decoded)) => {
            *encoding = Encoding::Twice;
            decoded
        }
        _ => {
            *encoding = Encoding::Once;
            text
        }
    }
}

/// Bytes: 0 for text or 1 for bytes, the digits of the length, 255, and so many bytes.
fn binary(mut body: &[u8]) -> Result<Vec<Packet>, BadPayload> {
    let mut packets = Vec::new();
    while let [kind, rest @ ..] = body {
        let end = rest.iter().take(DIGITS + 1).position(|byte| *byte == 255);
        let (digits, rest) = rest.split_at(end.ok_or(BadPayload::Syntax)?);
        let digits: Vec<u8> = digits
            .iter()
            .map(|digit| digit.wrapping_add(b'0'))
            .collect();
        let length = number(&digits)?;
        let (packet, rest) = rest[1..]
            .split_at_checked(length)
            .ok_or(BadPayload::Syntax)?;
        packets.push(match kind {
            0 => {
                let text = str::from_utf8(packet).map_err(|_| BadPayload::Syntax)?;
                Packet::Text(text.to_owned())
            }
            1 => Packet::Binary,
            _ => return Err(BadPayload::Syntax),
        });
        body = rest;
    }
    Ok(packets)
}

fn number(digits: &[u8]) -> Result<usize, BadPayload> {
    let is_number = (1..=DIGITS).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(digits).ok().filter(|_| is_number);
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or(BadPayload::Syntax)
}

/// The same packet in ASCII: what is not stands in strings of JSON, where it may be escaped.
fn ascii(packet: &str) -> String {
    let mut escaped = String::with_capacity(packet.len());
    for character in packet.chars() {
        match character.is_ascii() {
            true => escaped.push(character),
            false => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(escaped, "\\u{unit:04x}").expect("a string takes all");
                }
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(version: Version, body: &str) -> Result<Vec<Packet>, BadPayload> {
        decode(version, false, body.as_bytes(), &mut Encoding::default())
    }

    fn texts(texts: &[&str]) -> Result<Vec<Packet>, BadPayload> {
        Ok(texts
            .iter()
            .map(|text| Packet::Text((*text).to_owned()))
            .collect())
    }

    #[test]
    fn version_4_separates_packets() {
        let body = "2\u{1e}42[\"a\",{}]\u{1e}3";
        assert_eq!(read(Version::V4, body), texts(&["2", "42[\"a\",{}]", "3"]));
        let packets = ["2", "42[\"é\"]"];
        assert_eq!(encode(Version::V4, packets.into_iter()), "2\u{1e}42[\"é\"]");
        let binary = Ok(vec![Packet::Binary, Packet::Text("2".to_owned())]);
        assert_eq!(read(Version::V4, "bAQID\u{1e}2"), binary);
    }

    #[test]
    fn version_3_counts_utf_16_units_and_is_written_in_ascii() {
        let packets = ["2", "42[\"é😀\"]"];
        let written = encode(Version::V3, packets.into_iter());
        assert_eq!(written, "1:224:42[\"\\u00e9\\ud83d\\ude00\"]");
        // As 2.x writes it: five ASCII characters, one unit, and two.
        let body = "1:29:42[\"é😀\"]";
        assert_eq!(read(Version::V3, body), texts(&["2", "42[\"é😀\"]"]));
        for wrong in [
            "1",
            ":2",
            "x:2",
            "3:2",
            "2:😀😀",
            "1:😀",
            "-1:2",
            "9999999999:2",
        ] {
            assert_eq!(read(Version::V3, wrong), Err(BadPayload::Syntax), "{wrong}");
        }
        assert_eq!(read(Version::V3, ""), Ok(Vec::new()));
    }

    #[test]
    fn version_3_of_1_x_encodes_twice_or_sends_bytes() {
        let packet = "42[\"é😀\"]";
        let twice: String = packet.bytes().map(char::from).collect();
        let body = format!("{}:{twice}", twice.chars().count());
        let mut encoding = Encoding::default();
        let decoded = decode(Version::V3, false, body.as_bytes(), &mut encoding);
        assert_eq!((decoded, encoding), (texts(&[packet]), Encoding::Twice));
        // Who wrote what can't be encoded twice never does.
        let plain = "1:é2:Ã©";
        let decoded = decode(
            Version::V3,
            false,
            plain.as_bytes(),
            &mut Encoding::default(),
        );
        assert_eq!(decoded, texts(&["é", "Ã©"]));

        let mut bytes = vec![0, 1, 2, 255];
        bytes.extend_from_slice(packet.as_bytes());
        bytes.extend_from_slice(&[1, 2, 255, 7, 7]);
        assert_eq!(packet.len(), 12);
        let decoded = decode(Version::V3, true, &bytes, &mut encoding);
        let expected = vec![Packet::Text(packet.to_owned()), Packet::Binary];
        assert_eq!(decoded, Ok(expected));
        for wrong in [
            &[0][..],
            &[0, 1],
            &[0, 255],
            &[0, 5, 255, 1],
            &[2, 1, 255, 1],
            &[0, 1, 255, 200],
        ] {
            let decoded = decode(Version::V3, true, wrong, &mut encoding);
            assert_eq!(decoded, Err(BadPayload::Syntax), "{wrong:?}");
        }
    }

    #[test]
    fn a_packet_is_no_larger_than_a_frame() {
        let large = format!("4{}", "x".repeat(FRAME_BYTES));
        assert_eq!(read(Version::V4, &large), Err(BadPayload::TooLarge));
        let fits = "x".repeat(FRAME_BYTES);
        assert_eq!(read(Version::V4, &fits), texts(&[&fits]));
    }
}
