//! The server under test: started as a process of its own, and stopped by its own id.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::pin::Pins;

/// How long it may take to listen, and to stop.
const PATIENCE: Duration = Duration::from_secs(20);
/// Lines of its log that are kept, to say why it failed.
const LINES: usize = 20;

/// What is to outlive a power loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Durability {
    /// All that was answered for.
    Full,
    /// All but the last seconds.
    Relaxed,
}

impl Durability {
    /// Its name on the server's command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Durability::Full => "full",
            Durability::Relaxed => "relaxed",
        }
    }
}

/// Why there is no server to measure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    /// Not where it was looked for.
    #[error(
        "there is no server at {}: build it with `cargo build --release -p chat-server`, or name it with --server", .0.display()
    )]
    Missing(PathBuf),
    /// The system can't start it, or gives it no directory.
    #[error("cannot start the server {}", path.display())]
    Start {
        /// The program.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It ended, or said nothing.
    #[error("the server does not listen; it said: {0}")]
    Silent(String),
}

/// How it is started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The program.
    pub(crate) binary: PathBuf,
    /// More arguments for it.
    pub(crate) arguments: Vec<String>,
    /// Where it is to run.
    pub(crate) pins: Option<Pins>,
}

/// What it has said.
#[derive(Debug, Default)]
struct Said {
    last: VecDeque<String>,
    complaints: u64,
}

/// A running server with data of its own, both gone when this value goes.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    launch: Launch,
    durability: Durability,
    child: Child,
    address: SocketAddr,
    said: Arc<Mutex<Said>>,
    data: TempDir,
}

impl ServerProcess {
    /// The server next to this program.
    pub(crate) fn beside_this_program() -> PathBuf {
        let own = std::env::current_exe().unwrap_or_default();
        own.with_file_name("chat-server")
    }

    /// Starts it on a free port, with fresh data in a directory below `parent`.
    pub(crate) fn start(
        launch: &Launch,
        parent: &Path,
        durability: Durability,
    ) -> Result<Self, ServerError> {
        let binary = launch.binary.as_path();
        if !binary.is_file() {
            return Err(ServerError::Missing(binary.to_owned()));
        }
        let data = tempfile::Builder::new()
            .prefix("chat-bench-")
            .tempdir_in(parent)
            .map_err(|source| cannot_start(binary, source))?;
        let said = Arc::default();
        let (child, address) = spawn(launch, data.path(), durability, 0, &said)?;
        Ok(Self {
            launch: launch.clone(),
            durability,
            child,
            address,
            said,
            data,
        })
    }

    /// Stops it and starts it again with the same data, on the same port: what it only remembered
    /// is gone.
    pub(crate) fn restart(&mut self) -> Result<(), ServerError> {
        self.stop();
        let (data, port) = (self.data.path(), self.address.port());
        let (child, address) = spawn(&self.launch, data, self.durability, port, &self.said)?;
        self.child = child;
        self.address = address;
        Ok(())
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its data is.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// How many warnings and errors it has logged, and the last of them.
    pub(crate) fn complaints(&self) -> (u64, Option<String>) {
        let said = self.said.lock().expect("no holder of this lock panics");
        (said.complaints, said.last.back().cloned())
    }

    fn stop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // It may end by itself in between, which is as good.
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        }
        let deadline = Instant::now() + PATIENCE;
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() > deadline {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(
    launch: &Launch,
    data: &Path,
    durability: Durability,
    port: u16,
    said: &Arc<Mutex<Said>>,
) -> Result<(Child, SocketAddr), ServerError> {
    let binary = launch.binary.as_path();
    let mut command = bare(binary);
    command
        .args(["--bind", "127.0.0.1", "--log-format", "json"])
        .args(["--port", &port.to_string()])
        .args(["--registration", "open", "--durability", durability.name()])
        .arg("--data")
        .arg(data)
        .args(&launch.arguments)
        .stderr(Stdio::piped());
    if knows_no_limits(binary) {
        command.arg("--no-limits");
    }
    let mut child = command
        .spawn()
        .map_err(|source| cannot_start(binary, source))?;
    let (listens, address) = mpsc::channel();
    if let Some(log) = child.stderr.take() {
        let said = Arc::clone(said);
        std::thread::spawn(move || listen(log, &said, &listens));
    }
    match wait(&address) {
        Some(address) => {
            if let Some(pins) = &launch.pins {
                let id = child.id();
                pins.take(id)
                    .map_err(|source| cannot_start(binary, source))?;
            }
            Ok((child, address))
        }
        None => {
            let _ = child.kill();
            let _ = child.wait();
            let said = said.lock().expect("no holder of this lock panics");
            let last: Vec<String> = said.last.iter().cloned().collect();
            Err(ServerError::Silent(last.join(" / ")))
        }
    }
}

/// The program without this machine's own settings of a server.
fn bare(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHAT_SERVER_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Whether the server can lift its rate limits: a load generator is what they are there to stop.
fn knows_no_limits(binary: &Path) -> bool {
    let help = bare(binary)
        .arg("--help")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .output();
    help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("--no-limits"))
}

fn wait(address: &Receiver<SocketAddr>) -> Option<SocketAddr> {
    address.recv_timeout(PATIENCE).ok()
}

/// Reads the log to its end: a server must never wait for its reader.
fn listen(log: impl Read, said: &Mutex<Said>, listens: &Sender<SocketAddr>) {
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        if let Some(address) = listening(&line) {
            // Nobody waits for the second one.
            let _ = listens.send(address);
        }
        let is_complaint = ["\"ERROR\"", "\"WARN\""]
            .iter()
            .any(|level| line.contains(level))
            // It was started so.
            && !line.contains("limits are off");
        let is_text = !line.starts_with('{');
        if is_complaint || is_text {
            let mut said = said.lock().expect("no holder of this lock panics");
            said.complaints += u64::from(is_complaint);
            said.last.push_back(line);
            while said.last.len() > LINES {
                said.last.pop_front();
            }
        }
    }
}

fn listening(line: &str) -> Option<SocketAddr> {
    if !line.contains("listening") {
        return None;
    }
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields")?;
    match fields.get("message")?.as_str()? {
        "listening" => fields.get("address")?.as_str()?.parse().ok(),
        _ => None,
    }
}

fn cannot_start(path: &Path, source: std::io::Error) -> ServerError {
    ServerError::Start {
        path: path.to_owned(),
        source,
    }
}
