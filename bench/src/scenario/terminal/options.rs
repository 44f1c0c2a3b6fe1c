//! What `terminal` is told, and what is promised.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use crate::report::Report;
use crate::terminal::Foreign;
use crate::values::positive;

/// How long a client and a load have before they are measured, at most.
const SETTLING: Duration = Duration::from_secs(2);

/// What is measured of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// From starting it to its first complete frame.
    Start,
    /// What it costs where nobody speaks.
    Idle,
    /// What it costs where people speak, at each rate.
    Rates,
    /// What it costs where they speak in ten rooms that it does not show.
    Rooms,
    /// From a key to its echo, where people speak.
    Echo,
    /// The same on a slow line.
    SlowLine,
    /// What it takes after many messages.
    Memory,
    /// From another size of its terminal to a complete screen.
    Resize,
}

/// What `terminal` is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TerminalOptions {
    /// The client's program [default: chat-tui next to this program].
    #[arg(long, value_name = "FILE")]
    pub(super) client: Option<PathBuf>,
    /// Measure these clients for IRC as well, at a small IRC server with the same load: they must
    /// be installed.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    pub(super) foreign: Vec<Foreign>,
    /// Measure only these parts.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART")]
    pub(super) parts: Vec<Part>,
    /// Columns and rows of the terminal.
    #[arg(long, default_value = "140x40", value_parser = size)]
    pub(super) size: (NonZeroU16, NonZeroU16),
    /// Messages a second, each for `seconds`.
    #[arg(long, value_delimiter = ',', default_value = "20,200,1000", value_parser = positive)]
    pub(super) rates: Vec<f64>,
    /// Seconds for which each rate is measured.
    #[arg(long, default_value_t = 10.0, value_parser = positive)]
    pub(super) seconds: f64,
    /// Seconds for which nobody speaks; a server pings every 30.
    #[arg(long, default_value_t = 30.0, value_parser = positive)]
    pub(super) idle_seconds: f64,
    /// How often the client is started for its first frame.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) starts: u16,
    /// Keys that are typed.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) keys: u16,
    /// Keys that are typed on the slow line.
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) slow_keys: u16,
    /// Bytes a second that the slow line carries.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub(super) slow_line: u32,
    /// Messages that the client is to hold.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) messages: u32,
    /// How many of them come a second.
    #[arg(long, default_value_t = 4000.0, value_parser = positive)]
    pub(super) fill_rate: f64,
    /// How often the terminal changes its size.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) resizes: u16,
    /// Keys that are pressed once the client has joined, such as those that open a panel; \e is ESC.
    #[arg(long, value_name = "KEYS")]
    pub(super) press: Option<String>,
}

impl TerminalOptions {
    /// Whether `part` is asked for.
    pub(super) fn has(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }

    /// Whether one of `parts` is asked for.
    pub(super) fn has_any(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.has(*part))
    }

    /// How long a client and a load have before they are measured.
    pub(super) fn settling(&self) -> Duration {
        SETTLING.min(Duration::from_secs_f64(self.seconds))
    }

    /// Notes the settings.
    pub(super) fn tell(&self, report: &mut Report) {
        let (columns, rows) = self.size;
        report.set("size", format!("{columns}x{rows}"));
        report.set("seconds", self.seconds);
        if let Some(press) = &self.press {
            report.set("press", press);
        }
    }
}

/// What the figure `name` is to be at most, in a terminal of 140x40 on a core of its own; `None`
/// where nothing is promised.
pub(super) fn promised(name: &str) -> Option<f64> {
    Some(match name {
        "first_frame_ms" => 10.0,
        "idle_bytes" => 0.0,
        "idle_cpu_percent" => 0.01,
        "rate_20_kb_per_second" => 6.0,
        "rate_200_kb_per_second" => 45.0,
        "rate_1000_kb_per_second" => 90.0,
        "rate_200_cpu_percent" => 3.0,
        "rate_1000_cpu_percent" => 6.0,
        "rooms_cpu_percent" => 1.0,
        "echo_p50_ms" => 1.0,
        "echo_p99_ms" => 9.0,
        "slow_echo_p99_ms" => 150.0,
        "rate_20_arrival_p99_ms" | "rate_200_arrival_p99_ms" => 50.0,
        "memory_mb" => 40.0,
        "resize_ms" => 10.0,
        _ => return None,
    })
}

fn size(text: &str) -> Result<(NonZeroU16, NonZeroU16), String> {
    let parsed = text
        .split_once('x')
        .and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
    parsed.ok_or_else(|| "must be columns and rows, like 140x40".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_columns_and_rows() {
        let (columns, rows) = size("140x40").unwrap();
        assert_eq!((columns.get(), rows.get()), (140, 40));
        for wrong in ["140", "0x40", "140x", "x", "140x40x2", "70000x40"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
