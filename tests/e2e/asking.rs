//! Asking whether a name has an account (`register` false in `auth`), and what a login says that made one.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{connect_from, refused, said};

const ROOM: &str = "stream";

/// An `auth` that makes no account.
fn asking(user: &str, password: &str) -> Value {
    json!({ "username": user, "password": password, "room": ROOM, "register": false })
}

#[test]
fn the_ways_in_are_announced() {
    for (registration, ways) in [
        ("open", json!(["password", "register"])),
        ("closed", json!(["password"])),
    ] {
        let server = Server::start_with(&["--registration", registration]);
        let mut client = RawClient::open(server.address(), "/").unwrap();
        assert_eq!(client.expect("connection")["auth"], ways, "{registration}");
    }
}

#[test]
fn a_login_says_whether_it_made_the_account() {
    let mut server = Server::start();
    let mut client = RawClient::connect(&server);
    let made = client.auth("alice", ROOM);
    assert_eq!(made["created"], true);
    let mut again = RawClient::connect(&server);
    assert_eq!(again.auth("ALICE", "other")["created"], false);
    server.kill();
    server.restart();
    let mut back = RawClient::connect(&server);
    let by_token = json!({ "username": "alice", "token": made["token"], "room": ROOM });
    assert_eq!(back.auth_with(by_token)["created"], false);
    let register = json!({
        "username": "bob", "password": password_of("bob"), "room": ROOM, "register": true,
    });
    assert_eq!(
        RawClient::connect(&server).auth_with(register)["created"],
        true
    );
}

#[test]
fn an_unknown_name_is_said_to_be_unknown_and_nothing_is_made() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    // More often than logins may fail.
    for _ in 0..8 {
        client.send("auth", asking("alice", "secret"));
        let refusal = client.expect_cerror(401, Some("auth"));
        assert_eq!(refusal["reason"], "unknown");
    }
    assert_eq!(said(&server, &["user", "list"]), "");
    assert_eq!(said(&server, &["room", "list"]), "");
    // Also one that nobody new may have: that there is none is said first.
    client.send("auth", asking("+alice", "secret"));
    assert_eq!(client.expect_cerror(401, Some("auth"))["reason"], "unknown");
    // The way in is open all the same, and a known name comes in.
    assert_eq!(client.auth("alice", ROOM)["created"], true);
    let mut back = RawClient::connect(&server);
    let known = asking("alice", &password_of("alice"));
    assert_eq!(back.auth_with(known)["created"], false);
}

#[test]
fn a_known_name_counts_as_ever_and_a_removed_one_is_known() {
    let server = Server::start_with(&["--trusted-proxy", "127.0.0.1"]);
    drop(RawClient::join(&server, "alice", ROOM));
    drop(RawClient::join(&server, "bob", ROOM));
    said(&server, &["user", "remove", "bob"]);
    let mut client = RawClient::connect(&server);
    client.send("auth", asking("bob", "secret"));
    assert_eq!(client.expect_cerror(401, Some("auth"))["reason"], "invalid");
    for _ in 0..5 {
        client.send("auth", asking("alice", "wrong"));
        assert_eq!(client.expect_cerror(401, Some("auth"))["reason"], "invalid");
    }
    refused(
        &mut client,
        429,
        "auth",
        asking("alice", "wrong"),
        "failed logins",
    );
}

#[test]
fn where_registration_is_closed_nothing_tells_which_names_there_are() {
    let arguments = ["--registration", "closed", "--trusted-proxy", "127.0.0.1"];
    let server = Server::start_with(&arguments);
    let mut client = RawClient::connect(&server);
    let mut answers = Vec::new();
    for register in [true, false] {
        let mut data = asking("alice", "secret");
        data["register"] = json!(register);
        client.send("auth", data);
        answers.push(client.expect_cerror(401, Some("auth")));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0]["reason"], "invalid");
    // Each counted.
    for _ in 0..3 {
        refused(&mut client, 401, "auth", asking("alice", "secret"), "");
    }
    refused(
        &mut client,
        429,
        "auth",
        asking("alice", "secret"),
        "failed logins",
    );
}

#[test]
fn an_address_asks_for_only_so_many_names_whoever_has_them() {
    let arguments = [
        "--account-burst",
        "1",
        "--account-rate",
        "1",
        "--trusted-proxy",
        "127.0.0.1",
    ];
    let server = Server::start_with(&arguments);
    drop(RawClient::join(&server, "alice", ROOM));
    let mut asker = connect_from(&server, "203.0.113.7");
    for number in 0..10 {
        refused(
            &mut asker,
            401,
            "auth",
            asking(&format!("user{number}"), "x"),
            "no account",
        );
    }
    // From here on the answer is the same for everybody, so that it tells nothing.
    for user in ["alice", "nobody"] {
        refused(
            &mut asker,
            429,
            "auth",
            asking(user, &password_of(user)),
            "unknown names",
        );
    }
    // Who does not ask comes in, and others ask.
    asker.auth("alice", ROOM);
    let mut other = connect_from(&server, "198.51.100.7");
    refused(&mut other, 401, "auth", asking("nobody", "x"), "no account");
}

#[test]
fn register_is_a_boolean() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    for value in [json!(0), json!("false"), Value::Null] {
        let mut data = asking("alice", "secret");
        data["register"] = value;
        refused(&mut client, 400, "auth", data, "register");
    }
    // A token is some account's anyway.
    let mut data = asking("alice", "secret");
    data.as_object_mut().unwrap().remove("password");
    data["token"] = json!("made up");
    client.send("auth", data);
    assert_eq!(client.expect_cerror(401, Some("auth"))["reason"], "invalid");
}
