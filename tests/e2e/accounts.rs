//! Accounts: made by whoever comes or by the server's owner, and where their secrets are kept.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::refused;

const CLOSED: [&str; 2] = ["--registration", "closed"];

/// Runs `chat-server user …`, which must succeed; gives its output.
#[track_caller]
fn manage(data: &Path, arguments: &[&str], input: &str) -> String {
    let finished = Server::manage_users(data, arguments, input);
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    finished.out
}

#[track_caller]
fn refuses(server: &Server, username: &str, credential: Value) {
    let mut data = json!({ "username": username, "room": "stream" });
    let members = data.as_object_mut().unwrap();
    members.extend(credential.as_object().unwrap().clone());
    refused(&mut RawClient::connect(server), 401, "auth", data, "");
}

fn password(text: &str) -> Value {
    json!({ "password": text })
}

#[test]
fn closed_registration_lets_only_known_users_in() {
    let mut server = Server::start_with(&CLOSED);
    refuses(&server, "alice", password(&password_of("alice")));
    server.stop();
    let typed = format!("{}\n", password_of("alice"));
    manage(&server.data(), &["add", "alice"], &typed);
    server.restart();
    RawClient::join(&server, "alice", "stream").post("hello");
    refuses(&server, "alice", password("guess"));
    refuses(&server, "bob", password(&password_of("bob")));
}

#[test]
fn a_new_password_ends_the_old_one_and_the_old_tokens() {
    let mut server = Server::start();
    let token = RawClient::connect(&server).auth("alice", "stream")["token"].clone();
    server.stop();
    manage(&server.data(), &["passwd", "alice"], "another-secret\n");
    server.restart();
    refuses(&server, "alice", password(&password_of("alice")));
    refuses(&server, "alice", json!({ "token": token }));
    RawClient::connect(&server).auth_with(json!({
        "username": "alice", "password": "another-secret", "room": "stream",
    }));
}

#[test]
fn a_removed_user_comes_in_neither_by_password_nor_by_token() {
    let mut server = Server::start_with(&CLOSED);
    server.stop();
    for user in ["alice", "bob"] {
        let typed = format!("{}\n", password_of(user));
        manage(&server.data(), &["add", user], &typed);
    }
    server.restart();
    let token = RawClient::connect(&server).auth("alice", "stream")["token"].clone();
    server.stop();
    manage(&server.data(), &["remove", "alice"], "");
    server.restart();
    refuses(&server, "alice", password(&password_of("alice")));
    refuses(&server, "alice", json!({ "token": token }));
    drop(RawClient::join(&server, "bob", "stream"));
}

#[test]
fn accounts_are_managed_while_the_server_runs() {
    let server = Server::start_with(&CLOSED);
    let typed = format!("{}\n", password_of("alice"));
    manage(&server.data(), &["add", "alice"], &typed);
    let token = RawClient::connect(&server).auth("alice", "stream")["token"].clone();
    manage(&server.data(), &["passwd", "alice"], "another-secret\n");
    refuses(&server, "alice", password(&password_of("alice")));
    refuses(&server, "alice", json!({ "token": token }));
    RawClient::connect(&server).auth_with(json!({
        "username": "alice", "password": "another-secret", "room": "stream",
    }));
    manage(&server.data(), &["remove", "alice"], "");
    refuses(&server, "alice", password("another-secret"));
}

#[test]
fn the_owner_lists_users_and_is_told_what_cannot_be_done() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    manage(&data, &["add", "Alice"], "secret-one\n");
    manage(&data, &["add", "bob"], "secret-two\n");
    let list = manage(&data, &["list"], "");
    let shown: Vec<&str> = list
        .lines()
        .filter(|line| line.contains("Alice") || line.contains("bob"))
        .collect();
    assert_eq!(shown.len(), 2, "{list}");
    assert!(!list.contains("secret"), "{list}");
    for (arguments, input, names) in [
        (["add", "aLICE"], "secret-three\n", "aLICE"),
        (["passwd", "nobody"], "secret-three\n", "nobody"),
        (["remove", "nobody"], "", "nobody"),
        (["add", "carol"], "\n", "password"),
        (["add", "carol"], "", "password"),
    ] {
        let finished = Server::manage_users(&data, &arguments, input);
        let said = finished.error;
        assert_eq!(finished.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("chat-server: "), "{said}");
        assert!(said.contains(names), "{said}");
    }
    let finished = Server::manage_users(&data, &["add", "not a name"], "secret-three\n");
    assert_eq!(finished.status.code(), Some(2), "{}", finished.error);
    assert!(!manage(&data, &["list"], "").contains("carol"));
}

#[test]
fn a_password_is_found_neither_in_the_log_nor_in_a_file() {
    const PASSWORD: &str = "correct-horse-battery-staple";
    let mut server = Server::start_with(&["--log-level", "debug"]);
    let mut client = RawClient::connect(&server);
    let data = json!({ "username": "alice", "password": PASSWORD, "room": "stream" });
    let answer = client.auth_with(data.clone());
    let token = answer["token"].as_str().unwrap().to_owned();
    // Refusals must not repeat it either.
    let mut again = RawClient::connect(&server);
    let wrong =
        json!({ "username": "alice", "password": format!("{PASSWORD}!"), "room": "stream" });
    again.send("auth", wrong);
    let refusal = again.expect_cerror(401, Some("auth"));
    assert!(!refusal.to_string().contains(PASSWORD));
    again.send(
        "auth",
        json!({ "username": "alice", "password": PASSWORD, "room": [] }),
    );
    let refusal = again.expect_cerror(400, Some("auth"));
    assert!(!refusal.to_string().contains(PASSWORD));
    server.stop();
    for secret in [PASSWORD, &token] {
        assert!(!server.log().contains(secret), "{secret} is in the log");
        for file in std::fs::read_dir(server.data()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}

#[test]
fn only_the_owner_of_the_server_reads_its_data() {
    let server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&server.data()), 0o700);
    for file in std::fs::read_dir(server.data()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
    assert_eq!(mode(&server.database()), 0o600);
}
