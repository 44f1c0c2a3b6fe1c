//! One WebSocket connection: reads frames into a session, writes what its outbox holds.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chat_protocol::CloseCode;
use chat_protocol::limits::FRAME_BYTES;
use futures_util::{SinkExt, StreamExt};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::{Client, Timeouts, TransportContext, linger};
use crate::limits::Place;
use crate::outbox::{Closing, Drained, Outbox, OutboxReader, outbox};
use crate::outgoing::Outgoing;
use crate::session::Session;
use crate::stopping::Stopping;

/// Bytes read at once: chat messages are small, and every connection keeps such a buffer.
const READ_BUFFER: usize = 1024;
/// Bytes gathered before they are written; a flush writes them all.
const WRITE_BUFFER: usize = 16 * 1024;
/// How long a close frame may take to be written: a slow reader has to read what is before it.
const CLOSE_PATIENCE: Duration = Duration::from_secs(30);
/// How long a client's last event may take once the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// How often a connection whose login waits is looked at: what a client sent behind it keeps the
/// socket readable, so its end can't be waited for.
const WATCH: Duration = Duration::from_millis(200);

type Socket = WebSocketStream<TcpStream>;

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

/// Serves an upgraded connection until it ends. `already_read` came with the handshake.
pub(super) async fn serve(
    context: Arc<TransportContext>,
    stream: TcpStream,
    already_read: Vec<u8>,
    client: Client,
) {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(FRAME_BYTES))
        .max_frame_size(Some(FRAME_BYTES));
    let socket =
        WebSocketStream::from_partially_read(stream, already_read, Role::Server, Some(config))
            .await;
    let (outbox, reader) = outbox();
    let mut connection = Connection {
        session: Session::begin(
            Arc::clone(&context.session),
            outbox.clone(),
            client.source,
            client.address,
        ),
        auth_deadline: Instant::now() + context.timeouts.auth,
        last_sign: Instant::now(),
        batch: Vec::new(),
        is_reading: true,
        outbox,
        socket,
        reader,
        context,
        place: client.place,
        peer: client.peer,
    };
    let peer = connection.peer;
    tracing::debug!(%peer, source = %client.source, "connected");
    let end = connection.run().await;
    match connection.context.cut.is_cancelled() {
        // Its room did not stop in time, so it would not let go in time either.
        true => connection.session.abandon(),
        false => connection.session.end().await,
    }
    connection.end(end).await;
    tracing::debug!(%peer, "disconnected");
}

struct Connection {
    context: Arc<TransportContext>,
    socket: Socket,
    session: Session,
    reader: OutboxReader,
    batch: Vec<Outgoing>,
    auth_deadline: Instant,
    last_sign: Instant,
    /// False once nothing the client sends counts any more.
    is_reading: bool,
    outbox: Outbox,
    place: Place,
    peer: SocketAddr,
}

impl Connection {
    async fn run(&mut self) -> Next {
        let context = Arc::clone(&self.context);
        let Timeouts { ping, idle, .. } = context.timeouts;
        let mut pings = interval_at(Instant::now() + ping, ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Made once: these would otherwise be set up anew with every event that passes.
        let mut silence = pin!(sleep_until(self.last_sign + idle));
        let mut stopped = pin!(context.stopping.begun());
        let mut cut = pin!(context.cut.cancelled());
        let (mut is_stopping, mut is_cut) = (false, false);
        loop {
            let next = tokio::select! {
                drained = self.reader.drain(&mut self.batch) => match drained {
                    Drained::Events => self.write().await,
                    Drained::Closed(closing) => Next::Close(closing),
                },
                frame = self.socket.next(), if self.is_reading && self.reader.has_room() => {
                    match frame {
                        Some(frame) => self.take(frame).await,
                        None => Next::Gone,
                    }
                }
                _ = pings.tick() => self.ping().await,
                () = &mut silence => {
                    silence.as_mut().reset(self.last_sign + idle);
                    match self.last_sign.elapsed() < idle {
                        true => Next::Continue,
                        false => Next::Gone,
                    }
                }
                () = sleep_until(self.auth_deadline), if !self.session.is_member() => {
                    Next::Close(Closing {
                        code: CloseCode::AuthTimeout,
                        reason: "no auth in time",
                    })
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
            socket,
            context,
            ..
        } = self;
        tokio::select! {
            biased;
            () = session.take_text(text) => {}
            // A login that waits in line is given up with its client, and with the server.
            () = gone(socket.get_ref()), if !was_member => return Next::Gone,
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
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return Next::Gone,
            Error::Protocol(_) => (CloseCode::Protocol, "the framing is broken"),
            _ => return Next::Gone,
        };
        tracing::debug!(peer = %self.peer, %error, "broken framing");
        self.is_reading = false;
        self.session.end().await;
        self.outbox.close(code, reason);
        Next::Continue
    }

    /// Writes the batch in as few system calls as the socket takes.
    async fn write(&mut self) -> Next {
        let Self {
            socket,
            batch,
            reader,
            ..
        } = self;
        let write = async {
            for outgoing in batch.drain(..) {
                socket.feed(Message::Text(outgoing.json().clone())).await?;
            }
            socket.flush().await
        };
        tokio::select! {
            biased;
            written = write => match written {
                Ok(()) => Next::Continue,
                Err(_) => Next::Gone,
            },
            closing = reader.overflowed() => Next::Close(closing),
            // A peer that takes nothing for so long is as good as gone.
            () = tokio::time::sleep(self.context.timeouts.idle) => Next::Gone,
        }
    }

    async fn ping(&mut self) -> Next {
        let ping = self.socket.send(Message::Ping(Bytes::new()));
        match timeout(self.context.timeouts.idle, ping).await {
            Ok(Ok(())) => Next::Continue,
            _ => Next::Gone,
        }
    }

    async fn end(&mut self, end: Next) {
        let written = match end {
            Next::Continue | Next::Gone => return,
            Next::Closed => timeout(CLOSE_PATIENCE, self.socket.flush()).await,
            Next::Close(Closing { code, reason }) => {
                let frame = CloseFrame {
                    code: u16::from(code).into(),
                    reason: reason.into(),
                };
                timeout(CLOSE_PATIENCE, self.socket.close(Some(frame))).await
            }
        };
        if let Ok(Err(error)) = written {
            tracing::trace!(peer = %self.peer, %error, "the close frame was not written");
        }
        linger::finish(self.socket.get_mut()).await;
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
