//! `--json`: the client for scripts.

use chat_tests::{ClientSetup, Program, RawClient, Server, Stream};
use serde_json::{Value, json};

use super::nobodys_address;
use crate::support::contents;

/// The data of the first line that is this event.
#[track_caller]
fn line(program: &Program, event: &str) -> Value {
    program.wait_for_line(Stream::Out, event, |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["event"] == event).then(|| line["data"].clone())
    })
}

#[test]
fn events_come_out_as_lines_and_lines_go_in_as_events() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_json();
    assert_eq!(line(&alice, "auth")["username"], "alice");
    bob.post("hello script");
    assert_eq!(line(&alice, "message")["content"], "hello script");
    let event = json!({ "event": "message", "data": { "content": "hello program" } });
    alice.write(&format!("{event}\n"));
    assert_eq!(bob.expect("message")["content"], "hello program");
    alice.write("{\"event\":\"clear\"}\n");
    let refusal = line(&alice, "cerror");
    assert_eq!(
        (&refusal["Code"], &refusal["event"]),
        (&json!(403), &json!("clear"))
    );
    alice.close_input();
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    for line in finished.out.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["event"].is_string(), "{line}");
    }
}

#[test]
fn what_was_piped_in_is_done_and_answered_before_the_end() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_json();
    for number in 1..=3 {
        let event = json!({ "event": "message", "data": { "content": number.to_string() } });
        alice.write(&format!("{event}\n"));
    }
    alice.write("{\"event\":\"history\"}\n");
    alice.close_input();
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    let mut bob = RawClient::join(&server, "bob", "stream");
    assert_eq!(contents(&bob.history(json!({}))), ["1", "2", "3"]);
    assert!(finished.out.contains(r#""history""#), "{}", finished.out);
}

#[test]
fn a_line_that_is_no_event_is_named_and_the_others_are_done() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_json();
    alice.write("{\"event\":\"message\",\"data\":{\"content\":\"one\"}}\nhello\n");
    alice.write("{\"event\":\"message\",\"data\":{\"content\":\"two\"}}\n");
    alice.close_input();
    let finished = alice.finish();
    assert!(finished.error.contains("line 2"), "{}", finished.error);
    let mut bob = RawClient::join(&server, "bob", "stream");
    assert_eq!(contents(&bob.history(json!({}))), ["one", "two"]);
}

#[test]
fn the_exit_code_tells_a_usage_error() {
    let setup = ClientSetup::new(nobodys_address(), "alice", &["stream"]);
    let finished = setup.argument("--no-such-flag").start_json().finish();
    assert_eq!(finished.status.code(), Some(2), "{}", finished.error);
    assert!(
        finished.error.contains("--no-such-flag"),
        "{}",
        finished.error
    );
    assert_eq!(finished.out, "");
}

#[test]
fn the_exit_code_tells_refused_credentials() {
    let server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]).password("guess");
    let finished = setup.start_json().finish();
    assert_eq!(finished.status.code(), Some(3), "{}", finished.error);
}

#[test]
fn the_exit_code_tells_a_server_that_is_not_reachable() {
    let setup = ClientSetup::new(nobodys_address(), "alice", &["stream"]);
    let finished = setup.start_json().finish();
    assert_eq!(finished.status.code(), Some(4), "{}", finished.error);
    assert!(
        finished.error.starts_with("chat-tui: "),
        "{}",
        finished.error
    );
}
