//! What connections cost on which nothing happens: memory for each, and CPU time.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{ScenarioError, Setup, WARM_UP, describe, mib};
use crate::accounts::{Logins, SHARED, room};
use crate::client::{Client, ClientError, Incoming, PATIENCE};
use crate::exit::progress;
use crate::measure::{Meter, resident_bytes};
use crate::report::Report;
use crate::server_process::Durability;
use crate::worker::{Worker, finished};

/// What `idle` is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct IdleOptions {
    /// Connections.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections: u32,
    /// Rooms that they are spread over.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rooms: u32,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 10.0, value_parser = crate::cli::positive)]
    seconds: f64,
}

/// Runs the scenario once.
pub(crate) async fn run(setup: &Setup, options: &IdleOptions) -> Result<Report, ScenarioError> {
    let target = setup.source.open(Durability::Full)?;
    let worker = Worker::start("load")?;
    let preparing = worker.spawn(Logins::prepare(target.address(), SHARED));
    let logins = finished(preparing, PATIENCE).await?;
    let memory = || target.id().map(resident_bytes).transpose();
    let empty = memory()?;
    progress(&format!("letting {} connections in", options.connections));
    let entering = worker.spawn(enter(target.address(), options.clone(), logins));
    let bound = PATIENCE * (1 + options.connections / 2000);
    let clients = finished(entering, bound).await?;
    sleep(WARM_UP).await;
    let all_in = memory()?;
    let meter = Meter::begin(target.id(), [worker.watched()])?;
    sleep(Duration::from_secs_f64(options.seconds)).await;
    let usage = meter.read()?;
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
    report.add_usage(&usage);
    let thrown_out = clients.iter().filter(|client| client.is_finished()).count();
    report.add("thrown_out", thrown_out as f64);
    if thrown_out > 0 {
        let text = format!("{thrown_out} connections ended or got messages that nobody sent");
        report.faults.push(text);
    }
    report.doubts.extend(target.complaints());
    Ok(report)
}

/// Lets all in; each then reads, and ends where it should not: at a message or at its end.
async fn enter(
    address: SocketAddr,
    options: IdleOptions,
    logins: Logins,
) -> Result<Vec<JoinHandle<()>>, ClientError> {
    let rooms: Vec<_> = (0..options.rooms).map(|_| room("idle")).collect();
    let mut clients = Vec::new();
    for (number, room) in (0..options.connections as usize).zip(rooms.iter().cycle()) {
        let mut client = Client::connect(address, None).await?;
        let login = logins.of(number);
        client.enter(login, room, None, PATIENCE).await?;
        clients.push(tokio::spawn(stay(client)));
    }
    Ok(clients)
}

async fn stay(mut client: Client) {
    while let Ok(Incoming::Event(_)) = client.next().await {}
}
