//! The server's orderly end.

use std::time::{Duration, Instant};

use chat_tests::{RawClient, RawSocket, Server, Signal};
use serde_json::json;

use crate::support::{contents, numbered, post_all, whole_log};

/// How long an orderly end may take, peers that say nothing included.
const STOP: Duration = Duration::from_secs(5);

#[track_caller]
fn stops_orderly(signal: Signal, code: u16) {
    let mut server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut waiting = RawClient::connect(&server);
    // Neither of these ever answers the server's close frame.
    let mut silent = RawSocket::upgrade(server.address());
    let mut half = RawSocket::open(server.address());
    half.write(b"GET /ws HTTP/1.1\r\n");
    let posted: Vec<String> = numbered(20).collect();
    post_all(&mut alice, posted.clone());

    let start = Instant::now();
    server.signal(signal);
    alice.expect_close(code);
    waiting.expect_close(code);
    assert_eq!(silent.read_frame().close_code(), Some(code));
    let finished = server.finish();
    let took = start.elapsed();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    assert!(took < STOP, "it took {took:?}");
    half.drain();

    server.restart();
    let mut client = RawClient::join(&server, "alice", "stream");
    assert_eq!(contents(&client.history(json!({}))), posted);
}

#[test]
fn sigterm_ends_the_server_in_good_order_to_come_back() {
    stops_orderly(Signal::TERM, 1012);
}

#[test]
fn sigint_ends_the_server_in_good_order_for_good() {
    stops_orderly(Signal::INT, 1001);
}

#[test]
fn under_load_everything_that_was_stored_was_delivered_before_the_end() {
    let mut server = Server::start_without_limits();
    let mut witness = RawClient::join(&server, "witness", "stream");
    let writers = ["ann", "bob", "cat"].map(|user| RawClient::join(&server, user, "stream"));
    let threads = writers.map(|mut writer| {
        std::thread::spawn(move || {
            let mut sent = 0;
            // Never reads in between, so that much is under way when the end comes.
            while writer.try_send("message", json!({ "content": sent.to_string() })) {
                sent += 1;
            }
        })
    });
    for _ in 0..200 {
        witness.expect("message");
    }
    server.signal(Signal::TERM);
    let mut shown = 200;
    let code = loop {
        match witness.next_event_or_end() {
            Ok((event, data)) => {
                shown += 1;
                assert_eq!((event.as_str(), &data["seq"]), ("message", &json!(shown)));
            }
            Err(code) => break code,
        }
    };
    assert_eq!(code, Some(1012));
    assert_eq!(server.finish().status.code(), Some(0));
    for thread in threads {
        thread.join().unwrap();
    }
    server.restart();
    let mut client = RawClient::join(&server, "witness", "stream");
    assert_eq!(whole_log(&mut client).len(), shown, "{}", server.log());
}
