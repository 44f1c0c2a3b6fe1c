//! What a connection may do before `auth`, and the order in which the server checks.

use chat_tests::{RawClient, Server};
use serde_json::{Value, json};

use crate::support::{names, now, refused};

#[test]
fn every_event_but_the_allowed_ones_needs_auth_first() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    for (event, data) in [
        ("message", json!({ "content": "hello" })),
        ("history", json!({})),
        ("who", Value::Null),
        ("kick", json!({ "username": "bob" })),
        ("mute", json!({ "username": "bob", "duration": 1 })),
        ("unmute", json!({ "username": "bob" })),
        ("ban", json!({ "username": "bob" })),
        ("unban", json!({ "username": "bob" })),
        ("setMod", json!({ "username": "bob" })),
        ("delMod", json!({ "username": "bob" })),
        ("deleteMessage", json!({ "id": "x" })),
        ("purge", json!({ "username": "bob" })),
        ("clear", Value::Null),
        ("setRoom", json!({ "slowMode": 3 })),
        ("setTestMode", json!({ "value": true })),
        ("resetSocket", Value::Null),
        ("shutdown", Value::Null),
    ] {
        client.send(event, data);
        let refusal = client.expect_cerror(401, Some(event));
        assert_eq!(refusal["message"], "Authentification required", "{event}");
    }
    client.auth("alice", "stream");
    client.expect_nothing();
}

#[test]
fn a_refusal_before_auth_carries_the_nonce_of_what_it_refuses() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    client.send("message", json!({ "content": "hello", "nonce": "n-1" }));
    assert_eq!(client.expect_cerror(401, Some("message"))["nonce"], "n-1");
}

#[test]
fn frame_syntax_is_checked_before_the_right_to_send_and_that_before_parameters() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    client.send_text(r#"{"event":"message","data":7}"#);
    client.expect_cerror(400, Some("message"));
    // Parameters that are wrong in every way, of an event that is not allowed yet.
    refused(&mut client, 401, "message", json!({ "x": 1 }), "");
    refused(&mut client, 401, "kick", json!({}), "");
    // And of one that is.
    refused(&mut client, 400, "ping", json!({ "x": 1 }), "x");
}

#[test]
fn ping_is_answered_with_the_time_of_the_server() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    let before = now();
    client.send("ping", json!({}));
    let pong = client.expect("pong");
    assert_eq!(names(&pong), ["time"]);
    let time = pong["time"].as_u64().unwrap();
    assert!((before - 1..=now() + 1).contains(&time), "{time}");
    client.auth("alice", "stream");
    client.send_text(r#"{"event":"ping","data":null}"#);
    client.expect("pong");
}

#[test]
fn disconnect_closes_with_1000_before_auth_and_after() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    refused(
        &mut client,
        400,
        "disconnect",
        json!({ "now": true }),
        "now",
    );
    client.send("disconnect", Value::Null);
    client.expect_close(1000);
    let mut member = RawClient::join(&server, "alice", "stream");
    member.send("disconnect", json!({}));
    member.expect_close(1000);
}
