//! Reads the terminal, on a thread of its own: a read of a terminal blocks, and one that does not
//! would change it for the shell as well. Owns that thread and the parser's clock.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{sleep_until, timeout_at};

use super::decoder::Decoder;
use super::{Input, Reply};

/// Reads that wait; full, the terminal keeps what follows.
const READS: usize = 16;
/// Bytes of a read: what a terminal keeps.
const BYTES: usize = 4096;
/// How long a lone ESC waits for the rest of an Alt key; and over a network, which may part them.
const ESCAPE: Duration = Duration::from_millis(50);
const ESCAPE_REMOTE: Duration = Duration::from_millis(150);
/// Inputs in a row, after which others have their turn: signals among them.
const TURN: usize = 16;
/// Reads in a row that bring nothing, without a pause of the sender: the terminal has ended.
const EMPTY_READS: usize = 20;

type Read = io::Result<(Vec<u8>, Instant)>;

/// The terminal's input.
pub(crate) struct Keyboard {
    reads: mpsc::Receiver<Read>,
    decoder: Decoder,
    ready: VecDeque<Input>,
    taken: usize,
    started: Instant,
}

impl Keyboard {
    /// Begins to read standard input.
    pub(crate) fn open() -> Self {
        let started = Instant::now();
        let (sender, reads) = mpsc::channel(READS);
        // Ends with the program: nothing ends a blocked read.
        thread::spawn(move || read_all(&sender));
        let remote = ["SSH_TTY", "SSH_CONNECTION"];
        let is_remote = remote.iter().any(|name| std::env::var_os(name).is_some());
        Self {
            reads,
            decoder: Decoder::new(if is_remote { ESCAPE_REMOTE } else { ESCAPE }),
            ready: VecDeque::new(),
            taken: 0,
            started,
        }
    }

    /// What comes next; `None` where the terminal has gone. Nothing is lost where this is dropped.
    pub(crate) async fn next(&mut self) -> Option<io::Result<Input>> {
        loop {
            if self.taken >= TURN {
                self.taken = 0;
                yield_now().await;
            }
            if let Some(input) = self.ready.pop_front() {
                self.taken += 1;
                return Some(Ok(input));
            }
            let wake_at = self.decoder.wake_at().map(|at| self.started + at);
            let inputs = tokio::select! {
                read = self.reads.recv() => match read? {
                    Ok((bytes, at)) => self.decoder.take(&bytes, at - self.started),
                    Err(error) => return Some(Err(error)),
                },
                () = until(wake_at) => self.decoder.wake(self.started.elapsed()),
            };
            self.ready.extend(inputs);
        }
    }

    /// Waits for so many answers of the terminal, until that moment at most, so that no shell takes them
    /// for input. Keys that come meanwhile come next.
    pub(crate) async fn drain(&mut self, awaited: Option<(usize, Instant)>) {
        let Some((mut count, until)) = awaited else {
            return;
        };
        let mut kept = Vec::new();
        let answered = async {
            while count > 0 {
                match self.next().await {
                    Some(Ok(Input::Reply(Reply::Attributes | Reply::Ready))) => count -= 1,
                    Some(Ok(input)) => kept.push(input),
                    Some(Err(_)) | None => return,
                }
            }
        };
        // A terminal that does not answer by then is left as it is.
        timeout_at(until.into(), answered).await.ok();
        for input in kept.into_iter().rev() {
            self.ready.push_front(input);
        }
    }
}

fn read_all(sender: &mpsc::Sender<Read>) {
    let input = io::stdin();
    let mut bytes = vec![0; BYTES];
    let mut empty = 0;
    while empty < EMPTY_READS {
        let read = match rustix::io::read(input.as_fd(), &mut bytes) {
            Ok(0) => {
                empty += 1;
                if has_gone() {
                    return;
                }
                // Somebody changed the terminal's mode.
                thread::sleep(ESCAPE);
                continue;
            }
            Ok(count) => Ok((bytes[..count].to_vec(), Instant::now())),
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => {
                // Somebody made it non-blocking.
                poll(&mut [PollFd::new(&input, PollFlags::IN)], None).ok();
                continue;
            }
            // What a terminal says whose other end is closed.
            Err(Errno::IO) => return,
            Err(error) => Err(io::Error::from(error)),
        };
        empty = 0;
        let failed = read.is_err();
        // Without a receiver the program is ending.
        if sender.blocking_send(read).is_err() || failed {
            return;
        }
    }
}

fn has_gone() -> bool {
    let input = io::stdin();
    let mut polled = [PollFd::new(&input, PollFlags::empty())];
    let zero = rustix::event::Timespec::default();
    poll(&mut polled, Some(&zero)).is_err()
        || polled[0]
            .revents()
            .intersects(PollFlags::HUP | PollFlags::ERR)
        || !input.is_terminal()
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
