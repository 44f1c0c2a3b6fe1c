//! Web origins whose pages may connect: read as an operator writes them, held against what browsers
//! send.
//!
//! An origin that can be read can be sent: what no page ever has is refused in words, since a list that
//! never matches locks people out in silence.

use std::str::FromStr;

use url::{Host, Url};

/// Schemes that are written by mistake, for no page's `Origin` has them.
const NEVER_SENT: [&str; 7] = [
    "about",
    "blob",
    "data",
    "file",
    "ftp",
    "javascript",
    "mailto",
];

/// Why a text is no origin that a page may have; it follows the text in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It is something else.
    #[error(
        "is not an origin: it should look like https://example.org or https://example.org:8443"
    )]
    Syntax,
    /// Several, or a slip.
    #[error("contains a blank: separate origins by commas")]
    Blank,
    /// `*` alone.
    #[error("would allow any origin: leave the setting out for that")]
    Any,
    /// What frames in a sandbox send, those of any site, and files.
    #[error("is sent by sandboxed frames of any site, so nobody can tell whose page it is")]
    Null,
    /// A scheme whose pages send no origin of their own.
    #[error(
        "is never sent by a page: an origin begins with https:// or http://, or with the scheme of an app"
    )]
    Scheme,
    /// The address of the chat in place of the page's.
    #[error("is the address of a WebSocket: give the origin of the page, which begins with {0}://")]
    WebSocket(&'static str),
    /// A name or password, which is not repeated.
    #[error("contains a user name, which no origin has")]
    User,
    /// What follows the host and the port.
    #[error("contains more than an origin: nothing may follow the host and the port")]
    Path,
    /// `*` where it has no meaning.
    #[error(
        "has its * in the wrong place: https://*.example.org is every host below example.org, \
         https://example.org:* every port"
    )]
    Wildcard,
    /// `*.` before an address.
    #[error("can't match: there are no names below an IP address")]
    BelowAddress,
    /// A port that none is.
    #[error("has no port from 1 to 65535 after its last colon")]
    Port,
    /// A host that can't be.
    #[error("has no valid host ({0})")]
    Host(url::ParseError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ports {
    /// `:*`
    Any,
    /// This one; `None` for the scheme's own, which browsers leave out.
    One(Option<u16>),
}

/// Origins whose pages may connect: one, or those that a pattern stands for, which is read as a
/// `host-source` of CSP's `frame-ancestors` is (CSP Level 3, section 2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin {
    scheme: String,
    /// As browsers send it: in lower case, in A-labels, IPv6 in brackets.
    host: String,
    /// Whether it is all below that host in its place.
    is_below: bool,
    ports: Ports,
}

impl AllowedOrigin {
    /// Whether the value of an `Origin` header is one of these.
    pub fn matches(&self, sent: &[u8]) -> bool {
        let Ok(sent) = str::from_utf8(sent) else {
            return false;
        };
        let sent = sent.to_ascii_lowercase();
        let Some((scheme, authority)) = sent.split_once("://") else {
            return false;
        };
        let Ok((host, port)) = split_port(authority) else {
            return false;
        };
        let port = port.filter(|port| Some(*port) != default_port(scheme));
        let is_port = match self.ports {
            Ports::Any => true,
            Ports::One(one) => port == one,
        };
        scheme == self.scheme && is_port && self.is_host(host)
    }

    fn is_host(&self, host: &str) -> bool {
        if !self.is_below {
            return host == self.host;
        }
        let below = host.strip_suffix(&self.host);
        let labels = below.and_then(|below| below.strip_suffix('.'));
        labels.is_some_and(|labels| labels.split('.').all(is_label))
    }
}

impl FromStr for AllowedOrigin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let text = text.trim();
        match text {
            "*" => return Err(OriginError::Any),
            _ if text.eq_ignore_ascii_case("null") => return Err(OriginError::Null),
            _ if text.contains(|one: char| one.is_whitespace() || one.is_control()) => {
                return Err(OriginError::Blank);
            }
            _ => {}
        }
        let (scheme, rest) = text.split_once("://").ok_or(OriginError::Syntax)?;
        let scheme = scheme.to_ascii_lowercase();
        check_scheme(&scheme)?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(OriginError::User);
        }
        if !matches!(path, "" | "/") {
            return Err(OriginError::Path);
        }
        if authority.is_empty() {
            return Err(OriginError::Syntax);
        }
        let (authority, is_any_port) = match authority.strip_suffix(":*") {
            Some(authority) => (authority, true),
            None => (authority, false),
        };
        let (authority, is_below) = match authority.strip_prefix("*.") {
            Some(authority) => (authority, true),
            None => (authority, false),
        };
        if authority.contains('*') {
            return Err(OriginError::Wildcard);
        }
        let (host, port) = split_port(authority)?;
        if port.is_some() && is_any_port {
            return Err(OriginError::Port);
        }
        Ok(Self {
            host: as_sent(&scheme, host, is_below)?,
            is_below,
            ports: match is_any_port {
                true => Ports::Any,
                false => Ports::One(port.filter(|port| Some(*port) != default_port(&scheme))),
            },
            scheme,
        })
    }
}

/// RFC 3986, section 3.1.
fn check_scheme(scheme: &str) -> Result<(), OriginError> {
    let is_scheme = scheme.starts_with(|one: char| one.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    match scheme {
        "ws" => Err(OriginError::WebSocket("http")),
        "wss" => Err(OriginError::WebSocket("https")),
        _ if !is_scheme => Err(OriginError::Syntax),
        _ if NEVER_SENT.contains(&scheme) => Err(OriginError::Scheme),
        _ => Ok(()),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// The host and the port behind it, where there is one.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), OriginError> {
    let in_brackets = authority.rfind(']').unwrap_or(0);
    let Some(colon) = authority[in_brackets..].rfind(':') else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(in_brackets + colon);
    let digits = &port[1..];
    let port = digits.parse().ok().filter(|port| *port > 0);
    match port {
        Some(port) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok((host, Some(port))),
        _ => Err(OriginError::Port),
    }
}

/// A host as browsers send it (the URL standard's host parser and serializer).
fn as_sent(scheme: &str, host: &str, is_below: bool) -> Result<String, OriginError> {
    if default_port(scheme).is_none() {
        // Of an app or an extension: it names its pages as it likes.
        return match host.split('.').all(is_label) {
            true => Ok(host.to_ascii_lowercase()),
            false => Err(OriginError::Syntax),
        };
    }
    let url = Url::parse(&format!("{scheme}://{host}/")).map_err(OriginError::Host)?;
    match url.host() {
        Some(Host::Ipv4(_) | Host::Ipv6(_)) if is_below => Err(OriginError::BelowAddress),
        Some(host) => Ok(host.to_string()),
        None => Err(OriginError::Syntax),
    }
}

fn is_label(label: &str) -> bool {
    let is_in_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !label.is_empty() && label.bytes().all(is_in_label)
}

#[cfg(test)]
mod tests;
