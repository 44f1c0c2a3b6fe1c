//! `connection` and `auth`: what a client is told, and by what right it enters.

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{names, now, refused};

#[test]
fn the_connection_event_comes_first_and_says_what_the_server_takes() {
    let server = Server::start();
    for path in ["/", "/ws"] {
        let mut client = RawClient::open(server.address(), path).unwrap();
        let data = client.expect("connection");
        assert_eq!(
            names(&data),
            ["auth", "capabilities", "limits", "protocol", "server"]
        );
        assert!(!data["server"].as_str().unwrap().is_empty());
        assert_eq!(data["protocol"], 1);
        assert_eq!(data["limits"], json!({ "content": 500, "frame": 16384 }));
        let capabilities = data["capabilities"].as_array().unwrap();
        assert!(capabilities.iter().all(Value::is_string), "{data}");
        assert!(capabilities.contains(&json!("presence")), "{data}");
        client.expect_nothing();
    }
}

#[test]
fn auth_answers_with_exactly_the_fields_of_the_contract() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    let data = client.auth("Alice", "stream");
    assert_eq!(
        names(&data),
        [
            "Code",
            "accessLevel",
            "capabilities",
            "created",
            "displayName",
            "message",
            "room",
            "token",
            "tokenExpires",
            "username",
        ]
    );
    assert_eq!(data["Code"], 200);
    assert_eq!(data["message"], "Authentification complete");
    assert_eq!(data["username"], "Alice");
    assert_eq!(data["displayName"], "Alice");
    assert_eq!(data["room"], "stream");
    assert_eq!(data["accessLevel"], 0);
    assert_eq!(data["capabilities"], json!([]));
    assert!(!data["token"].as_str().unwrap().is_empty());
    assert!(data["tokenExpires"].as_u64().unwrap() > now());
    client.expect_nothing();
}

#[test]
fn a_rooms_first_member_is_its_administrator_and_stays_so_over_a_restart() {
    let mut server = Server::start();
    let rank_of = |server: &Server, user: &str, room: &str| {
        let mut client = RawClient::connect(server);
        let answer = client.auth(user, room);
        // The rank shows on messages too.
        assert_eq!(client.post("hello")["rank"], answer["accessLevel"]);
        answer["accessLevel"].as_u64().unwrap()
    };
    assert_eq!(rank_of(&server, "alice", "first"), 0);
    assert_eq!(rank_of(&server, "bob", "first"), 3);
    assert_eq!(rank_of(&server, "bob", "second"), 0);
    server.kill();
    server.restart();
    assert_eq!(rank_of(&server, "bob", "first"), 3);
    assert_eq!(rank_of(&server, "alice", "first"), 0);
    assert_eq!(rank_of(&server, "alice", "second"), 3);
    assert_eq!(rank_of(&server, "carol", "first"), 3);
}

#[test]
fn a_wrong_password_is_refused_and_may_be_tried_again() {
    let server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    let mut client = RawClient::connect(&server);
    let wrong = json!({ "username": "alice", "password": "guess", "room": "stream" });
    refused(&mut client, 401, "auth", wrong, "");
    client.send("who", Value::Null);
    client.expect_cerror(401, Some("who"));
    assert_eq!(client.auth("alice", "stream")["username"], "alice");
}

#[test]
fn a_second_auth_is_refused_and_changes_nothing() {
    let server = Server::start();
    let mut client = RawClient::join(&server, "alice", "stream");
    let again = json!({
        "username": "bob", "password": password_of("bob"), "room": "elsewhere",
    });
    refused(&mut client, 403, "auth", again, "");
    let message = client.post("still here");
    assert_eq!(message["username"], "alice");
    assert_eq!(message["room"], "stream");
}

#[test]
fn a_room_may_be_given_as_an_integer() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "42");
    let mut bob = RawClient::connect(&server);
    let password = password_of("bob");
    let answer = bob.auth_with(json!({ "username": "bob", "password": password, "room": 42 }));
    assert_eq!(answer["room"], "42");
    alice.post("the same room");
    assert_eq!(bob.expect("message")["room"], "42");
}

#[test]
fn user_names_are_compared_without_case_and_shown_as_registered() {
    let server = Server::start();
    drop(RawClient::join(&server, "Alice", "stream"));
    let mut client = RawClient::connect(&server);
    let wrong = json!({ "username": "ALICE", "password": "guess", "room": "stream" });
    refused(&mut client, 401, "auth", wrong, "");
    let answer = client.auth("aLICE", "stream");
    assert_eq!(answer["username"], "Alice");
    assert_eq!(answer["accessLevel"], 0);
    assert_eq!(client.post("hello")["username"], "Alice");
}

#[test]
fn a_resume_token_stands_in_for_the_password_of_its_own_user_only() {
    let mut server = Server::start();
    let token = RawClient::connect(&server).auth("alice", "stream")["token"].clone();
    drop(RawClient::join(&server, "bob", "stream"));
    let mut client = RawClient::connect(&server);
    for (username, token) in [
        ("bob", token.clone()),
        ("nobody", token.clone()),
        ("alice", json!("made up")),
        ("alice", json!(format!("{}x", token.as_str().unwrap()))),
    ] {
        let data = json!({ "username": username, "token": token, "room": "stream" });
        refused(&mut client, 401, "auth", data, "");
    }
    let data = json!({ "username": "alice", "token": token, "room": "other" });
    assert_eq!(client.auth_with(data.clone())["username"], "alice");
    // A page that is reloaded after the server's restart is still logged in.
    server.kill();
    server.restart();
    let mut client = RawClient::connect(&server);
    assert_eq!(client.auth_with(data)["username"], "alice");
}

#[test]
fn capabilities_are_granted_where_they_are_known() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    let answer = client.auth_with(json!({
        "username": "alice", "password": password_of("alice"), "room": "stream",
        "capabilities": ["presence", "telepathy"],
    }));
    assert_eq!(answer["capabilities"], json!(["presence"]));
}

#[test]
fn what_is_sent_along_with_auth_is_done_after_it_in_order() {
    let server = Server::start();
    let mut client = RawClient::connect(&server);
    client.send("message", json!({ "content": "too early" }));
    let auth = json!({ "username": "alice", "password": password_of("alice"), "room": "stream" });
    client.send("auth", auth.clone());
    client.send("auth", auth);
    client.send("message", json!({ "content": "in time" }));
    client.send("disconnect", Value::Null);
    client.expect_cerror(401, Some("message"));
    client.expect("auth");
    client.expect_cerror(403, Some("auth"));
    assert_eq!(client.expect("message")["content"], "in time");
    client.expect_close(1000);
}

#[test]
fn of_those_who_register_one_name_at_once_one_gets_it() {
    const RIVALS: usize = 6;
    let server = Server::start_without_limits();
    let attempt = |number: usize| {
        let mut client = RawClient::connect(&server);
        let password = format!("secret {number}");
        let data = json!({ "username": "alice", "password": password, "room": "stream" });
        client.send("auth", data);
        client.next_event().0 == "auth"
    };
    let winners = at_once(RIVALS, attempt);
    assert_eq!(winners.iter().filter(|won| **won).count(), 1);
    // And keeps it.
    let again: Vec<bool> = (0..RIVALS).map(attempt).collect();
    assert_eq!(again, winners);
}

#[test]
fn of_those_who_enter_a_new_room_at_once_one_is_its_administrator() {
    let server = Server::start();
    for room in ["one", "two", "three"] {
        let ranks = at_once(6, |number| {
            let answer = RawClient::connect(&server).auth(&format!("user{number}"), room);
            answer["accessLevel"].as_u64().unwrap()
        });
        let administrators = ranks.iter().filter(|rank| **rank == 0).count();
        assert_eq!(administrators, 1, "{ranks:?}");
        assert!(ranks.iter().all(|rank| [0, 3].contains(rank)), "{ranks:?}");
    }
}

/// What `attempt` gives for each number, all tried at the same time.
fn at_once<R: Send>(count: usize, attempt: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let attempt = &attempt;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || attempt(number)))
            .collect();
        let results = threads.into_iter().map(|thread| thread.join().unwrap());
        results.collect()
    })
}
