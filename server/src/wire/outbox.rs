//! What goes to one client, and how its connection is to end: written to its socket at once where
//! there is one that takes it, otherwise kept in a queue with bounds.
//!
//! A room or a session pushes and never waits. What the socket does not take is written by the
//! connection's own task, in order; without a socket, a transport drains the queue and carries away
//! what it takes. Full means that the client reads too slowly: what waits is dropped and the
//! connection is closed with 4008, after which the client comes back and resumes from the log. One
//! slow reader costs its neighbours nothing.
//!
//! Everything that goes to the socket goes through here, under one lock that is held for no longer
//! than a system call that does not block: so frames never mix.

mod answers;
mod queue;
mod writer;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use chat_protocol::{CloseCode, Closing};
use tokio::sync::Notify;

use crate::wire::format::Format;
use crate::wire::outgoing::{self, Chunk, Outgoing};
pub use answers::Asked;
use answers::Awaited;
pub use queue::Taken;
pub use writer::{SocketWriter, Written};

/// Events that may wait.
const EVENTS: usize = 1024;
/// Bytes that may wait.
const BYTES: usize = 1024 * 1024;
/// Bytes that may wait before its connection stops reading: answers to what a client asks in one go
/// must not close it, so it is asked to read some first. The largest answer (200 entries of
/// history, about 600 KiB) still fits on top.
const READ_BYTES: usize = BYTES / 4;
/// Pieces that one system call writes at most.
const PIECES: usize = 64;

/// Frames in a row, or what of them is not written yet.
struct Waiting {
    frames: Bytes,
    events: usize,
    is_pong: bool,
}

/// What is not as it is most of the time, when nothing waits and nobody wants the connection to end.
#[derive(Default)]
struct Backlog {
    queue: VecDeque<Waiting>,
    /// Of the first in the queue a part is written: the rest has to follow, whatever happens.
    is_begun: bool,
    bytes: usize,
    events: usize,
    /// The writer has taken what it could not pass on: it has to be flushed before it is given more.
    has_unflushed: bool,
    closing: Option<Closing>,
    /// Which of the client's events are to be told what answers them.
    awaited: Awaited,
}

struct State {
    /// `None` once the connection has ended, and where a transport drains the queue.
    writer: Option<Arc<dyn SocketWriter>>,
    /// `None` where it would be empty.
    backlog: Option<Box<Backlog>>,
}

/// All that a delivery looks at is in one piece of memory that the processor fetches at once: in a
/// large room each member's has to come from far away.
#[repr(align(64))]
struct Shared {
    state: Mutex<State>,
    /// For the connection: something waits where nothing did, or it is to end.
    changed: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no holder of an outbox's lock panics")
    }
}

/// The end that is pushed to. Cloning it gives another handle to the same queue.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
    format: Format,
}

/// The connection's end, which flushes what waits to the socket, or takes it out where there is none.
/// Once it is dropped, nothing is written any more.
pub struct OutboxReader {
    shared: Arc<Shared>,
}

/// What became of what waited.
#[derive(Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Nothing waits, here or in the writer; whether something did.
    Empty(bool),
    /// The socket takes no more now; whether it took something. To be flushed again once it does.
    Blocked(bool),
    /// The client reads too slowly: the connection is to end so without waiting for it.
    Overflowed(Closing),
    /// Nothing waits any more, here or in the writer, and the connection is to end so.
    Closed(Closing),
    /// The socket is broken, or there is none.
    Broken,
}

/// An empty outbox of a client that speaks `format`, in front of its socket. Without one, everything
/// waits to be taken out of [`OutboxReader`].
pub fn outbox(format: Format, writer: Option<Arc<dyn SocketWriter>>) -> (Outbox, OutboxReader) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            writer,
            backlog: None,
        }),
        changed: Notify::new(),
    });
    let outbox = Outbox {
        shared: Arc::clone(&shared),
        format,
    };
    (outbox, OutboxReader { shared })
}

impl Outbox {
    /// What the client speaks.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The same queue for a client that entered a room and asked for capabilities, or for none.
    pub fn of_member(&self, has_asked: bool) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            format: self.format.of_member(has_asked),
        }
    }

    /// Gives the client an event. After a close, and in one that is over its bounds, it is dropped.
    pub fn push(&self, outgoing: &Outgoing) {
        self.give(outgoing.frame(self.format), std::iter::once(outgoing), 1);
    }

    /// Gives the client several events at once, which others are given as well.
    pub fn push_all(&self, chunk: &Chunk) {
        self.give(chunk.frames(self.format), chunk.iter(), chunk.events());
    }

    /// Gives the client several events at once, in a row that is its own.
    pub fn push_row<'a>(&self, events: impl ExactSizeIterator<Item = &'a Outgoing> + Clone) {
        let count = events.len();
        if count > 0 {
            let frames = outgoing::join(events.clone(), self.format);
            self.give(&frames, events, count);
        }
    }

    /// Gives the client something of its transport's own, already framed.
    pub fn push_control(&self, frame: &[u8]) {
        let frame = Bytes::copy_from_slice(frame);
        self.give_to(self.shared.lock(), &frame, 1, false);
    }

    /// Gives the client its transport's answer to a ping. Where an answer to an earlier one still
    /// waits, this one goes in its place: a client that only ever asks makes nothing grow.
    pub fn push_pong(&self, frame: &Bytes) {
        let mut state = self.shared.lock();
        let waits = state.backlog.as_deref_mut();
        if waits.is_some_and(|backlog| backlog.replace_pong(frame)) {
            return;
        }
        self.give_to(state, frame, 1, true);
    }

    /// Whether it is as it should be; looked at without waiting for anybody, and without a write to
    /// memory, so that a processor may fetch many at once.
    pub fn prefetch(&self) -> bool {
        !self.shared.state.is_poisoned()
    }

    fn give<'a>(&self, frames: &Bytes, events: impl Iterator<Item = &'a Outgoing>, count: usize) {
        let mut state = self.shared.lock();
        let answered = state
            .backlog
            .as_mut()
            .and_then(|backlog| backlog.answer(frames, events));
        let frames = answered.as_ref().unwrap_or(frames);
        if !frames.is_empty() {
            self.give_to(state, frames, count, false);
        }
    }

    /// Tells the client what answers an event of its, beside the event that does. For formats that have
    /// such answers.
    pub fn answer(&self, asked: Asked) {
        let mut state = self.shared.lock();
        if let Some(said) = state.backlog.get_or_insert_default().awaited.add(asked) {
            self.give_to(state, &said, 1, false);
        }
    }

    /// Tells the client that nothing answered the event with this number, where it has not been told
    /// what did.
    pub fn nothing_answers(&self, id: u64) {
        let mut state = self.shared.lock();
        let backlog = state.backlog.as_mut();
        if let Some(said) = backlog.and_then(|backlog| backlog.awaited.give_up(id)) {
            self.give_to(state, &said, 1, false);
        }
    }

    fn give_to(
        &self,
        mut state: MutexGuard<'_, State>,
        frames: &Bytes,
        events: usize,
        is_pong: bool,
    ) {
        let Written { bytes, is_flushed } = match &state.backlog {
            Some(backlog) if backlog.is_in_the_way() => Written::flushed(0),
            _ => state.write_at_once(frames),
        };
        let is_taken = bytes == frames.len();
        if is_taken && is_flushed {
            return;
        }
        let backlog = state.backlog.get_or_insert_default();
        backlog.has_unflushed |= !is_flushed;
        let has_news = is_taken || {
            let rest = Waiting {
                frames: frames.slice(bytes..),
                events,
                is_pong: is_pong && bytes == 0,
            };
            backlog.keep(rest, bytes > 0)
        };
        drop(state);
        if has_news {
            self.shared.changed.notify_one();
        }
    }

    /// Ends the connection once what waits is written. The first close counts.
    pub fn close(&self, code: CloseCode, reason: &'static str) {
        let mut state = self.shared.lock();
        let backlog = state.backlog.get_or_insert_default();
        backlog.closing.get_or_insert(Closing { code, reason });
        drop(state);
        self.shared.changed.notify_one();
    }
}

impl State {
    /// What of `frames` the socket takes now. Of a broken one the connection's task hears when it
    /// tries.
    fn write_at_once(&self, frames: &[u8]) -> Written {
        let writer = self.writer.as_ref();
        let written = writer.map(|writer| writer.write_at_once(frames));
        written.and_then(Result::ok).unwrap_or(Written::flushed(0))
    }

    fn closing(&self) -> Option<&Closing> {
        self.backlog.as_ref()?.closing.as_ref()
    }
}

impl Backlog {
    /// Whether nothing may be written past it.
    fn is_in_the_way(&self) -> bool {
        self.is_waiting() || self.closing.is_some()
    }

    /// Whether there is nothing in it.
    fn is_empty(&self) -> bool {
        !self.is_in_the_way() && self.awaited.is_empty()
    }

    /// `frames`, which are those of `events`, and behind them what is said in answer, where they answer
    /// something.
    fn answer<'a>(
        &mut self,
        frames: &Bytes,
        events: impl Iterator<Item = &'a Outgoing>,
    ) -> Option<Bytes> {
        if self.awaited.is_empty() {
            return None;
        }
        let said: Vec<Bytes> = events
            .filter_map(|event| self.awaited.take(event.event()))
            .collect();
        let is_answered = !said.is_empty();
        is_answered.then(|| {
            [std::slice::from_ref(frames), said.as_slice()]
                .concat()
                .concat()
                .into()
        })
    }

    /// Lets what the socket did not take wait, as far as the bounds allow; whether the connection has
    /// to hear of it.
    fn keep(&mut self, rest: Waiting, is_begun: bool) -> bool {
        if self.closing.is_some() {
            return false;
        }
        let was_idle = self.queue.is_empty();
        let (events, bytes) = (self.events + rest.events, self.bytes + rest.frames.len());
        let is_too_much = events > EVENTS || bytes > BYTES;
        if !is_too_much || is_begun {
            self.wait(rest);
            self.is_begun |= is_begun;
        }
        if is_too_much {
            self.overflow();
        }
        // Where something waited already, the connection's task is at it.
        was_idle || is_too_much
    }

    fn wait(&mut self, waiting: Waiting) {
        self.bytes += waiting.frames.len();
        self.events += waiting.events;
        self.queue.push_back(waiting);
    }

    /// Puts `frame` in the place of a pong of which nothing is written; whether one waits.
    fn replace_pong(&mut self, frame: &Bytes) -> bool {
        let mut waiting = self.queue.iter_mut().skip(usize::from(self.is_begun));
        let Some(pong) = waiting.find(|waiting| waiting.is_pong) else {
            return false;
        };
        self.bytes = self.bytes - pong.frames.len() + frame.len();
        pong.frames = frame.clone();
        true
    }

    /// Drops what waits, but for the rest of what is begun: a frame behind half a frame would not be
    /// read as one.
    fn overflow(&mut self) {
        self.queue.truncate(usize::from(self.is_begun));
        self.queue.shrink_to_fit();
        self.bytes = self.queue.iter().map(|waiting| waiting.frames.len()).sum();
        self.events = self.queue.iter().map(|waiting| waiting.events).sum();
        self.closing = Some(Closing {
            code: CloseCode::SlowReader,
            reason: "reads too slowly",
        });
    }

    /// Whether something waits, here or in the writer.
    fn is_waiting(&self) -> bool {
        self.has_unflushed || !self.queue.is_empty()
    }

    /// One system call for what waits, in the writer first. False where the socket is broken.
    fn write(&mut self, writer: &dyn SocketWriter) -> io::Result<bool> {
        if self.has_unflushed {
            let Written { bytes, is_flushed } = writer.try_flush()?;
            self.has_unflushed = !is_flushed;
            return Ok(is_flushed || bytes > 0);
        }
        let pieces = self.queue.iter().take(PIECES);
        let pieces: Vec<_> = pieces.map(|first| IoSlice::new(&first.frames)).collect();
        let Written { bytes, is_flushed } = writer.try_write(&pieces)?;
        self.has_unflushed = !is_flushed;
        self.written(bytes);
        Ok(bytes > 0)
    }

    /// Takes what was written out of the queue.
    fn written(&mut self, mut bytes: usize) {
        self.bytes -= bytes;
        while let Some(first) = self.queue.front_mut() {
            if bytes < first.frames.len() {
                let _ = first.frames.split_to(bytes);
                self.is_begun |= bytes > 0;
                return;
            }
            bytes -= first.frames.len();
            self.events -= first.events;
            self.queue.pop_front();
            self.is_begun = false;
        }
    }

    fn blocked(&self, has_written: bool) -> Flushed {
        match &self.closing {
            Some(closing) if closing.code == CloseCode::SlowReader => {
                Flushed::Overflowed(closing.clone())
            }
            _ => Flushed::Blocked(has_written),
        }
    }
}

impl OutboxReader {
    /// Writes what waits, as far as the socket takes it now.
    pub fn flush(&mut self) -> Flushed {
        let mut state = self.shared.lock();
        let State {
            writer, backlog, ..
        } = &mut *state;
        let Some(writer) = writer else {
            return Flushed::Broken;
        };
        let Some(waiting) = backlog else {
            return Flushed::Empty(false);
        };
        let mut has_written = false;
        while waiting.is_waiting() {
            match waiting.write(&**writer) {
                Ok(true) => has_written = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return waiting.blocked(has_written);
                }
                Ok(false) | Err(_) => return Flushed::Broken,
            }
        }
        if let Some(closing) = &waiting.closing {
            return Flushed::Closed(closing.clone());
        }
        backlog.take_if(|backlog| backlog.is_empty());
        Flushed::Empty(has_written)
    }

    /// From here on what waits, and what comes, is written to `writer`.
    pub fn write_to(&self, writer: Arc<dyn SocketWriter>) {
        self.shared.lock().writer = Some(writer);
    }

    /// Waits until something waits where nothing did, or the connection is to end. Dropping the
    /// future loses nothing.
    pub async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    /// Whether so little waits that the connection may take the client's next frame.
    pub fn has_room(&self) -> bool {
        let state = self.shared.lock();
        let waiting = state.backlog.as_ref().map_or(0, |backlog| backlog.bytes);
        waiting < READ_BYTES
    }

    /// How the connection is to end, once that is known.
    pub fn closing(&self) -> Option<Closing> {
        self.shared.lock().closing().cloned()
    }

    /// Lets `frame` be the last, behind what waits: a close frame, which no bound keeps out.
    pub fn end_with(&mut self, frame: Bytes) {
        let mut state = self.shared.lock();
        state.backlog.get_or_insert_default().wait(Waiting {
            frames: frame,
            events: 1,
            is_pong: false,
        });
    }
}

impl Drop for OutboxReader {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        // Whoever still pushes must not keep the socket open, nor gather what nobody writes.
        state.writer = None;
        let backlog = state.backlog.get_or_insert_default();
        backlog.queue = VecDeque::new();
        backlog.closing.get_or_insert(Closing {
            code: CloseCode::GoingAway,
            reason: "the connection has ended",
        });
    }
}

#[cfg(test)]
pub(crate) mod tests;
