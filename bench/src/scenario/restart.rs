//! The server restarts while a room is in use: how long until all are back, what a comeback costs,
//! and that nobody misses anything.

mod returning;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::{ScenarioError, Setup, WARM_UP, describe};
use crate::accounts::{Logins, SHARED, room};
use crate::check::Findings;
use crate::client::{ClientError, PATIENCE};
use crate::exit::progress;
use crate::measure::{Latencies, Meter, Usage};
use crate::report::Report;
use crate::server_process::Durability;
use crate::target::Target;
use crate::worker::{Worker, finished};
use returning::{Instruction, Reconnection, RestartPlan, ReturningMember};

/// What `restart` is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RestartOptions {
    /// Members of the room, besides the one who writes.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    members: u32,
    /// Messages a second in it.
    #[arg(long, default_value_t = 10.0, value_parser = crate::values::positive)]
    rate: f64,
    /// Seconds that each waits at most before it comes back, at random.
    #[arg(long, default_value_t = 2.0, value_parser = crate::values::positive)]
    pause: f64,
    /// Seconds that are measured before the restart.
    #[arg(long, default_value_t = 5.0, value_parser = crate::values::positive)]
    seconds: f64,
}

/// What was measured.
struct Measured {
    quiet: Usage,
    /// From when the new server listened until all were back.
    return_of_all: Usage,
    /// From SIGTERM until it listened again.
    down: Duration,
    /// From SIGTERM until all were back.
    all_back: Duration,
    reconnections: Vec<Reconnection>,
}

/// The running tasks.
struct ReturningMembers {
    writer: tokio::task::JoinHandle<Result<(u64, Findings), ClientError>>,
    members: Vec<tokio::task::JoinHandle<Result<Findings, ClientError>>>,
    back: mpsc::UnboundedReceiver<Reconnection>,
    instruction: watch::Sender<Instruction>,
}

/// Runs the scenario once.
pub(crate) async fn run(setup: &Setup, options: &RestartOptions) -> Result<Report, ScenarioError> {
    let mut target = setup.source.open(Durability::Full)?;
    let worker = Worker::start("members")?;
    let preparing = worker.spawn(Logins::prepare(target.address(), SHARED));
    let plan = Arc::new(RestartPlan {
        address: target.address(),
        room: room("restart"),
        logins: finished(preparing, PATIENCE).await?,
        pause: Duration::from_secs_f64(options.pause),
        rate: options.rate,
        content: setup.content,
        failed_tries: AtomicU64::new(0),
    });
    progress(&format!("letting {} members in", options.members));
    let mut members = gather(&worker, &plan, options.members).await?;
    sleep(WARM_UP).await;
    let measured = measure(&mut target, &worker, options, &mut members).await?;
    sleep(WARM_UP).await;
    let findings = finish(members).await?;
    let mut report = Report::new("restart");
    report.set("members", options.members);
    report.set("rate", options.rate);
    report.set("pause", options.pause);
    describe(&mut report, setup, &target);
    tell(&mut report, &measured);
    let failed_tries = plan.failed_tries.load(Ordering::Relaxed);
    report.add("failed_tries", failed_tries as f64);
    report.add_usage(&measured.return_of_all);
    report.add_findings(findings);
    report.doubts.extend(target.complaints());
    Ok(report)
}

/// Lets all in, one after the other, the one who writes last.
async fn gather(
    worker: &Worker,
    plan: &Arc<RestartPlan>,
    members: u32,
) -> Result<ReturningMembers, ScenarioError> {
    // Each member is in it once: it is as long as there are members.
    let (tell, back) = mpsc::unbounded_channel();
    let (instruction, heard) = watch::channel(Instruction::GoOn);
    let mut tasks = Vec::new();
    for number in 0..members as usize {
        let entering = worker.spawn(ReturningMember::enter(Arc::clone(plan), number));
        let (member, client) = finished(entering, PATIENCE).await?;
        tasks.push(worker.spawn(member.stay(client, tell.clone(), heard.clone())));
    }
    let entering = worker.spawn(ReturningMember::enter(Arc::clone(plan), members as usize));
    let (member, client) = finished(entering, PATIENCE).await?;
    Ok(ReturningMembers {
        writer: worker.spawn(member.write(client, tell, heard)),
        members: tasks,
        back,
        instruction,
    })
}

async fn measure(
    target: &mut Target,
    worker: &Worker,
    options: &RestartOptions,
    members: &mut ReturningMembers,
) -> Result<Measured, ScenarioError> {
    let meter = Meter::begin(target.id(), [worker.watched()])?;
    sleep(Duration::from_secs_f64(options.seconds)).await;
    let quiet = meter.read()?;
    progress("restarting the server");
    let began = Instant::now();
    if !target.restart()? {
        return Err(ScenarioError::NotOurs("restart"));
    }
    let down = began.elapsed();
    let meter = Meter::begin(target.id(), [worker.watched()])?;
    let mut reconnections = Vec::new();
    let bound = Duration::from_secs_f64(options.pause) + PATIENCE;
    let coming = async {
        while reconnections.len() <= options.members as usize
            && let Some(reconnection) = members.back.recv().await
        {
            reconnections.push(reconnection);
        }
    };
    let came = timeout(bound, coming).await;
    came.map_err(|_| ClientError::Late("return of all members"))?;
    Ok(Measured {
        quiet,
        return_of_all: meter.read()?,
        down,
        all_back: began.elapsed(),
        reconnections,
    })
}

/// The one who writes ends, and everybody gets its last message.
async fn finish(members: ReturningMembers) -> Result<Findings, ClientError> {
    members.instruction.send_replace(Instruction::Finish);
    let (last, mut findings) = finished(members.writer, PATIENCE).await?;
    members.instruction.send_replace(Instruction::Last(last));
    for member in members.members {
        findings += finished(member, PATIENCE).await?;
    }
    Ok(findings)
}

fn tell(report: &mut Report, measured: &Measured) {
    let reconnections = &measured.reconnections;
    report.add("came_back", reconnections.len() as f64);
    report.add("down_seconds", measured.down.as_secs_f64());
    report.add("all_back_seconds", measured.all_back.as_secs_f64());
    let mut latencies = Latencies::default();
    for reconnection in reconnections {
        latencies.record(reconnection.took);
    }
    report.add_latencies("comeback", &latencies);
    let missed: u64 = reconnections
        .iter()
        .map(|reconnection| reconnection.missed)
        .sum();
    let each = missed as f64 / reconnections.len().max(1) as f64;
    report.add("missed_messages_each", each);
    if let (Some(quiet), Some(all)) = (measured.quiet.server, measured.return_of_all.server) {
        let usual = quiet / measured.quiet.seconds * measured.return_of_all.seconds;
        let each = (all - usual).max(0.0) / reconnections.len().max(1) as f64;
        report.add("server_cpu_us_per_comeback", each * 1e6);
    }
    let count =
        |is: fn(&Reconnection) -> bool| reconnections.iter().filter(|each| is(each)).count();
    let untold = count(|reconnection| !reconnection.was_told);
    report.add("not_told", untold as f64);
    if untold > 0 {
        let text = format!("{untold} members were not told of the restart (close code 1012)");
        // One who writes at that moment may lose the code with its connection (a TCP reset).
        report.doubts.push(text);
    }
    let unrecovered = count(|reconnection| !reconnection.recovered);
    report.add("not_recovered", unrecovered as f64);
    if unrecovered > 0 {
        let text = format!("{unrecovered} members could not resume where they were");
        report.faults.push(text);
    }
}
