//! The log on standard error. No message content, password or token may ever go into it.
//!
//! A thread of its own writes the lines, so a slow reader of standard error delays nobody.

use std::io::IsTerminal;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::LevelFilter;

use crate::config::{LogFormat, LogLevel};

/// Lines that may wait to be written. When the queue is full, new lines are dropped.
const LINES: usize = 8192;

/// Starts the log; call it once. Dropping the returned guard writes the lines that still wait.
pub fn init(format: LogFormat, level: LogLevel) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(LINES)
        .thread_name("log")
        .finish(std::io::stderr());
    let subscriber = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(std::io::stderr().is_terminal())
        .log_internal_errors(false)
        .with_max_level(match level {
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
        });
    match format {
        LogFormat::Text => subscriber.with_target(false).init(),
        LogFormat::Json => subscriber.json().init(),
    }
    guard
}
