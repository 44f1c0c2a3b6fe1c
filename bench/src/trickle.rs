//! Members of a room who get a steady trickle of messages: the people whose comfort is measured
//! while something else happens to the server.
//!
//! One writer sends at a fixed rate, whatever the answers (an open loop); every member's delivery
//! is measured from the moment of sending, and counted for the phase in which it was sent.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat_protocol::RoomName;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::accounts::Logins;
use crate::check::{Checker, Findings};
use crate::client::{Client, ClientError, Incoming, PATIENCE, Posted};
use crate::clock;
use crate::measure::Latencies;
use crate::stamp::Stamp;
use crate::worker::{Worker, finished};

/// The number of the trickle's writer in its stamps.
const WRITER: u64 = 0;

/// What trickles, and where.
#[derive(Clone, Debug)]
pub(crate) struct TrickleSettings {
    /// The server.
    pub(crate) address: SocketAddr,
    /// The room.
    pub(crate) room: RoomName,
    /// Members whose deliveries are measured, the writer not among them; with none, nothing
    /// trickles.
    pub(crate) members: usize,
    /// Messages a second.
    pub(crate) rate: f64,
    /// Bytes of content.
    pub(crate) content: usize,
}

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU64,
    deliveries: Mutex<Vec<Latencies>>,
    lag: Mutex<Latencies>,
}

/// What the room held in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Open,
    /// The room's last message is at this position.
    At(u64),
}

/// A running trickle.
#[derive(Debug)]
pub(crate) struct Trickle {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    end: watch::Sender<End>,
    writer: JoinHandle<Result<(u64, Findings), ClientError>>,
    members: Vec<JoinHandle<Result<Findings, ClientError>>>,
}

/// What a trickle was like.
#[derive(Debug)]
pub(crate) struct Trickled {
    phases: Vec<Latencies>,
    /// How late the writer's own clock was: delay of this program, not of the server.
    pub(crate) lag: Latencies,
    /// What was wrong.
    pub(crate) findings: Findings,
    /// The position of the room's last message.
    pub(crate) last: u64,
}

impl Trickle {
    /// Lets the members in, and begins with phase 0.
    pub(crate) async fn start(
        worker: &Worker,
        settings: TrickleSettings,
        logins: &Logins,
    ) -> Result<Self, ClientError> {
        let joining = join(settings.clone(), logins.clone());
        let (writer, clients) = finished(worker.spawn(joining), PATIENCE).await?;
        let shared = Arc::<Shared>::default();
        let (stop, stopped) = watch::channel(false);
        let (end, ended) = watch::channel(End::Open);
        let members = clients
            .into_iter()
            .map(|client| worker.spawn(follow(client, Arc::clone(&shared), ended.clone())))
            .collect();
        let writer = worker.spawn(write(writer, Arc::clone(&shared), settings, stopped));
        Ok(Self {
            shared,
            stop,
            end,
            writer,
            members,
        })
    }

    /// What is sent from now on counts for `phase`.
    pub(crate) fn enter_phase(&self, phase: u64) {
        self.shared.phase.store(phase, Ordering::Relaxed);
    }

    /// Lets the writer stop, and every member receive all that was sent.
    pub(crate) async fn finish(self) -> Result<Trickled, ClientError> {
        // Nobody to tell: the writer has broken down, which its result says.
        let _ = self.stop.send(true);
        let (last, mut findings) = finished(self.writer, PATIENCE).await?;
        let _ = self.end.send(End::At(last));
        for member in self.members {
            findings += finished(member, PATIENCE).await?;
        }
        Ok(Trickled {
            phases: held(&self.shared.deliveries),
            lag: held(&self.shared.lag),
            findings,
            last,
        })
    }
}

fn held<T: Clone>(mutex: &Mutex<T>) -> T {
    mutex.lock().expect("no holder of this lock panics").clone()
}

impl Trickled {
    /// The deliveries of messages sent in the phases `from` to before `to`.
    pub(crate) fn deliveries(&self, from: u64, to: u64) -> Latencies {
        let mut all = Latencies::default();
        for phase in self.phases(from, to) {
            all.merge(phase);
        }
        all
    }

    /// The 99th percentile of each of the phases `from` to before `to`, in milliseconds.
    pub(crate) fn each_p99(&self, from: u64, to: u64) -> Vec<f64> {
        let each = self.phases(from, to).map(|phase| phase.percentile(99.0));
        each.collect()
    }

    fn phases(&self, from: u64, to: u64) -> impl Iterator<Item = &Latencies> {
        let count = usize::try_from(to.saturating_sub(from)).unwrap_or(0);
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        self.phases.iter().skip(from).take(count)
    }
}

async fn join(
    settings: TrickleSettings,
    logins: Logins,
) -> Result<(Client, Vec<Client>), ClientError> {
    let mut clients = Vec::with_capacity(settings.members);
    for number in 0..=settings.members {
        let mut client = Client::connect(settings.address, None).await?;
        let login = logins.of(number);
        client.enter(login, &settings.room, None, PATIENCE).await?;
        clients.push(client);
    }
    let writer = clients.pop().ok_or(ClientError::Late("writer"))?;
    Ok((writer, clients))
}

/// Sends at the settings' rate until told to stop; then waits for its own. Gives the position of
/// the last, and what was wrong with what came back.
async fn write(
    mut client: Client,
    shared: Arc<Shared>,
    settings: TrickleSettings,
    mut stop: watch::Receiver<bool>,
) -> Result<(u64, Findings), ClientError> {
    let mut checker = Checker::from_start();
    let mut ticks = interval(Duration::from_secs_f64(1.0 / settings.rate));
    let (mut count, mut returned) = (0, 0);
    let mut is_stopping = false;
    // Where nobody listens, nothing is said.
    let has_listeners = settings.members > 0;
    while !is_stopping || returned < count {
        tokio::select! {
            due = ticks.tick(), if has_listeners && !is_stopping => {
                note_lag(&shared, due);
                count += 1;
                let stamp = Stamp {
                    writer: WRITER,
                    count,
                    phase: shared.phase.load(Ordering::Relaxed),
                    sent: clock::nanos(),
                };
                client.post(&stamp, settings.content).await?;
                client.flush().await?;
            }
            incoming = client.next() => {
                if let Incoming::Message(posted) = incoming? {
                    see(&mut checker, posted);
                    returned += u64::from(posted.stamp.is_some_and(|stamp| stamp.writer == WRITER));
                }
            }
            _ = stop.changed(), if !is_stopping => is_stopping = true,
        }
    }
    let last = checker.newest();
    Ok((last, checker.finish(last)))
}

/// Before the first phase, members may still come in: that is not measured.
fn note_lag(shared: &Shared, due: Instant) {
    if shared.phase.load(Ordering::Relaxed) > 0
        && let Ok(mut lag) = shared.lag.lock()
    {
        lag.record(due.elapsed());
    }
}

/// Receives until the room's end, and measures.
async fn follow(
    mut client: Client,
    shared: Arc<Shared>,
    mut end: watch::Receiver<End>,
) -> Result<Findings, ClientError> {
    let mut checker = Checker::from_start();
    loop {
        let now = *end.borrow_and_update();
        if let End::At(last) = now
            && checker.newest() >= last
        {
            return Ok(checker.finish(last));
        }
        tokio::select! {
            incoming = client.next() => {
                if let Incoming::Message(posted) = incoming? {
                    take(&mut checker, &shared, posted);
                }
            }
            _ = end.changed(), if now == End::Open => {}
        }
    }
}

fn see(checker: &mut Checker, posted: Posted) {
    let (writer, count) = posted.origin();
    checker.observe(posted.seq, writer, count);
}

fn take(checker: &mut Checker, shared: &Shared, posted: Posted) {
    see(checker, posted);
    let Some(stamp) = posted.stamp else {
        return;
    };
    if let (Ok(mut deliveries), Ok(phase)) =
        (shared.deliveries.lock(), usize::try_from(stamp.phase))
    {
        if deliveries.len() <= phase {
            deliveries.resize_with(phase + 1, Latencies::default);
        }
        deliveries[phase].record(clock::since(stamp.sent));
    }
}
