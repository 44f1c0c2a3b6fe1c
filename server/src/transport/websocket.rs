//! One WebSocket connection: reads frames into a session, writes what its outbox holds.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chat_protocol::CloseCode;
use chat_protocol::limits::FRAME_BYTES;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep_until, timeout};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

use super::{Client, Timeouts, TransportContext, linger};
use crate::limits::Place;
use crate::outbox::{Closing, Flushed, Line, Outbox, OutboxReader, outbox};
use crate::outgoing::websocket::{PING, close};
use crate::session::Session;
use crate::stopping::Stopping;

/// Bytes read at once: chat messages are small, and every connection keeps such a buffer.
const READ_BUFFER: usize = 1024;
/// How long a close frame may take to be written: a slow reader has to read what is before it.
const CLOSE_PATIENCE: Duration = Duration::from_secs(30);
/// How long a client's last event may take once the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// How often a connection whose login waits is looked at: what a client sent behind it keeps the
/// socket readable, so its end can't be waited for.
const WATCH: Duration = Duration::from_millis(200);

/// Reads frames. What it has to say itself, answers to pings and closes, goes through the outbox.
type Socket = WebSocket<Half>;

/// The connection as the library sees it.
struct Half {
    stream: Arc<TcpStream>,
    outbox: Outbox,
}

impl Read for Half {
    /// A read that fills less than the buffer has taken all there was: the runtime is told at once
    /// that nothing is left, as a second read would find out.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut short = None;
        let read = self.stream.try_io(Interest::READABLE, || {
            let socket = SockRef::from(&*self.stream);
            let read = (&*socket).read(buffer)?;
            if read > 0 && read < buffer.len() {
                short = Some(read);
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(read)
        });
        short.map_or(read, Ok)
    }
}

impl Write for Half {
    /// The library writes whole frames.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        self.outbox.push_control(frame);
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The connection as its outbox sees it. Not behind another pointer: in a large room each is one
/// more place in memory to fetch for each delivery.
impl Line for TcpStream {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match pieces {
            [only] => self.try_write(only),
            pieces => self.try_write_vectored(pieces),
        }
    }

    /// Without asking the runtime first whether the socket is ready: most are, and what it knows of
    /// each is one more place in memory.
    fn write_at_once(&self, bytes: &[u8]) -> io::Result<usize> {
        SockRef::from(self).send(bytes)
    }
}

/// How the loop goes on.
enum Next {
    Continue,
    /// End with this close frame.
    Close(Closing),
    /// The peer is gone, or is to be dropped.
    Gone,
    /// The peer closed; the answer is written by the library.
    Closed,
}

/// Takes an upgraded connection. `already_read` came with the handshake.
pub(super) fn connect(
    context: &Arc<TransportContext>,
    stream: TcpStream,
    already_read: Vec<u8>,
    client: Client,
) -> Connection {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(FRAME_BYTES))
        .max_frame_size(Some(FRAME_BYTES));
    let stream = Arc::new(stream);
    let (outbox, reader) = outbox(Some(Arc::clone(&stream) as Arc<dyn Line>));
    let half = Half {
        stream: Arc::clone(&stream),
        outbox: outbox.clone(),
    };
    let now = Instant::now();
    tracing::debug!(peer = %client.peer, source = %client.source, "connected");
    Connection {
        session: Session::begin(
            Arc::clone(&context.session),
            outbox.clone(),
            client.source,
            client.address,
        ),
        auth_deadline: now + context.timeouts.auth,
        next_ping: now + context.timeouts.ping,
        last_sign: now,
        ending_by: None,
        stuck: None,
        is_reading: true,
        outbox,
        socket: Socket::from_partially_read(half, already_read, Role::Server, Some(config)),
        stream,
        reader,
        context: Arc::clone(context),
        place: client.place,
        peer: client.peer,
    }
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
    socket: Socket,
    stream: Arc<TcpStream>,
    session: Session,
    reader: OutboxReader,
    /// Since when the socket takes nothing, while something waits for it.
    stuck: Option<Instant>,
    auth_deadline: Instant,
    next_ping: Instant,
    last_sign: Instant,
    /// Until when what waits may take to be written, once the connection is to end.
    ending_by: Option<Instant>,
    /// False once nothing the client sends counts any more.
    is_reading: bool,
    outbox: Outbox,
    place: Place,
    peer: SocketAddr,
}

impl Connection {
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
                frame = next_frame(&mut self.socket, &self.stream),
                    if self.is_reading && self.reader.has_room() =>
                {
                    Box::pin(self.take(frame)).await
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
        let silent = self.last_sign + self.context.timeouts.idle;
        let deadline = silent.min(self.next_ping);
        let deadline = self.ending_by.map_or(deadline, |by| deadline.min(by));
        match self.session.is_member() {
            true => deadline,
            false => deadline.min(self.auth_deadline),
        }
    }

    /// Does what is due.
    fn check_time(&mut self) -> Next {
        let now = Instant::now();
        let Timeouts { ping, idle, .. } = self.context.timeouts;
        let is_stuck = self.stuck.is_some_and(|since| now >= since + idle);
        // A peer that says nothing, or takes nothing, for so long is as good as gone.
        let is_over = self.ending_by.is_some_and(|by| now >= by);
        if now >= self.last_sign + idle || is_stuck || is_over {
            return Next::Gone;
        }
        if !self.session.is_member() && now >= self.auth_deadline {
            return Next::Close(Closing {
                code: CloseCode::AuthTimeout,
                reason: "no auth in time",
            });
        }
        if now >= self.next_ping {
            self.next_ping = now + ping;
            self.outbox.push_control(PING);
        }
        Next::Continue
    }

    async fn take(&mut self, frame: Result<Message, Error>) -> Next {
        self.last_sign = Instant::now();
        let message = match frame {
            Ok(message) => message,
            Err(error) => return self.broken(&error).await,
        };
        match message {
            Message::Text(text) => self.take_text(text.as_str()).await,
            Message::Binary(_) => {
                self.session.take_binary().await;
                self.is_reading &= !self.session.is_over();
                Next::Continue
            }
            Message::Close(_) => Next::Closed,
            // The library answers pings by itself, with the next read or write.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                self.session.take_control().await;
                self.is_reading &= !self.session.is_over();
                Next::Continue
            }
        }
    }

    async fn take_text(&mut self, text: &str) -> Next {
        let began = Instant::now();
        let was_member = self.session.is_member();
        let Self {
            session,
            stream,
            context,
            ..
        } = self;
        tokio::select! {
            biased;
            () = session.take_text(text) => {}
            // A login that waits in line is given up with its client, and with the server.
            () = gone(stream), if !was_member => return Next::Gone,
            () = too_late(&context.stopping) => return Next::Close(context.stopping.closing()),
        }
        // The time that the server took is not the client's.
        self.last_sign = Instant::now();
        match was_member && !self.session.is_member() {
            true => self.auth_deadline = self.last_sign + self.context.timeouts.auth,
            false => self.auth_deadline += began.elapsed(),
        }
        self.place.set_authenticated(self.session.is_member());
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
    async fn broken(&mut self, error: &Error) -> Next {
        let (code, reason) = match error {
            Error::Capacity(_) => (CloseCode::TooBig, "the message is too large"),
            Error::Utf8(_) => (CloseCode::InvalidText, "the text is not UTF-8"),
            // The client ends its side, and may still read what it asked for.
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                (CloseCode::Normal, "the client has ended its side")
            }
            Error::Protocol(_) => (CloseCode::Protocol, "the framing is broken"),
            _ => return Next::Gone,
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
            Next::Closed => match self.reader.closing() {
                // Both want to end it: the client is to know why.
                Some(Closing { code, reason }) => self.reader.end_with(close(code, reason)),
                // Hands the library's answer to the outbox.
                None => drop(self.socket.flush()),
            },
            Next::Close(Closing { code, reason }) => self.reader.end_with(close(code, reason)),
        }
        let written = timeout(CLOSE_PATIENCE, write_rest(&mut self.reader, &self.stream)).await;
        if !matches!(written, Ok(true)) {
            tracing::trace!(peer = %self.peer, "the close frame was not written");
        }
        linger::finish(&self.stream).await;
    }
}

/// The client's next frame.
async fn next_frame(socket: &mut Socket, stream: &TcpStream) -> Result<Message, Error> {
    loop {
        // A client that never pauses must not keep everybody else on this thread from their turn.
        consume_budget().await;
        match socket.read() {
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                stream.readable().await?;
            }
            frame => return frame,
        }
    }
}

/// Writes what waits as the socket takes it. Ends once something was written and nothing waits any
/// more, something changed meanwhile, or the connection is to end.
async fn write_out(
    reader: &mut OutboxReader,
    stream: &TcpStream,
    stuck: &mut Option<Instant>,
) -> Next {
    loop {
        match reader.flush() {
            Flushed::Empty(true) => {
                *stuck = None;
                return Next::Continue;
            }
            Flushed::Empty(false) => reader.changed().await,
            Flushed::Blocked(has_written) => {
                if has_written || stuck.is_none() {
                    *stuck = Some(Instant::now());
                }
                tokio::select! {
                    ready = stream.writable() => if ready.is_err() {
                        return Next::Gone;
                    },
                    // Perhaps it is to end.
                    () = reader.changed() => return Next::Continue,
                }
            }
            Flushed::Overflowed(closing) | Flushed::Closed(closing) => {
                return Next::Close(closing);
            }
            Flushed::Broken => return Next::Gone,
        }
    }
}

/// Writes all that waits, to the last byte; false where the socket broke.
async fn write_rest(reader: &mut OutboxReader, stream: &TcpStream) -> bool {
    loop {
        match reader.flush() {
            Flushed::Empty(_) | Flushed::Closed(_) => return true,
            Flushed::Broken => return false,
            Flushed::Blocked(_) | Flushed::Overflowed(_) => {
                if stream.writable().await.is_err() {
                    return false;
                }
            }
        }
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
