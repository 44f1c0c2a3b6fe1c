//! `history`: the room's log, read in parts.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{contents, entries, eventually, names, numbered, post_all, seqs, whole_log};

/// A room with `message 1` to `message N`, and who posted them.
fn room_with(server: &Server, count: usize) -> RawClient {
    let mut client = RawClient::join(server, "alice", "stream");
    post_all(&mut client, numbered(count));
    client
}

#[test]
fn an_empty_room_has_an_empty_and_complete_history() {
    let server = Server::start();
    let mut client = RawClient::join(&server, "alice", "stream");
    client.send("history", Value::Null);
    let history = client.expect("history");
    assert_eq!(names(&history), ["complete", "entries", "epoch"]);
    assert_eq!(history["entries"], json!([]));
    assert_eq!(history["complete"], true);
    assert!(!history["epoch"].as_str().unwrap().is_empty());
}

#[test]
fn entries_are_what_was_sent_live() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let first = alice.post("one");
    alice.send(
        "message",
        json!({ "content": "two", "nonce": "n-1", "replyTo": first["id"] }),
    );
    let live: Vec<Value> = (0..2)
        .map(|_| json!({ "event": "message", "data": bob.expect("message") }))
        .collect();
    let mut late = RawClient::join(&server, "carol", "stream");
    for reader in [&mut bob, &mut late] {
        let history = reader.history(json!({}));
        assert_eq!(entries(&history), live);
    }
}

#[test]
fn positions_have_no_holes_and_begin_with_one() {
    let server = Server::start();
    let mut client = room_with(&server, 120);
    let log = whole_log(&mut client);
    let positions: Vec<u64> = log
        .iter()
        .map(|entry| entry["data"]["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(positions, (1..=120).collect::<Vec<u64>>());
}

#[test]
fn without_a_limit_the_newest_50_come() {
    let server = Server::start();
    let mut client = room_with(&server, 51);
    let history = client.history(json!({}));
    assert_eq!(seqs(&history), (2..=51).collect::<Vec<u64>>());
    assert_eq!(contents(&history)[49], "message 51");
    assert_eq!(history["complete"], false);
    let history = client.history(json!({ "limit": 51 }));
    assert_eq!(seqs(&history), (1..=51).collect::<Vec<u64>>());
    assert_eq!(history["complete"], true);
}

#[test]
fn before_pages_backwards_and_after_pages_forwards() {
    let server = Server::start();
    let mut client = room_with(&server, 10);
    let mut page = |request: Value| {
        let history = client.history(request);
        (seqs(&history), history["complete"] == true)
    };
    assert_eq!(page(json!({ "limit": 4 })), (vec![7, 8, 9, 10], false));
    let older = json!({ "before": 7, "limit": 4 });
    assert_eq!(page(older), (vec![3, 4, 5, 6], false));
    let oldest = json!({ "before": 3, "limit": 4 });
    assert_eq!(page(oldest), (vec![1, 2], true));
    assert_eq!(page(json!({ "before": 1 })), (vec![], true));
    let exactly = json!({ "before": 5, "limit": 4 });
    assert_eq!(page(exactly), (vec![1, 2, 3, 4], true));
    let newer = json!({ "after": 3, "limit": 4 });
    assert_eq!(page(newer), (vec![4, 5, 6, 7], false));
    let newest = json!({ "after": 7, "limit": 4 });
    assert_eq!(page(newest), (vec![8, 9, 10], true));
    assert_eq!(page(json!({ "after": 10 })), (vec![], true));
    assert_eq!(page(json!({ "after": 0, "limit": 1 })), (vec![1], false));
    let beyond = json!({ "after": u64::MAX });
    assert_eq!(page(beyond), (vec![], true));
    let beyond = json!({ "before": u64::MAX, "limit": 1 });
    assert_eq!(page(beyond), (vec![10], false));
}

#[test]
fn one_answer_holds_up_to_200_entries() {
    let server = Server::start_without_limits();
    let mut client = room_with(&server, 201);
    let history = client.history(json!({ "limit": 200 }));
    assert_eq!(seqs(&history), (2..=201).collect::<Vec<u64>>());
    assert_eq!(history["complete"], false);
}

#[test]
fn history_is_that_of_ones_own_room() {
    let server = Server::start();
    let mut alice = room_with(&server, 3);
    let mut bob = RawClient::join(&server, "bob", "elsewhere");
    bob.post("alone");
    let theirs = bob.history(json!({}));
    assert_eq!(contents(&theirs), ["alone"]);
    assert_ne!(theirs["epoch"], alice.history(json!({}))["epoch"]);
}

#[test]
fn history_and_epoch_outlive_a_restart() {
    let mut server = Server::start();
    let before = room_with(&server, 3).history(json!({}));
    server.stop();
    server.restart();
    let mut client = RawClient::join(&server, "bob", "stream");
    assert_eq!(client.history(json!({})), before);
    assert_eq!(client.post("on")["seq"], 4);
}

#[test]
fn a_room_keeps_its_newest_entries_and_says_so_to_who_comes_back() {
    let mut server = Server::start_with(&["--retention-entries", "5"]);
    let mut alice = room_with(&server, 20);
    let epoch = alice.history(json!({}))["epoch"].clone();
    // Rooms are trimmed when the server starts, and now and then.
    server.restart();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let is_trimmed = |history: &Value| entries(history).len() == 5;
    let history = eventually(|| Some(alice.history(json!({}))).filter(is_trimmed));
    assert_eq!(seqs(&history), [16, 17, 18, 19, 20]);
    assert_eq!(history["complete"], true);
    assert_eq!(alice.post("next")["seq"], 21);

    for (seq, is_recovered) in [(14, false), (15, true)] {
        let mut back = RawClient::connect(&server);
        back.auth_with(json!({
            "username": "alice", "password": password_of("alice"), "room": "stream",
            "since": { "epoch": epoch, "seq": seq },
        }));
        let history = back.expect("history");
        assert_eq!(history["recovered"], is_recovered, "{seq}");
        assert_eq!(seqs(&history), [16, 17, 18, 19, 20, 21]);
    }
}
