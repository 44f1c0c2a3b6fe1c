//! One WebSocket connection: hands what comes to a session, writes what its outbox holds. What its texts
//! mean is its dialect's.

mod dialect;
pub(super) mod upgrade;
mod writing;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chat_protocol::{ClientEvent, CloseCode, Closing, Frame, FrameError};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::frames::{self, Broken};
use super::incoming::{Incoming, ReadError};
use super::{Accepted, Timeouts, TransportContext, linger};
use crate::pulse;
use crate::session::{Received, Session};
use crate::stopping::Stopping;
use crate::wire::format::websocket::{close, close_answer};
use crate::wire::outbox::{Asked, Outbox, OutboxReader, SocketWriter, outbox};
pub(super) use dialect::Dialect;
use dialect::Said;
use writing::{write_out, write_rest};

/// How long a close frame may take to be written: a slow reader has to read what is before it.
const CLOSE_PATIENCE: Duration = Duration::from_secs(30);
/// How long a client's last event may take once the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// How often a connection whose login waits is looked at: what a client sent behind it keeps the
/// socket readable, so its end can't be waited for.
const WATCH: Duration = Duration::from_millis(200);

/// How the loop goes on.
enum Next {
    Continue,
    /// End with this close frame.
    Close(Closing),
    /// The peer is gone, or is to be dropped.
    Gone,
    /// The peer closed; this is what the answer has to hold.
    Closed(Vec<u8>),
}

/// A session, and the ends of its outbox.
pub(super) struct Begun {
    pub(super) session: Session,
    pub(super) outbox: Outbox,
    pub(super) reader: OutboxReader,
}

/// Takes an upgraded connection of a client whose session begins with it. `already_read` came with the
/// handshake.
pub(super) fn connect(
    context: &Arc<TransportContext>,
    stream: TcpStream,
    already_read: &[u8],
    accepted: Accepted,
    dialect: Dialect,
) -> Connection {
    let stream = Arc::new(stream);
    let writer = Arc::clone(&stream) as Arc<dyn SocketWriter>;
    let (outbox, reader) = outbox(dialect.format(), Some(writer));
    dialect.greet(context, &outbox);
    // Before any time that it is to say something of: a pause in between counts for all of them.
    let pauses = pulse::pauses();
    let Accepted { peer, client, .. } = accepted;
    tracing::debug!(%peer, source = %client.source, "connected");
    let session = Session::begin(Arc::clone(&context.session), outbox.clone(), client);
    let begun = Begun {
        session,
        outbox,
        reader,
    };
    let incoming = Incoming::new(already_read);
    Connection::new(context, (stream, peer), incoming, begun, dialect, pauses)
}

/// Takes over a session that something else has carried so far.
pub(super) fn take_over(
    context: &Arc<TransportContext>,
    (stream, peer): (Arc<TcpStream>, SocketAddr),
    incoming: Incoming,
    begun: Begun,
    dialect: Dialect,
) -> Connection {
    let pauses = pulse::pauses();
    let writer = Arc::clone(&stream) as Arc<dyn SocketWriter>;
    begun.reader.write_to(writer);
    Connection::new(context, (stream, peer), incoming, begun, dialect, pauses)
}

/// Serves `connection` until it ends. There are many of them, and most have nothing to do most of
/// the time: what is seldom needed is kept out of the memory that each has.
pub(super) async fn serve(mut connection: Connection) {
    let end = connection.run().await;
    Box::pin(connection.end(end)).await;
}

/// An upgraded connection.
pub(super) struct Connection {
    context: Arc<TransportContext>,
    incoming: Incoming,
    stream: Arc<TcpStream>,
    session: Session,
    reader: OutboxReader,
    /// Since when the socket takes nothing, while something waits for it.
    stuck: Option<Instant>,
    next_ping: Instant,
    last_sign: Instant,
    /// Of the server, as far as the deadlines know of them.
    pauses: u64,
    /// Until when what waits may take to be written, once the connection is to end.
    ending_by: Option<Instant>,
    /// False once nothing the client sends counts any more.
    is_reading: bool,
    outbox: Outbox,
    peer: SocketAddr,
    dialect: Dialect,
}

impl Connection {
    fn new(
        context: &Arc<TransportContext>,
        (stream, peer): (Arc<TcpStream>, SocketAddr),
        incoming: Incoming,
        begun: Begun,
        dialect: Dialect,
        pauses: u64,
    ) -> Self {
        let now = Instant::now();
        let Begun {
            session,
            outbox,
            reader,
        } = begun;
        Self {
            session,
            next_ping: now + context.timeouts.ping,
            last_sign: now,
            pauses,
            ending_by: None,
            stuck: None,
            is_reading: true,
            outbox,
            incoming,
            stream,
            reader,
            context: Arc::clone(context),
            peer,
            dialect,
        }
    }

    async fn run(&mut self) -> Next {
        let context = Arc::clone(&self.context);
        let mut timer = pin!(sleep_until(self.next_deadline()));
        let mut stopped = pin!(context.stopping.begun());
        let mut cut = pin!(context.cut.cancelled());
        let (mut is_stopping, mut is_cut) = (false, false);
        loop {
            if self.ending_by.is_none() && self.reader.closing().is_some() {
                self.ending_by = Some(Instant::now() + CLOSE_PATIENCE);
                self.is_reading = false;
            }
            // A deadline that moved on is noticed when the timer fires.
            let deadline = self.next_deadline();
            if deadline < timer.deadline() {
                timer.as_mut().reset(deadline);
            }
            let next = tokio::select! {
                next = write_out(&mut self.reader, &self.stream, &mut self.stuck) => next,
                received = self.incoming.next(&self.stream, &self.outbox),
                    if self.is_reading && self.reader.has_room() =>
                {
                    Box::pin(self.take(received)).await
                }
                () = &mut timer => {
                    let next = self.check_time();
                    timer.as_mut().reset(self.next_deadline());
                    next
                }
                () = &mut stopped, if !is_stopping => {
                    is_stopping = true;
                    self.stop()
                }
                () = &mut cut, if !is_cut => {
                    is_cut = true;
                    self.say_stopping()
                }
            };
            if !matches!(next, Next::Continue) {
                return next;
            }
        }
    }

    /// When there is something to do though nothing comes.
    fn next_deadline(&self) -> Instant {
        let deadline = self.silent_by().min(self.next_ping);
        let deadline = self.ending_by.map_or(deadline, |by| deadline.min(by));
        let auth = self.session.auth_deadline();
        auth.map_or(deadline, |auth| deadline.min(auth))
    }

    /// Until when a sign of life has to come. A frame, or a message in parts, has to be whole by then
    /// as well: what never gets whole is no sign of life, however steadily it drips.
    fn silent_by(&self) -> Instant {
        let since = self.incoming.begun().unwrap_or(self.last_sign);
        since.min(self.last_sign) + self.context.timeouts.idle
    }

    /// Does what is due.
    fn check_time(&mut self) -> Next {
        let now = Instant::now();
        let pauses = pulse::pauses();
        if pauses != self.pauses {
            self.pauses = pauses;
            self.begin_anew(now);
        }
        let Timeouts { ping, idle, .. } = self.context.timeouts;
        let is_stuck = self.stuck.is_some_and(|since| now >= since + idle);
        // A peer that says nothing, or takes nothing, for so long is as good as gone.
        let is_over = self.ending_by.is_some_and(|by| now >= by);
        if now >= self.silent_by() || is_stuck || is_over {
            return Next::Gone;
        }
        if self.session.auth_deadline().is_some_and(|by| now >= by) {
            return Next::Close(Closing {
                code: CloseCode::AuthTimeout,
                reason: "no auth in time",
            });
        }
        if now >= self.next_ping {
            self.next_ping = now + ping;
            self.outbox.push_control(&self.dialect.ping());
        }
        Next::Continue
    }

    /// The server did not run for a while. What the peer did meanwhile is unknown, so it has all its
    /// time anew, and is asked for a sign of life at once.
    fn begin_anew(&mut self, now: Instant) {
        self.last_sign = now;
        self.next_ping = now;
        self.session.begin_anew(now);
        self.incoming.begin_anew(now);
        self.stuck = self.stuck.map(|_| now);
        self.ending_by = self.ending_by.map(|_| now + CLOSE_PATIENCE);
    }

    async fn take(&mut self, received: Result<frames::Received, ReadError>) -> Next {
        self.last_sign = Instant::now();
        let received = match received {
            Ok(received) => received,
            Err(error) => return self.broken(&error).await,
        };
        let received = match received {
            frames::Received::Text(text) => {
                let said = self.dialect.take(&text);
                return self.take_said(said).await;
            }
            frames::Received::Close(payload) => return Next::Closed(payload),
            frames::Received::Binary => Received::Binary,
            frames::Received::Ping(_) | frames::Received::Pong | frames::Received::Part => {
                Received::Control
            }
        };
        self.session.receive(received).await;
        self.is_reading &= !self.session.is_over();
        Next::Continue
    }

    async fn take_said(&mut self, said: Said) -> Next {
        let received = match said {
            Said::Event(frame, None) => return self.take_frame(frame).await,
            Said::Event(frame, Some(asked)) => return self.take_asked(frame, asked).await,
            Said::Leaves => {
                let leaves = ClientEvent::Disconnect.to_frame();
                return self.take_frame(Ok(leaves)).await;
            }
            Said::Closes => return Next::Closed(Vec::new()),
            Said::Broken => {
                self.is_reading = false;
                self.session.end().await;
                self.outbox
                    .close(CloseCode::Protocol, "this is no packet of Engine.IO");
                return Next::Continue;
            }
            Said::Answered(frame) => {
                self.outbox.push_control(&frame);
                Received::Control
            }
            Said::Pong(frame) => {
                self.outbox.push_pong(&frame);
                Received::Control
            }
            Said::Nothing => Received::Control,
            Said::Binary => Received::Binary,
        };
        self.session.receive(received).await;
        self.is_reading &= !self.session.is_over();
        Next::Continue
    }

    /// Takes an event whose client is to be told what answers it.
    async fn take_asked(&mut self, frame: Result<Frame, FrameError>, asked: Asked) -> Next {
        let id = asked.id;
        let has_answer = asked.has_answer(self.session.is_told_of_room());
        self.outbox.answer(asked);
        let next = self.take_frame(frame).await;
        if !has_answer {
            self.outbox.nothing_answers(id);
        }
        next
    }

    async fn take_frame(&mut self, frame: Result<Frame, FrameError>) -> Next {
        let was_member = self.session.is_member();
        let Self {
            session,
            stream,
            context,
            ..
        } = self;
        tokio::select! {
            biased;
            () = session.receive(Received::Frame(frame)) => {}
            // A login that waits in line is given up with its client, and with the server.
            () = gone(stream), if !was_member => return Next::Gone,
            () = too_late(&context.stopping) => return Next::Close(context.stopping.closing()),
        }
        // The time that the server took is not the client's.
        self.last_sign = Instant::now();
        self.is_reading &= !self.session.is_over();
        Next::Continue
    }

    /// The server stops: nothing more is read. Members are told by their room, once it has finished
    /// what waits.
    fn stop(&mut self) -> Next {
        self.is_reading = false;
        match self.session.is_member() {
            true => Next::Continue,
            false => self.say_stopping(),
        }
    }

    /// Ends the connection behind what waits to be written, unless its room has said so already.
    fn say_stopping(&mut self) -> Next {
        let Closing { code, reason } = self.context.stopping.closing();
        self.outbox.close(code, reason);
        Next::Continue
    }

    /// What the contract and RFC 6455 (section 7.4.1) answer to broken framing. What came before it
    /// is still answered.
    async fn broken(&mut self, error: &ReadError) -> Next {
        let (code, reason) = match error {
            ReadError::Broken(Broken::TooLarge) => (CloseCode::TooBig, "the message is too large"),
            ReadError::Broken(Broken::TooManyPieces) => {
                (CloseCode::TooBig, "the message is in too many pieces")
            }
            ReadError::Broken(Broken::NotUtf8) => (CloseCode::InvalidText, "the text is not UTF-8"),
            ReadError::Broken(Broken::Framing(_)) => (CloseCode::Protocol, "the framing is broken"),
            // The client ends its side, and may still read what it asked for.
            ReadError::Ended => (CloseCode::Normal, "the client has ended its side"),
            ReadError::Failed(_) => return Next::Gone,
        };
        tracing::debug!(peer = %self.peer, %error, "broken framing");
        self.is_reading = false;
        self.session.end().await;
        self.outbox.close(code, reason);
        Next::Continue
    }

    /// Leaves the room, and lets the last words arrive.
    async fn end(mut self, end: Next) {
        match self.context.cut.is_cancelled() {
            // Its room did not stop in time, so it would not let go in time either.
            true => self.session.abandon(),
            false => self.session.end().await,
        }
        self.say_last_words(end).await;
        tracing::debug!(peer = %self.peer, "disconnected");
    }

    async fn say_last_words(&mut self, end: Next) {
        match end {
            Next::Continue | Next::Gone => return,
            Next::Closed(payload) => {
                let answer = match self.reader.closing() {
                    // Both want to end it: the client is to know why.
                    Some(Closing { code, reason }) => close(code, reason),
                    None => close_answer(&payload),
                };
                self.reader.end_with(answer);
            }
            Next::Close(Closing { code, reason }) => {
                if let Some(last_words) = self.dialect.last_words(code) {
                    self.reader.end_with(last_words);
                }
                self.reader.end_with(close(code, reason));
            }
        }
        let rest = write_rest(&mut self.reader, &self.stream);
        let written = pulse::timeout(CLOSE_PATIENCE, rest).await;
        if !matches!(written, Ok(true)) {
            tracing::trace!(peer = %self.peer, "the close frame was not written");
        }
        linger::finish(&self.stream).await;
    }
}

/// Ends once the peer has ended its side.
async fn gone(stream: &TcpStream) {
    loop {
        match stream.ready(Interest::READABLE).await {
            Ok(ready) if !ready.is_read_closed() => tokio::time::sleep(WATCH).await,
            _ => return,
        }
    }
}

/// Ends a while after the server began to stop.
async fn too_late(stopping: &Stopping) {
    stopping.begun().await;
    tokio::time::sleep(STOP_PATIENCE).await;
}
