//! Text from others is hostile: it must not reach the terminal as anything but text.

use chat_tests::{ClientSetup, Door, RawClient, ScriptedServer, Server, Terminal};
use serde_json::json;

use super::{greet, play_server_until};
use crate::support::now;

/// What would take over a terminal, and what must never be written to one.
const ATTACKS: [(&str, &str); 8] = [
    ("\u{1b}[2J\u{1b}[H", "\u{1b}[2J\u{1b}[Hevil"),
    ("\u{1b}]0;owned\u{7}", "\u{1b}]0;owned"),
    ("\u{1b}]52;c;b3duZWQ=\u{7}", "\u{1b}]52;c;b3duZWQ="),
    ("\u{9b}31m", "\u{9b}"),
    ("\u{1b}c", "\u{1b}cevil"),
    ("\u{202e}", "\u{202e}"),
    ("\u{2066}\u{200f}", "\u{2066}"),
    ("\r\u{8}\u{8}\u{7f}", "\u{8}"),
];

#[track_caller]
fn is_unharmed(terminal: &Terminal) {
    let screen = terminal.wait_for_text("the end");
    assert!(screen.rows[0].contains("1:stream"), "{screen:?}");
    assert!(screen.rows[22].starts_with(" connected"), "{screen:?}");
    assert!(screen.rows[23].starts_with("alice>"), "{screen:?}");
    assert_eq!(screen.count("evil"), ATTACKS.len(), "{screen:?}");
    let transcript = terminal.transcript();
    for (_, forbidden) in ATTACKS {
        assert!(!transcript.contains(forbidden), "{forbidden:?} was written");
    }
    // Some combining marks are language, a tower of them is not.
    let marks = transcript.matches('\u{301}').count();
    assert!(marks < 100, "{marks} combining marks were written");
}

#[test]
fn text_that_a_member_sends_cannot_take_over_the_terminal() {
    let server = Server::start();
    let alice = Terminal::open(&server, "alice", &["stream"]);
    let mut mallory = RawClient::join(&server, "mallory", "stream");
    for (attack, _) in ATTACKS {
        mallory.send("message", json!({ "content": format!("{attack}evil") }));
    }
    let tower = format!("e{}", "\u{301}".repeat(400));
    mallory.send("message", json!({ "content": tower }));
    mallory.send("message", json!({ "content": "the end" }));
    is_unharmed(&alice);
}

#[test]
fn text_that_a_server_sends_cannot_take_over_the_terminal() {
    let script = |door: &Door| {
        let mut peer = greet(door);
        // The client is in the room once it has asked for anything at all.
        play_server_until(&mut peer, "message");
        let mut contents: Vec<String> = ATTACKS
            .iter()
            .map(|(attack, _)| format!("{attack}evil"))
            .collect();
        contents.push(format!("e{}", "\u{301}".repeat(400)));
        contents.push("the end".to_owned());
        for (number, content) in contents.iter().enumerate() {
            let name = format!("{}mallory", ATTACKS[number % ATTACKS.len()].0);
            peer.send(
                "message",
                json!({
                    "username": "mallory", "displayName": name, "content": content,
                    "id": format!("e-{}", number + 1), "seq": number + 1, "rank": 3,
                    "time": now(), "room": "stream",
                }),
            );
        }
        play_server_until(&mut peer, "disconnect");
    };
    let server = ScriptedServer::start(script);
    let mut alice = ClientSetup::new(server.address(), "alice", &["stream"]).start();
    alice.wait_until_joined();
    alice.enter("hello");
    is_unharmed(&alice);
    alice.enter("/quit");
    assert!(alice.exit_status().success());
    server.finish();
}
