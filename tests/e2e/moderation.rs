//! The events of moderators, sent by somebody who is none.

use chat_tests::{RawClient, Server};
use serde_json::{Value, json};

use crate::support::{contents, refused};

#[test]
fn a_member_without_rights_moderates_nobody() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut user = RawClient::join(&server, "bob", "stream");
    let hers = alice.post("hers");
    user.expect("message");
    for (event, data) in [
        ("kick", json!({ "username": "alice" })),
        ("kick", json!({ "username": "nobody", "reason": "spam" })),
        ("mute", json!({ "username": "alice", "duration": 60 })),
        ("unmute", json!({ "username": "alice" })),
        ("ban", json!({ "username": "alice" })),
        (
            "ban",
            json!({ "username": "alice", "duration": 60, "reason": "x" }),
        ),
        ("unban", json!({ "username": "nobody" })),
        ("setMod", json!({ "username": "bob" })),
        ("delMod", json!({ "username": "alice" })),
        ("deleteMessage", json!({ "id": hers["id"] })),
        ("purge", json!({ "username": "alice" })),
        ("clear", Value::Null),
        ("setRoom", json!({ "slowMode": 30 })),
        (
            "setRoom",
            json!({ "pinned": null, "topic": "x", "membersOnly": true }),
        ),
    ] {
        refused(&mut user, 403, event, data, "");
    }
    // Alice saw nothing of it, and everything still stands.
    user.post("after");
    assert_eq!(alice.expect("message")["content"], "after");
    assert_eq!(contents(&alice.history(json!({}))), ["hers", "after"]);
}

#[test]
fn malformed_moderation_is_refused_for_its_syntax_before_its_sender_is_asked_for_rights() {
    let server = Server::start();
    let _administrator = RawClient::join(&server, "alice", "stream");
    let mut user = RawClient::join(&server, "bob", "stream");
    for (event, data, parameter) in [
        ("kick", json!({}), "username"),
        ("kick", json!({ "username": 7 }), "username"),
        (
            "kick",
            json!({ "username": "alice", "reason": 7 }),
            "reason",
        ),
        (
            "kick",
            json!({ "username": "alice", "duration": 7 }),
            "duration",
        ),
        ("mute", json!({ "username": "alice" }), "duration"),
        (
            "mute",
            json!({ "username": "alice", "duration": 0 }),
            "duration",
        ),
        (
            "mute",
            json!({ "username": "alice", "duration": 1_209_601 }),
            "duration",
        ),
        (
            "mute",
            json!({ "username": "alice", "duration": "60" }),
            "duration",
        ),
        (
            "unmute",
            json!({ "username": "alice", "reason": "x" }),
            "reason",
        ),
        ("ban", json!({ "duration": 60 }), "username"),
        (
            "ban",
            json!({ "username": "alice", "duration": false }),
            "duration",
        ),
        ("unban", json!({ "username": "" }), "username"),
        ("setMod", json!({ "user": "alice" }), "user"),
        ("delMod", json!({ "username": ["alice"] }), "username"),
        ("deleteMessage", json!({}), "id"),
        ("deleteMessage", json!({ "id": 7 }), "id"),
        ("purge", json!({ "username": "alice", "all": true }), "all"),
        ("clear", json!({ "room": "stream" }), "room"),
        ("setRoom", json!({ "slowMode": 121 }), "slowMode"),
        ("setRoom", json!({ "slowMode": -1 }), "slowMode"),
        ("setRoom", json!({ "membersOnly": 1 }), "membersOnly"),
        ("setRoom", json!({ "topic": null }), "topic"),
        ("setRoom", json!({ "pinned": 7 }), "pinned"),
        ("setRoom", json!({ "colour": "red" }), "colour"),
    ] {
        refused(&mut user, 400, event, data, parameter);
    }
}
