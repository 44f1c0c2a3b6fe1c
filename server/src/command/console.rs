//! What all commands share in words: how arguments are parsed, and what goes to standard output.

use std::io::{self, Write};

use anyhow::Context;
use chat_protocol::limits::{BAN_SECONDS, REASON_CHARS};
use chat_protocol::{durations, line};

use crate::domain::entry::UnixMillis;

pub use crate::control::{room_name, username};

/// Parses a reason, with the same limit on length as for moderators. Empty if nothing in it is visible.
pub fn reason(text: &str) -> Result<String, String> {
    match text.chars().count() <= REASON_CHARS {
        true => Ok(line(text)),
        false => Err(format!("a reason has at most {REASON_CHARS} characters")),
    }
}

/// Parses how long a ban lasts, in seconds.
pub fn ban_duration(text: &str) -> Result<u64, String> {
    let seconds = durations::typed(text).ok_or("write it as 600, 10m, 2h or 7d")?;
    match (1..=BAN_SECONDS).contains(&seconds) {
        true => Ok(seconds),
        false => Err("a ban lasts from 1 second to 100 years".to_owned()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_lasts_at_least_a_second_and_at_most_100_years() {
        assert_eq!(ban_duration("10m"), Ok(600));
        assert_eq!(ban_duration("36500d"), Ok(BAN_SECONDS));
        for text in ["0", "0d", "36501d", "18446744073709551615d"] {
            assert!(
                ban_duration(text).unwrap_err().contains("100 years"),
                "{text}"
            );
        }
        for text in ["soon", "-1", ""] {
            assert!(ban_duration(text).unwrap_err().contains("10m"), "{text}");
        }
    }
}
