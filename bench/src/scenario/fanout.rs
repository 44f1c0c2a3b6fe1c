//! What it costs to deliver a message to everybody in a room, next to the limit: one system call
//! for each delivery and nothing else, in a process of its own, in the same run.

mod limit;
mod members;
mod report;

use std::time::Duration;

use tokio::time::sleep;

use super::{ScenarioError, Setup, WARM_UP};
use crate::accounts::{Logins, SHARED};
use crate::client::PATIENCE;
use crate::exit::progress;
use crate::measure::{Meter, Usage, resident_bytes};
use crate::report::Report;
use crate::server_process::Durability;
use crate::target::Target;
use crate::worker::{Worker, finished};
use limit::Limit;
use members::{Gathered, Members};

/// What `fanout` is told; what is left out is the preset's.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FanoutOptions {
    /// Rooms.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rooms: Option<u32>,
    /// Members of each room, besides the one who sends.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    members: Option<u32>,
    /// Messages a second, over all rooms.
    #[arg(long, value_parser = crate::cli::positive)]
    rate: Option<f64>,
    /// Seconds that are measured; the limit is measured as long.
    #[arg(long, default_value_t = 10.0, value_parser = crate::cli::positive)]
    seconds: f64,
}

/// A scenario with a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preset {
    name: &'static str,
    rooms: u32,
    members: u32,
    rate: f64,
}

const fn preset(name: &'static str, rooms: u32, members: u32, rate: f64) -> Preset {
    Preset {
        name,
        rooms,
        members,
        rate,
    }
}

/// Where nothing else is asked for.
pub(crate) const FANOUT: Preset = preset("fanout", 1, 1000, 100.0);
/// One well-visited room.
pub(crate) const HALL: Preset = preset("hall", 1, 1000, 50.0);
/// One room with much going on.
pub(crate) const STAGE: Preset = preset("stage", 1, 1000, 100.0);
/// Many small rooms.
pub(crate) const ROOMS: Preset = preset("rooms", 100, 20, 2000.0);
/// One huge room.
pub(crate) const ARENA: Preset = preset("arena", 1, 5000, 10.0);

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Plan {
    rooms: u32,
    /// Of each room, besides the one who sends.
    members: u32,
    /// Messages a second, over all rooms.
    rate: f64,
    measured: Duration,
}

impl Plan {
    fn new(options: &FanoutOptions, preset: &Preset) -> Self {
        Self {
            rooms: options.rooms.unwrap_or(preset.rooms),
            members: options.members.unwrap_or(preset.members),
            rate: options.rate.unwrap_or(preset.rate),
            measured: Duration::from_secs_f64(options.seconds),
        }
    }

    /// Connections of each room: the one who sends gets its own messages as well.
    fn connections_of_room(&self) -> u32 {
        self.members.saturating_add(1)
    }

    fn connections(&self) -> u64 {
        u64::from(self.rooms) * u64::from(self.connections_of_room())
    }

    /// Deliveries a second, where nothing falls behind.
    fn deliveries_asked(&self) -> f64 {
        self.rate * f64::from(self.connections_of_room())
    }
}

/// What was measured of the server.
struct Measured {
    gathered: Gathered,
    /// Deliveries that came while it was measured.
    deliveries: u64,
    usage: Usage,
    /// Memory that the connections took, in bytes, where the server's process is known.
    memory: Option<u64>,
    /// Bytes of the frame of the last message.
    frame: u32,
}

/// Runs the scenario once.
pub(crate) async fn run(
    setup: &Setup,
    options: &FanoutOptions,
    preset: &Preset,
) -> Result<Report, ScenarioError> {
    let plan = Plan::new(options, preset);
    let target = setup.source.open(Durability::Full)?;
    let worker = Worker::start("load")?;
    let measured = measure(setup, &plan, &target, &worker).await?;
    let mut report = Report::new(preset.name);
    report::tell_settings(&mut report, &plan);
    super::describe(&mut report, setup, &target);
    report.doubts.extend(target.complaints());
    // The limit has the machine for itself.
    drop((target, worker));
    progress("measuring the limit");
    let limit = Limit::measure(&plan, measured.frame).await?;
    report::tell(&mut report, &plan, &measured, &limit);
    report.add_usage(&measured.usage);
    report.add_findings(measured.gathered.findings);
    Ok(report)
}

async fn measure(
    setup: &Setup,
    plan: &Plan,
    target: &Target,
    worker: &Worker,
) -> Result<Measured, ScenarioError> {
    let preparing = worker.spawn(Logins::prepare(target.address(), SHARED));
    let logins = finished(preparing, PATIENCE).await?;
    let memory = || target.id().map(resident_bytes).transpose();
    let empty = memory()?;
    progress(&format!("letting {} connections in", plan.connections()));
    let members = Members::enter(setup, plan, target.address(), worker, &logins).await?;
    sleep(WARM_UP).await;
    let all_in = memory()?;
    let meter = Meter::begin(target.id(), &[worker])?;
    let before = members.begin();
    sleep(plan.measured).await;
    let deliveries = members.end() - before;
    let usage = meter.read()?;
    let frame = members.frame_bytes();
    Ok(Measured {
        gathered: members.finish().await?,
        deliveries,
        usage,
        memory: all_in
            .zip(empty)
            .map(|(all, empty)| all.saturating_sub(empty)),
        frame,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_goes_before_the_preset() {
        let mut options = FanoutOptions {
            rooms: None,
            members: None,
            rate: None,
            seconds: 2.0,
        };
        let plan = Plan::new(&options, &ROOMS);
        assert_eq!((plan.rooms, plan.members, plan.rate), (100, 20, 2000.0));
        assert_eq!(plan.connections(), 2100);
        assert_eq!(plan.deliveries_asked(), 42_000.0);
        options.members = Some(9);
        options.rate = Some(5.0);
        let plan = Plan::new(&options, &ARENA);
        assert_eq!((plan.rooms, plan.members, plan.rate), (1, 9, 5.0));
        assert_eq!(plan.deliveries_asked(), 50.0);
    }
}
