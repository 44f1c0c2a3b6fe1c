//! How long what the client says can be read while the room goes on.

use std::time::{Duration, Instant};

use chat_tests::{Key, PATIENCE, Terminal};
use serde_json::json;

use super::{busy_room, escape, wait_for_question};

/// How long each must be readable, at least.
const READABLE: Duration = Duration::from_secs(5);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// When a text was on the screen.
#[derive(Clone, Copy, Debug)]
struct Stood {
    text: &'static str,
    first: Option<Instant>,
    last: Option<Instant>,
}

/// Looks at the screen until each text has been there and has gone.
#[track_caller]
fn watch(terminal: &Terminal, texts: &[&'static str]) -> Vec<Stood> {
    let mut all: Vec<Stood> = texts
        .iter()
        .map(|text| Stood {
            text,
            first: None,
            last: None,
        })
        .collect();
    let deadline = Instant::now() + PATIENCE * u32::try_from(texts.len()).unwrap();
    loop {
        let (now, screen) = (Instant::now(), terminal.screen());
        let mut is_over = true;
        for one in &mut all {
            if screen.shows(one.text) {
                one.first.get_or_insert(now);
                one.last = Some(now);
                is_over = false;
            }
            is_over &= one.first.is_some();
        }
        if is_over {
            return all;
        }
        assert!(now < deadline, "{all:?}\n{:?}", screen.rows);
        std::thread::sleep(LOOK);
    }
}

#[test]
fn whatever_the_client_says_can_be_read() {
    let (room, mut alice) = busy_room();
    let filter = json!({ "pattern": "holdme", "action": "hold" });
    room.order("addFilter", filter, "addFilter");
    // What is said now is news or an answer, and comes all at once.
    alice.enter("/nosuchcommand");
    alice.key(Key::Control('u'));
    alice.enter("/ban nobody_at_all");
    wait_for_question(&alice);
    alice.key(Key::Enter);
    alice.enter("/mute bob 60 too loud");
    wait_for_question(&alice);
    alice.key(Key::Enter);
    room.order(
        "mute",
        json!({ "username": "carol", "duration": 600 }),
        "mute",
    );
    room.say("dave", "holdme please");
    let texts = [
        "unknown command /nosuchcommand",
        "ban nobody_at_all refused: ",
        "bob is muted for 1 min",
        "owner muted carol",
        "holdme please",
    ];
    let stood = watch(&alice, &texts);
    for one in &stood {
        let time = one.last.unwrap() - one.first.unwrap();
        assert!(time >= READABLE, "{} stood for {time:?} only", one.text);
    }
    // And what has been read goes at once.
    alice.enter("/nosuchcommand");
    alice.wait_for_text("unknown command");
    escape(&mut alice);
    alice.wait_for("room for the next", |screen| {
        !screen.shows("unknown command")
    });
}
