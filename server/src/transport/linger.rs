//! The end of a TCP connection whose last words are to arrive.
//!
//! Closing a socket with unread data in it makes the kernel send a reset, which can destroy a close
//! frame on its way. So: finish writing, then read and drop what the peer still sends, for a while.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;

use crate::pulse;

/// How long the peer may take to end its side.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the peer may still send: more than that is a flood, which gets no gentle end.
const BYTES: usize = 256 * 1024;

/// Ends `stream` gently.
pub(super) async fn finish(stream: &TcpStream) {
    let drain = async {
        SockRef::from(stream).shutdown(Shutdown::Write)?;
        drop_rest(stream).await
    };
    match pulse::timeout(PATIENCE, drain).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::trace!(%error, "the peer was gone before its connection ended"),
        Err(_) => tracing::trace!("the peer did not end its side in time"),
    }
}

async fn drop_rest(stream: &TcpStream) -> io::Result<()> {
    let mut left = BYTES;
    while left > 0 {
        // A read may bring a byte, and the next one is there already.
        consume_budget().await;
        stream.readable().await?;
        // Not kept across an await: it would be part of every connection's memory.
        let mut dropped = [0; 4096];
        match stream.try_read(&mut dropped) {
            Ok(0) => break,
            Ok(read) => left = left.saturating_sub(read),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
