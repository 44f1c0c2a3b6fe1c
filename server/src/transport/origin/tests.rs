use super::*;

#[track_caller]
fn check(written: &str, sent: &[&str], not_sent: &[&str]) {
    let allowed: AllowedOrigin = match written.parse() {
        Ok(allowed) => allowed,
        Err(error) => panic!("{written} {error}"),
    };
    for origin in sent {
        assert!(allowed.matches(origin.as_bytes()), "{written} {origin}");
    }
    for origin in not_sent {
        assert!(!allowed.matches(origin.as_bytes()), "{written} {origin}");
    }
}

#[test]
fn an_origin_is_taken_as_browsers_send_it() {
    for (written, sent) in [
        ("https://example.org", "https://example.org"),
        (" https://example.org\n", "https://example.org"),
        ("HTTPS://Example.ORG", "https://example.org"),
        ("https://example.org/", "https://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("https://example.org:0443/", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("http://example.org:443", "http://example.org:443"),
        ("https://example.org:8443", "https://example.org:8443"),
        ("https://exämple.org", "https://xn--exmple-cua.org"),
        ("https://EXÄMPLE.org", "https://xn--exmple-cua.org"),
        ("https://exa\u{308}mple.org", "https://xn--exmple-cua.org"),
        ("https://xn--exmple-cua.org", "https://xn--exmple-cua.org"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://例え。テスト", "https://xn--r8jz45g.xn--zckzah"),
        (
            "https://[2001:DB8:0:0::1]:8443",
            "https://[2001:db8::1]:8443",
        ),
        ("http://[::1]", "http://[::1]"),
        ("http://127.1:3000", "http://127.0.0.1:3000"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://example.org.", "https://example.org."),
        ("https://under_score.example", "https://under_score.example"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("tauri://localhost", "tauri://localhost"),
        ("app://chat:81", "app://chat:81"),
        (
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        ),
        (
            "safari-web-extension://8B1C2D3E-0000-4000-8000-123456789ABC",
            "safari-web-extension://8B1C2D3E-0000-4000-8000-123456789ABC",
        ),
    ] {
        check(written, &[sent], &["null", "", "https://evil.example"]);
    }
    let others = [
        "http://example.org",
        "https://example.org:8443",
        "https://www.example.org",
        "https://example.org.evil.example",
        "https://example.org@evil.example",
        "https://evil.example/https://example.org",
        "https://notexample.org",
        "example.org",
        "https://",
        "https://example.org:",
        "https://example.org:+443",
    ];
    check("https://example.org", &["https://example.org"], &others);
    assert!(
        !"https://a"
            .parse::<AllowedOrigin>()
            .unwrap()
            .matches(b"https://\xff")
    );
}

#[test]
fn a_pattern_stands_for_what_it_does_in_frame_ancestors() {
    check(
        "https://*.example.org",
        &[
            "https://a.example.org",
            "https://a.b.example.org",
            "https://xn--exmple-cua.example.org",
            "https://A.EXAMPLE.org",
        ],
        &[
            "https://example.org",
            "https://.example.org",
            "https://a..example.org",
            "https://notexample.org",
            "https://a.example.org:8443",
            "http://a.example.org",
            "https://a.example.org.evil.example",
            "https://evil.example/.example.org",
            "https://evil.example#.example.org",
            "https://user@a.example.org",
        ],
    );
    check(
        "https://*.exämple.org:8443/",
        &["https://a.xn--exmple-cua.org:8443"],
        &[
            "https://xn--exmple-cua.org:8443",
            "https://a.xn--exmple-cua.org",
        ],
    );
    check(
        "http://localhost:*",
        &["http://localhost", "http://localhost:3000"],
        &[
            "https://localhost",
            "http://localhost:x",
            "http://a.localhost:3000",
        ],
    );
    check(
        "https://*.example.org:*",
        &["https://a.example.org", "https://a.example.org:8443"],
        &["https://example.org:8443"],
    );
}

#[test]
fn what_no_page_sends_is_refused_in_words() {
    use OriginError::*;
    let refused = |written: &str| written.parse::<AllowedOrigin>().unwrap_err();
    for (written, expected) in [
        ("", Syntax),
        ("example.org", Syntax),
        ("*.example.org", Syntax),
        ("localhost:3000", Syntax),
        ("//example.org", Syntax),
        ("https:example.org", Syntax),
        ("https:/example.org", Syntax),
        ("https:///example.org", Path),
        ("https://", Syntax),
        ("https://a b", Blank),
        ("https://a https://b", Blank),
        ("https://ex\tample.org", Blank),
        ("://example.org", Syntax),
        ("blob:https://example.org", Syntax),
        ("*", Any),
        ("null", Null),
        ("NULL", Null),
        ("file:///index.html", Scheme),
        ("ftp://example.org", Scheme),
        ("ws://example.org", WebSocket("http")),
        ("wss://example.org/ws", WebSocket("https")),
        ("https://me:secret@example.org", User),
        ("https://@example.org", User),
        ("https://example.org/chat", Path),
        ("https://example.org?x", Path),
        ("https://example.org#x", Path),
        ("https://example.org//", Path),
        ("https://example.org\\", Path),
        ("https://*", Wildcard),
        ("https://*:8443", Wildcard),
        ("https://a.*.example.org", Wildcard),
        ("https://*.*.example.org", Wildcard),
        ("https://*example.org", Wildcard),
        ("https://example.*", Wildcard),
        ("https://**.example.org", Wildcard),
        ("https://example.org:8*", Wildcard),
        ("https://*.127.0.0.1", BelowAddress),
        ("https://*.[::1]", BelowAddress),
        ("https://example.org:", Port),
        ("https://example.org:0", Port),
        ("https://example.org:65536", Port),
        ("https://example.org:+80", Port),
        ("https://example.org:https", Port),
        ("https://example.org:80:*", Port),
        ("https://*.", Host(url::ParseError::EmptyHost)),
        (
            "https://256.256.256.256",
            Host(url::ParseError::InvalidIpv4Address),
        ),
        ("https://[::g]", Host(url::ParseError::InvalidIpv6Address)),
        ("capacitor://", Syntax),
        ("capacitor://a/b", Path),
        ("capacitor://ä", Syntax),
        ("1app://a", Syntax),
    ] {
        assert_eq!(refused(written), expected, "{written}");
    }
    assert!(matches!(refused("https://exa<mple.org"), Host(_)));
    assert!(matches!(refused("https://xn--a.example"), Host(_)));
}
