//! The end of a TCP connection whose last words are to arrive.
//!
//! Closing a socket with unread data in it makes the kernel send a reset, which can destroy a close
//! frame on its way. So: finish writing, then read and drop what the peer still sends, for a while.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the peer may take to end its side.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the peer may still send: more than that is a flood, which gets no gentle end.
const BYTES: usize = 256 * 1024;

/// Ends `stream` gently.
pub(super) async fn finish(stream: &mut TcpStream) {
    let drain = async {
        stream.shutdown().await?;
        let mut dropped = [0; 4096];
        let mut left = BYTES;
        loop {
            let read = stream.read(&mut dropped).await?;
            left = left.saturating_sub(read);
            if read == 0 || left == 0 {
                return std::io::Result::Ok(());
            }
        }
    };
    match timeout(PATIENCE, drain).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::trace!(%error, "the peer was gone before its connection ended"),
        Err(_) => tracing::trace!("the peer did not end its side in time"),
    }
}
