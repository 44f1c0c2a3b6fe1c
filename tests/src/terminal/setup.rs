//! How the terminal client is started: its arguments and its environment.
//!
//! Must not start anything itself.

use std::net::SocketAddr;
use std::sync::Arc;

use portable_pty::CommandBuilder;
use tempfile::TempDir;

use super::Terminal;
use crate::binaries;
use crate::raw_client::password_of;

/// How to start the terminal client.
#[derive(Debug)]
pub struct TerminalSetup {
    pub(super) arguments: Vec<String>,
    pub(super) password: Option<String>,
    pub(super) size: (u16, u16),
    pub(super) home: Arc<TempDir>,
}

impl TerminalSetup {
    /// `user` in `rooms` of the server at `address`, with the password that `user` always has, on
    /// 80x24, in a home directory of its own.
    pub fn new(address: SocketAddr, user: &str, rooms: &[&str]) -> Self {
        let mut arguments = vec!["--server".to_owned(), format!("ws://{address}")];
        arguments.extend(["--user".to_owned(), user.to_owned()]);
        for room in rooms {
            arguments.extend(["--room".to_owned(), (*room).to_owned()]);
        }
        Self {
            arguments,
            password: Some(password_of(user)),
            size: (80, 24),
            home: Arc::new(TempDir::new().expect("there is room for a home directory")),
        }
    }

    /// Without a password in the environment.
    pub fn without_password(mut self) -> Self {
        self.password = None;
        self
    }

    /// With one more argument.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// In the home directory of an earlier client.
    pub fn at_home_of(mut self, other: &Terminal) -> Self {
        self.home = Arc::clone(&other.home);
        self
    }

    /// Starts it.
    #[track_caller]
    pub fn start(self) -> Terminal {
        Terminal::start(self)
    }
}

/// The client with an environment of its own: the machine's must not change what is seen.
pub(super) fn command(setup: &TerminalSetup) -> CommandBuilder {
    let home = setup.home.path();
    let mut command = CommandBuilder::new(&binaries().client);
    command.args(&setup.arguments);
    command.env_clear();
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("TZ", "UTC");
    command.env("HOME", home);
    for (name, directory) in [
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_DATA_HOME", "share"),
        ("XDG_CACHE_HOME", "cache"),
    ] {
        command.env(name, home.join(directory));
    }
    if let Some(password) = &setup.password {
        command.env("CHAT_PASSWORD", password);
    }
    command.cwd(home);
    command
}
