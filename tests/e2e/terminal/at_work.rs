//! A moderator's keys, through the real programs: whoever is meant is hit, nobody else, and what was
//! done is taken back.

use chat_tests::{Key, RawClient, Screen, Server, Terminal, password_of};
use serde_json::{Value, json};

use super::{hear, is_asked, order, say_yes, says};
use crate::support::{numbered, post_all, refused};

/// They send the same text, but for case, digits and spaces.
const RAIDERS: [&str; 5] = ["raider1", "raider2", "raider3", "raider4", "raider5"];

/// The row of the message, or of the item of a panel, that is picked.
fn picked<'screen>(screen: &'screen Screen, text: &str) -> Option<&'screen str> {
    screen.row_with(">> ").filter(|row| row.contains(text))
}

/// What a client is told up to `event`, that included.
#[track_caller]
fn told_until(client: &mut RawClient, event: &str, count: usize) -> Vec<(String, Value)> {
    let mut told = Vec::new();
    while told.iter().filter(|(name, _)| name == event).count() < count {
        told.push(client.next_event());
    }
    told
}

#[test]
fn a_raid_ends_with_four_keys_and_hits_nobody_else() {
    let server = Server::start_without_limits();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let mut raiders = RAIDERS.map(|name| RawClient::join(&server, name, "stream"));
    let mut carol = RawClient::join(&server, "carol", "stream");
    carol.post("buy followers? no thanks");
    for (number, raider) in raiders.iter_mut().enumerate() {
        let spaces = " ".repeat(number + 1);
        raider.send(
            "message",
            json!({ "content": format!("Buy{spaces}FOLLOWERS {number}") }),
        );
        carol.expect("message");
    }
    for raider in &mut raiders {
        raider.send("message", json!({ "content": "buy followers 99" }));
        carol.expect("message");
    }
    carol.post("what is this");
    alice.wait_for_text("what is this");

    alice.key(Key::BackTab);
    alice.wait_for("the newest", |screen| {
        picked(screen, "what is this").is_some()
    });
    alice.key(Key::Up);
    alice.wait_for("a raider's", |screen| {
        picked(screen, "buy followers 99").is_some()
    });
    alice.type_text("s");
    alice.wait_for_text("10 messages are marked");
    alice.type_text("b");
    let question = "Ban 5 people who sent this, for good, and delete their 10 messages (final)?";
    alice.wait_for_text(question);
    // Whoever comes now is not among them, whatever he says.
    let mut dave = RawClient::join(&server, "dave", "stream");
    dave.post("buy followers 7");
    alice.wait_for_text("buy followers 7");
    let screen = say_yes(&mut alice);
    assert!(screen.shows(question), "{screen:?}");
    hear(
        &mut alice,
        "banned 5 people who sent this, for good, and deleted their 10 messages",
    );

    for raider in raiders {
        let mut raider = raider;
        let told = raider.drain();
        let ban = told.iter().find(|(name, _)| name == "ban");
        assert!(ban.is_some(), "{told:?}");
    }
    let told = told_until(&mut carol, "purge", RAIDERS.len());
    let mut purged: Vec<&str> = told
        .iter()
        .filter(|(name, _)| name == "purge")
        .map(|(_, data)| data["username"].as_str().unwrap())
        .collect();
    purged.sort_unstable();
    assert_eq!(purged, RAIDERS);
    for raider in RAIDERS {
        let auth = json!({ "username": raider, "password": password_of(raider), "room": "stream" });
        refused(
            &mut RawClient::connect(&server),
            403,
            "auth",
            auth,
            "banned",
        );
    }
    // The others are here, and so is what they said.
    dave.send("message", json!({ "content": "still here" }));
    carol.expect("message");
    let screen = alice.wait_for_text("still here");
    for text in ["no thanks", "what is this", "buy followers 7"] {
        assert!(screen.shows(text), "{text}: {screen:?}");
    }
    assert_eq!(screen.count("[deleted by alice]"), 10, "{screen:?}");
}

#[test]
fn the_last_deed_or_the_one_before_is_taken_back() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let mut bob = RawClient::join(&server, "bob", "stream");
    order(&mut alice, "/mute bob 10m too loud");
    bob.expect("mute");
    hear(&mut alice, "bob is muted");
    order(&mut alice, "/slow 30");
    alice.wait_for_text("slow 30s");

    alice.key(Key::Control('o'));
    alice.wait_for("the newest", |screen| {
        is_asked(screen) && screen.shows("Take back: slow mode is 30 s, ")
    });
    alice.key(Key::Control('o'));
    alice.wait_for("the one before", |screen| {
        is_asked(screen) && screen.shows("Take back: timed out bob for 10 min, ")
    });
    say_yes(&mut alice);
    bob.expect("unmute");
    bob.send("message", json!({ "content": "sorry" }));
    alice.wait_for("bob, and slow mode", |screen| {
        screen.shows("bob  sorry") && screen.shows("slow 30s")
    });

    // What was taken back is not offered again.
    alice.key(Key::Control('o'));
    alice.wait_for("the newest", |screen| {
        is_asked(screen) && screen.shows("Take back: slow mode is 30 s, ")
    });
    say_yes(&mut alice);
    alice.wait_for("no slow mode", |screen| !screen.shows("slow 30s"));
    alice.press_until(Key::Escape, "no answer", |screen| {
        !says(screen, "slow mode")
    });
    alice.key(Key::Control('o'));
    alice.wait_for_text("nothing to take back yet");
}

#[test]
fn one_key_leads_to_the_oldest_mention_wherever_it_is() {
    let server = Server::start_without_limits();
    let mut bob = RawClient::join(&server, "bob", "second");
    let mut carol = RawClient::join(&server, "carol", "third");
    let mut alice = Terminal::open(&server, "alice", &["first", "second", "third"]);
    // All three are entered, whichever is shown.
    for client in [&mut bob, &mut carol] {
        client.send("who", Value::Null);
        while client.expect("who")["count"] != 2 {
            client.send("who", Value::Null);
        }
    }
    bob.post("@alice the oldest");
    // So far up that it is not on the screen.
    post_all(&mut bob, numbered(60));
    carol.post("alice: the newest");
    alice.wait_for("counts", |screen| {
        screen.rows[0].starts_with(" 1:first  2:second(61 @1)  3:third(1 @1)")
    });
    alice.type_text("a draft");
    alice.key(Key::Control('g'));
    let screen = alice.wait_for_text("@alice the oldest");
    assert!(!screen.rows[0].contains("second(61 @1)"), "{screen:?}");
    alice.key(Key::Control('g'));
    alice.wait_for_text("alice: the newest");
    // What is left unread is next, at its end.
    alice.key(Key::Control('g'));
    alice.wait_for_text("message 60");
    alice.key(Key::Control('g'));
    alice.wait_for_text("nothing is unread, and nobody mentioned you");
    alice.key(Key::Alt('1'));
    let screen = alice.wait_for_text("alice> a draft");
    assert!(
        screen.rows[0].starts_with(" 1:first  2:second  3:third  "),
        "{screen:?}"
    );
}

#[test]
fn somebody_in_a_panel_is_timed_out_for_as_long_as_a_digit_says() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut carol = RawClient::join(&server, "carol", "stream");
    alice.enter("/who");
    alice.wait_for_text(" 3 here in stream");
    alice.press_until(Key::Down, "bob", |screen| picked(screen, "bob").is_some());
    alice.type_text("t");
    alice.wait_for_text("Time out bob for 10 min?");
    alice.type_text("3");
    alice.wait_for_text("Time out bob for 1 h?");
    // The room goes on; the question does not, nor its target.
    carol.send("message", json!({ "content": "hello" }));
    carol.expect("message");
    let screen = say_yes(&mut alice);
    assert!(screen.shows("Time out bob for 1 h?"), "{screen:?}");
    bob.expect("message");
    assert_eq!(bob.expect("mute")["duration"], 3_600);
    carol.expect_nothing();
    alice.wait_for("the panel still", |screen| {
        screen.shows(" 3 here in stream") && says(screen, "bob is muted")
    });
    // The answer and all that was done before it are in the log.
    alice.key(Key::F4);
    alice.wait_for("the log", |screen| {
        let log = &screen.rows[1..21];
        log[0].starts_with(" What was said and done")
            && log.iter().any(|row| row.contains("bob is muted"))
    });
}
