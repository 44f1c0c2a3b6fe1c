//! Connections that end in ways that no test can bring a real server to: what the terminal client
//! says when it is back, and what it shows.

use chat_tests::{Door, RawClient};
use serde_json::{Value, json};

use super::{greet, leave, let_in, log_of, message, play_server_until, terminal_at};

/// Lets a client in and gives it `messages` as the whole log.
#[track_caller]
fn enter_with(door: &Door, messages: &[Value]) -> RawClient {
    let mut peer = greet(door);
    play_server_until(&mut peer, "history");
    peer.send("history", log_of(messages));
    peer
}

/// Takes a client that comes back; gives what it says it has.
#[track_caller]
fn come_back(door: &Door) -> (RawClient, Value) {
    let mut peer = greet(door);
    let auth = peer.expect("auth");
    let_in(&mut peer, &auth);
    (peer, auth["since"].clone())
}

/// The messages as the answer to a `since`.
fn resumed(recovered: bool, messages: &[Value]) -> Value {
    let mut data = log_of(messages);
    data["recovered"] = json!(recovered);
    data
}

#[test]
fn a_message_whose_answer_was_lost_is_sent_again_with_its_nonce() {
    let (mut alice, server) = terminal_at(|door| {
        let mut peer = enter_with(door, &[]);
        let sent = play_server_until(&mut peer, "message");
        peer.close(1012);
        let (mut peer, since) = come_back(door);
        assert_eq!(since, json!({ "epoch": "e", "seq": 0 }));
        // It was stored, and stands in what came since, with the mark that is its sender's alone.
        let mut stored = message(1, sent["content"].as_str().unwrap());
        stored["username"] = json!("alice");
        peer.send("history", resumed(true, &[stored.clone()]));
        stored["nonce"] = sent["nonce"].clone();
        // The client may know it again by what it says, or ask again: then with the same mark.
        let again = play_server_until(&mut peer, "message");
        assert_eq!(again["nonce"], sent["nonce"]);
        assert_eq!(again["content"], sent["content"]);
        peer.send("message", stored);
        peer.send("message", message(2, "the end"));
        play_server_until(&mut peer, "disconnect");
    });
    alice.wait_until_joined();
    alice.enter("sent once");
    let screen = alice.wait_for_text("the end");
    assert_eq!(screen.count("sent once"), 1, "{screen:?}");
    leave(alice, server);
}

#[test]
fn a_client_that_comes_back_names_the_last_entry_that_it_has() {
    let (alice, server) = terminal_at(|door| {
        let mut peer = enter_with(door, &[message(1, "one"), message(2, "two")]);
        peer.send("message", message(3, "three"));
        play_server_until(&mut peer, "ping");
        peer.close(4008);
        let (mut peer, since) = come_back(door);
        assert_eq!(since, json!({ "epoch": "e", "seq": 3 }));
        peer.send("history", resumed(true, &[message(4, "four")]));
        peer.send("message", message(5, "five"));
        play_server_until(&mut peer, "disconnect");
    });
    let screen = alice.wait_for_text("five");
    for text in ["one", "two", "three", "four", "five"] {
        assert_eq!(
            screen.count(&format!("bob  {text}")),
            1,
            "{text}: {screen:?}"
        );
    }
    leave(alice, server);
}

#[test]
fn what_could_not_be_made_up_for_is_shown_as_a_gap() {
    let (alice, server) = terminal_at(|door| {
        let mut peer = enter_with(door, &[message(1, "one")]);
        peer.send("message", message(2, "two"));
        play_server_until(&mut peer, "ping");
        peer.close(1001);
        let (mut peer, _) = come_back(door);
        let mut newest = resumed(false, &[message(90, "ninety"), message(91, "last")]);
        newest["complete"] = json!(false);
        peer.send("history", newest);
        play_server_until(&mut peer, "disconnect");
    });
    let screen = alice.wait_for_text("last");
    let row_of = |text: &str| {
        screen
            .rows
            .iter()
            .position(|row| row.contains(text))
            .unwrap()
    };
    let between = &screen.rows[row_of("two") + 1..row_of("ninety")];
    assert!(between.iter().any(|row| !row.is_empty()), "{screen:?}");
    leave(alice, server);
}

#[test]
fn a_banned_client_does_not_come_back_by_itself() {
    let (mut alice, server) = terminal_at(|door| {
        let mut peer = enter_with(door, &[message(1, "one")]);
        peer.send(
            "ban",
            json!({ "message": "Disconnected", "reason": "enough" }),
        );
        peer.close(4104);
        // Only when it is told to.
        let mut peer = greet(door);
        play_server_until(&mut peer, "disconnect");
    });
    let screen = alice.wait_for_text("not connected");
    assert!(screen.shows("banned"), "{screen:?}");
    assert!(screen.shows("enough"), "{screen:?}");
    assert!(!screen.shows("reconnecting"), "{screen:?}");
    alice.enter("/reconnect");
    alice.wait_until_joined();
    leave(alice, server);
}

#[test]
fn a_log_that_was_set_back_hides_no_message() {
    let (alice, server) = terminal_at(|door| {
        let log = [message(1, "one"), message(2, "two"), message(3, "lost")];
        let mut peer = enter_with(door, &log);
        play_server_until(&mut peer, "ping");
        peer.close(1012);
        let (mut peer, since) = come_back(door);
        assert_eq!(since["seq"], 3);
        // The server's log ends earlier than what the client has: it was put back from a copy.
        peer.send("history", resumed(false, &log[..2]));
        peer.send("message", message(3, "another third"));
        play_server_until(&mut peer, "disconnect");
    });
    alice.wait_for_text("another third");
    leave(alice, server);
}
