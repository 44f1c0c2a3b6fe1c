//! From a key to its echo: somebody types at a steady pace, whatever the client does, while people
//! speak.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::ScenarioError;
use super::gauge::tell;
use super::options::TerminalOptions;
use super::stage::{Stage, wait_until};
use crate::exit::progress;
use crate::measure::Latencies;
use crate::report::Report;
use crate::talk::{Pace, Pacer};
use crate::terminal::{Terminal, Ticket, Where};

/// Messages a second while somebody types on a line that takes all at once.
const FAST_RATE: f64 = 200.0;
/// The same on a slow line.
const SLOW_RATE: f64 = 20.0;
/// What is typed, a word after the other: nobody says the beginning.
const LETTERS: &[u8] = b"zqxjkvbpygfwmucldrhsnioate";
const WORD: usize = 16;
/// Takes back all that is typed (Ctrl+U).
const TAKE_BACK: &str = "\x15";
/// How long an echo may take before it counts as this long.
const LONGEST: Duration = Duration::from_secs(10);

/// How somebody types.
struct Typing {
    keys: u16,
    /// Between two keys, without what is added so that keys fall on any part of a frame.
    pause: Duration,
    /// How long people speak before.
    settling: Duration,
}

/// Keys that were echoed.
#[derive(Default)]
struct Echoes {
    latencies: Latencies,
    missing: u64,
}

/// Where many speak, on a line that takes all at once.
pub(super) async fn echo(
    stage: &Stage,
    terminal: &Terminal,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    let typing = Typing {
        keys: options.keys,
        pause: Duration::from_millis(50),
        settling: options.settling(),
    };
    type_amid_talk(stage, terminal, &typing, FAST_RATE, "echo", report).await
}

/// Where some speak, on a slow line.
pub(super) async fn slow_echo(
    stage: &Stage,
    terminal: &Terminal,
    options: &TerminalOptions,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    let typing = Typing {
        keys: options.slow_keys,
        pause: Duration::from_millis(150),
        settling: options.settling(),
    };
    type_amid_talk(stage, terminal, &typing, SLOW_RATE, "slow_echo", report).await
}

async fn type_amid_talk(
    stage: &Stage,
    terminal: &Terminal,
    typing: &Typing,
    rate: f64,
    name: &str,
    report: &mut Report,
) -> Result<(), ScenarioError> {
    progress(&format!("{}{name}", stage.program.prefix()));
    let pace = Pace {
        rate,
        count: None,
        markers: None,
        first_marker: 0,
    };
    let pacer = Pacer::start(&stage.main.speaker, pace, |_: &str| ())?;
    sleep(typing.settling).await;
    let echoes = typing.run(terminal).await?;
    pacer.finish()?;
    stage.main.settle().await;
    let Echoes { latencies, missing } = echoes;
    tell(
        stage,
        report,
        &format!("{name}_keys"),
        latencies.count() as f64,
    );
    for (percent, label) in [(50.0, "p50"), (99.0, "p99")] {
        let figure = format!("{name}_{label}_ms");
        tell(stage, report, &figure, latencies.percentile(percent));
    }
    tell(
        stage,
        report,
        &format!("{name}_max_ms"),
        latencies.longest(),
    );
    tell(stage, report, &format!("{name}_missing"), missing as f64);
    Ok(())
}

impl Typing {
    async fn run(&self, terminal: &Terminal) -> Result<Echoes, ScenarioError> {
        let mut echoes = Echoes::default();
        let mut typed = String::new();
        let mut waiting: Vec<(Instant, Ticket)> = Vec::new();
        for number in 0..usize::from(self.keys) {
            if number % WORD == 0 {
                echoes.take(terminal, &mut waiting).await;
                terminal.type_text(TAKE_BACK)?;
                typed = "zq".to_owned();
                terminal.type_text(&typed)?;
                sleep(self.pause).await;
            }
            let key = char::from(LETTERS[(number * 7 + number / WORD) % LETTERS.len()]);
            typed.push(key);
            let ticket = terminal.watch(&typed, Where::Input);
            waiting.push((Instant::now(), ticket));
            terminal.type_text(key.encode_utf8(&mut [0; 4]))?;
            sleep(self.pause + self.pause * (number as u32 * 5 % 8) / 8).await;
        }
        echoes.take(terminal, &mut waiting).await;
        terminal.type_text(TAKE_BACK)?;
        Ok(echoes)
    }
}

impl Echoes {
    /// Waits for what was typed, and counts it.
    async fn take(&mut self, terminal: &Terminal, waiting: &mut Vec<(Instant, Ticket)>) {
        let is_there = |(_, ticket): &(Instant, Ticket)| terminal.seen(*ticket).is_some();
        wait_until(LONGEST, || waiting.iter().all(is_there)).await;
        for (typed, ticket) in waiting.drain(..) {
            let seen = terminal.seen(ticket);
            self.missing += u64::from(seen.is_none());
            let latency = seen.map_or(LONGEST, |seen| seen.saturating_duration_since(typed));
            self.latencies.record(latency);
        }
        terminal.forget_watches();
    }
}
