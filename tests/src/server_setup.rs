//! How a server under test is started: its arguments, its environment, its directory.
//!
//! Owns the command line. Must not know what runs already.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::binaries;
use crate::port::Port;

/// What a server is started with, at first and after each restart.
#[derive(Debug)]
pub struct ServerSetup {
    arguments: Vec<String>,
    environment: Vec<(String, OsString)>,
    outlives_file_limit: bool,
    limit: Option<String>,
    port: Port,
    directory: TempDir,
    data: PathBuf,
}

impl ServerSetup {
    /// On a free port, with a data directory that is not there yet.
    #[must_use]
    pub fn new(arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("there is room for a data directory");
        Self {
            // Not the temporary directory itself: the server is to make its own, with its own mode.
            data: directory.path().join("data"),
            arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
            environment: Vec::new(),
            outlives_file_limit: false,
            limit: None,
            port: Port::take(),
            directory,
        }
    }

    /// With a variable in its environment.
    #[must_use]
    pub fn with_environment(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Writing past a limit on its files is to be an error, not its end.
    #[must_use]
    pub fn outliving_file_limit(mut self) -> Self {
        self.outlives_file_limit = true;
        self
    }

    /// Started with one of the shell's limits (bash(1), `ulimit`), hard and soft.
    #[must_use]
    pub fn with_limit(mut self, flag: &str, value: u64) -> Self {
        self.limit = Some(format!("ulimit {flag} {value}; "));
        self
    }

    /// With its data in another place, from the server's own directory.
    #[must_use]
    pub fn with_data(mut self, path: &str) -> Self {
        self.data = self.directory.path().join(path);
        self
    }

    /// An empty directory that is the server's alone; it makes its data directory in there.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn command(&self) -> Command {
        let trap = match self.outlives_file_limit {
            false => "",
            true => "trap '' XFSZ; ",
        };
        let limit = self.limit.as_deref().unwrap_or_default();
        let mut command = match format!("{trap}{limit}") {
            before if before.is_empty() => bare_command(),
            before => {
                let mut shell = without_settings(Command::new("bash"));
                shell
                    .args(["-c", &format!("{before}exec \"$0\" \"$@\"")])
                    .arg(bare_command().get_program());
                shell
            }
        };
        command
            .args(["--log-format", "json"])
            .args(["--port", &self.port.number().to_string()])
            .arg("--data")
            .arg(self.data())
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        for (option, value) in [("--registration", "open"), ("--bind", "127.0.0.1")] {
            if !self.arguments.iter().any(|text| text == option) {
                command.args([option, value]);
            }
        }
        command
    }
}

/// The server's program, with nothing said yet.
pub(crate) fn bare_command() -> Command {
    without_settings(Command::new(&binaries().server))
}

/// Takes the machine's own settings of a server out of the environment.
fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHAT_SERVER_") {
            command.env_remove(name);
        }
    }
    command
}
