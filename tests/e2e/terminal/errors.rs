//! What went wrong, and where the terminal client says so.

use chat_tests::{ClientSetup, Door, Key, RawClient, Screen, ScriptedServer, Server, Terminal};
use serde_json::json;

use super::{greet, nobodys_address, play_server_until};

/// Opens the panel and waits until `is_there` holds for a row of it; closes it again.
#[track_caller]
fn look_into_panel(terminal: &mut Terminal, what: &str, is_there: fn(&str) -> bool) {
    terminal.key(Key::F2);
    // The tabs are above it; the hints, the status line and the input are below.
    let in_panel = |screen: &Screen| screen.rows[1..21].iter().any(|row| is_there(row));
    terminal.wait_for(what, in_panel);
    // What follows Escape at once would be read as a key with Alt: wait until it was read.
    terminal.key(Key::Escape);
    terminal.wait_for("the room in place of the panel", |screen| !in_panel(screen));
}

#[test]
fn a_connection_that_is_refused_stands_in_the_error_panel() {
    let address = nobodys_address();
    let mut alice = ClientSetup::new(address, "alice", &["stream"]).start();
    alice.wait_for_text("can't connect: ");
    look_into_panel(&mut alice, "the refused connection", |row| {
        row.contains("connection") && row.contains("refused")
    });
    alice.type_text("typing works");
    alice.wait_for_text("alice> typing works");
}

#[test]
fn a_refused_message_stands_in_the_error_panel_with_code_and_event_and_is_not_lost() {
    let script = |door: &Door| {
        let mut peer = greet(door);
        let message = play_server_until(&mut peer, "message");
        peer.send(
            "cerror",
            json!({
                "Code": 403, "message": "not on a sunday", "event": "message",
                "nonce": message["nonce"],
            }),
        );
        // It is sent again once its author has looked at it.
        let again = play_server_until(&mut peer, "message");
        assert_eq!(again["content"], message["content"]);
        play_server_until(&mut peer, "disconnect");
    };
    let server = ScriptedServer::start(script);
    let mut alice = ClientSetup::new(server.address(), "alice", &["stream"]).start();
    alice.wait_until_joined();
    alice.enter("work to do");
    alice.wait_for_text("not on a sunday");
    alice.wait_for("the refused message", |screen| {
        screen.shows("alice! work to do") && screen.shows("not sent: not on a sunday")
    });
    look_into_panel(&mut alice, "the refusal", |row| {
        row.contains("403") && row.contains("message") && row.contains("not on a sunday")
    });
    // A stray key does not send what was refused for what it is.
    alice.key(Key::Enter);
    alice.wait_for_text("this can't be sent");
    alice.key(Key::Up);
    alice.wait_for_text("alice> work to do");
    alice.key(Key::Enter);
    alice.wait_for_text("alice… work to do");
    alice.enter("/quit");
    assert!(alice.exit_status().success());
    server.finish();
}

#[test]
fn a_message_that_is_too_long_stays_in_the_box() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.type_text(&"é".repeat(501));
    alice.wait_for_text("501/500");
    alice.key(Key::Enter);
    alice.wait_for_text("too long");
    assert!(alice.screen().shows("501/500"));
    // One character less is a message, by the server's count too.
    alice.key(Key::Backspace);
    alice.wait_for_text("500/500");
    alice.key(Key::Enter);
    assert_eq!(bob.expect("message")["content"], "é".repeat(500));
}
