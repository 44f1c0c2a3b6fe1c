use super::*;

/// What comes of `bytes`, in pieces of one size.
fn read_in(bytes: &[u8], size: usize) -> Result<Option<Whole>, BadHead> {
    let mut head = Head::default();
    let mut pieces = bytes.chunks(size);
    while let Some(piece) = pieces.next() {
        if let Some(mut whole) = head.add(piece)? {
            whole.rest.extend(pieces.flatten());
            return Ok(Some(whole));
        }
    }
    Ok(None)
}

/// The same however it is cut.
#[track_caller]
fn check(bytes: &[u8]) -> Result<Option<Whole>, BadHead> {
    let whole = read_in(bytes, bytes.len().max(1));
    for size in [1, 2, 3, 5, 100] {
        let cut = read_in(bytes, size);
        assert_eq!(
            format!("{cut:?}"),
            format!("{whole:?}"),
            "in pieces of {size}"
        );
    }
    whole
}

fn request(headers: &str) -> Vec<u8> {
    format!("GET /ws HTTP/1.1\r\n{headers}\r\n").into_bytes()
}

#[track_caller]
fn invalid(headers: &str) {
    let found = check(&request(headers));
    assert!(
        matches!(found, Err(BadHead::Invalid(_))),
        "{headers}: {found:?}"
    );
}

#[track_caller]
fn valid(headers: &str) -> Request<()> {
    match check(&request(headers)) {
        Ok(Some(Whole { request, .. })) => request,
        other => panic!("{headers}: {other:?}"),
    }
}

#[test]
fn a_head_is_read_however_it_is_cut() {
    let bytes = b"\r\n\nPOST /path?x=1 HTTP/1.1\r\nHost: here\r\nX-One: 1\r\n\r\nbehind it";
    let Whole { request, rest } = check(bytes).unwrap().unwrap();
    assert_eq!(request.method(), http::Method::POST);
    assert_eq!(request.uri().path(), "/path");
    assert_eq!(request.headers()["x-one"], "1");
    assert_eq!(rest, b"behind it");
    let (cut, _) = bytes.split_at(40);
    assert!(check(cut).unwrap().is_none());
    // What is missing: `\r`, a host in an old version.
    let bare = b"GET / HTTP/1.0\n\n";
    assert_eq!(check(bare).unwrap().unwrap().rest, b"");
}

#[test]
fn what_is_no_http_is_told_without_waiting_for_its_end() {
    for bytes in [
        b"hello\r\n".as_slice(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : here\r\n\r\n",
    ] {
        let found = read_in(bytes, bytes.len());
        assert!(matches!(found, Err(BadHead::Syntax(_))), "{found:?}");
    }
    for folded in [" folded", "\tfolded", "X: 1\r\n folded"] {
        invalid(&format!("Host: here\r\n{folded}\r\n"));
    }
    assert!(matches!(
        check(b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n"),
        Err(BadHead::Invalid(_))
    ));
}

#[test]
fn a_head_has_bounds() {
    let too_large = |bytes: &[u8]| matches!(check(bytes), Err(BadHead::TooLarge));
    let line = "X-Long: ".to_owned() + &"x".repeat(HEAD_BYTES);
    assert!(too_large(&request(&line)));
    assert!(too_large(&request(
        &("Host: here\r\n".to_owned() + &"X: 1\r\n".repeat(HEADERS))
    )));
    assert!(too_large(&b"\r\n".repeat(HEAD_BYTES)));
    valid(&("Host: here\r\n".to_owned() + &"X: 1\r\n".repeat(HEADERS - 1)));
    let name = "Host: here\r\nX-Long: ";
    let rest = HEAD_BYTES - request(&(name.to_owned() + "\r\n")).len();
    let longest = name.to_owned() + &"x".repeat(rest);
    valid(&(longest.clone() + "\r\n"));
    assert!(too_large(&request(&(longest + "x\r\n"))));
}

#[test]
fn there_is_one_host_and_it_is_a_host() {
    invalid("");
    invalid("Host: here\r\nHost: here\r\n");
    invalid("Host: here\r\nX: 1\r\nhost: there\r\n");
    for host in [
        "a b",
        "http://here",
        "here/",
        "me@here",
        "here:x",
        "here:80:80",
        "[::1",
        "[here]",
        "[::1]x",
        "::1",
        "here%",
        "here%4",
        "h\u{e9}re",
        "here?",
        "here#",
        "here, there",
        "here,there",
        "\"here\"",
        "<here>",
    ] {
        invalid(&format!("Host: {host}\r\n"));
    }
    for host in [
        "",
        "here",
        "here:",
        "here:8080",
        "chat.example.org",
        "127.0.0.1:80",
        "[::1]",
        "[::1]:80",
        "xn--e1afmkfd.example",
        "a_b",
        "here%41",
        " here ",
    ] {
        valid(&format!("Host: {host}\r\n"));
    }
    // The target names another: nothing depends on either, but both have to be whole.
    let absolute = |host| format!("GET http://there/ws HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let whole = check(absolute("here").as_bytes()).unwrap().unwrap();
    assert_eq!(whole.request.uri().path(), "/ws");
    assert!(check(absolute("a b").as_bytes()).is_err());
}

#[test]
fn the_length_of_a_body_is_said_once() {
    let with = |headers: &str| format!("Host: here\r\n{headers}");
    for headers in [
        "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: \r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    ] {
        invalid(&with(headers));
    }
    valid(&with("Content-Length: 17\r\n"));
    valid(&with("Transfer-Encoding: chunked\r\n"));
    let old = b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(matches!(check(old), Err(BadHead::Invalid(_))));
}

const UPGRADE: &str = "Host: here\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn a_handshake_is_whole_and_says_each_thing_once() {
    let request = valid(UPGRADE);
    assert!(names_websocket(request.headers()));
    assert_eq!(websocket_key(&request).unwrap(), "dGhlIHNhbXBsZSBub25jZQ==");
    valid(&(UPGRADE.to_owned() + "Content-Length: 0\r\n"));
    for line in UPGRADE
        .lines()
        .filter(|line| !line.starts_with("Host") && !line.starts_with("Upgrade"))
    {
        let without = UPGRADE.replace(&format!("{line}\r\n"), "");
        assert_ne!(without, UPGRADE);
        let found = valid(&without);
        assert!(
            matches!(websocket_key(&found), Err(NoHandshake::Invalid(_))),
            "{line}"
        );
    }
    for line in [
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Version: 8",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
    ] {
        let found = valid(&format!("{UPGRADE}{line}\r\n"));
        assert!(
            matches!(websocket_key(&found), Err(NoHandshake::Invalid(_))),
            "{line}"
        );
    }
    for key in [
        "",
        "short",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZTEyMzQ=",
    ] {
        let other = UPGRADE.replace("dGhlIHNhbXBsZSBub25jZQ==", key);
        assert!(websocket_key(&valid(&other)).is_err(), "{key}");
    }
    let other = UPGRADE.replace("Version: 13", "Version: 8");
    assert_eq!(websocket_key(&valid(&other)), Err(NoHandshake::Version));
}

#[test]
fn lists_are_lists_whatever_their_lines_order_case_and_empty_elements() {
    let with = |lines: &str| {
        let both = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
        let other = UPGRADE.replace(both, lines);
        assert_ne!(other, UPGRADE);
        valid(&other)
    };
    for lines in [
        "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nConnection: keep-alive\r\n",
        "connection: UPGRADE,keep-alive\r\nUPGRADE: WebSocket\r\n",
        "Connection: ,, \t,upgrade ,\r\nUpgrade: , websocket\r\n",
        "Connection:\r\nConnection: Upgrade\r\nUpgrade:\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n",
        "Connection: caf\u{e9}, Upgrade\r\nUpgrade: websocket\r\n",
    ] {
        let found = with(lines);
        assert!(names_websocket(found.headers()), "{lines}");
        assert!(websocket_key(&found).is_ok(), "{lines}");
    }
    for lines in [
        "Connection: keep-alive\r\nUpgrade: websocket\r\n",
        "Connection: not-upgrade\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade websocket\r\nUpgrade: websocket\r\n",
    ] {
        assert!(websocket_key(&with(lines)).is_err(), "{lines}");
    }
    for upgrade in ["h2c", "web, socket", "websockets", ""] {
        let lines = format!("Connection: Upgrade\r\nUpgrade: {upgrade}\r\n");
        assert!(!names_websocket(with(&lines).headers()), "{upgrade}");
    }
}

#[test]
fn an_origin_is_one_and_of_versions_there_is_one() {
    for origins in ["https://a.example", "https://b.example"] {
        let lines = format!("Origin: https://a.example\r\norigin: {origins}\r\n");
        let found = valid(&(UPGRADE.to_owned() + &lines));
        assert!(matches!(
            websocket_key(&found),
            Err(NoHandshake::Invalid(what)) if what.contains("Origin")
        ));
    }
    for version in ["8", "8, 13", "13, 8", "14", "013", "", "thirteen"] {
        let other = UPGRADE.replace("Version: 13", &format!("Version: {version}"));
        let found = valid(&other);
        assert_eq!(
            websocket_key(&found),
            Err(NoHandshake::Version),
            "{version}"
        );
    }
}

#[test]
fn empty_lines_before_a_head_count_for_its_size_however_it_is_cut() {
    let head = |lines: usize, target: usize| {
        let path = "x".repeat(target);
        let head = format!("GET /{path} HTTP/1.0\r\n\r\n");
        [vec![b'\n'; lines], head.into_bytes()].concat()
    };
    let rest = "GET / HTTP/1.0\r\n\r\n".len();
    let target = 1000;
    let fits = head(HEAD_BYTES - target - rest, target);
    assert_eq!(fits.len(), HEAD_BYTES);
    assert!(check(&fits).unwrap().is_some());
    let over = head(HEAD_BYTES - target - rest + 1, target);
    assert_eq!(check(&over).unwrap_err(), BadHead::TooLarge);
    assert_eq!(
        check(&head(2 * HEAD_BYTES, 1)).unwrap_err(),
        BadHead::TooLarge
    );
}
