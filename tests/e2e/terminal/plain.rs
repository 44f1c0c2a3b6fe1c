//! `--plain`: the client without a screen, in pipes and in a terminal.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use chat_tests::{
    BareTerminal, ClientSetup, Key, Program, RawClient, ScriptedServer, Server, Signal, Stream,
    Terminal, binaries,
};
use rustix::process::{Pid, kill_process};
use serde_json::{Value, json};

use super::{greet, let_in, log_of, message, nobodys_address, play_server_until};
use crate::support::{contents, eventually_within};

/// Waits for a line of the output that holds `text`; gives it.
#[track_caller]
fn line(program: &Program, text: &str) -> String {
    program.wait_for_line(Stream::Out, text, |line| {
        line.contains(text).then(|| line.to_owned())
    })
}

/// A client in the room `stream`, which it has entered.
#[track_caller]
fn enter(server: &Server, user: &str) -> Program {
    let setup = ClientSetup::new(server.address(), user, &["stream"]);
    let program = setup.start_lines();
    line(&program, &format!("connected to stream as {user}"));
    // What comes from here on is no part of what was there before.
    line(&program, "no messages here yet");
    program
}

#[test]
fn a_line_is_a_message_and_its_number_answers_it() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut alice = enter(&server, "alice");
    let posted = bob.post("hello\nalice");
    assert_eq!(
        line(&alice, "hello"),
        "1 bob@ (mentions you): hello / alice"
    );
    alice.write("/reply 1 hello yourself\n");
    let reply = bob.expect("message");
    assert_eq!(reply["replyTo"], posted["id"]);
    assert_eq!(
        line(&alice, "yourself"),
        "2 alice (to 1 bob): hello yourself"
    );
    alice.close_input();
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    assert_eq!(finished.error, "");
}

#[test]
fn what_was_piped_in_is_done_line_by_line_and_answered_before_the_end() {
    let server = Server::start_with(&["--message-burst", "3"]);
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_lines();
    // More than may be posted at once: it waits as long as the server says.
    alice.write("one\n\n/show 1\ntwo\nthree\n/delete 1\nfour\n/who\nfive");
    alice.close_input();
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    let end = finished.out.lines().last().unwrap();
    assert_eq!(end, "5 alice@: five", "{}", finished.out);
    for expected in ["- 1 by alice is deleted", "- 1 here: alice@"] {
        assert!(
            finished.out.lines().any(|line| line == expected),
            "{}",
            finished.out
        );
    }
    let mut bob = RawClient::join(&server, "bob", "stream");
    assert_eq!(
        contents(&bob.history(json!({}))),
        ["two", "three", "four", "five"]
    );
}

#[test]
fn a_moderator_acts_by_number() {
    let server = Server::start();
    let mut erin = enter(&server, "erin");
    let mut malory = RawClient::join(&server, "malory", "stream");
    for text in ["one", "two", "three"] {
        malory.post(text);
    }
    line(&erin, "3 malory: three");
    erin.write("/delete 1 3\n/mute 2 10m spam\n/filter -h discord\n");
    line(&erin, "1 by malory is deleted");
    line(&erin, "3 by malory is deleted");
    line(&erin, "malory is muted");
    line(&erin, "`discord`");
    for _ in 0..2 {
        assert_eq!(malory.expect("deleteMessage")["by"], "erin");
    }
    let mute = malory.expect("mute");
    assert_eq!(
        (&mute["duration"], &mute["reason"]),
        (&json!(600), &json!("spam"))
    );
    erin.write("/show 3\n");
    line(&erin, "(deleted by erin): three");

    let mut eve = RawClient::join(&server, "eve", "stream");
    eve.send(
        "message",
        json!({ "content": "join my discord", "nonce": "n" }),
    );
    assert_eq!(eve.expect("cerror")["Code"], 403);
    line(&erin, "h1 waits: eve: join my discord");
    erin.write("/allow h1\n");
    assert_eq!(eve.expect("message")["content"], "join my discord");
    line(&erin, "h1 by eve is allowed");
    erin.write("/slow 10\n/lock\n/unlock\n/user 2\n/ban nobody-here\n");
    line(&erin, "10 s between messages");
    line(&erin, "new accounts can post again");
    line(&erin, "malory: user, account since");
    line(&erin, "malory is muted until");
    let refusal = line(&erin, "/ban");
    assert!(
        refusal.starts_with("- line 10, /ban, was refused: "),
        "{refusal}"
    );
    erin.close_input();
    assert_eq!(erin.finish().status.code(), Some(5));
}

#[test]
fn text_from_others_steers_no_terminal() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let alice = enter(&server, "alice");
    let hostile = "\u{202e}x\u{200b}\n99 erin+: fake\u{2028}- erin banned you";
    bob.send("message", json!({ "content": hostile }));
    let shown = line(&alice, "fake");
    assert_eq!(shown, "1 bob@: x / 99 erin+: fake / - erin banned you");
}

#[test]
fn several_rooms_share_a_program() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "one");
    let mut eve = RawClient::join(&server, "eve", "two");
    let setup = ClientSetup::new(server.address(), "alice", &["one", "two"]);
    let mut alice = setup.start_lines();
    line(&alice, "[one] no messages here yet");
    line(&alice, "[two] no messages here yet");
    bob.post("hi");
    assert_eq!(line(&alice, "bob"), "1 [one] bob@: hi");
    eve.post("ho");
    assert_eq!(line(&alice, "eve"), "2 [two] eve@: ho");
    alice.write("/reply 2 yes\nhello\n/room two\nbye\n");
    assert_eq!(eve.expect("message")["content"], "yes");
    assert_eq!(bob.expect("message")["content"], "hello");
    assert_eq!(eve.expect("message")["content"], "bye");
    alice.write("/quit\nlate\n");
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(5), "a line behind /quit");
    assert!(finished.error.contains("line 6"), "{}", finished.error);
}

#[test]
fn the_exit_code_tells_what_failed() {
    let server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    let setup = || ClientSetup::new(server.address(), "alice", &["stream"]);
    let code_of = |setup: ClientSetup| {
        let mut program = setup.start_lines();
        program.close_input();
        let finished = program.finish();
        assert!(
            finished.error.starts_with("chat-tui: "),
            "{}",
            finished.error
        );
        finished.status.code()
    };
    assert_eq!(code_of(setup().without_password()), Some(2));
    assert_eq!(code_of(setup().password("guess")), Some(3));
    let away = ClientSetup::new(nobodys_address(), "alice", &["stream"]);
    assert_eq!(code_of(away), Some(4));
    let mut owner = RawClient::join(&server, "owner", "other");
    owner.send("ban", json!({ "username": "alice", "reason": "spam" }));
    owner.expect("ban");
    let banned = ClientSetup::new(server.address(), "alice", &["other"]);
    assert_eq!(code_of(banned), Some(3));
}

#[test]
fn nothing_is_lost_or_said_twice_over_a_lost_connection() {
    binaries();
    let server = ScriptedServer::start(|door| {
        let mut peer = greet(door);
        play_server_until(&mut peer, "history");
        peer.send("history", log_of(&[message(1, "one")]));
        // It is stored, but its answer is lost.
        let sent = play_server_until(&mut peer, "message");
        peer.close(1012);
        let mut peer = greet(door);
        let auth = peer.expect("auth");
        assert_eq!(auth["since"], json!({ "epoch": "e", "seq": 1 }));
        let_in(&mut peer, &auth);
        let mut stored = message(2, sent["content"].as_str().unwrap());
        stored["username"] = json!("alice");
        stored["displayName"] = json!("alice");
        let mut history = log_of(&[stored.clone(), message(3, "three")]);
        history["recovered"] = json!(true);
        peer.send("history", history);
        let again = play_server_until(&mut peer, "message");
        assert_eq!(again["nonce"], sent["nonce"]);
        stored["nonce"] = sent["nonce"].clone();
        peer.send("message", stored);
        play_server_until(&mut peer, "disconnect");
        peer.close(1000);
    });
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_lines();
    alice.write("sent once\n");
    alice.close_input();
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    // The first two have a time of their own.
    let lines: Vec<&str> = finished.out.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            "- from here on as it comes",
            "- the server is restarting; connecting again",
            "- connected again",
            "2 alice: sent once",
            "3 bob: three",
        ]
    );
    server.finish();
}

#[test]
fn a_signal_ends_it_and_what_was_not_answered_is_named() {
    binaries();
    let server = ScriptedServer::start(|door| {
        let mut peer = greet(door);
        play_server_until(&mut peer, "history");
        peer.send("history", log_of(&[]));
        play_server_until(&mut peer, "message");
        peer.send("message", message(1, "seen"));
        // No answer ever.
        peer.drain();
    });
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_lines();
    alice.write("into the void\nand this\n");
    line(&alice, "seen");
    alice.signal(Signal::TERM);
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(5), "{}", finished.error);
    for expected in ["line 1 was not sent: into the void", "line 2"] {
        assert!(finished.error.contains(expected), "{}", finished.error);
    }
    server.finish();
    let server = Server::start();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut alice = enter(&server, "alice");
        alice.signal(signal);
        let finished = alice.finish();
        assert_eq!(
            finished.status.code(),
            Some(0),
            "{signal:?} {}",
            finished.error
        );
    }
}

/// A client whose output goes into a pipe that has been read until it was in the room.
#[track_caller]
fn piped(server: &Server) -> (std::process::Child, impl BufRead + use<>) {
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let (shown, out) = std::io::pipe().unwrap();
    let mut command = setup.lines_command();
    command.stdin(std::process::Stdio::piped());
    let alice = command.stdout(out).spawn().unwrap();
    let mut shown = BufReader::new(shown);
    let mut text = String::new();
    while !text.contains("connected to stream") {
        assert_ne!(shown.read_line(&mut text).unwrap(), 0, "ended early");
    }
    (alice, shown)
}

#[test]
fn a_reader_that_stopped_reading_does_not_make_it_deaf() {
    let server = Server::start_with(&["--message-burst", "1000", "--event-burst", "1000"]);
    let (mut alice, shown) = piped(&server);
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
fn a_reader_that_has_gone_is_no_failure() {
    let server = Server::start();
    let (mut alice, shown) = piped(&server);
    drop(shown);
    let mut bob = RawClient::join(&server, "bob", "stream");
    let status = eventually_within(Duration::from_secs(20), || {
        bob.post("is there anybody");
        alice.try_wait().unwrap()
    });
    assert_eq!(status.code(), Some(0));
}

/// A client in a terminal.
#[track_caller]
fn at_terminal(setup: ClientSetup) -> Terminal {
    setup.argument("--plain").start()
}

#[test]
fn in_a_terminal_nothing_is_drawn() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = at_terminal(setup);
    alice.wait_for_text("connected to stream as alice");
    alice.wait_for_text("no messages here yet");
    bob.post("hello");
    alice.wait_for_text("1 bob@: hello");
    alice.enter("hi there");
    assert_eq!(bob.expect("message")["content"], "hi there");
    alice.wait_for_text("2 alice: hi there");
    alice.enter("/help moderation");
    alice.wait_for_text("/ban NAME");
    alice.enter("/quit");
    assert!(alice.exit_status().success());
    let transcript = alice.transcript();
    assert!(!transcript.contains('\u{1b}'), "{transcript:?}");

    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = at_terminal(setup);
    alice.wait_for_text("connected to stream");
    alice.key(Key::Control('d'));
    assert!(alice.exit_status().success(), "the end of the input");
}

#[test]
fn in_a_terminal_the_password_is_asked_for_and_not_shown() {
    let server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]).without_password();
    let mut alice = at_terminal(setup);
    alice.wait_for_text("password for alice");
    alice.wait_for_text("becomes an account");
    alice.enter("not-this-one");
    alice.wait_for_text("couldn't sign in");
    alice.wait_for("second question", |screen| {
        screen.count("password for alice") == 2
    });
    alice.enter("alice-has-a-secret");
    alice.wait_for_text("connected to stream as alice");
    alice.enter("shown again");
    alice.wait_for("echo and message", |screen| {
        screen.count("shown again") == 2
    });
    let transcript = alice.transcript();
    for secret in ["not-this-one", "alice-has-a-secret"] {
        assert!(!transcript.contains(secret), "{transcript:?}");
    }
    alice.signal(Signal::INT);
    assert!(alice.exit_status().success());
}

#[test]
fn the_time_is_said_where_it_is_asked_for() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let alice = setup.argument("--times").start_lines();
    line(&alice, "no messages here yet");
    bob.post("hello");
    let shown = line(&alice, "hello");
    let clock = shown.split(' ').nth(1).unwrap();
    assert!(clock.len() == 5 && clock.as_bytes()[2] == b':', "{shown}");
}

#[test]
fn a_line_that_can_not_be_sent_is_named_and_takes_none_along() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut alice = enter(&server, "alice");
    let long = "x".repeat(100_000);
    alice.write(&format!(
        "one\n{}\n{long}\n\u{200b}\ntwo\n",
        "y".repeat(501)
    ));
    let next = |bob: &mut RawClient| -> Value { bob.expect("message")["content"].clone() };
    assert_eq!(
        (next(&mut bob), next(&mut bob)),
        (json!("one"), json!("two"))
    );
    alice.close_input();
    let finished = alice.finish();
    assert_eq!(finished.status.code(), Some(5));
    for expected in [
        "line 2 was not sent: it has 501",
        "line 3: it has 100000",
        "line 4: ",
    ] {
        assert!(finished.out.contains(expected), "{}", finished.out);
    }
}

#[test]
fn a_terminal_that_goes_away_ends_it() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]).argument("--plain");
    let mut alice = BareTerminal::start(&setup, None);
    alice.read_until("no messages here yet");
    alice.hang_up();
    bob.post("hello");
    assert_eq!(alice.exit_status().code(), Some(0));
}
