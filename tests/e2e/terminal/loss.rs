//! Connections that are lost: the terminal client comes back by itself.

use chat_tests::{Key, RawClient, Server, Terminal};
use serde_json::json;

use crate::support::contents;

fn is_offline(screen: &chat_tests::Screen) -> bool {
    !screen.rows.iter().any(|row| row.starts_with(" connected"))
}

/// All that was said before this answers, some of which `client` may get before the answer.
fn said_so_far(client: &mut RawClient) -> Vec<String> {
    client.send("history", json!({}));
    loop {
        match client.next_event() {
            (event, data) if event == "history" => {
                return contents(&data).iter().map(ToString::to_string).collect();
            }
            (event, data) => assert_eq!(event, "message", "{data}"),
        }
    }
}

#[test]
fn after_a_crash_nothing_is_lost_and_nothing_is_shown_twice() {
    let mut server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("before the crash");
    alice.wait_for_text("before the crash");
    alice.enter("mine before");
    bob.expect("message");
    server.kill();
    alice.wait_for("the loss on the status line", is_offline);
    alice.enter("typed while down: one");
    alice.enter("typed while down: two");
    server.restart();
    let mut bob = RawClient::join(&server, "bob", "stream");
    // Whether the terminal was back first or not, the two arrive once, and in order.
    let mut arrived = said_so_far(&mut bob);
    while arrived.len() < 4 {
        let message = bob.expect("message");
        arrived.push(message["content"].as_str().unwrap().to_owned());
    }
    let expected = [
        "before the crash",
        "mine before",
        "typed while down: one",
        "typed while down: two",
    ];
    assert_eq!(arrived, expected);
    bob.post("the end");
    let screen = alice.wait_for_text("the end");
    for text in expected {
        assert_eq!(screen.count(text), 1, "{text}: {screen:?}");
    }
    bob.expect_nothing();
    alice.wait_until_joined();
}

#[test]
fn a_restart_is_shown_as_one_and_not_as_an_error_and_loses_nothing() {
    let mut server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.enter("before");
    alice.wait_for_text("before");
    server.stop();
    alice.wait_for("a restart on the status line", |screen| {
        screen.shows("server is restarting")
    });
    alice.enter("meanwhile");
    // At least one attempt finds nobody there.
    alice.wait_for("a further attempt", |screen| screen.shows("attempt 2"));
    server.restart();
    alice.wait_until_joined();
    alice.wait_for("everything, sent", |screen| {
        screen.count("alice@ before") == 1 && screen.count("alice@ meanwhile") == 1
    });
    alice.key(Key::F2);
    alice.wait_for_text(" Errors: none so far");
    let mut bob = RawClient::join(&server, "bob", "stream");
    assert_eq!(contents(&bob.history(json!({}))), ["before", "meanwhile"]);
}

#[test]
fn what_was_said_while_the_line_was_down_is_made_up_for() {
    let mut server = Server::start();
    let alice = Terminal::open(&server, "alice", &["stream"]);
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("one");
    alice.wait_for_text("one");
    server.stop();
    alice.wait_for("the loss on the status line", is_offline);
    server.restart();
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("two");
    bob.post("three");
    let screen = alice.wait_for_text("three");
    for text in ["one", "two", "three"] {
        assert_eq!(screen.count(&format!(" {text}")), 1, "{text}: {screen:?}");
    }
}

#[test]
fn the_client_waits_for_a_server_that_is_not_up_yet() {
    let mut server = Server::start();
    server.kill();
    let setup = chat_tests::ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start();
    alice.wait_for_text("can't connect: ");
    alice.enter("early bird");
    server.restart();
    alice.wait_until_joined();
    let mut bob = RawClient::join(&server, "bob", "stream");
    if said_so_far(&mut bob).is_empty() {
        assert_eq!(bob.expect("message")["content"], "early bird");
    }
    assert_eq!(contents(&bob.history(json!({}))), ["early bird"]);
}
