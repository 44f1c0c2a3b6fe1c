//! Peers that take their time: none of them holds a connection for ever, or anybody up.

use std::time::{Duration, Instant};

use chat_tests::{
    Opcode, PATIENCE, RawClient, RawSocket, Server, Signal, frame, not_final, password_of,
};
use serde_json::{Value, json};

use crate::support::eventually;

#[test]
fn a_connection_that_never_finishes_its_handshake_is_dropped() {
    let server = Server::start_with(&["--handshake-timeout", "1"]);
    let mut mute = RawSocket::open(server.address());
    let mut half = RawSocket::open(server.address());
    half.write(b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgr");
    mute.drain();
    half.drain();
    // One header line after the other, each in time for itself.
    let mut slow = RawSocket::open(server.address());
    slow.write(b"GET /ws HTTP/1.1\r\nHost: localhost\r\n");
    slow.drip_until_end(b"X-Slow: 1\r\n");
    RawClient::join(&server, "alice", "stream").post("others are served");
}

#[test]
fn whoever_does_not_authenticate_in_time_is_closed_with_4001() {
    let server = Server::start_with(&["--auth-timeout", "1"]);
    let mut member = RawClient::join(&server, "alice", "stream");
    let mut silent = RawClient::connect(&server);
    silent.expect_close(4001);
    // Talk is no authentication.
    let mut talker = RawClient::connect(&server);
    talker.send("who", Value::Null);
    talker.expect_cerror(401, Some("who"));
    talker.send("ping", Value::Null);
    talker.expect("pong");
    talker.expect_close(4001);
    // The member came before both and has outstayed them.
    member.expect_nothing();
}

#[test]
fn dripping_parts_of_a_message_is_no_authentication() {
    let server = Server::start_with(&["--auth-timeout", "1"]);
    for drip in [
        not_final(frame(Opcode::CONTINUATION, b"")),
        not_final(frame(Opcode::CONTINUATION, b"x")),
        frame(Opcode::PING, b""),
    ] {
        let mut socket = RawSocket::upgrade(server.address());
        socket.write(&not_final(frame(Opcode::TEXT, b"{")));
        let frames = socket.drip_until_end(&drip);
        // The answers to pings apart.
        assert!(ends_with_close(&frames, 4001), "{frames:?}");
    }
}

/// Whether the last of `frames` is a close frame with `code`.
fn ends_with_close(frames: &[u8], code: u16) -> bool {
    let reason = b"no auth in time";
    let mut close = vec![0x88, 2 + reason.len() as u8];
    close.extend(code.to_be_bytes());
    close.extend(reason);
    frames.ends_with(&close)
}

#[test]
fn a_member_whose_message_never_gets_whole_is_dropped() {
    let server = Server::start_with(&["--ping-interval", "1", "--idle-timeout", "2"]);
    let auth = json!({
        "event": "auth",
        "data": { "username": "bob", "password": password_of("bob"), "room": "stream" },
    });
    let long = frame(Opcode::TEXT, &[b' '; 16_384]);
    let begun = not_final(frame(Opcode::TEXT, b"{"));
    for (first, drip) in [
        (begun.clone(), not_final(frame(Opcode::CONTINUATION, b""))),
        (begun.clone(), not_final(frame(Opcode::CONTINUATION, b" "))),
        (begun, frame(Opcode::PONG, b"")),
        (long[..100].to_vec(), b" ".to_vec()),
    ] {
        let mut slow = RawSocket::upgrade(server.address());
        slow.write(&frame(Opcode::TEXT, auth.to_string().as_bytes()));
        slow.write(&first);
        let began = Instant::now();
        slow.drip_until_end(&drip);
        // After 12.8 s it would be closed for its 128 parts.
        assert!(began.elapsed() < Duration::from_secs(10));
        RawClient::join(&server, "alice", "stream").post("others are served");
    }
}

#[test]
fn a_peer_that_answers_no_pings_is_dropped_and_one_that_does_stays() {
    let server = Server::start_with(&["--ping-interval", "1", "--idle-timeout", "2"]);
    let mut alive = RawClient::connect(&server);
    alive.auth_with(json!({
        "username": "alice", "password": password_of("alice"), "room": "stream",
        "capabilities": ["presence"],
    }));
    let mut dead = RawSocket::upgrade(server.address());
    let auth = json!({
        "event": "auth",
        "data": { "username": "bob", "password": password_of("bob"), "room": "stream" },
    });
    dead.write(&frame(Opcode::TEXT, auth.to_string().as_bytes()));
    // Reading answers the server's pings.
    let mut wait_for = |event: &str, user: &str| {
        loop {
            let (name, data) = alive.next_event();
            if name == event && data["username"] == user {
                break;
            }
        }
    };
    wait_for("join", "bob");
    wait_for("leave", "bob");
    dead.drain();
    drop(RawClient::join(&server, "carol", "stream"));
    wait_for("join", "carol");
}

#[test]
fn after_a_pause_of_the_server_everybody_has_their_time_anew() {
    let server = Server::start_with(&[
        "--ping-interval",
        "1",
        "--idle-timeout",
        "10",
        "--auth-timeout",
        "10",
        "--handshake-timeout",
        "10",
    ]);
    // The first login takes its time; the others are quick.
    RawClient::join(&server, "alice", "stream").expect_nothing();
    let mut members = [(); 3].map(|()| RawClient::join(&server, "alice", "stream"));
    let mut waiting = RawClient::connect(&server);
    let mut half = RawSocket::open(server.address());
    half.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
    server.signal(Signal::STOP);
    let begun = Instant::now();
    eventually(|| (begun.elapsed() > Duration::from_secs(12)).then_some(()));
    server.signal(Signal::CONT);
    half.write(b"Connection: close\r\n\r\n");
    for member in &mut members {
        member.send("ping", Value::Null);
        member.expect("pong");
    }
    waiting.auth("alice", "stream");
    assert!(half.read_head().starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_member_who_does_not_read_is_dropped_with_4008_and_nobody_waits_for_it() {
    let server = Server::start_without_limits();
    let mut alice = RawClient::connect(&server);
    alice.auth_with(json!({
        "username": "alice", "password": password_of("alice"), "room": "stream",
        "capabilities": ["presence"],
    }));
    let mut slow = RawSocket::upgrade(server.address());
    let auth = json!({
        "event": "auth",
        "data": { "username": "bob", "password": password_of("bob"), "room": "stream" },
    });
    slow.write(&frame(Opcode::TEXT, auth.to_string().as_bytes()));
    while alice.next_event().0 != "join" {}
    let wall = json!({ "content": "👍".repeat(500) });
    let deadline = Instant::now() + PATIENCE;
    let mut open = true;
    while open {
        assert!(Instant::now() < deadline, "still there after {PATIENCE:?}");
        let batch = 50;
        for _ in 0..batch {
            alice.send("message", wall.clone());
        }
        let mut posted = 0;
        while posted < batch {
            match alice.next_event() {
                (event, _) if event == "message" => posted += 1,
                (event, data) => {
                    assert_eq!(
                        (event.as_str(), &data["username"]),
                        ("leave", &json!("bob"))
                    );
                    open = false;
                }
            }
        }
    }
    // Once it reads again it is told why it has to come back.
    slow.expect_close_in_the_end(4008);
}
