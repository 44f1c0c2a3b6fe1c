//! How what is stored reaches the members: in the log's order, each member's share in one write.
//!
//! Owns the members' outboxes, and what waits to share a write: in a large room the messages of a
//! short while do, since a write to a thousand sockets costs a thousand system calls however much
//! is written. A member who is told something else meanwhile gets its share before.

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use chat_protocol::{CloseCode, ServerEvent};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::domain::room::MemberId;
use crate::limits::Allowance;
use crate::wire::format::Format;
use crate::wire::outbox::Outbox;
use crate::wire::outgoing::{Chunk, Outgoing};

/// Members that are written to on the room's own thread, which others wait for meanwhile: about
/// 500 µs. More are written to on threads of their own.
const AT_ONCE: usize = 64;
/// Members for each of several threads, at least.
const PART: usize = 1024;
/// Members whose outboxes are fetched from memory at once.
const TOGETHER: usize = 8;
/// What may wait to share a write, in bytes and events: a fraction of what an outbox holds.
const BATCH_BYTES: usize = 32 * 1024;
const BATCH_EVENTS: usize = 256;

/// How long messages may wait to share a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlushWindow {
    longest: Duration,
    /// Members from whom on messages wait.
    from: usize,
    /// What each member adds to the pause between two writes.
    each: Duration,
}

impl FlushWindow {
    /// Members below whom nothing ever waits.
    const FROM: usize = 50;
    /// Some six to ten times what a write to a member costs: so a busy room writes for a small part of
    /// the time, whatever its size.
    const EACH: Duration = Duration::from_micros(40);

    /// A window of at most `longest`; zero for none.
    pub fn new(longest: Duration) -> Self {
        Self {
            longest,
            from: Self::FROM,
            each: Self::EACH,
        }
    }

    /// The same length for rooms of any size.
    #[cfg(test)]
    pub(crate) fn everywhere(longest: Duration) -> Self {
        Self {
            longest,
            from: 0,
            each: longest,
        }
    }

    /// The pause between two writes to so many members. What comes after a longer one goes at once.
    fn pause(self, members: usize) -> Duration {
        match u32::try_from(members) {
            _ if members < self.from => Duration::ZERO,
            Ok(members) => self.longest.min(self.each.saturating_mul(members)),
            Err(_) => self.longest,
        }
    }
}

/// A member's end: where everything for it goes, and what its messages are measured by.
pub(super) struct MemberConnection {
    pub(super) outbox: Outbox,
    pub(super) allowance: Allowance,
}

/// A member's outbox, in a list that threads share.
type Row = (MemberId, Outbox);

/// What is different for one member in what waits.
#[derive(Default)]
struct Share {
    /// The first so many it has, or must not have.
    given: usize,
    /// Its own copies, by their place in what waits.
    own: HashMap<usize, Outgoing>,
}

/// The members' connections and what waits for them.
pub(super) struct Delivery {
    window: FlushWindow,
    connections: HashMap<MemberId, MemberConnection>,
    /// All outboxes in a row, until somebody comes or goes.
    rows: Option<Arc<[Row]>>,
    waiting: Vec<Outgoing>,
    waiting_bytes: usize,
    /// Which format is counted: what the one who came last speaks.
    format: Format,
    shares: HashMap<MemberId, Share>,
    /// When the last write began.
    began: Option<Instant>,
}

impl Delivery {
    pub(super) fn new(window: FlushWindow) -> Self {
        Self {
            window,
            connections: HashMap::new(),
            rows: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
            format: Format::WebSocketNative,
            shares: HashMap::new(),
            began: None,
        }
    }

    pub(super) fn connection(&self, id: MemberId) -> Option<&MemberConnection> {
        self.connections.get(&id)
    }

    /// Gives a member its connection; what waits is not for it, who read it from the log.
    pub(super) fn enter(&mut self, id: MemberId, connection: MemberConnection) {
        self.rows = None;
        self.format = connection.outbox.format();
        self.connections.insert(id, connection);
        if !self.waiting.is_empty() {
            self.shares.entry(id).or_default().given = self.waiting.len();
        }
    }

    /// Takes a member's connection away, behind what waits for it.
    pub(super) fn leave(&mut self, id: MemberId) -> Option<Outbox> {
        self.catch_up(id);
        self.rows = None;
        self.shares.remove(&id);
        let MemberConnection { outbox, .. } = self.connections.remove(&id)?;
        if self.connections.is_empty() {
            self.forget_waiting();
        }
        Some(outbox)
    }

    /// Ends all connections so, behind what waits for them.
    pub(super) async fn dismiss(&mut self, code: CloseCode, reason: &'static str) {
        self.flush().await;
        self.rows = None;
        for (_, MemberConnection { outbox, .. }) in self.connections.drain() {
            outbox.close(code, reason);
        }
    }

    /// Lets an event wait for everybody; those named get a copy of their own in its place.
    pub(super) fn add(&mut self, event: Outgoing, own: Option<(&[MemberId], &Outgoing)>) {
        if self.connections.is_empty() {
            return;
        }
        let place = self.waiting.len();
        self.waiting_bytes += event.frame(self.format).len();
        self.waiting.push(event);
        let (members, copy) = own.unzip();
        for id in members.unwrap_or_default() {
            if let Some(copy) = copy.filter(|_| self.connections.contains_key(id)) {
                let share = self.shares.entry(*id).or_default();
                share.own.insert(place, copy.clone());
            }
        }
    }

    /// Gives one member an event, behind what waits for it.
    pub(super) fn send(&mut self, id: MemberId, outgoing: &Outgoing) {
        self.catch_up(id);
        if let Some(MemberConnection { outbox, .. }) = self.connections.get(&id) {
            outbox.push(outgoing);
        }
    }

    /// Gives one member an event that it asked for, which counts by its bytes.
    pub(super) fn answer(&mut self, id: MemberId, outgoing: &Outgoing) {
        if let Some(MemberConnection { allowance, outbox }) = self.connections.get(&id) {
            allowance.charge(outgoing.frame(outbox.format()).len());
        }
        self.send(id, outgoing);
    }

    /// Gives the members named an event, behind what waits for everybody.
    pub(super) async fn announce(&mut self, listeners: &[MemberId], event: ServerEvent) {
        if listeners.is_empty() {
            return;
        }
        self.flush().await;
        let outgoing = Outgoing::new(event);
        if listeners.len() <= AT_ONCE {
            listeners.iter().for_each(|id| self.send(*id, &outgoing));
            return;
        }
        let listening: HashSet<&MemberId> = listeners.iter().collect();
        let rows = self.rows().iter();
        let rows = rows.filter(|(id, _)| listening.contains(id));
        let rows: Arc<[Row]> = rows.cloned().collect();
        write(rows, Vec::new(), Chunk::new(&[outgoing])).await;
    }

    /// Until when what comes now has to wait for its write; `None` where it has not.
    pub(super) fn pause(&self) -> Option<Instant> {
        let next = self.began? + self.window.pause(self.connections.len());
        (next > Instant::now()).then_some(next)
    }

    /// When what waits is to be written; `None` where nothing waits.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.waiting.is_empty() {
            return None;
        }
        let is_much = self.waiting_bytes >= BATCH_BYTES || self.waiting.len() >= BATCH_EVENTS;
        let next = self.pause().filter(|_| !is_much);
        Some(next.unwrap_or_else(Instant::now))
    }

    /// Writes what waits, where it is time.
    pub(super) async fn flush_due(&mut self) {
        if self.due().is_some_and(|due| due <= Instant::now()) {
            self.flush().await;
        }
    }

    /// Writes what waits: to each member what is its share, in one system call where its socket
    /// takes it.
    pub(super) async fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        self.began = Some(Instant::now());
        let mut apart: Vec<MemberId> = self.shares.keys().copied().collect();
        apart.sort_unstable();
        for id in &apart {
            self.catch_up(*id);
        }
        let chunk = Chunk::new(&self.waiting);
        self.forget_waiting();
        let rows = Arc::clone(self.rows());
        write(rows, apart, chunk).await;
    }

    fn forget_waiting(&mut self) {
        self.waiting.clear();
        self.waiting.shrink_to(BATCH_EVENTS);
        self.waiting_bytes = 0;
        self.shares.clear();
    }

    fn rows(&mut self) -> &Arc<[Row]> {
        let connections = &self.connections;
        self.rows.get_or_insert_with(|| {
            let rows = connections.iter();
            let mut rows: Vec<Row> = rows
                .map(|(id, connection)| (*id, connection.outbox.clone()))
                .collect();
            // Who came one behind the other has its things in memory so as well.
            rows.sort_unstable_by_key(|(id, _)| *id);
            rows.into()
        })
    }

    /// Gives a member what waits for it.
    fn catch_up(&mut self, id: MemberId) {
        let count = self.waiting.len();
        if count == 0 {
            return;
        }
        let Some(MemberConnection { outbox, .. }) = self.connections.get(&id) else {
            return;
        };
        let share = self.shares.entry(id).or_default();
        let missing = self.waiting.iter().enumerate().skip(share.given);
        outbox.push_row(missing.map(|(place, event)| match share.own.get(&place) {
            Some(own) => own,
            None => event,
        }));
        share.given = count;
    }
}

/// Writes to all but those apart, who are few and in order.
async fn write(rows: Arc<[Row]>, apart: Vec<MemberId>, chunk: Chunk) {
    if rows.len() <= AT_ONCE {
        return write_part(&rows, &apart, &chunk);
    }
    let threads = tokio::runtime::Handle::current().metrics().num_workers();
    let parts = rows.len().div_ceil(PART).min(threads.max(1));
    let part = rows.len().div_ceil(parts);
    let apart: Arc<[MemberId]> = apart.into();
    let mut writing = JoinSet::new();
    for begin in (0..rows.len()).step_by(part) {
        let (rows, apart, chunk) = (Arc::clone(&rows), Arc::clone(&apart), chunk.clone());
        writing.spawn_blocking(move || {
            let end = rows.len().min(begin + part);
            write_part(&rows[begin..end], &apart, &chunk);
        });
    }
    while let Some(written) = writing.join_next().await {
        if let Err(error) = written {
            tracing::error!(%error, "a part of a room was not written to");
        }
    }
}

fn write_part(rows: &[Row], apart: &[MemberId], chunk: &Chunk) {
    for rows in rows.chunks(TOGETHER) {
        // Their memory is far away, and fetched one by one if each is looked at only on its turn.
        black_box(rows.iter().filter(|(_, outbox)| outbox.prefetch()).count());
        for (id, outbox) in rows {
            if apart.binary_search(id).is_err() {
                outbox.push_all(chunk);
            }
        }
    }
}

#[cfg(test)]
mod tests;
