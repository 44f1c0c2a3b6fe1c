//! The exit codes, all of them, and the one line that goes with a failure.

use std::io::Write;
use std::process::ExitCode;

/// Measured, and all that was received was right.
pub(crate) const DONE: u8 = 0;
/// Not measured, or something was lost, doubled, reordered or refused that must not be.
pub(crate) const FAILED: u8 = 1;
/// The arguments are wrong.
pub(crate) const USAGE: u8 = 2;

/// Says on standard error what failed, with its causes, the program's name in front.
pub(crate) fn fail(code: u8, error: &dyn std::error::Error) -> ExitCode {
    // Where nobody reads standard error any more, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "chat-bench: {}", chain(error));
    ExitCode::from(code)
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    line
}

/// Tells on standard error how far a run is; figures go to standard output.
pub(crate) fn progress(text: &str) {
    let _ = writeln!(std::io::stderr(), "chat-bench: {text}");
}
