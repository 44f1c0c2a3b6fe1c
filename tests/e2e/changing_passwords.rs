//! `changePassword`: a member gives its account another password.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{names, refused};

fn change(password: &str, new_password: &str) -> Value {
    json!({ "password": password, "newPassword": new_password })
}

fn login(user: &str, password: &str) -> Value {
    json!({ "username": user, "password": password, "room": "stream" })
}

#[test]
fn everything_else_of_the_account_ends_and_this_connection_goes_on() {
    let mut server = Server::start();
    let mut alice = RawClient::connect(&server);
    let before = alice.auth("Alice", "stream")["token"].clone();
    let mut here = RawClient::join(&server, "alice", "stream");
    let mut elsewhere = RawClient::join(&server, "alice", "elsewhere");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let old = password_of("alice");
    alice.send("changePassword", change(&old, "another one"));
    let changed = alice.expect("changePassword");
    assert_eq!(names(&changed), ["token", "tokenExpires"]);
    assert!(changed["tokenExpires"].is_u64());
    for client in [&mut here, &mut elsewhere] {
        client.expect_close(4106);
    }
    alice.post("still here");
    bob.expect("message");
    bob.post("so am I");
    for restarts in 0..2 {
        let mut back = RawClient::connect(&server);
        refused(&mut back, 401, "auth", login("alice", &old), "");
        let by = |token: &Value| json!({ "username": "alice", "token": token, "room": "stream" });
        refused(&mut back, 401, "auth", by(&before), "token");
        back.auth_with(by(&changed["token"]));
        let mut back = RawClient::connect(&server);
        back.auth_with(login("alice", "another one"));
        if restarts == 0 {
            server.kill();
            server.restart();
        }
    }
    let log = server.stop_and_log();
    assert!(log.contains("password changed"), "{log}");
    for secret in [&old[..], "another one", changed["token"].as_str().unwrap()] {
        assert!(!log.contains(secret), "`{secret}` in the log");
    }
}

#[test]
fn a_wrong_password_counts_like_a_failed_login_and_changes_nothing() {
    let server = Server::start_with(&["--trusted-proxy", "127.0.0.1"]);
    let mut alice = RawClient::join(&server, "alice", "stream");
    for _ in 0..5 {
        alice.send("changePassword", change("wrong", "another one"));
        let refusal = alice.expect_cerror(401, Some("changePassword"));
        assert_eq!(refusal["reason"], "invalid");
    }
    let right = change(&password_of("alice"), "another one");
    alice.send("changePassword", right);
    let refusal = alice.expect_cerror(429, Some("changePassword"));
    assert_eq!(refusal["reason"], "pace");
    // So does a login of that name from here, and the connection goes on.
    let mut other = RawClient::connect(&server);
    let data = login("alice", &password_of("alice"));
    refused(&mut other, 429, "auth", data, "failed logins");
    alice.post("still here");
    // Guessing in one name is no way to change another's.
    let mut bob = RawClient::join(&server, "bob", "stream");
    let theirs = change(&password_of("alice"), "another one");
    refused(&mut bob, 401, "changePassword", theirs, "wrong");
}

#[test]
fn what_cannot_be_a_password_is_refused_before_anything_counts() {
    let server = Server::start();
    let mut stranger = RawClient::connect(&server);
    refused(&mut stranger, 401, "changePassword", json!({ "x": 1 }), "");
    let mut alice = RawClient::join(&server, "alice", "stream");
    for (data, parameter) in [
        (Value::Null, "password"),
        (json!({ "password": "x" }), "newPassword"),
        (json!({ "newPassword": "x" }), "password"),
        (change("x", ""), "newPassword"),
        (change("", "x"), "password"),
        (json!({ "password": 7, "newPassword": "x" }), "password"),
        (
            json!({ "password": "x", "newPassword": null }),
            "newPassword",
        ),
        (
            json!({ "password": "x", "newPassword": "y", "username": "bob" }),
            "username",
        ),
        (change("wrong", "a\tb"), "password"),
        (change("wrong", "a\u{200b}b"), "password"),
    ] {
        refused(&mut alice, 400, "changePassword", data, parameter);
    }
    // None of these was a guess.
    let right = change(&password_of("alice"), "another one");
    alice.send("changePassword", right);
    alice.expect("changePassword");
}

#[test]
fn of_two_changes_at_once_one_holds() {
    let server = Server::start_without_limits();
    let mut first = RawClient::join(&server, "alice", "stream");
    let mut second = RawClient::join(&server, "alice", "stream");
    let old = password_of("alice");
    first.send("changePassword", change(&old, "first"));
    second.send("changePassword", change(&old, "second"));
    let outcomes = [&mut first, &mut second].map(|client| match client.next_event_or_end() {
        Ok((event, _)) if event == "changePassword" => true,
        Ok((event, data)) => {
            assert_eq!((event.as_str(), &data["Code"]), ("cerror", &json!(401)));
            client.expect_close(4106);
            false
        }
        Err(code) => {
            assert_eq!(code, Some(4106));
            false
        }
    });
    let holds = match outcomes {
        [true, false] => ["first", "second"],
        [false, true] => ["second", "first"],
        other => panic!("{other:?}"),
    };
    let mut back = RawClient::connect(&server);
    back.auth_with(login("alice", holds[0]));
    let mut back = RawClient::connect(&server);
    refused(&mut back, 401, "auth", login("alice", holds[1]), "");
}
