//! What is measured: a server that this program starts, or one that runs already.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::measure::filesystem;
use crate::pin::Pins;
use crate::report::Report;
use crate::server_process::{Durability, Launch, ServerError, ServerProcess};

/// Where the server comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// This program starts it, with its data below `data_root`.
    Start {
        /// How.
        launch: Launch,
        /// Where its data directory is made.
        data_root: PathBuf,
    },
    /// It runs already.
    Running {
        /// Where it listens.
        address: SocketAddr,
        /// Its process id, where known: without it there are no CPU and memory figures.
        id: Option<u32>,
    },
}

/// A server to measure.
#[derive(Debug)]
pub(crate) struct Target {
    address: SocketAddr,
    id: Option<u32>,
    process: Option<ServerProcess>,
}

impl Source {
    /// A server with fresh data, or the running one as it is.
    pub(crate) fn open(&self, durability: Durability) -> Result<Target, ServerError> {
        match self {
            Source::Start { data_root, .. } => self.open_in(data_root, durability),
            Source::Running { address, id } => Ok(Target {
                address: *address,
                id: *id,
                process: None,
            }),
        }
    }

    /// The same with its data below another directory.
    pub(crate) fn open_in(
        &self,
        data_root: &Path,
        durability: Durability,
    ) -> Result<Target, ServerError> {
        let Source::Start { launch, .. } = self else {
            return self.open(durability);
        };
        let process = ServerProcess::start(launch, data_root, durability)?;
        Ok(Target {
            address: process.address(),
            id: Some(process.id()),
            process: Some(process),
        })
    }

    /// What to tell about it: a debug build must not be taken for the product.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let Source::Start { launch, .. } = self else {
            return vec![
                "the server was not started by chat-bench: its settings are its own".into(),
            ];
        };
        let is_debug = launch
            .binary
            .components()
            .any(|part| part.as_os_str() == "debug");
        match is_debug {
            true => vec!["the server seems to be a debug build".into()],
            false => Vec::new(),
        }
    }
}

impl Source {
    /// The same, but the server runs where this program does: something else is measured.
    pub(crate) fn beside_the_load(&self) -> Self {
        let mut source = self.clone();
        if let Source::Start { launch, .. } = &mut source {
            launch.pins = None;
        }
        source
    }

    /// Where the measured process is to run: the server, or what is measured in its place.
    pub(crate) fn pins(&self) -> Option<Pins> {
        match self {
            Source::Start { launch, .. } => launch.pins,
            Source::Running { .. } => None,
        }
    }

    /// Notes how the server is started, where that is not as usual.
    pub(crate) fn tell(&self, report: &mut Report) {
        let Source::Start { launch, .. } = self else {
            return;
        };
        if !launch.arguments.is_empty() {
            report.set("server_args", launch.arguments.join(" "));
        }
        if launch.pins.is_some() {
            report.set("pinned", true);
        }
    }
}

impl Target {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id, where known.
    pub(crate) fn id(&self) -> Option<u32> {
        self.id
    }

    /// The filesystem that its data is on, where known.
    pub(crate) fn filesystem(&self) -> Option<String> {
        let process = self.process.as_ref()?;
        filesystem(process.data()).ok()
    }

    /// Restarts it, with the same data. False where it is not this program's to restart.
    pub(crate) fn restart(&mut self) -> Result<bool, ServerError> {
        let Some(process) = &mut self.process else {
            return Ok(false);
        };
        process.restart()?;
        self.address = process.address();
        self.id = Some(process.id());
        Ok(true)
    }

    /// What it complained about in its log, as a sentence.
    pub(crate) fn complaints(&self) -> Option<String> {
        match self.process.as_ref()?.complaints() {
            (0, _) => None,
            (count, last) => Some(format!(
                "the server logged {count} warnings or errors, the last: {}",
                last.unwrap_or_default()
            )),
        }
    }
}
