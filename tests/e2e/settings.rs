//! Settings as operators and their machines give them: what is taken works, what can't work is refused
//! in words, and what is nobody's setting stops no start.

use chat_tests::{Finished, RawClient, Server, ServerSetup};
use tempfile::TempDir;

use crate::support::operate;

/// An address that no machine has (RFC 5737): a server that got as far as to listen on it ends, and
/// says on which port.
const NOBODYS: &str = "192.0.2.1";

/// What a server says that gets `variables`, and `arguments` besides an address that it can't listen on.
#[track_caller]
fn run(variables: &[(&str, &str)], arguments: &[&str]) -> Finished {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    let mut all = vec!["--bind", NOBODYS, "--data", data.to_str().unwrap()];
    all.extend(arguments);
    Server::run_in(variables, &all)
}

/// It got as far as to listen on `port`, with a warning that holds each of `warnings`.
#[track_caller]
fn starts_on(port: u16, finished: &Finished, warnings: &[&str]) {
    let error = &finished.error;
    assert_eq!(finished.status.code(), Some(1), "{error}");
    assert!(
        error.contains(&format!("cannot listen on {NOBODYS}:{port}")),
        "{error}"
    );
    for warning in warnings {
        assert!(error.contains("WARN") && error.contains(warning), "{error}");
    }
}

#[track_caller]
fn refused(finished: &Finished, expected: &str) {
    assert_eq!(finished.status.code(), Some(2), "{}", finished.error);
    let line = format!("chat-server: {expected}");
    assert!(finished.error.starts_with(&line), "{}", finished.error);
    assert_eq!(finished.error.lines().count(), 1, "{}", finished.error);
}

#[test]
fn origins_of_a_list_are_all_let_in_as_browsers_send_them() {
    let origins = " https://a.example, HTTPS://B.example:443/ ,,https://*.example.org,\
        https://exämple.org,http://localhost:* ";
    let setup = ServerSetup::new(&[]).with_environment("CHAT_SERVER_ALLOWED_ORIGIN", origins);
    let server = Server::start_as(setup);
    let enter = |origin| RawClient::open_from(server.address(), "/ws", Some(origin));
    for allowed in [
        "https://a.example",
        "https://b.example",
        "https://one.example.org",
        "https://one.two.example.org",
        "https://xn--exmple-cua.org",
        "http://localhost:3000",
    ] {
        enter(allowed).unwrap().expect("connection");
    }
    for refused in [
        "https://c.example",
        "http://a.example",
        "https://example.org",
        "https://one.example.org:8443",
        "https://one.example.org.evil.example",
        "https://localhost",
        "null",
    ] {
        match enter(refused) {
            Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 403, "{refused}"),
            other => panic!("{refused}: {other:?}"),
        }
    }
}

#[test]
fn origins_that_can_never_match_are_refused_in_words() {
    for (origin, words) in [
        ("example.org", "\"example.org\" is not an origin"),
        (
            "https://a.*.example.org",
            "\"https://a.*.example.org\" has its *",
        ),
        ("*", "\"*\" would allow any origin"),
        ("null", "\"null\" is sent by sandboxed frames of any site"),
        (
            "wss://chat.example",
            "\"wss://chat.example\" is the address of a WebSocket",
        ),
        (
            "https://a.example/chat",
            "\"https://a.example/chat\" contains more than an origin",
        ),
        (
            "https://me:hunter2@a.example",
            "\"https://…@a.example\" contains a user name",
        ),
    ] {
        let flag = ["--allowed-origin", origin];
        refused(&run(&[], &flag), &format!("--allowed-origin: {words}"));
        let list = format!("https://a.example, {origin}");
        let variable = ("CHAT_SERVER_ALLOWED_ORIGIN", list.as_str());
        let expected = format!("CHAT_SERVER_ALLOWED_ORIGIN: {words}");
        refused(&run(&[variable], &[]), &expected);
    }
}

#[test]
fn variables_of_a_service_of_the_same_name_are_passed_over() {
    let links = [
        ("CHAT_SERVER_PORT", "tcp://10.96.0.12:8080"),
        ("CHAT_SERVER_PORT_8080_TCP", "tcp://10.96.0.12:8080"),
        ("CHAT_SERVER_PORT_8080_TCP_ADDR", "10.96.0.12"),
        ("CHAT_SERVER_PORT_8080_TCP_PORT", "8080"),
        ("CHAT_SERVER_PORT_8080_TCP_PROTO", "tcp"),
        ("CHAT_SERVER_SERVICE_HOST", "10.96.0.12"),
        ("CHAT_SERVER_SERVICE_PORT", "8080"),
        ("CHAT_SERVER_SERVICE_PORT_HTTP", "8080"),
    ];
    let finished = run(&links, &[]);
    starts_on(8080, &finished, &["CHAT_SERVER_PORT", "ignored"]);
    assert_eq!(finished.error.matches("ignored").count(), 1);
    starts_on(1234, &run(&links, &["--port", "1234"]), &["ignored"]);
}

#[test]
fn what_is_empty_is_not_set() {
    let empty = [
        ("CHAT_SERVER_PORT", ""),
        ("CHAT_SERVER_BIND", " "),
        ("CHAT_SERVER_CONFIG", ""),
        ("CHAT_SERVER_DATA", ""),
        ("CHAT_SERVER_REGISTRATION", ""),
        ("CHAT_SERVER_TEST_MODE", "\t"),
        ("CHAT_SERVER_ALLOWED_ORIGIN", " "),
        ("CHAT_SERVER_TRUSTED_PROXY", ""),
        ("CHAT_SERVER_MAX_CONNECTIONS", "\n"),
    ];
    starts_on(8080, &run(&empty, &[]), &[]);
}

#[test]
fn a_name_that_is_none_is_warned_about_with_the_nearest_that_is_one() {
    let variables = [
        ("CHAT_SERVER_REGISTRATON", "hunter2"),
        ("CHAT_SERVER_URL", "ws://h"),
        ("CHAT_SERVER_COLOUR", "hunter2"),
    ];
    let finished = run(&variables, &["--port", "1234"]);
    let expected = "CHAT_SERVER_REGISTRATON: did you mean CHAT_SERVER_REGISTRATION?";
    starts_on(1234, &finished, &[expected, "CHAT_SERVER_COLOUR"]);
    for silent in ["CHAT_SERVER_URL", "hunter2"] {
        assert!(!finished.error.contains(silent), "{}", finished.error);
    }
    // Of commands as well, which have no log.
    let directory = TempDir::new().unwrap();
    let data = directory.path().to_str().unwrap();
    let finished = Server::run_in(&variables, &["--data", data, "user", "list"]);
    let line = format!("chat-server: warning: there is no setting {expected}");
    assert!(
        finished.error.lines().any(|found| found == line),
        "{}",
        finished.error
    );
}

#[test]
fn what_is_wrong_is_said_with_where_it_came_from() {
    let problem = "\"many\" is not a whole number from 0 to 65535";
    refused(
        &run(&[], &["--port", "many"]),
        &format!("--port: {problem}"),
    );
    let wrong = [("CHAT_SERVER_PORT", "many")];
    refused(&run(&wrong, &[]), &format!("CHAT_SERVER_PORT: {problem}"));
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("server.toml");
    std::fs::write(&file, "\nport = \"many\"\n").unwrap();
    let path = file.to_str().unwrap();
    let expected = format!("configuration file {path}, line 2: port: {problem}");
    refused(&run(&[], &["--config", path]), &expected);
    refused(&run(&[("CHAT_SERVER_CONFIG", path)], &[]), &expected);
    std::fs::write(&file, "\nregistraton = \"closed\"\n").unwrap();
    let expected = format!(
        "configuration file {path}, line 2: there is no setting \"registraton\": did you mean \
         \"registration\"?"
    );
    refused(&run(&[], &["--config", path]), &expected);
    // What is not needed stops no start.
    let finished = run(&wrong, &["--port", "1234"]);
    starts_on(
        1234,
        &finished,
        &[&format!("CHAT_SERVER_PORT: {}", problem)[..17]],
    );
}

#[test]
fn every_setting_that_is_taken_at_its_most_works() {
    let mut arguments = Vec::new();
    for name in [
        "token-days",
        "retention-days",
        "members-age",
        "message-burst",
        "message-rate",
        "moderator-factor",
        "address-factor",
        "event-burst",
        "event-rate",
        "flood-refusals",
        "connection-burst",
        "connection-rate",
        "answer-burst",
        "answer-rate",
        "failed-logins",
        "account-burst",
        "account-rate",
        "room-burst",
        "room-rate",
        "handshake-timeout",
        "auth-timeout",
        "idle-timeout",
        "max-unauthenticated",
        "max-connections-per-address",
    ] {
        arguments.push(format!("--{name}=4294967295"));
    }
    arguments.push("--ping-interval=4294967294".to_owned());
    arguments.push(format!("--retention-entries={}", i64::MAX));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut server = Server::start_with(&arguments);
    let mut alice = RawClient::join(&server, "alice", "stream");
    alice.post("still here");
    let finished = operate(&server, &["user", "list"]);
    assert!(finished.out.contains("alice"), "{}", finished.error);
    let log = server.stop_and_log();
    assert!(!log.contains("panicked"), "{log}");
}
