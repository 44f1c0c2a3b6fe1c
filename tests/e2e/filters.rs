//! What messages in a room must not hold, as an operator says on the command line.

use chat_tests::{Finished, RawClient, Server};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::refused;

#[track_caller]
fn run(server: &Server, arguments: &[&str]) -> Finished {
    let data = server.data();
    let mut all = vec!["filter"];
    all.extend(arguments);
    all.extend(["--data", data.to_str().unwrap()]);
    Server::run(&all, "")
}

#[track_caller]
fn said(server: &Server, arguments: &[&str]) -> String {
    let finished = run(server, arguments);
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    finished.out
}

/// Posts `content`, which is refused; gives the words.
#[track_caller]
fn blocked(client: &mut RawClient, content: &str) -> String {
    client.send("message", json!({ "content": content, "nonce": "b-1" }));
    let refusal = client.expect_cerror(403, Some("message"));
    assert_eq!(refusal["nonce"], "b-1");
    refusal["message"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_blocked_is_refused_at_once_and_over_restarts_until_it_is_not_blocked_any_more() {
    let mut server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("so bad");
    owner.expect("message");
    let done = said(&server, &["add", "stream", "bad", "--reason", "be kind"]);
    assert_eq!(
        done,
        "`bad` is blocked; it would have matched 1 of the newest 1 messages in the room"
    );
    let words = blocked(&mut bob, "so \u{ff22}\u{ff21}\u{ff24}!");
    assert_eq!(
        words,
        "this message contains something that is blocked here: be kind"
    );
    said(&server, &["add", "stream", "h[e3]ck+", "--regex"]);
    let words = blocked(&mut bob, "what the H3CKK");
    assert_eq!(
        words,
        "this message contains something that is blocked here"
    );
    bob.post("a badge");
    owner.expect("message");
    owner.post("bad, heck");
    bob.expect("message");
    let list = "word\tbad\trefuse\tbe kind\nregex\th[e3]ck+\trefuse\t";
    assert_eq!(
        said(&server, &["list", "stream"]).trim_end(),
        list.trim_end()
    );
    server.stop();
    server.restart();
    let mut bob = RawClient::join(&server, "bob", "stream");
    blocked(&mut bob, "bad");
    said(&server, &["remove", "stream", "bad"]);
    bob.post("bad");
    blocked(&mut bob, "heck");
    RawClient::join(&server, "carl", "elsewhere").post("heck");
    server.stop();
    said(&server, &["remove", "stream", "h[e3]ck+"]);
    assert_eq!(said(&server, &["list", "stream"]), "");
    server.restart();
    RawClient::join(&server, "bob", "stream").post("heck");
    let data = server.data();
    let arguments = [
        "audit",
        "--room",
        "stream",
        "--data",
        data.to_str().unwrap(),
    ];
    let audit = Server::run(&arguments, "").out;
    assert_eq!(audit.lines().count(), 4, "{audit}");
    assert!(
        audit.contains("\tserver operator\taddFilter bad: be kind"),
        "{audit}"
    );
    assert!(
        audit.contains("\tserver operator\tremoveFilter bad"),
        "{audit}"
    );
}

#[test]
fn a_retry_of_what_was_stored_before_is_answered_with_the_original() {
    let server = Server::start();
    let _owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let message = json!({ "content": "bad", "nonce": "n-1" });
    bob.send("message", message.clone());
    let original = bob.expect("message");
    said(&server, &["add", "stream", "bad"]);
    bob.send("message", message);
    assert_eq!(bob.expect("message"), original);
    blocked(&mut bob, "bad");
}

#[test]
fn rights_come_before_what_a_message_names() {
    let server = Server::start();
    let _owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    said(&server, &["add", "stream", "bad"]);
    let nowhere = "e97b06674126d7c6-999";
    for (content, code) in [("bad", 403), ("good", 404)] {
        bob.send("message", json!({ "content": content, "replyTo": nowhere }));
        bob.expect_cerror(code, Some("message"));
    }
}

#[test]
fn what_an_operator_gets_wrong_is_said_and_nothing_is_done() {
    let mut server = Server::start();
    drop(RawClient::join(&server, "owner", "stream"));
    for is_running in [true, false] {
        for (arguments, words) in [
            (&["add", "stream", "(", "--regex"][..], "unclosed group"),
            (&["add", "stream", "x*", "--regex"][..], "every message"),
            (&["add", "stream", &"x".repeat(201)][..], "200 characters"),
            (&["remove", "stream", "bad"][..], "the room has no pattern"),
        ] {
            let finished = run(&server, arguments);
            assert_eq!(finished.status.code(), Some(1), "{arguments:?}");
            assert!(finished.error.contains(words), "{}", finished.error);
        }
        assert_eq!(said(&server, &["list", "stream"]), "");
        if is_running {
            server.stop();
        }
    }
}

/// A moderator's request, and what it is answered.
#[track_caller]
fn asked(client: &mut RawClient, event: &str, data: Value) -> Value {
    client.send(event, data);
    client.expect(event)
}

#[test]
fn moderators_change_what_is_blocked_and_others_are_told_only_that_they_may_not() {
    let mut server = Server::start();
    let mut owner = RawClient::connect(&server);
    owner.auth_with(json!({
        "username": "owner", "password": chat_tests::password_of("owner"), "room": "stream",
        "capabilities": ["moderation"],
    }));
    let mut carol = RawClient::join(&server, "carol", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    asked(&mut owner, "setMod", json!({ "username": "carol" }));
    owner.expect("audit");
    carol.expect("setMod");
    assert_eq!(
        asked(
            &mut carol,
            "addFilter",
            json!({ "pattern": "bad", "reason": "be kind" })
        ),
        json!({ "message": "Success", "reason": "`bad` is blocked" })
    );
    let entry = &owner.expect("audit")["entries"][0];
    assert_eq!(
        (
            &entry["actor"],
            &entry["action"],
            &entry["target"],
            &entry["reason"]
        ),
        (
            &json!("carol"),
            &json!("addFilter"),
            &json!("bad"),
            &json!("be kind")
        )
    );
    assert!(blocked(&mut bob, "so BAD").ends_with(": be kind"));
    asked(
        &mut carol,
        "addFilter",
        json!({ "pattern": "h+eck", "kind": "regex" }),
    );
    owner.expect("audit");
    let listed = json!({ "entries": [
        { "pattern": "bad", "kind": "word", "action": "refuse", "reason": "be kind" },
        { "pattern": "h+eck", "kind": "regex", "action": "refuse" },
    ] });
    assert_eq!(asked(&mut carol, "filters", Value::Null), listed);
    for (event, data) in [
        ("addFilter", json!({ "pattern": "x" })),
        ("addFilter", json!({ "pattern": "(", "kind": "regex" })),
        ("removeFilter", json!({ "pattern": "bad" })),
        ("removeFilter", json!({ "pattern": "unknown" })),
        ("filters", Value::Null),
        ("setVip", json!({ "username": "bob" })),
    ] {
        refused(&mut bob, 403, event, data, event);
    }
    for (data, words) in [
        (json!({ "pattern": "" }), "one visible character"),
        (json!({ "pattern": "x".repeat(201) }), "200 characters"),
        (json!({ "pattern": "(", "kind": "regex" }), "unclosed group"),
        (json!({ "pattern": "x*", "kind": "regex" }), "every message"),
        (json!({ "pattern": "x", "kind": "glob" }), "kind"),
    ] {
        refused(&mut carol, 400, "addFilter", data, words);
    }
    let unknown = json!({ "pattern": "x" });
    refused(&mut carol, 404, "removeFilter", unknown, "no pattern");
    server.kill();
    server.restart();
    let mut carol = RawClient::join(&server, "carol", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    assert_eq!(asked(&mut carol, "filters", Value::Null), listed);
    assert_eq!(
        asked(&mut carol, "removeFilter", json!({ "pattern": "bad" })),
        json!({ "message": "Success", "reason": "`bad` is no longer blocked" })
    );
    bob.post("bad");
    carol.expect("message");
    blocked(&mut bob, "heck");
}

#[test]
fn administrators_of_a_room_make_vips_who_are_told_nothing() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    assert_eq!(
        asked(&mut owner, "setVip", json!({ "username": "bob" })),
        json!({ "message": "Success", "reason": "bob is a VIP now" })
    );
    assert_eq!(bob.post("hi")["rank"], 2);
    bob.expect_nothing();
    owner.expect("message");
    asked(&mut owner, "delMod", json!({ "username": "bob" }));
    bob.expect("delMod");
    assert_eq!(bob.post("hi")["rank"], 3);
}

#[test]
fn a_room_whose_stored_patterns_cannot_all_be_used_goes_on_and_says_which() {
    let mut server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    RawClient::join(&server, "bob", "stream").post("hi");
    owner.expect("message");
    said(&server, &["add", "stream", "bad"]);
    server.stop();
    let rows = r"
        DROP TRIGGER filters_inserted;
        INSERT INTO filters (room, pattern, kind, action, reason)
        VALUES ('stream', '(a)\1', 'regex', 'refuse', 'twice'), ('stream', 'x', 'glob', 'refuse', NULL),
               ('stream', 'odd', 'word', 'shout', NULL);
        INSERT INTO filters (room, pattern, kind) VALUES ('stream', CAST(x'ff' AS TEXT), 'word');
        UPDATE rooms SET modes = 'no JSON';
        UPDATE entries SET body = 'no JSON' WHERE seq = 1;
        INSERT INTO network_bans (network, since) VALUES ('nowhere', 1);
        INSERT INTO sanctions (room, account, kind, since, by) VALUES ('stream', 'bob', 'ban', 1, 'x');
        INSERT INTO sanction_networks VALUES ('stream', 'bob', 'ban', 'nowhere');";
    let connection = Connection::open(server.database()).unwrap();
    connection.execute_batch(rows).unwrap();
    drop(connection);
    let listed = said(&server, &["list", "stream"]);
    assert!(
        listed.contains("regex\t(a)\\1\trefuse\ttwice\tnot working: "),
        "{listed}"
    );
    server.restart();
    let mut carl = RawClient::join(&server, "carl", "stream");
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::connect(&server);
    bob.send(
        "auth",
        json!({
            "username": "bob", "password": chat_tests::password_of("bob"), "room": "stream"
        }),
    );
    bob.expect_cerror(403, Some("auth"));
    carl.post("aa x");
    owner.expect("message");
    blocked(&mut carl, "bad");
    blocked(&mut carl, "odd");
    let entries = asked(&mut owner, "filters", Value::Null);
    let expected = json!({ "entries": [
        { "pattern": "(a)\\1", "kind": "regex", "action": "refuse", "reason": "twice", "broken": true },
        { "pattern": "bad", "kind": "word", "action": "refuse" },
        { "pattern": "odd", "kind": "word", "action": "refuse" },
        { "pattern": "x", "kind": "word", "action": "refuse", "broken": true },
    ] });
    assert_eq!(entries, expected);
    for said in [
        "is not working",
        "network_bans",
        "sanction_networks",
        "modes",
    ] {
        server.wait_for_log(said);
    }
    asked(&mut owner, "addFilter", json!({ "pattern": "worse" }));
    asked(&mut owner, "removeFilter", json!({ "pattern": "(a)\\1" }));
    said(&server, &["remove", "stream", "x"]);
    blocked(&mut carl, "worse");
    let left = asked(&mut owner, "filters", Value::Null);
    assert_eq!(left["entries"].as_array().unwrap().len(), 3);
}
