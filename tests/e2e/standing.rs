//! Who may change what others decided, and what stays of accounts that were removed.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{
    contents, eventually, hand_out, operate, operate_with, refused, said, said_no, whole_log,
};

const ROOM: &str = "stream";

fn name(user: &str) -> Value {
    json!({ "username": user })
}

fn credentials(user: &str) -> Value {
    json!({ "username": user, "password": password_of(user), "room": ROOM })
}

/// A room with its owner, a moderator and a user, none of whom an operator stands behind.
fn stage() -> (Server, RawClient, RawClient, RawClient) {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", ROOM);
    let mut moderator = RawClient::join(&server, "moderator", ROOM);
    let bob = RawClient::join(&server, "bob", ROOM);
    owner.send("setMod", name("moderator"));
    owner.expect("setMod");
    moderator.expect("setMod");
    (server, owner, moderator, bob)
}

/// Tries everything that would change or lift a ban and a mute of bob.
#[track_caller]
fn cannot_change(client: &mut RawClient, author: &str) {
    for (event, data) in [
        ("unban", name("bob")),
        ("ban", json!({ "username": "bob", "duration": 1 })),
        ("ban", name("bob")),
        ("ban", json!({ "username": "bob", "reason": "another" })),
    ] {
        refused(client, 403, event, data, &format!("banned by {author}"));
    }
    for (event, data) in [
        ("unmute", name("bob")),
        ("mute", json!({ "username": "bob", "duration": 1 })),
        ("mute", json!({ "username": "bob", "duration": 1_209_600 })),
    ] {
        refused(client, 403, event, data, &format!("muted by {author}"));
    }
}

#[track_caller]
fn does(client: &mut RawClient, event: &str, data: Value) {
    client.send(event, data);
    assert_eq!(client.expect(event)["message"], "Success");
}

#[test]
fn a_verdict_is_changed_only_from_where_its_author_stood_or_from_above() {
    let (mut server, mut owner, mut moderator, mut bob) = stage();
    does(
        &mut owner,
        "mute",
        json!({ "username": "bob", "duration": 600 }),
    );
    does(&mut owner, "ban", name("bob"));
    bob.expect("mute");
    bob.expect("ban");
    cannot_change(&mut moderator, "an administrator of the room");
    // The standing that counts is the one that the author had.
    said(&server, &["mod", "remove", ROOM, "owner"]);
    said(&server, &["mod", "add", ROOM, "owner"]);
    for event in ["delMod", "setMod"] {
        owner.expect(event);
    }
    cannot_change(&mut owner, "an administrator of the room");
    server.kill();
    server.restart();
    let mut moderator = RawClient::join(&server, "moderator", ROOM);
    cannot_change(&mut moderator, "an administrator of the room");
    said(&server, &["mod", "add", ROOM, "owner", "--admin"]);
    let mut owner = RawClient::join(&server, "owner", ROOM);
    does(&mut owner, "unban", name("bob"));
    does(&mut owner, "unmute", name("bob"));
    // What a moderator decided, moderators and administrators may change.
    does(&mut moderator, "ban", name("bob"));
    does(
        &mut owner,
        "ban",
        json!({ "username": "bob", "duration": 60 }),
    );
    refused(&mut moderator, 403, "unban", name("bob"), "administrator");
}

#[test]
fn what_an_operator_or_a_server_administrator_decided_stands_above_the_room() {
    let (server, mut owner, mut moderator, mut bob) = stage();
    drop(RawClient::join(&server, "dora", ROOM));
    said(&server, &["admin", "grant", "dora"]);
    let mut dora = RawClient::join(&server, "dora", ROOM);
    said(&server, &["ban", "add", ROOM, "bob", "--reason", "spam"]);
    bob.expect("ban");
    does(
        &mut dora,
        "mute",
        json!({ "username": "bob", "duration": 600 }),
    );
    for client in [&mut moderator, &mut owner] {
        cannot_change(client, "an administrator of the server");
    }
    assert_eq!(said(&server, &["ban", "list", ROOM]), "bob\tfor good\tspam");
    does(&mut dora, "unban", name("bob"));
    does(&mut dora, "unmute", name("bob"));
    does(&mut moderator, "ban", name("bob"));
    said(&server, &["ban", "remove", ROOM, "bob"]);
    RawClient::join(&server, "bob", ROOM).post("back");
}

#[test]
fn a_verdict_from_before_authors_were_noted_is_for_administrators() {
    let (mut server, _, mut moderator, mut bob) = stage();
    does(&mut moderator, "ban", name("bob"));
    bob.expect("ban");
    server.stop();
    let database = rusqlite::Connection::open(server.database()).unwrap();
    let changed = database.execute("UPDATE sanctions SET height = NULL", []);
    assert_eq!(changed.unwrap(), 1);
    drop(database);
    server.restart();
    let mut moderator = RawClient::join(&server, "moderator", ROOM);
    refused(&mut moderator, 403, "unban", name("bob"), "administrator");
    let mut owner = RawClient::join(&server, "owner", ROOM);
    does(&mut owner, "unban", name("bob"));
}

#[test]
fn a_removed_name_is_nobodys_until_an_operator_gives_it_out() {
    let (server, mut owner, mut moderator, mut bob) = stage();
    bob.post("what bob wrote");
    for client in [&mut owner, &mut moderator] {
        client.expect("message");
    }
    said(&server, &["ban", "add", ROOM, "bob"]);
    let done = said(&server, &["user", "remove", "bob"]);
    assert_eq!(done, "user bob removed; 0 connections closed");
    assert!(!said(&server, &["user", "list"]).contains("bob"));
    assert!(said(&server, &["user", "list", "--removed"]).starts_with("bob\t2"));
    said_no(
        &server,
        &["user", "remove", "bob"],
        "the account was removed",
    );
    // Whoever tries the name is told no more than with a wrong password, in any room.
    for (user, room) in [("bob", ROOM), ("BOB", "elsewhere")] {
        for password in [password_of("bob"), "another-password".to_owned()] {
            let data = json!({ "username": user, "password": password, "room": room });
            let mut client = RawClient::connect(&server);
            refused(&mut client, 401, "auth", data, "wrong name or password");
        }
    }
    // The ban is there and can be lifted, what he wrote can be purged, and he gets no rank.
    assert_eq!(said(&server, &["ban", "list", ROOM]), "bob\tfor good");
    refused(&mut moderator, 403, "unban", name("bob"), "banned by");
    moderator.send("purge", name("BOB"));
    assert_eq!(moderator.expect("purge")["username"], "bob");
    assert_eq!(owner.expect("purge")["username"], "bob");
    refused(&mut owner, 404, "setMod", name("bob"), "");
    refused(&mut owner, 404, "kick", name("bob"), "");
    refused(&mut owner, 404, "unban", name("nobody"), "");
    said_no(&server, &["mod", "add", ROOM, "bob"], "was removed");
    let typed = format!("{}\n", password_of("bob"));
    let added = operate_with(&server, &["user", "add", "bob"], &typed);
    assert!(added.out.contains("still banned from stream"), "{added:?}");
    let mut another = RawClient::connect(&server);
    refused(&mut another, 403, "auth", credentials("bob"), "banned");
    said(&server, &["ban", "remove", ROOM, "bob"]);
    RawClient::join(&server, "bob", ROOM).post("another bob");
}

#[test]
fn the_rank_of_who_gets_a_name_protects_nothing_of_who_had_it() {
    let (server, mut owner, mut moderator, mut bob) = stage();
    let old = bob.post("what the first bob wrote")["id"].clone();
    said(&server, &["user", "remove", "bob"]);
    hand_out(&server, "bob");
    said(&server, &["mod", "add", ROOM, "bob"]);
    let mut bob = RawClient::join(&server, "bob", ROOM);
    let new = bob.post("what the second bob wrote")["id"].clone();
    for client in [&mut owner, &mut moderator] {
        client.expect("message");
        client.expect("message");
    }
    let delete = |id: &Value| json!({ "id": id });
    refused(&mut moderator, 403, "deleteMessage", delete(&new), "");
    moderator.send("deleteMessage", delete(&old));
    assert_eq!(moderator.expect("deleteMessage")["id"], old);
    // It is not his to delete either, as his own.
    assert_eq!(bob.expect("deleteMessage")["id"], old);
    bob.send("deleteMessage", delete(&new));
    assert_eq!(bob.expect("deleteMessage")["id"], new);
}

#[test]
fn a_removal_with_a_purge_takes_all_out_of_all_rooms_and_ends_what_was_begun() {
    let mut server = Server::start_without_limits();
    let mut rooms: Vec<RawClient> = Vec::new();
    for room in ["one", "two", "three"] {
        let mut owner = RawClient::join(&server, "owner", room);
        let mut bob = RawClient::join(&server, "bob", room);
        for number in 0..300 {
            bob.post(&format!("bob {number}"));
            owner.expect("message");
        }
        owner.post("kept");
        bob.expect("message");
        rooms.push(owner);
    }
    // One that nobody is in.
    drop(rooms.pop());
    let done = said(&server, &["user", "remove", "bob", "--purge"]);
    let last = done.lines().last();
    assert_eq!(last, Some("900 messages of bob taken out of 3 rooms"));
    for owner in &mut rooms {
        let purge = owner.expect("purge");
        assert_eq!(purge["by"], "server operator");
        assert_eq!(contents(&owner.history(json!({}))), ["kept"]);
    }
    let mut three = RawClient::join(&server, "owner", "three");
    assert_eq!(whole_log(&mut three).len(), 2, "a message and the purge");
    // Once more there is nothing to do; of a broken off run there would be.
    let again = said(&server, &["user", "remove", "bob", "--purge"]);
    assert_eq!(again, "0 messages of bob taken out of 0 rooms");
    server.kill();
    let restore = "UPDATE entries SET kind = 'message', body =
        '{\"username\":\"bob\",\"display_name\":\"bob\",\"rank\":3,\"content\":\"left\"}'
        WHERE author = 'bob' AND seq = 7";
    let database = rusqlite::Connection::open(server.database()).unwrap();
    assert_eq!(database.execute(restore, []).unwrap(), 3);
    drop(database);
    let again = said(&server, &["user", "remove", "bob", "--purge"]);
    assert_eq!(again, "3 messages of bob taken out of 3 rooms");
    server.restart();
    let mut one = RawClient::join(&server, "owner", "one");
    assert_eq!(contents(&one.history(json!({}))), ["kept"]);
}

#[test]
fn a_slip_is_named_and_nothing_is_done() {
    let mut server = Server::start();
    for user in ["owner", "bob", "dora"] {
        drop(RawClient::join(&server, user, ROOM));
    }
    said(&server, &["admin", "grant", "dora"]);
    for stopped in [false, true] {
        if stopped {
            server.stop();
        }
        for (arguments, words) in [
            (&["ban", "add", "steram", "bob"][..], "did you mean stream?"),
            (&["ban", "remove", "steram", "bob"], "did you mean stream?"),
            (&["ban", "list", "steram"], "did you mean stream?"),
            (&["mod", "list", "steram"], "did you mean stream?"),
            (&["mod", "add", "steram", "bob"], "--create"),
            (&["filter", "add", "steram", "spam"], "--create"),
            (
                &["filter", "remove", "steram", "spam"],
                "did you mean stream?",
            ),
            (&["filter", "list", "steram"], "did you mean stream?"),
            (&["audit", "--room", "steram"], "did you mean stream?"),
            (&["room", "export", "steram"], "did you mean stream?"),
            (&["room", "delete", "steram"], "did you mean stream?"),
            (&["ban", "add", ROOM, "boob"], "did you mean bob?"),
            (&["user", "remove", "boob"], "did you mean bob?"),
            (&["user", "logout", "boob"], "did you mean bob?"),
            (&["admin", "grant", "boob"], "did you mean bob?"),
            (&["admin", "revoke", "bob"], "is not an administrator"),
            (&["ban", "remove", ROOM, "bob"], "is not banned"),
            (&["mod", "remove", ROOM, "bob"], "no rank in this room"),
            (&["ban", "add", ROOM, "dora"], "can't be banned"),
            (
                &["ban", "add", "new", "dora", "--create"],
                "can't be banned",
            ),
            (
                &["ban", "add", "new", "boob", "--create"],
                "did you mean bob?",
            ),
            (
                &["mod", "add", "new", "boob", "--create"],
                "did you mean bob?",
            ),
            (
                &["filter", "add", "new", "(", "--regex", "--create"],
                "regular expression",
            ),
            (&["ban", "add", "--address", "0.0.0.0/0"], "every IPv4"),
            (&["ban", "add", "--address", "203.0.0.0/15"], "131072"),
            (&["ban", "add", "--address", "127.0.0.1"], "this machine"),
            (&["ban", "add", "--address", "172.17.0.1"], "private"),
            (&["filter", "add", ROOM, ".+", "--regex"], "every message"),
        ] {
            said_no(&server, arguments, words);
        }
        let finished = operate(&server, &["ban", "add", "--address", "203.0.113.7/24"]);
        assert_eq!(finished.status.code(), Some(2));
        assert!(finished.error.contains("203.0.113.0/24"), "{finished:?}");
        assert_eq!(said(&server, &["room", "list"]), "0\t0\tstream");
        assert_eq!(said(&server, &["ban", "list", "--addresses"]), "");
        assert_eq!(said(&server, &["ban", "list", ROOM]), "");
        assert_eq!(said(&server, &["filter", "list", ROOM]), "");
    }
}

#[test]
fn a_rank_is_told_with_what_it_changes_and_names_as_registered() {
    let mut server = Server::start();
    for user in [
        "owner",
        "Dora",
        "\u{3a3}\u{3bf}\u{3c6}\u{3af}\u{3b1}\u{3c2}",
        "bob",
    ] {
        drop(RawClient::join(&server, user, ROOM));
    }
    let sophia = "\u{3a3}\u{3bf}\u{3c6}\u{3af}\u{3b1}\u{3c2}";
    said(&server, &["admin", "grant", "Dora"]);
    for stopped in [false, true] {
        if stopped {
            server.stop();
        }
        for (arguments, expected) in [
            (&["mod", "add", ROOM, "bob"][..], "bob is a moderator now"),
            (
                &["mod", "add", ROOM, "bob", "--vip"],
                "bob is a VIP now, and no longer a moderator",
            ),
            (&["mod", "remove", ROOM, "bob"], "bob is no longer a VIP"),
            (
                &["mod", "add", ROOM, "bob", "--admin"],
                "bob is an administrator of the room now",
            ),
            (
                &["mod", "add", ROOM, "bob", "--vip"],
                "bob is a VIP now, and no longer an administrator of the room",
            ),
            (
                &["mod", "add", ROOM, "dora", "--vip"],
                "Dora is a VIP now, but still an administrator of this server",
            ),
        ] {
            assert_eq!(said(&server, arguments), expected);
        }
        said(&server, &["ban", "add", ROOM, sophia]);
        said(&server, &["mod", "add", ROOM, sophia]);
        let banned = said(&server, &["ban", "list", ROOM]);
        assert_eq!(banned, format!("{sophia}\tfor good"));
        let ranked = said(&server, &["mod", "list", ROOM]);
        assert_eq!(ranked, format!("0\towner\n1\t{sophia}\n2\tDora\n2\tbob"));
        let none = operate(&server, &["audit", "--limit", "0"]);
        assert_eq!(none.status.code(), Some(2), "{none:?}");
        if !stopped {
            said(&server, &["mod", "remove", ROOM, "bob"]);
        }
    }
}

#[test]
fn the_answer_says_how_many_were_hit() {
    let server = Server::start_with(&["--trusted-proxy", "127.0.0.1"]);
    let join = |user: &str, address: &str| {
        let mut client = RawClient::open_for(server.address(), address).unwrap();
        client.expect("connection");
        client.auth(user, ROOM);
        client
    };
    let mut owner = join("owner", "198.51.100.1");
    let _twice = [join("bob", "203.0.113.5"), join("bob", "203.0.113.6")];
    let _carl = join("carl", "203.0.113.7");
    let mut waiting = RawClient::open_for(server.address(), "203.0.113.8").unwrap();
    waiting.expect("connection");
    let ban = ["ban", "add", "--address", "203.0.113.0/24"];
    let done = said(&server, &ban);
    let expected = "203.0.113.0/24 is banned for good; 4 connections closed, of 2 users";
    assert_eq!(done, expected);
    let done = said(
        &server,
        &["ban", "add", "--address", "203.0.0.0/8", "--yes"],
    );
    assert!(done.ends_with("; 0 connections closed"), "{done}");
    let _dan = join("dan", "198.51.100.2");
    let done = said(&server, &["ban", "add", ROOM, "dan"]);
    assert_eq!(done, "dan is banned for good; 1 connection closed");
    owner.post("buy followers");
    owner.post("something else");
    let done = said(&server, &["filter", "add", ROOM, "followers"]);
    assert_eq!(
        done,
        "`followers` is blocked; it would have matched 1 of the newest 2 messages in the room"
    );
    let done = said(&server, &["ban", "add", "new", "dan", "--create"]);
    assert_eq!(done, "dan is banned for good; 0 connections closed");
    let rooms = said(&server, &["room", "list"]);
    assert_eq!(rooms.lines().count(), 2, "{rooms}");
    said(&server, &["user", "remove", "owner"]);
    eventually(|| {
        said(&server, &["mod", "list", ROOM])
            .is_empty()
            .then_some(())
    });
}
