//! A client's socket, as far as writing goes.

use std::io::{self, IoSlice};

/// What a socket's writer did with what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes that it took: they will arrive, or the connection breaks.
    pub bytes: usize,
    /// Whether all that it ever took has left it. Otherwise it has more to flush.
    pub is_flushed: bool,
}

/// Writes to a client's socket, and never blocks.
///
/// A writer may take bytes that it cannot pass on yet, as a TLS session does whose cipher text waits
/// for the socket. It says so, and is asked to flush as soon as the socket takes more; until it has
/// flushed, it is given nothing new. So its buffer holds no more than one write.
pub trait SocketWriter: Send + Sync {
    /// Writes as much as the socket takes now; `WouldBlock` where it takes nothing.
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<Written>;

    /// The same where nothing waits: what it says of the socket need not be remembered, since whatever
    /// it does not take is tried once more by [`SocketWriter::try_write`].
    fn write_at_once(&self, bytes: &[u8]) -> io::Result<Written> {
        self.try_write(&[IoSlice::new(bytes)])
    }

    /// Passes on what it took before; `bytes` are those that left it. `WouldBlock` where the socket
    /// takes nothing. Called only after it said that it has more to flush.
    fn try_flush(&self) -> io::Result<Written> {
        Ok(Written::flushed(0))
    }
}

impl Written {
    /// So many bytes, by a writer that keeps nothing back.
    pub fn flushed(bytes: usize) -> Self {
        Self {
            bytes,
            is_flushed: true,
        }
    }
}
