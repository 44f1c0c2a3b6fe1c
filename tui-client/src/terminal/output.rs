//! Writes to the terminal on a thread of its own: one that takes nothing must not keep the program
//! from hearing signals and keys. Owns the way out; must not know what is written.

use std::io;
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

/// Held while something is written, so that nothing comes into the midst of it.
static WHOLE: Mutex<()> = Mutex::new(());
/// How often the terminal was given back. What was handed over before that and not begun is not
/// written any more.
static TIMES: AtomicU64 = AtomicU64::new(0);

/// Bytes, and how often the terminal had been given back when they were handed over.
type Piece = (u64, Vec<u8>);

/// The writing thread. What is handed over is written as a whole, one piece at a time.
pub(super) struct Writer {
    pieces: SyncSender<Piece>,
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
        let sent = self.pieces.try_send((TIMES.load(Ordering::SeqCst), bytes));
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

fn write_pieces(pieces: &Receiver<Piece>, written: &mpsc::Sender<io::Result<()>>) {
    while let Ok((time, bytes)) = pieces.recv() {
        // Without a receiver the program is ending.
        if written.blocking_send(write_all(&bytes, time)).is_err() {
            return;
        }
    }
}

/// Writes `bytes`, behind what is being written, where the terminal takes them within `limit`.
pub(super) fn write_now(bytes: Vec<u8>, limit: Duration) {
    write_at(TIMES.load(Ordering::SeqCst), bytes, limit);
}

/// The same, as the last before the terminal is given back.
pub(super) fn write_last(bytes: &[u8], limit: Duration) {
    let time = TIMES.fetch_add(1, Ordering::SeqCst) + 1;
    write_at(time, bytes.to_vec(), limit);
}

fn write_at(time: u64, bytes: Vec<u8>, limit: Duration) {
    let (sender, done) = sync_channel(1);
    thread::spawn(move || {
        // A terminal that is gone is heard of by whoever reads it.
        write_all(&bytes, time).ok();
        sender.send(()).ok();
    });
    done.recv_timeout(limit).ok();
}

fn write_all(mut bytes: &[u8], time: u64) -> io::Result<()> {
    let _whole = WHOLE.lock().unwrap_or_else(|error| error.into_inner());
    if time != TIMES.load(Ordering::SeqCst) {
        return Ok(());
    }
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
