//! Messages that wait for a moderator: who is told, who decides, and what takes them away.

use chat_tests::{RawClient, Server};
use serde_json::{Value, json};

use crate::audit::{answered, live, order, watcher};
use crate::support::{contents, names, refused};

/// A room that holds messages with "link", its owner, who watches, and a user.
fn stage(server: &Server) -> (RawClient, RawClient) {
    let mut owner = watcher(server, "owner", "stream");
    let filter = json!({ "pattern": "link", "action": "hold", "reason": "links wait" });
    owner.send("addFilter", filter);
    let done = owner.expect("addFilter");
    assert_eq!(done["reason"], "messages with `link` are held");
    live(&mut owner);
    (owner, RawClient::join(server, "bob", "stream"))
}

/// Posts what is held.
#[track_caller]
fn wait(client: &mut RawClient, content: &str, nonce: &str) {
    client.send("message", json!({ "content": content, "nonce": nonce }));
    let refusal = client.expect_cerror(403, Some("message"));
    assert_eq!(
        refusal["message"],
        "a moderator must approve this first: links wait"
    );
    assert_eq!(refusal["nonce"], nonce);
}

/// The id of the one message that is told to wait, after a look at all of it.
#[track_caller]
fn told(client: &mut RawClient, content: &str, is_live: bool) -> Value {
    let held = client.expect("held");
    assert_eq!(held["live"], is_live);
    assert_eq!(held["entries"].as_array().unwrap().len(), 1, "{held}");
    let entry = &held["entries"][0];
    assert_eq!(
        names(entry),
        [
            "content",
            "displayName",
            "id",
            "pattern",
            "reason",
            "time",
            "username"
        ]
    );
    assert_eq!(
        (&entry["content"], &entry["username"]),
        (&json!(content), &json!("bob"))
    );
    assert_eq!(
        (&entry["pattern"], &entry["reason"]),
        (&json!("link"), &json!("links wait"))
    );
    entry["id"].clone()
}

#[test]
fn what_waits_is_posted_once_a_moderator_allows_it_also_after_a_restart() {
    let mut server = Server::start();
    let (mut owner, mut bob) = stage(&server);
    let mut carol = RawClient::join(&server, "carol", "stream");
    let mut user = watcher(&server, "dave", "stream");
    wait(&mut bob, "a link", "n-1");
    told(&mut owner, "a link", true);
    // Sent again it is held once.
    wait(&mut bob, "a link", "n-1");
    for client in [&mut owner, &mut carol, &mut user] {
        client.expect_nothing();
    }
    assert_eq!(contents(&carol.history(json!({}))), Vec::<&str>::new());
    server.kill();
    server.restart();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut plain = RawClient::join(&server, "owner", "stream");
    plain.expect_nothing();
    let mut owner = watcher(&server, "owner", "stream");
    let id = told(&mut owner, "a link", false);
    wait(&mut bob, "a link", "n-1");
    plain.send("held", Value::Null);
    assert_eq!(told(&mut plain, "a link", false), id);
    // It is decided without the capability as well, and told to who has it.
    plain.send("allow", json!({ "id": id }));
    let message = bob.expect("message");
    assert_eq!(message["nonce"], "n-1");
    assert_eq!(
        (&message["content"], &message["rank"]),
        (&json!("a link"), &json!(3))
    );
    assert!(plain.expect("message")["nonce"].is_null());
    assert_eq!(
        plain.expect("allow"),
        json!({ "message": "Success", "reason": "bob's message was let through", "id": id })
    );
    owner.expect("message");
    assert_eq!(owner.expect("allow"), json!({ "id": id, "by": "owner" }));
    let deed = json!({ "actor": "owner", "action": "allow", "target": "bob" });
    assert_eq!(live(&mut owner), deed);
    // A retry is answered with the original, also from the log.
    for _ in 0..2 {
        bob.send("message", json!({ "content": "a link", "nonce": "n-1" }));
        assert_eq!(bob.expect("message"), message);
        server.kill();
        server.restart();
        bob = RawClient::join(&server, "bob", "stream");
    }
    let mut owner = watcher(&server, "owner", "stream");
    owner.expect_nothing();
    assert_eq!(contents(&owner.history(json!({}))), ["a link"]);
}

#[test]
fn who_is_denied_is_told_and_of_two_moderators_one_decides() {
    let server = Server::start();
    let (mut owner, mut bob) = stage(&server);
    let mut carol = watcher(&server, "carol", "stream");
    order(&mut owner, "setMod", json!({ "username": "carol" }));
    carol.expect("setMod");
    live(&mut carol);
    live(&mut owner);
    wait(&mut bob, "link", "n-1");
    let id = told(&mut owner, "link", true);
    assert_eq!(told(&mut carol, "link", true), id);
    let denial = json!({ "id": id, "reason": "not here" });
    owner.send("deny", denial.clone());
    carol.send("deny", denial);
    let mut winners = 0;
    for client in [&mut owner, &mut carol] {
        let (mut outcomes, mut lines) = (Vec::new(), 0);
        while outcomes.is_empty() || lines == 0 {
            match client.next_event() {
                (event, _) if event == "audit" => lines += 1,
                (event, data) if data.get("by").is_some() => assert_eq!(event, "deny"),
                (_, data) => outcomes.push(data["message"] == "Success"),
            }
        }
        winners += u8::from(outcomes[0]);
        client.expect_nothing();
    }
    assert_eq!(winners, 1);
    let refusal = bob.expect_cerror(403, Some("message"));
    assert_eq!(
        refusal["message"],
        "a moderator rejected your message: not here"
    );
    assert_eq!(refusal["nonce"], "n-1");
    assert_eq!(answered(&mut owner, json!({ "limit": 1 }))[0].1, "deny");
    // The mark is free again: whoever sends it again asks again.
    wait(&mut bob, "link", "n-1");
}

#[test]
fn others_decide_nothing_and_learn_nothing() {
    let server = Server::start();
    let (mut owner, mut bob) = stage(&server);
    let mut dave = watcher(&server, "dave", "stream");
    wait(&mut bob, "link", "n-1");
    let id = told(&mut owner, "link", true);
    for (event, data) in [
        ("held", Value::Null),
        ("allow", json!({ "id": id })),
        ("deny", json!({ "id": id, "reason": "x" })),
        ("allow", json!({ "id": "unknown" })),
    ] {
        refused(&mut dave, 403, event, data.clone(), "moderators");
        refused(&mut bob, 403, event, data, "moderators");
    }
    for (event, data, parameter) in [
        ("allow", json!({}), "id"),
        ("allow", json!({ "id": 7 }), "id"),
        ("allow", json!({ "id": id, "reason": "x" }), "reason"),
        ("deny", json!({ "id": id, "reason": 7 }), "reason"),
        ("held", json!({ "limit": 7 }), "limit"),
    ] {
        refused(&mut dave, 400, event, data, parameter);
    }
    for named in ["unknown", "999", "-1", "7 "] {
        refused(&mut owner, 404, "allow", json!({ "id": named }), "");
    }
    dave.expect_nothing();
    owner.send("held", Value::Null);
    told(&mut owner, "link", false);
}

#[test]
fn sanctions_that_came_in_between_count_and_take_away() {
    let server = Server::start();
    let (mut owner, mut bob) = stage(&server);
    wait(&mut bob, "link", "n-1");
    let id = told(&mut owner, "link", true);
    order(
        &mut owner,
        "mute",
        json!({ "username": "bob", "duration": 60 }),
    );
    live(&mut owner);
    bob.expect("mute");
    refused(
        &mut owner,
        403,
        "allow",
        json!({ "id": id }),
        "bob is muted",
    );
    order(&mut owner, "unmute", json!({ "username": "bob" }));
    live(&mut owner);
    bob.expect("unmute");
    // A ban and the decision at once: the ban came first.
    owner.send("ban", json!({ "username": "bob" }));
    owner.send("allow", json!({ "id": id }));
    bob.expect("ban");
    bob.expect_close(4104);
    assert_eq!(owner.expect("deny"), json!({ "id": id, "by": "owner" }));
    assert_eq!(owner.expect("ban")["message"], "Success");
    live(&mut owner);
    owner.expect_cerror(404, Some("allow"));
    order(&mut owner, "unban", json!({ "username": "bob" }));
    live(&mut owner);
    for (event, data) in [
        ("purge", json!({ "username": "bob" })),
        ("clear", Value::Null),
    ] {
        let mut bob = RawClient::join(&server, "bob", "stream");
        wait(&mut bob, "link", "n-1");
        let id = told(&mut owner, "link", true);
        owner.send(event, data);
        owner.expect(event);
        assert_eq!(owner.expect("deny"), json!({ "id": id, "by": "owner" }));
        live(&mut owner);
        refused(&mut owner, 404, "deny", json!({ "id": id }), "");
    }
    assert_eq!(contents(&owner.history(json!({}))), Vec::<&str>::new());
}

#[test]
fn no_more_waits_than_may_and_what_refuses_wins() {
    let server = Server::start_without_limits();
    let (mut owner, mut bob) = stage(&server);
    order(&mut owner, "addFilter", json!({ "pattern": "never" }));
    live(&mut owner);
    refused(
        &mut bob,
        403,
        "message",
        json!({ "content": "never a link" }),
        "blocked",
    );
    let long = "link ".repeat(200);
    refused(
        &mut bob,
        413,
        "message",
        json!({ "content": long }),
        "too long",
    );
    for number in 0..10 {
        wait(&mut bob, "link", &number.to_string());
        told(&mut owner, "link", true);
    }
    refused(
        &mut bob,
        403,
        "message",
        json!({ "content": "link" }),
        "10 of your messages",
    );
    owner.post("a link");
    bob.expect("message");
    owner.expect_nothing();
}
