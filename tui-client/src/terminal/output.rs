//! Writes to the terminal on a thread of its own: one that takes nothing must not keep the program
//! from hearing signals and keys. Owns the way out; must not know what is written.

use std::io;
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

/// Held while something is written, so that nothing comes into the midst of it.
static WHOLE: Mutex<()> = Mutex::new(());

/// The writing thread. What is handed over is written as a whole, one piece at a time.
pub(super) struct Writer {
    pieces: SyncSender<Vec<u8>>,
    written: mpsc::Receiver<io::Result<()>>,
    busy: bool,
}

impl Writer {
    /// Starts the thread. It ends with the program, or when this is dropped.
    pub(super) fn start() -> Self {
        // At most one piece is under way, as `busy` sees to.
        let (pieces, taken) = sync_channel(1);
        let (sender, written) = mpsc::channel(1);
        thread::spawn(move || write_pieces(&taken, &sender));
        Self {
            pieces,
            written,
            busy: false,
        }
    }

    /// True while the last piece is being written.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Writes `bytes`; only while nothing is being written.
    pub(super) fn write(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.busy = true;
        let sent = self.pieces.try_send(bytes);
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    /// Waits until the last piece is written; for ever without one.
    pub(super) async fn written(&mut self) -> io::Result<()> {
        if !self.busy {
            return std::future::pending().await;
        }
        let result = self.written.recv().await;
        self.busy = false;
        result.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()))
    }
}

fn write_pieces(pieces: &Receiver<Vec<u8>>, written: &mpsc::Sender<io::Result<()>>) {
    while let Ok(bytes) = pieces.recv() {
        // Without a receiver the program is ending.
        if written.blocking_send(write_all(&bytes)).is_err() {
            return;
        }
    }
}

/// Writes `bytes`, behind what is being written, where the terminal takes them within `limit`.
pub(super) fn write_within(bytes: &'static [u8], limit: Duration) {
    let (sender, done) = sync_channel(1);
    thread::spawn(move || {
        // Nobody is left to hear of a failure: the terminal is gone.
        write_all(bytes).ok();
        sender.send(()).ok();
    });
    done.recv_timeout(limit).ok();
}

fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    let _whole = WHOLE.lock().unwrap_or_else(|error| error.into_inner());
    let output = io::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(output.as_fd(), bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                // Somebody made it non-blocking.
                poll(&mut [PollFd::new(&output, PollFlags::OUT)], None).ok();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
