//! How the terminal client is started: its arguments and its environment.
//!
//! Must not start anything itself.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use portable_pty::CommandBuilder;
use tempfile::TempDir;

use super::Terminal;
use crate::raw_client::password_of;
use crate::{Finished, Program, binaries};

/// How to start the client.
#[derive(Debug)]
pub struct ClientSetup {
    pub(super) arguments: Vec<String>,
    pub(super) password: Option<String>,
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) size: (u16, u16),
    pub(super) home: Arc<TempDir>,
}

impl ClientSetup {
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
            variables: Vec::new(),
            size: (80, 24),
            home: Arc::new(TempDir::new().expect("there is room for a home directory")),
        }
    }

    /// With these arguments alone, and without a password, as somebody starts it who has started it
    /// before: the home directory is the same.
    pub fn bare(&self, arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(|one| (*one).to_owned()).collect(),
            password: None,
            variables: Vec::new(),
            size: self.size,
            home: Arc::clone(&self.home),
        }
    }

    /// With a variable in the environment.
    pub fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Writes the configuration.
    #[track_caller]
    pub fn configure(&self, text: &str) {
        let folder = self.home.path().join("config/chat-tui");
        std::fs::create_dir_all(&folder).expect("a folder for the configuration");
        std::fs::write(folder.join("config.toml"), text).expect("a configuration is written");
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

    /// With another text as the server's address.
    pub fn server(mut self, address: &str) -> Self {
        self.arguments[1] = address.to_owned();
        self
    }

    /// Its home directory, with its configuration and its state.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// With another password in the environment.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Starts it in a terminal.
    #[track_caller]
    pub fn start(&self) -> Terminal {
        Terminal::start(self)
    }

    /// Runs it without a terminal to its end, with `input` on its standard input.
    #[track_caller]
    pub fn run(&self, input: &str) -> Finished {
        crate::program::run(self.plain_command(), input)
    }

    /// The command, without a terminal.
    pub(super) fn plain_command(&self) -> Command {
        let mut command = Command::new(&binaries().client);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(environment(self))
            .current_dir(self.home.path());
        command
    }

    /// How it is started without a terminal, with `--json`.
    #[track_caller]
    pub fn json_command(&self) -> Command {
        let mut command = self.plain_command();
        command.arg("--json");
        command
    }

    /// Starts it without one, with `--json`. Its home directory goes with this value.
    #[track_caller]
    pub fn start_json(&self) -> Program {
        Program::start(self.json_command())
    }
}

/// The client without a screen, `--plain`.
impl ClientSetup {
    /// How it is started without a terminal, with `--plain`.
    #[track_caller]
    pub fn lines_command(&self) -> Command {
        let mut command = self.plain_command();
        command.arg("--plain");
        command
    }

    /// Starts it without a terminal, with `--plain`. Its home directory goes with this value.
    #[track_caller]
    pub fn start_lines(&self) -> Program {
        Program::start(self.lines_command()).keeping(Arc::clone(&self.home))
    }
}

/// The environment of the client, all of it: the machine's must not change what is seen.
fn environment(setup: &ClientSetup) -> Vec<(&'static str, OsString)> {
    let home = setup.home.path();
    let mut environment: Vec<(&str, OsString)> = vec![
        ("TERM", "xterm-256color".into()),
        ("LANG", "C.UTF-8".into()),
        ("TZ", "UTC".into()),
        ("HOME", home.into()),
        ("XDG_CONFIG_HOME", home.join("config").into()),
        ("XDG_STATE_HOME", home.join("state").into()),
        ("XDG_DATA_HOME", home.join("share").into()),
        ("XDG_CACHE_HOME", home.join("cache").into()),
    ];
    if let Some(password) = &setup.password {
        environment.push(("CHAT_PASSWORD", password.into()));
    }
    // Of two of the same name the last one counts.
    let variables = setup.variables.iter();
    environment.extend(variables.map(|(name, value)| (*name, value.into())));
    environment
}

pub(super) fn command(setup: &ClientSetup) -> CommandBuilder {
    let mut command = CommandBuilder::new(&binaries().client);
    command.args(&setup.arguments);
    command.env_clear();
    for (name, value) in environment(setup) {
        command.env(name, value);
    }
    command.cwd(setup.home.path());
    command
}
