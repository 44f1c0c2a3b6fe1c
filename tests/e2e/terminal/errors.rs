//! What went wrong, and where the terminal client says so.

use chat_tests::{ClientSetup, Key, RawClient, ScriptedServer, Terminal};
use serde_json::json;

use super::{greet, nobodys_address, play_server_until};

/// Leaves the panel. What follows Escape at once would be read as a key with Alt.
#[track_caller]
fn close_panel(terminal: &mut Terminal) {
    let open = terminal.screen();
    terminal.key(Key::Escape);
    terminal.wait_for("the room instead of the panel", |screen| {
        screen.rows[23] != open.rows[23]
    });
}

#[test]
fn a_connection_that_is_refused_stands_in_the_error_panel() {
    let address = nobodys_address();
    let mut alice = ClientSetup::new(address, "alice", &["stream"]).start();
    alice.wait_for("an error count", |screen| {
        screen.shows("F2 errors:") && !screen.shows("F2 errors:0")
    });
    alice.key(Key::F2);
    alice.wait_for("the refused connection", |screen| {
        screen
            .rows
            .iter()
            .any(|row| row.to_lowercase().contains("refused"))
    });
    close_panel(&mut alice);
    alice.type_text("typing works");
    alice.wait_for_text("alice> typing works");
}

#[test]
fn a_refused_message_stands_in_the_error_panel_with_code_and_event_and_is_not_lost() {
    let script = |mut peer: RawClient| {
        greet(&mut peer);
        let message = play_server_until(&mut peer, "message");
        peer.send(
            "cerror",
            json!({
                "Code": 403, "message": "not on a sunday", "event": "message",
                "nonce": message["nonce"],
            }),
        );
        // Enter sends it again.
        let again = play_server_until(&mut peer, "message");
        assert_eq!(again["content"], message["content"]);
        play_server_until(&mut peer, "disconnect");
    };
    let server = ScriptedServer::start(script);
    let mut alice = ClientSetup::new(server.address(), "alice", &["stream"]).start();
    alice.wait_until_joined();
    alice.enter("work to do");
    alice.wait_for_text("not on a sunday");
    alice.wait_for_text("F2 errors:1");
    alice.wait_for_text("work to do");
    alice.key(Key::F2);
    alice.wait_for("the refusal in the panel", |screen| {
        screen.rows.iter().any(|row| {
            row.contains("403") && row.contains("message") && row.contains("not on a sunday")
        })
    });
    close_panel(&mut alice);
    alice.key(Key::Enter);
    alice.wait_until_joined();
    alice.key(Key::Control('u'));
    alice.enter("/quit");
    assert!(alice.exit_status().success());
    server.finish();
}
