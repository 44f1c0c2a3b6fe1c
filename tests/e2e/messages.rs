//! `message`: who gets what, and what becomes of the text.

use chat_tests::{RawClient, Server};
use serde_json::{Value, json};

use crate::support::{contents, names, now, refused};

#[test]
fn a_message_reaches_the_whole_room_its_sender_too_and_nobody_else() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut stranger = RawClient::join(&server, "carol", "elsewhere");
    let before = now();
    let sent = alice.post("hello");
    assert_eq!(
        names(&sent),
        [
            "content",
            "displayName",
            "id",
            "rank",
            "room",
            "seq",
            "time",
            "username",
        ]
    );
    assert_eq!(sent["username"], "alice");
    assert_eq!(sent["displayName"], "alice");
    assert_eq!(sent["rank"], 0);
    assert_eq!(sent["room"], "stream");
    assert_eq!(sent["seq"], 1);
    assert!(!sent["id"].as_str().unwrap().is_empty());
    let time = sent["time"].as_u64().unwrap();
    assert!((before - 1..=now() + 1).contains(&time), "{time}");
    assert_eq!(bob.expect("message"), sent);
    // Rooms are logs of their own.
    assert_eq!(stranger.post("alone")["seq"], 1);
}

#[test]
fn only_the_sender_gets_its_nonce_back() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    alice.send("message", json!({ "content": "hello", "nonce": "n-1" }));
    let mut sent = alice.expect("message");
    let nonce = sent.as_object_mut().unwrap().remove("nonce");
    assert_eq!(nonce, Some(json!("n-1")));
    assert_eq!(bob.expect("message"), sent);
}

#[test]
fn a_message_sent_again_with_its_nonce_is_stored_once() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let hello = json!({ "content": "hello", "nonce": "n-1" });
    alice.send("message", hello.clone());
    let original = alice.expect("message");
    alice.send("message", hello.clone());
    assert_eq!(alice.expect("message"), original);
    // The retry of a client that lost its connection in between.
    let mut back = RawClient::join(&server, "alice", "stream");
    back.send("message", hello.clone());
    assert_eq!(back.expect("message"), original);
    // Another user's mark is another mark.
    bob.expect("message");
    bob.send("message", hello);
    assert_eq!(bob.expect("message")["seq"], 2);
    let history = bob.history(json!({}));
    assert_eq!(contents(&history), ["hello", "hello"]);
}

#[test]
fn a_nonce_outlives_the_crash_of_the_server() {
    let mut server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let hello = json!({ "content": "hello", "nonce": "n-1" });
    alice.send("message", hello.clone());
    let original = alice.expect("message");
    server.kill();
    server.restart();
    let mut alice = RawClient::join(&server, "alice", "stream");
    alice.send("message", hello);
    assert_eq!(alice.expect("message"), original);
    assert_eq!(contents(&alice.history(json!({}))), ["hello"]);
}

#[test]
fn content_is_trimmed_and_freed_of_control_characters() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    for (sent, arrives) in [
        ("  hello \n", "hello"),
        ("one\ntwo", "one\ntwo"),
        ("a\u{1b}[31mred\u{7}\u{0}\u{9b}b", "a[31mredb"),
        ("e\u{301} 👩‍👩‍👧 漢字", "e\u{301} 👩‍👩‍👧 漢字"),
    ] {
        alice.send("message", json!({ "content": sent }));
        assert_eq!(alice.expect("message")["content"], arrives);
        assert_eq!(bob.expect("message")["content"], arrives);
    }
}

#[test]
fn content_holds_500_characters_whatever_their_bytes() {
    let server = Server::start();
    let mut client = RawClient::join(&server, "alice", "stream");
    for character in ["x", "é", "👍"] {
        client.post(&character.repeat(500));
        let over = json!({ "content": character.repeat(501), "nonce": "n-1" });
        client.send("message", over);
        let refusal = client.expect_cerror(413, Some("message"));
        assert_eq!(refusal["nonce"], "n-1");
    }
    let padded = format!("  {}  ", "x".repeat(500));
    client.send("message", json!({ "content": padded }));
    assert_eq!(client.expect("message")["content"], "x".repeat(500));
}

#[test]
fn a_reply_names_a_message_of_its_room() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let elsewhere = RawClient::join(&server, "alice", "elsewhere").post("other room");
    let question = alice.post("who is there?");
    bob.expect("message");
    bob.send(
        "message",
        json!({ "content": "me", "replyTo": question["id"] }),
    );
    let reply = alice.expect("message");
    assert_eq!(reply["replyTo"], question["id"]);
    assert_eq!(bob.expect("message"), reply);
    for id in [&json!("no-such-message"), &elsewhere["id"]] {
        let data = json!({ "content": "me", "replyTo": id });
        refused(&mut bob, 404, "message", data, "");
    }
    alice.expect_nothing();
}

#[test]
fn what_a_message_names_is_looked_up_before_its_length_is_measured() {
    let server = Server::start();
    let mut client = RawClient::join(&server, "alice", "stream");
    let long = "x".repeat(501);
    let data = json!({ "content": long, "replyTo": "no-such-message" });
    refused(&mut client, 404, "message", data, "");
    let data = json!({ "content": long, "replyTo": 7 });
    refused(&mut client, 400, "message", data, "replyTo");
    let data = json!({ "content": long, "replyTo": client.post("hello")["id"] });
    refused(&mut client, 413, "message", data, "500");
}

#[test]
fn a_refused_message_is_shown_to_nobody() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let long = json!({ "content": "x".repeat(501) });
    refused(&mut alice, 413, "message", long, "");
    refused(&mut alice, 400, "message", json!({ "content": "" }), "");
    // The next entry is the first: no position was spent, nothing came in between.
    assert_eq!(alice.post("hello")["seq"], 1);
    assert_eq!(bob.expect("message")["content"], "hello");
    bob.send("history", Value::Null);
    assert_eq!(contents(&bob.expect("history")), ["hello"]);
}
