//! Standard input as lines, each a client event. What is none is named on standard error and left out;
//! no line takes those behind it along. Must not send.

use std::io::{self, BufRead, Write};

use chat_protocol::{ClientEvent, ClientEventError, Frame, FrameError};
use tokio::sync::mpsc;

use crate::sanitize;

/// Lines read ahead of what was sent; full, the reader waits.
const LINES: usize = 64;
/// Bytes of a line at most, whatever a server says that it takes.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What a line of the input is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InputLine {
    /// A message to post.
    Message(String),
    /// Another event.
    Other(String),
    /// Nothing that can be sent; it was said why.
    Skipped,
}

/// Why a line is not sent.
#[derive(Debug, thiserror::Error)]
enum LineError {
    /// No further line can be read either.
    #[error("can't read standard input: {0}")]
    Input(io::Error),
    #[error("it has {0} bytes, but the server accepts at most {1}")]
    TooLong(u64, usize),
    #[error("it is not valid UTF-8")]
    Encoding,
    #[error(transparent)]
    Frame(FrameError),
    #[error(transparent)]
    Event(ClientEventError),
}

/// A line as it was read, without its end.
#[derive(Debug, PartialEq, Eq)]
enum RawLine {
    Whole(Vec<u8>),
    /// Longer than the limit: so many bytes, which are gone.
    TooLong(u64),
}

/// Reads standard input on a thread of its own, because a read can't be given up. `limit`: bytes that
/// the server takes in a frame.
pub(super) fn read_lines(limit: usize) -> mpsc::Receiver<InputLine> {
    let (lines, received) = mpsc::channel(LINES);
    let limit = limit.min(MOST_BYTES);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        for number in 1_u64.. {
            let raw = match next_line(&mut input, limit) {
                Ok(None) => return,
                Ok(Some(raw)) => Ok(raw),
                Err(error) => Err(LineError::Input(error)),
            };
            let ends = raw.is_err();
            let line = match raw.and_then(|raw| check(raw, limit)) {
                Ok(None) => continue,
                Ok(Some(line)) => line,
                Err(error) => {
                    complain(number, &error);
                    InputLine::Skipped
                }
            };
            // Without a receiver the program is ending.
            if lines.blocking_send(line).is_err() || ends {
                return;
            }
        }
    });
    received
}

fn complain(number: u64, error: &LineError) {
    let words = sanitize::line(&error.to_string());
    // Without standard error there is nowhere to say it.
    writeln!(
        io::stderr(),
        "chat-tui: line {number} was not sent: {words}"
    )
    .ok();
}

/// The next line; `None` at the end. The last one may lack its newline. Of one that is too long no more
/// is kept than what the reader holds at a time.
fn next_line(input: &mut impl BufRead, limit: usize) -> io::Result<Option<RawLine>> {
    let mut line = Vec::new();
    let mut bytes = 0_u64;
    let mut is_there = false;
    loop {
        let read = match input.fill_buf() {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if read.is_empty() {
            break;
        }
        is_there = true;
        let end = read.iter().position(|byte| *byte == b'\n');
        let part = &read[..end.unwrap_or(read.len())];
        bytes += part.len() as u64;
        // One more for a carriage return at the end.
        if bytes <= limit as u64 + 1 {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            break;
        }
    }
    if line.len() as u64 == bytes && line.last() == Some(&b'\r') {
        line.pop();
        bytes -= 1;
    }
    Ok(is_there.then_some(match bytes <= limit as u64 {
        true => RawLine::Whole(line),
        false => RawLine::TooLong(bytes),
    }))
}

/// A line that is a client event, as it is; `None` for an empty one.
fn check(raw: RawLine, limit: usize) -> Result<Option<InputLine>, LineError> {
    let line = match raw {
        RawLine::Whole(line) => String::from_utf8(line).map_err(|_| LineError::Encoding)?,
        RawLine::TooLong(bytes) => return Err(LineError::TooLong(bytes, limit)),
    };
    // Some editors begin a file with this mark, which is no part of its text.
    let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
    if line.trim().is_empty() {
        return Ok(None);
    }
    let frame = Frame::parse(line).map_err(LineError::Frame)?;
    let event = ClientEvent::from_frame(frame).map_err(LineError::Event)?;
    Ok(Some(match event {
        ClientEvent::Message(_) => InputLine::Message(line.to_owned()),
        _ => InputLine::Other(line.to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(line: &str) -> Result<Option<InputLine>, String> {
        let raw = RawLine::Whole(line.as_bytes().to_vec());
        check(raw, 100).map_err(|error| error.to_string())
    }

    #[test]
    fn only_client_events_are_sent_and_as_they_are() {
        let line = r#" {"event": "message", "data": {"content": "hi"}} "#;
        assert_eq!(checked(line), Ok(Some(InputLine::Message(line.to_owned()))));
        let who = r#"{"event":"who"}"#;
        assert_eq!(checked(who), Ok(Some(InputLine::Other(who.to_owned()))));
        let marked = format!("\u{feff}{who}");
        assert_eq!(checked(&marked), Ok(Some(InputLine::Other(who.to_owned()))));
        for nothing in ["", "  ", "\t"] {
            assert_eq!(checked(nothing), Ok(None));
        }
        let problem = |line: &str| checked(line).unwrap_err();
        assert!(problem("hi").contains("not valid JSON"));
        assert!(problem(r#"{"event":"nope"}"#).contains("unknown event"));
        assert!(problem(r#"{"event":"message"}"#).contains("`content`"));
        let broken = check(RawLine::Whole(vec![0xff]), 100).unwrap_err();
        assert!(broken.to_string().contains("UTF-8"));
        let long = check(RawLine::TooLong(101), 100).unwrap_err();
        assert_eq!(
            long.to_string(),
            "it has 101 bytes, but the server accepts at most 100"
        );
    }

    #[test]
    fn a_long_line_takes_none_behind_it_along() {
        let check = |text: &str, expected: &[RawLine]| {
            for capacity in [1, 2, 7, 100] {
                let mut input = io::BufReader::with_capacity(capacity, text.as_bytes());
                let mut read = Vec::new();
                while let Some(raw) = next_line(&mut input, 4).unwrap() {
                    read.push(raw);
                }
                assert_eq!(read, expected, "{text:?} in pieces of {capacity}");
            }
        };
        let whole = |text: &str| RawLine::Whole(text.as_bytes().to_vec());
        check("", &[]);
        check("a\nb", &[whole("a"), whole("b")]);
        check("a\r\n\n", &[whole("a"), whole("")]);
        check(
            "1234\n12345\r\n1234\r\nb",
            &[
                whole("1234"),
                RawLine::TooLong(6),
                whole("1234"),
                whole("b"),
            ],
        );
        check(
            "123456789\nb\n123456",
            &[RawLine::TooLong(9), whole("b"), RawLine::TooLong(6)],
        );
    }
}
