//! What a client used between two moments: CPU time, and bytes and frames to its terminal.

use super::ScenarioError;
use super::options::promised;
use super::stage::Stage;
use crate::measure::{Meter, Usage, machine_cores};
use crate::report::Report;
use crate::terminal::{Shown, Terminal};
use crate::worker::Watched;

/// Counts from when it was begun.
pub(super) struct Gauge {
    client: Meter,
    /// With the server, so that what is left is others'.
    all: Meter,
    shown: Shown,
}

/// What was used.
pub(super) struct Measured {
    pub(super) seconds: f64,
    pub(super) cpu_percent: f64,
    pub(super) bytes: f64,
    pub(super) frames: f64,
    all: Usage,
}

impl Gauge {
    /// Begins to count; `threads` are those of this program that may be its bottleneck.
    pub(super) fn begin(
        stage: &Stage,
        terminal: &Terminal,
        threads: impl IntoIterator<Item = Watched>,
    ) -> Result<Self, ScenarioError> {
        let client = terminal.id()?;
        Ok(Self {
            all: Meter::begin(stage.server().into_iter().chain([client]), threads)?,
            shown: terminal.shown(),
            client: Meter::begin([client], None)?,
        })
    }

    /// What was used since.
    pub(super) fn read(&self, terminal: &Terminal) -> Result<Measured, ScenarioError> {
        let client = self.client.read()?;
        let shown = terminal.shown();
        let since = |now: u64, then: u64| now.saturating_sub(then) as f64;
        Ok(Measured {
            seconds: client.seconds,
            cpu_percent: 100.0 * client.server.unwrap_or(0.0) / client.seconds,
            bytes: since(shown.bytes, self.shown.bytes),
            frames: since(shown.frames, self.shown.frames),
            all: self.all.read()?,
        })
    }
}

impl Measured {
    /// Notes what makes these figures less than they seem.
    pub(super) fn doubt(&self, stage: &Stage, name: &str, report: &mut Report) {
        let doubts = self.all.doubts(machine_cores());
        let prefix = stage.program.prefix();
        let doubts = doubts
            .iter()
            .map(|doubt| format!("{prefix}{name}: {doubt}"));
        report.doubts.extend(doubts);
    }
}

/// Notes a figure of the stage's client, beside what is promised of this project's.
pub(super) fn tell(stage: &Stage, report: &mut Report, name: &str, value: f64) {
    match stage.program.prefix() {
        "" => report.add_promised(name, value, promised(name)),
        prefix => report.add(format!("{prefix}{name}"), value),
    }
}
