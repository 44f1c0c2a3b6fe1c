//! The server under test, as a process of its own.
//!
//! Owns its data directory, its port and its log over restarts. Must not speak the protocol.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Finished, Program, Stream, run};
use crate::{binaries, watched::PATIENCE};

/// A running server.
#[derive(Debug)]
pub struct Server {
    program: Program,
    address: SocketAddr,
    arguments: Vec<String>,
    earlier_log: String,
    directory: TempDir,
}

impl Server {
    /// Starts a server that registers whoever comes, on a free port and with an empty data
    /// directory.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same without limits on how fast clients may be, for tests that post a lot.
    #[track_caller]
    pub fn start_without_limits() -> Self {
        Self::start_with(&["--no-limits"])
    }

    /// The same as [`Server::start`] with more arguments, which may name another `--registration`.
    #[track_caller]
    pub fn start_with(arguments: &[&str]) -> Self {
        Self::start_by(bare_command(), arguments)
    }

    /// A server whose files can't grow beyond about `kib` KiB, as on a full disk; after a restart
    /// they can. It has no limits on how fast clients may be.
    #[track_caller]
    pub fn start_with_file_limit(kib: u32) -> Self {
        let mut shell = without_settings(Command::new("bash"));
        // Writing past the limit is to be an error, not the end of the process.
        let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
        shell
            .args(["-c", &script])
            .arg(bare_command().get_program());
        Self::start_by(shell, &["--no-limits"])
    }

    #[track_caller]
    fn start_by(command: Command, arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("there is room for a data directory");
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        let data = data_directory(&directory);
        let program = Program::start(with_arguments(command, 0, &data, &arguments));
        let address = wait_until_ready(&program);
        Self {
            program,
            address,
            arguments,
            earlier_log: String::new(),
            directory,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data directory. The server made it.
    pub fn data(&self) -> PathBuf {
        data_directory(&self.directory)
    }

    /// Its database file.
    pub fn database(&self) -> PathBuf {
        self.data().join("chat.db")
    }

    /// All it has logged, over all restarts.
    pub fn log(&self) -> String {
        format!("{}{}", self.earlier_log, self.program.text(Stream::Error))
    }

    /// Sends `signal` to it.
    pub fn signal(&self, signal: Signal) {
        self.program.signal(signal);
    }

    /// Ends it at once, as a crash would.
    #[track_caller]
    pub fn kill(&mut self) {
        self.program.signal(Signal::KILL);
        self.program.finish();
    }

    /// Waits for it to end by itself.
    #[track_caller]
    pub fn finish(&mut self) -> Finished {
        self.program.finish()
    }

    /// Asks it to stop, and waits until it has, without an error.
    #[track_caller]
    pub fn stop(&mut self) {
        self.program.signal(Signal::TERM);
        let finished = self.program.finish();
        assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    }

    /// Starts it anew, after its end, on the same port and data.
    #[track_caller]
    pub fn restart(&mut self) {
        let data = self.data();
        self.earlier_log = format!("{}\n", self.log());
        let port = self.address.port();
        self.program = Program::start(with_arguments(bare_command(), port, &data, &self.arguments));
        assert_eq!(wait_until_ready(&self.program), self.address);
    }

    /// Runs `chat-server` with `arguments` and `input`, to its end.
    #[track_caller]
    pub fn run(arguments: &[&str], input: &str) -> Finished {
        let mut command = bare_command();
        command.args(arguments);
        run(command, input)
    }

    /// Runs `chat-server user …` for the accounts in `data`.
    #[track_caller]
    pub fn manage_users(data: &Path, arguments: &[&str], input: &str) -> Finished {
        let mut command = bare_command();
        command.arg("user").args(arguments).arg("--data").arg(data);
        run(command, input)
    }
}

/// Not the temporary directory itself: the server is to make its own, with its own mode.
fn data_directory(directory: &TempDir) -> PathBuf {
    directory.path().join("data")
}

fn bare_command() -> Command {
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

fn with_arguments(mut command: Command, port: u16, data: &Path, arguments: &[String]) -> Command {
    command
        .args(["--bind", "127.0.0.1", "--log-format", "json"])
        .args(["--port", &port.to_string()])
        .arg("--data")
        .arg(data)
        .args(arguments);
    if !arguments
        .iter()
        .any(|argument| argument == "--registration")
    {
        command.args(["--registration", "open"]);
    }
    command
}

#[track_caller]
fn wait_until_ready(program: &Program) -> SocketAddr {
    let what = format!("ready line within {PATIENCE:?}");
    program.wait_for_line(Stream::Error, &what, |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let fields = line.get("fields")?;
        if fields.get("message")? != "listening" {
            return None;
        }
        fields.get("address")?.as_str()?.parse().ok()
    })
}
