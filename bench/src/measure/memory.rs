//! A process's memory over time: a thread of its own looks, so that no load on the others keeps it
//! from seeing a peak.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use super::process::{resident_bytes, tcp_bytes};

/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(50);

/// What was seen, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemoryWatched {
    /// The process's resident memory when the watch began.
    pub(crate) before: u64,
    /// The most that it was.
    pub(crate) peak: u64,
    /// What the kernel's TCP sockets held when the watch began, all processes and both ends.
    pub(crate) sockets_before: u64,
    /// The most that they held.
    pub(crate) sockets_peak: u64,
}

/// A watch that goes on until it is ended.
#[derive(Debug)]
pub(crate) struct MemoryWatch {
    stop: Sender<()>,
    thread: JoinHandle<MemoryWatched>,
}

impl MemoryWatch {
    /// Begins to watch process `id`.
    pub(crate) fn begin(id: u32) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut watched = MemoryWatched {
                before: resident_bytes(id).unwrap_or(0),
                sockets_before: tcp_bytes().unwrap_or(0),
                ..MemoryWatched::default()
            };
            loop {
                // A process that is gone uses nothing.
                watched.peak = watched.peak.max(resident_bytes(id).unwrap_or(0));
                watched.sockets_peak = watched.sockets_peak.max(tcp_bytes().unwrap_or(0));
                if stopped.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout) {
                    return watched;
                }
            }
        });
        Self { stop, thread }
    }

    /// Ends the watch.
    pub(crate) fn end(self) -> MemoryWatched {
        drop(self.stop);
        self.thread.join().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_sees_the_process_and_ends() {
        let watched = MemoryWatch::begin(std::process::id()).end();
        assert!(watched.before > 0);
        assert!(watched.peak >= watched.before);
    }
}
