//! One side of the comparison: members that read, and what makes messages come to them. The server
//! and the limit are measured by the same steps.

use std::sync::Arc;

use tokio::time::sleep;

use super::limit_process::LimitProcess;
use super::options::{Pace, Plan};
use crate::measure::{Meter, Usage, resident_bytes};
use crate::raw::{MEASURED, Observed, Readers, Sender, Tally, WARMING_UP};
use crate::scenario::{ScenarioError, WARM_UP};

/// What makes messages come.
pub(super) enum Talk {
    /// Somebody sends at a fixed rate.
    Rate(Sender),
    /// Members say the next as soon as the last is back.
    Echo,
    /// The limit's process writes by itself.
    Limit(LimitProcess),
}

/// All that runs on this program's side.
pub(super) struct Load {
    pub(super) readers: Readers,
    pub(super) tally: Arc<Tally>,
    pub(super) talk: Talk,
}

/// What was measured, from when all had caught up until all had caught up again.
pub(super) struct Measured {
    pub(super) messages: u64,
    pub(super) deliveries: u64,
    pub(super) usage: Usage,
    /// Memory that was resident with all in, in bytes, where the process is known.
    pub(super) resident: Option<u64>,
    /// How late the messages were sent, in milliseconds, at the 99th percentile.
    pub(super) late_p99_ms: f64,
    /// What the members saw, from the first message to the last.
    pub(super) observed: Observed,
}

impl Load {
    /// Warms up, lets all catch up, measures, lets all catch up again.
    pub(super) async fn measure(
        self,
        plan: &Plan,
        process: Option<u32>,
    ) -> Result<Measured, ScenarioError> {
        let warm_up = Plan {
            measured: WARM_UP,
            ..*plan
        };
        self.talk(&warm_up, WARMING_UP).await?;
        // What does not come is found when all is checked.
        self.tally.settle().await;
        let resident = process.map(resident_bytes).transpose()?;
        let mut threads = self.readers.watched();
        if let Talk::Rate(sender) = &self.talk {
            threads.push(sender.watched());
        }
        let meter = Meter::begin(process, threads)?;
        let (sent, received) = (self.tally.sent(), self.tally.received());
        let late_p99_ms = self.talk(plan, MEASURED).await?;
        self.tally.settle().await;
        let usage = meter.read()?;
        Ok(Measured {
            messages: self.tally.sent() - sent,
            deliveries: self.tally.received() - received,
            usage,
            resident,
            late_p99_ms,
            observed: self.readers.finish().ok_or_else(broken_down)?,
        })
    }

    /// Lets messages come for as long as the plan says; gives how late they were.
    async fn talk(&self, plan: &Plan, phase: u64) -> Result<f64, ScenarioError> {
        let seconds = plan.measured.as_secs_f64();
        let messages = |rate: f64| (rate * seconds).round().max(1.0) as u64;
        self.tally.open(phase);
        let late = match (&self.talk, plan.pace) {
            (Talk::Rate(sender), Pace::Rate(rate)) => {
                let late = sender.send(messages(rate), rate).await?;
                late.percentile(99.0)
            }
            (Talk::Limit(process), Pace::Rate(rate)) => {
                let written = process.send(phase, messages(rate), rate).await;
                self.written(written)?
            }
            (Talk::Limit(process), Pace::Echo(_)) => {
                let written = process.flood(phase, plan.measured).await;
                self.written(written)?
            }
            (Talk::Echo | Talk::Rate(_), _) => {
                self.readers.begin()?;
                sleep(plan.measured).await;
                0.0
            }
        };
        self.tally.close();
        Ok(late)
    }

    fn written(
        &self,
        written: std::io::Result<crate::limit_server::Written>,
    ) -> Result<f64, ScenarioError> {
        let written = written.map_err(ScenarioError::Limit)?;
        self.tally.count_sent(written.messages);
        Ok(written.late_p99_ms)
    }
}

fn broken_down() -> ScenarioError {
    ScenarioError::Thread(std::io::Error::other("a reading thread broke down"))
}
