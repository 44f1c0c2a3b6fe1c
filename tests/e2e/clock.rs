//! The wall clock is set, or wrong from the start: nobody waits longer for it, and nothing is deleted.

mod wall;

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{contents, eventually, numbered, post_all};
use wall::WallClock;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// Posts, and gives what the sender is told to wait, in seconds; `None` where everybody sees it.
#[track_caller]
fn wait_told(client: &mut RawClient) -> Option<u64> {
    client.send("message", json!({ "content": "hi" }));
    loop {
        let (event, data) = client.next_event();
        match event.as_str() {
            "message" => return None,
            "mute" => return Some(data["duration"].as_u64().unwrap()),
            "cerror" => {
                assert_eq!(data["Code"], 429, "{data}");
                return Some(data["retryAfter"].as_u64().unwrap());
            }
            _ => {}
        }
    }
}

/// Changes the room's slow mode; what comes after it is held against that.
#[track_caller]
fn slow_down(moderator: &mut RawClient, seconds: u64) {
    moderator.send("setRoom", json!({ "slowMode": seconds }));
    moderator.send("history", json!({ "limit": 1 }));
    while moderator.next_event().0 != "history" {}
}

/// Alice, who founded the room, and bob.
fn alice_and_bob(server: &Server) -> (RawClient, RawClient) {
    let alice = RawClient::join(server, "alice", "stream");
    (alice, RawClient::join(server, "bob", "stream"))
}

#[test]
fn slow_mode_lasts_as_long_as_it_says_though_the_clock_is_set_back() {
    let Some((clock, server)) = WallClock::start(&[]) else {
        return;
    };
    let (mut alice, mut bob) = alice_and_bob(&server);
    slow_down(&mut alice, 120);
    assert_eq!(wait_told(&mut bob), None);
    clock.set(-HOUR / 2);
    let wait = wait_told(&mut bob).unwrap();
    assert!((1..=120).contains(&wait), "{wait}");
    slow_down(&mut alice, 5);
    let wait = wait_told(&mut bob).unwrap_or(1);
    assert!((1..=5).contains(&wait), "{wait}");
    slow_down(&mut alice, 0);
    assert_eq!(wait_told(&mut bob), None);
}

#[test]
fn a_mute_ends_in_time_though_the_clock_is_set_and_the_room_begins_anew() {
    for ahead in [-HOUR / 2, HOUR / 2] {
        let Some((clock, server)) = WallClock::start(&[]) else {
            return;
        };
        let (mut alice, mut bob) = alice_and_bob(&server);
        alice.send("mute", json!({ "username": "bob", "duration": 60 }));
        alice.expect("mute");
        bob.expect("mute");
        clock.set(ahead);
        let wait = wait_told(&mut bob).unwrap();
        assert!((40..=60).contains(&wait), "{wait}");
        // Nobody is in any more, so it is read from the store.
        drop((alice, bob));
        let mut bob = RawClient::join(&server, "bob", "stream");
        let wait = wait_told(&mut bob).unwrap();
        assert!((20..=60).contains(&wait), "{wait}");
        let mut alice = RawClient::join(&server, "alice", "stream");
        alice.send("mute", json!({ "username": "bob", "duration": 2 }));
        bob.expect("mute");
        clock.set(-ahead);
        eventually(|| match wait_told(&mut bob) {
            None => Some(()),
            Some(wait) => {
                assert!(wait <= 2, "{wait}");
                None
            }
        });
    }
}

#[test]
fn a_ban_ends_in_time_though_the_clock_is_set_back() {
    let Some((clock, server)) = WallClock::start(&[]) else {
        return;
    };
    let (mut alice, mut bob) = alice_and_bob(&server);
    alice.send("ban", json!({ "username": "bob", "duration": 3 }));
    bob.expect("ban");
    clock.set(-HOUR);
    drop(alice);
    let mut is_refused = false;
    eventually(|| {
        let mut bob = RawClient::connect(&server);
        let auth = json!({
            "username": "bob", "password": password_of("bob"), "room": "stream",
        });
        bob.send("auth", auth);
        let (event, data) = bob.next_event();
        is_refused |= data["Code"] == 403;
        (event == "auth").then_some(())
    });
    assert!(is_refused);
}

/// The messages that a room keeps.
fn kept(server: &Server, room: &str) -> Vec<String> {
    let mut client = RawClient::join(server, "alice", room);
    let history: Value = client.history(json!({ "limit": 200 }));
    contents(&history).into_iter().map(str::to_owned).collect()
}

/// Has `room` hold more than the server keeps, which it notices when it starts.
fn overfill(server: &Server, room: &str) {
    post_all(&mut RawClient::join(server, "alice", room), numbered(8));
}

#[test]
fn a_start_with_the_clock_ahead_deletes_nothing_for_a_day() {
    let arguments = ["--no-limits", "--retention-entries", "5"];
    let Some((clock, mut server)) = WallClock::start(&arguments) else {
        return;
    };
    post_all(&mut RawClient::join(&server, "alice", "old"), numbered(3));
    let trimmed = |server: &Server, room| {
        eventually(|| (kept(server, room).len() == 5).then_some(()));
    };
    overfill(&server, "one");
    server.stop();
    clock.set(91 * DAY);
    server.restart();
    // It has looked through the rooms by then.
    trimmed(&server, "one");
    assert_eq!(kept(&server, "old").len(), 3);
    server.wait_for_log("jumped ahead");
    overfill(&server, "two");
    server.stop();
    clock.set(0);
    server.restart();
    trimmed(&server, "two");
    assert_eq!(kept(&server, "old").len(), 3);
    // A leap that has been there for a day is no slip.
    clock.set(91 * DAY);
    server.stop();
    server.restart();
    assert_eq!(kept(&server, "old").len(), 3);
    server.stop();
    clock.set(92 * DAY + HOUR);
    server.restart();
    eventually(|| kept(&server, "old").is_empty().then_some(()));
}
