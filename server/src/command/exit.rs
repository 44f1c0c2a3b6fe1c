//! Exit codes and the one line that goes with them.

use std::io::Write;
use std::process::ExitCode;

/// The command was carried out.
pub const DONE: u8 = 0;
/// The command failed; one line on standard error says why.
pub const FAILED: u8 = 1;
/// The arguments or the settings are invalid.
pub const USAGE: u8 = 2;

/// Writes a warning about the settings to standard error.
pub fn warn(warning: &str) {
    let _ = writeln!(std::io::stderr(), "chat-server: warning: {warning}");
}

/// Writes the error with its causes to standard error, in one line after the program's name, and
/// answers with the exit code `code`.
pub fn fail(code: u8, error: &anyhow::Error) -> ExitCode {
    let line = format!("chat-server: {error:#}").replace('\n', " ");
    // If standard error is closed, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "{line}");
    ExitCode::from(code)
}
