//! What is wrong with a server's certificate, in words that say what to do about it. The library's own
//! words are names out of its code.

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};

/// Names of a certificate that are told; the rest is a number.
const NAMES: usize = 3;
/// Characters of such a name: no host name has more (RFC 1035).
const NAME_CHARS: usize = 253;

/// A TLS error in the user's words.
pub(super) fn tls_words(error: &Error) -> String {
    let words = match error {
        Error::InvalidCertificate(certificate) => return certificate_words(certificate),
        Error::InvalidMessage(_) => "no TLS is spoken there",
        Error::NoCertificatesPresented => "the server shows no certificate",
        Error::PeerIncompatible(_) => {
            "the server and this program have no way of TLS in common (1.2 or 1.3 is needed)"
        }
        Error::AlertReceived(alert) => alert_words(*alert),
        Error::FailedToGetCurrentTime => "this machine's clock can't be read",
        Error::FailedToGetRandomBytes => "this machine has no random numbers",
        _ => "what the server says is no proper TLS",
    };
    words.to_owned()
}

/// What the server says when it ends the handshake.
fn alert_words(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::ProtocolVersion
        | AlertDescription::HandshakeFailure
        | AlertDescription::InsufficientSecurity => {
            "the server and this program have no way of TLS in common (1.2 or 1.3 is needed)"
        }
        AlertDescription::UnrecognisedName => "the server does not know itself by this name",
        AlertDescription::CertificateRequired
        | AlertDescription::NoCertificate
        | AlertDescription::BadCertificate => {
            "the server wants a certificate of its clients, and this program has none"
        }
        _ => "the server ended the TLS handshake",
    }
}

fn certificate_words(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "the server's certificate is not trusted: its issuer \
             is unknown here (where it is your own, SSL_CERT_FILE can name a file with it)"
            .to_owned(),
        CertificateError::Expired => expired(None),
        CertificateError::ExpiredContext { not_after, .. } => expired(date(*not_after)),
        CertificateError::NotValidYet => too_early(None),
        CertificateError::NotValidYetContext { not_before, .. } => too_early(date(*not_before)),
        CertificateError::NotValidForName => {
            "the server's certificate is for another name".to_owned()
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => other_name(&expected.to_str(), presented),
        CertificateError::Revoked => {
            "the server's certificate was revoked: the server needs a new one".to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the server's certificate is made for another purpose: one for a server has the \
             extended key usage serverAuth, or none"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "the server's certificate is not trusted: its issuer has a known name but a \
             different key (if it is your own and was renewed, SSL_CERT_FILE must name the new one)"
                .to_owned()
        }
        CertificateError::BadEncoding => {
            "the server's certificate is not accepted: it can't be read".to_owned()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the server's certificate is not accepted: it is signed in a way that is too old or \
             unknown here (ECDSA, Ed25519 or RSA with SHA-256 are fine)"
                .to_owned()
        }
        CertificateError::Other(other) => other_words(other.0.downcast_ref()).to_owned(),
        _ => "the server's certificate is not accepted: it is not made for a server".to_owned(),
    }
}

/// What the library has no word of its own for.
fn other_words(error: Option<&webpki::Error>) -> &'static str {
    match error {
        Some(webpki::Error::CaUsedAsEndEntity) => {
            "the server's certificate is that of an authority (CA:TRUE, as `openssl req -x509` makes \
             it), not that of a server: give the server one that was made with \
             -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:NAME, and name a \
             file with it here in SSL_CERT_FILE"
        }
        Some(webpki::Error::UnsupportedCertVersion) => {
            "the server's certificate is not accepted: it is of version 1 and names no server; make \
             one with -addext subjectAltName=DNS:NAME"
        }
        Some(webpki::Error::EndEntityUsedAsCa) => {
            "the server's certificate is not trusted: its issuer is not an authority (CA:TRUE)"
        }
        Some(webpki::Error::PathLenConstraintViolated | webpki::Error::NameConstraintViolation) => {
            "the server's certificate is not accepted: its issuer can't issue certificates for this name"
        }
        _ => "the server's certificate is not accepted: it is not made for a server",
    }
}

fn expired(date: Option<String>) -> String {
    let date = date.map_or_else(String::new, |date| format!(" on {date}"));
    format!(
        "the server's certificate has expired{date}: the server needs a new one, or this machine's \
         clock is wrong"
    )
}

fn too_early(date: Option<String>) -> String {
    let date = date.map_or_else(String::new, |date| format!(" before {date}"));
    format!("the server's certificate is not valid yet{date}: is this machine's clock right?")
}

fn other_name(expected: &str, presented: &[String]) -> String {
    if presented.is_empty() {
        return format!(
            "the server's certificate names no server, so it can't be for {expected}: it needs a \
             subjectAltName (the common name does not count)"
        );
    }
    let mut names: Vec<String> = presented
        .iter()
        .take(NAMES)
        .map(|name| bare(name))
        .collect();
    let more = presented.len() - names.len();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    format!(
        "the server's certificate is for {}, not for {expected}",
        names.join(", ")
    )
}

/// A name out of the library's words for it: `DnsName("a.example")`, `IpAddress(127.0.0.1)`.
fn bare(presented: &str) -> String {
    let inner = presented
        .split_once('(')
        .and_then(|(_, rest)| rest.rsplit_once(')'))
        .map_or(presented, |(inner, _)| inner);
    inner.trim_matches('"').chars().take(NAME_CHARS).collect()
}

/// `27 Nov 2026`, UTC.
fn date(time: UnixTime) -> Option<String> {
    let seconds = i64::try_from(time.as_secs()).ok()?;
    let timestamp = Timestamp::from_second(seconds).ok()?;
    Some(timestamp.strftime("%-d %b %Y").to_string())
}

#[cfg(test)]
mod tests;
