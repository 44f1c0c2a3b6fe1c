//! Certificates made as people make them, looked at as the handshake does.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName};

use super::*;

/// 1 January 2026, UTC.
const NOW: u64 = 1_767_225_600;

fn certificate(names: &[&str], change: impl Fn(&mut CertificateParams)) -> CertificateDer<'static> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2025, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2027, 1, 1);
    change(&mut parameters);
    let key = KeyPair::generate().unwrap();
    parameters.self_signed(&key).unwrap().der().clone()
}

/// What is said of a certificate that is shown as `chat.example`'s; `None` where it is accepted.
fn words(shown: &CertificateDer<'static>, trusted: &CertificateDer<'static>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    let name = ServerName::try_from("chat.example").unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    let verifier = verifier.build().unwrap();
    let verified = verifier.verify_server_cert(shown, &[], &name, &[], now);
    verified.err().map(|error| tls_words(&error))
}

#[test]
fn every_usual_mistake_is_told_in_words_that_help() {
    let names = ["chat.example"];
    let check = |shown: CertificateDer<'static>, expected: &[&str]| {
        let words = words(&shown, &shown).unwrap();
        for expected in expected {
            assert!(words.contains(expected), "`{words}` lacks `{expected}`");
        }
        // Names out of the library's code look like this.
        let is_code = |word: &str| {
            let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
            inner.chars().skip(1).any(char::is_uppercase)
                && inner.chars().any(char::is_lowercase)
                && ![
                    "subjectAltName",
                    "serverAuth",
                    "basicConstraints=critical,CA:FALSE",
                ]
                .iter()
                .any(|known| inner.contains(known))
        };
        assert_eq!(words.split(' ').find(|word| is_code(word)), None, "{words}");
    };
    let authority = IsCa::Ca(BasicConstraints::Unconstrained);
    let made = certificate(&names, |one| one.is_ca = authority);
    check(made, &["openssl req -x509", "CA:FALSE", "SSL_CERT_FILE"]);
    let late = |one: &mut CertificateParams| one.not_after = rcgen::date_time_ymd(2025, 3, 9);
    check(
        certificate(&names, late),
        &["expired on 9 Mar 2025", "clock"],
    );
    let early = |one: &mut CertificateParams| one.not_before = rcgen::date_time_ymd(2026, 3, 9);
    check(
        certificate(&names, early),
        &["not valid yet before 9 Mar 2026"],
    );
    let other = certificate(&["a.example", "127.0.0.1"], |_| {});
    check(other, &["a.example, 127.0.0.1", "not for chat.example"]);
    check(
        certificate(&[], |_| {}),
        &["names no server", "subjectAltName"],
    );
    let client = |one: &mut CertificateParams| {
        one.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    check(certificate(&names, client), &["another purpose"]);
}

#[test]
fn a_self_signed_certificate_for_a_server_is_taken_where_it_is_trusted() {
    let own = certificate(&["chat.example"], |_| {});
    assert_eq!(words(&own, &own), None);
    let other = certificate(&["chat.example"], |_| {});
    let words = words(&own, &other).unwrap();
    assert!(words.contains("SSL_CERT_FILE"), "{words}");
}

#[test]
fn no_error_shows_a_name_out_of_the_librarys_code() {
    let errors = [
        Error::General("SomeName".to_owned()),
        Error::AlertReceived(AlertDescription::HandshakeFailure),
        Error::AlertReceived(AlertDescription::InternalError),
        Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure),
        Error::InvalidCertificate(CertificateError::UnhandledCriticalExtension),
        Error::PeerSentOversizedRecord,
        Error::HandshakeNotComplete,
    ];
    for error in errors {
        let words = tls_words(&error);
        let code = format!("{error:?}");
        let name = code.rsplit('(').next().unwrap().trim_matches([')', '"']);
        assert!(!words.contains(name), "{words}");
    }
}
