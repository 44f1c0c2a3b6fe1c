//! What all commands share in words: how arguments are parsed, and what goes to standard output.

use std::io::{self, Write};

use anyhow::Context;
use chat_protocol::limits::REASON_CHARS;
use chat_protocol::line;

use crate::domain::entry::UnixMillis;

pub use crate::control::{room_name, username};

/// Parses a reason, with the same limit on length as for moderators. Empty if nothing in it is visible.
pub fn reason(text: &str) -> Result<String, String> {
    match text.chars().count() <= REASON_CHARS {
        true => Ok(line(text)),
        false => Err(format!("a reason has at most {REASON_CHARS} characters")),
    }
}

/// Text that somebody else wrote, made safe for one line of output: control characters become spaces.
pub fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// A time for people to read (RFC 3339, UTC).
pub fn shown(time: UnixMillis) -> String {
    let millis = i64::try_from(time).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| time.to_string(), |timestamp| timestamp.to_string())
}

/// Writes one line to standard output.
pub fn answer(line: String) -> anyhow::Result<()> {
    say([line]).map(drop)
}

/// Writes lines to standard output. Answers false if the reader closed the pipe, which is no error.
pub fn say(lines: impl IntoIterator<Item = String>) -> anyhow::Result<bool> {
    let mut output = io::BufWriter::new(io::stdout().lock());
    let write = || {
        for line in lines {
            writeln!(output, "{line}")?;
        }
        output.flush()
    };
    match write() {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("cannot write to standard output"),
    }
}
