//! Everybody comes at once: after a restart, or when a stream begins.
//!
//! Members of a room get a steady trickle; then thousands of clients connect and log in at the same
//! moment. What is measured is both: how long the crowd waits, and what the members feel.

mod arrival;
mod crowd;

use std::time::Duration;

use tokio::time::sleep;

use super::{ScenarioError, Setup, WARM_UP, add_lag, describe, mib};
use crate::accounts::{Logins, SHARED, room};
use crate::client::PATIENCE;
use crate::exit::progress;
use crate::measure::{MemoryWatch, Meter, Usage, resident_bytes};
use crate::report::Report;
use crate::server_process::Durability;
use crate::target::Target;
use crate::trickle::{Trickle, TrickleSettings, Trickled};
use crate::worker::{Worker, finished};
use arrival::Arrivals;
use crowd::{Crowd, Plan};

/// The phases of the trickle.
const BEFORE: u64 = 1;
const STORM: u64 = 2;
const AFTER: u64 = 3;
/// How long the server has to forget the crowd before its memory is read again.
const FORGET: Duration = Duration::from_secs(2);

/// Whose names the crowd uses with its passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Accounts {
    /// Names that nobody has: each makes an account.
    New,
    /// Names with accounts, and passwords that the server has not seen since it started.
    Known,
}

/// What `storm` is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StormOptions {
    /// Clients that come at once.
    #[arg(long, default_value_t = 2000)]
    clients: usize,
    /// They log in with passwords, each with another name; by resume token otherwise.
    #[arg(long)]
    password: bool,
    /// Whose names they use with passwords.
    #[arg(long, value_enum, default_value = "new", requires = "password")]
    accounts: Accounts,
    /// Who is refused for the moment (429, 503) comes again, later each time.
    #[arg(long)]
    retry: bool,
    /// They enter the members' room; a room of their own otherwise.
    #[arg(long)]
    same_room: bool,
    /// Members of the room that gets the trickle; with 0 there is none, and all that the server
    /// uses is the storm's.
    #[arg(long, default_value_t = 20)]
    members: usize,
    /// Messages a second in it.
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// Seconds of the trickle that are measured before the storm.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds after which who is not in yet has failed.
    #[arg(long, default_value_t = 120.0)]
    limit: f64,
}

/// What the server used before and during the storm.
struct Used {
    quiet: Usage,
    storm: Usage,
    /// Its memory with all in, in bytes.
    all_in: Option<u64>,
}

/// Runs the scenario once.
pub(crate) async fn run(setup: &Setup, options: &StormOptions) -> Result<Report, ScenarioError> {
    let mut target = setup.source.open(Durability::Full)?;
    let load = Worker::start("load")?;
    let measuring = Worker::start("measuring")?;
    if options.password && options.accounts == Accounts::Known {
        make_known(&mut target, &load, options.clients).await?;
    }
    let preparing = load.spawn(Logins::prepare(target.address(), SHARED));
    let logins = finished(preparing, PATIENCE).await?;
    let settings = TrickleSettings {
        address: target.address(),
        room: room("members"),
        members: options.members,
        rate: options.rate,
        content: setup.content,
    };
    let plan = plan(options, &settings, &logins);
    let trickle = Trickle::start(&measuring, settings, &logins).await?;
    sleep(WARM_UP).await;
    let memory = target.id().map(MemoryWatch::begin);
    let mut crowd = Crowd::gather(plan);
    let used = weather(options, &target, [&load, &measuring], &trickle, &mut crowd).await?;
    sleep(WARM_UP).await;
    let trickled = trickle.finish().await?;
    let mut findings = trickled.findings;
    let (crowd_findings, thrown_out) = crowd.leave(trickled.last).await;
    findings += crowd_findings;
    let memory = memory.map(MemoryWatch::end);
    let mut report = Report::new("storm");
    tell_settings(&mut report, options);
    describe(&mut report, setup, &target);
    let arrivals = crowd.arrivals();
    arrivals.tell(&mut report, options.retry);
    tell_cpu(&mut report, arrivals, &used);
    tell_members(&mut report, &trickled);
    if let (Some(id), Some(memory)) = (target.id(), memory) {
        sleep(FORGET).await;
        report.add("server_memory_before_mib", mib(memory.before));
        report.add("server_memory_all_in_mib", mib(used.all_in.unwrap_or(0)));
        report.add("server_memory_peak_mib", mib(memory.peak));
        report.add("server_memory_after_mib", mib(resident_bytes(id)?));
    }
    report.add_usage(&used.storm);
    report.add_findings(findings);
    report.faults.extend(thrown_out.into_iter().take(3));
    report.doubts.extend(target.complaints());
    Ok(report)
}

/// Measures the quiet, lets the crowd come, and measures until each of it was answered.
async fn weather(
    options: &StormOptions,
    target: &Target,
    [load, measuring]: [&Worker; 2],
    trickle: &Trickle,
    crowd: &mut Crowd,
) -> Result<Used, ScenarioError> {
    let meter = Meter::begin(target.id(), [load.watched(), measuring.watched()])?;
    trickle.enter_phase(BEFORE);
    sleep(Duration::from_secs_f64(options.seconds)).await;
    let quiet = meter.read()?;
    let meter = Meter::begin(target.id(), [load.watched(), measuring.watched()])?;
    trickle.enter_phase(STORM);
    crowd.come(load).await;
    let storm = meter.read()?;
    trickle.enter_phase(AFTER);
    Ok(Used {
        quiet,
        storm,
        all_in: target.id().map(resident_bytes).transpose()?,
    })
}

/// Makes an account for each of the crowd, and lets the server forget their passwords.
async fn make_known(
    target: &mut Target,
    load: &Worker,
    clients: usize,
) -> Result<(), ScenarioError> {
    progress(&format!("making {clients} accounts"));
    let address = target.address();
    let bound = PATIENCE * u32::try_from(1 + clients / 500).unwrap_or(u32::MAX);
    finished(load.spawn(crowd::register(address, clients)), bound).await?;
    match target.restart()? {
        true => Ok(()),
        false => Err(ScenarioError::NotOurs("storm --accounts known")),
    }
}

fn plan(options: &StormOptions, settings: &TrickleSettings, logins: &Logins) -> Plan {
    let logins = match options.password {
        true => (0..options.clients).map(crowd::newcomer).collect(),
        false => (0..options.clients)
            .map(|number| logins.of(number).clone())
            .collect(),
    };
    Plan {
        address: settings.address,
        room: match options.same_room {
            true => settings.room.clone(),
            false => room("crowd"),
        },
        logins,
        retry: options.retry,
        limit: Duration::from_secs_f64(options.limit),
        gets_trickle: options.same_room,
    }
}

fn tell_settings(report: &mut Report, options: &StormOptions) {
    let credential = match (options.password, options.accounts) {
        (false, _) => "token",
        (true, Accounts::New) => "password-new",
        (true, Accounts::Known) => "password-known",
    };
    report.set("clients", options.clients);
    report.set("credential", credential);
    report.set("retry", options.retry);
    report.set("same_room", options.same_room);
    report.set("members", options.members);
    report.set("rate", options.rate);
}

/// What the crowd cost, beyond what the trickle costs anyhow.
fn tell_cpu(report: &mut Report, arrivals: &Arrivals, used: &Used) {
    let (Some(quiet), Some(storm)) = (used.quiet.server, used.storm.server) else {
        return;
    };
    let usual = quiet / used.quiet.seconds * used.storm.seconds;
    let each = (storm - usual).max(0.0) / arrivals.admitted().max(1) as f64;
    report.add("server_cpu_us_per_connect", each * 1e6);
}

fn tell_members(report: &mut Report, trickled: &Trickled) {
    for (name, phase) in [
        ("delivery_before", BEFORE),
        ("delivery_storm", STORM),
        ("delivery_all_in", AFTER),
    ] {
        report.add_latencies(name, &trickled.deliveries(phase, phase + 1));
    }
    add_lag(report, &trickled.lag);
}
