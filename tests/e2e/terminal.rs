//! The terminal client, in a terminal and without one.

mod errors;
mod hostile;
mod json;
mod life;
mod login;
mod loss;
mod talk;
mod view;

use std::net::{SocketAddr, TcpListener};

use chat_tests::RawClient;
use serde_json::{Value, json};

use crate::support::now;

/// An address of this machine that nobody listens on.
fn nobodys_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Plays the server for a client, in an empty room, until the client sends `event`; gives its data.
#[track_caller]
fn play_server_until(client: &mut RawClient, event: &str) -> Value {
    loop {
        let (name, data) = client.next_event();
        if name == event {
            return data;
        }
        match name.as_str() {
            "auth" => client.send(
                "auth",
                json!({
                    "Code": 200, "message": "Authentification complete",
                    "username": data["username"], "displayName": data["username"],
                    "room": data["room"], "accessLevel": 3, "capabilities": [],
                    "token": "token", "tokenExpires": now() + 3_600_000,
                }),
            ),
            "history" => client.send(
                "history",
                json!({ "epoch": "e", "entries": [], "complete": true }),
            ),
            "who" => client.send(
                "who",
                json!({ "count": 1, "members": [], "truncated": false }),
            ),
            "ping" => client.send("pong", json!({ "time": now() })),
            other => panic!("the client sent {other} {data}"),
        }
        if data.get("since").is_some() {
            client.send(
                "history",
                json!({ "epoch": "e", "entries": [], "complete": true, "recovered": true }),
            );
        }
    }
}

/// What a server says first.
fn greet(client: &mut RawClient) {
    client.send(
        "connection",
        json!({
            "server": "scripted/1", "protocol": 1, "capabilities": [],
            "limits": { "content": 500, "frame": 16384 },
        }),
    );
}
