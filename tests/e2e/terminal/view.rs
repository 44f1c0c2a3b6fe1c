//! What the terminal client shows: rooms, sizes, and the past.

use chat_tests::{Key, RawClient, Server, Terminal};

use crate::support::{numbered, post_all};

#[test]
fn each_room_has_its_tab_and_unread_messages_are_counted() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["first", "second"]);
    let mut bob = RawClient::join(&server, "bob", "second");
    let screen = alice.wait_for_text("2:second");
    assert!(screen.rows[0].contains("1:first"), "{screen:?}");
    // Both rooms are entered, whichever is shown.
    bob.send("who", serde_json::Value::Null);
    while bob.expect("who")["count"] != 2 {
        bob.send("who", serde_json::Value::Null);
    }
    bob.post("psst");
    let screen = alice.wait_for_text("2:second(1)");
    assert!(!screen.shows("psst"));
    alice.key(Key::Alt('2'));
    let screen = alice.wait_for_text("psst");
    assert!(!screen.shows("second(1)"), "{screen:?}");
    alice.enter("to the second");
    assert_eq!(bob.expect("message")["content"], "to the second");
    alice.key(Key::Alt('1'));
    alice.wait_for("the first room again", |screen| !screen.shows("psst"));
    let mut carol = RawClient::join(&server, "carol", "first");
    alice.enter("to the first");
    let message = carol.expect("message");
    assert_eq!(
        (&message["content"], &message["room"]),
        (&"to the first".into(), &"first".into())
    );
    bob.expect_nothing();
}

#[test]
fn every_size_shows_the_talk_and_the_input() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    post_all(&mut bob, numbered(60));
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.type_text("a draft");
    let whole = |screen: &chat_tests::Screen| {
        screen.rows.iter().any(|row| row.contains("message 60"))
            && screen.rows.iter().any(|row| row.contains("a draft"))
    };
    let small = alice.wait_for("the talk", whole);
    alice.resize(140, 40);
    let large = alice.wait_for("the talk on 140x40", |screen| {
        whole(screen) && screen.rows.len() == 40 && screen.rows[38].starts_with(" connected")
    });
    assert!(large.shows("message 30"), "more fits: {large:?}");
    alice.resize(20, 5);
    let tiny = alice.wait_for("the talk on 20x5", whole);
    assert_eq!(tiny.rows.len(), 5);
    alice.resize(80, 24);
    alice.wait_for("the same as before", |screen| {
        whole(screen) && screen.rows[0] == small.rows[0] && screen.rows[23] == small.rows[23]
    });
    alice.enter("");
    assert_eq!(bob.expect("message")["content"], "a draft");
}

#[test]
fn scrolling_up_loads_the_past_from_the_server() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    post_all(&mut bob, numbered(180));
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.wait_for_text("message 180");
    let is_first = |row: &String| row.ends_with(" message 1");
    let top = alice.press_until(Key::PageUp, "first message", |screen| {
        screen.rows.iter().any(is_first)
    });
    // In order and without a hole: what follows the first is the second.
    let index = top.rows.iter().position(is_first).unwrap();
    for (row, number) in top.rows[index..].iter().zip(1..=5) {
        assert!(row.ends_with(&format!(" message {number}")), "{top:?}");
    }
    let down = alice.press_until(Key::End, "newest message", |screen| {
        screen.shows("message 180")
    });
    assert_eq!(down.count("message 180"), 1);
}

#[test]
fn what_is_read_does_not_move_when_something_new_comes() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    post_all(&mut bob, numbered(60));
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.wait_for_text("message 60");
    alice.key(Key::PageUp);
    // The newest rows stay below the rule.
    let before = alice.wait_for("an older part", |screen| {
        screen.rows[17].starts_with("- up ") && screen.rows[20].ends_with("message 60")
    });
    let row = before
        .rows
        .iter()
        .position(|row| row.ends_with("message 40"))
        .unwrap();
    post_all(&mut bob, ["news one".to_owned(), "news two".to_owned()]);
    let after = alice.wait_for_text("2 new below");
    assert!(after.rows[row].ends_with("message 40"), "{after:?}");
    assert!(after.rows[17].starts_with("- up "), "{after:?}");
    assert!(after.rows[20].ends_with("news two"), "{after:?}");
    let above = &after.rows[1..17];
    assert!(!above.iter().any(|row| row.contains("news")), "{after:?}");
    alice.key(Key::End);
    alice.wait_for("the end without a rule", |screen| {
        screen.rows[20].ends_with("news two") && !screen.shows("- up ")
    });
}
