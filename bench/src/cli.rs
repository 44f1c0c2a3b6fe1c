//! The command line: what can be asked for, and what comes of it.

use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::exit::{self, progress};
use crate::limit_server::{self, LimitServerOptions};
use crate::pin::Pins;
use crate::report::Report;
use crate::scenario::alone::{self, AloneOptions};
use crate::scenario::commit::{self, CommitOptions};
use crate::scenario::fanout::{self, FanoutOptions, FlatOutOptions};
use crate::scenario::idle::{self, IdleOptions};
use crate::scenario::ingest::{self, IngestOptions};
use crate::scenario::restart::{self, RestartOptions};
use crate::scenario::stalled::{self, StalledOptions};
use crate::scenario::storm::{self, StormOptions};
use crate::scenario::terminal::{self, TerminalOptions};
use crate::scenario::{ScenarioError, Setup};
use crate::server_process::{Launch, ServerProcess};
use crate::target::Source;
use crate::values::address;

/// Loads a real chat server and measures what its users would feel.
///
/// It starts the `chat-server` next to it with fresh data for each run, on the loopback, and stops
/// it again. All that is received is checked: where anything was lost, doubled or reordered, the
/// figures do not count.
///
/// Exit codes: 0 measured, 1 not measured or something was wrong, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "chat-bench", version, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    common: CommonOptions,
    #[command(subcommand)]
    command: Command,
}

/// What all scenarios take.
#[derive(Debug, Args)]
struct CommonOptions {
    /// The server's program [default: chat-server next to this program].
    #[arg(long, value_name = "FILE", global = true)]
    server: Option<PathBuf>,
    /// An argument for the server that is started, like --server-arg=--ping-interval=5; may be
    /// repeated.
    #[arg(
        long,
        value_name = "ARG",
        allow_hyphen_values = true,
        global = true,
        conflicts_with = "url"
    )]
    server_arg: Vec<String>,
    /// Milliseconds for which the server that is started collects what goes to a room, 0 for none
    /// [default: the server's own].
    #[arg(long, value_name = "MS", global = true, conflicts_with = "url")]
    flush_window: Option<u32>,
    /// Keep the server that is started (of `terminal`, the client) on one core and all else on the
    /// others: steadier, but what is measured has no more than one core.
    #[arg(long, global = true, conflicts_with = "url")]
    pin: bool,
    /// A server that runs already on this machine, like ws://127.0.0.1:8080.
    #[arg(long, value_name = "URL", value_parser = address, global = true, conflicts_with = "server")]
    url: Option<SocketAddr>,
    /// That server's process id: without it there are no CPU and memory figures.
    #[arg(long, value_name = "ID", requires = "url", global = true)]
    pid: Option<u32>,
    /// Where the servers' data directories are made and removed [default: the system's directory
    /// for temporary files].
    #[arg(long, value_name = "DIR", global = true)]
    data_root: Option<PathBuf>,
    /// Bytes of each message's content, 40 to 500.
    #[arg(long, visible_alias = "payload", value_name = "BYTES", default_value_t = 100, value_parser = clap::value_parser!(u16).range(40..=500), global = true)]
    content: u16,
    /// How often to run it; the report holds the medians.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..), global = true)]
    runs: u16,
    /// Seconds that one run may take at most.
    #[arg(long, default_value_t = 600, global = true)]
    bound: u64,
    /// Print one JSON object in place of the table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Scenario(Scenario),
    /// The server that shows the limit: started by the scenarios, in a process of its own.
    #[command(hide = true)]
    LimitServer(LimitServerOptions),
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// How many messages a second are taken, stored and acknowledged.
    Ingest(IngestOptions),
    /// What storing a message first adds to its latency.
    Commit(CommitOptions),
    /// Thousands connect and log in at once.
    Storm(StormOptions),
    /// Hundreds stop reading.
    Stalled(StalledOptions),
    /// What a delivery costs, next to what one system call each costs: 1 room, 1000 members, 100
    /// messages a second.
    Fanout(FanoutOptions),
    /// The same with 1 room, 1000 members, 50 messages a second.
    Hall(FanoutOptions),
    /// The same with 1 room, 1000 members, 100 messages a second.
    Stage(FanoutOptions),
    /// The same with 100 rooms, 20 members each, 2000 messages a second in total.
    Rooms(FanoutOptions),
    /// The same with 1 room, 5000 members, 10 messages a second.
    Arena(FanoutOptions),
    /// What a delivery costs where messages come as fast as they are answered, next to a limit that
    /// writes without a pause.
    FlatOut(FlatOutOptions),
    /// How long a message takes where nobody else is there.
    Alone(AloneOptions),
    /// The server restarts, and all members of a room come back.
    Restart(RestartOptions),
    /// What connections cost on which nothing happens.
    Idle(IdleOptions),
    /// What the terminal client costs and how fast it answers, in a terminal of this program's.
    Terminal(TerminalOptions),
}

/// Runs the program: measures what the command line asks for, and prints it.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    raise_open_files();
    let scenario = match &arguments.command {
        Command::Scenario(scenario) => scenario,
        Command::LimitServer(options) => return limit_server::serve(options),
    };
    // Before there are other threads, which run where this one may.
    let pins = match arguments.common.pin.then(Pins::part).transpose() {
        Ok(pins) => pins,
        Err(error) => return exit::fail(exit::FAILED, &error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(measure(&arguments.common, scenario, pins)),
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

async fn measure(common: &CommonOptions, scenario: &Scenario, pins: Option<Pins>) -> ExitCode {
    let CommonOptions { runs, json, .. } = *common;
    let setup = common.setup(pins);
    let bound = Duration::from_secs(common.bound);
    let mut reports = Vec::new();
    for run in 1..=runs {
        if runs > 1 {
            progress(&format!("run {run} of {runs}"));
        }
        // Dropping a run stops the servers that it started.
        let outcome = tokio::select! {
            outcome = timeout(bound, scenario.run(&setup)) => outcome,
            stopped = stop_signal() => return exit::fail(exit::FAILED, &stopped),
        };
        match outcome {
            Ok(Ok(report)) => reports.push(report),
            Ok(Err(error)) => return exit::fail(exit::FAILED, &error),
            Err(late) => return exit::fail(exit::FAILED, &late),
        }
    }
    let Some(report) = Report::median(&reports) else {
        return ExitCode::from(exit::FAILED);
    };
    let text = match json {
        true => format!("{}\n", report.json(&reports)),
        false => report.text(&reports),
    };
    match (io::stdout().write_all(text.as_bytes()), report.faults.len()) {
        (Err(error), _) if error.kind() != io::ErrorKind::BrokenPipe => {
            exit::fail(exit::FAILED, &error)
        }
        (_, 0) => ExitCode::from(exit::DONE),
        _ => ExitCode::from(exit::FAILED),
    }
}

/// Ends at the first SIGTERM or SIGINT; says what there is to say then.
async fn stop_signal() -> io::Error {
    let signals = signal(SignalKind::terminate()).and_then(|terminate| {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok((terminate, interrupt))
    });
    match signals {
        Err(error) => error,
        Ok((mut terminate, mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            io::Error::other("stopped by a signal: nothing was measured")
        }
    }
}

impl CommonOptions {
    fn server_arguments(&self) -> Vec<String> {
        let mut arguments = self.server_arg.clone();
        if let Some(window) = self.flush_window {
            arguments.extend(["--flush-window".to_owned(), window.to_string()]);
        }
        arguments
    }

    fn setup(&self, pins: Option<Pins>) -> Setup {
        let source = match self.url {
            Some(address) => Source::Running {
                address,
                id: self.pid,
            },
            None => Source::Start {
                launch: Launch {
                    binary: { self.server.clone() }
                        .unwrap_or_else(ServerProcess::beside_this_program),
                    arguments: self.server_arguments(),
                    pins,
                },
                data_root: { self.data_root.clone() }.unwrap_or_else(std::env::temp_dir),
            },
        };
        Setup {
            source,
            content: usize::from(self.content),
        }
    }
}

impl Scenario {
    fn run<'a>(
        &'a self,
        setup: &'a Setup,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Report, ScenarioError>> + 'a>> {
        match self {
            Scenario::Ingest(options) => Box::pin(ingest::run(setup, options)),
            Scenario::Commit(options) => Box::pin(commit::run(setup, options)),
            Scenario::Storm(options) => Box::pin(storm::run(setup, options)),
            Scenario::Stalled(options) => Box::pin(stalled::run(setup, options)),
            Scenario::Fanout(options) => Box::pin(fanout::run(setup, options, &fanout::FANOUT)),
            Scenario::Hall(options) => Box::pin(fanout::run(setup, options, &fanout::HALL)),
            Scenario::Stage(options) => Box::pin(fanout::run(setup, options, &fanout::STAGE)),
            Scenario::Rooms(options) => Box::pin(fanout::run(setup, options, &fanout::ROOMS)),
            Scenario::Arena(options) => Box::pin(fanout::run(setup, options, &fanout::ARENA)),
            Scenario::FlatOut(options) => Box::pin(fanout::run_flat_out(setup, options)),
            Scenario::Alone(options) => Box::pin(alone::run(setup, options)),
            Scenario::Restart(options) => Box::pin(restart::run(setup, options)),
            Scenario::Idle(options) => Box::pin(idle::run(setup, options)),
            Scenario::Terminal(options) => Box::pin(terminal::run(setup, options)),
        }
    }
}

/// Every connection is an open file: take what the hard limit allows.
fn raise_open_files() {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limits.maximum,
        maximum: limits.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        progress(&format!("cannot raise the limit on open files: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
