//! `sanctions`: who is banned, muted and appointed in a room.

use chat_tests::{RawClient, Server};
use serde_json::{Value, json};

use crate::audit::order;
use crate::support::{names, refused, said};

#[track_caller]
fn sanctions(client: &mut RawClient) -> Value {
    client.send("sanctions", Value::Null);
    client.expect("sanctions")
}

#[test]
fn who_is_banned_muted_and_appointed_is_listed_by_name_over_restarts() {
    let mut server = Server::start();
    let mut owner = RawClient::join(&server, "Owner", "stream");
    let mut elsewhere = RawClient::join(&server, "Owner", "elsewhere");
    for name in ["Zoe", "bob", "Carl", "dan", "eve"] {
        drop(RawClient::join(&server, name, "stream"));
    }
    assert_eq!(
        sanctions(&mut owner),
        json!({
            "banned": [], "muted": [], "truncated": false,
            "appointed": [{ "username": "Owner", "rank": 0 }],
        })
    );
    for (event, data) in [
        ("setMod", json!({ "username": "zoe" })),
        ("setVip", json!({ "username": "bob" })),
        ("ban", json!({ "username": "eve" })),
        (
            "ban",
            json!({ "username": "carl", "duration": 600, "reason": "spam" }),
        ),
        ("mute", json!({ "username": "dan", "duration": 600 })),
    ] {
        order(&mut owner, event, data);
    }
    order(&mut elsewhere, "ban", json!({ "username": "bob" }));
    let listed = sanctions(&mut owner);
    assert_eq!(
        names(&listed),
        ["appointed", "banned", "muted", "truncated"]
    );
    let until = &listed["banned"][0]["until"];
    assert!(until.is_u64(), "{listed}");
    assert_eq!(
        listed["banned"],
        json!([
            { "username": "Carl", "until": until, "by": "Owner", "reason": "spam" },
            { "username": "eve", "until": null, "by": "Owner" },
        ])
    );
    assert_eq!(listed["muted"][0]["username"], "dan");
    assert_eq!(listed["muted"][0]["by"], "Owner");
    assert_eq!(
        listed["appointed"],
        json!([
            { "username": "Owner", "rank": 0 },
            { "username": "Zoe", "rank": 1 },
            { "username": "bob", "rank": 2 },
        ])
    );
    server.kill();
    server.restart();
    let mut owner = RawClient::join(&server, "owner", "stream");
    assert_eq!(sanctions(&mut owner), listed);
    // What an operator decides is there, and who was removed stays banned.
    said(
        &server,
        &["ban", "add", "stream", "bob", "--duration", "2h"],
    );
    said(&server, &["user", "remove", "eve"]);
    order(&mut owner, "unmute", json!({ "username": "dan" }));
    let changed = sanctions(&mut owner);
    let banned = changed["banned"].as_array().unwrap();
    let banned: Vec<_> = banned
        .iter()
        .map(|one| (&one["username"], &one["by"]))
        .collect();
    let expected = [
        (json!("bob"), json!("server operator")),
        (json!("Carl"), json!("Owner")),
        (json!("eve"), json!("Owner")),
    ];
    assert!(
        banned
            .iter()
            .zip(&expected)
            .all(|(one, other)| *one == (&other.0, &other.1))
    );
    assert_eq!((banned.len(), &changed["muted"]), (3, &json!([])));
}

#[test]
fn at_most_500_of_each_are_listed() {
    let mut server = Server::start_without_limits();
    drop(RawClient::join(&server, "owner", "stream"));
    server.stop();
    // Enough accounts without as many hashes.
    let connection = rusqlite::Connection::open(server.database()).unwrap();
    connection
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 502)
             INSERT INTO accounts (key, username, password_hash, created, id, logins)
             SELECT printf('user%04d', i), printf('User%04d', i), '', 0, 1000 + i, 'x' FROM n;",
        )
        .unwrap();
    drop(connection);
    server.restart();
    let mut owner = RawClient::join(&server, "owner", "stream");
    for number in 1..=502 {
        order(
            &mut owner,
            "ban",
            json!({ "username": format!("user{number:04}") }),
        );
        if number == 500 {
            assert_eq!(sanctions(&mut owner)["truncated"], false);
        }
    }
    let listed = sanctions(&mut owner);
    assert_eq!(listed["truncated"], true);
    let banned = listed["banned"].as_array().unwrap();
    assert_eq!(banned.len(), 500);
    assert_eq!(banned[0]["username"], "User0001");
    assert_eq!(banned[499]["username"], "User0500");
}

#[test]
fn it_is_for_moderators_and_strict() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    refused(&mut client, 401, "sanctions", json!({ "x": 1 }), "");
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    refused(&mut bob, 403, "sanctions", Value::Null, "moderators");
    refused(&mut bob, 400, "sanctions", json!({ "limit": 9 }), "limit");
    refused(
        &mut owner,
        400,
        "sanctions",
        json!({ "username": "bob" }),
        "username",
    );
    order(&mut owner, "setMod", json!({ "username": "bob" }));
    bob.expect("setMod");
    sanctions(&mut bob);
    order(&mut owner, "delMod", json!({ "username": "bob" }));
    bob.expect("delMod");
    refused(&mut bob, 403, "sanctions", Value::Null, "moderators");
}
