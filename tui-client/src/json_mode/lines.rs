//! Standard input as lines, each a client event. What is none is left out, and said on both outputs.
//! Must not send.

use std::io::{self, Write};

use chat_protocol::{ClientEvent, ClientEventError, Frame, FrameError};
use serde_json::json;
use tokio::sync::mpsc;

use crate::line_io::{self, RawLine};
use crate::sanitize;

/// Bytes of a line at most, whatever a server says that it takes.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A line of the input that says something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InputLine {
    /// From 1, empty lines counted.
    pub(super) number: u64,
    pub(super) content: Content,
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A message to post, as it is to be sent.
    Message(String),
    /// `disconnect`: nothing can be sent behind it.
    Disconnect(String),
    /// Another event.
    Other(String),
    /// Nothing that can be sent, and why.
    Skipped(String),
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

/// Begins to read standard input. `limit`: bytes that the server takes in a frame.
pub(super) fn read_lines(limit: usize) -> mpsc::Receiver<InputLine> {
    let limit = limit.min(MOST_BYTES);
    line_io::read_lines(limit, move |number, raw| {
        let raw = raw.map_err(LineError::Input);
        let content = match raw.and_then(|raw| check(raw, limit)) {
            Ok(content) => content?,
            Err(error) => Content::Skipped(error.to_string()),
        };
        Some(InputLine { number, content })
    })
}

/// Says on standard error that a line was not sent; gives the line that says it on standard output.
pub(super) fn skip(number: u64, why: &str) -> String {
    let words = sanitize::line(why);
    // Without standard error there is nowhere to say it.
    writeln!(
        io::stderr(),
        "chat-tui: line {number} was not sent: {words}"
    )
    .ok();
    json!({ "event": "skipped", "data": { "line": number, "message": why } }).to_string()
}

/// A line that is a client event, as it is; `None` for an empty one.
fn check(raw: RawLine, limit: usize) -> Result<Option<Content>, LineError> {
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
    let line = line.to_owned();
    Ok(Some(match event {
        ClientEvent::Message(_) => Content::Message(line),
        ClientEvent::Disconnect => Content::Disconnect(line),
        _ => Content::Other(line),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(line: &str) -> Result<Option<Content>, String> {
        let raw = RawLine::Whole(line.as_bytes().to_vec());
        check(raw, 100).map_err(|error| error.to_string())
    }

    #[test]
    fn only_client_events_are_sent_and_as_they_are() {
        let line = r#" {"event": "message", "data": {"content": "hi"}} "#;
        assert_eq!(checked(line), Ok(Some(Content::Message(line.to_owned()))));
        let who = r#"{"event":"who"}"#;
        assert_eq!(checked(who), Ok(Some(Content::Other(who.to_owned()))));
        let marked = format!("\u{feff}{who}");
        assert_eq!(checked(&marked), Ok(Some(Content::Other(who.to_owned()))));
        for nothing in ["", "  ", "\t"] {
            assert_eq!(checked(nothing), Ok(None));
        }
        let end = r#"{"event":"disconnect"}"#;
        assert_eq!(checked(end), Ok(Some(Content::Disconnect(end.to_owned()))));
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
}
