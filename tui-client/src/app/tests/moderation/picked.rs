//! What is picked out in the room, and what letters do to it.

use super::*;

#[test]
fn what_is_picked_is_what_is_hit() {
    let mut driven = Driven::live();
    driven.message(0, 1, "Bob", "first");
    driven.message(0, 2, "carol", "second");
    driven.act(Action::Select);
    driven.act(Action::Up);
    // Others go on talking, faster than anybody can press a key.
    for seq in 3..200 {
        driven.message(0, seq, "dave", "noise");
    }
    driven.type_in("x");
    assert_eq!(
        question(&driven),
        "Delete a message from Bob: “first”? (final)"
    );
    driven.message(0, 200, "Bob", "another");
    let deleted = order(&driven.act(Action::Submit), "deleteMessage");
    assert_eq!(deleted, json!({ "id": "e-1" }));
    driven.receive(
        0,
        "deleteMessage",
        json!({ "id": "e-1", "seq": 201, "by": "alice" }),
    );
    assert_eq!(driven.answer(), "deleted a message from Bob");
    assert!(driven.app.selection.is_none());
}

#[test]
fn what_was_marked_and_is_gone_is_not_made_up_for_by_what_is_not_marked() {
    let mut driven = Driven::live();
    driven.message(0, 1, "eve", "spam");
    driven.message(0, 2, "dave", "hello");
    driven.act(Action::Select);
    driven.act(Action::Up);
    driven.type_in(" ");
    driven.act(Action::Down);
    // As if the room had become too long to keep it: no other room's entry is one of this.
    let mut other = Driven::live();
    for seq in 1..50 {
        other.message(0, seq, "dave", "noise");
    }
    other.act(Action::Select);
    let gone = other.app.selection.unwrap().at;
    driven.app.selection.as_mut().unwrap().marks = vec![gone];
    driven.type_in("b");
    assert!(driven.app.bar.is_none());
    assert_eq!(driven.app.picked_words(), "the marked messages are gone");
}

#[test]
fn other_keys_only_say_so_while_something_is_picked() {
    let mut driven = Driven::live();
    driven.message(0, 1, "bob", "first");
    driven.act(Action::Select);
    driven.type_in("q");
    assert!(driven.app.room().composer.is_empty());
    assert!(driven.answer().contains("does nothing here"));
    for other in [Action::Insert('q'), Action::Unknown] {
        driven.type_in("b");
        assert!(driven.app.bar.is_some());
        driven.act(other);
        assert!(driven.app.bar.is_none());
    }
    assert!(driven.answer().contains("cancelled"));
    driven.act(Action::Escape);
    driven.type_in("q");
    assert_eq!(driven.app.room().composer.text(), "q");
}

#[test]
fn a_raid_is_marked_by_its_text_and_banned_at_once() {
    let mut driven = Driven::live();
    for (seq, name) in (1..).zip(["r1", "r2", "r3"]) {
        driven.message(0, seq, name, &format!("Buy  followers {seq}"));
    }
    driven.message(0, 4, "bob", "hello");
    driven.message(0, 5, "alice", "buy followers");
    driven.act(Action::Select);
    for _ in 0..2 {
        driven.act(Action::Up);
    }
    driven.type_in("sb");
    let asked = "Ban 3 people who sent this, for good, and delete their 3 messages (final)?";
    assert_eq!(question(&driven), asked);
    let mut effects = driven.act(Action::Submit);
    let done = |name: &str| json!({ "message": "Success", "reason": format!("{name} is banned") });
    for name in ["r1", "r2", "r3"] {
        assert_eq!(order(&effects, "ban"), json!({ "username": name }));
        effects = driven.receive(0, "ban", done(name));
    }
    for (seq, name) in (6..).zip(["r1", "r2", "r3"]) {
        assert_eq!(order(&effects, "purge"), json!({ "username": name }));
        effects = driven.receive(
            0,
            "purge",
            json!({ "username": name, "seq": seq, "by": "alice" }),
        );
    }
    let told = "banned 3 people who sent this, for good, and deleted their 3 messages";
    assert_eq!(driven.answer(), told);
    // What can't be taken back is not offered to be.
    driven.act(Action::TakeBack);
    let asked = "Take back: banned 3 people who sent this, for good, 0 s ago?";
    assert_eq!(question(&driven), asked);
}

#[test]
fn the_newest_message_of_somebody_is_picked_and_not_hit() {
    let mut driven = Driven::live();
    driven.message(0, 1, "Bob", "first");
    driven.message(0, 3, "bob", "second");
    driven.message(0, 4, "carol", "third");
    assert_eq!(sent(&driven.send("/delete dave")), [""; 0]);
    assert_eq!(driven.app.room().composer.text(), "/delete dave");
    assert_eq!(driven.answer(), "there is no message from dave here");
    driven.act(Action::Interrupt);
    assert_eq!(sent(&driven.send("/delete @BOB")), [""; 0]);
    driven.type_in("x");
    let deleted = order(&driven.act(Action::Submit), "deleteMessage");
    assert_eq!(deleted, json!({ "id": "e-3" }));
    driven.receive(
        0,
        "deleteMessage",
        json!({ "id": "e-3", "seq": 5, "by": "alice" }),
    );
    driven.send("/pin");
    driven.type_in("p");
    let pinned = order(&driven.act(Action::Submit), "setRoom");
    assert_eq!(pinned, json!({ "pinned": "e-4" }));
}
