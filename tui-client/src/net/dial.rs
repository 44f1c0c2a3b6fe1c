//! From a server's name to an open WebSocket: looking it up, TCP, TLS for wss, the upgrade, all within
//! time limits. Must not know the chat's events.

use std::io;
use std::net::SocketAddr;
use std::sync::Once;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, http};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::paced::Paced;
use super::race::{Taken, order, race};
use super::tls::tls_words;
use super::upgrade;
use crate::server_url::ServerUrl;

/// How long looking up a name may take.
const LOOKUP: Duration = Duration::from_secs(5);
/// How long one address may take, from the first packet to the open WebSocket.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long all addresses together may take.
const OVERALL: Duration = Duration::from_secs(30);
/// Bytes of one read. The library would take 128 KiB per connection.
const READ_BUFFER: usize = 16 * 1024;
/// Bytes of a message: 200 entries of history, each up to a frame of 16 KiB, with room to spare.
const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes that wait to be written at most: an event of 16 KiB, and answers to pings. A server that
/// pings and never reads gets no more of them.
const WRITE_BYTES: usize = 64 * 1024;

/// An open line.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<Paced<TcpStream>>>;

/// What a line is read from.
pub(super) fn paced(socket: &mut Socket) -> Option<&mut Paced<TcpStream>> {
    match socket.get_mut() {
        MaybeTlsStream::Plain(stream) => Some(stream),
        MaybeTlsStream::Rustls(stream) => Some(stream.get_mut().0),
        // The library may have more kinds; none of them is compiled in.
        _ => None,
    }
}

/// Why no line came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// Nobody knows an address.
    #[error("no address found for {host}{}", lookup_words(.error))]
    Unknown { host: String, error: io::Error },
    /// Whoever is asked for addresses does not answer.
    #[error("no address found for {host} within {} seconds", LOOKUP.as_secs())]
    LookupTimedOut { host: String },
    /// Nothing listens there, or TLS failed.
    #[error("{}", io_words(.0))]
    Io(io::Error),
    /// The server speaks HTTP but not WebSocket.
    #[error("the server answered {0} instead of opening a WebSocket")]
    Http(http::StatusCode),
    /// Anything else that the library says.
    #[error("{}", library_words(.0))]
    WebSocket(tungstenite::Error),
    /// The time limit.
    #[error("no answer within {} seconds", .0.as_secs())]
    TimedOut(Duration),
}

impl DialError {
    /// How far it got: of several addresses the one that got farthest says most.
    fn distance(&self) -> u8 {
        match self {
            DialError::Http(_) | DialError::WebSocket(_) => 3,
            DialError::Io(error) if error.get_ref().is_some() => 3,
            DialError::Io(_) => 2,
            DialError::TimedOut(_) => 1,
            DialError::Unknown { .. } | DialError::LookupTimedOut { .. } => 0,
        }
    }
}

/// Opens a line to `url`, and says to which of its addresses. The name is looked up anew each time;
/// `last` is tried after all others.
pub(crate) async fn dial(
    url: &ServerUrl,
    last: Option<SocketAddr>,
) -> Result<(Socket, SocketAddr), DialError> {
    if url.is_secure() {
        use_ring();
    }
    let addresses = order(&look_up(url).await?, last);
    let opened = race(addresses, |address, taken| async move {
        let opened = timeout(ATTEMPT, open(url, address, &taken)).await;
        let socket = opened.unwrap_or(Err(DialError::TimedOut(ATTEMPT)))?;
        Ok((socket, address))
    });
    match timeout(OVERALL, opened).await {
        Err(_) => Err(DialError::TimedOut(OVERALL)),
        Ok(Ok(won)) => Ok(won),
        Ok(Err(lost)) => Err(farthest(lost, url)),
    }
}

/// The addresses of the server, as the system orders them.
async fn look_up(url: &ServerUrl) -> Result<Vec<SocketAddr>, DialError> {
    let host = url.host().to_owned();
    match timeout(LOOKUP, lookup_host((url.host(), url.port()))).await {
        Err(_) => Err(DialError::LookupTimedOut { host }),
        Ok(Err(error)) => Err(DialError::Unknown { host, error }),
        Ok(Ok(found)) => Ok(found.collect()),
    }
}

/// The error that got farthest, of these the first.
fn farthest(lost: Vec<DialError>, url: &ServerUrl) -> DialError {
    let unknown = DialError::Unknown {
        host: url.host().to_owned(),
        error: io::ErrorKind::NotFound.into(),
    };
    lost.into_iter().fold(unknown, |best, next| {
        if next.distance() > best.distance() {
            next
        } else {
            best
        }
    })
}

async fn open(url: &ServerUrl, address: SocketAddr, taken: &Taken) -> Result<Socket, DialError> {
    let stream = TcpStream::connect(address).await.map_err(DialError::Io)?;
    taken.tell();
    stream.set_nodelay(true).map_err(DialError::Io)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BYTES)
        .max_message_size(Some(MESSAGE_BYTES))
        .max_frame_size(Some(MESSAGE_BYTES));
    let request = url
        .uri()
        .clone()
        .into_client_request()
        .map_err(DialError::WebSocket)?;
    match upgrade::open(&request, Paced::new(stream), config).await {
        Ok(socket) => Ok(socket),
        Err(tungstenite::Error::Io(error)) => Err(DialError::Io(error)),
        Err(tungstenite::Error::Http(answer)) => Err(DialError::Http(answer.status())),
        Err(error) => Err(DialError::WebSocket(error)),
    }
}

/// Chooses the ring provider for TLS: rustls must be told which of those compiled in to use.
fn use_ring() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        // An error means that a provider is chosen already, which serves as well.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
    });
}

/// An I/O error in the user's words, without the number that the system gives it.
pub(crate) fn io_words(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    if let Some(error) = inner {
        return tls_words(error);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
        io::ErrorKind::UnexpectedEof => "the server went away".to_owned(),
        // The library's only error of this kind.
        io::ErrorKind::NotFound => "no CA certificates found on this machine: \
             set SSL_CERT_FILE to a file that has them"
            .to_owned(),
        _ => {
            let text = error.to_string();
            let words = text
                .rsplit_once(" (os error ")
                .map_or(text.as_str(), |(words, _)| words);
            words.to_owned()
        }
    }
}

/// The system's words for a name that it does not know, behind the library's.
fn lookup_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(": ") {
        Some((_, words)) => format!(": {words}"),
        None => String::new(),
    }
}

/// What the WebSocket library says, less what only its authors understand.
fn library_words(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Tls(_) => {
            "no certificate can be for this server's name: connect by its host name".to_owned()
        }
        tungstenite::Error::Protocol(_) => "the server does not speak WebSocket".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
