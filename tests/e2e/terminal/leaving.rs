//! Leaving the terminal client with messages on their way: none is lost without a word.

use std::sync::mpsc;

use chat_tests::{ClientSetup, Door, Key, RawClient, ScriptedServer, Signal, Terminal, binaries};
use serde_json::{Value, json};

use super::{greet, message, nobodys_address, play_server_until, terminal_at};

/// Lets a client in and takes its message; gives that.
#[track_caller]
fn take_message(door: &Door) -> (RawClient, Value) {
    let mut peer = greet(door);
    let sent = play_server_until(&mut peer, "message");
    (peer, sent)
}

/// Answers a message.
fn confirm(peer: &mut RawClient, sent: &Value) {
    let mut stored = message(1, sent["content"].as_str().unwrap());
    stored["username"] = json!("alice");
    stored["nonce"] = sent["nonce"].clone();
    peer.send("message", stored);
}

/// Sends a message that the server has read, and does not answer yet.
#[track_caller]
fn with_message_under_way(script: fn(&Door)) -> (Terminal, ScriptedServer) {
    let (mut alice, server) = terminal_at(script);
    alice.wait_until_joined();
    alice.enter("last words");
    alice.wait_for_text("alice… last words");
    (alice, server)
}

#[test]
fn a_signal_waits_for_the_answer() {
    binaries();
    let (answer, told) = mpsc::channel();
    let server = ScriptedServer::start(move |door| {
        let (mut peer, sent) = take_message(door);
        told.recv().unwrap();
        confirm(&mut peer, &sent);
        play_server_until(&mut peer, "disconnect");
    });
    let mut alice = ClientSetup::new(server.address(), "alice", &["stream"]).start();
    alice.wait_until_joined();
    alice.enter("last words");
    alice.wait_for_text("alice… last words");
    alice.signal(Signal::TERM);
    answer.send(()).unwrap();
    assert!(alice.exit_status().success());
    alice.expect_restored();
    assert!(!alice.screen().shows("not sent"), "{:?}", alice.screen());
    server.finish();
}

#[test]
fn a_signal_tells_what_was_not_sent() {
    let (mut alice, server) = with_message_under_way(|door| {
        let (mut peer, _) = take_message(door);
        play_server_until(&mut peer, "disconnect");
    });
    alice.signal(Signal::TERM);
    assert!(alice.exit_status().success());
    alice.expect_restored();
    let screen = alice.screen();
    assert!(screen.shows("1 message was not sent"), "{screen:?}");
    assert!(screen.shows("stream: last words"), "{screen:?}");
    server.finish();
}

#[test]
fn whoever_quits_waits_for_the_answer() {
    let (mut alice, server) = with_message_under_way(|door| {
        let (mut peer, sent) = take_message(door);
        play_server_until(&mut peer, "who");
        confirm(&mut peer, &sent);
        play_server_until(&mut peer, "disconnect");
    });
    alice.enter("/who");
    alice.key(Key::Control('d'));
    assert!(alice.exit_status().success());
    alice.expect_restored();
    assert!(!alice.screen().shows("not sent"), "{:?}", alice.screen());
    server.finish();
}

#[test]
fn whoever_quits_with_queued_messages_is_asked_once_and_gets_them_back() {
    binaries();
    let mut alice = ClientSetup::new(nobodys_address(), "alice", &["stream"]).start();
    alice.wait_for_text("reconnecting");
    alice.enter("one");
    alice.wait_for_text("alice… one");
    alice.enter("two");
    alice.wait_for_text("alice… two");
    alice.key(Key::Control('c'));
    alice.wait_for_text("press Ctrl+C again");
    alice.key(Key::Control('c'));
    alice.wait_for_text("2 messages are not sent yet");
    alice.key(Key::Control('c'));
    assert!(alice.exit_status().success());
    alice.expect_restored();
    let screen = alice.screen();
    for text in ["2 messages were not sent", "stream: one", "stream: two"] {
        assert!(screen.shows(text), "{text}: {screen:?}");
    }
}
