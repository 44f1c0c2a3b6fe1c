//! What moderators do: who may, what everybody sees of it, and that it holds.

use std::sync::atomic::{AtomicBool, Ordering};

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::rig::count_from;
use crate::support::{Over, contents, entries, numbered, post_all, refused};

const ROOM: &str = "stream";

/// The room's administrator and two users.
fn room(server: &Server) -> [RawClient; 3] {
    ["owner", "alice", "bob"].map(|user| RawClient::join(server, user, ROOM))
}

fn credentials(user: &str) -> Value {
    json!({ "username": user, "password": password_of(user), "room": ROOM })
}

/// Does it, and expects the answer to who did it.
#[track_caller]
fn done(client: &mut RawClient, event: &str, data: Value, names: &str) {
    client.send(event, data);
    let answer = client.expect(event);
    assert_eq!(answer["message"], "Success", "{answer}");
    let reason = answer["reason"].as_str().unwrap();
    assert!(reason.contains(names), "{reason}");
}

#[test]
fn a_kick_ends_all_connections_of_its_target_who_may_come_back() {
    let server = Server::start();
    let [mut owner, mut alice, mut bob] = room(&server);
    let mut bob_too = RawClient::join(&server, "BOB", ROOM);
    let kick = json!({ "username": "Bob", "reason": "spam" });
    done(&mut owner, "kick", kick, "bob");
    for client in [&mut bob, &mut bob_too] {
        let notice = client.expect("kick");
        assert_eq!(
            notice,
            json!({ "message": "Disconnected", "reason": "spam" })
        );
        client.expect_close(4103);
    }
    alice.expect_nothing();
    let gone = json!({ "username": "bob" });
    refused(&mut owner, 404, "kick", gone, "bob");
    RawClient::join(&server, "bob", ROOM).post("back");
}

#[test]
fn a_ban_closes_live_connections_and_holds_until_it_is_lifted() {
    let mut server = Server::start();
    let [mut owner, _alice, mut bob] = room(&server);
    let token = RawClient::connect(&server).auth("bob", "elsewhere")["token"].clone();
    done(
        &mut owner,
        "ban",
        json!({ "username": "bob", "reason": "spam" }),
        "bob",
    );
    assert_eq!(bob.expect("ban")["message"], "Disconnected");
    bob.expect_close(4104);
    server.kill();
    server.restart();
    let mut bob = RawClient::connect(&server);
    refused(&mut bob, 403, "auth", credentials("bob"), "spam");
    let by_token = json!({ "username": "bob", "token": token, "room": ROOM });
    refused(&mut bob, 403, "auth", by_token, "banned");
    bob.auth("bob", "another room");
    let mut owner = RawClient::join(&server, "owner", ROOM);
    done(&mut owner, "unban", json!({ "username": "bob" }), "bob");
    RawClient::join(&server, "bob", ROOM).post("back");
}

#[test]
fn who_was_never_here_can_be_banned_and_a_ban_ends_by_itself() {
    let server = Server::start();
    let [mut owner, ..] = room(&server);
    drop(RawClient::join(&server, "carol", "elsewhere"));
    let ban = json!({ "username": "carol", "duration": 1 });
    done(&mut owner, "ban", ban, "for 1 s");
    let mut carol = RawClient::connect(&server);
    refused(&mut carol, 403, "auth", credentials("carol"), "1 s");
    crate::support::eventually(|| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        carol.send("auth", credentials("carol"));
        (carol.next_event().0 == "auth").then_some(())
    });
    refused(
        &mut owner,
        404,
        "ban",
        json!({ "username": "nobody" }),
        "user",
    );
}

#[test]
fn who_is_muted_hears_how_long_over_reconnects_and_restarts() {
    let mut server = Server::start();
    let [mut owner, mut alice, mut bob] = room(&server);
    let mute = json!({ "username": "bob", "duration": 600, "reason": "calm" });
    done(&mut owner, "mute", mute, "10 min");
    let notice = bob.expect("mute");
    assert_eq!(notice, json!({ "duration": 600, "reason": "calm" }));
    bob.send("message", json!({ "content": "hm", "nonce": "n" }));
    let notice = bob.expect("mute");
    assert_eq!(notice["nonce"], "n");
    assert!((590..=600).contains(&notice["duration"].as_u64().unwrap()));
    alice.expect_nothing();
    server.kill();
    server.restart();
    let mut bob = RawClient::join(&server, "bob", ROOM);
    bob.send("message", json!({ "content": "hm" }));
    bob.expect("mute");
    let mut owner = RawClient::join(&server, "owner", ROOM);
    done(&mut owner, "unmute", json!({ "username": "bob" }), "bob");
    bob.expect("unmute");
    bob.post("at last");
}

#[test]
fn moderators_are_made_and_unmade_at_once() {
    let server = Server::start();
    let [mut owner, mut alice, mut bob] = room(&server);
    done(
        &mut owner,
        "setMod",
        json!({ "username": "alice" }),
        "alice",
    );
    assert_eq!(alice.expect("setMod"), json!({}));
    assert_eq!(alice.post("now")["rank"], 1);
    bob.expect("message");
    let target = json!({ "username": "bob", "duration": 60 });
    done(&mut alice, "mute", target, "bob");
    bob.expect("mute");
    // No moderator acts on another, on the administrator, or makes one.
    refused(&mut alice, 403, "kick", json!({ "username": "owner" }), "");
    refused(&mut alice, 403, "setMod", json!({ "username": "bob" }), "");
    owner.expect("message");
    done(
        &mut owner,
        "delMod",
        json!({ "username": "alice" }),
        "alice",
    );
    assert_eq!(alice.expect("delMod"), json!({}));
    refused(&mut alice, 403, "unmute", json!({ "username": "bob" }), "");
    let again = RawClient::connect(&server).auth("alice", ROOM);
    assert_eq!(again["accessLevel"], 3);
}

#[test]
fn a_purge_takes_all_of_a_user_and_clear_takes_all() {
    let server = Server::start();
    let [mut owner, mut alice, mut bob] = room(&server);
    let epoch = bob.history(json!({}))["epoch"].clone();
    for text in ["one", "two"] {
        bob.post(text);
        alice.expect("message");
        owner.expect("message");
    }
    alice.post("stays");
    owner.expect("message");
    bob.expect("message");
    owner.send("purge", json!({ "username": "bob" }));
    let purge = json!({ "username": "bob", "seq": 4, "by": "owner" });
    for client in [&mut owner, &mut alice, &mut bob] {
        assert_eq!(client.expect("purge"), purge);
    }
    let history = alice.history(json!({}));
    assert_eq!(contents(&history), ["stays"]);
    assert_eq!(
        entries(&history).last().unwrap(),
        &json!({ "event": "purge", "data": purge })
    );
    owner.send("clear", Value::Null);
    for client in [&mut owner, &mut alice, &mut bob] {
        assert_eq!(client.expect("clear"), json!({ "seq": 5, "by": "owner" }));
    }
    assert!(contents(&alice.history(json!({}))).is_empty());
    // Who comes back is told of both.
    let mut back = RawClient::connect(&server);
    let mut data = credentials("bob");
    data["since"] = json!({ "epoch": epoch, "seq": 2 });
    back.auth_with(data);
    let history = back.expect("history");
    assert_eq!(history["recovered"], true);
    assert_eq!(
        entries(&history),
        [json!({ "event": "clear", "data": { "seq": 5, "by": "owner" } })]
    );
    assert_eq!(back.post("anew")["seq"], 6);
}

#[test]
fn modes_are_told_to_those_who_asked_and_hold() {
    let mut server = Server::start();
    let [mut owner, mut alice, _bob] = room(&server);
    let mut asking = RawClient::connect(&server);
    let mut data = credentials("carol");
    data["capabilities"] = json!(["room"]);
    asking.auth_with(data.clone());
    let plain = json!({ "slowMode": 0, "membersOnly": false, "topic": "", "pinned": null });
    assert_eq!(asking.expect("room"), plain);
    let id = owner.post("the rules")["id"].clone();
    alice.expect("message");
    asking.expect("message");
    owner.send("setRoom", json!({ "topic": "Any%", "pinned": id }));
    let changed = asking.expect("room");
    assert_eq!(
        changed,
        json!({ "slowMode": 0, "membersOnly": false, "topic": "Any%", "pinned": id, "seq": 2 })
    );
    owner.send("setRoom", json!({ "slowMode": 30 }));
    assert_eq!(asking.expect("room")["topic"], "Any%");
    alice.post("first");
    refused(
        &mut alice,
        429,
        "message",
        json!({ "content": "x" }),
        "slow mode",
    );
    // Who did not ask for modes is told of none, live or later.
    let history = alice.history(json!({}));
    assert!(
        entries(&history)
            .iter()
            .all(|entry| entry["event"] == "message")
    );
    owner.expect("message");
    refused(
        &mut owner,
        404,
        "setRoom",
        json!({ "pinned": "nothing-1" }),
        "pinned",
    );
    server.kill();
    server.restart();
    let mut asking = RawClient::connect(&server);
    asking.auth_with(data);
    let kept = asking.expect("room");
    assert_eq!((&kept["slowMode"], &kept["pinned"]), (&json!(30), &id));
    // The pin goes with its message.
    let mut owner = RawClient::join(&server, "owner", ROOM);
    owner.send("deleteMessage", json!({ "id": id }));
    asking.expect("deleteMessage");
    assert_eq!(asking.expect("room")["pinned"], Value::Null);
}

#[test]
fn history_goes_on_however_often_the_modes_change() {
    let server = Server::start_without_limits();
    let [mut owner, mut alice, _bob] = room(&server);
    let posted = post_all(&mut owner, numbered(3));
    for topic in 0..60 {
        owner.send("setRoom", json!({ "topic": topic.to_string() }));
    }
    owner.history(json!({}));
    for _ in 0..3 {
        alice.expect("message");
    }
    let history = alice.history(json!({ "limit": 3 }));
    assert_eq!(contents(&history), ["message 1", "message 2", "message 3"]);
    assert_eq!((posted.len(), &history["complete"]), (3, &json!(true)));
}

#[test]
fn no_history_comes_after_what_was_taken_out_of_it() {
    let server = Server::start_without_limits();
    let [mut owner, mut alice, mut bob] = room(&server);
    for round in 0..20 {
        post_all(&mut bob, numbered(20));
        for _ in 0..10 {
            alice.send("history", json!({ "limit": 200 }));
        }
        owner.send("purge", json!({ "username": "bob" }));
        for _ in 0..10 {
            alice.send("history", json!({ "limit": 200 }));
        }
        let (mut is_purged, mut answers) = (false, 0);
        while answers < 20 || !is_purged {
            let (event, data) = alice.next_event();
            is_purged |= event == "purge";
            if event == "history" {
                answers += 1;
                let shown = contents(&data).len();
                assert!(!is_purged || shown == 0, "round {round}: {shown} came back");
            }
        }
        while bob.next_event().0 != "purge" {}
        while owner.next_event().0 != "purge" {}
    }
}

#[test]
fn a_pin_does_not_outlive_its_message_over_a_crash() {
    let mut server = Server::start();
    let [mut owner, ..] = room(&server);
    let id = owner.post("the rules")["id"].clone();
    owner.send("setRoom", json!({ "pinned": id }));
    owner.send("clear", Value::Null);
    owner.expect("clear");
    server.kill();
    server.restart();
    let mut data = credentials("owner");
    data["capabilities"] = json!(["room"]);
    let mut owner = RawClient::connect(&server);
    owner.auth_with(data);
    // Perhaps once as it was, then as it is.
    while owner.expect("room")["pinned"] != Value::Null {}
}

#[test]
fn after_the_answer_to_a_ban_or_mute_nothing_of_its_target_gets_through() {
    race_with_verdicts(0);
}

#[test]
fn nor_where_messages_wait_to_share_a_write() {
    race_with_verdicts(60);
}

/// A few rounds by default; `CHAT_RACES=2000` for a long run. With so many silent connections beside.
fn race_with_verdicts(silent: usize) {
    let rounds = count_from("CHAT_RACES", 20);
    let server = Server::start_without_limits();
    let mut owner = RawClient::connect(&server);
    let owner_token = owner.auth("owner", ROOM)["token"].clone();
    let _silent: Vec<RawClient> = (0..silent)
        .map(|_| {
            let mut client = RawClient::connect(&server);
            client.auth_with(json!({ "username": "owner", "token": owner_token, "room": ROOM }));
            client
        })
        .collect();
    let token = RawClient::connect(&server).auth("troll", "elsewhere")["token"].clone();
    let data = json!({ "username": "troll", "token": token, "room": ROOM });
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // Comes back at once, by a resume, and talks as fast as it can.
                while !is_over.load(Ordering::Relaxed) {
                    let Ok(mut client) = RawClient::open(server.address(), "/") else {
                        continue;
                    };
                    client.try_send("auth", data.clone());
                    for number in 0..20 {
                        client.try_send("message", json!({ "content": number.to_string() }));
                    }
                    // Its own messages or its refusal: something comes, then it goes.
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
            let (order, end, data) = match round % 2 {
                0 => ("ban", "unban", json!({ "username": "troll" })),
                _ => (
                    "mute",
                    "unmute",
                    json!({ "username": "troll", "duration": 600 }),
                ),
            };
            owner.send(order, data);
            wait_for(&mut owner, order);
            owner.send("message", json!({ "content": format!("quiet {round}") }));
            wait_for_own(&mut owner, &format!("quiet {round}"));
            for _ in 0..20 {
                owner.send("ping", Value::Null);
                let (event, data) = owner.next_event();
                assert_eq!(event, "pong", "after the {order}: {data}");
            }
            owner.send(end, json!({ "username": "troll" }));
            wait_for(&mut owner, end);
            // Until it talks again.
            while owner.next_event().1["username"] != "troll" {}
        }
    });
}

fn wait_for(client: &mut RawClient, event: &str) {
    while client.next_event().0 != event {}
}

/// Nothing but the own message may come between.
#[track_caller]
fn wait_for_own(client: &mut RawClient, content: &str) {
    let message = client.expect("message");
    assert_eq!(
        message["content"], content,
        "somebody banned or muted got through"
    );
}
