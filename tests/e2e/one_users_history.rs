//! `history` of one user.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{contents, entries, numbered, post_all, refused, said, seqs};

#[test]
fn only_that_users_messages_come_page_by_page() {
    let mut server = Server::start_without_limits();
    let mut alice = RawClient::join(&server, "Alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    // Alice has 1, 302 and 603; 300 of bob's are between them.
    for part in 0..2 {
        alice.post(&format!("alice {part}"));
        bob.expect("message");
        post_all(&mut bob, numbered(300));
        for _ in 0..300 {
            alice.expect("message");
        }
    }
    alice.send("message", json!({ "content": "alice 2", "nonce": "n" }));
    alice.expect("message");
    bob.expect("message");
    let check = |client: &mut RawClient, mut request: Value, expected: &[u64], complete: bool| {
        request["username"] = json!("aLICE");
        let history = client.history(request.clone());
        assert_eq!(seqs(&history), expected, "{request}");
        assert_eq!(history["complete"], complete, "{request}");
        history
    };
    for restarts in 0..2 {
        check(&mut bob, json!({}), &[1, 302, 603], true);
        check(&mut bob, json!({ "limit": 2 }), &[302, 603], false);
        check(&mut bob, json!({ "limit": 2, "before": 302 }), &[1], true);
        check(&mut bob, json!({ "limit": 1, "before": 302 }), &[1], true);
        check(&mut bob, json!({ "before": 1 }), &[], true);
        check(
            &mut bob,
            json!({ "after": 0, "limit": 2 }),
            &[1, 302],
            false,
        );
        check(
            &mut bob,
            json!({ "after": 1, "limit": 2 }),
            &[302, 603],
            true,
        );
        check(&mut bob, json!({ "after": 603 }), &[], true);
        check(&mut bob, json!({ "after": 1, "before": 603 }), &[302], true);
        if restarts == 0 {
            server.kill();
            server.restart();
            bob = RawClient::join(&server, "bob", "stream");
            alice = RawClient::join(&server, "alice", "stream");
        }
    }
    // As they were sent: the nonce is for its sender.
    let own = check(&mut alice, json!({ "limit": 1 }), &[603], false);
    assert_eq!(entries(&own)[0]["data"]["nonce"], "n");
    let theirs = check(&mut bob, json!({ "limit": 1 }), &[603], false);
    assert!(entries(&theirs)[0]["data"].get("nonce").is_none());
    assert_eq!(contents(&theirs), ["alice 2"]);
    // Deletions are no messages, and what they took is gone.
    let id = &entries(&own)[0]["data"]["id"];
    alice.send("deleteMessage", json!({ "id": id }));
    alice.expect("deleteMessage");
    bob.expect("deleteMessage");
    check(&mut bob, json!({ "limit": 2 }), &[1, 302], true);
    alice.send("purge", json!({ "username": "bob" }));
    alice.expect("purge");
    let purged = alice.history(json!({ "username": "bob" }));
    assert_eq!((seqs(&purged), &purged["complete"]), (vec![], &json!(true)));
    check(&mut alice, json!({}), &[1, 302], true);
}

#[test]
fn a_name_that_nobody_has_looks_like_one_who_wrote_nothing() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    drop(RawClient::join(&server, "silent", "stream"));
    alice.post("hello");
    let [nobody, silent] =
        ["nobody", "silent"].map(|name| alice.history(json!({ "username": name })));
    assert_eq!(nobody, silent);
    assert_eq!(nobody["entries"], json!([]));
    assert_eq!(nobody["complete"], true);
    for (data, parameter) in [
        (json!({ "username": 7 }), "username"),
        (json!({ "username": null }), "username"),
        (json!({ "username": "a b" }), "username"),
        (json!({ "username": "alice", "limit": 0 }), "limit"),
        (json!({ "user": "alice" }), "user"),
    ] {
        refused(&mut alice, 400, "history", data, parameter);
    }
    let mut stranger = RawClient::connect(&server);
    refused(&mut stranger, 401, "history", json!({ "username": 7 }), "");
    for name in ["%", "_____", "' OR 1=1 --".trim_end_matches(" --")] {
        let name = name.replace(' ', "");
        let history = alice.history(json!({ "username": name }));
        assert_eq!(history["entries"], json!([]), "{name}");
    }
}

#[test]
fn what_a_removed_user_wrote_is_found_by_the_name() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("left behind");
    alice.expect("message");
    said(&server, &["user", "remove", "bob"]);
    let history = alice.history(json!({ "username": "bob" }));
    assert_eq!(contents(&history), ["left behind"]);
}

#[test]
fn modes_are_not_among_a_users_messages() {
    let server = Server::start();
    let mut alice = RawClient::connect(&server);
    alice.auth_with(json!({
        "username": "alice", "password": password_of("alice"), "room": "stream",
        "capabilities": ["room"],
    }));
    alice.expect("room");
    alice.send("setRoom", json!({ "topic": "Any%" }));
    alice.expect("room");
    alice.post("hello");
    let history = alice.history(json!({ "username": "alice" }));
    assert_eq!(
        (seqs(&history), contents(&history)),
        (vec![2], vec!["hello"])
    );
    assert_eq!(seqs(&alice.history(json!({}))), [1, 2]);
}
