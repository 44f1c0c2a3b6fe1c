//! From an address to an open WebSocket: TCP, TLS for wss, the upgrade, all within a time limit. Must
//! not know the chat's events.

use std::io;
use std::sync::Once;
use std::time::Duration;

use rustls::CertificateError;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, http};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::paced::Paced;
use super::upgrade;
use crate::server_url::ServerUrl;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// Bytes of one read. The library would take 128 KiB per connection.
const READ_BUFFER: usize = 16 * 1024;
/// Bytes of a message: 200 entries of history, each up to a frame of 16 KiB, with room to spare.
const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes that wait to be written at most: an event of 16 KiB, and answers to pings. A server that
/// pings and never reads gets no more of them.
const WRITE_BYTES: usize = 64 * 1024;

/// An open line.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<Paced<TcpStream>>>;

/// Why no line came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// Nothing listens there, the name is unknown, or TLS failed.
    #[error("{}", io_words(.0))]
    Io(io::Error),
    /// The server speaks HTTP but not WebSocket.
    #[error("the server answered {0} instead of opening a WebSocket")]
    Http(http::StatusCode),
    /// Anything else that the library says.
    #[error("{0}")]
    WebSocket(tungstenite::Error),
    /// The time limit.
    #[error("no answer within {} seconds", ATTEMPT.as_secs())]
    TimedOut,
}

/// Opens a line to `url`.
pub(crate) async fn dial(url: &ServerUrl) -> Result<Socket, DialError> {
    timeout(ATTEMPT, open(url))
        .await
        .map_err(|_| DialError::TimedOut)?
}

async fn open(url: &ServerUrl) -> Result<Socket, DialError> {
    if url.is_secure() {
        use_ring();
    }
    let stream = TcpStream::connect((url.host(), url.port()))
        .await
        .map_err(DialError::Io)?;
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
        _ => {
            let text = error.to_string();
            let words = text
                .rsplit_once(" (os error ")
                .map_or(text.as_str(), |(words, _)| words);
            words.to_owned()
        }
    }
}

/// A TLS error in the user's words: whose fault it is, and what to do about it.
fn tls_words(error: &rustls::Error) -> String {
    let certificate = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::InvalidMessage(_) => return "no TLS is spoken there".to_owned(),
        other => return format!("TLS failed: {other}"),
    };
    match certificate {
        CertificateError::UnknownIssuer => {
            "the server's certificate is not trusted: its issuer is \
             unknown (SSL_CERT_FILE can name a file with it)"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another name".to_owned()
        }
        other => format!("the server's certificate is not accepted: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_the_users_words() {
        let tls = |error: rustls::Error| io_words(&io::Error::other(error));
        let certificate = |problem| tls(rustls::Error::InvalidCertificate(problem));
        assert!(certificate(CertificateError::UnknownIssuer).contains("not trusted"));
        assert!(certificate(CertificateError::Expired).contains("has expired"));
        assert!(certificate(CertificateError::NotValidForName).contains("another name"));
        assert!(certificate(CertificateError::Revoked).contains("not accepted"));
        let plain = rustls::InvalidMessage::InvalidContentType;
        assert_eq!(tls(plain.into()), "no TLS is spoken there");
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(io_words(&refused), "connection refused");
        let other = io::Error::from_raw_os_error(113);
        assert_eq!(io_words(&other), "No route to host");
    }
}
