//! `--json`: the client for scripts.

use std::io::{BufRead, BufReader};
use std::process::Command;
use std::time::Duration;

use chat_tests::{ClientSetup, Program, RawClient, Server, Signal, Stream};
use rustix::process::{Pid, kill_process};
use serde_json::{Value, json};

use super::nobodys_address;
use crate::support::{contents, eventually_within, skip};

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
    assert_eq!(finished.status.code(), Some(5), "something was refused");
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
    assert_eq!(finished.status.code(), Some(5), "{}", finished.error);
    let skipped = line(&alice, "skipped");
    assert_eq!(skipped["line"], 2);
    let words = skipped["message"].as_str().unwrap();
    assert!(words.contains("JSON"), "{words}");
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

/// The line that posts this.
fn posting(content: &str) -> String {
    format!(
        "{}\n",
        json!({ "event": "message", "data": { "content": content } })
    )
}

#[test]
fn a_line_that_is_too_long_takes_none_behind_it_along() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_json();
    alice.write(&posting("one"));
    alice.write(&posting(&"x".repeat(100_000)));
    alice.write("\n");
    // The last line may lack its end.
    alice.write(posting("two").trim_end());
    alice.close_input();
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(5), "{}", finished.error);
    assert!(finished.error.contains("line 2"), "{}", finished.error);
    assert!(finished.error.contains("16384"), "{}", finished.error);
    let mut bob = RawClient::join(&server, "bob", "stream");
    assert_eq!(contents(&bob.history(json!({}))), ["one", "two"]);
}

#[test]
fn the_resume_token_is_not_printed() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_json();
    let auth = line(&alice, "auth");
    assert_eq!(auth["token"], Value::Null);
    assert_eq!(auth["Code"], 200);
    alice.close_input();
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    assert!(!finished.out.contains("\"token\""), "{}", finished.out);
}

#[test]
fn the_exit_code_tells_that_a_muted_user_was_refused() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    drop(RawClient::join(&server, "alice", "stream"));
    owner.send("mute", json!({ "username": "alice", "duration": 600 }));
    owner.expect("mute");
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_json();
    alice.write(&posting("one"));
    alice.close_input();
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(5), "{}", finished.error);
}

#[test]
fn a_reader_that_stopped_reading_does_not_keep_the_program_from_ending() {
    let server = Server::start_with(&["--message-burst", "1000", "--event-burst", "1000"]);
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let (shown, out) = std::io::pipe().unwrap();
    let mut alice = setup.json_command().stdout(out).spawn().unwrap();
    let mut shown = BufReader::new(shown);
    let mut line = String::new();
    while !line.contains(r#""event":"auth""#) {
        line.clear();
        assert_ne!(shown.read_line(&mut line).unwrap(), 0, "ended early");
    }
    // From here on nobody reads, and what comes is more than a pipe holds.
    let mut bob = RawClient::join(&server, "bob", "stream");
    for _ in 0..300 {
        bob.post(&"x".repeat(500));
    }
    kill_process(Pid::from_child(&alice), Signal::TERM).unwrap();
    let status = eventually_within(Duration::from_secs(5), || alice.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    drop(shown);
}

#[test]
fn a_secret_in_the_address_is_refused_and_not_printed() {
    for address in [
        "ws://me:hunter2@127.0.0.1:1",
        "me:hunter2@host",
        "http://h?t=hunter2",
    ] {
        let setup = ClientSetup::new(nobodys_address(), "alice", &["stream"]);
        let finished = setup.server(address).start_json().finish();
        assert_eq!(finished.status.code(), Some(2), "{}", finished.error);
        assert!(finished.error.contains("--server"), "{}", finished.error);
        assert!(!finished.error.contains("hunter2"), "{}", finished.error);
    }
}

#[test]
fn lines_behind_a_disconnect_are_named_and_counted() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_json();
    let lines = [
        &posting("one"),
        "{\"event\":\"disconnect\"}\n",
        &posting("two"),
        &posting("three"),
    ];
    alice.write(&lines.concat());
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(5), "{}", finished.error);
    for number in ["line 3", "line 4"] {
        assert!(finished.error.contains(number), "{}", finished.error);
    }
    assert_eq!(line(&alice, "skipped")["line"], 3);
    let mut bob = RawClient::join(&server, "bob", "stream");
    assert_eq!(contents(&bob.history(json!({}))), ["one"]);

    let mut alice = setup.start_json();
    alice.write("{\"event\":\"disconnect\"}\n\n");
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
}

#[test]
fn capabilities_are_asked_for_by_name_and_a_misspelt_one_is_named() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    drop(RawClient::join(&server, "guard", "stream"));
    owner.send("setMod", json!({ "username": "guard" }));
    owner.expect("setMod");
    let setup = ClientSetup::new(server.address(), "guard", &["stream"]);
    let mut guard = setup
        .argument("--capabilities=moderation, room,moderaton")
        .start_json();
    let auth = line(&guard, "auth");
    assert_eq!(auth["capabilities"], json!(["room", "moderation"]));
    owner.send("setRoom", json!({ "slowMode": 5 }));
    assert_eq!(line(&guard, "audit")["live"], true);
    guard.close_input();
    let finished = guard.finish();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    assert!(finished.error.contains("`moderaton`"), "{}", finished.error);
    assert!(!finished.error.contains("`room`"), "{}", finished.error);
}

/// The first block of code in `language` on the page of the client without a screen.
fn example(language: &str) -> String {
    let page = include_str!("../../../docs/terminal-client.md");
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_script_of_the_documentation_moderates() {
    let is_there = Command::new("python3")
        .args(["-c", "import sys; sys.exit(sys.version_info < (3, 10))"])
        .status();
    if !is_there.is_ok_and(|status| status.success()) {
        return skip("a script that moderates", "there is no Python 3.10 here");
    }
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut malory = RawClient::join(&server, "malory", "stream");
    drop(RawClient::join(&server, "guard", "stream"));
    owner.send("setMod", json!({ "username": "guard" }));
    owner.expect("setMod");

    let setup = ClientSetup::new(server.address(), "guard", &["stream"]);
    let setup = setup.argument("--capabilities=moderation");
    let script = setup.home().join("guard.py");
    std::fs::write(&script, example("python")).unwrap();
    let client = setup.json_command();
    let mut command = Command::new("python3");
    command.arg(&script).arg("Cheap");
    command.arg(client.get_program()).args(client.get_args());
    command.envs(
        client
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let guard = Program::start(command);
    let says = |text: &str| {
        guard.wait_for_line(Stream::Out, text, |line| line.contains(text).then_some(()));
    };
    says("watching stream");

    malory.post("hello");
    let bad = malory.post("buy CHEAP followers");
    says(&format!("deleted {}", bad["id"].as_str().unwrap()));
    says("malory is muted");
    assert_eq!(malory.expect("deleteMessage")["by"], "guard");
    assert_eq!(malory.expect("mute")["reason"], "not here");
    owner.send("message", json!({ "content": "cheap tricks" }));
    says("mute was refused");
}
