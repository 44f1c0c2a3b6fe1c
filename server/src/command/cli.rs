//! The arguments of `chat-server`, the choice of the command, and the start of the server: log, limit on
//! open files, runtime, listener. The commands themselves are in the modules beside this one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::command::admin::AdminSubcommand;
use crate::command::audit::AuditArguments;
use crate::command::backup::CopyArguments;
use crate::command::ban::BanSubcommand;
use crate::command::filter::FilterSubcommand;
use crate::command::moderator::ModSubcommand;
use crate::command::room::RoomSubcommand;
use crate::command::user::UserSubcommand;
use crate::command::{
    admin, audit, backup, ban, check, documents, exit, filter, logging, moderator, room, user,
};
use crate::config::{Config, Flags, MAX_CONNECTIONS, Settings, without_variables, wrong_flag};
use crate::limits::{Caps, LimitSettings};
use crate::server::{self, signals};

/// Connections that may wait to be accepted, if the system allows as many. After a restart all clients
/// come back at once, and one that finds no place tries again only a second later.
const BACKLOG: u32 = 4096;
/// Unsent bytes that a connection's socket may hold. The system's own bound grows to megabytes, which
/// would hide a client that reads nothing for a long time. Bytes in flight do not count, so this does
/// not limit the speed of distant clients.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 16 * 1024;

/// Open files that are not connections: the database and its temporary files, the log, the runtime.
const OTHER_FILES: u64 = 64;
/// With room for fewer connections than this, the server does not start.
const FEWEST_CONNECTIONS: usize = 32;
/// Number of task turns after which a busy thread polls the network (`EVENT_INTERVAL`) and the queue
/// that other threads, such as the database's, fill (`QUEUE_INTERVAL`). A room's turn writes to each of
/// its members and takes some hundred microseconds. With the runtime's default of 61 turns, new events
/// would wait for several milliseconds.
const EVENT_INTERVAL: u32 = 11;
const QUEUE_INTERVAL: u32 = 5;

/// A self-hosted live chat server with rooms over WebSocket.
///
/// Without a command, it starts the server. Commands that make changes go through the running server
/// if there is one. Otherwise they change the database directly.
#[derive(Parser)]
#[command(name = "chat-server", version)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    /// Configuration file (TOML); its keys are the option names without `--`.
    #[arg(long, env = "CHAT_SERVER_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Manage accounts.
    #[command(subcommand)]
    User(UserSubcommand),
    /// Create, list, export and delete rooms.
    #[command(subcommand)]
    Room(RoomSubcommand),
    /// Ban users from a room, or addresses from the whole server; list and lift bans.
    #[command(subcommand)]
    Ban(BanSubcommand),
    /// Manage the moderators, VIPs and administrators of a room.
    #[command(subcommand)]
    Mod(ModSubcommand),
    /// Manage the server administrators, who have full rights in all rooms.
    #[command(subcommand)]
    Admin(AdminSubcommand),
    /// Manage the blocked words and regular expressions of a room.
    #[command(subcommand)]
    Filter(FilterSubcommand),
    /// Copy the database to a new file.
    ///
    /// Works whether the server is running or not.
    Backup(CopyArguments),
    /// Replace the database with a backup; the server must be stopped.
    ///
    /// The old database is kept in the data directory. Afterwards all users must enter their password
    /// again.
    Restore(CopyArguments),
    /// Read the whole database and report any damage.
    ///
    /// At startup, the server checks only part of a large database.
    Check,
    /// Show the audit log: time, room, who acted, what was done.
    Audit(AuditArguments),
    /// Print the completions of this command line for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print this command line's manual page.
    Man,
}

/// Parses the command line, loads the settings and runs the command.
pub fn main() -> ExitCode {
    let matches = match without_variables(Cli::command()).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // These need no settings, so that wrong ones are not in their way.
    let printed = match cli.command {
        Some(Command::Completions { shell }) => {
            Some(documents::completions(&mut Cli::command(), shell))
        }
        Some(Command::Man) => Some(documents::man(&without_variables(Cli::command()))),
        _ => None,
    };
    if let Some(outcome) = printed {
        return ended(outcome);
    }
    let flags = Flags::new(cli.settings, cli.config, &matches);
    let config = match Config::load(flags, std::env::vars_os()) {
        Ok(config) => config,
        Err(error) => return exit::fail(exit::USAGE, &error.into()),
    };
    if cli.command.is_some() {
        config.warnings.iter().for_each(|line| exit::warn(line));
    }
    let server = &config.server;
    let outcome = match cli.command {
        None => serve(config),
        Some(Command::User(command)) => user::run(command, server),
        Some(Command::Room(command)) => room::run(command, server),
        Some(Command::Ban(command)) => ban::run(command, server),
        Some(Command::Mod(command)) => moderator::run(command, server),
        Some(Command::Admin(command)) => admin::run(command, server),
        Some(Command::Filter(command)) => filter::run(command, server),
        Some(Command::Backup(arguments)) => backup::back_up(&arguments, server),
        Some(Command::Restore(arguments)) => backup::restore(&arguments, server),
        Some(Command::Check) => check::run(server),
        Some(Command::Audit(arguments)) => audit::run(&arguments, server),
        Some(Command::Completions { .. } | Command::Man) => Ok(()),
    };
    ended(outcome)
}

fn ended(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => exit::fail(exit::FAILED, &error),
    }
}

/// Prints help and version to standard output (success), and anything else as a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    if let Some(error) = wrong_flag(error) {
        return exit::fail(exit::USAGE, &error.into());
    }
    // If the output is closed, the exit code still tells.
    let _ = error.print();
    match error.use_stderr() {
        true => ExitCode::from(exit::USAGE),
        false => ExitCode::from(exit::DONE),
    }
}

fn serve(mut config: Config) -> anyhow::Result<()> {
    let _log = logging::init(config.log_format, config.log_level);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if config.server.limits == LimitSettings::NONE {
        tracing::warn!("all limits are off: anybody can flood this server");
    }
    if config.server.allowed_origins.is_empty() && !config.bind.to_canonical().is_loopback() {
        tracing::warn!(
            bind = %config.bind,
            "pages of any web site may connect: list the allowed ones with --allowed-origin"
        );
    }
    fit_open_files(&mut config.server.limits.caps)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .global_queue_interval(QUEUE_INTERVAL)
        .build()
        .context("cannot start the async runtime")?;
    let serving = runtime.spawn(async move {
        let _too_large = outlive_file_limit();
        let stop = signals::stop().context("cannot listen for signals")?;
        let address = SocketAddr::new(config.bind, config.port);
        let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
        server::run(listener, config.server, stop).await?;
        anyhow::Ok(())
    });
    // The server runs as a task: on this thread, which is not the runtime's, all work would have to wake
    // one of the runtime's threads.
    let outcome = runtime.block_on(serving);
    // Nobody waits for a password hash that is still running.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => Err(error.into()),
    })
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

/// Raises the soft limit on open files to the hard limit, and answers with the limit in force then.
/// Every connection is an open file, and the usual soft limit of 1,024 is only for programs that use
/// `select`.
fn raise_open_files() -> Option<u64> {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limits.maximum,
        maximum: limits.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, current = limits.current, "cannot raise the limit on open files");
        return limits.current;
    }
    limits.maximum
}

/// Lowers the cap on connections to what the limit on open files leaves. The database needs open files
/// too, and without them everything would stop.
fn fit_open_files(caps: &mut Caps) -> anyhow::Result<()> {
    let Some(open_files) = raise_open_files() else {
        return Ok(());
    };
    let room = usize::try_from(open_files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    let wanted = caps.total.unwrap_or(MAX_CONNECTIONS);
    if room < wanted.min(FEWEST_CONNECTIONS) {
        bail!(
            "the limit on open files is {open_files}, and the server itself needs {OTHER_FILES}: that \
             leaves {room} connections; raise it to {} or more (`ulimit -n`, or LimitNOFILE= in \
             a systemd unit)",
            OTHER_FILES + FEWEST_CONNECTIONS as u64
        );
    }
    // A few fewer than the default are no reason to warn; fewer than somebody asked for are.
    let news = match wanted {
        MAX_CONNECTIONS => wanted - wanted / 10,
        asked_for => asked_for,
    };
    if room < news {
        tracing::warn!(
            open_files,
            connections = room,
            wanted,
            "the limit on open files allows fewer connections than --max-connections: raise it"
        );
    }
    caps.lower_total(Some(room));
    Ok(())
}

/// Catches SIGXFSZ while the returned value lives. A file that has reached its size limit is then an
/// error like a full disk; without a handler, the signal ends the program without a word (setrlimit(2),
/// RLIMIT_FSIZE).
fn outlive_file_limit() -> Option<Signal> {
    let number = rustix::process::Signal::XFSZ.as_raw();
    signal(SignalKind::from_raw(number))
        .inspect_err(|error| tracing::warn!(%error, "a limit on file sizes can end the server: cannot listen for SIGXFSZ"))
        .ok()
}
