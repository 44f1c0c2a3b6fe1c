//! Many connections in one room, several of them talking at once.

use chat_tests::{RawClient, Server};
use serde_json::{Value, json};

const ACCOUNTS: usize = 8;
const CONNECTIONS: usize = 200;
const POSTERS: usize = 5;
const MESSAGES: usize = 20;

/// Two hundred members. A token lets an account's further connections in without the cost of
/// hashing its password again.
fn members(server: &Server) -> Vec<RawClient> {
    let tokens: Vec<(String, Value)> = (0..ACCOUNTS)
        .map(|number| {
            let user = format!("user{number}");
            let token = RawClient::connect(server).auth(&user, "elsewhere")["token"].clone();
            (user, token)
        })
        .collect();
    (0..CONNECTIONS)
        .map(|number| {
            let (user, token) = &tokens[number % ACCOUNTS];
            let mut client = RawClient::connect(server);
            client.auth_with(json!({ "username": user, "token": token, "room": "stream" }));
            client
        })
        .collect()
}

#[test]
fn two_hundred_members_see_one_order_without_holes() {
    let server = Server::start();
    let mut members = members(&server);
    std::thread::scope(|scope| {
        for (number, poster) in members.iter_mut().take(POSTERS).enumerate() {
            scope.spawn(move || {
                for message in 0..MESSAGES {
                    let content = format!("{number}: {message}");
                    poster.send("message", json!({ "content": content }));
                }
            });
        }
    });
    let mut talks = members.iter_mut().map(|member| {
        let talk = (0..POSTERS * MESSAGES).map(|_| member.expect("message"));
        talk.collect::<Vec<Value>>()
    });
    let first = talks.next().unwrap();
    for talk in talks {
        assert_eq!(talk, first);
    }
    let positions: Vec<u64> = first
        .iter()
        .map(|message| message["seq"].as_u64().unwrap())
        .collect();
    let expected: Vec<u64> = (1..=(POSTERS * MESSAGES) as u64).collect();
    assert_eq!(positions, expected);
    // Everything a member says stays in the order in which it was said.
    for number in 0..POSTERS {
        let prefix = format!("{number}: ");
        let said: Vec<&str> = first
            .iter()
            .filter_map(|message| message["content"].as_str()?.strip_prefix(&prefix))
            .collect();
        let expected: Vec<String> = (0..MESSAGES).map(|message| message.to_string()).collect();
        assert_eq!(said, expected);
    }
    for member in &mut members {
        member.expect_nothing();
    }
    assert_eq!(
        members[0].history(json!({ "limit": 200 }))["complete"],
        true
    );
}
