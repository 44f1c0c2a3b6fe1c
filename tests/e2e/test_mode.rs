//! `setTestMode` and `resetSocket`: for those who test clients, where the server allows it.

use chat_tests::{RawClient, Server};
use serde_json::{Value, json};

use crate::support::{contents, refused};

const ON: &str = "--test-mode";

#[test]
fn test_mode_is_refused_where_the_server_does_not_allow_it() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    refused(
        &mut client,
        401,
        "setTestMode",
        json!({ "value": true }),
        "",
    );
    refused(&mut client, 401, "resetSocket", Value::Null, "");
    client.auth("alice", "stream");
    refused(
        &mut client,
        403,
        "setTestMode",
        json!({ "value": true }),
        "",
    );
    refused(
        &mut client,
        403,
        "setTestMode",
        json!({ "value": false }),
        "",
    );
    refused(&mut client, 403, "resetSocket", Value::Null, "");
}

#[test]
fn reset_needs_test_mode_to_be_on() {
    let server = Server::start_with(&[ON]);
    let mut client = RawClient::connect(&server);
    refused(&mut client, 401, "resetSocket", Value::Null, "");
    client.auth("alice", "stream");
    refused(&mut client, 403, "resetSocket", Value::Null, "");
    client.send("setTestMode", json!({ "value": true }));
    client.send("setTestMode", json!({ "value": false }));
    refused(&mut client, 403, "resetSocket", Value::Null, "");
}

#[test]
fn a_reset_leads_back_to_the_state_just_after_connection() {
    let server = Server::start_with(&[ON]);
    let mut client = RawClient::connect(&server);
    client.send("setTestMode", json!({ "value": true }));
    client.expect_nothing();
    // Before `auth` too: there is nothing to undo, and nothing to answer.
    client.send("resetSocket", Value::Null);
    client.expect_nothing();
    client.auth("alice", "first");
    client.post("hello");
    client.send("resetSocket", Value::Null);
    client.expect_nothing();
    client.send("who", Value::Null);
    let refusal = client.expect_cerror(401, Some("who"));
    assert_eq!(refusal["message"], "Authentification required");
    // Test mode is kept, and another user may enter another room.
    assert_eq!(client.auth("bob", "second")["username"], "bob");
    assert_eq!(contents(&client.history(json!({}))), [] as [&str; 0]);
    client.send("resetSocket", Value::Null);
    client.expect_nothing();
}

#[test]
fn a_reset_connection_has_left_its_room() {
    let server = Server::start_with(&[ON]);
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.send("setTestMode", json!({ "value": true }));
    bob.send("resetSocket", Value::Null);
    bob.expect_nothing();
    alice.post("only for members");
    alice.send("who", Value::Null);
    assert_eq!(alice.expect("who")["count"], 1);
    bob.expect_nothing();
}
