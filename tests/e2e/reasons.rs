//! `reason` in `cerror`: the word that tells programs apart what shares a code.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::audit::order;
use crate::support::said;

#[track_caller]
fn check(client: &mut RawClient, event: &str, data: Value, code: u16, reason: Option<&str>) {
    let sent = data.to_string();
    client.send(event, data);
    let refusal = client.expect_cerror(code, Some(event));
    assert_eq!(
        refusal["reason"].as_str(),
        reason,
        "{event} {sent}: {refusal}"
    );
}

#[test]
fn refusals_of_logins_say_why() {
    let server = Server::start_with(&["--founders", "nobody"]);
    said(&server, &["room", "add", "stream"]);
    let login = |user: &str, room: &str| json!({ "username": user, "password": password_of(user), "room": room });
    let mut client = RawClient::connect(&server);
    check(&mut client, "message", json!({ "content": "x" }), 401, None);
    check(
        &mut client,
        "auth",
        login("alice", "nowhere"),
        404,
        Some("room"),
    );
    check(
        &mut client,
        "auth",
        login("+alice", "stream"),
        403,
        Some("name"),
    );
    drop(RawClient::join(&server, "alice", "stream"));
    let look_alike = login("\u{430}lice", "stream");
    check(&mut client, "auth", look_alike, 403, Some("name"));
    let wrong = json!({ "username": "alice", "password": "wrong", "room": "stream" });
    check(&mut client, "auth", wrong, 401, Some("invalid"));
    let forged = json!({ "username": "alice", "token": "a.b", "room": "stream" });
    check(&mut client, "auth", forged, 401, Some("invalid"));
    said(
        &server,
        &["ban", "add", "stream", "alice", "--duration", "10m"],
    );
    check(
        &mut client,
        "auth",
        login("alice", "stream"),
        403,
        Some("banned"),
    );
    let mut bob = RawClient::join(&server, "bob", "stream");
    check(&mut bob, "auth", login("bob", "stream"), 403, None);
    check(&mut bob, "setTestMode", json!({ "value": true }), 403, None);
    check(&mut bob, "poll", Value::Null, 400, None);
}

#[test]
fn refusals_of_messages_and_orders_say_why() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let text = |text: &str| json!({ "content": text });
    let reply = json!({ "content": "x", "replyTo": "no-such" });
    check(&mut bob, "message", reply, 404, Some("message"));
    check(&mut bob, "message", text(&"x".repeat(501)), 413, None);
    check(
        &mut bob,
        "kick",
        json!({ "username": "owner" }),
        403,
        Some("rank"),
    );
    check(&mut bob, "clear", Value::Null, 403, Some("rank"));
    check(&mut bob, "audit", Value::Null, 403, Some("rank"));
    check(
        &mut bob,
        "user",
        json!({ "username": "bob" }),
        403,
        Some("rank"),
    );
    check(&mut bob, "sanctions", Value::Null, 403, Some("rank"));
    check(
        &mut owner,
        "kick",
        json!({ "username": "owner" }),
        403,
        Some("rank"),
    );
    check(
        &mut owner,
        "ban",
        json!({ "username": "nobody" }),
        404,
        Some("user"),
    );
    check(
        &mut owner,
        "user",
        json!({ "username": "nobody" }),
        404,
        Some("user"),
    );
    check(
        &mut owner,
        "deleteMessage",
        json!({ "id": "x-1" }),
        404,
        Some("message"),
    );
    check(
        &mut owner,
        "setRoom",
        json!({ "pinned": "x-1" }),
        404,
        Some("message"),
    );
    check(
        &mut owner,
        "allow",
        json!({ "id": "9" }),
        404,
        Some("message"),
    );
    check(
        &mut owner,
        "removeFilter",
        json!({ "pattern": "x" }),
        404,
        None,
    );
    let his = bob.post("mine");
    let owners = owner.expect("message");
    assert_eq!(his["id"], owners["id"]);
    let theirs = owner.post("not his")["id"].clone();
    bob.expect("message");
    check(
        &mut bob,
        "deleteMessage",
        json!({ "id": theirs }),
        403,
        Some("rank"),
    );

    order(&mut owner, "addFilter", json!({ "pattern": "bad" }));
    check(&mut bob, "message", text("bad"), 403, Some("filter"));
    order(
        &mut owner,
        "addFilter",
        json!({ "pattern": "odd", "action": "hold" }),
    );
    check(&mut bob, "message", text("odd"), 403, Some("held"));
    owner.send("held", Value::Null);
    let held = owner.expect("held");
    order(
        &mut owner,
        "deny",
        json!({ "id": held["entries"][0]["id"] }),
    );
    let denied = bob.expect_cerror(403, Some("message"));
    assert_eq!(denied["reason"], "denied");

    // What was set holds once it is told.
    let mut watching = RawClient::connect(&server);
    watching.auth_with(json!({
        "username": "owner", "password": password_of("owner"), "room": "stream",
        "capabilities": ["room"],
    }));
    watching.expect("room");
    owner.send("setRoom", json!({ "membersOnly": true }));
    watching.expect("room");
    check(&mut bob, "message", text("x"), 403, Some("members-only"));
    owner.send("setRoom", json!({ "membersOnly": false, "slowMode": 60 }));
    watching.expect("room");
    bob.post("one");
    check(&mut bob, "message", text("two"), 429, Some("slow-mode"));
}

#[test]
fn who_is_too_fast_is_told_that_it_is_the_pace() {
    let server = Server::start_with(&["--message-burst", "2", "--message-rate", "1"]);
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    for _ in 0..2 {
        bob.post("x");
        alice.expect("message");
    }
    check(
        &mut bob,
        "message",
        json!({ "content": "x" }),
        429,
        Some("pace"),
    );
}

#[test]
fn what_cannot_be_stored_says_so() {
    let server = Server::start_with_file_limit(1024 * 1024);
    let mut alice = RawClient::join(&server, "alice", "stream");
    server.limit_files(Some(1024));
    let mut refused = false;
    for _ in 0..2_000 {
        alice.send("message", json!({ "content": "x".repeat(500) }));
        match alice.next_event() {
            (event, data) if event == "cerror" => {
                assert_eq!(
                    (&data["Code"], &data["reason"]),
                    (&json!(503), &json!("store"))
                );
                refused = true;
                break;
            }
            _ => {}
        }
    }
    assert!(refused);
    server.limit_files(None);
}
