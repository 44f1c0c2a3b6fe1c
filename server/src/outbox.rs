//! What waits to be written to one client: a queue with bounds, and how its connection is to end.
//!
//! A room or a session pushes and never waits; the connection drains. Full means that the client
//! reads too slowly: what waits is dropped and the connection is closed with 4008, after which the
//! client comes back and resumes from the log. One slow reader costs its neighbours nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use chat_protocol::CloseCode;
use tokio::sync::Notify;

use crate::outgoing::Outgoing;

/// Events that may wait.
const EVENTS: usize = 1024;
/// Bytes that may wait.
const BYTES: usize = 1024 * 1024;
/// Bytes that one drain takes at most (more only if a single event is larger): what is drained is
/// not counted any more, so it has to be little.
const DRAIN_BYTES: usize = 64 * 1024;

/// Bytes that may wait before its connection stops reading: answers to what a client asks in one go
/// must not close it, so it is asked to read some first. The largest answer (200 entries of
/// history, about 600 KiB) still fits on top.
const READ_BYTES: usize = BYTES / 4;

/// How a connection is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The close code.
    pub code: CloseCode,
    /// The reason that the close frame gives.
    pub reason: &'static str,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Outgoing>,
    bytes: usize,
    closing: Option<Closing>,
}

struct Shared {
    state: Mutex<State>,
    /// For a connection that has nothing to write.
    changed: Notify,
    /// For one that is stuck in a write: it need not wake for every event that piles up meanwhile.
    overflowed: Notify,
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
}

/// The end that the connection drains.
pub struct OutboxReader {
    shared: Arc<Shared>,
}

/// What a drain found.
#[derive(Debug, PartialEq, Eq)]
pub enum Drained {
    /// Events were moved to the batch.
    Events,
    /// Nothing is left, and the connection is to end so.
    Closed(Closing),
}

/// An empty outbox.
pub fn outbox() -> (Outbox, OutboxReader) {
    let shared = Arc::new(Shared {
        state: Mutex::default(),
        changed: Notify::new(),
        overflowed: Notify::new(),
    });
    let outbox = Outbox {
        shared: Arc::clone(&shared),
    };
    (outbox, OutboxReader { shared })
}

impl Outbox {
    /// Lets `outgoing` wait for the connection. After a close, and in one that is over its bounds,
    /// it is dropped.
    pub fn push(&self, outgoing: Outgoing) {
        let mut state = self.shared.lock();
        if state.closing.is_some() {
            return;
        }
        if state.queue.len() >= EVENTS || state.bytes + outgoing.bytes() > BYTES {
            state.queue = VecDeque::new();
            state.bytes = 0;
            state.closing = Some(Closing {
                code: CloseCode::SlowReader,
                reason: "reads too slowly",
            });
            self.shared.overflowed.notify_one();
        } else {
            state.bytes += outgoing.bytes();
            state.queue.push_back(outgoing);
        }
        drop(state);
        self.shared.changed.notify_one();
    }

    /// Ends the connection once what waits is written. The first close counts.
    pub fn close(&self, code: CloseCode, reason: &'static str) {
        let mut state = self.shared.lock();
        if state.closing.is_none() {
            state.closing = Some(Closing { code, reason });
        }
        drop(state);
        self.shared.changed.notify_one();
    }
}

impl OutboxReader {
    /// Waits until there is something to write or the connection is to end, and moves what waits
    /// (64 KiB at a time) to `batch`. Dropping the future loses nothing.
    pub async fn drain(&mut self, batch: &mut Vec<Outgoing>) -> Drained {
        loop {
            if let Some(drained) = self.try_drain(batch) {
                return drained;
            }
            self.shared.changed.notified().await;
        }
    }

    /// Whether so little waits that the connection may take the client's next frame.
    pub fn has_room(&self) -> bool {
        self.shared.lock().bytes < READ_BYTES
    }

    /// Waits until the client is known to read too slowly. Pending for ever otherwise: this is for
    /// a connection that is stuck in a write.
    pub async fn overflowed(&self) -> Closing {
        loop {
            match &self.shared.lock().closing {
                Some(closing) if closing.code == CloseCode::SlowReader => return closing.clone(),
                _ => {}
            }
            self.shared.overflowed.notified().await;
        }
    }

    fn try_drain(&mut self, batch: &mut Vec<Outgoing>) -> Option<Drained> {
        let mut state = self.shared.lock();
        if state.queue.is_empty() {
            return state.closing.clone().map(Drained::Closed);
        }
        let mut taken = 0;
        while let Some(next) = state.queue.front() {
            let bytes = next.bytes();
            if taken > 0 && taken + bytes > DRAIN_BYTES {
                break;
            }
            taken += bytes;
            batch.extend(state.queue.pop_front());
        }
        state.bytes -= taken;
        if state.queue.is_empty() {
            // A burst must not keep its memory for as long as the connection lives.
            state.queue.shrink_to(16);
        }
        Some(Drained::Events)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chat_protocol::{ClientError, Code, Pong, ServerEvent};

    use super::*;

    fn event(time: u64) -> Outgoing {
        Outgoing::new(&ServerEvent::Pong(Pong { time }))
    }

    async fn drain_all(reader: &mut OutboxReader) -> (Vec<Outgoing>, Closing) {
        let mut events = Vec::new();
        loop {
            if let Drained::Closed(closing) = reader.drain(&mut events).await {
                return (events, closing);
            }
        }
    }

    #[tokio::test]
    async fn what_waits_is_written_before_a_close_and_nothing_after_it() {
        let (outbox, mut reader) = outbox();
        outbox.push(event(1));
        outbox.push(event(2));
        outbox.close(CloseCode::Normal, "bye");
        outbox.close(CloseCode::GoingAway, "later");
        outbox.push(event(3));
        let (events, closing) = drain_all(&mut reader).await;
        assert_eq!(events, [event(1), event(2)]);
        assert_eq!(closing.code, CloseCode::Normal);
    }

    #[tokio::test]
    async fn too_many_events_close_a_slow_reader() {
        let (outbox, mut reader) = outbox();
        for time in 0..=EVENTS as u64 {
            outbox.push(event(time));
        }
        assert_eq!(reader.overflowed().await.code, CloseCode::SlowReader);
        let (events, closing) = drain_all(&mut reader).await;
        assert_eq!(events, []);
        assert_eq!(closing.code, CloseCode::SlowReader);
    }

    #[tokio::test]
    async fn too_many_bytes_close_a_slow_reader() {
        let (outbox, mut reader) = outbox();
        let large = Outgoing::new(&ServerEvent::Cerror(ClientError {
            code: Code::Syntax,
            message: "x".repeat(BYTES / 5),
            event: None,
            nonce: None,
            retry_after: None,
        }));
        assert!(reader.has_room());
        for _ in 0..4 {
            outbox.push(large.clone());
        }
        assert!(!reader.has_room());
        let mut batch = Vec::new();
        assert_eq!(reader.drain(&mut batch).await, Drained::Events);
        assert_eq!(batch.len(), 1, "one drain takes little");
        outbox.push(large.clone());
        outbox.push(large);
        assert_eq!(reader.overflowed().await.code, CloseCode::SlowReader);
    }

    #[tokio::test]
    async fn a_stuck_connection_is_woken_by_an_overflow() {
        let (outbox, reader) = outbox();
        let stuck = tokio::spawn(async move { reader.overflowed().await });
        for time in 0..EVENTS as u64 {
            outbox.push(event(time));
            tokio::task::yield_now().await;
        }
        assert!(!stuck.is_finished());
        outbox.push(event(0));
        let woken = tokio::time::timeout(Duration::from_secs(20), stuck).await;
        assert_eq!(woken.unwrap().unwrap().code, CloseCode::SlowReader);
    }

    #[tokio::test]
    async fn a_waiting_reader_is_woken() {
        let (outbox, mut reader) = outbox();
        let waiting = tokio::spawn(async move {
            let mut batch = Vec::new();
            reader.drain(&mut batch).await;
            batch
        });
        outbox.push(event(1));
        assert_eq!(waiting.await.unwrap(), [event(1)]);
    }
}
