//! What ends an account's connections and tokens, and what does not outlive an account.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{connect_from, hand_out, operate_with, refused, said, said_no};

fn by_password(user: &str, password: &str) -> Value {
    json!({ "username": user, "password": password, "room": "stream" })
}

fn by_token(user: &str, token: &Value) -> Value {
    json!({ "username": user, "token": token, "room": "stream" })
}

/// Two connections of alice's in two rooms, her token, and somebody else's connection.
fn alice(server: &Server) -> ([RawClient; 2], Value, RawClient) {
    let mut first = RawClient::connect(server);
    let token = first.auth("alice", "stream")["token"].clone();
    let second = RawClient::join(server, "alice", "other");
    (
        [first, second],
        token,
        RawClient::join(server, "bob", "stream"),
    )
}

#[test]
fn logging_out_ends_connections_and_tokens_and_leaves_the_password() {
    let server = Server::start();
    let (connections, token, mut bob) = alice(&server);
    said(&server, &["user", "logout", "Alice"]);
    for mut connection in connections {
        connection.expect_close(4106);
    }
    let mut back = RawClient::connect(&server);
    refused(&mut back, 401, "auth", by_token("alice", &token), "token");
    back.auth("alice", "stream");
    bob.post("nothing happened to me");
    said_no(&server, &["user", "logout", "nobody"], "no user");
}

#[test]
fn a_new_password_ends_connections_and_tokens() {
    let server = Server::start();
    let (connections, token, mut bob) = alice(&server);
    let changed = operate_with(&server, &["user", "passwd", "alice"], "another\n");
    assert_eq!(changed.status.code(), Some(0), "{}", changed.error);
    for mut connection in connections {
        connection.expect_close(4106);
    }
    let mut back = RawClient::connect(&server);
    refused(&mut back, 401, "auth", by_token("alice", &token), "token");
    let old = by_password("alice", &password_of("alice"));
    refused(&mut back, 401, "auth", old, "");
    back.auth_with(by_password("alice", "another"));
    bob.post("nothing happened to me");
}

#[test]
fn what_ends_while_the_server_is_stopped_has_ended_when_it_starts() {
    let mut server = Server::start();
    let (_, token, _) = alice(&server);
    server.stop();
    said(&server, &["user", "logout", "alice"]);
    server.restart();
    let mut back = RawClient::connect(&server);
    refused(&mut back, 401, "auth", by_token("alice", &token), "token");
    back.auth("alice", "stream");
}

#[test]
fn logins_that_are_under_way_when_the_account_is_removed_do_not_come_in() {
    let server = Server::start_with(&["--no-limits"]);
    let mut owner = RawClient::join(&server, "owner", "stream");
    drop(RawClient::join(&server, "ghost", "stream"));
    let mut crowd: Vec<RawClient> = (0..40).map(|_| RawClient::connect(&server)).collect();
    for (number, client) in crowd.iter_mut().enumerate() {
        // Every other one is the ghost: whatever stage its login is at.
        match number % 2 {
            0 => client.send("auth", by_password("ghost", &password_of("ghost"))),
            _ => client.send("auth", by_password(&format!("user{number}"), "secret")),
        }
    }
    said(&server, &["user", "remove", "ghost"]);
    // Each is let in, refused, or put out again.
    let firsts: Vec<_> = crowd
        .iter_mut()
        .step_by(2)
        .map(RawClient::next_event_or_end)
        .collect();
    // Whoever was in is out, and nobody else gets the name.
    owner.send("who", Value::Null);
    let who = loop {
        match owner.next_event() {
            (event, who) if event == "who" => break who,
            _ => {}
        }
    };
    let members = who["members"].as_array().unwrap();
    let ghosts = members
        .iter()
        .filter(|member| member["username"] == "ghost");
    let listed = said(&server, &["user", "list"]);
    assert!(!listed.lines().any(|name| name == "ghost"), "{listed}");
    assert_eq!(ghosts.count(), 0, "{firsts:?} {who}");
}

#[test]
fn who_takes_a_removed_name_owns_nothing_of_it() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut first = RawClient::join(&server, "bob", "stream");
    let message = json!({ "content": "the first bob's", "nonce": "n" });
    first.send("message", message);
    let posted = first.expect("message");
    owner.expect("message");
    said(&server, &["user", "remove", "bob"]);
    first.expect_close(4106);

    hand_out(&server, "bob");
    let mut second = RawClient::join(&server, "bob", "stream");
    let deletion = json!({ "id": posted["id"] });
    refused(&mut second, 403, "deleteMessage", deletion.clone(), "");
    let history = second.history(json!({}));
    let entry = &history["entries"][0]["data"];
    assert_eq!(entry["content"], "the first bob's");
    assert_eq!(entry.get("nonce"), None, "{entry}");
    // The same nonce marks another message.
    second.send(
        "message",
        json!({ "content": "the second bob's", "nonce": "n" }),
    );
    let own = second.expect("message");
    assert_eq!(own["content"], "the second bob's");
    owner.expect("message");
    second.send("deleteMessage", json!({ "id": own["id"] }));
    assert_eq!(second.expect("deleteMessage")["id"], own["id"]);
    owner.expect("deleteMessage");
    owner.send("deleteMessage", deletion);
    assert_eq!(owner.expect("deleteMessage")["id"], posted["id"]);
}

#[test]
fn who_takes_a_removed_name_after_a_restart_owns_nothing_of_it_either() {
    let mut server = Server::start();
    drop(RawClient::join(&server, "owner", "stream"));
    let mut first = RawClient::join(&server, "bob", "stream");
    first.send("message", json!({ "content": "old", "nonce": "n" }));
    let posted = first.expect("message");
    server.stop();
    said(&server, &["user", "remove", "bob"]);
    hand_out(&server, "bob");
    server.restart();
    let mut second = RawClient::join(&server, "bob", "stream");
    let deletion = json!({ "id": posted["id"] });
    refused(&mut second, 403, "deleteMessage", deletion, "");
    second.send("message", json!({ "content": "new", "nonce": "n" }));
    assert_eq!(second.expect("message")["content"], "new");
}

#[test]
fn an_administrator_who_is_none_any_more_is_held_against_bans() {
    let server = Server::start_with(&["--trusted-proxy", "127.0.0.1"]);
    let mut owner = connect_from(&server, "192.0.2.1");
    owner.auth("owner", "stream");
    let enter = |user: &str, address: &str| {
        let mut client = connect_from(&server, address);
        client.auth(user, "stream");
        client
    };
    // By name, by an address that somebody's ban took along, by a network.
    let mut admins = [
        ("dora", enter("dora", "192.0.2.2")),
        ("eve", enter("eve", "192.0.2.3")),
        ("fay", enter("fay", "192.0.2.4")),
    ];
    said(
        &server,
        &["ban", "add", "stream", "dora", "--reason", "spam"],
    );
    admins[0].1.expect("ban");
    for (name, _) in &admins {
        said(&server, &["admin", "grant", name]);
    }
    drop(enter("bob", "192.0.2.3"));
    said(&server, &["ban", "add", "stream", "bob", "--ban-addresses"]);
    said(&server, &["ban", "add", "--address", "192.0.2.4"]);
    // A ban from before keeps no administrator out.
    admins[0].1 = enter("dora", "192.0.2.2");
    for (_, admin) in &mut admins {
        admin.expect_nothing();
    }
    for (name, admin) in &mut admins {
        said(&server, &["admin", "revoke", name]);
        let ban = admin.expect("ban");
        assert_eq!(ban["message"], "Disconnected", "{name}");
        admin.expect_close(4104);
    }
    owner.expect_nothing();
}

#[test]
fn a_moderator_who_is_none_any_more_is_held_against_bans_of_addresses() {
    let server = Server::start_with(&["--trusted-proxy", "127.0.0.1"]);
    let enter = |user: &str, address: &str| {
        let mut client = connect_from(&server, address);
        client.auth(user, "stream");
        client
    };
    let mut owner = enter("owner", "192.0.2.1");
    let mut carol = enter("carol", "192.0.2.2");
    said(&server, &["mod", "add", "stream", "carol"]);
    carol.expect("setMod");
    drop(enter("bob", "192.0.2.2"));
    said(&server, &["ban", "add", "stream", "bob", "--ban-addresses"]);
    carol.expect_nothing();
    owner.send("delMod", json!({ "username": "carol" }));
    owner.expect("delMod");
    carol.expect("delMod");
    carol.expect("ban");
    carol.expect_close(4104);
}

#[test]
fn what_was_meant_for_a_removed_account_does_not_reach_who_took_its_name() {
    let server = Server::start_with(&["--no-limits"]);
    let mut owner = RawClient::join(&server, "owner", "stream");
    drop(RawClient::join(&server, "carol", "stream"));
    for round in 0..3 {
        let name = format!("bob{round}");
        drop(RawClient::join(&server, &name, "elsewhere"));
        // Each of these is a commit of its own, so the last one waits.
        for _ in 0..100 {
            owner.send("mute", json!({ "username": "carol", "duration": 60 }));
        }
        owner.send("setMod", json!({ "username": name }));
        said(&server, &["user", "remove", &name]);
        let outcome = loop {
            match owner.next_event() {
                (event, data) if event == "setMod" || data["event"] == "setMod" => break data,
                _ => {}
            }
        };
        hand_out(&server, &name);
        let here = RawClient::connect(&server).auth(&name, "stream");
        assert_eq!(here["accessLevel"], 3, "{outcome}");
    }
}
