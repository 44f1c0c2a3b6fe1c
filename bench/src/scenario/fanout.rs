//! What it costs to deliver a message to everybody in a room, next to the limit: one system call
//! for each delivery and nothing else, in a process of its own, in the same run.

mod limit;
mod limit_process;
mod load;
mod members;
mod options;
mod report;

use super::{ScenarioError, Setup};
use crate::exit::progress;
use crate::raw::text_header_bytes;
use crate::report::Report;
use crate::server_process::Durability;
use load::Measured;
use members::Entered;
use options::Plan;
pub(crate) use options::{
    ARENA, FANOUT, FLAT_OUT, FanoutOptions, FlatOutOptions, HALL, Preset, ROOMS, STAGE,
};

/// Runs a scenario in which messages come at a rate once.
pub(crate) async fn run(
    setup: &Setup,
    options: &FanoutOptions,
    preset: &Preset,
) -> Result<Report, ScenarioError> {
    run_plan(setup, preset.name, &Plan::new(options, preset)).await
}

/// Runs the scenario in which messages come as fast as they are answered once.
pub(crate) async fn run_flat_out(
    setup: &Setup,
    options: &FlatOutOptions,
) -> Result<Report, ScenarioError> {
    run_plan(setup, FLAT_OUT, &Plan::flat_out(options)).await
}

async fn run_plan(setup: &Setup, name: &'static str, plan: &Plan) -> Result<Report, ScenarioError> {
    let mut report = Report::new(name);
    plan.tell(&mut report);
    let (entered, measured) = measure(setup, plan, &mut report).await?;
    // The limit has the machine for itself.
    progress("measuring the limit");
    let longest = measured.observed.event_bytes;
    let frame = longest + text_header_bytes(longest);
    let limit = limit::measure(setup, plan, frame).await?;
    report.add("frame_bytes", frame as f64);
    report::tell(&mut report, plan, &measured, &limit);
    report::tell_entered(&mut report, &measured, &entered);
    report.add_usage(&measured.usage);
    report.add_findings(measured.observed.findings);
    Ok(report)
}

/// Measures the server, and stops it.
async fn measure(
    setup: &Setup,
    plan: &Plan,
    report: &mut Report,
) -> Result<(Entered, Measured), ScenarioError> {
    let target = setup.source.open(Durability::Full)?;
    super::describe(report, setup, &target);
    progress(&format!("letting {} connections in", plan.connections()));
    let (entered, load) = members::enter(setup, plan, &target).await?;
    let measured = load.measure(plan, target.id()).await?;
    report.doubts.extend(target.complaints());
    Ok((entered, measured))
}
