//! What the address of an Engine.IO request asks for.

use http::Request;

/// The version of Engine.IO that a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Of socket.io-client 1.x and 2.x.
    V3,
    /// Of socket.io-client 3.x and 4.x.
    V4,
}

/// How its packets come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Polling,
    WebSocket,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) version: Version,
    pub(super) carrier: Carrier,
    /// Of the session that it belongs to; none where it begins one.
    pub(super) sid: Option<String>,
}

/// Why a request is none, in Engine.IO's words: a number and a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) u8, pub(super) &'static str);

impl Wrong {
    pub(super) const TRANSPORT: Wrong = Wrong(0, "Transport unknown");
    pub(super) const SESSION: Wrong = Wrong(1, "Session ID unknown");
    pub(super) const HANDSHAKE: Wrong = Wrong(2, "Bad handshake method");
    pub(super) const REQUEST: Wrong = Wrong(3, "Bad request");
    pub(super) const FORBIDDEN: Wrong = Wrong(4, "Forbidden");
    pub(super) const VERSION: Wrong = Wrong(5, "Unsupported protocol version");
    /// Polling by script tags, which old browsers need.
    pub(super) const JSONP: Wrong = Wrong(
        3,
        "JSONP polling is not supported: use polling by XMLHttpRequest, or WebSocket",
    );
}

impl Query {
    /// Reads the query of `request`.
    pub(super) fn of<T>(request: &Request<T>) -> Result<Self, Wrong> {
        let query = request.uri().query().unwrap_or_default();
        let value = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value)
        };
        let carrier = match value("transport").as_deref() {
            Some("polling") => Carrier::Polling,
            Some("websocket") => Carrier::WebSocket,
            _ => return Err(Wrong::TRANSPORT),
        };
        let version = match value("EIO").as_deref() {
            Some("3") => Version::V3,
            Some("4") => Version::V4,
            _ => return Err(Wrong::VERSION),
        };
        if value("j").is_some() {
            return Err(Wrong::JSONP);
        }
        Ok(Self {
            version,
            carrier,
            sid: value("sid").map(|sid| sid.into_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: Result<(Version, Carrier, Option<&str>), Wrong>) {
        let uri = format!("/socket.io/?{query}");
        let request = Request::builder().uri(uri).body(()).unwrap();
        let expected = expected.map(|(version, carrier, sid)| Query {
            version,
            carrier,
            sid: sid.map(str::to_owned),
        });
        assert_eq!(Query::of(&request), expected, "{query}");
    }

    #[test]
    fn a_query_has_a_version_and_a_transport() {
        use Carrier::{Polling, WebSocket};
        use Version::{V3, V4};
        check(
            "EIO=3&transport=polling&t=Lx&b64=1",
            Ok((V3, Polling, None)),
        );
        check("transport=websocket&EIO=4", Ok((V4, WebSocket, None)));
        check(
            "EIO=4&transport=polling&sid=a%2Bb",
            Ok((V4, Polling, Some("a+b"))),
        );
        check("EIO=2&transport=polling", Err(Wrong::VERSION));
        check("transport=polling", Err(Wrong::VERSION));
        check("EIO=4", Err(Wrong::TRANSPORT));
        check("EIO=4&transport=webtransport", Err(Wrong::TRANSPORT));
        check("EIO=3&transport=polling&j=0", Err(Wrong::JSONP));
        check("", Err(Wrong::TRANSPORT));
    }
}
