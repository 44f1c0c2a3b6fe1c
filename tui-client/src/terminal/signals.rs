//! The signals that a program in a terminal hears. Owns what each is to the loop.

use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TerminalSignal {
    /// End: SIGTERM, SIGHUP, SIGINT, SIGQUIT.
    End,
    /// Stop for a while, giving the terminal back first: SIGTSTP.
    Stop,
    /// The program goes on after it was stopped, by whatever: SIGCONT.
    Continue,
    /// The terminal may have another size: SIGWINCH.
    Resized,
}

/// Waits for signals.
pub(crate) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    quit: Signal,
    stop: Signal,
    go_on: Signal,
    resize: Signal,
}

impl Signals {
    /// Begins to wait.
    pub(crate) fn open() -> io::Result<Self> {
        let of = |number: Number| SignalKind::from_raw(number.as_raw());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            stop: signal(of(Number::TSTP))?,
            go_on: signal(of(Number::CONT))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// The next; none is lost where this is dropped.
    pub(crate) async fn next(&mut self) -> TerminalSignal {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => TerminalSignal::End,
            _ = self.hang_up.recv() => TerminalSignal::End,
            _ = self.interrupt.recv() => TerminalSignal::End,
            _ = self.quit.recv() => TerminalSignal::End,
            _ = self.go_on.recv() => TerminalSignal::Continue,
            _ = self.stop.recv() => TerminalSignal::Stop,
            _ = self.resize.recv() => TerminalSignal::Resized,
        }
    }
}
