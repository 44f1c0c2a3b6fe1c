//! Parameters are strict: missing, unknown, ill-typed and empty ones are refused by name, and
//! nothing is done.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::refused;

/// An `auth` that would succeed, with `changes` made to it; a null removes.
fn auth(changes: Value) -> Value {
    let mut data = json!({
        "username": "alice", "password": password_of("alice"), "room": "stream",
    });
    let members = data.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    data
}

#[test]
fn auth_names_the_parameter_that_is_wrong() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    for (changes, parameter) in [
        (json!({ "username": null }), "username"),
        (json!({ "password": null }), "password"),
        (json!({ "room": null }), "room"),
        (json!({ "username": "" }), "username"),
        (json!({ "username": " " }), "username"),
        (json!({ "password": "" }), "password"),
        (json!({ "room": "" }), "room"),
        (json!({ "username": 7 }), "username"),
        (json!({ "password": 7 }), "password"),
        (json!({ "room": 4.5 }), "room"),
        (json!({ "room": true }), "room"),
        (json!({ "room": ["stream"] }), "room"),
        (json!({ "colour": "red" }), "colour"),
        (json!({ "capabilities": "presence" }), "capabilities"),
        (json!({ "capabilities": [1] }), "capabilities"),
        (json!({ "since": 7 }), "since"),
        (json!({ "since": {} }), "epoch"),
        (json!({ "since": { "epoch": "x" } }), "seq"),
        (json!({ "since": { "epoch": 1, "seq": 0 } }), "epoch"),
        (json!({ "since": { "epoch": "x", "seq": -1 } }), "seq"),
        (json!({ "since": { "epoch": "x", "seq": "0" } }), "seq"),
        (json!({ "since": { "epoch": "x", "seq": 0, "y": 1 } }), "y"),
        (json!({ "password": null, "token": 7 }), "token"),
        (json!({ "password": null, "token": "" }), "token"),
    ] {
        refused(&mut client, 400, "auth", auth(changes), parameter);
    }
    // Nothing was done: nobody is registered under another password, and the way in is open.
    client.auth("alice", "stream");
}

#[test]
fn a_member_who_sends_wrong_parameters_is_told_which() {
    let server = Server::start();
    let mut client = RawClient::join(&server, "alice", "stream");
    for (event, data, parameter) in [
        ("message", json!({}), "content"),
        ("message", Value::Null, "content"),
        ("message", json!({ "content": 7 }), "content"),
        ("message", json!({ "content": null }), "content"),
        ("message", json!({ "content": "" }), "content"),
        ("message", json!({ "content": " \n\t" }), "content"),
        ("message", json!({ "content": "x", "to": "bob" }), "to"),
        ("message", json!({ "content": "x", "nonce": 7 }), "nonce"),
        (
            "message",
            json!({ "content": "x", "replyTo": 7 }),
            "replyTo",
        ),
        ("disconnect", json!({ "x": 1 }), "x"),
        ("resetSocket", json!({ "x": 1 }), "x"),
        ("setTestMode", json!({}), "value"),
        ("setTestMode", json!({ "value": 1 }), "value"),
        ("setTestMode", json!({ "value": "true" }), "value"),
        ("setTestMode", json!({ "value": true, "x": 1 }), "x"),
        ("history", json!({ "limit": 0 }), "limit"),
        ("history", json!({ "limit": 201 }), "limit"),
        ("history", json!({ "limit": "50" }), "limit"),
        ("history", json!({ "limit": 1.5 }), "limit"),
        ("history", json!({ "before": "9" }), "before"),
        ("history", json!({ "before": -1 }), "before"),
        ("history", json!({ "after": {} }), "after"),
        ("history", json!({ "since": 1 }), "since"),
        ("who", json!({ "x": 1 }), "x"),
        ("ping", json!({ "x": 1 }), "x"),
        ("auth", json!({ "username": "alice" }), "password"),
    ] {
        refused(&mut client, 400, event, data, parameter);
    }
    assert_eq!(client.post("first")["seq"], 1);
}

#[test]
fn a_nonce_holds_64_bytes_at_most() {
    let server = Server::start();
    let mut client = RawClient::join(&server, "alice", "stream");
    let longest = "é".repeat(32);
    client.send("message", json!({ "content": "x", "nonce": longest }));
    assert_eq!(client.expect("message")["nonce"], longest.as_str());
    for nonce in ["é".repeat(33), "n".repeat(65)] {
        let data = json!({ "content": "x", "nonce": nonce });
        refused(&mut client, 400, "message", data, "nonce");
    }
}

#[test]
fn an_unknown_event_is_refused_by_name() {
    let server = Server::start();
    let mut client = RawClient::join(&server, "alice", "stream");
    for event in ["shutdown", "Message", "connection", "cerror", "join", ""] {
        refused(&mut client, 400, event, Value::Null, event);
    }
}
