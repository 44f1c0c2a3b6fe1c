//! The terminal client, in a terminal and without one.

mod at_work;
mod busy_room;
mod errors;
mod evening;
mod finding;
mod floods;
mod held;
mod hostile;
mod input;
mod json;
mod kept;
mod leaving;
mod life;
mod login;
mod loss;
mod moderation;
mod plain;
mod proxy;
mod retry;
mod sizes;
mod starting;
mod talk;
mod view;

use std::net::{SocketAddr, TcpListener};

use chat_tests::{ClientSetup, Door, Key, RawClient, Screen, ScriptedServer, Terminal, binaries};
use serde_json::{Value, json};

use crate::support::now;

/// An address of this machine that nobody listens on.
fn nobodys_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A terminal at a server that does what `script` says.
#[track_caller]
fn terminal_at(script: fn(&Door)) -> (Terminal, ScriptedServer) {
    // A script does not wait for the programs to be built.
    binaries();
    let server = ScriptedServer::start(script);
    let terminal = ClientSetup::new(server.address(), "alice", &["stream"]).start();
    (terminal, server)
}

/// The client leaves, and the script must have been content.
#[track_caller]
fn leave(mut terminal: Terminal, server: ScriptedServer) {
    terminal.enter("/quit");
    assert!(terminal.exit_status().success());
    server.finish();
}

/// Whether a question stands before an action, with the keys that answer it.
fn is_asked(screen: &Screen) -> bool {
    screen.rows.iter().any(|row| row.starts_with(" Enter yes"))
}

/// Types an order, and says yes to the question that it opens.
#[track_caller]
fn order(terminal: &mut Terminal, text: &str) {
    terminal.enter(text);
    say_yes(terminal);
}

/// Says yes to the question that stands, or is about to; gives the screen with it.
#[track_caller]
fn say_yes(terminal: &mut Terminal) -> Screen {
    let asked = terminal.wait_for("a question", is_asked);
    terminal.key(Key::Enter);
    terminal.wait_for("an answered question", |screen| !is_asked(screen));
    asked
}

/// Waits until the client says `text` on its line of answers, and has read it: the next has its turn.
#[track_caller]
fn hear(terminal: &mut Terminal, text: &str) {
    terminal.wait_for(text, |screen| says(screen, text));
    // What follows Escape at once would be read as a key with Alt: wait until it was read.
    terminal.key(Key::Escape);
    terminal.wait_for("room for the next answer", |screen| !says(screen, text));
}

/// The same for an answer that others may stand before: those are read, and go.
#[track_caller]
fn read_up_to(terminal: &mut Terminal, text: &str) {
    terminal.press_until(Key::Escape, text, |screen| says(screen, text));
}

/// Whether the line of answers holds `text`: above the status line, or above the letters while they act.
fn says(screen: &Screen, text: &str) -> bool {
    let hints = screen.rows.len() - 3;
    let has_letters = screen.rows[hints].contains(" b ban ");
    screen.rows[hints - usize::from(has_letters)].contains(text)
}

/// Takes the next client in and says what a server says first.
fn greet(door: &Door) -> RawClient {
    let mut client = door.accept();
    client.send(
        "connection",
        json!({
            "server": "scripted/1", "protocol": 1, "capabilities": [],
            "limits": { "content": 500, "frame": 16384 },
        }),
    );
    client
}

/// Plays the server for a client until the client sends `event`; gives its data.
#[track_caller]
fn play_server_until(client: &mut RawClient, event: &str) -> Value {
    loop {
        let (name, data) = client.next_event();
        if name == event {
            return data;
        }
        match name.as_str() {
            "auth" => let_in(client, &data),
            "history" => client.send("history", log_of(&[])),
            "who" => client.send(
                "who",
                json!({ "count": 1, "members": [], "truncated": false }),
            ),
            "ping" => client.send("pong", json!({ "time": now() })),
            other => panic!("the client sent {other} {data}"),
        }
    }
}

/// Answers an `auth`.
fn let_in(client: &mut RawClient, auth: &Value) {
    client.send(
        "auth",
        json!({
            "Code": 200, "message": "Authentification complete",
            "username": auth["username"], "displayName": auth["username"],
            "room": auth["room"], "accessLevel": 3, "capabilities": [],
            "token": "token", "tokenExpires": now() + 3_600_000,
        }),
    );
}

/// The data of a `history` with these messages, the whole log.
fn log_of(messages: &[Value]) -> Value {
    let entries: Vec<Value> = messages
        .iter()
        .map(|data| json!({ "event": "message", "data": data }))
        .collect();
    json!({ "epoch": "e", "entries": entries, "complete": true })
}

/// A message of the log's life `e`.
fn message(seq: u64, content: &str) -> Value {
    json!({
        "username": "bob", "displayName": "bob", "content": content,
        "id": format!("e-{seq}"), "seq": seq, "rank": 3, "time": now(), "room": "stream",
    })
}
