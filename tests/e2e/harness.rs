//! The harness itself: what it is not told to expect must make a test fail.

use chat_tests::{RawClient, ScriptedServer};
use serde_json::{Value, json};

/// A client of a server that says `events` and then does what `end` does.
fn client_of(events: &'static [&'static str], end: fn(RawClient)) -> RawClient {
    let server = ScriptedServer::start(move |door| {
        let mut peer = door.accept();
        for event in events {
            peer.send(event, json!({ "Code": 400, "message": "no" }));
        }
        end(peer);
    });
    RawClient::open(server.address(), "/").unwrap()
}

fn answer_a_ping(mut peer: RawClient) {
    peer.expect("ping");
    peer.send("pong", json!({ "time": 1 }));
}

#[test]
#[should_panic(expected = "with data")]
fn another_event_than_the_expected_one_is_noticed() {
    client_of(&["message"], drop).expect("auth");
}

#[test]
#[should_panic(expected = "was closed")]
fn an_end_where_an_event_was_expected_is_noticed() {
    client_of(&[], drop).expect("auth");
}

#[test]
#[should_panic(expected = "with data")]
fn something_where_nothing_was_expected_is_noticed() {
    client_of(&["message"], answer_a_ping).expect_nothing();
}

#[test]
#[should_panic(expected = "not the end")]
fn an_event_where_the_end_was_expected_is_noticed() {
    client_of(&["message"], drop).expect_close(1000);
}

#[test]
#[should_panic(expected = "the close code")]
fn an_end_without_the_expected_code_is_noticed() {
    client_of(&[], drop).expect_close(1000);
}

#[test]
#[should_panic(expected = "\"Code\":400")]
fn a_refusal_with_another_code_is_noticed() {
    client_of(&["cerror"], drop).expect_cerror(401, None);
}

#[test]
#[should_panic(expected = "was closed")]
fn a_script_that_fails_fails_its_test() {
    let server = ScriptedServer::start(|door| {
        door.accept().expect("ping");
    });
    drop(RawClient::open(server.address(), "/").unwrap());
    server.finish();
}

#[test]
fn silence_is_told_from_noise() {
    let mut client = client_of(&[], answer_a_ping);
    client.expect_nothing();
    assert_eq!(client.drain(), [] as [(String, Value); 0]);
}
