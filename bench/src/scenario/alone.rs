//! How long one waits who is alone: a message at a time, from sending it until it is back, with
//! nothing else going on and all that is shown stored first.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::{ScenarioError, Setup, WARM_UP, describe};
use crate::accounts::{Logins, room};
use crate::check::Checker;
use crate::client::{Client, ClientError, Incoming, PATIENCE};
use crate::clock;
use crate::measure::{Latencies, Meter};
use crate::report::Report;
use crate::server_process::Durability;
use crate::stamp::Stamp;
use crate::worker::{Worker, finished};

/// What `alone` is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AloneOptions {
    /// Seconds that are measured.
    #[arg(long, default_value_t = 10.0, value_parser = crate::values::positive)]
    seconds: f64,
    /// Milliseconds between a message that is back and the next one.
    #[arg(long, default_value_t = 20.0, value_parser = crate::values::positive)]
    pause: f64,
}

/// The one, and what it saw.
struct Alone {
    client: Client,
    sent: u64,
    last: u64,
    checker: Checker,
}

/// Runs the scenario once.
pub(crate) async fn run(setup: &Setup, options: &AloneOptions) -> Result<Report, ScenarioError> {
    let target = setup.source.open(Durability::Full)?;
    let worker = Worker::start("alone")?;
    let entering = worker.spawn(Alone::enter(target.address()));
    let alone = finished(entering, PATIENCE).await?;
    let pause = Duration::from_secs_f64(options.pause / 1000.0);
    let content = setup.content;
    let talk = |alone: Alone, length| worker.spawn(alone.talk(length, pause, content));
    let (alone, _) = finished(talk(alone, WARM_UP), PATIENCE).await?;
    let meter = Meter::begin(target.id(), [worker.watched()])?;
    let length = Duration::from_secs_f64(options.seconds);
    let (alone, latencies) = finished(talk(alone, length), length + PATIENCE).await?;
    let usage = meter.read()?;
    let mut report = Report::new("alone");
    report.set("seconds", options.seconds);
    report.set("pause_ms", options.pause);
    describe(&mut report, setup, &target);
    report.add_latencies("receipt", &latencies);
    if let Some(server) = usage.server {
        let each = server * 1e6 / latencies.count().max(1) as f64;
        report.add("server_cpu_us_per_message", each);
    }
    report.add_usage(&usage);
    report.add_findings(alone.checker.finish(alone.last));
    report.doubts.extend(target.complaints());
    Ok(report)
}

impl Alone {
    async fn enter(address: std::net::SocketAddr) -> Result<Self, ClientError> {
        let logins = Logins::prepare(address, 1).await?;
        let mut client = Client::connect(address, None).await?;
        let room = room("alone");
        client.enter(logins.of(0), &room, None, PATIENCE).await?;
        Ok(Self {
            client,
            sent: 0,
            last: 0,
            checker: Checker::from_start(),
        })
    }

    async fn talk(
        mut self,
        length: Duration,
        pause: Duration,
        content: usize,
    ) -> Result<(Self, Latencies), ClientError> {
        let mut latencies = Latencies::default();
        let began = Instant::now();
        while began.elapsed() < length {
            let late = Err(ClientError::Late("message"));
            let pass = timeout(PATIENCE, self.pass(content)).await;
            latencies.record(pass.unwrap_or(late)?);
            sleep(pause).await;
        }
        Ok((self, latencies))
    }

    /// Sends one message; gives the time until it is back.
    async fn pass(&mut self, content: usize) -> Result<Duration, ClientError> {
        self.sent += 1;
        let sent = clock::nanos();
        let stamp = Stamp {
            writer: 0,
            count: self.sent,
            phase: 0,
            sent,
        };
        self.client.post(&stamp, content).await?;
        self.client.flush().await?;
        loop {
            if let Incoming::Message(posted) = self.client.next().await? {
                let latency = clock::since(sent);
                let (writer, count) = posted.origin();
                self.checker.observe(posted.seq, writer, count);
                self.last = posted.seq;
                return Ok(latency);
            }
        }
    }
}
