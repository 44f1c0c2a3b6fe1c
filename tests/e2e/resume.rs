//! `since`: coming back without a hole and without a thing twice.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{contents, entries, names, numbered, post_all, seqs};

/// Comes back as `user` and says what it has; gives the connection and the `history` it gets.
#[track_caller]
fn resume(server: &Server, user: &str, epoch: &Value, seq: u64) -> (RawClient, Value) {
    let mut client = RawClient::connect(server);
    client.auth_with(json!({
        "username": user, "password": password_of(user), "room": "stream",
        "since": { "epoch": epoch, "seq": seq },
    }));
    let history = client.expect("history");
    assert_eq!(
        names(&history),
        ["complete", "entries", "epoch", "recovered"]
    );
    (client, history)
}

#[test]
fn a_client_that_comes_back_gets_exactly_what_came_since() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    post_all(&mut alice, numbered(3));
    let epoch = alice.history(json!({}))["epoch"].clone();
    for (seq, missed) in [(0, vec![1, 2, 3]), (1, vec![2, 3]), (3, vec![])] {
        let (mut back, history) = resume(&server, "bob", &epoch, seq);
        assert_eq!(history["recovered"], true, "since {seq}");
        assert_eq!(history["epoch"], epoch);
        assert_eq!(seqs(&history), missed);
        back.expect_nothing();
    }
    // And then live.
    let (mut back, history) = resume(&server, "bob", &epoch, 2);
    assert_eq!(contents(&history), ["message 3"]);
    alice.post("message 4");
    assert_eq!(back.expect("message")["seq"], 4);
}

#[test]
fn a_position_that_the_log_does_not_know_is_not_recovered() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    post_all(&mut alice, numbered(60));
    let epoch = alice.history(json!({}))["epoch"].clone();
    for (epoch, seq) in [(&json!("another"), 10), (&epoch, 61), (&epoch, u64::MAX)] {
        let (mut back, history) = resume(&server, "bob", epoch, seq);
        assert_eq!(history["recovered"], false, "{epoch} {seq}");
        assert_eq!(seqs(&history), (11..=60).collect::<Vec<u64>>());
        assert_eq!(history["complete"], false);
        back.expect_nothing();
    }
}

#[test]
fn up_to_1000_missed_entries_are_made_up_for() {
    let server = Server::start_without_limits();
    let mut alice = RawClient::join(&server, "alice", "stream");
    post_all(&mut alice, numbered(1001));
    let epoch = alice.history(json!({}))["epoch"].clone();
    let (_, history) = resume(&server, "alice", &epoch, 1);
    assert_eq!(history["recovered"], true);
    assert_eq!(seqs(&history), (2..=1001).collect::<Vec<u64>>());
    let (_, history) = resume(&server, "alice", &epoch, 0);
    assert_eq!(history["recovered"], false);
    assert_eq!(seqs(&history), (952..=1001).collect::<Vec<u64>>());
}

#[test]
fn up_to_512_kib_of_missed_entries_are_made_up_for() {
    let server = Server::start_without_limits();
    let mut alice = RawClient::join(&server, "alice", "stream");
    // 2,000 bytes of text each: 300 of them are over the limit, 200 are not.
    let wall = "👍".repeat(500);
    post_all(&mut alice, std::iter::repeat_n(wall, 300));
    let epoch = alice.history(json!({ "limit": 1 }))["epoch"].clone();
    let (_, history) = resume(&server, "alice", &epoch, 100);
    assert_eq!(history["recovered"], true);
    assert_eq!(entries(&history).len(), 200);
    let (_, history) = resume(&server, "alice", &epoch, 0);
    assert_eq!(history["recovered"], false);
    assert_eq!(seqs(&history), (251..=300).collect::<Vec<u64>>());
}

#[test]
fn coming_back_in_the_middle_of_a_busy_talk_leaves_no_hole_and_nothing_twice() {
    const MESSAGES: u64 = 300;
    let server = Server::start_without_limits();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let epoch = alice.history(json!({}))["epoch"].clone();
    let mut reader = RawClient::join(&server, "bob", "stream");
    let talk = std::thread::spawn(move || {
        for content in numbered(MESSAGES as usize) {
            alice.post(&content);
        }
    });
    let mut last = 0;
    let next = |last: &mut u64, message: &Value| {
        *last += 1;
        assert_eq!(message["seq"], *last, "{message}");
    };
    while last < MESSAGES {
        for _ in 0..(MESSAGES - last).min(10) {
            let message = reader.expect("message");
            next(&mut last, &message);
        }
        let (back, history) = resume(&server, "bob", &epoch, last);
        assert_eq!(history["recovered"], true);
        for entry in entries(&history) {
            next(&mut last, &entry["data"]);
        }
        reader = back;
    }
    talk.join().unwrap();
    reader.expect_nothing();
}

#[test]
fn a_position_outlives_the_crash_of_the_server() {
    let mut server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    post_all(&mut alice, numbered(5));
    let epoch = alice.history(json!({}))["epoch"].clone();
    server.kill();
    server.restart();
    let (mut back, history) = resume(&server, "alice", &epoch, 3);
    assert_eq!(history["recovered"], true);
    assert_eq!(contents(&history), ["message 4", "message 5"]);
    assert_eq!(back.post("message 6")["seq"], 6);
}
