//! Rooms and accounts that are made: by whom, how many, and what that is worth.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{connect_from, refused, said, said_no};

const PROXIED: [&str; 2] = ["--trusted-proxy", "127.0.0.1"];

fn credentials(user: &str, room: &str) -> Value {
    json!({ "username": user, "password": password_of(user), "room": room })
}

/// What somebody at `address` gets who enters `room` as `user`.
fn enter(server: &Server, user: &str, room: &str, address: &str) -> (String, Value, RawClient) {
    let mut client = connect_from(server, address);
    client.send("auth", credentials(user, room));
    let (event, data) = client.next_event();
    (event, data, client)
}

fn names(server: &Server, what: &str) -> Vec<String> {
    let listed = said(server, &[what, "list"]);
    let name = |line: &str| line.rsplit('\t').next().unwrap().to_owned();
    listed.lines().map(name).collect()
}

#[test]
fn an_address_founds_ten_rooms_and_who_is_refused_has_made_nothing() {
    let server = Server::start_with(&PROXIED);
    for number in 0..10 {
        let room = format!("room{number}");
        let (event, data, _) = enter(&server, &format!("user{number}"), &room, "192.0.2.1");
        assert_eq!((event.as_str(), &data["accessLevel"]), ("auth", &json!(0)));
    }
    let (event, data, mut refused) = enter(&server, "user10", "room10", "192.0.2.1");
    assert_eq!((event.as_str(), &data["Code"]), ("cerror", &json!(429)));
    assert!(data["retryAfter"].as_u64().unwrap() > 60, "{data}");
    assert!(!names(&server, "user").contains(&"user10".to_owned()));
    assert!(!names(&server, "room").contains(&"room10".to_owned()));
    // Into a room that is there it may come, and elsewhere rooms are founded.
    refused.send("auth", credentials("user10", "room9"));
    assert_eq!(refused.expect("auth")["accessLevel"], 3);
    let (event, ..) = enter(&server, "somebody", "elsewhere", "192.0.2.2");
    assert_eq!(event, "auth");
}

#[test]
fn an_account_founds_ten_rooms_wherever_it_is() {
    let server = Server::start_with(&PROXIED);
    for number in 0..11 {
        let address = format!("192.0.{number}.1");
        let (event, data, _) = enter(&server, "alice", &format!("room{number}"), &address);
        match number {
            10 => assert_eq!(data["Code"], 429),
            _ => assert_eq!(event, "auth"),
        }
    }
}

#[test]
fn an_address_makes_so_many_accounts() {
    let server = Server::start_with(&[&PROXIED[..], &["--account-burst", "3"]].concat());
    for number in 0..5 {
        let (event, data, _) = enter(&server, &format!("user{number}"), "stream", "2001:db8::1");
        match number {
            0..3 => assert_eq!(event, "auth"),
            _ => assert_eq!(data["Code"], 429),
        }
    }
    assert_eq!(names(&server, "user").len(), 3);
    let (event, ..) = enter(&server, "somebody", "stream", "2001:db8:1::1");
    assert_eq!(event, "auth");
}

#[test]
fn founders_of_many_rooms_post_no_more_than_one_address_may() {
    let server = Server::start_with(&PROXIED);
    let mut stored = 0;
    for number in 0..10 {
        let (user, room) = (format!("user{number}"), format!("room{number}"));
        let (event, _, mut client) = enter(&server, &user, &room, "192.0.2.1");
        assert_eq!(event, "auth");
        for _ in 0..40 {
            client.send("message", json!({ "content": "flood" }));
            stored += u64::from(client.next_event().0 == "message");
        }
    }
    // Five times what one may at once, and what came back meanwhile.
    assert!((100..200).contains(&stored), "{stored}");
}

#[test]
fn those_whom_a_founder_appoints_post_no_more_together_than_one_of_them() {
    let server = Server::start_with(&[&PROXIED[..], &["--message-rate", "6"]].concat());
    let (_, _, mut founder) = enter(&server, "founder", "room", "192.0.2.1");
    let mut stored = 0;
    for number in 0..5 {
        let user = format!("user{number}");
        let (_, _, mut client) = enter(&server, &user, "room", "192.0.2.2");
        founder.send("setMod", json!({ "username": user }));
        founder.expect("setMod");
        client.expect("setMod");
        for _ in 0..100 {
            client.send("message", json!({ "content": "flood" }));
            stored += u64::from(client.next_event().0 == "message");
        }
        drop(client);
        drop(founder);
        founder = enter(&server, "founder", "room", "192.0.2.1").2;
    }
    assert!((200..300).contains(&stored), "{stored}");
    // One whom an operator appoints counts for themself.
    said(&server, &["mod", "add", "room", "user4"]);
    let (_, _, mut trusted) = enter(&server, "user4", "room", "192.0.2.2");
    trusted.post("hello");
}

#[test]
fn what_a_founder_does_to_the_own_room_is_limited_too() {
    let server = Server::start_with(&["--message-rate", "6", "--event-burst", "9000"]);
    let mut founder = RawClient::join(&server, "founder", "room");
    let mut done = 0;
    for number in 0..260 {
        founder.send("setRoom", json!({ "topic": format!("topic {number}") }));
        // Without the capability there is no answer but a refusal, which the room gives before this.
        founder.send("who", Value::Null);
        match founder.next_event() {
            (event, _) if event == "who" => done += 1,
            (_, refusal) => {
                assert_eq!(refusal["Code"], 429, "{refusal}");
                assert_eq!(refusal["event"], "setRoom");
                founder.expect("who");
                break;
            }
        }
    }
    assert!((200..230).contains(&done), "{done}");
}

#[test]
fn where_nobody_founds_rooms_they_come_from_operators() {
    let mut server = Server::start_with(&["--founders", "nobody"]);
    let mut alice = RawClient::connect(&server);
    refused(&mut alice, 404, "auth", credentials("alice", "stream"), "");
    assert_eq!(said(&server, &["user", "list"]), "");
    assert_eq!(said(&server, &["room", "list"]), "");
    said(&server, &["room", "add", "stream"]);
    said_no(&server, &["room", "add", "stream"], "already");
    alice.send("auth", credentials("alice", "stream"));
    assert_eq!(alice.expect("auth")["accessLevel"], 3);
    alice.post("hello");
    said(&server, &["mod", "add", "--admin", "stream", "alice"]);
    alice.expect("setMod");
    alice.send("setRoom", json!({ "topic": "welcome" }));
    alice.expect_nothing();
    // The same without a server.
    server.stop();
    said(&server, &["room", "add", "other"]);
    server.restart();
    for room in ["stream", "other"] {
        let level = if room == "stream" { 0 } else { 3 };
        let auth = RawClient::connect(&server).auth("alice", room);
        assert_eq!(auth["accessLevel"], level, "{room}");
    }
    let mut alice = RawClient::connect(&server);
    refused(&mut alice, 404, "auth", credentials("alice", "third"), "");
}

#[test]
fn an_operator_gives_a_room_its_owner_before_a_stranger_comes() {
    let mut server = Server::start();
    let password = format!("{}\n", password_of("streamer"));
    let added = Server::manage_users(&server.data(), &["add", "streamer"], &password);
    assert_eq!(added.status.code(), Some(0), "{}", added.error);
    for is_running in [true, false] {
        if !is_running {
            server.stop();
        }
        for flags in [&[][..], &["--vip"], &["--admin"]] {
            let arguments = [&["mod", "add"], flags, &["stream2", "streamer"]].concat();
            said_no(&server, &arguments, "there is no room stream2");
        }
        said_no(
            &server,
            &["mod", "remove", "stream2", "streamer"],
            "no room",
        );
    }
    server.restart();
    said(
        &server,
        &["mod", "add", "--admin", "--create", "stream2", "streamer"],
    );
    let stranger = RawClient::connect(&server).auth("stranger", "stream2");
    assert_eq!(stranger["accessLevel"], 3);
    let streamer = RawClient::connect(&server).auth("streamer", "stream2");
    assert_eq!(streamer["accessLevel"], 0);
    let audit = said(&server, &["audit", "--room", "stream2"]);
    assert!(audit.contains("setAdmin streamer"), "{audit}");
}

#[test]
fn a_room_gets_another_administrator_when_its_own_is_gone() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    said(&server, &["user", "remove", "owner"]);
    owner.expect_close(4106);
    said(&server, &["mod", "add", "--admin", "stream", "bob"]);
    bob.expect("setMod");
    drop(RawClient::join(&server, "carol", "stream"));
    bob.send("setMod", json!({ "username": "carol" }));
    bob.expect("setMod");
    said(&server, &["mod", "remove", "stream", "bob"]);
    bob.expect("delMod");
}

#[test]
fn who_is_banned_by_address_makes_no_accounts() {
    let server = Server::start_with(&[&PROXIED[..], &["--ban-addresses"]].concat());
    let (_, _, mut owner) = enter(&server, "owner", "stream", "192.0.2.1");
    let (_, _, mut troll) = enter(&server, "troll", "stream", "192.0.2.2");
    owner.send("ban", json!({ "username": "troll" }));
    owner.expect("ban");
    troll.expect("ban");
    for number in 0..3 {
        let user = format!("user{number}");
        let (_, data, _) = enter(&server, &user, "stream", "192.0.2.2");
        assert_eq!(data["Code"], 403, "{data}");
    }
    assert_eq!(names(&server, "user"), ["owner", "troll"]);
}

#[test]
fn whom_a_server_administrator_appoints_in_a_new_room_stands_above_who_comes_next() {
    let server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    drop(RawClient::join(&server, "streamer", "stream"));
    said(&server, &["admin", "grant", "alice"]);
    let mut alice = RawClient::join(&server, "alice", "stream9");
    alice.send("setMod", json!({ "username": "streamer" }));
    alice.expect("setMod");
    let stranger = RawClient::connect(&server).auth("stranger", "stream9");
    assert_eq!(stranger["accessLevel"], 3);
    let streamer = RawClient::connect(&server).auth("streamer", "stream9");
    assert_eq!(streamer["accessLevel"], 1);
    said(&server, &["mod", "add", "stream9", "streamer", "--admin"]);
}
