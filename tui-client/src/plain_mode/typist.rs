//! Standard input as lines of text, and a terminal's echo while a password is typed. Must not know
//! what a line asks for.

use std::io;

use chat_protocol::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;

use crate::line_io::{self, RawLine};

/// Bytes of a line at most: more than any message has.
const LINE_BYTES: usize = 64 * 1024;

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A line, with its number from 1.
    Line(u64, String),
    /// A line that can't be one, and why.
    Bad(u64, String),
}

/// Begins to read.
pub(super) fn read() -> mpsc::Receiver<Input> {
    line_io::read_lines(LINE_BYTES, |number, line| Some(input(number, line)))
}

fn input(number: u64, line: io::Result<RawLine>) -> Input {
    let bytes = match line {
        Ok(RawLine::Whole(bytes)) => bytes,
        Ok(RawLine::TooLong(bytes)) => {
            return Input::Bad(number, format!("it has {bytes} bytes, too many for a line"));
        }
        Err(error) => return Input::Bad(number, format!("can't read standard input: {error}")),
    };
    match String::from_utf8(bytes) {
        // Some editors begin a file with this mark, which is no part of its text.
        Ok(text) => Input::Line(number, text.trim_start_matches('\u{feff}').to_owned()),
        Err(_) => Input::Bad(number, "it is not valid UTF-8".to_owned()),
    }
}

impl Input {
    /// The line as a password; empty where it can't be one.
    pub(super) fn password(self) -> Secret {
        match self {
            Input::Line(_, text) => Secret::new(text),
            Input::Bad(..) => Secret::new(""),
        }
    }
}

/// A terminal that does not show what is typed, until this goes.
#[derive(Debug)]
pub(super) struct Hidden {
    before: Termios,
}

impl Hidden {
    /// Hides what is typed from now on. What was typed before and not read is dropped: it was not
    /// meant as a password.
    pub(super) fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ECHO);
        modes.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Flush, &modes)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Where the terminal has gone there is nothing to restore.
        tcsetattr(io::stdin(), OptionalActions::Now, &self.before).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_text() {
        let whole = |bytes: &[u8]| input(3, Ok(RawLine::Whole(bytes.to_vec())));
        assert_eq!(
            whole("\u{feff}hé".as_bytes()),
            Input::Line(3, "hé".to_owned())
        );
        assert!(matches!(whole(&[0xff]), Input::Bad(3, _)));
        assert!(matches!(
            input(4, Ok(RawLine::TooLong(70_000))),
            Input::Bad(4, _)
        ));
        assert_eq!(whole(&[0xff]).password(), Secret::new(""));
    }
}
