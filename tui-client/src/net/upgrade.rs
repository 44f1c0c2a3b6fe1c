//! From a TCP connection to an open WebSocket: TLS for wss, then the handshake (RFC 6455, section 4.1).
//!
//! The library's own handshake takes `Connection: keep-alive, Upgrade`, as some proxies answer, for no
//! handshake. Here lists are lists, whatever their lines, order and case.

use std::io::{Error as IoError, ErrorKind};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::error::{ProtocolError, SubProtocolError, TlsError, UrlError};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use tokio_tungstenite::tungstenite::http::{HeaderMap, Response, StatusCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, error::CapacityError};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::dial::Socket;
use super::paced::Paced;

/// Bytes of an answer's head, or of answers that come before it, at most.
const HEAD_BYTES: usize = 16 * 1024;
/// Lines of a head at most.
const HEADERS: usize = 100;
/// Bytes read at once.
const READ_BYTES: usize = 4 * 1024;

/// Opens a WebSocket on `stream` by asking for `request`.
pub(super) async fn open(
    request: &Request,
    stream: Paced<TcpStream>,
    config: WebSocketConfig,
) -> Result<Socket, Error> {
    let mut stream = secured(request, stream).await?;
    stream.write_all(&written(request)).await?;
    stream.flush().await?;
    let mut come = Vec::new();
    let mut buffer = [0; READ_BYTES];
    let answered = loop {
        match Answer::read(&come)? {
            // An interim answer (RFC 9110, section 15.2): the answer follows.
            Some(Answer { status, end, .. })
                if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS =>
            {
                come.drain(..end);
                continue;
            }
            Some(answer) => break answer,
            None if come.len() >= HEAD_BYTES => {
                return Err(CapacityError::TooManyHeaders.into());
            }
            None => {}
        }
        match stream.read(&mut buffer).await? {
            0 => return Err(IoError::from(ErrorKind::UnexpectedEof).into()),
            read => come.extend_from_slice(&buffer[..read]),
        }
    };
    answered.check(request)?;
    let rest = come.split_off(answered.end);
    Ok(WebSocketStream::from_partially_read(stream, rest, Role::Client, Some(config)).await)
}

/// `stream`, under TLS where the request's address is one of wss.
async fn secured(
    request: &Request,
    stream: Paced<TcpStream>,
) -> Result<MaybeTlsStream<Paced<TcpStream>>, Error> {
    if request.uri().scheme_str() != Some("wss") {
        return Ok(MaybeTlsStream::Plain(stream));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        let words = "no CA certificates found on this machine";
        return Err(IoError::new(ErrorKind::NotFound, words).into());
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = request.uri().host().ok_or(UrlError::NoHostName)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::InvalidDnsName)?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await?;
    Ok(MaybeTlsStream::Rustls(stream))
}

/// The bytes of a request without a body.
fn written(request: &Request) -> Vec<u8> {
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    let mut bytes = format!("{} {path} HTTP/1.1\r\n", request.method()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// The head of an answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// Where what follows it begins.
    end: usize,
}

impl Answer {
    /// The one that `bytes` begin with; none while its end is missing.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Error> {
        let mut lines = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Response::new(&mut lines);
        let end = match parsed.parse(bytes).map_err(Error::from)? {
            httparse::Status::Complete(end) => end,
            httparse::Status::Partial => return Ok(None),
        };
        let mut response = Response::builder().status(parsed.code.unwrap_or_default());
        for line in parsed.headers.iter() {
            response = response.header(line.name, line.value);
        }
        let (parts, ()) = response.body(())?.into_parts();
        Ok(Some(Self {
            status: parts.status,
            headers: parts.headers,
            end,
        }))
    }

    /// Whether it opens what `request` asked for.
    fn check(&self, request: &Request) -> Result<(), Error> {
        if self.status != StatusCode::SWITCHING_PROTOCOLS {
            let mut answer = Response::new(None);
            *answer.status_mut() = self.status;
            return Err(Error::Http(Box::new(answer)));
        }
        let wrong = |problem| Err(Error::Protocol(problem));
        if !self.lists(&UPGRADE, "websocket") {
            return wrong(ProtocolError::MissingUpgradeWebSocketHeader);
        }
        if !self.lists(&CONNECTION, "upgrade") {
            return wrong(ProtocolError::MissingConnectionUpgradeHeader);
        }
        let key = request.headers().get(SEC_WEBSOCKET_KEY);
        let key = key.map(|key| derive_accept_key(key.as_bytes()));
        let mut accepted = self.headers.get_all(SEC_WEBSOCKET_ACCEPT).iter();
        let is_accepted = match (accepted.next(), key) {
            (Some(accepted), Some(key)) => accepted.as_bytes() == key.as_bytes(),
            _ => false,
        };
        if !is_accepted || accepted.next().is_some() {
            return wrong(ProtocolError::SecWebSocketAcceptKeyMismatch);
        }
        // Neither was asked for.
        if self.elements(&SEC_WEBSOCKET_EXTENSIONS).next().is_some() {
            return wrong(ProtocolError::InvalidHeader(Box::new(
                SEC_WEBSOCKET_EXTENSIONS,
            )));
        }
        if self.elements(&SEC_WEBSOCKET_PROTOCOL).next().is_some() {
            let unasked = SubProtocolError::ServerSentSubProtocolNoneRequested;
            return wrong(ProtocolError::SecWebSocketSubProtocolError(unasked));
        }
        Ok(())
    }

    /// The elements of the list that headers of this name make together (RFC 9110, section 5.6.1).
    fn elements<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
        let lines = self.headers.get_all(name).iter();
        lines
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|element| !element.is_empty())
    }

    fn lists(&self, name: &HeaderName, word: &str) -> bool {
        self.elements(name)
            .any(|element| element.eq_ignore_ascii_case(word.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;

    use super::*;

    /// What comes of an answer with these lines to the RFC's own key.
    fn check(lines: &str) -> Result<(), Error> {
        let mut request = "ws://h:1/ws?x=1".into_client_request().unwrap();
        let key = "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap();
        request.headers_mut().insert(SEC_WEBSOCKET_KEY, key);
        let head = format!("HTTP/1.1 101 Switching Protocols\r\n{lines}\r\n");
        for cut in 0..head.len() {
            assert!(Answer::read(&head.as_bytes()[..cut])?.is_none());
        }
        let answer = Answer::read(head.as_bytes())?.unwrap();
        assert_eq!(answer.end, head.len());
        answer.check(&request)
    }

    const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

    #[test]
    fn lists_in_an_answer_are_lists() {
        for lines in [
            "Connection: Upgrade\r\nUpgrade: websocket\r\n",
            "connection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n",
            "Connection: keep-alive\r\nUpgrade: websocket\r\nCONNECTION: ,upgrade,\r\n",
            "Connection: upgrade\r\nUpgrade: h2c\r\nUpgrade: , websocket\r\n",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: ,\r\n",
        ] {
            check(&format!("{lines}{ACCEPT}")).unwrap();
        }
    }

    #[test]
    fn what_opens_no_websocket_is_refused() {
        let both = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
        for lines in [
            format!("Connection: keep-alive\r\nUpgrade: websocket\r\n{ACCEPT}"),
            format!("Connection: Upgrade\r\nUpgrade: h2c\r\n{ACCEPT}"),
            both.to_owned(),
            format!("{both}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n"),
            format!("{both}{ACCEPT}{ACCEPT}"),
            format!("{both}{ACCEPT}Sec-WebSocket-Extensions: permessage-deflate\r\n"),
            format!("{both}{ACCEPT}Sec-WebSocket-Protocol: chat\r\n"),
        ] {
            assert!(matches!(check(&lines), Err(Error::Protocol(_))), "{lines}");
        }
        assert!(Answer::read(b"HTTP/9\r\n").is_err());
        let refused = Answer::read(b"HTTP/1.0 503 No\r\n\r\n").unwrap().unwrap();
        let request = "ws://h".into_client_request().unwrap();
        let error = refused.check(&request).unwrap_err();
        assert!(matches!(error, Error::Http(answer) if answer.status() == 503));
    }

    #[test]
    fn a_request_is_written_as_the_library_makes_it() {
        let request = "ws://h:1/ws?x=1".into_client_request().unwrap();
        let text = String::from_utf8(written(&request)).unwrap();
        assert!(text.starts_with("GET /ws?x=1 HTTP/1.1\r\n"), "{text}");
        assert!(text.to_lowercase().contains("\r\nhost: h:1\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\n"), "{text}");
        let root = "ws://h".into_client_request().unwrap();
        assert!(written(&root).starts_with(b"GET / HTTP/1.1\r\n"));
    }
}
