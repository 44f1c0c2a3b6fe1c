//! What a client sends over a WebSocket, read piece by piece.
//!
//! Owns the reads. However fast and in however small pieces a client sends, each frame and each read
//! takes from the task's budget: its other work, and everybody else on the thread, get their turn.

use std::io::{self, ErrorKind, Read};

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;
use tokio::time::Instant;

use super::frames::{Broken, Frames, Received};
use crate::wire::format::websocket::pong;
use crate::wire::outbox::Outbox;

/// Bytes read at once: chat messages are small.
const READ_BUFFER: usize = 1024;

/// Why nothing more comes.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// What came is no WebSocket.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The client ended its side without a close frame.
    #[error("the client has ended its side")]
    Ended,
    /// The connection failed.
    #[error("the connection failed")]
    Failed(#[from] io::Error),
}

/// A client's side of a connection.
pub(super) struct Incoming {
    frames: Frames,
    /// Since when a frame or a message is begun and not whole.
    begun: Option<Instant>,
    /// The latest ping that is not answered (RFC 6455, section 5.5.3).
    ping: Option<Vec<u8>>,
}

impl Incoming {
    /// Begins with what came already.
    pub(super) fn new(already_read: &[u8]) -> Self {
        let mut frames = Frames::default();
        frames.add(already_read);
        Self {
            frames,
            begun: None,
            ping: None,
        }
    }

    /// Since when the client is at a frame or a message that does not get whole.
    pub(super) fn begun(&self) -> Option<Instant> {
        self.begun
    }

    /// The server did not run for a while: whatever is begun begins now.
    pub(super) fn begin_anew(&mut self, now: Instant) {
        self.begun = self.begun.map(|_| now);
    }

    /// The client's next frame. Pings are answered on the way: the latest one, before anything that
    /// has an answer of its own, and before more is waited for.
    pub(super) async fn next(
        &mut self,
        stream: &TcpStream,
        outbox: &Outbox,
    ) -> Result<Received, ReadError> {
        loop {
            consume_budget().await;
            let received = self.frames.next();
            match &received {
                Ok(Some(Received::Ping(payload))) => self.ping = Some(payload.clone()),
                // No answer is due to who closes.
                Ok(Some(Received::Close(_) | Received::Part | Received::Pong)) => {}
                _ => self.answer(outbox),
            }
            if let Some(received) = received? {
                if !self.frames.is_in_message() {
                    self.begun = None;
                }
                return Ok(received);
            }
            if self.begun.is_none() && self.frames.is_begun() {
                self.begun = Some(Instant::now());
            }
            match self.read(stream) {
                Ok(0) => return Err(ReadError::Ended),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => stream.readable().await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn answer(&mut self, outbox: &Outbox) {
        if let Some(payload) = self.ping.take() {
            outbox.push_pong(&pong(&payload));
        }
    }

    /// Reads once. A read that fills less than the buffer has taken all there was: the runtime is told
    /// at once that nothing is left, as a second read would find out.
    fn read(&mut self, stream: &TcpStream) -> io::Result<usize> {
        let mut short = None;
        let frames = &mut self.frames;
        let read = stream.try_io(Interest::READABLE, || {
            // Not kept across an await: it would be part of every connection's memory.
            let mut buffer = [0; READ_BUFFER];
            let read = (&*SockRef::from(stream)).read(&mut buffer)?;
            frames.add(&buffer[..read]);
            if read > 0 && read < buffer.len() {
                short = Some(read);
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(read)
        });
        short.map_or(read, Ok)
    }
}
