//! An HTTP answer, as it is written.

use std::fmt::Write;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ALLOW, CONNECTION, CONTENT_LENGTH,
    CONTENT_TYPE, DATE, HeaderName, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_VERSION,
    UPGRADE, VARY,
};
use http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tungstenite::handshake::derive_accept_key;

use crate::domain::entry::UnixMillis;

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: String,
}

impl Answer {
    /// A text of one line.
    pub(super) fn plain(status: StatusCode, line: impl Into<String>) -> Self {
        Self::text(status, "text/plain; charset=utf-8", line.into() + "\n")
    }

    /// A text of this type. The connection ends behind it, unless [`Answer::keep_alive`] says
    /// otherwise.
    pub(super) fn text(status: StatusCode, content_type: &str, body: String) -> Self {
        let answer = Self {
            status,
            headers: Vec::new(),
            body,
        };
        answer
            .with(CONTENT_TYPE, content_type)
            .with(CONNECTION, "close")
    }

    /// The connection becomes a WebSocket (RFC 6455, section 4.2.2).
    pub(super) fn switching(key: &HeaderValue) -> Self {
        let answer = Self {
            status: StatusCode::SWITCHING_PROTOCOLS,
            headers: Vec::new(),
            body: String::new(),
        };
        answer
            .with(CONNECTION, "Upgrade")
            .with(UPGRADE, "websocket")
            .with(SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
    }

    /// What is to be asked for is WebSocket, in the version that there is.
    pub(super) fn upgrade_required() -> Self {
        let line = "this is a WebSocket endpoint (RFC 6455, version 13)";
        Self::plain(StatusCode::UPGRADE_REQUIRED, line)
            .with(UPGRADE, "websocket")
            .with(SEC_WEBSOCKET_VERSION, "13")
    }

    /// Other methods than these are not possible.
    pub(super) fn method_not_allowed(allowed: &[&Method]) -> Self {
        let line = match allowed.contains(&&Method::GET) {
            true => "only GET is served here",
            false => "this method is not served here",
        };
        let allowed: Vec<&str> = allowed.iter().map(|method| method.as_str()).collect();
        Self::plain(StatusCode::METHOD_NOT_ALLOWED, line).with(ALLOW, allowed.join(", "))
    }

    /// There is nothing to say.
    pub(super) fn no_content() -> Self {
        let answer = Self {
            status: StatusCode::NO_CONTENT,
            headers: Vec::new(),
            body: String::new(),
        };
        answer.with(CONNECTION, "close")
    }

    /// The same, for pages of this origin to read, and to ask for in the ways that there are (Fetch, CORS
    /// protocol).
    pub(super) fn shared_with(self, origin: &str) -> Self {
        self.with(ACCESS_CONTROL_ALLOW_ORIGIN, origin)
            .with(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true")
            .with(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST")
            .with(ACCESS_CONTROL_ALLOW_HEADERS, "content-type")
            .with(ACCESS_CONTROL_MAX_AGE, "86400")
            .with(VARY, "origin")
    }

    /// The same, to be asked for again after so many seconds.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        self.with(RETRY_AFTER, seconds.to_string())
    }

    /// The same; the connection stays for another request. Only where the answer is what was asked
    /// for: after a refusal the connection ends.
    pub(super) fn keep_alive(mut self) -> Self {
        if self.status.is_success() || self.status.is_redirection() {
            self.headers.retain(|(name, _)| *name != CONNECTION);
        }
        self
    }

    fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Whether the connection becomes a WebSocket.
    pub(super) fn is_switching(&self) -> bool {
        self.status == StatusCode::SWITCHING_PROTOCOLS
    }

    /// Whether the connection ends behind it.
    pub(super) fn is_last(&self) -> bool {
        let mut headers = self.headers.iter();
        headers.any(|(name, value)| *name == CONNECTION && value == "close")
    }

    /// The bytes, at this time; without the body where only the head was asked for.
    pub(super) fn encode(&self, now: UnixMillis, is_head_only: bool) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {}\r\n", self.status);
        let mut line = |name: &HeaderName, value: &str| {
            write!(text, "{name}: {value}\r\n").expect("a string takes all");
        };
        for (name, value) in &self.headers {
            line(name, value);
        }
        // RFC 9110, section 8.6: neither of these has a length.
        let has_body = !self.is_switching() && self.status != StatusCode::NO_CONTENT;
        if has_body {
            line(&CONTENT_LENGTH, &self.body.len().to_string());
        }
        if !self.is_switching()
            && let Some(date) = date(now)
        {
            line(&DATE, &date);
        }
        text.push_str("\r\n");
        if !is_head_only {
            text.push_str(&self.body);
        }
        text.into_bytes()
    }
}

/// The time in HTTP's way. A clock that was never set, which says 1970 or before, has none to tell
/// (RFC 9110, section 6.6.1); one that is past the year 9999 has none that could be written.
fn date(now: UnixMillis) -> Option<String> {
    if now == 0 {
        return None;
    }
    let timestamp = Timestamp::from_millisecond(i64::try_from(now).ok()?).ok()?;
    let printer = DateTimePrinter::new();
    printer.timestamp_to_rfc9110_string(&timestamp).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &Answer, is_head_only: bool, expected: &[&str]) {
        let bytes = answer.encode(784_111_777_000, is_head_only);
        assert_eq!(String::from_utf8(bytes).unwrap(), expected.join("\r\n"));
    }

    #[test]
    fn answers_are_written_as_http_wants_them() {
        let head = [
            "HTTP/1.1 429 Too Many Requests",
            "content-type: text/plain; charset=utf-8",
            "connection: close",
            "retry-after: 7",
            "content-length: 5",
            "date: Sun, 06 Nov 1994 08:49:37 GMT",
            "",
        ];
        let answer = Answer::plain(StatusCode::TOO_MANY_REQUESTS, "wait").retry_after(7);
        check(&answer, true, &[&head[..], &[""]].concat());
        check(&answer, false, &[&head[..], &["wait\n"]].concat());
    }

    #[test]
    fn only_what_was_asked_for_keeps_a_connection() {
        let well = Answer::plain(StatusCode::OK, "well");
        assert!(well.is_last());
        assert!(!well.keep_alive().is_last());
        for status in [StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE] {
            assert!(Answer::plain(status, "no").keep_alive().is_last());
        }
        let methods = [&Method::POST, &Method::DELETE];
        let bytes = Answer::method_not_allowed(&methods).encode(0, true);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\r\nallow: POST, DELETE\r\n"), "{text}");
    }

    #[test]
    fn a_key_is_answered_as_in_the_rfcs_example() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        let expected = [
            "HTTP/1.1 101 Switching Protocols",
            "connection: Upgrade",
            "upgrade: websocket",
            "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "",
            "",
        ];
        check(&Answer::switching(&key), false, &expected);
    }

    #[test]
    fn a_clock_without_a_time_to_tell_tells_none() {
        assert_eq!(date(0), None);
        assert_eq!(date(1).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(date(253_402_300_800_000), None);
        assert_eq!(date(u64::MAX), None);
        let answer = Answer::plain(StatusCode::OK, "well").encode(0, false);
        assert!(!String::from_utf8(answer).unwrap().contains("date:"));
    }
}
