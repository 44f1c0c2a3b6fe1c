//! The command line: what can be given, and which command runs.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};

use crate::auth::Registration;
use crate::config::{Config, LogFormat, LogLevel, Settings};
use crate::database::Durability;
use crate::room_commands::RoomSubcommand;
use crate::users::UserSubcommand;
use crate::{exit, logging, room_commands, server, users};

/// Connections that may wait to be accepted, as far as the system allows: after a restart all
/// clients come back at once, and one that finds no place tries again only a second later.
const BACKLOG: u32 = 4096;
/// Bytes that a connection's socket may hold before it has sent them. The system's own bound grows
/// to megabytes, behind which a client that reads nothing goes unnoticed for a long time. What is on
/// its way does not count, so that no distance makes this a limit on speed.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 64 * 1024;

/// A self-hosted live chat server: every stream gets its room, over WebSocket.
#[derive(Parser)]
#[command(name = "chat-server", version)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Manage accounts, while the server runs or while it does not.
    #[command(subcommand)]
    User(UserSubcommand),
    /// List, export and delete rooms.
    #[command(subcommand)]
    Room(RoomSubcommand),
}

/// Every setting; each is also an environment variable and a key of the configuration file.
#[derive(Args)]
struct Options {
    /// Port to listen on; 0 takes a free one [default: 8080].
    #[arg(long, env = "CHAT_SERVER_PORT", value_name = "PORT")]
    port: Option<u16>,
    /// Address to listen on [default: 127.0.0.1].
    #[arg(long, env = "CHAT_SERVER_BIND", value_name = "ADDRESS")]
    bind: Option<IpAddr>,
    /// Data directory [default: chat-server in the platform's directory for data].
    #[arg(long, env = "CHAT_SERVER_DATA", value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// Whether the first password used with an unknown name makes an account [default: open].
    #[arg(
        long,
        env = "CHAT_SERVER_REGISTRATION",
        value_enum,
        value_name = "open|closed",
        hide_possible_values = true
    )]
    registration: Option<Registration>,
    /// Allow clients to switch to test mode [default: false].
    #[arg(long, env = "CHAT_SERVER_TEST_MODE", value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    test_mode: Option<bool>,
    /// Origin whose pages may connect; may be repeated [default: any].
    #[arg(
        long,
        env = "CHAT_SERVER_ALLOWED_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    allowed_origin: Option<Vec<String>>,
    /// Seconds from connecting to the end of the HTTP exchange or the upgrade [default: 10].
    #[arg(long, env = "CHAT_SERVER_HANDSHAKE_TIMEOUT", value_name = "SECONDS")]
    handshake_timeout: Option<u32>,
    /// Seconds from the upgrade to a successful `auth` [default: 60].
    #[arg(long, env = "CHAT_SERVER_AUTH_TIMEOUT", value_name = "SECONDS")]
    auth_timeout: Option<u32>,
    /// Seconds between two WebSocket pings [default: 30].
    #[arg(long, env = "CHAT_SERVER_PING_INTERVAL", value_name = "SECONDS")]
    ping_interval: Option<u32>,
    /// Seconds without a sign of life after which a connection is dropped [default: 75].
    #[arg(long, env = "CHAT_SERVER_IDLE_TIMEOUT", value_name = "SECONDS")]
    idle_timeout: Option<u32>,
    /// `full`: what was answered for outlives a power loss; `relaxed`: a power loss may take the
    /// last seconds [default: full].
    #[arg(
        long,
        env = "CHAT_SERVER_DURABILITY",
        value_enum,
        value_name = "full|relaxed",
        hide_possible_values = true
    )]
    durability: Option<Durability>,
    /// Entries that a room keeps, the newest; 0 for all [default: 10000].
    #[arg(long, env = "CHAT_SERVER_RETENTION_ENTRIES", value_name = "COUNT")]
    retention_entries: Option<u64>,
    /// Days that a room keeps entries; 0 for ever [default: 90].
    #[arg(long, env = "CHAT_SERVER_RETENTION_DAYS", value_name = "DAYS")]
    retention_days: Option<u32>,
    /// Format of the log on standard error [default: text].
    #[arg(
        long,
        env = "CHAT_SERVER_LOG_FORMAT",
        value_enum,
        value_name = "text|json",
        hide_possible_values = true
    )]
    log_format: Option<LogFormat>,
    /// What the log tells at least [default: info].
    #[arg(
        long,
        env = "CHAT_SERVER_LOG_LEVEL",
        value_enum,
        value_name = "error|warn|info|debug",
        hide_possible_values = true
    )]
    log_level: Option<LogLevel>,
    /// Configuration file (TOML), with the options' long names as keys.
    #[arg(long, env = "CHAT_SERVER_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl Options {
    /// What was given, and the file it may be completed from.
    fn split(self) -> (Settings, Option<PathBuf>) {
        let settings = Settings {
            port: self.port,
            bind: self.bind,
            data: self.data,
            registration: self.registration,
            test_mode: self.test_mode,
            allowed_origin: self.allowed_origin,
            handshake_timeout: self.handshake_timeout,
            auth_timeout: self.auth_timeout,
            ping_interval: self.ping_interval,
            idle_timeout: self.idle_timeout,
            durability: self.durability,
            retention_entries: self.retention_entries,
            retention_days: self.retention_days,
            log_format: self.log_format,
            log_level: self.log_level,
        };
        (settings, self.config)
    }
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let Cli { options, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let (settings, file) = options.split();
    let config = match Config::load(settings, file.as_deref()) {
        Ok(config) => config,
        Err(error) => return exit::fail(exit::USAGE, &error.into()),
    };
    let outcome = match command {
        None => serve(config),
        Some(Command::User(command)) => users::run(command, &config.server.data),
        Some(Command::Room(command)) => room_commands::run(command, &config.server.data),
    };
    match outcome {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => exit::fail(exit::FAILED, &error),
    }
}

/// Help and version go to standard output and are success; anything else is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    // Where nobody reads it any more, the exit code still tells.
    let _ = error.print();
    match error.use_stderr() {
        true => ExitCode::from(exit::USAGE),
        false => ExitCode::from(exit::DONE),
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    let _log = logging::init(config.log_format, config.log_level);
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let outcome = runtime.block_on(async {
        let stop = stop_signal().context("cannot listen for signals")?;
        let address = SocketAddr::new(config.bind, config.port);
        let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
        server::run(listener, config.server, stop).await?;
        anyhow::Ok(())
    });
    // Nobody waits any more for a password that is still being hashed.
    runtime.shutdown_background();
    outcome
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restarted server takes its port back at once.
    socket.set_reuseaddr(true)?;
    // Every connection that is accepted inherits it (tcp(7), TCP_NOTSENT_LOWAT).
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&socket).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Every connection is an open file, and the usual soft limit of 1,024 is there for programs that
/// use `select`: take what the hard limit allows.
fn raise_open_files() {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limits.maximum,
        maximum: limits.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, current = limits.current, "cannot raise the limit on open files");
    }
}

/// Ends at the first SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
