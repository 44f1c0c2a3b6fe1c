//! What all threads of a run share: the phase it is in, what has been counted, what was found.
//!
//! Must not talk to the server.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use serde_json::Value;

/// What the last message of a room says: readers stop at it.
pub(super) const THE_END: &str = "the end";

/// One of the rooms.
pub(super) struct Room {
    pub(super) name: &'static str,
    pub(super) epoch: Value,
    /// Messages of this room that were acknowledged.
    pub(super) acknowledged: AtomicUsize,
}

impl Room {
    pub(super) fn new(name: &'static str, epoch: Value) -> Self {
        Self {
            name,
            epoch,
            acknowledged: AtomicUsize::new(0),
        }
    }
}

/// What writers are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Write on.
    Write,
    /// Get what was begun acknowledged, and stop.
    Over,
}

/// How much there was of everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// How often the server was ended without warning.
    pub(crate) kills: usize,
    /// Messages that came back to their writer.
    pub(crate) acknowledged: usize,
    /// Answers 503.
    pub(crate) refused: usize,
    /// Connections that were let in.
    pub(crate) entered: usize,
    /// Connections that were closed with 4008.
    pub(crate) too_slow: usize,
    /// Resumes that were too long for the server to make up for by itself.
    pub(crate) paged: usize,
    /// Entries in the logs, at the end.
    pub(crate) stored: usize,
    pub(crate) took: Duration,
}

/// What all threads of a run know.
pub(crate) struct Run {
    pub(super) address: SocketAddr,
    shared: Mutex<Shared>,
}

struct Shared {
    phase: Phase,
    figures: Figures,
    findings: Vec<String>,
}

impl Run {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            shared: Mutex::new(Shared {
                phase: Phase::Write,
                figures: Figures::default(),
                findings: Vec::new(),
            }),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.shared.lock().unwrap().phase
    }

    pub(super) fn enter_phase(&self, phase: Phase) {
        self.shared.lock().unwrap().phase = phase;
    }

    pub(crate) fn figures(&self) -> Figures {
        self.shared.lock().unwrap().figures.clone()
    }

    pub(super) fn kills(&self) -> usize {
        self.figures().kills
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Figures)) {
        change(&mut self.shared.lock().unwrap().figures);
    }

    /// What is wrong so far.
    pub(crate) fn findings(&self) -> Vec<String> {
        self.shared.lock().unwrap().findings.clone()
    }

    /// Notes what must not be. The run goes on: what else is wrong is worth knowing.
    pub(super) fn find(&self, finding: String) {
        self.shared.lock().unwrap().findings.push(finding);
    }
}
