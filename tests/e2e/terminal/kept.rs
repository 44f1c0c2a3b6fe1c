//! What a lost connection does not take away: what is typed, what is asked, what is looked at.

use chat_tests::{Key, RawClient, Server, Terminal};

use super::{hear, is_asked, say_yes};
use crate::support::contents;

/// Ends the server at once, and waits until the terminal knows.
#[track_caller]
fn lose(server: &mut Server, terminal: &Terminal) {
    server.kill();
    terminal.wait_for("the loss on the status line", |screen| {
        !screen.rows[screen.rows.len() - 2].starts_with(" connected")
    });
}

#[track_caller]
fn come_back(server: &mut Server, terminal: &Terminal) {
    server.restart();
    terminal.wait_until_joined();
}

#[test]
fn drafts_and_keys_outlive_a_lost_connection() {
    let mut server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["first", "second"]);
    alice.key(Key::Alt('2'));
    alice.wait_until_joined();
    alice.type_text("for the second");
    alice.key(Key::Alt('1'));
    alice.wait_for("an empty box", |screen| {
        screen.rows.iter().any(|row| row == "alice>")
    });
    alice.type_text("before, ");
    alice.wait_for_text("alice> before,");
    server.kill();
    // Key by key, while it goes down, is down, and is back.
    for letter in "down, ".chars() {
        alice.type_text(&letter.to_string());
        alice.wait_until_read();
    }
    alice.wait_for_text("reconnecting in");
    alice.type_text("waiting, ");
    server.restart();
    for letter in "coming back, ".chars() {
        alice.type_text(&letter.to_string());
        alice.wait_until_read();
    }
    alice.wait_until_joined();
    alice.type_text("back");
    let draft = "before, down, waiting, coming back, back";
    alice.wait_for_text(&format!("alice> {draft}"));
    let mut bob = RawClient::join(&server, "bob", "first");
    alice.enter("");
    assert_eq!(bob.expect("message")["content"], draft);
    alice.key(Key::Alt('2'));
    alice.wait_for_text("alice> for the second");
    bob.expect_nothing();
}

#[test]
fn a_question_outlives_a_lost_connection_with_its_target() {
    let mut server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("buy followers");
    alice.wait_for_text("buy followers");
    alice.type_text("a draft");
    alice.key(Key::BackTab);
    alice.wait_for("the message, picked", |screen| {
        screen
            .row_with(">> ")
            .is_some_and(|row| row.contains("buy followers"))
    });
    alice.type_text("x");
    let question = "Delete a message from bob: “buy followers”?";
    alice.wait_for_text(question);
    lose(&mut server, &alice);
    let screen = alice.screen();
    assert!(is_asked(&screen) && screen.shows(question), "{screen:?}");
    come_back(&mut server, &alice);
    // Another message is the newest by now.
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("what a game");
    alice.wait_for_text("what a game");
    let screen = say_yes(&mut alice);
    assert!(screen.shows(question), "{screen:?}");
    bob.expect("deleteMessage");
    let log = bob.history(serde_json::json!({}));
    assert_eq!(contents(&log), ["what a game"]);
    alice.wait_for("the draft", |screen| {
        screen.shows("[deleted by alice]") && screen.shows("alice> a draft")
    });
}

#[test]
fn a_yes_that_can_not_be_sent_is_told_and_nothing_is_done_later() {
    let mut server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    drop(RawClient::join(&server, "bob", "stream"));
    alice.enter("/ban bob 1h spam");
    alice.wait_for_text("Ban bob for 1 h? Reason: spam.");
    lose(&mut server, &alice);
    say_yes(&mut alice);
    hear(&mut alice, "not done: not connected");
    come_back(&mut server, &alice);
    alice.enter("here again");
    alice.wait_for_text("alice@ here again");
    RawClient::join(&server, "bob", "stream").post("and so am I");
    alice.wait_for_text("and so am I");
}

#[test]
fn a_panel_stays_open_while_the_connection_comes_and_goes() {
    let mut server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.type_text("typed ");
    alice.key(Key::F2);
    alice.wait_for_text(" Errors: none so far");
    lose(&mut server, &alice);
    // What went wrong is added to the list that is looked at.
    alice.wait_for("the loss in the list", |screen| {
        screen.rows[1].starts_with(" Errors: ") && !screen.rows[1].contains("none")
    });
    alice.type_text("beside it");
    alice.wait_for_text("alice> typed beside it");
    come_back(&mut server, &alice);
    let screen = alice.screen();
    assert!(screen.rows[1].starts_with(" Errors: "), "{screen:?}");
    assert!(screen.shows("alice> typed beside it"), "{screen:?}");
    alice.press_until(Key::Escape, "the room", |screen| !screen.shows(" Errors: "));
    let mut bob = RawClient::join(&server, "bob", "stream");
    alice.enter("");
    assert_eq!(bob.expect("message")["content"], "typed beside it");
}
