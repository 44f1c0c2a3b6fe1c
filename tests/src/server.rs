//! The server under test, as a process of its own.
//!
//! Owns its process, its port and its log over restarts. Must not speak the protocol.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, prlimit};
use serde_json::Value;

use crate::ServerSetup;
use crate::program::{Finished, Program, Stream, run};
use crate::server_setup::bare_command;
use crate::watched::PATIENCE;

/// A running server.
#[derive(Debug)]
pub struct Server {
    program: Program,
    address: SocketAddr,
    earlier_log: String,
    setup: ServerSetup,
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
        Self::start_as(ServerSetup::new(arguments))
    }

    /// A server whose files can't grow beyond `bytes`, as on a full disk; after a restart they can.
    /// It has no limits on how fast clients may be.
    #[track_caller]
    pub fn start_with_file_limit(bytes: u64) -> Self {
        let setup = ServerSetup::new(&["--no-limits"]).outliving_file_limit();
        let server = Self::start_as(setup);
        server.limit_files(Some(bytes));
        server
    }

    /// Starts it as `setup` says.
    #[track_caller]
    pub fn start_as(setup: ServerSetup) -> Self {
        let program = Program::start(setup.command());
        let address = wait_until_ready(&program);
        Self {
            program,
            address,
            earlier_log: String::new(),
            setup,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data directory. The server made it.
    pub fn data(&self) -> PathBuf {
        self.setup.data().to_owned()
    }

    /// Its database file.
    pub fn database(&self) -> PathBuf {
        self.data().join("chat.db")
    }

    /// What it has logged, over all restarts, as far as that has arrived. The log is written on a
    /// thread of its own: a line that is expected has to be waited for ([`Server::wait_for_log`]), and
    /// that there is none is certain once a later one is there or the server has ended.
    pub fn log(&self) -> String {
        format!("{}{}", self.earlier_log, self.program.text(Stream::Error))
    }

    /// The first line of its log, over all restarts, that contains `text`, as soon as it is there.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str) -> String {
        let find = |line: &str| line.contains(text).then(|| line.to_owned());
        if let Some(line) = self.earlier_log.lines().find_map(find) {
            return line;
        }
        let what = format!("`{text}` in the log within {PATIENCE:?}");
        self.program.wait_for_line(Stream::Error, &what, find)
    }

    /// Stops it, and gives all it has logged, over all restarts: the only way to see that it did not
    /// log something.
    #[track_caller]
    pub fn stop_and_log(&mut self) -> String {
        self.stop();
        self.log()
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

    /// Starts it anew on the same port and data. Where it still runs, it is ended first.
    #[track_caller]
    pub fn restart(&mut self) {
        self.launch();
        assert_eq!(wait_until_ready(&self.program), self.address);
    }

    /// The same without waiting until it is ready.
    #[track_caller]
    pub fn launch(&mut self) {
        // Before the next one starts: that needs its port.
        self.program.end();
        // All of its log is read.
        self.program.finish();
        self.earlier_log = format!("{}\n", self.log());
        self.program = Program::start(self.setup.command());
    }

    /// Lets its files grow to `bytes` and no further from now on, as on a full disk, or (`None`) as
    /// they like. It has to be one that outlives it.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let pid = Some(self.program.pid());
        let before = getrlimit(Resource::Fsize);
        let limits = Rlimit {
            current: bytes.or(before.maximum),
            maximum: before.maximum,
        };
        prlimit(pid, Resource::Fsize, limits).expect("a child's limits can be set");
    }

    /// Lets it have `count` open files at most from now on; gives how many it could have before.
    pub fn limit_open_files(&self, count: Option<u64>) -> Option<u64> {
        let pid = Some(self.program.pid());
        let maximum = getrlimit(Resource::Nofile).maximum;
        let limits = Rlimit {
            current: count,
            maximum,
        };
        let before = prlimit(pid, Resource::Nofile, limits);
        before.expect("a child's limits can be set").current
    }

    /// Runs `chat-server` with `arguments` and `input`, to its end.
    #[track_caller]
    pub fn run(arguments: &[&str], input: &str) -> Finished {
        let mut command = bare_command();
        command.args(arguments);
        run(command, input)
    }

    /// The same with variables in its environment, and without input.
    #[track_caller]
    pub fn run_in(variables: &[(&str, &str)], arguments: &[&str]) -> Finished {
        let mut command = bare_command();
        command.args(arguments).envs(variables.iter().copied());
        run(command, "")
    }

    /// Runs a server as `setup` says, which is to end by itself.
    #[track_caller]
    pub fn run_as(setup: ServerSetup) -> Finished {
        run(setup.command(), "")
    }

    /// Runs `chat-server user …` for the accounts in `data`.
    #[track_caller]
    pub fn manage_users(data: &Path, arguments: &[&str], input: &str) -> Finished {
        let mut command = bare_command();
        command.arg("user").args(arguments).arg("--data").arg(data);
        run(command, input)
    }
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
