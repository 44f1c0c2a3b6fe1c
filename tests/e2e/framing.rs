//! Frames as they should not be: which of them cost a refusal, and which the connection.

use chat_tests::{Frame, Opcode, RawClient, RawSocket, Server, frame, not_final};

const PING_EVENT: &[u8] = br#"{"event":"ping"}"#;
const FRAME_LIMIT: usize = 16 * 1024;

/// The next frame must be an event of this name.
#[track_caller]
fn expect_event(socket: &mut RawSocket, event: &str) {
    let Frame { opcode, payload } = socket.read_frame();
    let text = String::from_utf8(payload).unwrap();
    assert_eq!(opcode, Opcode::TEXT, "{text}");
    assert!(text.contains(&format!(r#""event":"{event}""#)), "{text}");
}

/// A fresh connection that sends `bytes` is closed with `code`.
#[track_caller]
fn closes_with(server: &Server, code: u16, bytes: &[u8]) {
    let mut socket = RawSocket::upgrade(server.address());
    socket.write(bytes);
    socket.expect_close(code);
}

#[test]
fn frames_that_hold_no_event_are_refused_and_the_connection_stays() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    refuses_what_holds_no_event(&mut client);
    client.auth("alice", "stream");
    refuses_what_holds_no_event(&mut client);
}

#[track_caller]
fn refuses_what_holds_no_event(client: &mut RawClient) {
    client.send_binary(PING_EVENT);
    client.expect_cerror(400, None);
    for text in [
        "",
        "hello",
        "{",
        r#"{"event":"ping""#,
        r#"{"event":"ping"} {"event":"ping"}"#,
        "7",
        "null",
        r#"["ping"]"#,
        "{}",
        r#"{"data":{}}"#,
        r#"{"Event":"ping"}"#,
        r#"{"event":null}"#,
        r#"{"event":7,"data":{}}"#,
        r#"{"event":["ping"]}"#,
    ] {
        client.send_text(text);
        client.expect_cerror(400, None);
    }
    for data in ["7", "[]", r#""x""#, "true"] {
        client.send_text(&format!(r#"{{"event":"ping","data":{data}}}"#));
        client.expect_cerror(400, Some("ping"));
    }
    client.send_text(&"[".repeat(FRAME_LIMIT));
    client.expect_cerror(400, None);
    client.expect_nothing();
}

#[test]
fn a_message_of_16_kib_is_read_and_one_byte_more_ends_the_connection() {
    let server = Server::start();
    let mut event = PING_EVENT.to_vec();
    event.resize(FRAME_LIMIT, b' ');
    let mut socket = RawSocket::upgrade(server.address());
    socket.write(&frame(Opcode::TEXT, &event));
    expect_event(&mut socket, "pong");
    event.push(b' ');
    socket.write(&frame(Opcode::TEXT, &event));
    socket.expect_close(1009);
    // In parts, none of which is too large by itself.
    let (head, tail) = event.split_at(FRAME_LIMIT / 2);
    let mut parts = not_final(frame(Opcode::TEXT, head));
    parts.extend(frame(Opcode::CONTINUATION, tail));
    closes_with(&server, 1009, &parts);
    // By its head alone: the server does not wait for what it won't take.
    let mut head = frame(Opcode::TEXT, &vec![b' '; 0x1_0000]);
    head.truncate(14);
    closes_with(&server, 1009, &head);
}

#[test]
fn a_message_may_come_in_parts_with_pings_between_them() {
    let server = Server::start();
    let mut socket = RawSocket::upgrade(server.address());
    let (head, tail) = PING_EVENT.split_at(5);
    let (middle, tail) = tail.split_at(5);
    socket.write(&not_final(frame(Opcode::TEXT, head)));
    socket.write(&frame(Opcode::PING, b"still there?"));
    let pong = Frame {
        opcode: Opcode::PONG,
        payload: b"still there?".to_vec(),
    };
    assert_eq!(socket.read_frame(), pong);
    socket.write(&not_final(frame(Opcode::CONTINUATION, middle)));
    socket.write(&frame(Opcode::CONTINUATION, tail));
    expect_event(&mut socket, "pong");
}

#[test]
fn a_message_in_too_many_parts_ends_the_connection() {
    let server = Server::start();
    let parts = |count: usize| {
        let mut parts = not_final(frame(Opcode::TEXT, PING_EVENT));
        parts.extend(not_final(frame(Opcode::CONTINUATION, b"")).repeat(count - 2));
        parts.extend(frame(Opcode::CONTINUATION, b""));
        parts
    };
    let mut socket = RawSocket::upgrade(server.address());
    for _ in 0..2 {
        socket.write(&parts(128));
        expect_event(&mut socket, "pong");
    }
    socket.write(&parts(129));
    socket.expect_close(1009);
}

#[test]
fn only_the_latest_of_many_pings_has_to_be_answered() {
    let server = Server::start();
    let mut socket = RawSocket::upgrade(server.address());
    let pings: Vec<_> = (0..100u8).flat_map(|n| frame(Opcode::PING, &[n])).collect();
    socket.write(&pings);
    loop {
        let Frame { opcode, payload } = socket.read_frame();
        assert_eq!(opcode, Opcode::PONG);
        if payload == [99] {
            break;
        }
    }
    // An answer of its own comes behind the pong that was due before it.
    let mut both = frame(Opcode::PING, b"first");
    both.extend(frame(Opcode::TEXT, PING_EVENT));
    socket.write(&both);
    assert_eq!(socket.read_frame().payload, b"first");
    expect_event(&mut socket, "pong");
}

#[test]
fn parts_and_control_frames_count_against_the_pace() {
    let arguments = ["--event-burst", "20", "--flood-refusals", "5"];
    let server = Server::start_with(&arguments);
    let part = not_final(frame(Opcode::CONTINUATION, b""));
    let mut parts = not_final(frame(Opcode::TEXT, b""));
    parts.extend(part.repeat(100));
    let pings = frame(Opcode::PING, b"").repeat(100);
    let pongs = frame(Opcode::PONG, b"").repeat(100);
    for flood in [parts, pings, pongs] {
        let mut socket = RawSocket::upgrade(server.address());
        socket.write(&flood);
        socket.expect_close_in_the_end(4105);
    }
}

#[test]
fn a_frame_may_come_byte_by_byte_and_several_at_once() {
    let server = Server::start();
    let mut socket = RawSocket::upgrade(server.address());
    let ping = frame(Opcode::TEXT, PING_EVENT);
    for byte in &ping {
        socket.write(&[*byte]);
    }
    expect_event(&mut socket, "pong");
    socket.write(&ping.repeat(3));
    for _ in 0..3 {
        expect_event(&mut socket, "pong");
    }
}

#[test]
fn text_that_is_not_utf_8_ends_the_connection_with_1007() {
    let server = Server::start();
    closes_with(&server, 1007, &frame(Opcode::TEXT, b"{\"event\":\"\xff\"}"));
    closes_with(&server, 1007, &frame(Opcode::TEXT, b"\xed\xa0\x80"));
    let mut parts = not_final(frame(Opcode::TEXT, b"{\"\xc3"));
    parts.extend(frame(Opcode::CONTINUATION, b"x\"}"));
    closes_with(&server, 1007, &parts);
}

#[test]
fn broken_framing_ends_the_connection_with_1002() {
    let server = Server::start();
    let changed = |change: fn(&mut Vec<u8>)| {
        let mut bytes = frame(Opcode::TEXT, PING_EVENT);
        change(&mut bytes);
        bytes
    };
    // Not masked: the bit is off and the key is gone.
    let unmasked = changed(|bytes| {
        bytes[1] &= 0x7f;
        bytes.drain(2..6);
    });
    closes_with(&server, 1002, &unmasked);
    for bit in [0x40, 0x20, 0x10] {
        let mut reserved = frame(Opcode::TEXT, PING_EVENT);
        reserved[0] |= bit;
        closes_with(&server, 1002, &reserved);
    }
    for opcode in [3, 7, 11, 15] {
        closes_with(&server, 1002, &frame(Opcode(opcode), b""));
    }
    closes_with(&server, 1002, &not_final(frame(Opcode::PING, b"x")));
    closes_with(&server, 1002, &frame(Opcode::PING, &[b'x'; 126]));
    closes_with(&server, 1002, &frame(Opcode::CONTINUATION, b"x"));
    let mut interrupted = not_final(frame(Opcode::TEXT, b"{"));
    interrupted.extend(frame(Opcode::TEXT, b"}"));
    closes_with(&server, 1002, &interrupted);
    // A close frame with half a code, and with one that is never sent (RFC 6455, section 7.4.1).
    closes_with(&server, 1002, &frame(Opcode::CLOSE, b"\x03"));
    closes_with(&server, 1002, &frame(Opcode::CLOSE, &1005u16.to_be_bytes()));
}

#[test]
fn a_close_frame_is_answered_with_its_own_code() {
    let server = Server::start();
    closes_with(&server, 1000, &frame(Opcode::CLOSE, &1000u16.to_be_bytes()));
    closes_with(&server, 4321, &frame(Opcode::CLOSE, &4321u16.to_be_bytes()));
}

#[test]
fn one_broken_connection_is_no_other_ones_trouble() {
    let mut server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    closes_with(&server, 1002, &frame(Opcode(15), b"x"));
    closes_with(&server, 1007, &frame(Opcode::TEXT, b"\xff"));
    alice.post("unharmed");
    let log = server.stop_and_log();
    assert!(!log.contains("panicked"), "{log}");
}
