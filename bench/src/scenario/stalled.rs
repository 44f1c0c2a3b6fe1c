//! Readers that stop reading: what they cost the server's memory and their neighbours' patience.
//!
//! Members of a room get a steady trickle; then hundreds of connections enter the same room and
//! read nothing more. The server has to let them go (4008) without growing for each and without the
//! members noticing.

mod reader;

use std::time::Duration;

use tokio::time::sleep;

use super::{ScenarioError, Setup, WARM_UP, add_lag, describe, mib};
use crate::accounts::{Logins, SHARED, room};
use crate::client::PATIENCE;
use crate::measure::{MemoryWatch, Meter, Usage, resident_bytes};
use crate::report::Report;
use crate::server_process::Durability;
use crate::trickle::{Trickle, TrickleSettings, Trickled};
use crate::worker::{Worker, finished};
use reader::{Endings, Plan, Readers};

/// The phases of the trickle. Each second of the stall is a phase of its own.
const QUIET: u64 = 1;
const JOINING: u64 = 2;
const GONE: u64 = 3;
const STALL: u64 = 10;
/// How long the server has to forget the readers before its memory is read again.
const FORGET: Duration = Duration::from_secs(2);

/// What `stalled` is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StalledOptions {
    /// Connections that stop reading.
    #[arg(long, default_value_t = 500)]
    readers: usize,
    /// Members whose deliveries are measured.
    #[arg(long, default_value_t = 20)]
    members: usize,
    /// Messages a second.
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// Seconds that are measured with nobody stalled, before and after.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Whole seconds that are measured with them stalled.
    #[arg(long, default_value_t = 20)]
    stall: u64,
    /// Bytes that the kernel may hold for each of them on its own side.
    #[arg(long, default_value_t = 4096)]
    receive_buffer: u32,
    /// They come back every so many seconds: read what is left, resume from the log, and stall
    /// again.
    #[arg(long = "return", value_name = "SECONDS")]
    comes_back: Option<u64>,
}

/// What the server used with nobody stalled, and with them.
struct Used {
    quiet: Usage,
    stalled: Usage,
    endings: Endings,
    /// The server's CPU time in each second of the stall, in percent of a core.
    by_second: Vec<f64>,
    /// Seconds until the last of them was out of the room; `None` where one stayed.
    out: Option<u64>,
}

/// Runs the scenario once.
pub(crate) async fn run(setup: &Setup, options: &StalledOptions) -> Result<Report, ScenarioError> {
    let target = setup.source.open(Durability::Full)?;
    let load = Worker::start("load")?;
    let measuring = Worker::start("measuring")?;
    let preparing = load.spawn(Logins::prepare(target.address(), SHARED));
    let logins = finished(preparing, PATIENCE).await?;
    let settings = TrickleSettings {
        address: target.address(),
        room: room("stalled"),
        members: options.members,
        rate: options.rate,
        content: setup.content,
    };
    let plan = Plan {
        address: settings.address,
        room: settings.room.clone(),
        logins: logins.clone(),
        count: options.readers,
        receive_buffer: options.receive_buffer,
        comes_back: options.comes_back.map(Duration::from_secs),
    };
    let trickle = Trickle::start(&measuring, settings, &logins).await?;
    sleep(WARM_UP).await;
    let memory = target.id().map(MemoryWatch::begin);
    let used = weather(options, target.id(), [&load, &measuring], &trickle, plan).await?;
    let trickled = trickle.finish().await?;
    let memory = memory.map(MemoryWatch::end);
    let mut report = Report::new("stalled");
    tell_settings(&mut report, options);
    describe(&mut report, setup, &target);
    tell_members(&mut report, &trickled, options);
    used.endings.tell(&mut report);
    report.add_series("server_cpu_percent_by_second", used.by_second);
    report.add("all_out_seconds", used.out.map_or(-1.0, |out| out as f64));
    if let (Some(id), Some(memory)) = (target.id(), memory) {
        report.add("server_memory_before_mib", mib(memory.before));
        report.add("server_memory_peak_mib", mib(memory.peak));
        report.add("server_memory_after_mib", mib(resident_bytes(id)?));
        report.add("sockets_before_mib", mib(memory.sockets_before));
        report.add("sockets_peak_mib", mib(memory.sockets_peak));
    }
    if let Some(server) = used.quiet.server {
        let percent = 100.0 * server / used.quiet.seconds;
        report.add("server_cpu_quiet_percent", percent);
    }
    report.add_usage(&used.stalled);
    report.add_findings(trickled.findings);
    report.doubts.extend(target.complaints());
    Ok(report)
}

/// Quiet, then the stall, then quiet again.
async fn weather(
    options: &StalledOptions,
    server: Option<u32>,
    [load, measuring]: [&Worker; 2],
    trickle: &Trickle,
    plan: Plan,
) -> Result<Used, ScenarioError> {
    let length = Duration::from_secs_f64(options.seconds);
    let meter = Meter::begin(server, [load.watched(), measuring.watched()])?;
    trickle.enter_phase(QUIET);
    sleep(length).await;
    let quiet = meter.read()?;
    trickle.enter_phase(JOINING);
    let usual = options.members + 1;
    let readers = Readers::stall(load, plan).await?;
    let meter = Meter::begin(server, [load.watched(), measuring.watched()])?;
    let mut out = None;
    let mut by_second = Vec::new();
    for second in 1..=options.stall {
        trickle.enter_phase(STALL + second - 1);
        let this_second = Meter::begin(server, [load.watched(), measuring.watched()])?;
        sleep(Duration::from_secs(1)).await;
        let used = this_second.read()?;
        by_second.push(100.0 * used.server.unwrap_or(0.0) / used.seconds);
        if readers.in_room() <= usual {
            out = out.or(Some(second));
        } else {
            out = None;
        }
    }
    let stalled = meter.read()?;
    trickle.enter_phase(JOINING);
    let endings = readers.end().await;
    sleep(FORGET).await;
    trickle.enter_phase(GONE);
    sleep(length).await;
    Ok(Used {
        quiet,
        stalled,
        endings,
        by_second,
        out,
    })
}

fn tell_settings(report: &mut Report, options: &StalledOptions) {
    report.set("readers", options.readers);
    report.set("members", options.members);
    report.set("rate", options.rate);
    report.set("stall_seconds", options.stall);
    report.set("receive_buffer", options.receive_buffer);
    if let Some(seconds) = options.comes_back {
        report.set("return_seconds", seconds);
    }
}

fn tell_members(report: &mut Report, trickled: &Trickled, options: &StalledOptions) {
    let quiet = trickled.deliveries(QUIET, QUIET + 1);
    let stall = trickled.deliveries(STALL, STALL + options.stall);
    report.add_latencies("delivery_quiet", &quiet);
    report.add_latencies("delivery_stalled", &stall);
    let seconds = trickled.each_p99(STALL, STALL + options.stall);
    let worst = seconds.iter().copied().fold(0.0, f64::max);
    report.add("delivery_stalled_worst_second_p99_ms", worst);
    report.add_series("delivery_p99_ms_by_second", seconds);
    report.add_latencies("delivery_gone", &trickled.deliveries(GONE, GONE + 1));
    let before = quiet.percentile(99.0).max(f64::MIN_POSITIVE);
    report.add("p99_ratio", stall.percentile(99.0) / before);
    add_lag(report, &trickled.lag);
}
