//! Bans of addresses: operators' from the whole server, and those that a ban of a user takes along.

use std::sync::atomic::{AtomicBool, Ordering};

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::rig::count_from;
use crate::support::{Over, eventually, hand_out, operate, refused, said};

const ROOM: &str = "stream";
const HERE: &str = "198.51.100.1";
const BANNED: &str = "203.0.113.5";
const NETWORK: &str = "203.0.113.0/24";

/// A server behind a proxy that tells where clients are.
fn server() -> Server {
    server_with(&[])
}

fn server_with(arguments: &[&str]) -> Server {
    Server::start_with(&[&["--trusted-proxy", "127.0.0.1", "--no-limits"], arguments].concat())
}

#[track_caller]
fn connect(server: &Server, address: &str) -> RawClient {
    let mut client = RawClient::open_for(server.address(), address).unwrap();
    client.expect("connection");
    client
}

#[track_caller]
fn enter(server: &Server, user: &str, address: &str) -> RawClient {
    let mut client = connect(server, address);
    client.auth(user, ROOM);
    client
}

fn credentials(user: &str) -> Value {
    json!({ "username": user, "password": password_of(user), "room": ROOM })
}

/// Whoever `user` is may not come in from `address`, for the reason that `names` holds.
#[track_caller]
fn kept_out(server: &Server, user: &str, address: &str, names: &str) {
    let mut client = connect(server, address);
    refused(&mut client, 403, "auth", credentials(user), names);
}

#[track_caller]
fn put_out(client: &mut RawClient, reason: &str) {
    let notice = json!({ "message": "Disconnected", "reason": reason });
    assert_eq!(client.expect("ban"), notice);
    client.expect_close(4104);
}

#[test]
fn a_banned_network_is_put_out_at_once_and_kept_out_until_it_is_lifted() {
    let mut server = server();
    let mut owner = enter(&server, "owner", HERE);
    let mut bob = enter(&server, "bob", BANNED);
    let mut elsewhere = connect(&server, BANNED);
    elsewhere.auth("carl", "another room");
    let mut waiting = connect(&server, "203.0.113.200");
    let mut waiting_here = connect(&server, HERE);
    let add = ["ban", "add", "--address", NETWORK];
    let done = said(&server, &[&add[..], &["--reason", "spam"]].concat());
    let hit = "3 connections closed, of 2 users";
    assert_eq!(done, format!("{NETWORK} is banned for good; {hit}"));
    for client in [&mut bob, &mut elsewhere, &mut waiting] {
        put_out(client, "spam");
    }
    owner.expect_nothing();
    waiting_here.expect_nothing();
    let words = "your address is banned from this server: spam";
    kept_out(&server, "bob", BANNED, words);
    kept_out(&server, "bob", "::ffff:203.0.113.9", words);
    enter(&server, "bob", HERE).post("from elsewhere");
    owner.expect("message");
    // Nobody becomes somebody there, and no room gets its owner.
    let mut newcomer = connect(&server, BANNED);
    let mut data = credentials("newcomer");
    data["room"] = json!("new");
    refused(&mut newcomer, 403, "auth", data, words);
    newcomer.expect_nothing();
    assert!(!said(&server, &["user", "list"]).contains("newcomer"));
    let first = RawClient::connect(&server).auth("first", "new");
    assert_eq!(first["accessLevel"], 0);

    server.kill();
    server.restart();
    kept_out(&server, "bob", BANNED, words);
    let list = said(&server, &["ban", "list", "--addresses"]);
    assert_eq!(list, format!("{NETWORK}\tfor good\tspam"));
    let mut waiting = connect(&server, BANNED);
    let done = said(&server, &["ban", "remove", "--address", NETWORK]);
    assert_eq!(done, format!("{NETWORK} is no longer banned"));
    waiting.auth("bob", ROOM);
    waiting.post("back");
    assert_eq!(said(&server, &["ban", "list", "--addresses"]), "");
    let audit = said(&server, &["audit"]);
    let lines: Vec<&str> = audit.lines().collect();
    assert_eq!(lines.len(), 2, "{audit}");
    let ban = format!("\t\tserver operator\tbanAddress {NETWORK}: spam");
    assert!(lines[0].ends_with(&ban), "{audit}");
    let unban = format!("\t\tserver operator\tunbanAddress {NETWORK}");
    assert!(lines[1].ends_with(&unban), "{audit}");
}

#[test]
fn an_address_is_banned_as_given_and_its_ban_ends_by_the_clock() {
    let server = server();
    let near = "2001:db8:0:1::2";
    let given = "2001:db8:0:1::1";
    let add = ["ban", "add", "--address", given, "--duration", "2"];
    let done = said(&server, &add);
    assert!(
        done.starts_with("2001:db8:0:1::1/128 is banned for 2 s"),
        "{done}"
    );
    let words = "your address is banned from this server for ";
    kept_out(&server, "bob", given, words);
    enter(&server, "bob", near).post("a neighbour");
    let list = said(&server, &["ban", "list", "--addresses"]);
    assert!(list.starts_with("2001:db8:0:1::1/128\t20"), "{list}");
    let mut bob = connect(&server, given);
    eventually(|| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        bob.send("auth", credentials("bob"));
        (bob.next_event().0 == "auth").then_some(())
    });
    assert_eq!(said(&server, &["ban", "list", "--addresses"]), "");
}

#[test]
fn server_administrators_lock_themselves_out_of_nothing() {
    let server = server();
    let mut dora = enter(&server, "dora", BANNED);
    let mut bob = enter(&server, "bob", BANNED);
    said(&server, &["admin", "grant", "DORA"]);
    said(&server, &["ban", "add", "--address", "0.0.0.0/0", "--yes"]);
    put_out(&mut bob, "");
    dora.post("still here");
    enter(&server, "Dora", BANNED).post("and back");
    kept_out(&server, "bob", HERE, "banned from this server");
    said(&server, &["admin", "revoke", "dora"]);
    kept_out(&server, "dora", BANNED, "banned from this server");
}

#[test]
fn addresses_are_banned_while_the_server_does_not_run() {
    let mut server = server();
    drop(enter(&server, "bob", BANNED));
    server.stop();
    let done = said(&server, &["ban", "add", "--address", NETWORK]);
    assert_eq!(done, format!("{NETWORK} is banned for good"));
    let list = said(&server, &["ban", "list", "--addresses"]);
    assert_eq!(list, format!("{NETWORK}\tfor good"));
    server.restart();
    kept_out(&server, "bob", BANNED, "banned from this server");
    server.stop();
    said(&server, &["ban", "remove", "--address", NETWORK]);
    server.restart();
    enter(&server, "bob", BANNED).post("back");
}

#[test]
fn what_an_operator_gets_wrong_is_said_and_nothing_is_done() {
    let mut server = server();
    drop(enter(&server, "bob", HERE));
    let long = "x".repeat(501);
    let wrong: &[(&[&str], i32, &str)] = &[
        (&["add"], 2, "<ROOM>"),
        (&["add", "stream"], 2, "<NAME>"),
        (&["add", "--address", "here"], 2, "neither an address"),
        (&["add", "--address", "10.0.0.0/33"], 2, "10.0.0.0/33"),
        (
            &["add", "stream", "--address", "10.0.0.1"],
            2,
            "cannot be used",
        ),
        (
            &["add", "stream", "bob", "--address", "10.0.0.1"],
            2,
            "cannot be used",
        ),
        (
            &["add", "--address", "10.0.0.1", "--ban-addresses"],
            2,
            "cannot be used",
        ),
        (
            &["add", "--address", "10.0.0.1", "--duration", "0"],
            2,
            "duration",
        ),
        (
            &["add", "--address", "10.0.0.1", "--reason", &long],
            2,
            "500",
        ),
        (&["remove"], 2, "<ROOM>"),
        (
            &["remove", "stream", "--address", "10.0.0.1"],
            2,
            "cannot be used",
        ),
        (
            &["remove", "--address", "10.0.0.1"],
            1,
            "10.0.0.1/32 is not banned",
        ),
        (&["list"], 2, "<ROOM>"),
        (&["list", "stream", "--addresses"], 2, "cannot be used"),
    ];
    for is_running in [true, false] {
        for (arguments, code, words) in wrong {
            let finished = operate(&server, &[&["ban"], *arguments].concat());
            assert_eq!(finished.status.code(), Some(*code), "{arguments:?}");
            assert!(finished.error.contains(words), "{}", finished.error);
        }
        assert_eq!(said(&server, &["audit"]), "");
        if is_running {
            server.stop();
        }
    }
}

#[test]
fn a_ban_takes_the_users_addresses_along_where_all_do() {
    let mut server = server_with(&["--ban-addresses"]);
    let mut owner = enter(&server, "owner", HERE);
    let bob_at = ["203.0.113.5", "2001:db8:0:1::1"];
    let mut bob = bob_at.map(|address| enter(&server, "bob", address));
    // The same addresses, but for the last one, whose network is another.
    let mut eve = enter(&server, "eve", "203.0.113.5");
    let mut eve_too = enter(&server, "eve", "2001:db8:0:1:ffff::2");
    let mut eve_elsewhere = connect(&server, "203.0.113.5");
    eve_elsewhere.auth("eve", "another room");
    let mut eve_near = enter(&server, "eve", "2001:db8:0:2::1");
    let mut vip = enter(&server, "vip", "203.0.113.5");
    said(&server, &["mod", "add", ROOM, "vip", "--vip"]);
    drop(enter(&server, "mod", HERE));
    said(&server, &["mod", "add", ROOM, "mod"]);
    drop(enter(&server, "dora", HERE));
    said(&server, &["admin", "grant", "dora"]);
    owner.send("ban", json!({ "username": "bob", "reason": "spam" }));
    let answer = owner.expect("ban");
    assert_eq!(
        answer["reason"],
        "bob is banned for good, with 2 recent addresses"
    );
    for client in bob.iter_mut().chain([&mut eve, &mut eve_too]) {
        put_out(client, "spam");
    }
    eve_elsewhere.expect_nothing();
    eve_near.expect_nothing();
    vip.expect_nothing();
    let words = "your address is banned from this room: spam";
    for _ in 0..2 {
        kept_out(&server, "eve", "203.0.113.5", words);
        kept_out(&server, "newcomer", "2001:db8:0:1::7", words);
        kept_out(&server, "bob", HERE, "you are banned");
        for (user, address) in [
            ("eve", "203.0.113.6"),
            ("eve", "2001:db8:0:2::7"),
            ("vip", "203.0.113.5"),
            ("mod", "203.0.113.5"),
            ("dora", "2001:db8:0:1::7"),
        ] {
            enter(&server, user, address).expect_nothing();
        }
        connect(&server, "203.0.113.5").auth("eve", "another room");
        server.kill();
        server.restart();
    }
    let list = said(&server, &["ban", "list", ROOM]);
    assert_eq!(
        list,
        "bob\tfor good\tspam\t203.0.113.5/32 2001:db8:0:1::/64"
    );
    let mut owner = enter(&server, "owner", HERE);
    owner.send("unban", json!({ "username": "bob" }));
    owner.expect("unban");
    enter(&server, "eve", "203.0.113.5").post("back");
    assert_eq!(said(&server, &["ban", "list", ROOM]), "");
    server.kill();
    server.restart();
    enter(&server, "eve", "2001:db8:0:1::7").post("back");
}

#[test]
fn an_operator_takes_the_addresses_of_an_absent_user_along() {
    let mut server = server();
    drop(enter(&server, "owner", HERE));
    drop(enter(&server, "bob", "203.0.113.5"));
    // Wherever it was that he entered.
    connect(&server, "203.0.113.6").auth("bob", "another room");
    let done = said(&server, &["ban", "add", ROOM, "bob"]);
    assert!(done.starts_with("bob is banned for good"), "{done}");
    enter(&server, "eve", "203.0.113.5").expect_nothing();
    let add = ["ban", "add", ROOM, "bob", "--ban-addresses", "--duration"];
    let done = said(&server, &[&add[..], &["600"]].concat());
    assert!(
        done.starts_with("bob is banned for 10 min, with 2 recent addresses"),
        "{done}"
    );
    for address in ["203.0.113.5", "203.0.113.6"] {
        kept_out(
            &server,
            "eve",
            address,
            "your address is banned from this room for ",
        );
    }
    said(&server, &["ban", "remove", ROOM, "bob"]);
    enter(&server, "eve", "203.0.113.5").expect_nothing();
    // The addresses go with the ban's time.
    said(&server, &[&add[..], &["1"]].concat());
    let mut eve = connect(&server, "203.0.113.6");
    eventually(|| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        eve.send("auth", credentials("eve"));
        (eve.next_event().0 == "auth").then_some(())
    });
    // And all the same where no server runs.
    server.stop();
    let done = said(&server, &["ban", "add", ROOM, "bob", "--ban-addresses"]);
    assert!(
        done.starts_with("bob is banned for good, with 2 recent addresses"),
        "{done}"
    );
    server.restart();
    kept_out(
        &server,
        "eve",
        "203.0.113.6",
        "your address is banned from this room",
    );
    server.stop();
    said(&server, &["ban", "remove", ROOM, "bob"]);
    server.restart();
    enter(&server, "eve", "203.0.113.6").expect_nothing();
}

#[test]
fn whose_account_goes_is_known_from_nowhere_and_leaves_the_ban_behind() {
    let server = server();
    drop(enter(&server, "owner", HERE));
    drop(enter(&server, "bob", "203.0.113.5"));
    said(&server, &["ban", "add", ROOM, "bob", "--ban-addresses"]);
    kept_out(&server, "eve", "203.0.113.5", "your address");
    said(&server, &["user", "remove", "bob"]);
    kept_out(&server, "eve", "203.0.113.5", "your address");
    said(&server, &["ban", "remove", ROOM, "bob"]);
    enter(&server, "eve", "203.0.113.5").expect_nothing();
    hand_out(&server, "bob");
    drop(enter(&server, "bob", "203.0.113.7"));
    said(&server, &["ban", "add", ROOM, "bob", "--ban-addresses"]);
    let list = said(&server, &["ban", "list", ROOM]);
    assert_eq!(list, "bob\tfor good\t\t203.0.113.7/32");
}

#[test]
fn a_deleted_room_bans_no_address_any_more() {
    let mut server = server();
    drop(enter(&server, "bob", "203.0.113.5"));
    let mut owner = enter(&server, "owner", HERE);
    owner.post("hi");
    said(&server, &["ban", "add", ROOM, "bob", "--ban-addresses"]);
    kept_out(&server, "eve", "203.0.113.5", "your address");
    server.stop();
    said(&server, &["room", "delete", ROOM]);
    server.restart();
    enter(&server, "eve", "203.0.113.5").post("mine now");
}

#[test]
fn a_proxy_that_is_not_named_is_nobodys_address() {
    let server = Server::start_with(&["--ban-addresses"]);
    let through_proxy = |user: &str| enter(&server, user, "203.0.113.5");
    let _owner = through_proxy("owner");
    let mut bob = through_proxy("bob");
    let mut eve = through_proxy("eve");
    let done = said(&server, &["ban", "add", ROOM, "bob"]);
    assert!(done.starts_with("bob is banned for good"), "{done}");
    put_out(&mut bob, "");
    eve.expect_nothing();
    // Who comes to it without a proxy is at that address like at any other.
    let mut carl = RawClient::join(&server, "carl", ROOM);
    let done = said(&server, &["ban", "add", ROOM, "carl"]);
    assert!(
        done.starts_with("carl is banned for good, with 1 recent address"),
        "{done}"
    );
    put_out(&mut carl, "");
    let mut direct = RawClient::connect(&server);
    refused(&mut direct, 403, "auth", credentials("eve"), "your address");
    eve.expect_nothing();
    through_proxy("eve").expect_nothing();
}

/// A few rounds by default; `CHAT_RACES=2000` for a long run.
#[test]
fn after_the_answer_to_a_ban_of_an_address_nothing_gets_through_from_there() {
    let rounds = count_from("CHAT_RACES", 20);
    let server = server();
    let mut owner = enter(&server, "owner", HERE);
    let token = connect(&server, HERE).auth("troll", ROOM)["token"].clone();
    let by_token = json!({ "username": "troll", "token": token, "room": ROOM });
    said(&server, &["admin", "grant", "owner"]);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (server, is_over, by_token) = (&server, &is_over, &by_token);
            scope.spawn(move || {
                // Comes back at once, by a resume or by the password, and talks as fast as it can.
                while !is_over.load(Ordering::Relaxed) {
                    let Ok(mut client) = RawClient::open_for(server.address(), BANNED) else {
                        continue;
                    };
                    let data = match number % 2 {
                        0 => by_token.clone(),
                        _ => credentials("troll"),
                    };
                    client.try_send("auth", data);
                    for number in 0..20 {
                        client.try_send("message", json!({ "content": number.to_string() }));
                    }
                    for _ in 0..5 {
                        if client.try_next_event().is_none() {
                            break;
                        }
                    }
                }
            });
        }
        let _over = Over(&is_over);
        for round in 0..rounds {
            // Until it talks.
            while owner.next_event().1["username"] != "troll" {}
            let (ban, unban): (&[&str], &[&str]) = match round % 2 {
                0 => (
                    &["ban", "add", "--address", NETWORK],
                    &["ban", "remove", "--address", NETWORK],
                ),
                _ => (
                    &["ban", "add", ROOM, "bait", "--ban-addresses"],
                    &["ban", "remove", ROOM, "bait"],
                ),
            };
            if round % 2 == 1 {
                connect(&server, BANNED).auth("bait", "another room");
            }
            let done = said(&server, ban);
            // What was delivered before the answer is before this.
            owner.send("ping", Value::Null);
            while owner.next_event().0 != "pong" {}
            for number in 0..20 {
                owner.send(
                    "message",
                    json!({ "content": format!("quiet {round} {number}") }),
                );
                let (event, data) = owner.next_event();
                assert_eq!(
                    (event.as_str(), &data["username"]),
                    ("message", &json!("owner")),
                    "after \"{done}\" in round {round}, before {number}: {data}"
                );
            }
            said(&server, unban);
        }
    });
}
