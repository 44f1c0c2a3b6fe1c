//! The ways in: HTTP on the port, WebSocket by upgrade from it.
//!
//! Owns framing and the reads and writes of one connection. It hands frames to a session and drains
//! its outbox; it knows no rooms and no store.

mod http;
mod linger;
mod websocket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::health::Health;
use crate::session::SessionContext;

/// How long a connection may take for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From connecting to the end of the HTTP exchange or the upgrade.
    pub handshake: Duration,
    /// From the upgrade (or a reset) to entering a room.
    pub auth: Duration,
    /// Between two WebSocket pings.
    pub ping: Duration,
    /// Without a sign of life from the peer.
    pub idle: Duration,
}

/// What all connections share.
pub struct TransportContext {
    /// What their sessions share.
    pub session: Arc<SessionContext>,
    /// Whether the store takes what it is given.
    pub health: Arc<Health>,
    /// Their timeouts.
    pub timeouts: Timeouts,
    /// The `Origin`s that may upgrade; empty for any.
    pub allowed_origins: Vec<String>,
    /// Cancelled when the server stops: connections then read no more and end as their room says.
    pub stop: CancellationToken,
    /// Cancelled when rooms had their time to stop: connections then end by themselves.
    pub cut: CancellationToken,
    /// The tasks of all connections.
    pub tasks: TaskTracker,
}

/// Serves one accepted connection until it ends.
pub async fn serve(context: Arc<TransportContext>, stream: TcpStream, peer: SocketAddr) {
    // Batches are made here; Nagle's algorithm would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
    }
    http::serve(context, stream, peer).await;
}
