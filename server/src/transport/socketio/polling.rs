//! Sessions of clients that poll: each request takes what waits, or brings what was said.
//!
//! A session is more than its requests, so it is kept in a table by its id, and a task of its own ends
//! it: once its client is silent for too long, has to go, or is told that it ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use chat_protocol::{ClientEvent, CloseCode};
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::engine::{self, Beat, Engine, Said};
use super::payload::{self, Encoding, Packet};
use super::query::Version;
use super::{BODY_BYTES, no_chance, packets_of};
use crate::limits::ConnectionPermits;
use crate::pulse;
use crate::session::{self, Client, Received};
use crate::stopping::Stopping;
use crate::transport::answer::Answer;
use crate::transport::websocket::Begun;
use crate::transport::{Accepted, Timeouts, TransportContext};
use crate::wire::format::Format;
use crate::wire::format::websocket::text_frames;
use crate::wire::outbox::{Outbox, OutboxReader, Taken, outbox};

/// How long a client may take to fetch how its session ended.
const LAST_POLL: Duration = Duration::from_secs(30);
/// How long a session may be busy with what its client sent before it goes on by WebSocket.
const HANDING_OVER: Duration = Duration::from_secs(10);

/// All sessions that poll, by their ids.
#[derive(Clone, Default)]
pub struct Sessions {
    table: Arc<Mutex<HashMap<String, Arc<Session>>>>,
}

/// What a session does with what its client says.
struct Inbound {
    session: session::Session,
    engine: Engine,
    encoding: Encoding,
}

/// A session that polls.
pub(in crate::transport) struct Session {
    sid: String,
    version: Version,
    /// Taken out once it goes on by WebSocket, or has ended.
    inbound: AsyncMutex<Option<Inbound>>,
    reader: AsyncMutex<Option<OutboxReader>>,
    outbox: Outbox,
    is_member: AtomicBool,
    /// Its client is about to go on by WebSocket: no poll waits.
    is_upgrading: AtomicBool,
    /// Its client was told to stay away.
    has_left: AtomicBool,
    /// A poll is to be answered, whether something waits or not.
    released: Notify,
    last_sign: Mutex<Instant>,
    /// It goes on elsewhere, or is to end.
    over: CancellationToken,
}

/// What came of a poll.
pub(super) enum Polled {
    Packets(Vec<String>),
    Refused,
}

/// What came of what a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Posted {
    Taken,
    Refused,
}

/// Begins a session of `accepted`, whose place becomes the session's: that of the connection is one of
/// its own from here on.
pub(super) fn begin(
    context: &TransportContext,
    version: Version,
    accepted: &mut Accepted,
) -> Result<Answer, Answer> {
    let engine = Engine::new(version).map_err(|_| no_chance())?;
    let client = client_of(context.limits.connection_permits(), accepted)?;
    let (outbox, reader) = outbox(Format::SocketIo, None);
    let greeting = engine.greeting(context.timeouts.into(), true);
    tracing::debug!(peer = %accepted.peer, source = %client.source, "connected");
    let session = Arc::new(Session {
        sid: engine.sid().to_owned(),
        version,
        inbound: AsyncMutex::new(Some(Inbound {
            session: session::Session::begin(Arc::clone(&context.session), outbox.clone(), client),
            engine,
            encoding: Encoding::default(),
        })),
        reader: AsyncMutex::new(Some(reader)),
        outbox,
        is_member: AtomicBool::new(false),
        is_upgrading: AtomicBool::new(false),
        has_left: AtomicBool::new(false),
        released: Notify::new(),
        last_sign: Mutex::new(Instant::now()),
        over: CancellationToken::new(),
    });
    context.socketio.add(Arc::clone(&session));
    let watch = Watch {
        session,
        sessions: context.socketio.clone(),
        timeouts: context.timeouts,
        stopping: context.stopping.clone(),
        cut: context.cut.clone(),
    };
    context.tasks.spawn(watch.run());
    Ok(packets_of(version, &greeting))
}

/// The client of a session that begins with a request.
fn client_of(permits: &ConnectionPermits, accepted: &mut Accepted) -> Result<Client, Answer> {
    let own = permits.take().map_err(|no_permit| {
        let line = no_permit.to_string();
        Answer::plain(http::StatusCode::SERVICE_UNAVAILABLE, line)
    })?;
    let client = &mut accepted.client;
    Ok(Client {
        source: client.source,
        address: client.address,
        permit: std::mem::replace(&mut client.permit, own),
    })
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.table.lock().expect("no holder of the table panics")
    }

    fn add(&self, session: Arc<Session>) {
        self.lock().insert(session.sid.clone(), session);
    }

    /// The session of this id, where its client speaks that version.
    pub(super) fn find(&self, sid: &str, version: Version) -> Option<Arc<Session>> {
        let session = self.lock().get(sid).cloned();
        session.filter(|session| session.version == version && !session.over.is_cancelled())
    }
}

impl Session {
    /// Whether its client is in a room.
    pub(super) fn is_member(&self) -> bool {
        self.is_member.load(Ordering::Relaxed)
    }

    fn sign(&self) {
        *self.signs() = Instant::now();
    }

    fn signs(&self) -> MutexGuard<'_, Instant> {
        self.last_sign.lock().expect("no holder of it panics")
    }

    /// Ends the session: what its client does can't be followed.
    fn break_off(&self) {
        self.outbox
            .close(CloseCode::Protocol, "this is no Engine.IO");
        self.over.cancel();
    }

    /// What waits for the client, once something does. There is one poll at a time.
    pub(super) async fn poll(&self) -> Polled {
        self.sign();
        let Ok(mut reader) = self.reader.try_lock() else {
            self.break_off();
            return Polled::Refused;
        };
        let Some(reader) = &mut *reader else {
            return Polled::Refused;
        };
        let taken = match self.is_upgrading.load(Ordering::SeqCst) {
            true => reader.take(BODY_BYTES),
            false => tokio::select! {
                biased;
                taken = reader.next(BODY_BYTES) => taken,
                () = self.released.notified() => Taken::Nothing,
            },
        };
        match taken {
            Taken::Frames(frames) => Polled::Packets(packets(&frames)),
            Taken::Nothing => Polled::Packets(vec![engine::noop().to_owned()]),
            // By itself: a client that reads both at once would take it for a line that broke, and come
            // back.
            Taken::Closed(closing)
                if !closing.code.may_come_back() && !self.has_left.swap(true, Ordering::SeqCst) =>
            {
                Polled::Packets(vec![engine::LEFT.to_owned()])
            }
            Taken::Closed(_) => {
                self.over.cancel();
                Polled::Packets(vec![engine::CLOSE.to_owned()])
            }
        }
    }

    /// Takes what the client sent. There is one request at a time.
    pub(super) async fn post(&self, is_binary: bool, body: &[u8]) -> Posted {
        self.sign();
        let Ok(mut inbound) = self.inbound.try_lock() else {
            self.break_off();
            return Posted::Refused;
        };
        let Some(inbound) = &mut *inbound else {
            return Posted::Refused;
        };
        let packets = payload::decode(self.version, is_binary, body, &mut inbound.encoding);
        let Ok(packets) = packets else {
            self.break_off();
            return Posted::Refused;
        };
        for packet in packets {
            if inbound.session.is_over() {
                break;
            }
            let said = match packet {
                Packet::Text(text) => inbound.engine.take(&text),
                Packet::Binary => Said::Binary,
            };
            let is_followed = inbound.take(said, &self.outbox).await;
            self.is_member
                .store(inbound.session.is_member(), Ordering::Relaxed);
            match is_followed {
                Followed::On => {}
                Followed::Closed => {
                    self.over.cancel();
                    break;
                }
                Followed::Broken => {
                    self.break_off();
                    return Posted::Refused;
                }
            }
        }
        // The time that the server took is not the client's.
        self.sign();
        Posted::Taken
    }

    /// From here on no poll waits, until the client goes on by WebSocket or does not.
    pub(super) fn set_upgrading(&self, is_upgrading: bool) {
        self.is_upgrading.store(is_upgrading, Ordering::SeqCst);
        if is_upgrading {
            self.released.notify_one();
        }
    }

    /// Takes the session out, to go on elsewhere. `None` where it is over, or too busy.
    pub(super) async fn hand_over(&self) -> Option<(Begun, Engine)> {
        let both = async { (self.inbound.lock().await, self.reader.lock().await) };
        let (mut inbound, mut reader) = timeout(HANDING_OVER, both).await.ok()?;
        if self.over.is_cancelled() {
            return None;
        }
        let (
            Inbound {
                session, engine, ..
            },
            reader,
        ) = (inbound.take()?, reader.take()?);
        self.over.cancel();
        let outbox = self.outbox.clone();
        let begun = Begun {
            session,
            outbox,
            reader,
        };
        Some((begun, engine))
    }
}

/// How a session goes on after a packet.
enum Followed {
    On,
    Closed,
    Broken,
}

impl Inbound {
    async fn take(&mut self, said: Said, outbox: &Outbox) -> Followed {
        let received = match said {
            Said::Event(frame, None) => Received::Frame(frame),
            Said::Event(frame, Some(asked)) => {
                let id = asked.id;
                let has_answer = asked.has_answer(self.session.is_told_of_room());
                outbox.answer(asked);
                self.session.receive(Received::Frame(frame)).await;
                if !has_answer {
                    outbox.nothing_answers(id);
                }
                return Followed::On;
            }
            Said::Leaves => Received::Frame(Ok(ClientEvent::Disconnect.to_frame())),
            Said::Closes => return Followed::Closed,
            Said::Broken => return Followed::Broken,
            Said::Answered(frame) => {
                outbox.push_control(&frame);
                Received::Control
            }
            Said::Pong(frame) => {
                outbox.push_pong(&frame);
                Received::Control
            }
            Said::Nothing => Received::Control,
            Said::Binary => Received::Binary,
        };
        self.session.receive(received).await;
        Followed::On
    }
}

/// The packets in frames of an outbox.
fn packets(frames: &[Bytes]) -> Vec<String> {
    let packets = frames.iter().flat_map(|frames| text_frames(frames));
    packets.map(str::to_owned).collect()
}

/// What sees to a session's end.
struct Watch {
    session: Arc<Session>,
    sessions: Sessions,
    timeouts: Timeouts,
    stopping: Stopping,
    cut: CancellationToken,
}

impl Watch {
    async fn run(self) {
        self.wait().await;
        self.session.over.cancel();
        self.sessions.lock().remove(&self.session.sid);
        let inbound = self.session.inbound.lock().await.take();
        if let Some(Inbound { mut session, .. }) = inbound {
            match self.cut.is_cancelled() {
                true => session.abandon(),
                false => session.end().await,
            }
            // A poll that still waits is answered.
            self.session
                .outbox
                .close(CloseCode::GoingAway, "the session has ended");
            tracing::debug!("disconnected");
        }
    }

    /// Waits until the session is to end.
    async fn wait(&self) {
        let Self {
            session, timeouts, ..
        } = self;
        let Beat { ping, .. } = Beat::from(*timeouts);
        let mut next_ping = Instant::now() + ping;
        let mut pauses = pulse::pauses();
        loop {
            let silent_by = *session.signs() + timeouts.idle;
            let auth_by = match session.inbound.try_lock() {
                Ok(inbound) => inbound
                    .as_ref()
                    .and_then(|inbound| inbound.session.auth_deadline()),
                // It is at what its client sent.
                Err(_) => None,
            };
            let now = Instant::now();
            let seen = pulse::pauses();
            if std::mem::replace(&mut pauses, seen) != seen {
                // The server did not run for a while: the client has all its time anew.
                session.sign();
                if let Ok(mut inbound) = session.inbound.try_lock()
                    && let Some(inbound) = &mut *inbound
                {
                    inbound.session.begin_anew(now);
                }
                continue;
            }
            if now >= silent_by {
                return;
            }
            if auth_by.is_some_and(|by| now >= by) {
                session
                    .outbox
                    .close(CloseCode::AuthTimeout, "no auth in time");
                return self.wait_for_last_poll().await;
            }
            if now >= next_ping {
                next_ping = now + ping;
                self.ping();
            }
            let deadline = auth_by
                .map_or(silent_by, |by| by.min(silent_by))
                .min(next_ping);
            tokio::select! {
                () = sleep_until(deadline) => {}
                () = session.over.cancelled() => return,
                () = self.stopping.begun() => return,
                () = self.cut.cancelled() => return,
            }
        }
    }

    fn ping(&self) {
        if self.session.version == Version::V4 {
            self.session.outbox.push_control(&engine::ping());
        }
    }

    /// The client may still fetch how it ended.
    async fn wait_for_last_poll(&self) {
        // Whoever does not come has lost nothing but the reason.
        timeout(LAST_POLL, self.session.over.cancelled()).await.ok();
    }
}
