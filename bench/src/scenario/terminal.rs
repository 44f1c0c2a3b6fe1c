//! What the terminal client costs and how fast it answers: the real program in a terminal of this
//! program's, at the real server, with people who speak; and others beside it, in the same run.

mod gauge;
mod keys;
mod options;
mod parts;
mod stage;

use super::{ScenarioError, Setup};
use crate::exit::progress;
use crate::report::Report;
use crate::server_process::{Durability, ServerProcess};
use crate::terminal::Program;
pub(crate) use options::TerminalOptions;
use stage::{Stage, Start};

/// Runs the scenario once.
pub(crate) async fn run(setup: &Setup, options: &TerminalOptions) -> Result<Report, ScenarioError> {
    let mut report = Report::new("terminal");
    options.tell(&mut report);
    setup.source.tell(&mut report);
    report.doubts.extend(setup.source.doubts());
    let client = client(options, &mut report)?;
    let pins = setup.source.pins();
    let start = |program| Start {
        program,
        size: options.size,
        press: options.press.clone(),
        pins,
    };
    progress("letting people in");
    let target = setup.source.beside_the_load().open(Durability::Full)?;
    let stage = Stage::with_server(start(Program::Chat(client)), target).await?;
    parts::measure(&stage, options, &mut report).await;
    stage.finish(&mut report).await;
    for foreign in &options.foreign {
        let mut start = start(Program::Foreign(*foreign));
        // Those keys are this project's client's.
        start.press = None;
        let stage = Stage::with_irc(start)?;
        parts::measure(&stage, options, &mut report).await;
        stage.finish(&mut report).await;
    }
    Ok(report)
}

/// The client's program.
fn client(
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<std::path::PathBuf, ScenarioError> {
    let client = { options.client.clone() }
        .unwrap_or_else(|| ServerProcess::beside_this_program().with_file_name("chat-tui"));
    let Ok(client) = client.canonicalize() else {
        return Err(ScenarioError::NotReady(format!(
            "there is no client at {}: build it with `cargo build --release -p chat-tui`, or name \
             it with --client",
            client.display()
        )));
    };
    report.set("client", client.display());
    if client.components().any(|part| part.as_os_str() == "debug") {
        let doubt = "the client seems to be a debug build";
        report.doubts.push(doubt.to_owned());
    }
    Ok(client)
}
