//! Moderation from the command line: on a running server at once, otherwise in its database.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use chat_tests::{PATIENCE, RawClient, Server, password_of};
use serde_json::json;

use crate::support::{hand_out, operate, refused, said};

#[test]
fn an_operator_bans_live_and_lifts_it_while_the_server_is_stopped() {
    let mut server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let socket = server.data().join("control.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let done = said(
        &server,
        &["ban", "add", "stream", "BOB", "--reason", "spam"],
    );
    assert_eq!(done, "bob is banned for good; 1 connection closed");
    assert_eq!(bob.expect("ban")["reason"], "spam");
    bob.expect_close(4104);
    owner.expect_nothing();
    assert_eq!(
        said(&server, &["ban", "list", "stream"]),
        "bob\tfor good\tspam"
    );
    let auth = json!({ "username": "bob", "password": password_of("bob"), "room": "stream" });
    let mut bob = RawClient::connect(&server);
    refused(&mut bob, 403, "auth", auth, "spam");
    server.stop();
    assert!(!socket.exists());
    let done = said(&server, &["ban", "remove", "stream", "bob"]);
    assert_eq!(done, "bob is no longer banned");
    assert_eq!(said(&server, &["ban", "list", "stream"]), "");
    server.restart();
    RawClient::join(&server, "bob", "stream").post("back");
    let audit = said(&server, &["audit", "--room", "stream"]);
    let lines: Vec<&str> = audit.lines().collect();
    assert_eq!(lines.len(), 2, "{audit}");
    assert!(
        lines[0].ends_with("\tstream\tserver operator\tban bob: spam"),
        "{audit}"
    );
    assert!(
        lines[1].ends_with("\tstream\tserver operator\tunban bob"),
        "{audit}"
    );
}

#[test]
fn whoever_holds_the_socket_without_asking_anything_keeps_no_operator_waiting() {
    let server = Server::start();
    RawClient::join(&server, "bob", "stream");
    let socket = server.data().join("control.sock");
    let holders: Vec<_> = (0..80)
        .map(|_| {
            let mut holder = UnixStream::connect(&socket).unwrap();
            holder.write_all(b"{\"forget\":").unwrap();
            holder
        })
        .collect();
    let asked = Instant::now();
    let done = said(&server, &["ban", "add", "stream", "bob"]);
    assert!(done.starts_with("bob is banned for good; "), "{done}");
    assert!(asked.elapsed() < Duration::from_secs(5));
    // Each is let go after a while.
    for mut holder in holders {
        holder.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(holder.read(&mut [0; 64]).unwrap_or(0), 0);
    }
}

#[test]
fn an_operator_makes_moderators_and_even_dismisses_the_administrator() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut alice = RawClient::join(&server, "alice", "stream");
    said(&server, &["mod", "add", "stream", "alice"]);
    alice.expect("setMod");
    let list = said(&server, &["mod", "list", "stream"]);
    assert_eq!(list, "0\towner\n1\talice");
    said(&server, &["mod", "remove", "stream", "owner"]);
    owner.expect("delMod");
    refused(&mut owner, 403, "clear", serde_json::Value::Null, "");
    assert_eq!(said(&server, &["mod", "list", "stream"]), "1\talice");
}

#[test]
fn a_server_administrator_stands_above_the_room_at_once_and_until_it_is_revoked() {
    let mut server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut dora = RawClient::join(&server, "dora", "stream");
    let kick = |name: &str| json!({ "username": name });
    refused(&mut dora, 403, "kick", kick("owner"), "");
    owner.send("ban", kick("dora"));
    owner.expect("ban");
    dora.expect("ban");
    let done = said(&server, &["admin", "grant", "DORA"]);
    assert_eq!(done, "dora is now an administrator of this server");
    assert_eq!(said(&server, &["admin", "list"]), "dora");
    // No ban holds for her, in this room as in one that starts only now.
    let mut dora = RawClient::join(&server, "dora", "stream");
    refused(&mut owner, 403, "ban", kick("dora"), "");
    dora.send("setMod", kick("owner"));
    owner.expect("setMod");
    dora.expect("setMod");
    let elsewhere = RawClient::connect(&server).auth("dora", "new");
    assert_eq!(elsewhere["accessLevel"], 0);
    let founder = RawClient::connect(&server).auth("carl", "new");
    assert_eq!(founder["accessLevel"], 0, "who looks in owns no room");
    server.stop();
    server.restart();
    let mut dora = RawClient::join(&server, "dora", "other");
    dora.send("clear", serde_json::Value::Null);
    dora.expect("clear");
    let done = said(&server, &["admin", "revoke", "dora"]);
    assert_eq!(done, "dora is no longer an administrator of this server");
    refused(&mut dora, 403, "clear", serde_json::Value::Null, "");
    let auth = json!({ "username": "dora", "password": password_of("dora"), "room": "stream" });
    refused(
        &mut RawClient::connect(&server),
        403,
        "auth",
        auth,
        "banned",
    );
    let audit = said(&server, &["audit"]);
    assert!(
        audit.contains("\tserver operator\tgrantAdmin dora"),
        "{audit}"
    );
    assert!(
        audit.contains("\tserver operator\trevokeAdmin dora"),
        "{audit}"
    );
}

#[test]
fn a_vip_posts_where_slow_mode_makes_users_wait() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    owner.send("setRoom", json!({ "slowMode": 100 }));
    owner.post("slow now");
    bob.expect("message");
    bob.post("first");
    refused(
        &mut bob,
        429,
        "message",
        json!({ "content": "second" }),
        "slow",
    );
    let done = said(&server, &["mod", "add", "stream", "bob", "--vip"]);
    assert_eq!(done, "bob is a VIP now");
    bob.post("second");
    assert_eq!(
        said(&server, &["mod", "list", "stream"]),
        "0\towner\n2\tbob"
    );
    said(&server, &["mod", "remove", "stream", "bob"]);
    assert_eq!(said(&server, &["mod", "list", "stream"]), "0\towner");
}

#[test]
fn what_an_operator_gets_wrong_is_said_and_nothing_is_done() {
    let server = Server::start();
    drop(RawClient::join(&server, "bob", "stream"));
    for (arguments, code, words) in [
        (
            &["ban", "add", "stream", "nobody"][..],
            1,
            "there is no user nobody",
        ),
        (&["ban", "add", "stream", ""][..], 2, "name"),
        (
            &["ban", "add", "stream", "bob", "--duration", "0"][..],
            2,
            "duration",
        ),
        (&["mod", "add", "stream"][..], 2, "NAME"),
        (
            &["admin", "grant", "nobody"][..],
            1,
            "there is no user nobody",
        ),
        (&["audit", "--limit", "x"][..], 2, "limit"),
    ] {
        let finished = operate(&server, arguments);
        assert_eq!(finished.status.code(), Some(code), "{arguments:?}");
        assert!(finished.error.contains(words), "{}", finished.error);
    }
    assert_eq!(said(&server, &["audit"]), "");
}

#[test]
fn who_takes_a_removed_name_is_somebody_else_and_who_had_it_is_out() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    said(&server, &["user", "remove", "owner"]);
    owner.expect_close(4106);
    hand_out(&server, "owner");
    let again = RawClient::connect(&server).auth("owner", "stream");
    assert_eq!(again["accessLevel"], 3);
    said(&server, &["ban", "add", "stream", "bob"]);
    bob.expect("ban");
    said(&server, &["user", "remove", "bob"]);
    hand_out(&server, "bob");
    // The ban is of the name, until an operator lifts it.
    let auth = json!({ "username": "bob", "password": password_of("bob"), "room": "stream" });
    refused(&mut RawClient::connect(&server), 403, "auth", auth, "");
    said(&server, &["ban", "remove", "stream", "bob"]);
    RawClient::join(&server, "bob", "stream").post("another bob");
}

#[test]
fn what_others_wrote_moves_nothing_in_an_operators_terminal() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    drop(RawClient::join(&server, "bob", "stream"));
    let reason = "x\n2026-01-01T00:00:00Z\tr\towner\tban carl\u{1b}[2J";
    owner.send("ban", json!({ "username": "bob", "reason": reason }));
    owner.expect("ban");
    for arguments in [&["audit"][..], &["ban", "list", "stream"][..]] {
        let shown = said(&server, arguments);
        assert_eq!(shown.lines().count(), 1, "{shown:?}");
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
}
