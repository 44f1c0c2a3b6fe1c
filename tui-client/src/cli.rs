//! The command line: its arguments, and what they ask for. Must not start anything; what arguments leave
//! open is decided in `choices`.

mod choices;
mod pages;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use choices::{Choices, Mode, Options, Surroundings};
pub(crate) use pages::{completions, manual};

/// Names the server where neither an argument nor a profile does.
pub(crate) const SERVER: &str = "CHAT_SERVER_URL";

/// A client for the chat, in the terminal.
///
/// Alone, it goes on where you left off: the same server, name and rooms. The first time, it asks for
/// them.
///
/// The password is read from the environment variable CHAT_PASSWORD, from --password-file or from
/// --password-command. Without them, you are asked for it.
///
/// Exit codes: 0 done (also after SIGTERM, SIGINT and SIGHUP), 1 the terminal failed, 2 wrong usage or
/// a wrong configuration. With --plain and --json also: 3 couldn't join, 4 couldn't connect or lost the
/// connection, 5 something was not sent or was refused.
#[derive(Debug, Parser)]
#[command(
    name = "chat-tui",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_long_help = pages::AFTER
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) page: Option<Page>,
    /// The name to sign in with [default: the last one on that server].
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// A room to join; repeat it to join several [default: those of the last time].
    #[arg(long = "room", value_name = "NAME")]
    rooms: Vec<String>,
    /// The server, as host:port or wss://host:port. Without wss:// or ws:// it is wss://, and ws:// on
    /// this machine [env: CHAT_SERVER_URL] [default: the last one, at first ws://127.0.0.1:8080].
    #[arg(long, value_name = "SERVER")]
    server: Option<String>,
    /// Take server, name, rooms and password from a profile of the configuration.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// A file whose first line is the password.
    #[arg(long, value_name = "FILE", conflicts_with = "password_command")]
    password_file: Option<PathBuf>,
    /// A command for the shell; the first line of its output is the password.
    #[arg(long, value_name = "COMMAND")]
    password_command: Option<String>,
    /// Keep nothing of this session on this machine, and use nothing that was kept.
    #[arg(long)]
    no_remember: bool,
    /// Don't draw a screen: print a line per message and read a line per message or command. This is
    /// also what happens with TERM=dumb.
    #[arg(long, conflicts_with = "json")]
    plain: bool,
    /// With --plain: begin each message with its time.
    #[arg(long, requires = "plain")]
    times: bool,
    /// Don't draw a screen: print server events to standard output and read client events from
    /// standard input, one per line.
    #[arg(long)]
    json: bool,
    /// With --json: ask the server for these capabilities, separated by commas: presence (who comes and
    /// goes), room (the room's modes), moderation (for moderators: audit and held, as they happen).
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "json")]
    capabilities: Vec<String>,
    /// Print a configuration with all settings, and end.
    #[arg(long, conflicts_with = "check_config")]
    pub(crate) print_config: bool,
    /// Say what is wrong in the configuration, and end. Another FILE can be named; - is standard input.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub(crate) check_config: Option<Option<PathBuf>>,
    /// Panic once the first frame is drawn, to test that the terminal is restored.
    #[cfg(debug_assertions)]
    #[arg(long, hide = true)]
    panic_after_start: bool,
}

/// What is printed in place of chatting.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Page {
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man,
}

impl Arguments {
    /// Whether what is kept of earlier sessions may be looked at.
    pub(crate) fn may_remember(&self) -> bool {
        !self.no_remember && !self.json
    }

    /// Reads the command line.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(arguments)
    }
}
