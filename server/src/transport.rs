//! The ways in: HTTP on the port, WebSocket by upgrade from it, Socket.IO by either.
//!
//! Owns framing and the reads and writes of one connection. It hands frames to a session and drains
//! its outbox; it knows no rooms and no store.

mod admission;
mod answer;
mod door;
mod frames;
mod head;
mod http;
mod incoming;
mod linger;
pub mod origin;
mod page;
mod probe;
mod route;
mod socketio;
mod websocket;

use std::net::SocketAddr;
use std::sync::{Arc, Once};
use std::time::Duration;

pub use door::Door;
pub use route::Router;
use socketio::Engine;
pub use socketio::Sessions as SocketIoSessions;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::address::Address;
use crate::health::Health;
use crate::limits::{Limits, NoPermit, Source, TrustedProxies};
use crate::session::{Client, SessionContext};
use crate::stopping::Stopping;
use crate::transport::origin::AllowedOrigin;

/// How long a connection may take for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a whole request to come, from connecting or from the end of the one before; and for the
    /// client to take the answer.
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
    pub allowed_origins: Vec<AllowedOrigin>,
    /// Begun when the server stops: connections then read no more and end as their room says.
    pub stopping: Stopping,
    /// Cancelled when rooms had their time to stop: connections then end by themselves.
    pub cut: CancellationToken,
    /// The tasks of all connections.
    pub tasks: TaskTracker,
    /// How much clients may do, and how fast.
    pub limits: Arc<Limits>,
    /// Those for whom there is no place.
    pub door: Door,
    /// Who answers which request.
    pub router: Router,
    /// Clients of Socket.IO that poll.
    pub socketio: SocketIoSessions,
    /// The proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: TrustedProxies,
    /// Whether a proxy that is not trusted was warned of.
    pub proxy_warning: Once,
}

/// Whoever is at the other end of a connection that was accepted.
struct Accepted {
    peer: SocketAddr,
    /// Where a trusted proxy says that the client is, otherwise where the peer is.
    client: Client,
    /// What the connection is once it has switched protocols.
    becomes: Becomes,
}

/// What a connection is once it has switched protocols.
enum Becomes {
    /// A WebSocket of a client that speaks the contract's own format.
    Native,
    /// One of a client that speaks Engine.IO, whose session begins.
    EngineIo(Box<Engine>),
    /// One on which a session is to go on that polls.
    Upgrading(Arc<socketio::Session>),
}

impl TransportContext {
    /// Warns, once, that somebody in front adds `X-Forwarded-For` and is not trusted: the limits take
    /// all its clients for one, or for exempt. Clients can add it as well, so it is no more than a
    /// hint.
    fn warn_of_proxy(&self, peer: SocketAddr) {
        self.proxy_warning.call_once(|| {
            tracing::warn!(
                proxy = %peer.ip(),
                "X-Forwarded-For is ignored: if this is your reverse proxy, name it with --trusted-proxy"
            );
        });
    }
}

/// The routes of all parts.
pub fn router() -> Router {
    let routes = websocket::upgrade::routes().into_iter();
    let routes = routes.chain(socketio::routes());
    Router::new(routes.chain(page::routes()).chain(probe::routes()))
}

/// Takes a connection that was just accepted, unless there is no place for it.
pub fn admit(context: &Arc<TransportContext>, stream: TcpStream, peer: SocketAddr) {
    match permit(context, peer) {
        Ok(accepted) => {
            let connection = serve(Arc::clone(context), stream, accepted);
            context.tasks.spawn(connection);
        }
        Err(no_permit) => {
            tracing::debug!(%peer, reason = %no_permit, "connection refused");
            door::answer(context, stream, peer);
        }
    }
}

fn permit(context: &TransportContext, peer: SocketAddr) -> Result<Accepted, NoPermit> {
    let mut permit = context.limits.connection_permits().take()?;
    let source = Source::of(peer.ip());
    // Behind a proxy it is known only from the request.
    if !context.trusted_proxies.contain(peer.ip()) {
        permit.count_for(source)?;
    }
    let client = Client {
        source,
        address: Address::of(peer.ip()),
        permit,
    };
    Ok(Accepted {
        peer,
        client,
        becomes: Becomes::Native,
    })
}

/// Serves one accepted connection until it ends.
async fn serve(context: Arc<TransportContext>, stream: TcpStream, accepted: Accepted) {
    // Batches are made here; Nagle's algorithm would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(peer = %accepted.peer, %error, "cannot set TCP_NODELAY");
    }
    http::serve(context, stream, accepted).await;
}
