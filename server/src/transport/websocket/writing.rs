//! How what waits in a connection's outbox gets to its socket.

use std::io::{self, IoSlice};

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;
use tokio::time::Instant;

use super::Next;
use crate::wire::outbox::{Flushed, OutboxReader, SocketWriter, Written};

/// The connection as its outbox sees it. Not behind another pointer: in a large room each is one
/// more place in memory to fetch for each delivery.
impl SocketWriter for TcpStream {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<Written> {
        let bytes = match pieces {
            [only] => self.try_write(only),
            pieces => self.try_write_vectored(pieces),
        };
        bytes.map(Written::flushed)
    }

    /// Without asking the runtime first whether the socket is ready: most are, and what it knows of
    /// each is one more place in memory.
    fn write_at_once(&self, bytes: &[u8]) -> io::Result<Written> {
        SockRef::from(self).send(bytes).map(Written::flushed)
    }
}

/// Writes what waits as the socket takes it. Ends once something was written and nothing waits any
/// more, something changed meanwhile, or the connection is to end.
pub(super) async fn write_out(
    reader: &mut OutboxReader,
    stream: &TcpStream,
    stuck: &mut Option<Instant>,
) -> Next {
    loop {
        // A client that takes all as fast as it is written must not keep others from their turn.
        consume_budget().await;
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
pub(super) async fn write_rest(reader: &mut OutboxReader, stream: &TcpStream) -> bool {
    loop {
        consume_budget().await;
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
