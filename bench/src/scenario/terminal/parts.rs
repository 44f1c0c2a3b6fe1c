//! What is measured of a client, part by part.

use std::time::Duration;

use tokio::time::sleep;

use super::gauge::{Gauge, tell};
use super::options::{Part, TerminalOptions};
use super::stage::{Place, Stage, wait_until};
use super::{ScenarioError, keys};
use crate::client::PATIENCE;
use crate::exit::{self, progress};
use crate::measure::{Latencies, resident_bytes};
use crate::report::Report;
use crate::talk::{Marked, Pace, Pacer};
use crate::terminal::{LineSpeed, Terminal, Ticket, Where};

/// How long nothing may come before a screen is taken for complete.
const QUIET: Duration = Duration::from_millis(150);
/// How long a client may take for anything that is measured.
const LONGEST: Duration = Duration::from_secs(10);
/// Messages that can be found, at most so many of a stretch's.
const MARKERS: f64 = 40.0;
/// Messages a second in each room that is not shown.
const BUSY_RATE: f64 = 20.0;

/// Measures what is asked for. A part that can't be measured is a fault, and the others go on.
pub(super) async fn measure(stage: &Stage, options: &TerminalOptions, report: &mut Report) {
    if options.has(Part::Start) {
        let started = start(stage, options, report).await;
        note(stage, "start", started, report);
    }
    if options.has_any(&[Part::Idle, Part::Rates, Part::Echo]) {
        let measured = in_main_room(stage, options, report).await;
        note(stage, "idle, rates or echo", measured, report);
    }
    if options.has(Part::SlowLine) {
        let measured = on_slow_line(stage, options, report).await;
        note(stage, "slow-line", measured, report);
    }
    if options.has(Part::Rooms) {
        let measured = behind_a_quiet_room(stage, options, report).await;
        note(stage, "rooms", measured, report);
    }
    if options.has_any(&[Part::Memory, Part::Resize]) {
        let measured = in_full_room(stage, options, report).await;
        note(stage, "memory or resize", measured, report);
    }
}

fn note(stage: &Stage, part: &str, measured: Result<(), ScenarioError>, report: &mut Report) {
    if let Err(error) = measured {
        let fault = format!("{}{part}: {}", stage.program.prefix(), exit::chain(&error));
        report.faults.push(fault);
    }
}

async fn in_main_room(
    stage: &Stage,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    let terminal = stage.join(&stage.main, &[], LineSpeed(None)).await?;
    if options.has(Part::Idle) {
        idle(stage, &terminal, options, report).await?;
    }
    for rate in options.rates.iter().filter(|_| options.has(Part::Rates)) {
        let name = format!("rate_{rate}");
        talk(stage, &stage.main, &terminal, *rate, &name, options, report).await?;
    }
    if options.has(Part::Echo) {
        keys::echo(stage, &terminal, options, report).await?;
    }
    Ok(())
}

async fn on_slow_line(
    stage: &Stage,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    let speed = LineSpeed(Some(options.slow_line));
    let terminal = stage.join(&stage.main, &[], speed).await?;
    keys::slow_echo(stage, &terminal, options, report).await
}

async fn behind_a_quiet_room(
    stage: &Stage,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    let (quiet, busy) = (&stage.quiet, &stage.busy);
    let terminal = stage.join(quiet, &busy.rooms, LineSpeed(None)).await?;
    let rate = BUSY_RATE * busy.rooms.len() as f64;
    talk(stage, busy, &terminal, rate, "rooms", options, report).await
}

async fn in_full_room(
    stage: &Stage,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    let terminal = stage.join(&stage.full, &[], LineSpeed(None)).await?;
    if options.has(Part::Memory) {
        memory(stage, &terminal, options, report).await?;
    }
    if options.has(Part::Resize) {
        resize(stage, &terminal, options, report).await?;
    }
    Ok(())
}

/// From starting it to its first complete frame.
async fn start(
    stage: &Stage,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    let mut latencies = Latencies::default();
    for _ in 0..options.starts {
        let terminal = stage.start(&stage.main.rooms, LineSpeed(None))?;
        if !wait_until(LONGEST, || terminal.first_frame().is_some()).await {
            return Err(terminal.lacks("a first frame").into());
        }
        wait_until(LONGEST, || is_quiet(&terminal)).await;
        if let Some(complete) = terminal.first_frame() {
            latencies.record(complete.duration_since(terminal.started()));
        }
    }
    tell(stage, report, "first_frame_ms", latencies.percentile(50.0));
    tell(stage, report, "first_frame_max_ms", latencies.longest());
    Ok(())
}

/// What it costs where nobody speaks.
async fn idle(
    stage: &Stage,
    terminal: &Terminal,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    progress(&format!("{}idle", stage.program.prefix()));
    // What a client does once it has joined is over by then.
    sleep(options.settling()).await;
    let gauge = Gauge::begin(stage, terminal, Vec::new())?;
    sleep(Duration::from_secs_f64(options.idle_seconds)).await;
    let measured = gauge.read(terminal)?;
    tell(stage, report, "idle_seconds", measured.seconds);
    tell(stage, report, "idle_bytes", measured.bytes);
    tell(stage, report, "idle_cpu_percent", measured.cpu_percent);
    measured.doubt(stage, "idle", report);
    Ok(())
}

/// What it costs where people speak, and when what they say is on the screen.
async fn talk(
    stage: &Stage,
    place: &Place,
    terminal: &Terminal,
    rate: f64,
    name: &str,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    progress(&format!("{}{name}", stage.program.prefix()));
    let is_shown = std::ptr::eq(place, &stage.main);
    let every = Duration::from_secs_f64(options.seconds / MARKERS);
    let pace = Pace {
        rate,
        count: None,
        markers: is_shown.then_some(every),
        first_marker: stage.take_markers(),
    };
    let watcher = terminal.watcher();
    let look_for = move |text: &str| watcher.watch(text, Where::Anywhere);
    let pacer = Pacer::start(&place.speaker, pace, look_for)?;
    sleep(options.settling()).await;
    let gauge = Gauge::begin(
        stage,
        terminal,
        place.watched().into_iter().chain(pacer.watched()),
    )?;
    sleep(Duration::from_secs_f64(options.seconds)).await;
    let measured = gauge.read(terminal)?;
    let said = pacer.finish()?;
    place.settle().await;
    let figure = |what: &str| format!("{name}_{what}");
    tell(stage, report, &figure("cpu_percent"), measured.cpu_percent);
    let kilobytes = measured.bytes / 1000.0 / measured.seconds;
    tell(stage, report, &figure("kb_per_second"), kilobytes);
    let frames = measured.frames / measured.seconds;
    tell(stage, report, &figure("frames_per_second"), frames);
    if is_shown {
        arrivals(stage, terminal, &said.marked, name, report).await;
    }
    measured.doubt(stage, name, report);
    if said.late.percentile(99.0) > super::super::LAG {
        report.doubts.push(format!(
            "{}{name}: messages were up to {:.1} ms late (99 %)",
            stage.program.prefix(),
            said.late.percentile(99.0)
        ));
    }
    Ok(())
}

/// From sending a message until it is on the screen. What has scrolled past unseen by the end is
/// counted apart: a client need not show what nobody could read.
async fn arrivals(
    stage: &Stage,
    terminal: &Terminal,
    marked: &[Marked<Ticket>],
    name: &str,
    report: &mut Report,
) {
    let is_seen = |one: &Marked<Ticket>| terminal.seen(one.found_by).is_some();
    wait_until(QUIET * 4, || marked.iter().all(is_seen)).await;
    let mut latencies = Latencies::default();
    for one in marked {
        if let Some(seen) = terminal.seen(one.found_by) {
            latencies.record(seen.saturating_duration_since(one.sent));
        }
    }
    terminal.forget_watches();
    let missed = marked.len() as u64 - latencies.count();
    let figure = |what: &str| format!("{name}_arrival_{what}");
    tell(stage, report, &figure("p50_ms"), latencies.percentile(50.0));
    tell(stage, report, &figure("p99_ms"), latencies.percentile(99.0));
    tell(stage, report, &figure("unseen"), missed as f64);
}

/// What it takes after many messages.
async fn memory(
    stage: &Stage,
    terminal: &Terminal,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    progress(&format!("{}memory", stage.program.prefix()));
    let megabytes =
        || -> Result<f64, ScenarioError> { Ok(resident_bytes(terminal.id()?)? as f64 / 1e6) };
    let count = u64::from(options.messages);
    tell(stage, report, "memory_before_mb", megabytes()?);
    let pace = Pace {
        rate: options.fill_rate,
        count: Some(count),
        markers: None,
        first_marker: 0,
    };
    let pacer = Pacer::start(&stage.full.speaker, pace, |_: &str| ())?;
    let length = Duration::from_secs_f64(f64::from(options.messages) / options.fill_rate);
    if !wait_until(length * 4 + PATIENCE, || pacer.is_done()).await {
        let late = "the messages for the client's memory were not sent in time";
        return Err(ScenarioError::NotReady(late.to_owned()));
    }
    pacer.finish()?;
    stage.full.settle().await;
    wait_until(LONGEST, || is_quiet(terminal)).await;
    tell(
        stage,
        report,
        "memory_messages",
        f64::from(options.messages),
    );
    tell(stage, report, "memory_mb", megabytes()?);
    Ok(())
}

/// From another size of its terminal to a complete screen: the last change of its text.
async fn resize(
    stage: &Stage,
    terminal: &Terminal,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    progress(&format!("{}resize", stage.program.prefix()));
    let (columns, rows) = options.size;
    let less = |number: std::num::NonZeroU16| {
        let less = std::num::NonZeroU16::new(number.get() * 3 / 4);
        less.unwrap_or(number)
    };
    let smaller = (less(columns), less(rows));
    let mut latencies = Latencies::default();
    let mut missing = 0;
    for number in 0..options.resizes {
        wait_until(LONGEST, || is_quiet(terminal)).await;
        let size = if number % 2 == 0 {
            smaller
        } else {
            options.size
        };
        let resized = terminal.resize(size)?;
        let is_complete = || terminal.changed().is_some() && is_quiet(terminal);
        missing += u64::from(!wait_until(LONGEST, is_complete).await);
        let changed = terminal.changed();
        let latency = changed.map_or(LONGEST, |changed| {
            changed.saturating_duration_since(resized)
        });
        latencies.record(latency);
    }
    terminal.resize(options.size)?;
    tell(stage, report, "resize_ms", latencies.percentile(50.0));
    tell(stage, report, "resize_max_ms", latencies.longest());
    tell(stage, report, "resize_missing", missing as f64);
    Ok(())
}

fn is_quiet(terminal: &Terminal) -> bool {
    terminal
        .newest()
        .is_none_or(|newest| newest.elapsed() > QUIET)
}
