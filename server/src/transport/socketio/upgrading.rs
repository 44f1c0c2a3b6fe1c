//! From polling to WebSocket: the client tries the new way out, and then the session goes on there.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::polling::Session;
use crate::transport::frames::Received;
use crate::transport::incoming::Incoming;
use crate::transport::websocket::{self, Dialect};
use crate::transport::{Accepted, TransportContext};
use crate::wire::format::Format;
use crate::wire::format::websocket::text;
use crate::wire::outbox::{SocketWriter, outbox};

/// How long the client may take to try the new way out.
const PROBE: Duration = Duration::from_secs(10);
/// What it tries it with, the answer, and what then says that the session goes on there.
const TRIED: &str = "2probe";
const WORKS: &str = "3probe";
const UPGRADES: &str = "5";

/// Serves a WebSocket on which `session`, which polls, is to go on.
pub(in crate::transport) async fn upgrade(
    context: Arc<TransportContext>,
    stream: TcpStream,
    already_read: Vec<u8>,
    accepted: Accepted,
    session: Arc<Session>,
) {
    let stream = Arc::new(stream);
    let mut incoming = Incoming::new(&already_read);
    let tried = timeout(PROBE, probe(&stream, &mut incoming, &session)).await;
    let handed_over = match tried {
        Ok(true) => session.hand_over().await,
        // It goes on polling.
        Ok(false) | Err(_) => None,
    };
    session.set_upgrading(false);
    let Some((begun, engine)) = handed_over else {
        return tracing::debug!(peer = %accepted.peer, "not upgraded to WebSocket");
    };
    // The session has a place of its own.
    let peer = accepted.peer;
    drop(accepted);
    let dialect = Dialect::EngineIo(Box::new(engine));
    let connection = websocket::take_over(&context, (stream, peer), incoming, begun, dialect);
    websocket::serve(connection).await;
}

/// True once the client has tried it out and wants the session to go on here.
async fn probe(stream: &Arc<TcpStream>, incoming: &mut Incoming, session: &Session) -> bool {
    let writer = Arc::clone(stream) as Arc<dyn SocketWriter>;
    let (outbox, _reader) = outbox(Format::SocketIo, Some(writer));
    let mut works = false;
    loop {
        match incoming.next(stream, &outbox).await {
            Ok(Received::Text(packet)) if packet == TRIED && !works => {
                works = true;
                outbox.push_control(&text(WORKS));
                session.set_upgrading(true);
            }
            Ok(Received::Text(packet)) => return works && packet == UPGRADES,
            Ok(Received::Ping(_) | Received::Pong | Received::Part) => {}
            Ok(Received::Close(_) | Received::Binary) | Err(_) => return false,
        }
    }
}
