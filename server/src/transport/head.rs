//! The head of an HTTP request (RFC 9112), from bytes to what it asks for.
//!
//! Owns what a request must be before anything is decided on it: of what must be said once only, two
//! are refused, since another program on the way may go by the other one. It reads nothing by itself
//! and knows no paths.

use std::net::Ipv6Addr;

use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Version};

/// Bytes of a head at most.
pub(super) const HEAD_BYTES: usize = 16 * 1024;
/// Lines of a head at most, the first apart.
const HEADERS: usize = 100;
/// Bytes of what a WebSocket's key stands for (RFC 6455, section 4.2.1).
const KEY_BYTES: usize = 16;

/// Why a request is not looked at.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadHead {
    /// It is no HTTP; what of it is not.
    #[error("this is no HTTP request: {0}")]
    Syntax(httparse::Error),
    /// It is HTTP, and says what can't be; what.
    #[error("{0}")]
    Invalid(&'static str),
    /// Over [`HEAD_BYTES`], or more than [`HEADERS`] lines.
    #[error("the head of the request is too large")]
    TooLarge,
}

impl BadHead {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            BadHead::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            BadHead::Syntax(_) | BadHead::Invalid(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// A request whose head has come.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) request: Request<()>,
    /// What came behind the head.
    pub(super) rest: Vec<u8>,
}

/// A head as it comes in. However many pieces it comes in, looking at it costs no more than a few
/// times its length.
#[derive(Debug, Default)]
pub(super) struct Head {
    bytes: Vec<u8>,
    /// At so many bytes it is looked at though its end has not come: it may be no HTTP at all.
    next_look: usize,
    /// Bytes of empty lines before it, which are passed over (RFC 9112, section 2.2).
    skipped: usize,
}

impl Head {
    /// Takes in what came; the request once its head is whole.
    pub(super) fn add(&mut self, mut come: &[u8]) -> Result<Option<Whole>, BadHead> {
        if self.bytes.is_empty() {
            let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
            let ends = come.iter().take_while(|byte| is_end(byte)).count();
            come = &come[ends..];
            self.skipped += ends;
        }
        // The empty line at its end may be cut anywhere.
        let from = self.bytes.len().saturating_sub(3);
        self.bytes.extend_from_slice(come);
        let has_end = holds_empty_line(&self.bytes[from..]);
        if !has_end && self.bytes.len() < self.next_look {
            return Ok(None);
        }
        self.next_look = 2 * self.bytes.len();
        // What was passed over counts, or it would depend on how a head is cut whether it is too large.
        let room = HEAD_BYTES.saturating_sub(self.skipped);
        let visible = &self.bytes[..self.bytes.len().min(room)];
        match read(visible)? {
            Some((request, end)) => Ok(Some(Whole {
                request,
                rest: self.bytes.split_off(end),
            })),
            None if self.bytes.len() >= room => Err(BadHead::TooLarge),
            None => {
                self.next_look = self.next_look.min(room);
                Ok(None)
            }
        }
    }
}

/// Whether an empty line ends in `bytes`, as the parser takes lines: `\r` may be missing.
fn holds_empty_line(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n').skip(1).peekable();
    std::iter::from_fn(|| {
        let line = lines.next()?;
        // What stands behind the last line feed is no whole line.
        lines.peek().map(|_| line)
    })
    .any(|line| matches!(line, b"" | b"\r"))
}

/// The request at the beginning of `bytes` and where its head ends; `None` while that is missing.
fn read(bytes: &[u8]) -> Result<Option<(Request<()>, usize)>, BadHead> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let end = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(BadHead::TooLarge),
        Err(_) if holds_folded_line(bytes) => {
            return Err(BadHead::Invalid(
                "a header goes on in the next line, which HTTP has no more (RFC 9112, section 5.2)",
            ));
        }
        Err(error) => return Err(BadHead::Syntax(error)),
    };
    let mut request = Request::builder()
        .method(parsed.method.unwrap_or_default())
        .uri(parsed.path.unwrap_or_default())
        .version(match parsed.version {
            Some(0) => Version::HTTP_10,
            _ => Version::HTTP_11,
        });
    for header in parsed.headers {
        request = request.header(header.name, header.value);
    }
    let request = request
        .body(())
        .map_err(|_| BadHead::Invalid("the request's target is no address"))?;
    check_host(&request)?;
    check_length(&request)?;
    Ok(Some((request, end)))
}

/// Whether a line of the head begins with a blank, and so belongs to the one before it.
fn holds_folded_line(bytes: &[u8]) -> bool {
    bytes
        .split(|byte| *byte == b'\n')
        .skip(2)
        .take_while(|line| !matches!(*line, b"" | b"\r"))
        .any(|line| matches!(line, [b' ' | b'\t', _, ..]))
}

/// RFC 9112, section 3.2: one `Host`, and a host. Where the target names one as well, that would
/// count; nothing here depends on either.
fn check_host(request: &Request<()>) -> Result<(), BadHead> {
    match single(request.headers(), &HOST) {
        Ok(Some(host)) if is_host(host.as_bytes()) => Ok(()),
        Ok(Some(_)) => Err(BadHead::Invalid("the Host header names no host")),
        Ok(None) if request.version() == Version::HTTP_10 => Ok(()),
        Ok(None) => Err(BadHead::Invalid("the Host header is missing")),
        Err(Several) => Err(BadHead::Invalid("there is more than one Host header")),
    }
}

/// `uri-host [ ":" port ]` (RFC 9110, section 7.2; RFC 3986, section 3.2.2). A comma, which no host has
/// though it may, is two `Host` headers that somebody made one line of.
fn is_host(value: &[u8]) -> bool {
    let Ok(value) = str::from_utf8(value) else {
        return false;
    };
    let (host, port) = match value.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => ("", port),
            _ => return false,
        },
        None => value.split_at(value.find(':').unwrap_or(value.len())),
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    is_name(host.as_bytes()) && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// `reg-name`, of which an IPv4 address is one.
fn is_name(mut name: &[u8]) -> bool {
    loop {
        name = match name {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest
            }
            [byte, rest @ ..] if byte.is_ascii_alphanumeric() => rest,
            [byte, rest @ ..] if b"-._~!$&'()*+;=".contains(byte) => rest,
            _ => return false,
        };
    }
}

/// RFC 9112, section 6: how long what follows the head is, said once and in one way. Nobody reads
/// it, but who passes requests on does.
fn check_length(request: &Request<()>) -> Result<(), BadHead> {
    let headers = request.headers();
    let is_length = |value: &HeaderValue| {
        let value = value.as_bytes();
        !value.is_empty() && value.len() < 20 && value.iter().all(u8::is_ascii_digit)
    };
    match single(headers, &CONTENT_LENGTH) {
        Err(Several) => Err(BadHead::Invalid("there is more than one Content-Length")),
        Ok(Some(length)) if !is_length(length) => {
            Err(BadHead::Invalid("the Content-Length is no number"))
        }
        Ok(Some(_)) if headers.contains_key(TRANSFER_ENCODING) => Err(BadHead::Invalid(
            "there is a Content-Length and a Transfer-Encoding",
        )),
        Ok(None)
            if headers.contains_key(TRANSFER_ENCODING) && request.version() == Version::HTTP_10 =>
        {
            Err(BadHead::Invalid("HTTP/1.0 has no Transfer-Encoding"))
        }
        Ok(_) => Ok(()),
    }
}

/// More than one header where there may be one.
struct Several;

fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Several> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    match values.next() {
        None => Ok(first),
        Some(_) => Err(Several),
    }
}

/// Whether `word` is in the list that headers of this name make together (RFC 9110, section 5.6.1): in
/// any line, in any case, among elements that are empty or in bytes of their own.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|listed| listed.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether the connection may stay for another request: HTTP/1.1, unless it says otherwise (RFC 9112,
/// section 9.3). Of HTTP/1.0 nobody is served who would ask for it.
pub(super) fn may_stay<T>(request: &Request<T>) -> bool {
    request.version() == Version::HTTP_11 && !lists(request.headers(), &CONNECTION, "close")
}

/// Whether `Transfer-Encoding` is `chunked` and nothing else.
pub(super) fn is_chunked(headers: &HeaderMap) -> bool {
    let only = single(headers, &TRANSFER_ENCODING).ok().flatten();
    only.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"chunked"))
}

/// Whether the request asks for WebSocket: what else it may offer to upgrade to is passed over
/// (RFC 9110, section 7.8).
pub(super) fn names_websocket(headers: &HeaderMap) -> bool {
    lists(headers, &UPGRADE, "websocket")
}

/// Why a request for WebSocket is none that can be granted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoHandshake {
    /// Another version is wanted.
    Version,
    /// What is missing or wrong.
    Invalid(&'static str),
}

/// The key of a WebSocket handshake (RFC 6455, section 4.2.1).
pub(super) fn websocket_key<T>(request: &Request<T>) -> Result<&HeaderValue, NoHandshake> {
    let headers = request.headers();
    let invalid = |what| Err(NoHandshake::Invalid(what));
    // First: of two, another program on the way may have gone by the other one.
    if single(headers, &ORIGIN).is_err() {
        return invalid("there is more than one Origin");
    }
    if request.method() != http::Method::GET || request.version() != Version::HTTP_11 {
        return invalid("it has to be GET and HTTP/1.1");
    }
    if !lists(headers, &CONNECTION, "upgrade") {
        return invalid("Connection: Upgrade is missing");
    }
    let has_body = |value: &HeaderValue| value.as_bytes().iter().any(|digit| *digit != b'0');
    if headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(has_body)
    {
        return invalid("it can't have a body");
    }
    match single(headers, &SEC_WEBSOCKET_VERSION) {
        Ok(Some(version)) if version == "13" => {}
        Ok(Some(_)) => return Err(NoHandshake::Version),
        Ok(None) => return invalid("Sec-WebSocket-Version is missing"),
        Err(Several) => return invalid("there is more than one Sec-WebSocket-Version"),
    }
    match single(headers, &SEC_WEBSOCKET_KEY) {
        Ok(Some(key)) if is_key(key) => Ok(key),
        Ok(Some(_)) => invalid("Sec-WebSocket-Key is not 16 bytes in base64"),
        Ok(None) => invalid("Sec-WebSocket-Key is missing"),
        Err(Several) => invalid("there is more than one Sec-WebSocket-Key"),
    }
}

fn is_key(value: &HeaderValue) -> bool {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let decoded = BASE64_STANDARD.decode(value.as_bytes());
    decoded.is_ok_and(|bytes| bytes.len() == KEY_BYTES)
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
