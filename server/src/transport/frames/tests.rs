use super::*;

const FINAL: u8 = 0x80;
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(KEY);
    let mask = KEY.iter().cycle();
    bytes.extend(payload.iter().zip(mask).map(|(byte, key)| byte ^ key));
    bytes
}

fn text(content: &str) -> Received {
    Received::Text(content.to_owned())
}

/// All that comes of `pieces`, and what is wrong in the end.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Received>, Option<Broken>) {
    let (mut frames, mut received) = (Frames::default(), Vec::new());
    for piece in pieces {
        frames.add(piece);
        loop {
            match frames.next() {
                Ok(Some(one)) => received.push(one),
                Ok(None) => break,
                Err(broken) => return (received, Some(broken)),
            }
        }
        assert!(
            frames.bytes.capacity() <= 256 + piece.len(),
            "too much is kept"
        );
    }
    (received, None)
}

/// The same must come however the bytes are cut.
#[track_caller]
fn check(bytes: &[u8], expected: &[Received], end: Option<Broken>) {
    for size in [1, 2, 3, 7, 64, 1024, bytes.len().max(1)] {
        let (received, broken) = read(bytes.chunks(size));
        assert_eq!(
            (&*received, &broken),
            (expected, &end),
            "in pieces of {size}"
        );
    }
}

#[test]
fn frames_become_messages_however_they_are_cut() {
    use Received::{Binary, Close, Part, Ping, Pong};
    for length in [0, 1, 3, 4, 125, 126, 127, 1000, FRAME_BYTES] {
        let content = "x".repeat(length);
        let bytes = frame(FINAL | TEXT, content.as_bytes());
        check(&bytes, &[text(&content)], None);
        check(&frame(FINAL | BINARY, content.as_bytes()), &[Binary], None);
    }
    let parts = [
        frame(TEXT, b"a "),
        frame(FINAL | PING, b"still there?"),
        frame(CONTINUATION, b""),
        frame(FINAL | PONG, b""),
        frame(FINAL | CONTINUATION, b"z"),
        frame(FINAL | TEXT, "äöü".as_bytes()),
        frame(FINAL | CLOSE, b"\x03\xe8bye"),
    ];
    let expected = [
        Part,
        Ping(b"still there?".to_vec()),
        Part,
        Pong,
        text("a z"),
        text("äöü"),
        Close(b"\x03\xe8bye".to_vec()),
    ];
    check(&parts.concat(), &expected, None);
    // Within a character.
    let smile = "👍".as_bytes();
    let parts: Vec<_> = smile.iter().map(|byte| [*byte]).collect();
    let mut bytes = frame(TEXT, b"");
    for part in &parts {
        bytes.extend(frame(CONTINUATION, part));
    }
    bytes.extend(frame(FINAL | CONTINUATION, b""));
    check(&bytes, &[Part, Part, Part, Part, Part, text("👍")], None);
}

#[test]
fn a_length_written_longer_than_need_be_is_taken() {
    let mut bytes = vec![FINAL | TEXT, 0x80 | 126, 0, 2, 0, 0, 0, 0];
    bytes.extend(b"ab");
    bytes.extend([FINAL | TEXT, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
    bytes.extend(b"cd");
    check(&bytes, &[text("ab"), text("cd")], None);
}

#[test]
fn broken_framing_is_told_from_the_first_byte_that_shows_it() {
    let (empty, short) = (0x80, 0x80 | 1);
    for (bytes, why) in [
        ([FINAL | 0x40 | TEXT, empty], "a reserved bit is set"),
        ([FINAL | 0x20 | TEXT, empty], "a reserved bit is set"),
        ([FINAL | 0x10 | TEXT, empty], "a reserved bit is set"),
        ([FINAL | 3, empty], "a reserved opcode"),
        ([FINAL | 7, empty], "a reserved opcode"),
        ([FINAL | 11, empty], "a reserved opcode"),
        ([FINAL | 15, empty], "a reserved opcode"),
        ([FINAL | TEXT, 1], "a frame without a mask"),
        ([PING, short], "a control frame in parts, or over 125 bytes"),
        (
            [CLOSE, empty],
            "a control frame in parts, or over 125 bytes",
        ),
        (
            [FINAL | PONG, 0x80 | 126],
            "a control frame in parts, or over 125 bytes",
        ),
    ] {
        check(&bytes, &[], Some(Broken::Framing(why)));
    }
    let high_bit = [FINAL | BINARY, 0x80 | 127, 0x80, 0, 0, 0, 0, 0, 0, 0];
    let why = "the highest bit of a length is set";
    check(&high_bit, &[], Some(Broken::Framing(why)));
    let nothing = frame(FINAL | CONTINUATION, b"x");
    let why = "a continuation of nothing";
    check(&nothing, &[], Some(Broken::Framing(why)));
    for inner in [TEXT, FINAL | TEXT, FINAL | BINARY] {
        let bytes = [frame(TEXT, b"{"), frame(inner, b"}")].concat();
        let why = Broken::Framing("a message within another");
        check(&bytes, &[Received::Part], Some(why));
    }
    // What ended a message is no part of the next one.
    let bytes = [frame(FINAL | TEXT, b"x"), nothing].concat();
    let why = Broken::Framing("a continuation of nothing");
    check(&bytes, &[text("x")], Some(why));
}

#[test]
fn close_frames_hold_nothing_or_a_code_and_a_reason() {
    let close = |payload: &[u8]| frame(FINAL | CLOSE, payload);
    check(&close(b""), &[Received::Close(Vec::new())], None);
    let why = Broken::Framing("half a close code");
    check(&close(b"\x03"), &[], Some(why));
    for code in [0u16, 999, 1005, 1006, 1015, 1016, 2999, 5000] {
        let why = Broken::Framing("a close code that is never sent");
        let payload = code.to_be_bytes();
        check(&close(&payload), &[], Some(why));
    }
    for code in [1000u16, 1003, 1011, 3000, 4999] {
        let payload = code.to_be_bytes().to_vec();
        check(&close(&payload), &[Received::Close(payload)], None);
    }
    check(&close(b"\x03\xe8\xff"), &[], Some(Broken::NotUtf8));
}

#[test]
fn text_that_is_not_utf_8_is_told_where_it_shows() {
    check(&frame(FINAL | TEXT, b"\xff"), &[], Some(Broken::NotUtf8));
    check(
        &frame(FINAL | TEXT, b"\xed\xa0\x80"),
        &[],
        Some(Broken::NotUtf8),
    );
    // It may still become UTF-8, until it does not.
    let half = frame(TEXT, b"\xc3");
    check(&half, &[Received::Part], None);
    for rest in [frame(FINAL | CONTINUATION, b""), frame(CONTINUATION, b"x")] {
        let bytes = [half.clone(), rest].concat();
        check(&bytes, &[Received::Part], Some(Broken::NotUtf8));
    }
    check(&frame(TEXT, b"ab\xff"), &[], Some(Broken::NotUtf8));
    // A frame that has hardly begun.
    let mut begun = frame(FINAL | TEXT, &[b'\xff'; 1000]);
    begun.truncate(20);
    check(&begun, &[], Some(Broken::NotUtf8));
    check(&frame(FINAL | BINARY, b"\xff"), &[Received::Binary], None);
}

#[test]
fn what_is_too_large_is_told_by_its_head() {
    for length in [FRAME_BYTES + 1, 0xffff, 0x1_0000] {
        let mut bytes = frame(FINAL | TEXT, &vec![b' '; length]);
        bytes.truncate(14);
        check(&bytes, &[], Some(Broken::TooLarge));
    }
    let mut longest = vec![FINAL | BINARY, 0x80 | 127];
    longest.extend((u64::MAX >> 1).to_be_bytes());
    longest.extend(KEY);
    check(&longest, &[], Some(Broken::TooLarge));
    let mut parts = frame(TEXT, &[b' '; FRAME_BYTES]);
    parts.extend(frame(FINAL | CONTINUATION, b""));
    let whole = " ".repeat(FRAME_BYTES);
    check(&parts, &[Received::Part, text(&whole)], None);
    let mut parts = frame(TEXT, &[b' '; FRAME_BYTES]);
    parts.extend(&frame(CONTINUATION, b"x")[..6]);
    check(&parts, &[Received::Part], Some(Broken::TooLarge));
    parts.truncate(parts.len() - 6);
    longest[0] = CONTINUATION;
    parts.extend(longest);
    check(&parts, &[Received::Part], Some(Broken::TooLarge));
}

#[test]
fn a_message_comes_in_so_many_frames_and_no_more() {
    for payload in [b"".as_slice(), b"x"] {
        let parts = MESSAGE_FRAMES as usize - 1;
        let mut bytes = frame(TEXT, payload);
        bytes.extend(frame(CONTINUATION, payload).repeat(parts - 1));
        let mut expected: Vec<_> = (0..parts).map(|_| Received::Part).collect();
        let last = frame(FINAL | CONTINUATION, payload);
        expected.push(text(&"x".repeat(payload.len() * (parts + 1))));
        // One message after the other, each with a count of its own.
        let whole = [bytes.clone(), last.clone()].concat();
        check(&whole, &expected, None);
        expected.pop();
        bytes.extend(frame(CONTINUATION, payload));
        bytes.extend(&last[..6]);
        expected.push(Received::Part);
        check(&bytes, &expected, Some(Broken::TooManyPieces));
    }
}

#[test]
fn nothing_is_kept_of_what_is_taken() {
    let mut frames = Frames::default();
    assert!(!frames.is_begun());
    frames.add(&frame(FINAL | TEXT, b"abc"));
    assert!(frames.is_begun());
    assert_eq!(frames.next(), Ok(Some(text("abc"))));
    assert!(!frames.is_begun());
    assert_eq!(frames.bytes.capacity(), 0);
    // What is announced takes no room before it comes, and what is not text none at all.
    let mut announced = frame(FINAL | TEXT, &[b'x'; FRAME_BYTES]);
    announced.truncate(8 + 100);
    frames.add(&announced);
    assert_eq!(frames.next(), Ok(None));
    assert!(frames.is_begun() && frames.is_in_message());
    let text = &frames.message.as_ref().unwrap().text;
    assert!(text.capacity() < 256, "{}", text.capacity());
    let mut frames = Frames::default();
    frames.add(&frame(BINARY, &[b'x'; FRAME_BYTES]));
    assert_eq!(frames.next(), Ok(Some(Received::Part)));
    assert_eq!(frames.message.as_ref().unwrap().text.capacity(), 0);
    assert!(frames.is_begun());
}
