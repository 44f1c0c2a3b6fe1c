//! What signals do: which end the server, what clients are told then, and that no other one ends it
//! without a word.

use std::io::{self, IsTerminal};

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

use crate::stopping::Stop;

/// Signals that end a program where nothing takes them, and that nobody sends to end a server.
const HARMLESS: &[(Signal, &str)] = &[
    (Signal::USR1, "SIGUSR1"),
    (Signal::USR2, "SIGUSR2"),
    (Signal::ALARM, "SIGALRM"),
    (Signal::VTALARM, "SIGVTALRM"),
    (Signal::PROF, "SIGPROF"),
    (Signal::IO, "SIGIO"),
];

/// Ends at the first signal that is to end the server: SIGTERM, which is how whoever runs services
/// restarts one, and SIGXCPU, after which the system would end it soon; SIGINT and SIGQUIT, which is how
/// somebody at a terminal ends it, and SIGHUP, where the terminal is closed in which it was started.
pub(crate) fn stop() -> io::Result<impl Future<Output = Stop>> {
    let listen = |wanted: Signal| signal(SignalKind::from_raw(wanted.as_raw()));
    let mut terminate = listen(Signal::TERM)?;
    let mut limit = listen(Signal::XCPU)?;
    let mut interrupt = listen(Signal::INT)?;
    let mut quit = listen(Signal::QUIT)?;
    // Asked now: of one that is closed it can't be told any more. Who has SIGHUP ignored (nohup(1)) wants
    // the server to go on.
    let is_at_terminal = io::stdin().is_terminal() && !is_ignored(Signal::HUP);
    let mut hang_up = listen(Signal::HUP)?;
    for (harmless, name) in HARMLESS {
        let mut received = listen(*harmless)?;
        tokio::spawn(async move {
            while received.recv().await.is_some() {
                tracing::info!("{name} does nothing here");
            }
        });
    }
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => return Stop::Restart,
                _ = limit.recv() => return Stop::Restart,
                _ = interrupt.recv() => return Stop::ForGood,
                _ = quit.recv() => return Stop::ForGood,
                _ = hang_up.recv() => match is_at_terminal {
                    true => return Stop::ForGood,
                    false => tracing::info!(
                        "SIGHUP does nothing yet: restart the server for changed settings"
                    ),
                },
            }
        }
    })
}

/// Whether whoever started this program had it ignore `signal` (proc_pid_status(5), `SigIgn`); false
/// where the system does not tell.
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & (1 << (signal.as_raw() - 1)) != 0)
}
