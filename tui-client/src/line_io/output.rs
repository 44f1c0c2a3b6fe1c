//! Standard output as lines. Must not decide what is written.

use std::io::{self, Write};

use tokio::sync::{mpsc, oneshot};

/// Lines that wait to be written; full, whoever sends them waits.
const LINES: usize = 64;

/// How the writing ended.
pub(crate) type Written = oneshot::Receiver<io::Result<()>>;

/// Begins to write what is sent; ends once nobody can send any more, or at an error.
pub(crate) fn write_lines() -> (mpsc::Sender<String>, Written) {
    let (lines, mut received) = mpsc::channel::<String>(LINES);
    let (ended, written) = oneshot::channel();
    std::thread::spawn(move || {
        let mut write = || {
            while let Some(line) = received.blocking_recv() {
                let mut out = io::stdout().lock();
                writeln!(out, "{line}").and_then(|()| out.flush())?;
            }
            Ok(())
        };
        // Without a receiver the program is ending.
        ended.send(write()).ok();
    });
    (lines, written)
}
