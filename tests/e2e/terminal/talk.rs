//! People who talk through the terminal client.

use chat_tests::{Key, RawClient, Server, Signal, Terminal};
use serde_json::json;

use crate::support::contents;

#[test]
fn two_terminals_talk_both_ways() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let mut bob = Terminal::open(&server, "bob", &["stream"]);
    alice.enter("hello bob");
    bob.wait_for_text("hello bob");
    bob.enter("hello alice");
    for terminal in [&alice, &bob] {
        let screen = terminal.wait_for_text("hello alice");
        assert_eq!(screen.count("hello bob"), 1);
        assert_eq!(screen.count("hello alice"), 1);
        assert!(screen.row_with("hello bob").unwrap().contains("alice"));
        assert!(screen.row_with("hello alice").unwrap().contains("bob"));
    }
}

#[test]
fn a_terminal_and_a_plain_client_talk_both_ways() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("from a program");
    alice.wait_for_text("from a program");
    alice.enter("from a terminal: é 漢字 👍");
    let message = bob.expect("message");
    assert_eq!(message["username"], "alice");
    assert_eq!(message["content"], "from a terminal: é 漢字 👍");
    bob.expect_nothing();
}

#[test]
fn a_message_shows_at_once_as_pending_and_then_as_sent() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    // A server that stands still answers nothing.
    server.signal(Signal::STOP);
    alice.enter("patience");
    let pending = alice.wait_for("the message out of the input", |screen| {
        screen.shows("patience") && screen.rows.iter().any(|row| row == "alice>")
    });
    let pending = pending.row_with("patience").unwrap().to_owned();
    server.signal(Signal::CONT);
    let sent = alice.wait_for("the message as sent", |screen| {
        screen
            .row_with("patience")
            .is_some_and(|row| row != pending)
    });
    assert_eq!(sent.count("patience"), 1);
    assert_eq!(bob.expect("message")["content"], "patience");
    bob.expect_nothing();
    assert_eq!(contents(&bob.history(json!({}))), ["patience"]);
}

#[test]
fn messages_reach_the_room_in_the_order_in_which_they_were_typed() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    for number in 1..=10 {
        alice.enter(&format!("line {number}"));
    }
    for number in 1..=10 {
        let content = format!("line {number}");
        assert_eq!(bob.expect("message")["content"], content);
    }
    // Not in the input box, where its length stands behind it.
    let screen = alice.wait_for("the last line in the room", |screen| {
        screen.rows.iter().any(|row| row.ends_with("line 10"))
    });
    let shown: Vec<bool> = (1..=10)
        .map(|number| {
            screen
                .rows
                .iter()
                .any(|row| row.ends_with(&format!("line {number}")))
        })
        .collect();
    assert_eq!(shown, [true; 10]);
}

#[test]
fn a_paste_of_many_lines_is_sent_only_after_a_yes() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let mut bob = RawClient::join(&server, "bob", "stream");
    let lines = ["one", "two", "three", "four", "five", "six"];
    let paste = format!("\x1b[200~{}\x1b[201~", lines.join("\r"));
    alice.type_text(&paste);
    alice.wait_for_text("paste 6 lines? one");
    alice.key(Key::Escape);
    alice.wait_for("the input box again", |screen| screen.shows("alice>"));
    alice.type_text(&paste);
    alice.wait_for_text("paste 6 lines? one");
    alice.key(Key::Enter);
    alice.wait_for_text("six");
    alice.key(Key::Enter);
    assert_eq!(bob.expect("message")["content"], lines.join("\n"));
    bob.expect_nothing();
}
