//! Moderation through the terminal client: orders, what is done to its user and to the room. The
//! server is played by the tests.

use std::time::{Duration, Instant};

use chat_tests::{Door, Key, RawClient, Screen, Server, Terminal, password_of};
use serde_json::{Value, json};

use super::{
    hear, is_asked, leave, log_of, message, order, play_server_until, say_yes, says, terminal_at,
};
use crate::support::{now, operate_with, said};

/// Lets a moderator in, where the server has the room's modes, and gives `messages` as the log.
#[track_caller]
fn enter(door: &Door, messages: &[Value]) -> RawClient {
    let mut peer = door.accept();
    peer.send(
        "connection",
        json!({
            "server": "scripted/1", "protocol": 1, "capabilities": ["presence", "room"],
            "limits": { "content": 500, "frame": 16384 },
        }),
    );
    let auth = peer.expect("auth");
    assert_eq!(auth["capabilities"], json!(["presence", "room"]));
    peer.send(
        "auth",
        json!({
            "Code": 200, "message": "Authentification complete",
            "username": "alice", "displayName": "alice", "room": "stream", "accessLevel": 1,
            "capabilities": ["presence", "room"], "token": "token",
            "tokenExpires": now() + 3_600_000,
        }),
    );
    if auth.get("since").is_none() {
        play_server_until(&mut peer, "history");
        peer.send("history", log_of(messages));
    }
    peer
}

fn success(words: &str) -> Value {
    json!({ "message": "Success", "reason": words })
}

#[test]
fn orders_are_asked_about_and_answered() {
    let (mut alice, server) = terminal_at(|door| {
        let mut peer = enter(door, &[message(1, "buy followers")]);
        let kick = play_server_until(&mut peer, "kick");
        assert_eq!(kick, json!({ "username": "bob", "reason": "too loud" }));
        peer.send("kick", success("bob was kicked"));
        let ban = play_server_until(&mut peer, "ban");
        let expected = json!({ "username": "bobb", "duration": 7_200, "reason": "spam" });
        assert_eq!(ban, expected);
        peer.send(
            "cerror",
            json!({ "Code": 404, "message": "no such user: bobb", "event": "ban" }),
        );
        let deletion = play_server_until(&mut peer, "deleteMessage");
        assert_eq!(deletion, json!({ "id": "e-1" }));
        peer.send(
            "deleteMessage",
            json!({ "id": "e-1", "seq": 2, "by": "alice" }),
        );
        let change = play_server_until(&mut peer, "setRoom");
        assert_eq!(change, json!({ "slowMode": 10 }));
        peer.send(
            "room",
            json!({ "slowMode": 10, "membersOnly": false, "topic": "Any% today",
                "pinned": null, "seq": 3 }),
        );
        play_server_until(&mut peer, "disconnect");
    });
    alice.wait_for_text("buy followers");
    alice.enter("/kick @bob too loud");
    let screen = say_yes(&mut alice);
    let question = "Kick bob out of stream? Reason: too loud.";
    assert!(screen.shows(question), "{screen:?}");
    hear(&mut alice, "bob was kicked");
    alice.enter("/ban bobb 2hours spam");
    let screen = alice.wait_for_text("the duration must look like");
    assert!(screen.shows("alice> /ban bobb 2hours spam"), "{screen:?}");
    hear(&mut alice, "the duration must look like");
    alice.key(Key::Control('u'));
    // Who says no gets back what was typed, and nothing is sent.
    alice.enter("/ban bobb 2h spam");
    let screen = alice.wait_for("the question", is_asked);
    let question = "Ban bobb for 2 h? Reason: spam.";
    assert!(screen.shows(question), "{screen:?}");
    alice.key(Key::Escape);
    alice.wait_for_text("alice> /ban bobb 2h spam");
    order(&mut alice, "");
    hear(&mut alice, "ban bobb refused: no such user: bobb");
    // What would be deleted is seen first.
    alice.enter("/delete bob");
    alice.wait_for("the message, picked", |screen| {
        screen.shows(">> ") && screen.shows("buy followers") && says(screen, "x deletes it")
    });
    alice.type_text("x");
    let screen = say_yes(&mut alice);
    let question = "Delete a message from bob: “buy followers”?";
    assert!(screen.shows(question), "{screen:?}");
    alice.wait_for_text("[deleted by alice]");
    order(&mut alice, "/slow 10");
    alice.wait_for_text("slow 10s");
    alice.wait_for_text("Any% today");
    leave(alice, server);
}

#[test]
fn what_a_muted_user_writes_waits_until_the_mute_is_over() {
    let (mut alice, server) = terminal_at(|door| {
        let mut peer = enter(door, &[]);
        let refused = play_server_until(&mut peer, "message");
        assert_eq!(refused["content"], "one");
        let nonce = refused["nonce"].clone();
        peer.send("mute", json!({ "duration": 600, "nonce": nonce }));
        // No message comes while the mute lasts: a script that is sent one fails.
        play_server_until(&mut peer, "who");
        peer.send("unmute", json!({}));
        let posted = play_server_until(&mut peer, "message");
        assert_eq!(posted["content"], "two");
        let mut stored = message(1, "two");
        stored["username"] = json!("alice");
        stored["nonce"] = posted["nonce"].clone();
        peer.send("message", stored);
        play_server_until(&mut peer, "disconnect");
    });
    alice.wait_until_joined();
    alice.enter("one");
    alice.wait_for_text("not sent: you are muted for 10 min");
    hear(&mut alice, "you are muted for 10 min");
    alice.wait_for("clocks that move", |screen| {
        screen.shows("  muted 9:") && screen.shows("[muted 9:")
    });
    alice.enter("two");
    alice.wait_for("the message that waits", |screen| {
        screen.shows("alice… two") && screen.shows("queued 1")
    });
    alice.enter("/who");
    let screen = alice.wait_for_text("you are no longer muted");
    assert!(!screen.shows("muted 9:"), "{screen:?}");
    // What was refused is for its author to decide about.
    alice.wait_for("one message that is not sent", |screen| {
        screen.shows("not sent 1") && screen.shows("two") && !screen.shows("alice… two")
    });
    alice.enter("/discard");
    alice.wait_for("nothing unsent", |screen| !screen.shows("not sent"));
    leave(alice, server);
}

#[test]
fn a_mute_ends_by_itself_and_the_refused_message_can_be_sent() {
    let (mut alice, server) = terminal_at(|door| {
        let mut peer = enter(door, &[]);
        let refused = play_server_until(&mut peer, "message");
        let nonce = refused["nonce"].clone();
        let muted = Instant::now();
        peer.send("mute", json!({ "duration": 2, "nonce": nonce }));
        let again = play_server_until(&mut peer, "message");
        assert!(muted.elapsed() >= Duration::from_secs(2));
        assert_eq!(again, refused);
        play_server_until(&mut peer, "disconnect");
    });
    alice.wait_until_joined();
    alice.enter("one");
    alice.wait_for_text("not sent: you are muted for 2 s");
    alice.wait_for("end of the mute", |screen| !screen.shows("muted 0:"));
    alice.key(Key::Enter);
    alice.wait_for_text("alice… one");
    leave(alice, server);
}

#[test]
fn purged_and_emptied_rooms_are_so_live_and_after_a_resume() {
    let (mut alice, server) = terminal_at(|door| {
        let mut log = [
            message(1, "spam"),
            message(2, "more spam"),
            message(3, "hi"),
        ];
        log[2]["username"] = json!("carol");
        log[2]["displayName"] = json!("carol");
        let mut peer = enter(door, &log);
        let purge = play_server_until(&mut peer, "purge");
        assert_eq!(purge, json!({ "username": "BOB" }));
        peer.send(
            "purge",
            json!({ "username": "bob", "seq": 4, "by": "alice" }),
        );
        play_server_until(&mut peer, "clear");
        // Somebody else is faster, and the line goes down before it is told.
        peer.close(1012);
        let mut peer = enter(door, &[]);
        let entries = json!([
            { "event": "clear", "data": { "seq": 5, "by": "erin" } },
            { "event": "message", "data": message(6, "a new start") },
        ]);
        peer.send(
            "history",
            json!({ "epoch": "e", "entries": entries, "complete": true, "recovered": true }),
        );
        play_server_until(&mut peer, "disconnect");
    });
    alice.wait_for_text("hi");
    order(&mut alice, "/purge BOB");
    let screen = alice.wait_for("two tombstones", |screen| {
        screen.count("[deleted by alice]") == 2
    });
    assert!(screen.shows("carol  hi"), "{screen:?}");
    alice.enter("/clear");
    alice.wait_for_text("Enter counts in ");
    // Too early: the question still stands when it can be answered.
    alice.key(Key::Enter);
    alice.wait_for("a question that was read", is_asked);
    say_yes(&mut alice);
    let screen = alice.wait_for_text("a new start");
    assert!(screen.shows("erin deleted all messages"), "{screen:?}");
    assert!(!screen.shows("carol"), "{screen:?}");
    assert!(!screen.shows("[deleted"), "{screen:?}");
    leave(alice, server);
}

#[test]
fn appointments_show_beside_the_users_own_name() {
    let (mut alice, server) = terminal_at(|door| {
        let mut peer = enter(door, &[]);
        for (seq, event) in [(1, "delMod"), (2, "setMod")] {
            let sent = play_server_until(&mut peer, "message");
            let mut stored = message(seq, "noted");
            stored["nonce"] = sent["nonce"].clone();
            peer.send("message", stored);
            peer.send(event, json!({}));
        }
        play_server_until(&mut peer, "disconnect");
    });
    let own = |rank: &str, screen: &Screen| screen.rows[0].contains(&format!(" alice{rank}  F1"));
    alice.wait_for("moderator", |screen| own(" mod", screen));
    alice.enter("hello");
    let screen = alice.wait_for("user", |screen| own("", screen));
    assert!(screen.shows("you are an ordinary user now"), "{screen:?}");
    hear(&mut alice, "you are an ordinary user now");
    alice.enter("why?");
    let screen = alice.wait_for("moderator", |screen| own(" mod", screen));
    assert!(screen.shows("you are a moderator now"), "{screen:?}");
    leave(alice, server);
}

#[test]
fn a_kicked_client_says_why_and_does_not_come_back_by_itself() {
    let (mut alice, server) = terminal_at(|door| {
        let mut peer = enter(door, &[]);
        peer.send(
            "kick",
            json!({ "message": "Disconnected", "reason": "too loud" }),
        );
        peer.close(4103);
        // Only when it is told to.
        let mut peer = enter(door, &[]);
        play_server_until(&mut peer, "disconnect");
    });
    let screen = alice.wait_for_text("not connected: kicked");
    assert!(screen.shows("you were kicked: too loud"), "{screen:?}");
    assert!(!screen.shows("reconnecting"), "{screen:?}");
    alice.enter("/reconnect");
    alice.wait_until_joined();
    leave(alice, server);
}

#[test]
fn who_is_signed_out_is_told_so_and_asked_for_the_password() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.wait_until_joined();
    said(&server, &["user", "logout", "alice"]);
    let screen = alice.wait_for_text("waiting for the password");
    assert!(screen.shows("signed out"), "{screen:?}");
    assert!(!screen.shows("reconnecting"), "{screen:?}");
    alice.enter(&password_of("alice"));
    alice.wait_until_joined();
    let changed = operate_with(&server, &["user", "passwd", "alice"], "another\n");
    assert_eq!(changed.status.code(), Some(0), "{}", changed.error);
    alice.wait_for_text("waiting for the password");
    alice.enter("another");
    alice.wait_until_joined();
}

#[test]
fn a_moderator_deletes_a_message_on_a_real_server() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.wait_until_joined();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let posted = bob.post("buy followers");
    alice.wait_for_text("buy followers");
    alice.enter("/delete bo");
    hear(&mut alice, "there is no message from bo here");
    // Tab completes the name.
    alice.type_text("\t");
    alice.wait_for_text("alice> /delete bob");
    alice.key(Key::Enter);
    alice.wait_for("the message, picked", |screen| screen.shows(">> "));
    alice.type_text("x");
    say_yes(&mut alice);
    let deleted = bob.expect("deleteMessage");
    assert_eq!(
        (&deleted["id"], &deleted["by"]),
        (&posted["id"], &json!("alice"))
    );
    alice.wait_for_text("[deleted by alice]");
}
