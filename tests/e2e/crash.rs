//! The server's sudden end, and the end of its disk: what anybody was shown is still there.

use chat_tests::{RawClient, Server};
use serde_json::{Value, json};

use crate::support::{seqs, whole_log};

/// Posts as fast as the line takes it until the line is cut; gives the messages it saw.
fn talk_until_cut(mut client: RawClient, name: &str) -> Vec<Value> {
    for number in 0..2_000 {
        let data = json!({ "content": format!("{name} {number}") });
        if !client.try_send("message", data) {
            break;
        }
    }
    seen(client.drain())
}

fn seen(events: Vec<(String, Value)>) -> Vec<Value> {
    events
        .into_iter()
        .map(|(event, data)| json!({ "event": event, "data": data }))
        .collect()
}

#[test]
fn what_anybody_saw_before_a_kill_is_in_the_history_after_it() {
    let mut server = Server::start_without_limits();
    let mut reader = RawClient::join(&server, "reader", "stream");
    let epoch = reader.history(json!({}))["epoch"].clone();
    let talkers: Vec<_> = ["alice", "bob", "carol"]
        .into_iter()
        .map(|name| {
            let client = RawClient::join(&server, name, "stream");
            std::thread::spawn(move || talk_until_cut(client, name))
        })
        .collect();
    let mut shown: Vec<Value> = (0..200)
        .map(|_| json!({ "event": "message", "data": reader.expect("message") }))
        .collect();
    server.kill();
    shown.extend(seen(reader.drain()));
    for talker in talkers {
        shown.extend(talker.join().unwrap());
    }
    server.restart();

    let mut client = RawClient::join(&server, "dave", "stream");
    let log = whole_log(&mut client);
    for event in shown {
        assert_eq!(event["event"], "message");
        let position = event["data"]["seq"].as_u64().unwrap() as usize;
        let stored = log.get(position - 1);
        assert_eq!(stored, Some(&event), "seen live, then stored");
    }
    let newest = client.history(json!({ "limit": 1 }));
    assert_eq!(newest["epoch"], epoch);
    assert_eq!(seqs(&newest), [log.len() as u64]);
    for (index, entry) in log.iter().enumerate() {
        assert_eq!(entry["data"]["seq"], index + 1);
    }
    assert_eq!(client.post("on")["seq"], log.len() + 1);
}

#[test]
fn accounts_outlive_a_kill() {
    let mut server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    server.kill();
    server.restart();
    let mut client = RawClient::connect(&server);
    let wrong = json!({ "username": "alice", "password": "guess", "room": "stream" });
    client.send("auth", wrong);
    client.expect_cerror(401, Some("auth"));
    client.auth("alice", "stream");
}

#[test]
fn what_cannot_be_stored_is_refused_with_503_and_shown_to_nobody() {
    let mut server = Server::start_with_file_limit(512 * 1024);
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let wall = "👍".repeat(500);
    let mut stored = Vec::new();
    let refusal = loop {
        let nonce = format!("n-{}", stored.len());
        alice.send("message", json!({ "content": wall, "nonce": nonce }));
        match alice.next_event() {
            (event, data) if event == "message" => stored.push(data["seq"].clone()),
            (event, data) => break (event, data, nonce),
        }
    };
    let (event, data, nonce) = refusal;
    assert_eq!((event.as_str(), &data["Code"]), ("cerror", &json!(503)));
    assert_eq!(
        (&data["event"], &data["nonce"]),
        (&json!("message"), &json!(nonce))
    );
    assert!(!stored.is_empty());
    for seq in &stored {
        assert_eq!(&bob.expect("message")["seq"], seq);
    }
    bob.expect_nothing();
    server.kill();
    server.restart();
    let mut alice = RawClient::join(&server, "alice", "stream");
    assert_eq!(whole_log(&mut alice).len(), stored.len());
    assert_eq!(alice.post("room again")["seq"], stored.len() + 1);
}
