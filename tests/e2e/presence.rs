//! Who is here: `who`, and `join` and `leave` for those who ask for them.

use std::time::Instant;

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::names;

/// A member with the capability `presence`, who has read all that entering brought.
fn watcher(server: &Server, user: &str, room: &str) -> RawClient {
    let mut client = RawClient::connect(server);
    client.auth_with(json!({
        "username": user, "password": password_of(user), "room": room,
        "capabilities": ["presence"],
    }));
    client.send("ping", Value::Null);
    loop {
        match client.next_event() {
            (event, _) if event == "pong" => return client,
            // Whether a member sees itself come is the server's choice.
            (event, data) => {
                assert_eq!((event.as_str(), &data["username"]), ("join", &json!(user)))
            }
        }
    }
}

#[test]
fn those_who_ask_for_presence_see_members_come_and_go() {
    let server = Server::start();
    let mut alice = watcher(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let join = alice.expect("join");
    assert_eq!(names(&join), ["count", "displayName", "rank", "username"]);
    let expected = json!({ "username": "bob", "displayName": "bob", "rank": 3, "count": 2 });
    assert_eq!(join, expected);
    bob.send("disconnect", Value::Null);
    bob.expect_close(1000);
    let expected = json!({ "username": "bob", "displayName": "bob", "rank": 3, "count": 1 });
    assert_eq!(alice.expect("leave"), expected);
    // Whoever goes without a word leaves as well.
    drop(RawClient::join(&server, "carol", "stream"));
    assert_eq!(alice.expect("join")["username"], "carol");
    assert_eq!(alice.expect("leave")["username"], "carol");
}

#[test]
fn those_who_do_not_ask_see_messages_and_nothing_else() {
    let server = Server::start();
    let mut plain = RawClient::join(&server, "alice", "stream");
    let mut bob = watcher(&server, "bob", "stream");
    let mut carol = RawClient::join(&server, "carol", "stream");
    carol.send("disconnect", Value::Null);
    carol.expect_close(1000);
    bob.expect("join");
    bob.expect("leave");
    bob.post("hello");
    assert_eq!(plain.expect("message")["content"], "hello");
}

#[test]
fn presence_is_kept_within_its_room() {
    let server = Server::start();
    let mut alice = watcher(&server, "alice", "stream");
    drop(RawClient::join(&server, "bob", "elsewhere"));
    let _carol = RawClient::join(&server, "carol", "stream");
    assert_eq!(alice.expect("join")["username"], "carol");
}

#[test]
fn who_counts_connections_and_names_users() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let _again = RawClient::join(&server, "alice", "stream");
    let _bob = RawClient::join(&server, "bob", "stream");
    let _elsewhere = RawClient::join(&server, "carol", "elsewhere");
    alice.send("who", Value::Null);
    let who = alice.expect("who");
    assert_eq!(names(&who), ["count", "members", "truncated"]);
    assert_eq!(who["count"], 3);
    assert_eq!(who["truncated"], false);
    let mut members = who["members"].as_array().unwrap().clone();
    members.sort_by_key(Value::to_string);
    members.dedup();
    assert_eq!(
        members,
        [
            json!({ "username": "alice", "displayName": "alice", "rank": 0 }),
            json!({ "username": "bob", "displayName": "bob", "rank": 3 }),
        ]
    );
}

#[test]
fn a_large_room_counts_its_members_instead_of_naming_them() {
    let server = Server::start();
    let mut alice = RawClient::connect(&server);
    let token = alice.auth("alice", "stream")["token"].clone();
    let enter = |capabilities: Value| {
        let mut client = RawClient::connect(&server);
        client.auth_with(json!({
            "username": "alice", "token": token, "room": "stream", "capabilities": capabilities,
        }));
        client
    };
    let _crowd: Vec<RawClient> = (0..110).map(|_| enter(json!([]))).collect();
    let mut watcher = enter(json!(["presence"]));
    let start = Instant::now();
    let _late: Vec<RawClient> = (0..30).map(|_| enter(json!([]))).collect();
    let mut told = 0;
    loop {
        let (event, data) = watcher.next_event();
        assert_eq!(
            (event.as_str(), names(&data)),
            ("presence", vec!["count"]),
            "{data}"
        );
        told += 1;
        if data["count"] == 142 {
            break;
        }
    }
    // At most once a second, the first at once.
    assert!(told <= 1 + start.elapsed().as_secs(), "{told} times");
}
