//! The scenarios: what each does to a server, and what it reports.

pub(crate) mod alone;
pub(crate) mod commit;
pub(crate) mod fanout;
pub(crate) mod idle;
pub(crate) mod ingest;
pub(crate) mod restart;
pub(crate) mod stalled;
pub(crate) mod storm;
pub(crate) mod terminal;

use std::io;
use std::time::Duration;

use crate::client::ClientError;
use crate::measure::{Latencies, ProcError};
use crate::report::Report;
use crate::server_process::ServerError;
use crate::target::{Source, Target};
use crate::terminal::TerminalError;

/// How long a load runs before it is measured: caches, commits and connections settle.
const WARM_UP: Duration = Duration::from_secs(1);
/// How late this program's clock may be before its latencies are not the server's.
const LAG: f64 = 5.0;

/// What all scenarios are told.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Where the server comes from.
    pub(crate) source: Source,
    /// Bytes of a message's content.
    pub(crate) content: usize,
}

/// Why a scenario could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScenarioError {
    /// No server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A connection that is needed can't be had or broke.
    #[error("a connection that had to work did not")]
    Client(#[from] ClientError),
    /// The system does not tell.
    #[error(transparent)]
    Proc(#[from] ProcError),
    /// No thread.
    #[error("cannot start a thread")]
    Thread(#[from] io::Error),
    /// The process that shows the limit can't be had or broke.
    #[error("the process that shows the limit did not work")]
    Limit(#[source] io::Error),
    /// A client can't be had or used.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// A client is not there, or not where it has to be.
    #[error("{0}")]
    NotReady(String),
    /// The system allows too few open files.
    #[error(
        "{needed} open files are needed and the system allows {limit}: raise the hard limit (ulimit -Hn)"
    )]
    OpenFiles {
        /// What it takes.
        needed: u64,
        /// What there may be.
        limit: u64,
    },
    /// It can't be done to a server that runs already.
    #[error("{0} needs a server that chat-bench starts itself: leave out --url")]
    NotOurs(&'static str),
}

/// Notes what every scenario tells of its server, in the settings and as doubts.
fn describe(report: &mut Report, setup: &Setup, target: &Target) {
    report.set("content_bytes", setup.content);
    if let Some(filesystem) = target.filesystem() {
        report.set("filesystem", filesystem);
    }
    setup.source.tell(report);
    report.doubts.extend(setup.source.doubts());
}

/// Notes how late this program's own clock was.
fn add_lag(report: &mut Report, lag: &Latencies) {
    let late = lag.percentile(99.0);
    report.add("bench_lag_p99_ms", late);
    if late > LAG {
        report.doubts.push(format!(
            "chat-bench sent its messages up to {late:.1} ms late (99 %): it or the machine had too much to do"
        ));
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
