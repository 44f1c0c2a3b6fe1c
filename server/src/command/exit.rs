//! Exit codes and the one line that goes with them.

use std::io::Write;
use std::process::ExitCode;

/// Done.
pub const DONE: u8 = 0;
/// It could not be done; the line on standard error says why.
pub const FAILED: u8 = 1;
/// The arguments or the settings are wrong.
pub const USAGE: u8 = 2;

/// Says on standard error what is probably not meant so.
pub fn warn(warning: &str) {
    let _ = writeln!(std::io::stderr(), "chat-server: warning: {warning}");
}

/// Says on standard error what failed, the chain of causes in one line, with the program's name in
/// front.
pub fn fail(code: u8, error: &anyhow::Error) -> ExitCode {
    let line = format!("chat-server: {error:#}").replace('\n', " ");
    // Where nobody reads standard error any more, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "{line}");
    ExitCode::from(code)
}
