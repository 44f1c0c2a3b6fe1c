//! The password from another program, such as a password manager. Owns that process; what it writes to
//! standard error is the user's to see, what it writes to standard output nobody's.

use std::io::{self, IsTerminal, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use chat_protocol::Secret;

use super::bare;

/// How long the program may take. Some ask the user for another password.
const LIMIT: Duration = Duration::from_secs(120);
/// Bytes that it may write.
const BYTES: u64 = 64 << 10;
/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

/// A command for the shell, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PasswordCommand {
    text: String,
    /// For errors: an argument, or a key of the configuration.
    given_by: String,
    limit: Duration,
}

/// Why there is no password. Never says what the program wrote, nor what the command is, which may hold
/// a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// There is no shell, or no memory.
    #[error("{0} can't be run")]
    Run(String, #[source] io::Error),
    /// It failed.
    #[error("{0} failed: it ended with {1}")]
    Failed(String, ExitStatus),
    /// It was stopped.
    #[error("{0} took longer than {secs} s", secs = .1.as_secs())]
    TooLong(String, Duration),
    /// Nothing, or an empty line.
    #[error("{0} wrote no password: its first line is empty")]
    Empty(String),
    /// Not a password.
    #[error("{0} wrote something that is no password: {1}")]
    NoPassword(String, &'static str),
}

impl PasswordCommand {
    /// `given_by` is for errors.
    pub(crate) fn new(text: String, given_by: String) -> Self {
        Self {
            text,
            given_by,
            limit: LIMIT,
        }
    }

    /// Runs it to its end; the first line of its output.
    pub(crate) fn run(&self) -> Result<Secret, CommandError> {
        let name = || self.given_by.clone();
        let run = |error| CommandError::Run(name(), error);
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(&self.text)
            .stdin(standard_input())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(run)?;
        let until = Instant::now() + self.limit;
        let bytes = match read(&mut child, until) {
            Ok(bytes) => bytes.map_err(run)?,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                stop(&mut child);
                return Err(CommandError::TooLong(name(), self.limit));
            }
        };
        let Some(status) = wait(&mut child, until).map_err(run)? else {
            stop(&mut child);
            return Err(CommandError::TooLong(name(), self.limit));
        };
        if bytes.len() as u64 > BYTES {
            return Err(CommandError::NoPassword(name(), "it is too long"));
        }
        if !status.success() {
            return Err(CommandError::Failed(name(), status));
        }
        let line = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let line = str::from_utf8(line)
            .map_err(|_| CommandError::NoPassword(name(), "it is not valid UTF-8"))?;
        match bare(line) {
            "" => Err(CommandError::Empty(name())),
            line => Ok(Secret::new(line)),
        }
    }
}

/// The terminal, for programs that ask for another password. What else is there are lines for this
/// program.
fn standard_input() -> Stdio {
    match io::stdin().is_terminal() {
        true => Stdio::inherit(),
        false => Stdio::null(),
    }
}

/// All that the program writes, and a byte more than it may where it writes more. It may go on running.
fn read(child: &mut Child, until: Instant) -> Result<io::Result<Vec<u8>>, RecvTimeoutError> {
    let output = child.stdout.take();
    let (send, received) = sync_channel(1);
    // A program that it leaves running may hold its output open: the thread then stays behind.
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map_or(Ok(0), |output| {
            output.take(BYTES + 1).read_to_end(&mut bytes)
        });
        // Where nobody waits any more, nobody wants it.
        send.send(read.map(|_| bytes)).ok();
    });
    received.recv_timeout(until.saturating_duration_since(Instant::now()))
}

/// Waits for its end; `None` where that does not come in time.
fn wait(child: &mut Child, until: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        let status = child.try_wait()?;
        if status.is_some() || Instant::now() >= until {
            return Ok(status);
        }
        thread::sleep(LOOK);
    }
}

/// Ends it. It has not been waited for, so it can be, and its number is its own.
fn stop(child: &mut Child) {
    child.kill().ok();
    child.wait().ok();
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn run(text: &str) -> Result<String, String> {
        run_for(text, LIMIT)
    }

    fn run_for(text: &str, limit: Duration) -> Result<String, String> {
        let command = PasswordCommand {
            limit,
            ..PasswordCommand::new(text.to_owned(), "--password-command".to_owned())
        };
        let secret = command.run().map_err(|error| {
            assert!(error.source().is_none(), "{error:?}");
            error.to_string()
        })?;
        Ok(secret.expose().to_owned())
    }

    #[test]
    fn the_first_line_is_the_password() {
        let check = |text: &str, expected: &str| assert_eq!(run(text), Ok(expected.to_owned()));
        check("echo hunter2", "hunter2");
        check("printf 'hunter2\\r\\nuser: alice\\n'", "hunter2");
        check("printf '\\357\\273\\277hunter2'", "hunter2");
        check("printf ' two words '", " two words ");
        check("printf 'hunter2\\n\\377\\n'", "hunter2");
        check("cat; echo hunter2", "hunter2");
    }

    #[test]
    fn what_fails_is_said_without_what_was_written() {
        let check = |text: &str, expected: &str| {
            let error = run(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
        };
        check(
            "echo hunter2; exit 3",
            "--password-command failed: it ended with exit status: 3",
        );
        check(
            "echo hunter2; kill -9 $$",
            "--password-command failed: it ended with signal: 9 (SIGKILL)",
        );
        let empty = "--password-command wrote no password: its first line is empty";
        check("true", empty);
        check("printf '\\r\\nhunter2\\n'", empty);
        check(
            "printf '\\377'",
            "--password-command wrote something that is no password: it is not valid UTF-8",
        );
        check(
            "yes hunter2 | head -c 70000",
            "--password-command wrote something that is no password: it is too long",
        );
        // One that never stops writing ends as its reader goes.
        check(
            "yes hunter2",
            "--password-command wrote something that is no password: it is too long",
        );
    }

    #[test]
    fn what_takes_too_long_is_stopped() {
        let limit = Duration::from_millis(1_200);
        let begun = Instant::now();
        let expected = Err("--password-command took longer than 1 s".to_owned());
        assert_eq!(run_for("exec sleep 600", limit), expected);
        assert_eq!(run_for("exec >&-; exec sleep 600", limit), expected);
        // What it leaves running holds its output open.
        assert_eq!(run_for("sleep 5 & echo hunter2", limit), expected);
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
