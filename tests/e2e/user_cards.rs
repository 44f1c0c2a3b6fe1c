//! `user`: what moderators may know of somebody.

use chat_tests::{RawClient, Server};
use serde_json::{Value, json};

use crate::audit::order;
use crate::support::{names, now, refused, said};

/// What is known of `name`.
#[track_caller]
fn card(client: &mut RawClient, name: &str) -> Value {
    client.send("user", json!({ "username": name }));
    client.expect("user")
}

#[test]
fn a_moderator_sees_who_somebody_is_and_what_was_done_to_them() {
    let mut server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let before = now();
    let mut bob = RawClient::join(&server, "Bob", "stream");
    let _again = RawClient::join(&server, "bob", "stream");
    let elsewhere = RawClient::join(&server, "bob", "elsewhere");
    let first = bob.post("one");
    bob.post("two");
    owner.expect("message");
    owner.expect("message");
    let plain = card(&mut owner, "bOB");
    let known = [
        "audit",
        "created",
        "displayName",
        "here",
        "messages",
        "rank",
        "username",
    ];
    assert_eq!(names(&plain), known);
    let created = plain["created"].as_u64().unwrap();
    assert!((before - 1..=now() + 1).contains(&created), "{plain}");
    for (name, expected) in [
        ("username", json!("Bob")),
        ("displayName", json!("Bob")),
        ("rank", json!(3)),
        ("here", json!(2)),
        ("messages", json!(2)),
        ("audit", json!([])),
    ] {
        assert_eq!(plain[name], expected, "{name} of {plain}");
    }
    let mute = json!({ "username": "bob", "duration": 60, "reason": "calm down" });
    order(&mut owner, "mute", mute);
    owner.send("deleteMessage", json!({ "id": first["id"] }));
    owner.expect("deleteMessage");
    let muted = card(&mut owner, "bob");
    assert_eq!(muted["messages"], 1);
    let until = muted["muted"]["until"].as_u64().unwrap();
    assert!(until.abs_diff(now() + 60_000) < 60_000, "{muted}");
    let expected = json!({ "until": until, "by": "owner", "reason": "calm down" });
    assert_eq!(muted["muted"], expected);
    assert!(muted.get("banned").is_none(), "{muted}");
    order(&mut owner, "ban", json!({ "username": "bob" }));
    let banned = card(&mut owner, "bob");
    assert_eq!(banned["banned"], json!({ "until": null, "by": "owner" }));
    assert_eq!((&banned["here"], &banned["muted"]), (&json!(0), &expected));
    let lines = banned["audit"].as_array().unwrap();
    let actions: Vec<&Value> = lines.iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["mute", "deleteMessage", "ban"]);
    owner.send("audit", json!({ "target": "bob" }));
    assert_eq!(owner.expect("audit")["entries"], banned["audit"]);
    drop(elsewhere);
    server.kill();
    server.restart();
    let mut owner = RawClient::join(&server, "owner", "stream");
    assert_eq!(card(&mut owner, "bob"), banned);
    order(&mut owner, "unban", json!({ "username": "bob" }));
    assert!(card(&mut owner, "bob").get("banned").is_none());
}

#[test]
fn only_the_newest_20_lines_come() {
    let server = Server::start_without_limits();
    let mut owner = RawClient::join(&server, "owner", "stream");
    drop(RawClient::join(&server, "bob", "stream"));
    for number in 0..22 {
        let mute = json!({ "username": "bob", "duration": 60, "reason": format!("no. {number}") });
        order(&mut owner, "mute", mute);
    }
    let card = card(&mut owner, "bob");
    let lines = card["audit"].as_array().unwrap();
    let reasons: Vec<&str> = lines
        .iter()
        .map(|line| line["reason"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = (2..22).map(|number| format!("no. {number}")).collect();
    assert_eq!(reasons, expected);
}

#[test]
fn rights_come_first_then_whether_there_is_such_an_account() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    refused(&mut client, 401, "user", json!({}), "");
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    refused(&mut bob, 400, "user", json!({}), "username");
    for name in ["bob", "owner", "nobody"] {
        refused(
            &mut bob,
            403,
            "user",
            json!({ "username": name }),
            "moderators",
        );
    }
    order(&mut owner, "setVip", json!({ "username": "bob" }));
    refused(
        &mut bob,
        403,
        "user",
        json!({ "username": "bob" }),
        "moderators",
    );
    refused(
        &mut owner,
        404,
        "user",
        json!({ "username": "nobody" }),
        "no user",
    );
    for (data, parameter) in [
        (Value::Null, "username"),
        (json!({ "username": 7 }), "username"),
        (json!({ "username": "" }), "username"),
        (json!({ "username": "a b" }), "username"),
        (json!({ "username": "x".repeat(65) }), "username"),
        (json!({ "username": "bob", "limit": 1 }), "limit"),
    ] {
        refused(&mut owner, 400, "user", data, parameter);
    }
    said(&server, &["user", "remove", "bob"]);
    refused(
        &mut owner,
        404,
        "user",
        json!({ "username": "bob" }),
        "no user",
    );
    owner.expect_nothing();
}

#[test]
fn names_are_taken_as_they_are_and_nothing_of_other_rooms_is_told() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut other = RawClient::join(&server, "other", "elsewhere");
    for name in ["%", "*", "bob'--", "a;b"] {
        let mut client = RawClient::connect(&server);
        client.auth(name, "elsewhere").as_object().unwrap();
        client.post("hello");
        other.expect("message");
        let kick = json!({ "username": name, "reason": "secret" });
        order(&mut other, "kick", kick);
        let card = card(&mut owner, name);
        assert_eq!(card["username"], name);
        assert_eq!((&card["messages"], &card["here"]), (&json!(0), &json!(0)));
        assert_eq!(card["audit"], json!([]));
    }
}
