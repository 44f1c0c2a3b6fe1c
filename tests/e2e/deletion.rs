//! Deleted messages: gone for everybody, in the history and for those who come back.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{contents, entries, names, refused, seqs};

/// A room with its administrator and two users.
fn room(server: &Server) -> [RawClient; 3] {
    ["owner", "alice", "bob"].map(|user| RawClient::join(server, user, "stream"))
}

#[track_caller]
fn delete(client: &mut RawClient, id: &Value) {
    client.send("deleteMessage", json!({ "id": id }));
}

#[test]
fn a_deleted_message_is_gone_for_everybody_and_the_deletion_is_an_entry() {
    let server = Server::start();
    let [mut owner, mut alice, mut bob] = room(&server);
    let id = alice.post("a mistake")["id"].clone();
    alice.post("better");
    delete(&mut alice, &id);
    for _ in 0..2 {
        owner.expect("message");
        bob.expect("message");
    }
    let expected = json!({ "id": id, "seq": 3, "by": "alice" });
    for member in [&mut owner, &mut alice, &mut bob] {
        let deletion = member.expect("deleteMessage");
        assert_eq!(names(&deletion), ["by", "id", "seq"]);
        assert_eq!(deletion, expected);
    }
    let history = bob.history(json!({}));
    assert_eq!(contents(&history), ["better"]);
    assert_eq!(seqs(&history), [2, 3]);
    let last = entries(&history).last().unwrap();
    assert_eq!(last, &json!({ "event": "deleteMessage", "data": expected }));
    assert_eq!(bob.post("on")["seq"], 4);
}

#[test]
fn users_delete_their_own_and_the_owner_anything() {
    let server = Server::start();
    let [mut owner, mut alice, mut bob] = room(&server);
    let hers = alice.post("hers")["id"].clone();
    owner.expect("message");
    let theirs = owner.post("the owner's")["id"].clone();
    bob.expect("message");
    bob.expect("message");
    alice.expect("message");
    for id in [&hers, &theirs] {
        refused(&mut bob, 403, "deleteMessage", json!({ "id": id }), "");
    }
    refused(
        &mut alice,
        403,
        "deleteMessage",
        json!({ "id": theirs }),
        "",
    );
    for unknown in [
        "nothing",
        "nothing-1",
        &hers.as_str().unwrap().replace("-1", "-99"),
    ] {
        refused(
            &mut alice,
            404,
            "deleteMessage",
            json!({ "id": unknown }),
            "",
        );
    }
    delete(&mut owner, &hers);
    for client in [&mut owner, &mut alice, &mut bob] {
        assert_eq!(client.expect("deleteMessage")["by"], "owner");
    }
    // What is gone can't be deleted again, answered or brought back.
    refused(&mut alice, 404, "deleteMessage", json!({ "id": hers }), "");
    let reply = json!({ "content": "what?", "replyTo": hers });
    refused(&mut alice, 404, "message", reply, "replyTo");
    assert_eq!(contents(&alice.history(json!({}))), ["the owner's"]);
}

#[test]
fn who_comes_back_is_told_of_deletions_and_misses_nothing_else() {
    let mut server = Server::start();
    let [_owner, mut alice, mut bob] = room(&server);
    let epoch = bob.history(json!({}))["epoch"].clone();
    let seen = alice.post("seen")["id"].clone();
    bob.expect("message");
    drop(bob);
    let unseen = alice.post("unseen")["id"].clone();
    alice.post("stays");
    delete(&mut alice, &unseen);
    delete(&mut alice, &seen);
    alice.expect("deleteMessage");
    alice.expect("deleteMessage");
    for round in ["the same server", "after a kill"] {
        let mut bob = RawClient::connect(&server);
        bob.auth_with(json!({
            "username": "bob", "password": password_of("bob"), "room": "stream",
            "since": { "epoch": epoch, "seq": 1 },
        }));
        let history = bob.expect("history");
        assert_eq!(history["recovered"], true, "{round}");
        assert_eq!(seqs(&history), [3, 4, 5], "{round}");
        assert_eq!(contents(&history), ["stays"], "{round}");
        let deleted = entries(&history)[1..]
            .iter()
            .map(|entry| &entry["data"]["id"]);
        assert_eq!(deleted.collect::<Vec<_>>(), [&unseen, &seen], "{round}");
        if round == "the same server" {
            server.kill();
            server.restart();
        }
    }
}

#[test]
fn a_retry_does_not_bring_a_deleted_message_back() {
    let mut server = Server::start();
    let [_owner, mut alice, _bob] = room(&server);
    let message = json!({ "content": "a mistake", "nonce": "n" });
    alice.send("message", message.clone());
    let id = alice.expect("message")["id"].clone();
    delete(&mut alice, &id);
    alice.expect("deleteMessage");
    alice.send("message", message.clone());
    alice.expect_cerror(404, Some("message"));
    server.kill();
    server.restart();
    let mut alice = RawClient::join(&server, "alice", "stream");
    alice.send("message", message);
    assert_eq!(alice.expect_cerror(404, Some("message"))["nonce"], "n");
    assert!(contents(&alice.history(json!({}))).is_empty());
}
