//! `chat-server room`: rooms from the command line.

use chat_tests::{Finished, RawClient, Server};
use serde_json::{Value, json};

use crate::support::{numbered, post_all, whole_log};

#[track_caller]
fn room(server: &Server, arguments: &[&str]) -> Finished {
    let data = server.data();
    let mut all = vec!["room"];
    all.extend(arguments);
    all.extend(["--data", data.to_str().unwrap()]);
    Server::run(&all, "")
}

#[test]
fn rooms_are_listed_and_exported_while_the_server_runs() {
    let server = Server::start_without_limits();
    let mut alice = RawClient::join(&server, "alice", "stream");
    post_all(&mut alice, numbered(1_100));
    let quiet = RawClient::join(&server, "bob", "a quiet one");
    let listed = room(&server, &["list"]);
    assert_eq!(listed.status.code(), Some(0), "{}", listed.error);
    assert_eq!(listed.out, "0\t0\ta quiet one\n1100\t1100\tstream");

    let exported = room(&server, &["export", "stream"]);
    let lines: Vec<Value> = exported
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, whole_log(&mut alice));
    assert_eq!(room(&server, &["export", "a quiet one"]).out, "");
    drop(quiet);
}

#[test]
fn a_room_is_deleted_only_while_the_server_does_not_run() {
    let mut server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    alice.post("gone soon");
    let old = alice.history(json!({}))["epoch"].clone();
    let refused = room(&server, &["delete", "stream"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.error.contains("is in use"), "{}", refused.error);

    server.stop();
    let deleted = room(&server, &["delete", "stream"]);
    assert_eq!(deleted.status.code(), Some(0), "{}", deleted.error);
    server.restart();
    // The room is as new: who comes first is its administrator.
    let mut bob = RawClient::connect(&server);
    assert_eq!(bob.auth("bob", "stream")["accessLevel"], 0);
    let history = bob.history(json!({}));
    assert_eq!(history["entries"], json!([]));
    assert_ne!(history["epoch"], old);
}

#[test]
fn a_room_that_is_not_there_is_named() {
    let mut server = Server::start();
    server.stop();
    for action in ["export", "delete"] {
        let refused = room(&server, &[action, "nowhere"]);
        assert_eq!(refused.status.code(), Some(1));
        let expected = "chat-server: there is no room nowhere";
        assert_eq!(refused.error, expected);
    }
}
