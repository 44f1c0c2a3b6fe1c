//! What connections cost on which nothing happens: memory for each, and CPU time, with what the
//! server's pings cost told apart.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tokio::time::sleep;

use super::{ScenarioError, Setup, WARM_UP, describe, mib};
use crate::accounts::{Logins, SHARED, room};
use crate::client::PATIENCE;
use crate::entering::{JoinRequest, enter_all};
use crate::exit::progress;
use crate::measure::{Meter, resident_bytes};
use crate::raw::{Member, Readers, Tally};
use crate::report::Report;
use crate::server_process::Durability;
use crate::worker::{Worker, finished};

/// The time for which pings are looked for: the CPU time of one without any is not theirs.
const SLICE: f64 = 0.5;
/// Open files that the server and this program have besides the connections, generously.
const OTHER_FILES: u64 = 200;

/// What `idle` is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct IdleOptions {
    /// Connections.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections: u32,
    /// Rooms that they are spread over.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rooms: u32,
    /// Seconds that are measured; a server pings every 30 seconds, where nobody has changed it.
    #[arg(long, default_value_t = 40.0, value_parser = crate::values::positive)]
    seconds: f64,
}

/// What a server used in some slices of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Spent {
    seconds: f64,
    cpu: f64,
    pings: u64,
}

/// Runs the scenario once.
pub(crate) async fn run(setup: &Setup, options: &IdleOptions) -> Result<Report, ScenarioError> {
    check_open_files(options.connections)?;
    let target = setup.source.open(Durability::Full)?;
    let worker = Worker::start("entering")?;
    let preparing = worker.spawn(Logins::prepare(target.address(), SHARED));
    let logins = finished(preparing, PATIENCE).await?;
    let memory = || target.id().map(resident_bytes).transpose();
    let empty = memory()?;
    progress(&format!("letting {} connections in", options.connections));
    let meter = Meter::begin(target.id(), [worker.watched()])?;
    let entering = worker.spawn(enter_all(target.address(), join_requests(options, &logins)));
    let bound = PATIENCE * (1 + options.connections / 2000);
    let streams = finished(entering, bound).await?;
    let entered = meter.read()?;
    // Nothing is ever sent: each message would be one too many.
    let tally = Arc::new(Tally::new(1, options.connections));
    let members = streams.into_iter().map(|stream| Member::new(stream, 0));
    let readers = Readers::start(members.collect(), 1, 1, &tally)?;
    sleep(WARM_UP * 2).await;
    let all_in = memory()?;
    let meter = Meter::begin(target.id(), readers.watched())?;
    let (quiet, pinged) = watch(target.id(), options.seconds, &tally).await?;
    let usage = meter.read()?;
    let observed = readers.finish().unwrap_or_default();
    let mut report = Report::new("idle");
    report.set("connections", options.connections);
    report.set("rooms", options.rooms);
    report.set("seconds", options.seconds);
    describe(&mut report, setup, &target);
    if let (Some(all_in), Some(empty)) = (all_in, empty) {
        let each = |bytes: u64| bytes as f64 / 1024.0 / f64::from(options.connections);
        let added = all_in.saturating_sub(empty);
        report.add("server_memory_before_mib", mib(empty));
        report.add("server_memory_all_in_mib", mib(all_in));
        report.add("server_memory_kib_per_connection", each(added));
    }
    let connections = f64::from(options.connections);
    report.add("connects_per_second", connections / entered.seconds);
    if let Some(used) = entered.server {
        report.add("server_cpu_us_per_connect", used * 1e6 / connections);
        tell_spent(&mut report, quiet, pinged);
    }
    report.add_usage(&usage);
    report.add("thrown_out", observed.failed as f64);
    if observed.failed > 0 || tally.received() > 0 {
        report.faults.push(format!(
            "{} connections ended ({}), {} messages came that nobody sent",
            observed.failed,
            observed.failures.join(", "),
            tally.received()
        ));
    }
    report.doubts.extend(target.complaints());
    Ok(report)
}

fn join_requests(options: &IdleOptions, logins: &Logins) -> Vec<JoinRequest> {
    let rooms: Vec<_> = (0..options.rooms).map(|_| room("idle")).collect();
    let rooms = rooms.iter().cycle();
    let requests = (0..options.connections as usize).zip(rooms);
    let requests = requests.map(|(number, room)| JoinRequest {
        login: logins.of(number).clone(),
        room: room.clone(),
    });
    requests.collect()
}

/// Every connection is an open file, here and in the server that inherits this program's limit.
fn check_open_files(connections: u32) -> Result<(), ScenarioError> {
    let needed = u64::from(connections) + OTHER_FILES;
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < needed => Err(ScenarioError::OpenFiles { needed, limit }),
        _ => Ok(()),
    }
}

/// What the server spends: in slices without a ping, and in those with pings.
async fn watch(
    server: Option<u32>,
    seconds: f64,
    tally: &Tally,
) -> Result<(Spent, Spent), ScenarioError> {
    let (mut quiet, mut pinged) = (Spent::default(), Spent::default());
    let slices = (seconds / SLICE).ceil().max(1.0);
    for _ in 0..slices as u64 {
        let before = tally.pings();
        let meter = Meter::begin(server, None)?;
        sleep(Duration::from_secs_f64(seconds / slices)).await;
        let usage = meter.read()?;
        let pings = tally.pings() - before;
        let spent = match pings {
            0 => &mut quiet,
            _ => &mut pinged,
        };
        spent.seconds += usage.seconds;
        spent.cpu += usage.server.unwrap_or(0.0);
        spent.pings += pings;
    }
    Ok((quiet, pinged))
}

/// A slice with pings also holds what is spent anyhow.
fn tell_spent(report: &mut Report, quiet: Spent, pinged: Spent) {
    if quiet.seconds > 0.0 {
        report.add("server_cpu_percent_idle", 100.0 * quiet.cpu / quiet.seconds);
    } else {
        let doubt = "there was no time without pings: what is idle and what is theirs is one";
        report.doubts.push(doubt.to_owned());
    }
    report.add("pings", pinged.pings as f64);
    if pinged.pings > 0 {
        let anyhow = match quiet.seconds > 0.0 {
            true => quiet.cpu / quiet.seconds * pinged.seconds,
            false => 0.0,
        };
        let each = (pinged.cpu - anyhow).max(0.0) / pinged.pings as f64;
        report.add("server_cpu_us_per_ping", each * 1e6);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(seconds: f64, cpu: f64, pings: u64) -> Spent {
        Spent {
            seconds,
            cpu,
            pings,
        }
    }

    #[test]
    fn pings_are_told_apart_from_what_is_spent_anyhow() {
        let mut report = Report::new("idle");
        tell_spent(&mut report, spent(30.0, 0.3, 0), spent(10.0, 0.2, 1000));
        assert_eq!(report.figure("server_cpu_percent_idle"), Some(1.0));
        let each = report.figure("server_cpu_us_per_ping").unwrap();
        assert!((each - 100.0).abs() < 1e-6, "{each}");
        assert!(report.doubts.is_empty());
        let mut report = Report::new("idle");
        tell_spent(&mut report, Spent::default(), spent(10.0, 0.1, 1000));
        assert_eq!(report.figure("server_cpu_percent_idle"), None);
        assert_eq!(report.doubts.len(), 1);
    }

    #[test]
    fn more_connections_than_open_files_are_refused() {
        assert!(check_open_files(1).is_ok());
        if getrlimit(Resource::Nofile).current.is_some() {
            assert!(check_open_files(u32::MAX).is_err());
        }
    }
}
