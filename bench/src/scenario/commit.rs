//! What storing a message before it is shown adds to its latency.
//!
//! One sender and one receiver in a quiet server, one message at a time. The variants (durability,
//! filesystem) run in the same minute, message by message in turn: what the machine does meanwhile
//! falls on all of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::{ScenarioError, Setup, WARM_UP};
use crate::accounts::{Logins, room};
use crate::check::{Checker, Findings};
use crate::client::{Client, ClientError, Incoming, PATIENCE};
use crate::clock;
use crate::measure::{Latencies, Meter, filesystem};
use crate::report::Report;
use crate::server_process::Durability;
use crate::stamp::Stamp;
use crate::target::{Source, Target};
use crate::worker::{Worker, finished};

/// A filesystem in memory, where there is one: a sync costs nothing there.
const MEMORY: &str = "/dev/shm";

/// What `commit` is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CommitOptions {
    /// Seconds that are measured.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Messages a second, for each variant.
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
}

/// One server, its two members, and what was measured.
struct Variant {
    name: String,
    target: Target,
    sender: Client,
    receiver: Client,
    sent: u64,
    last: u64,
    checkers: [Checker; 2],
    latencies: Latencies,
}

/// Runs the scenario once.
pub(crate) async fn run(setup: &Setup, options: &CommitOptions) -> Result<Report, ScenarioError> {
    let worker = Worker::start("measuring")?;
    let mut variants = Vec::new();
    for (name, root, durability) in wanted(&setup.source) {
        let target = match &root {
            Some(root) => setup.source.open_in(root, durability)?,
            None => setup.source.open(durability)?,
        };
        let entering = worker.spawn(Variant::enter(name, target));
        variants.push(finished(entering, PATIENCE).await?);
    }
    let servers = variants.iter().filter_map(|variant| variant.target.id());
    let meter = Meter::begin(servers, [worker.watched()])?;
    let (seconds, rate, content) = (options.seconds, options.rate, setup.content);
    let task = worker.spawn(converse(variants, seconds, rate, content));
    // Far more than it takes where no variant is slower than its turn.
    let bound = Duration::from_secs_f64(seconds * 4.0) + PATIENCE;
    let variants = finished(task, bound).await?;
    let usage = meter.read()?;
    let mut report = describe(setup, options, &variants);
    let mut findings = Findings::default();
    for variant in variants {
        report.add_latencies(&variant.name, &variant.latencies);
        report.doubts.extend(variant.target.complaints());
        for checker in variant.checkers {
            findings += checker.finish(variant.last);
        }
    }
    add_differences(&mut report);
    report.add_usage(&usage);
    report.add_findings(findings);
    Ok(report)
}

/// The variants: name, data root where it is not the usual one, durability.
fn wanted(source: &Source) -> Vec<(String, Option<PathBuf>, Durability)> {
    if matches!(source, Source::Running { .. }) {
        return vec![("given".to_owned(), None, Durability::Full)];
    }
    let mut wanted = vec![
        ("full_disk".to_owned(), None, Durability::Full),
        ("relaxed_disk".to_owned(), None, Durability::Relaxed),
    ];
    let memory = Path::new(MEMORY);
    if memory.is_dir() {
        let root = || Some(memory.to_owned());
        wanted.push(("full_tmpfs".to_owned(), root(), Durability::Full));
        wanted.push(("relaxed_tmpfs".to_owned(), root(), Durability::Relaxed));
    }
    wanted
}

fn describe(setup: &Setup, options: &CommitOptions, variants: &[Variant]) -> Report {
    let mut report = Report::new("commit");
    report.set("rate", options.rate);
    report.set("content_bytes", setup.content);
    setup.source.tell(&mut report);
    report.doubts.extend(setup.source.doubts());
    if let Source::Start { data_root, .. } = &setup.source {
        let disk = filesystem(data_root).unwrap_or_default();
        if disk.starts_with("tmpfs") {
            let doubt = "the disk is a tmpfs: name another place with --data-root";
            report.doubts.push(doubt.to_owned());
        }
        report.set("disk", disk);
    }
    if variants.len() > 2 {
        report.set("tmpfs", MEMORY);
    }
    report
}

/// What a sync costs, and what being on a disk costs without one.
fn add_differences(report: &mut Report) {
    let pairs = [
        ("sync_on_disk", "full_disk", "relaxed_disk"),
        ("sync_on_tmpfs", "full_tmpfs", "relaxed_tmpfs"),
        ("disk_against_tmpfs_full", "full_disk", "full_tmpfs"),
        (
            "disk_against_tmpfs_relaxed",
            "relaxed_disk",
            "relaxed_tmpfs",
        ),
    ];
    for (name, with, without) in pairs {
        for percentile in ["p50_ms", "p99_ms"] {
            let with = report.figure(&format!("{with}_{percentile}"));
            let without = report.figure(&format!("{without}_{percentile}"));
            if let (Some(with), Some(without)) = (with, without) {
                report.add(format!("{name}_adds_{percentile}"), with - without);
            }
        }
    }
}

/// Messages in turn, one at a time.
async fn converse(
    mut variants: Vec<Variant>,
    seconds: f64,
    rate: f64,
    content: usize,
) -> Result<Vec<Variant>, ClientError> {
    let turn = Duration::from_secs_f64(1.0 / (rate * variants.len() as f64));
    let mut turns = interval(turn);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let began = Instant::now();
    let length = WARM_UP + Duration::from_secs_f64(seconds);
    while began.elapsed() < length {
        for variant in &mut variants {
            turns.tick().await;
            let latency = timeout(PATIENCE, variant.pass(content))
                .await
                .unwrap_or(Err(ClientError::Late("message")))?;
            if began.elapsed() > WARM_UP {
                variant.latencies.record(latency);
            }
        }
    }
    Ok(variants)
}

impl Variant {
    async fn enter(name: String, target: Target) -> Result<Self, ClientError> {
        let logins = Logins::prepare(target.address(), 2).await?;
        let room = room("commit");
        let mut sender = Client::connect(target.address(), None).await?;
        sender.enter(logins.of(0), &room, None, PATIENCE).await?;
        let mut receiver = Client::connect(target.address(), None).await?;
        receiver.enter(logins.of(1), &room, None, PATIENCE).await?;
        Ok(Self {
            name,
            target,
            sender,
            receiver,
            sent: 0,
            last: 0,
            checkers: [Checker::from_start(), Checker::from_start()],
            latencies: Latencies::default(),
        })
    }

    /// Sends one message; gives the time until the receiver has it.
    async fn pass(&mut self, content: usize) -> Result<Duration, ClientError> {
        self.sent += 1;
        let sent = clock::nanos();
        let stamp = Stamp {
            writer: 0,
            count: self.sent,
            phase: 0,
            sent,
        };
        self.sender.post(&stamp, content).await?;
        self.sender.flush().await?;
        self.last = receive(&mut self.receiver, &mut self.checkers[0]).await?;
        let latency = clock::since(sent);
        receive(&mut self.sender, &mut self.checkers[1]).await?;
        Ok(latency)
    }
}

async fn receive(client: &mut Client, checker: &mut Checker) -> Result<u64, ClientError> {
    loop {
        if let Incoming::Message(posted) = client.next().await? {
            let (writer, count) = posted.origin();
            checker.observe(posted.seq, writer, count);
            return Ok(posted.seq);
        }
    }
}
