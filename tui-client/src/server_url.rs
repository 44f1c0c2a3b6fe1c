//! The server's address, checked once. Must not connect.

use std::net::IpAddr;

use tokio_tungstenite::tungstenite::http::Uri;

/// Why a text is no server address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ServerUrlError {
    /// It is no URL at all.
    #[error("is not an address like chat.example.org, 127.0.0.1:8080 or wss://host:8080")]
    Syntax,
    /// Some other scheme.
    #[error("must begin with ws:// or wss://")]
    Scheme,
    /// A name or password in it would be shown, and seen by all who list processes.
    #[error(
        "can't contain a user name or password (not shown here): use --user, and \
         CHAT_PASSWORD or --password-file"
    )]
    User,
}

/// An address that begins with `ws://` or `wss://`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    uri: Uri,
}

impl ServerUrl {
    /// Checks `text`. Without a scheme it is `wss://`, and on this machine `ws://`: what stays here needs no
    /// certificate.
    pub(crate) fn new(text: &str) -> Result<Self, ServerUrlError> {
        // Looked for before anything else: a slip elsewhere must not bring it to the screen.
        if has_user(text) {
            return Err(ServerUrlError::User);
        }
        if !text.contains("://") {
            let secure = Self::with_scheme(&format!("wss://{text}"))?;
            return match secure.is_loopback() {
                true => Self::with_scheme(&format!("ws://{text}")),
                false => Ok(secure),
            };
        }
        Self::with_scheme(text)
    }

    fn with_scheme(text: &str) -> Result<Self, ServerUrlError> {
        let uri: Uri = text.parse().map_err(|_| ServerUrlError::Syntax)?;
        if !matches!(uri.scheme_str(), Some("ws" | "wss")) {
            return Err(ServerUrlError::Scheme);
        }
        let authority = uri.authority().ok_or(ServerUrlError::Syntax)?;
        // The library reads a port that is no number as none: the default would be a surprise.
        let has_port = authority.as_str().len() > authority.host().len();
        if authority.host().is_empty() || (has_port && uri.port_u16().is_none()) {
            return Err(ServerUrlError::Syntax);
        }
        Ok(Self { uri })
    }

    /// True for `wss://`.
    pub(crate) fn is_secure(&self) -> bool {
        self.uri.scheme_str() == Some("wss")
    }

    /// The host, an IPv6 address without its brackets.
    pub(crate) fn host(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port; that of the scheme where none is named.
    pub(crate) fn port(&self) -> u16 {
        let usual = if self.is_secure() { 443 } else { 80 };
        self.uri.port_u16().unwrap_or(usual)
    }

    /// True where the host can only be this machine.
    fn is_loopback(&self) -> bool {
        let host = self.host();
        let address = host.parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|one| one.is_loopback())
    }

    /// The whole address in one spelling, to tell servers apart by. May hold what lets somebody in, in its
    /// query.
    pub(crate) fn identity(&self) -> String {
        let scheme = if self.is_secure() { "wss" } else { "ws" };
        let host = self.uri.host().unwrap_or_default().to_ascii_lowercase();
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        format!("{scheme}://{host}:{}{path}", self.port())
    }

    /// The whole address.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The address to show: without the path `/`, which says nothing, and without a query, which may
    /// hold what lets somebody in.
    pub(crate) fn shown(&self) -> String {
        presentable(&self.uri.to_string())
            .trim_end_matches('/')
            .to_owned()
    }
}

/// What of a text that was given as an address may be shown: nothing that is a secret in an address, or
/// may be meant for one, as what stands behind a colon and is no port.
pub(crate) fn presentable(text: &str) -> String {
    // Of all of it: a password may hold what ends an address.
    let is_secret = has_user(text) || text.contains(char::is_whitespace) || has_odd_port(text);
    let shown = text.split(['?', '#']).next().unwrap_or_default();
    if !is_secret {
        return shown.to_owned();
    }
    match text.split_once("://") {
        Some((scheme, _)) if scheme.chars().all(|one| one.is_ascii_alphanumeric()) => {
            format!("{scheme}://...")
        }
        _ => "...".to_owned(),
    }
}

/// True where something else than a port stands behind the host's colon.
fn has_odd_port(text: &str) -> bool {
    let behind = text.split_once("://").map_or(text, |(_, behind)| behind);
    // An IPv6 address has colons of its own.
    let behind = behind.rsplit(']').next().unwrap_or_default();
    let authority = behind.split(['/', '?', '#']).next().unwrap_or_default();
    let port = authority.split_once(':').map_or("", |(_, port)| port);
    !port.bytes().all(|byte| byte.is_ascii_digit())
}

/// True where a name or password may be in an address: no host and no path of this program's has an
/// `@`, in whatever spelling.
fn has_user(text: &str) -> bool {
    text.contains('@') || text.contains("%40") || text.contains('\u{ff20}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_host_and_port() {
        let check = |text: &str, secure, host: &str, port| {
            let url = ServerUrl::new(text).unwrap();
            assert_eq!(
                (url.is_secure(), url.host(), url.port()),
                (secure, host, port),
                "{text}"
            );
        };
        check("ws://127.0.0.1:8080", false, "127.0.0.1", 8080);
        check("ws://[::1]:8080/ws", false, "::1", 8080);
        check("wss://chat.example.org", true, "chat.example.org", 443);
        check("ws://localhost/", false, "localhost", 80);
        assert_eq!(ServerUrl::new("ws://h:1").unwrap().shown(), "ws://h:1");
        assert_eq!(
            ServerUrl::new("ws://h:1/ws").unwrap().shown(),
            "ws://h:1/ws"
        );
    }

    #[test]
    fn a_scheme_may_be_left_out() {
        let check = |text: &str, expected: &str| {
            let url = ServerUrl::new(text).unwrap();
            assert_eq!(url.identity(), expected, "{text}");
        };
        check("chat.example.org", "wss://chat.example.org:443/");
        check("Chat.Example.org:8443/ws", "wss://chat.example.org:8443/ws");
        check("10.0.0.7:8080", "wss://10.0.0.7:8080/");
        check("localhost:8080", "ws://localhost:8080/");
        check("LOCALHOST", "ws://localhost:80/");
        check("127.8.9.1:1", "ws://127.8.9.1:1/");
        check("[::1]:8080", "ws://[::1]:8080/");
        check("[2001:db8::1]", "wss://[2001:db8::1]:443/");
        // Anybody may own a name that only looks like this machine.
        check("127.0.0.1.example.org", "wss://127.0.0.1.example.org:443/");
        check("localhost.example.org", "wss://localhost.example.org:443/");
        check("wss://localhost", "wss://localhost:443/");
        check("ws://h:1/?room=a", "ws://h:1/?room=a");
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        let check = |text: &str, expected: &str| assert_eq!(presentable(text), expected);
        check("ws://h:1/ws", "ws://h:1/ws");
        check("wss://a:secret@h", "wss://...");
        check("a:secret@h", "...");
        check("a:secret://b@h", "...");
        check("http://h?token=secret", "http://h");
        check("ws://h/#secret", "ws://h/");
        check("ws://a:secret#@h", "ws://...");
        check("a:secret?@h", "...");
        check("ws://a:secret", "ws://...");
        check("ws://h /secret", "ws://...");
        check("ws://[::1]:8080", "ws://[::1]:8080");
        let url = ServerUrl::new("ws://h:1/?token=secret").unwrap();
        assert_eq!(url.shown(), "ws://h:1");
        assert_eq!(url.uri().query(), Some("token=secret"));
    }

    #[test]
    fn refuses_what_is_no_address() {
        let check = |text: &str, expected| {
            assert_eq!(ServerUrl::new(text).unwrap_err(), expected, "{text:?}");
        };
        check("http://h", ServerUrlError::Scheme);
        check("ftp://h", ServerUrlError::Scheme);
        check("h:port", ServerUrlError::Syntax);
        check("http:h", ServerUrlError::Syntax);
        check("h h", ServerUrlError::Syntax);
        check("", ServerUrlError::Syntax);
        check("ws://", ServerUrlError::Syntax);
        check("ws://h:99999", ServerUrlError::Syntax);
        check("ws://h:", ServerUrlError::Syntax);
        for secret in [
            "ws://a:b@h",
            "ws://b@h",
            "wss://a:b@h:99999",
            "a:b@h",
            "http://a:b@h",
            "ws://a:b/c@h",
            "ws://a:b?c@h",
            "ws://a:b c@h",
            "ws://a:b%40h",
        ] {
            check(secret, ServerUrlError::User);
        }
        check("ws://h\u{1b}", ServerUrlError::Syntax);
    }
}
