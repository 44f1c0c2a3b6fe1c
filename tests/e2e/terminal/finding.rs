//! Searching, threads and the way to what was not seen, through the real programs.

use chat_tests::{Key, RawClient, Server, Terminal};
use serde_json::json;

use crate::support::{numbered, post_all};

#[test]
fn a_search_goes_back_to_the_beginning_and_leads_to_what_stood_around() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut carol = RawClient::join(&server, "carol", "stream");
    bob.post("the needle is here");
    carol.expect("message");
    // More than the room loads by itself; who made the room may post so many at once.
    post_all(&mut bob, numbered(180));
    carol.send("message", json!({ "content": "no NÉEDLE there" }));
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.wait_for_text("there");
    alice.type_text("my draft");
    alice.key(Key::Control('f'));
    alice.type_text("needle");
    alice.wait_for_text("1 found in 100 messages, Enter looks further back");
    alice.key(Key::Enter);
    alice.wait_for_text("2 found in 182 messages, from the beginning of the room");
    alice.key(Key::Up);
    alice.key(Key::Enter);
    let around = alice.wait_for_text("an older part of the room");
    assert!(around.shows("message 7"), "{around:?}");
    // One step back at a time, and the draft is where it was.
    alice.press_until(Key::Escape, "results", |screen| screen.shows("2 found"));
    alice.press_until(Key::Escape, "room", |screen| !screen.shows("2 found"));
    alice.wait_for_text("alice> my draft");
}

#[test]
fn one_persons_messages_are_found_however_long_ago() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut eve = RawClient::join(&server, "eve", "stream");
    eve.post("long ago");
    bob.expect("message");
    post_all(&mut bob, numbered(180));
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.wait_for_text("message 180");
    alice.enter("/find from:eve");
    alice.wait_for("all of eve's", |screen| {
        let words = screen.row_with("1 found in");
        words.is_some_and(|words| words.contains("from the beginning of the room"))
    });
    alice.wait_for_text("long ago");
    alice.press_until(Key::Escape, "room", |screen| !screen.shows("1 found"));
    alice.enter("/find from:nobody");
    alice.wait_for_text("nothing found");
    alice.press_until(Key::Escape, "room", |screen| !screen.shows("nothing found"));
}

#[test]
fn a_thread_gets_what_it_answers_from_the_server() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let asked = bob.post("who won?");
    post_all(&mut bob, numbered(150));
    bob.send(
        "message",
        json!({ "content": "eve did", "replyTo": asked["id"] }),
    );
    bob.expect("message");
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.wait_for_text("eve did");
    alice.key(Key::BackTab);
    alice.type_text("f");
    let thread = alice.wait_for_text("thread of 2 messages");
    assert!(thread.shows("who won?"), "{thread:?}");
    alice.wait_for_text("to bob: eve did");
    alice.enter("really?");
    let answer = bob.expect("message");
    assert_eq!(answer["content"], "really?");
    assert!(answer["replyTo"].is_string(), "{answer}");
    alice.wait_for_text("thread of 3 messages");
}

#[test]
fn the_oldest_mention_is_one_key_away_in_whatever_room() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "second");
    let mut alice = Terminal::open(&server, "alice", &["first", "second"]);
    alice.wait_until_joined();
    // Both rooms are entered, whichever is shown.
    alice.key(Key::Alt('2'));
    alice.wait_for_text("2 online");
    alice.key(Key::Alt('1'));
    alice.wait_for_text("1 online");
    bob.post("alice, look at this");
    post_all(&mut bob, numbered(60));
    alice.wait_for_text("2:second(61 @1)");
    alice.key(Key::Control('g'));
    let there = alice.wait_for_text(">>");
    assert!(there.shows("alice, look at this"), "{there:?}");
    alice.wait_for("no mention any more", |screen| !screen.shows("@1"));
}

#[test]
fn whoever_is_ignored_is_not_seen() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.wait_until_joined();
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("buy followers");
    alice.wait_for_text("buy followers");
    alice.enter("/ignore Bob");
    alice.wait_for("nothing of bob's", |screen| {
        !screen.shows("buy followers") && screen.shows("you no longer see what Bob writes")
    });
    bob.post("cheap followers");
    owner.expect("message");
    owner.expect("message");
    owner.post("hello");
    let screen = alice.wait_for_text("hello");
    assert!(!screen.shows("cheap"), "{screen:?}");
    alice.enter("/unignore bob");
    alice.wait_for("all of bob's", |screen| {
        screen.shows("buy followers") && screen.shows("cheap followers")
    });
}
