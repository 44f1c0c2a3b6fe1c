//! How many messages a second a server takes, stores and acknowledges.
//!
//! A closed loop: each writer keeps a bounded number of its messages under way; one is acknowledged
//! when the writer's own copy has come back. Every writer also receives what the others in its room
//! say.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{ScenarioError, Setup, WARM_UP, describe, mib};
use crate::accounts::{Logins, SHARED, room};
use crate::check::{Checker, Findings};
use crate::client::{Client, ClientError, Incoming, PATIENCE};
use crate::clock;
use crate::measure::{Latencies, Meter, resident_bytes};
use crate::report::Report;
use crate::server_process::Durability;
use crate::stamp::Stamp;
use crate::worker::{Worker, finished};

/// The phase that is measured.
const MEASURED: u64 = 1;
/// How long the last messages may take to come to everybody.
const DRAIN: Duration = Duration::from_secs(20);
/// How often a writer that waits for the others' last messages looks.
const LOOK: Duration = Duration::from_millis(20);

/// What `ingest` is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct IngestOptions {
    /// Rooms.
    #[arg(long, default_value_t = 1)]
    rooms: usize,
    /// Writers in all, spread over the rooms [default: 8, and one a room at least].
    #[arg(long)]
    writers: Option<usize>,
    /// Messages that each writer has under way at most [default: 128 over all the writers, and 4
    /// each at least].
    #[arg(long)]
    window: Option<u64>,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// What the server's answers outlive.
    #[arg(long, value_enum, default_value = "full")]
    durability: Durability,
}

impl IngestOptions {
    fn writers(&self) -> usize {
        self.writers.unwrap_or_else(|| self.rooms.max(8)).max(1)
    }

    fn window(&self) -> u64 {
        let shared = 128 / self.writers() as u64;
        self.window.unwrap_or_else(|| shared.max(4)).max(1)
    }
}

/// One room, as its writers see it: they are done once all of them are.
#[derive(Debug, Default)]
struct Room {
    posted: AtomicU64,
    writing: AtomicUsize,
}

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU64,
    is_over: AtomicBool,
    acknowledged: AtomicU64,
    latencies: Mutex<Latencies>,
}

struct Writer {
    number: u64,
    client: Client,
    checker: Checker,
    room: Arc<Room>,
    shared: Arc<Shared>,
    window: u64,
    content: usize,
    sent: u64,
    returned: u64,
}

/// Runs the scenario once.
pub(crate) async fn run(setup: &Setup, options: &IngestOptions) -> Result<Report, ScenarioError> {
    let target = setup.source.open(options.durability)?;
    let worker = Worker::start("load")?;
    let shared = Arc::<Shared>::default();
    let entering = enter(
        setup.content,
        options.clone(),
        target.address(),
        Arc::clone(&shared),
    );
    let writers = finished(worker.spawn(entering), PATIENCE).await?;
    let tasks: Vec<_> = writers
        .into_iter()
        .map(|writer| worker.spawn(writer.run()))
        .collect();
    sleep(WARM_UP).await;
    let meter = Meter::begin(target.id(), [worker.watched()])?;
    shared.phase.store(MEASURED, Ordering::Relaxed);
    sleep(Duration::from_secs_f64(options.seconds)).await;
    shared.phase.store(MEASURED + 1, Ordering::Relaxed);
    let usage = meter.read()?;
    let acknowledged = shared.acknowledged.load(Ordering::Relaxed) as f64;
    shared.is_over.store(true, Ordering::Relaxed);
    let mut findings = Findings::default();
    for task in tasks {
        findings += finished(task, PATIENCE).await?;
    }
    let mut report = Report::new("ingest");
    report.set("rooms", options.rooms);
    report.set("writers", options.writers());
    report.set("window", options.window());
    report.set("durability", options.durability.name());
    describe(&mut report, setup, &target);
    report.add("acknowledged_per_second", acknowledged / usage.seconds);
    let latencies = shared.latencies.lock().map(|held| held.clone());
    report.add_latencies("acknowledgement", &latencies.unwrap_or_default());
    if let Some(server) = usage.server {
        report.add("server_cpu_us_per_message", server * 1e6 / acknowledged);
    }
    if let Some(id) = target.id() {
        report.add("server_memory_mib", mib(resident_bytes(id)?));
    }
    report.add_usage(&usage);
    report.add_findings(findings);
    report.doubts.extend(target.complaints());
    Ok(report)
}

/// Lets all writers in before the first of them writes.
async fn enter(
    content: usize,
    options: IngestOptions,
    address: SocketAddr,
    shared: Arc<Shared>,
) -> Result<Vec<Writer>, ClientError> {
    let logins = Logins::prepare(address, SHARED).await?;
    let names: Vec<_> = (0..options.rooms.max(1)).map(|_| room("ingest")).collect();
    let rooms: Vec<Arc<Room>> = names.iter().map(|_| Arc::default()).collect();
    let mut writers = Vec::with_capacity(options.writers());
    for number in 0..options.writers() {
        let place = number % rooms.len();
        rooms[place].writing.fetch_add(1, Ordering::Relaxed);
        let mut client = Client::connect(address, None).await?;
        client
            .enter(logins.of(number), &names[place], None, PATIENCE)
            .await?;
        writers.push(Writer {
            number: number as u64,
            client,
            checker: Checker::from_start(),
            room: Arc::clone(&rooms[place]),
            shared: Arc::clone(&shared),
            window: options.window(),
            content,
            sent: 0,
            returned: 0,
        });
    }
    Ok(writers)
}

impl Writer {
    /// Writes until the run is over, then receives what is still under way in its room.
    async fn run(mut self) -> Result<Findings, ClientError> {
        while !self.shared.is_over.load(Ordering::Relaxed) {
            self.fill().await?;
            let incoming = self.client.next().await?;
            self.take(&incoming);
            while let Some(incoming) = self.client.arrived() {
                self.take(&incoming?);
            }
        }
        self.room.writing.fetch_sub(1, Ordering::Relaxed);
        let deadline = Instant::now() + DRAIN;
        while !self.has_all() && Instant::now() < deadline {
            let look = (Instant::now() + LOOK).min(deadline);
            if let Ok(incoming) = timeout_at(look, self.client.next()).await {
                self.take(&incoming?);
            }
        }
        Ok(self
            .checker
            .finish(self.room.posted.load(Ordering::Relaxed)))
    }

    async fn fill(&mut self) -> Result<(), ClientError> {
        if self.sent - self.returned >= self.window {
            return Ok(());
        }
        while self.sent - self.returned < self.window {
            self.sent += 1;
            self.room.posted.fetch_add(1, Ordering::Relaxed);
            let stamp = Stamp {
                writer: self.number,
                count: self.sent,
                phase: self.shared.phase.load(Ordering::Relaxed),
                sent: clock::nanos(),
            };
            self.client.post(&stamp, self.content).await?;
        }
        self.client.flush().await
    }

    fn take(&mut self, incoming: &Incoming) {
        let Incoming::Message(posted) = incoming else {
            return;
        };
        let (writer, count) = posted.origin();
        self.checker.observe(posted.seq, writer, count);
        let Some(stamp) = posted.stamp.filter(|stamp| stamp.writer == self.number) else {
            return;
        };
        self.returned += 1;
        if self.shared.phase.load(Ordering::Relaxed) == MEASURED {
            self.shared.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        if stamp.phase == MEASURED
            && let Ok(mut latencies) = self.shared.latencies.lock()
        {
            latencies.record(clock::since(stamp.sent));
        }
    }

    /// Whether all of the room have stopped writing, and all they wrote is here.
    fn has_all(&self) -> bool {
        self.room.writing.load(Ordering::Relaxed) == 0
            && self.checker.newest() >= self.room.posted.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(rooms: usize) -> IngestOptions {
        IngestOptions {
            rooms,
            writers: None,
            window: None,
            seconds: 1.0,
            durability: Durability::Full,
        }
    }

    #[test]
    fn defaults_fit_one_room_and_many() {
        assert_eq!((options(1).writers(), options(1).window()), (8, 16));
        assert_eq!((options(100).writers(), options(100).window()), (100, 4));
        assert_eq!((options(0).writers(), options(0).window()), (8, 16));
    }
}
