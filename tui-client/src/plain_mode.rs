//! `--plain`: no screen, a line a message out, a line a message or command in; for pipes, screen readers
//! and braille. Owns the way from the command line to an exit code; must not draw.

mod help;
mod likeness;
mod numbers;
mod queue;
mod runner;
mod session;
mod typed;
mod typist;
mod words;

use std::io::{self, IsTerminal};

use chat_protocol::Secret;
use jiff::tz::TimeZone;

use crate::cli::Options;
use crate::exit::Exit;
pub(crate) use runner::Keeping;
use session::Settings;

/// Why it ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlainError {
    /// Signals can't be waited for.
    #[error("can't handle signals")]
    Signals(#[source] io::Error),
    /// Standard output can't be written to.
    #[error("can't write to standard output")]
    Output(#[source] io::Error),
    /// No password, and nobody who could be asked.
    #[error(
        "--plain needs the password in CHAT_PASSWORD, --password-file or --password-command without \
         a terminal"
    )]
    NoPassword,
    /// The server is not there, or refused to let this user in.
    #[error("{1}")]
    Ended(Exit, String),
}

impl PlainError {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            PlainError::Signals(_) | PlainError::Output(_) => Exit::Failed,
            PlainError::NoPassword => Exit::Usage,
            PlainError::Ended(exit, _) => *exit,
        }
    }
}

/// Runs until the input ends and all of it is answered, the user leaves, or the system says so.
pub(crate) async fn run(
    options: Options,
    password: Option<Secret>,
    token: Option<Secret>,
    kept: Keeping,
) -> Result<Exit, PlainError> {
    let is_interactive = io::stdin().is_terminal();
    if password.is_none() && token.is_none() && !is_interactive {
        return Err(PlainError::NoPassword);
    }
    let settings = Settings {
        username: options.username.clone(),
        rooms: options.rooms,
        password,
        token,
        ignored: kept.saved.ignored.clone(),
        is_interactive,
        times: options.times,
        only_mentions: options.only_mentions,
        zone: TimeZone::system(),
        nonce_prefix: format!("{:016x}", rand::random::<u64>()),
    };
    let was_terminal = io::stdout().is_terminal();
    let ended = runner::run(options.url, options.username, settings, kept).await;
    match ended {
        // Whoever read the output has read enough.
        Err(PlainError::Output(error)) if has_gone(&error, was_terminal) => Ok(Exit::Done),
        ended => ended,
    }
}

/// True where the other end of the output is closed: of a pipe, or of a terminal.
fn has_gone(error: &io::Error, was_terminal: bool) -> bool {
    let input_output = Some(rustix::io::Errno::IO.raw_os_error());
    error.kind() == io::ErrorKind::BrokenPipe
        || was_terminal && error.raw_os_error() == input_output
}
