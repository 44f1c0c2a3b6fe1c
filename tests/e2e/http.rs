//! The server as an HTTP server: a page, a health check, and the way to a WebSocket.

use chat_tests::{RawClient, RawSocket, Server, handshake};

/// The status of the answer to `request`.
#[track_caller]
fn status(server: &Server, request: &str) -> u16 {
    let mut socket = RawSocket::open(server.address());
    socket.write(request.as_bytes());
    let head = socket.read_head();
    let status = head
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok());
    match status {
        Some(status) => status,
        None => panic!("no HTTP answer to {request:?}: {head:?}"),
    }
}

fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

#[test]
fn there_is_a_page_and_a_health_check() {
    let server = Server::start();
    let page = RawSocket::request(server.address(), &request("GET", "/"));
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let (_, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(!body.is_empty());
    assert_eq!(status(&server, &request("GET", "/healthz")), 200);
}

#[test]
fn what_is_not_there_is_404_and_what_is_not_asked_for_is_405() {
    let server = Server::start();
    assert_eq!(status(&server, &request("GET", "/nowhere")), 404);
    assert_eq!(status(&server, &request("GET", "/../etc/passwd")), 404);
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(status(&server, &request(method, "/")), 405, "{method}");
        let health = status(&server, &request(method, "/healthz"));
        assert_eq!(health, 405, "{method}");
    }
}

#[test]
fn broken_requests_are_answered_with_4xx_and_harm_nobody() {
    let mut server = Server::start();
    let mut client = RawClient::join(&server, "alice", "stream");
    let huge = format!("GET / HTTP/1.1\r\nX-Huge: {}\r\n\r\n", "x".repeat(1 << 20));
    for request in [
        "\0\0\0\0\r\n\r\n",
        "hello\r\n\r\n",
        "GET /\u{7f} HTTP/9\r\n\r\n",
    ] {
        let status = status(&server, request);
        assert!((400..500).contains(&status), "{status} for {request:?}");
    }
    let answer = RawSocket::try_request(server.address(), &huge);
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    client.post("unharmed");
    let log = server.stop_and_log();
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn what_must_be_said_once_is_not_said_twice() {
    let server = Server::start();
    let ask = |headers: &str| {
        let request = format!("GET /healthz HTTP/1.1\r\n{headers}\r\n");
        status(&server, &request)
    };
    assert_eq!(ask("Host: here\r\n"), 200);
    for headers in [
        "",
        "Host: here\r\nHost: here\r\n",
        "Host: here\r\nhost: there\r\n",
        "Host: he re\r\n",
        "Host: http://here/\r\n",
        "Host: here\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        "Host: here\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    ] {
        assert_eq!(ask(headers), 400, "{headers}");
    }
    for header in [
        "Host: here",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version: 13",
        "Content-Length: 2",
    ] {
        let handshake = handshake("/ws", &format!("{header}\r\n"));
        assert_eq!(status(&server, &handshake), 400, "{header}");
    }
}

#[test]
fn answers_say_when_they_were_given_and_how_long_they_are() {
    let server = Server::start();
    let get = RawSocket::request(server.address(), &request("GET", "/healthz"));
    let head = RawSocket::request(server.address(), &request("HEAD", "/healthz"));
    let (get, body) = get.split_once("\r\n\r\n").unwrap();
    let lower = get.to_lowercase();
    assert!(
        lower.contains("\r\ndate: ") && lower.contains(" gmt"),
        "{get}"
    );
    let length = format!("\r\ncontent-length: {}", body.len());
    assert!(lower.contains(&length), "{get}");
    let (head, nothing) = head.split_once("\r\n\r\n").unwrap();
    assert_eq!(nothing, "");
    assert!(head.to_lowercase().contains(&length), "{head}");
}

#[test]
fn a_body_without_end_is_not_waited_for() {
    let server = Server::start();
    for begin in [
        "GET /healthz HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 9999999999\r\n\r\n",
    ] {
        let mut socket = RawSocket::open(server.address());
        socket.write(begin.as_bytes());
        let head = socket.read_head();
        assert!(head.starts_with("HTTP/1.1 "), "{head}");
        let mut flood = socket.begin_flood();
        flood.write_until_end(&b"1\r\nx\r\n".repeat(10_000));
    }
}

#[test]
fn an_upgrade_that_is_not_one_is_refused() {
    let server = Server::start();
    let whole = handshake("/ws", "Connection: close\r\n");
    for (part, replacement) in [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 12"),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
        ("Upgrade: websocket", "Upgrade: h2c"),
        ("GET", "POST"),
    ] {
        let broken = whole.replacen(part, replacement, 1);
        assert_ne!(broken, whole);
        let status = status(&server, &broken);
        assert!((400..500).contains(&status), "{status} for {broken}");
    }
    assert_eq!(status(&server, &handshake("/elsewhere", "")), 404);
    assert!((400..500).contains(&status(&server, &request("GET", "/ws"))));
}

#[test]
fn lists_are_lists_whatever_their_lines_order_and_case() {
    let server = Server::start();
    let rest = "Host: here\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let ask = |lines: &str| status(&server, &format!("GET /ws HTTP/1.1\r\n{lines}{rest}\r\n"));
    for lines in [
        "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
        "connection: UPGRADE , keep-alive\r\nupgrade: WebSocket\r\n",
        "Upgrade: h2c, websocket\r\nConnection: ,upgrade,\r\n",
        "Upgrade: h2c\r\nConnection:\r\nConnection: Upgrade\r\nUpgrade: , websocket\r\n",
    ] {
        assert_eq!(ask(lines), 101, "{lines}");
    }
    for (lines, expected) in [
        ("Connection: keep-alive\r\nUpgrade: websocket\r\n", 400),
        ("Connection: Upgrade\r\nUpgrade: h2c\r\n", 426),
    ] {
        assert_eq!(ask(lines), expected, "{lines}");
    }
}

#[test]
fn what_is_wrong_with_a_handshake_is_said_in_words() {
    let server = Server::start_with(&["--allowed-origin", "https://a.example"]);
    let ask = |request: &str| RawSocket::request(server.address(), request);
    for (lines, words) in [
        ("Host: there", "more than one Host"),
        (
            "Origin: https://a.example\r\nOrigin: https://a.example",
            "more than one Origin",
        ),
        (
            "Origin: https://a.example\r\nOrigin: https://evil.example",
            "more than one Origin",
        ),
        (
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "more than one Sec-WebSocket-Key",
        ),
        (
            "Content-Length: 0\r\nContent-Length: 0",
            "more than one Content-Length",
        ),
        ("X: 1\r\n folded", "a header goes on in the next line"),
    ] {
        let answer = ask(&handshake("/ws", &format!("{lines}\r\n")));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lines}: {answer}");
        assert!(answer.contains(words), "{lines}: {answer}");
    }
    let whole = handshake("/ws", "");
    for version in ["8", "8, 13", "14"] {
        let other = whole.replacen("Version: 13", &format!("Version: {version}"), 1);
        let answer = ask(&other);
        assert!(answer.starts_with("HTTP/1.1 426 "), "{version}: {answer}");
        let lower = answer.to_lowercase();
        assert!(
            lower.contains("\r\nsec-websocket-version: 13\r\n"),
            "{answer}"
        );
    }
    for host in ["", "Host: here, there\r\n", "Host: here,there\r\n"] {
        let answer = ask(&whole.replacen("Host: localhost\r\n", host, 1));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{host}: {answer}");
    }
}

#[test]
fn pages_of_other_origins_are_kept_out() {
    let server = Server::start_with(&[
        "--allowed-origin",
        "https://one.example",
        "--allowed-origin",
        "https://two.example:8443",
    ]);
    let enter = |origin| RawClient::open_from(server.address(), "/ws", origin);
    for allowed in [
        Some("https://one.example"),
        Some("https://two.example:8443"),
        // No browser, no origin: a program may come from anywhere.
        None,
    ] {
        enter(allowed).unwrap().expect("connection");
    }
    for refused in [
        "https://evil.example",
        "http://one.example",
        "https://one.example.evil.example",
        "https://one.example:8443",
        "https://two.example",
        "null",
    ] {
        match enter(Some(refused)) {
            Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 403, "{refused}"),
            other => panic!("{refused}: {other:?}"),
        }
    }
}
