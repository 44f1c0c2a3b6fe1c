//! The rooms: in each, one sends at its share of the rate, and everybody checks what comes.

use std::net::SocketAddr;

use super::Plan;
use crate::accounts::{Logins, room};
use crate::check::Findings;
use crate::client::ClientError;
use crate::measure::Latencies;
use crate::scenario::Setup;
use crate::trickle::{Trickle, TrickleSettings};
use crate::worker::Worker;

/// The phases: before `MEASURED` the members come in and the server warms up.
const MEASURED: u64 = 1;
const AFTER: u64 = 2;

/// All members of all rooms.
pub(super) struct Members {
    rooms: Vec<Trickle>,
}

/// What they received.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Of the messages that were sent while it was measured, to all but their senders.
    pub(super) latencies: Latencies,
    /// How late the senders were.
    pub(super) lag: Latencies,
    /// What was wrong, from the first message to the last.
    pub(super) findings: Findings,
}

impl Members {
    /// Lets all in. A room's sender begins once its room is complete.
    pub(super) async fn enter(
        setup: &Setup,
        plan: &Plan,
        address: SocketAddr,
        worker: &Worker,
        logins: &Logins,
    ) -> Result<Self, ClientError> {
        let mut rooms = Vec::new();
        for _ in 0..plan.rooms {
            let settings = TrickleSettings {
                address,
                room: room("fanout"),
                members: plan.members as usize,
                rate: plan.rate / f64::from(plan.rooms),
                content: setup.content,
            };
            rooms.push(Trickle::start(worker, settings, logins).await?);
        }
        Ok(Self { rooms })
    }

    /// What is sent from now on is measured. Gives the deliveries so far.
    pub(super) fn begin(&self) -> u64 {
        self.enter_phase(MEASURED)
    }

    /// What is sent from now on is not measured any more. Gives the deliveries so far.
    pub(super) fn end(&self) -> u64 {
        self.enter_phase(AFTER)
    }

    fn enter_phase(&self, phase: u64) -> u64 {
        for room in &self.rooms {
            room.enter_phase(phase);
        }
        self.rooms.iter().map(Trickle::received).sum()
    }

    /// Bytes of a room's newest message, the longest of them, as a WebSocket frame, which has 2 bytes of header up to
    /// 125 bytes of payload and 4 up to 65,535 (RFC 6455, section 5.2).
    pub(super) fn frame_bytes(&self) -> u32 {
        let longest = self.rooms.iter().map(Trickle::event_bytes).max();
        let payload = u32::try_from(longest.unwrap_or(0)).unwrap_or(u32::MAX);
        payload.saturating_add(if payload < 126 { 2 } else { 4 })
    }

    /// Lets the senders stop, and everybody receive all.
    pub(super) async fn finish(self) -> Result<Gathered, ClientError> {
        let mut gathered = Gathered::default();
        for room in self.rooms {
            let trickled = room.finish().await?;
            let measured = trickled.deliveries(MEASURED, AFTER);
            gathered.latencies.merge(&measured);
            gathered.lag.merge(&trickled.lag);
            gathered.findings += trickled.findings;
        }
        Ok(gathered)
    }
}
