//! What moderators did, for moderators: `audit` as an answer, and live with the capability
//! `moderation`.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{names, now, refused};

/// A member who asked for the capability.
#[track_caller]
pub(crate) fn watcher(server: &Server, user: &str, room: &str) -> RawClient {
    let mut client = RawClient::connect(server);
    let answer = client.auth_with(json!({
        "username": user, "password": password_of(user), "room": room,
        "capabilities": ["moderation"],
    }));
    assert_eq!(answer["capabilities"], json!(["moderation"]));
    client
}

/// The one entry that is told live, without its time and its id.
#[track_caller]
pub(crate) fn live(client: &mut RawClient) -> Value {
    let mut audit = client.expect("audit");
    assert_eq!(names(&audit), ["entries", "live"]);
    assert_eq!(audit["live"], true);
    let entries = audit["entries"].as_array_mut().unwrap();
    assert_eq!(entries.len(), 1);
    let mut entry = entries.remove(0);
    let time = entry["time"].as_u64().unwrap();
    assert!(time.abs_diff(now()) < 60_000, "{entry}");
    assert!(!entry["id"].as_str().unwrap().is_empty(), "{entry}");
    for name in ["time", "id"] {
        entry.as_object_mut().unwrap().remove(name);
    }
    entry
}

/// The entries of an answer, as (actor, action, target).
#[track_caller]
pub(crate) fn answered(client: &mut RawClient, data: Value) -> Vec<(String, String, String)> {
    client.send("audit", data);
    let audit = client.expect("audit");
    assert_eq!(audit["live"], false);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entries = audit["entries"].as_array().unwrap().iter();
    entries
        .map(|entry| {
            (
                text(&entry["actor"]),
                text(&entry["action"]),
                text(&entry["target"]),
            )
        })
        .collect()
}

fn line(actor: &str, action: &str, target: &str) -> (String, String, String) {
    (actor.to_owned(), action.to_owned(), target.to_owned())
}

/// Does something and waits until it is done.
#[track_caller]
pub(crate) fn order(client: &mut RawClient, event: &str, data: Value) {
    client.send(event, data);
    assert_eq!(client.expect(event)["message"], "Success");
}

#[test]
fn the_capability_is_announced() {
    let server = Server::start();
    let mut client = RawClient::open(server.address(), "/").unwrap();
    let connection = client.expect("connection");
    let capabilities = connection["capabilities"].as_array().unwrap();
    assert!(capabilities.contains(&json!("moderation")), "{connection}");
}

#[test]
fn a_moderator_who_asked_sees_what_another_does_and_nobody_else_does() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut user = watcher(&server, "bob", "stream");
    let mut plain = RawClient::join(&server, "plain", "stream");
    let mut carol = watcher(&server, "carol", "stream");
    let mut target = RawClient::join(&server, "target", "stream");
    order(&mut owner, "setMod", json!({ "username": "plain" }));
    plain.expect("setMod");
    order(&mut owner, "setMod", json!({ "username": "carol" }));
    // It counts for the very verdict that makes a moderator.
    carol.expect("setMod");
    let expected = json!({ "actor": "owner", "action": "setMod", "target": "carol" });
    assert_eq!(live(&mut carol), expected);
    order(
        &mut owner,
        "kick",
        json!({ "username": "target", "reason": "spam" }),
    );
    target.expect("kick");
    target.expect_close(4103);
    let expected =
        json!({ "actor": "owner", "action": "kick", "target": "target", "reason": "spam" });
    assert_eq!(live(&mut carol), expected);
    for client in [&mut owner, &mut user, &mut plain, &mut carol] {
        client.expect_nothing();
    }
    refused(&mut user, 403, "audit", Value::Null, "moderators");
    user.expect_nothing();
}

#[test]
fn who_did_it_sees_it_too_and_until_when_it_holds() {
    let server = Server::start();
    let mut owner = watcher(&server, "owner", "stream");
    let mut again = watcher(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let before = now();
    order(
        &mut owner,
        "mute",
        json!({ "username": "bob", "duration": 60 }),
    );
    bob.expect("mute");
    let entry = live(&mut owner);
    assert_eq!(entry, live(&mut again));
    let until = entry["until"].as_u64().unwrap();
    assert!((before - 1..=now() + 1).contains(&(until - 60_000)));
    assert_eq!(names(&entry), ["action", "actor", "target", "until"]);
}

#[test]
fn who_is_no_moderator_any_more_sees_nothing_more() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut carol = watcher(&server, "carol", "stream");
    let _bob = RawClient::join(&server, "bob", "stream");
    order(&mut owner, "setMod", json!({ "username": "carol" }));
    carol.expect("setMod");
    live(&mut carol);
    assert_eq!(answered(&mut carol, Value::Null).len(), 1);
    order(&mut owner, "delMod", json!({ "username": "carol" }));
    carol.expect("delMod");
    order(&mut owner, "kick", json!({ "username": "bob" }));
    carol.expect_nothing();
    refused(&mut carol, 403, "audit", Value::Null, "moderators");
    // A second connection, from after that, knows no better.
    let mut carol = watcher(&server, "carol", "stream");
    refused(&mut carol, 403, "audit", Value::Null, "moderators");
}

#[test]
fn an_answer_holds_the_newest_lines_of_this_room_alone_the_oldest_first() {
    let mut server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut elsewhere = RawClient::join(&server, "owner", "elsewhere");
    let mut watching = watcher(&server, "owner", "elsewhere");
    drop(RawClient::join(&server, "bob", "stream"));
    assert_eq!(answered(&mut owner, Value::Null), []);
    for (event, data) in [
        ("ban", json!({ "username": "bob", "reason": "spam" })),
        ("unban", json!({ "username": "bob" })),
        ("mute", json!({ "username": "bob", "duration": 60 })),
    ] {
        order(&mut owner, event, data);
    }
    watching.expect_nothing();
    order(&mut elsewhere, "setMod", json!({ "username": "bob" }));
    assert_eq!(live(&mut watching)["action"], "setMod");
    let all = [
        line("owner", "ban", "bob"),
        line("owner", "unban", "bob"),
        line("owner", "mute", "bob"),
    ];
    // It was asked for, so it is answered without the capability as well.
    assert_eq!(answered(&mut owner, Value::Null), all);
    assert_eq!(answered(&mut owner, json!({ "limit": 2 })), all[1..]);
    let one = [line("owner", "setMod", "bob")];
    assert_eq!(answered(&mut elsewhere, Value::Null), one);
    server.stop();
    server.restart();
    let mut owner = RawClient::join(&server, "owner", "stream");
    assert_eq!(answered(&mut owner, json!({ "limit": 200 })), all);
}

#[test]
fn audit_is_strict_and_for_members() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    refused(&mut client, 401, "audit", json!({ "limit": 0 }), "");
    client.auth("alice", "stream");
    for (data, parameter) in [
        (json!({ "limit": 0 }), "limit"),
        (json!({ "limit": 201 }), "limit"),
        (json!({ "limit": "5" }), "limit"),
        (json!({ "limit": null }), "limit"),
        (json!({ "room": "elsewhere" }), "room"),
        (json!({ "target": 7 }), "target"),
        (json!({ "target": "" }), "target"),
        (json!({ "target": "a b" }), "target"),
        (json!({ "before": 7 }), "before"),
        (json!({ "before": "" }), "before"),
        (json!({ "before": "x" }), "before"),
        (json!({ "before": "-1" }), "before"),
        (json!({ "before": "1".repeat(65) }), "before"),
    ] {
        refused(&mut client, 400, "audit", data, parameter);
    }
    let mut user = RawClient::join(&server, "bob", "stream");
    refused(&mut user, 400, "audit", json!({ "limit": 0 }), "limit");
}

#[test]
fn an_operators_verdict_is_told_live() {
    let server = Server::start();
    let mut owner = watcher(&server, "owner", "stream");
    drop(RawClient::join(&server, "bob", "stream"));
    let data = server.data();
    let arguments = ["ban", "add", "stream", "bob", "--data"];
    let arguments = [&arguments[..], &[data.to_str().unwrap()]].concat();
    let finished = Server::run(&arguments, "");
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    let expected = json!({ "actor": "server operator", "action": "ban", "target": "bob" });
    assert_eq!(live(&mut owner), expected);
}

#[test]
fn what_moderators_do_to_the_log_is_told_and_kept_longer_than_the_log() {
    let mut server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut carol = watcher(&server, "carol", "stream");
    order(&mut owner, "setMod", json!({ "username": "carol" }));
    carol.expect("setMod");
    live(&mut carol);
    let mut bob = watcher(&server, "bob", "stream");
    let [his, kept, own] = ["his", "kept", "own"].map(|text| {
        let message = bob.post(text);
        owner.expect("message");
        carol.expect("message");
        message
    });
    // Everybody sees the entry; only moderators who asked see who is accountable for it, after it.
    let told = |bob: &mut RawClient, carol: &mut RawClient, event: &str| {
        bob.expect(event);
        carol.expect(event);
        live(carol)
    };
    owner.send("deleteMessage", json!({ "id": his["id"] }));
    assert_eq!(
        told(&mut bob, &mut carol, "deleteMessage"),
        json!({ "actor": "owner", "action": "deleteMessage", "target": "bob" })
    );
    bob.send("deleteMessage", json!({ "id": own["id"] }));
    bob.expect("deleteMessage");
    carol.expect("deleteMessage");
    owner.send(
        "setRoom",
        json!({ "pinned": kept["id"], "topic": "Any%", "slowMode": 0 }),
    );
    let reason = "slow mode off, pinned a message by bob, topic Any%";
    assert_eq!(
        live(&mut carol),
        json!({ "actor": "owner", "action": "setRoom", "target": "", "reason": reason })
    );
    owner.send("purge", json!({ "username": "bob" }));
    assert_eq!(
        told(&mut bob, &mut carol, "purge"),
        json!({ "actor": "owner", "action": "purge", "target": "bob" })
    );
    owner.send("clear", Value::Null);
    assert_eq!(
        told(&mut bob, &mut carol, "clear"),
        json!({ "actor": "owner", "action": "clear", "target": "" })
    );
    // That the pinned message went with them is no deed of its own.
    carol.expect_nothing();
    bob.expect_nothing();
    let all = [
        line("owner", "setMod", "carol"),
        line("owner", "deleteMessage", "bob"),
        line("owner", "setRoom", ""),
        line("owner", "purge", "bob"),
        line("owner", "clear", ""),
    ];
    assert_eq!(answered(&mut carol, Value::Null), all);
    server.kill();
    server.restart();
    let mut carol = watcher(&server, "carol", "stream");
    assert_eq!(answered(&mut carol, Value::Null), all);
    let data = server.data();
    let arguments = ["audit", "--room", "stream", "--data"];
    let arguments = [&arguments[..], &[data.to_str().unwrap()]].concat();
    let listed = Server::run(&arguments, "").out;
    assert!(listed.ends_with("owner\tclear"), "{listed}");
}

/// The entries of an answer.
#[track_caller]
fn asked(client: &mut RawClient, data: Value) -> Vec<Value> {
    client.send("audit", data);
    let audit = client.expect("audit");
    assert_eq!(audit["live"], false);
    audit["entries"].as_array().unwrap().clone()
}

#[test]
fn pages_go_back_from_the_newest_line_and_hold_each_line_once() {
    let mut server = Server::start();
    let mut owner = watcher(&server, "owner", "stream");
    let mut told = Vec::new();
    for number in 0..7 {
        let topic = format!("topic {number}");
        owner.send("setRoom", json!({ "topic": topic }));
        let audit = owner.expect("audit");
        told.push(audit["entries"][0].clone());
    }
    server.stop();
    server.restart();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut pages = Vec::new();
    let mut request = json!({ "limit": 3 });
    loop {
        let page = asked(&mut owner, request);
        let Some(oldest) = page.first() else { break };
        request = json!({ "limit": 3, "before": oldest["id"] });
        pages.push(page);
    }
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [3, 3, 1]);
    pages.reverse();
    // Each as it was told live, with the same id.
    assert_eq!(pages.concat(), told);
    // A line that is not there is a place all the same.
    assert_eq!(
        asked(&mut owner, json!({ "before": "0" })),
        [] as [Value; 0]
    );
    let ahead = json!({ "before": "18446744073709551615" });
    assert_eq!(asked(&mut owner, ahead), told);
}

#[test]
fn lines_about_one_user_are_found_whatever_the_case_and_nothing_else_is() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut elsewhere = RawClient::join(&server, "owner", "elsewhere");
    drop(RawClient::join(&server, "Bob", "stream"));
    drop(RawClient::join(&server, "eve", "stream"));
    for (event, data) in [
        ("ban", json!({ "username": "bob", "reason": "spam" })),
        ("mute", json!({ "username": "eve", "duration": 60 })),
        ("unban", json!({ "username": "BOB" })),
        ("addFilter", json!({ "pattern": "Bob" })),
    ] {
        order(&mut owner, event, data);
    }
    order(&mut elsewhere, "ban", json!({ "username": "bob" }));
    let all = [line("owner", "ban", "Bob"), line("owner", "unban", "Bob")];
    for name in ["Bob", "bOB"] {
        assert_eq!(answered(&mut owner, json!({ "target": name })), all);
    }
    let newest = json!({ "target": "bob", "limit": 1 });
    assert_eq!(answered(&mut owner, newest), all[1..]);
    let ids = asked(&mut owner, json!({ "target": "bob" }));
    let older = json!({ "target": "bob", "before": ids[1]["id"] });
    assert_eq!(answered(&mut owner, older), all[..1]);
    for name in ["nobody", "owner"] {
        assert_eq!(answered(&mut owner, json!({ "target": name })), []);
    }
    // Who may not read it is not told who there is.
    let mut eve = RawClient::join(&server, "eve", "stream");
    for name in ["bob", "nobody"] {
        refused(
            &mut eve,
            403,
            "audit",
            json!({ "target": name }),
            "moderators",
        );
    }
    // What was decided on somebody stays when the account goes.
    let data = server.data();
    let removal = ["user", "remove", "bob", "--data", data.to_str().unwrap()];
    assert_eq!(Server::run(&removal, "").status.code(), Some(0));
    assert_eq!(answered(&mut owner, json!({ "target": "bob" })), all);
}

#[test]
fn what_takes_away_what_nobody_has_succeeds_without_a_line() {
    let server = Server::start();
    let mut owner = watcher(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    for event in ["unban", "unmute", "delMod"] {
        order(&mut owner, event, json!({ "username": "bob" }));
    }
    owner.expect_nothing();
    bob.expect_nothing();
    assert_eq!(answered(&mut owner, Value::Null), []);
    // What somebody has is taken with one.
    order(&mut owner, "setVip", json!({ "username": "bob" }));
    live(&mut owner);
    order(&mut owner, "delMod", json!({ "username": "bob" }));
    live(&mut owner);
    refused(
        &mut owner,
        404,
        "unban",
        json!({ "username": "nobody" }),
        "no user",
    );
}
