//! What messages in a room must not hold, as an operator says on the command line.

use chat_tests::{Finished, RawClient, Server};
use serde_json::json;

#[track_caller]
fn run(server: &Server, arguments: &[&str]) -> Finished {
    let data = server.data();
    let mut all = vec!["filter"];
    all.extend(arguments);
    all.extend(["--data", data.to_str().unwrap()]);
    Server::run(&all, "")
}

#[track_caller]
fn said(server: &Server, arguments: &[&str]) -> String {
    let finished = run(server, arguments);
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    finished.out
}

/// Posts `content`, which is refused; gives the words.
#[track_caller]
fn blocked(client: &mut RawClient, content: &str) -> String {
    client.send("message", json!({ "content": content, "nonce": "b-1" }));
    let refusal = client.expect_cerror(403, Some("message"));
    assert_eq!(refusal["nonce"], "b-1");
    refusal["message"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_blocked_is_refused_at_once_and_over_restarts_until_it_is_not_blocked_any_more() {
    let mut server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("so bad");
    owner.expect("message");
    let done = said(&server, &["add", "stream", "bad", "--reason", "be kind"]);
    assert_eq!(done, "`bad` is blocked");
    let words = blocked(&mut bob, "so \u{ff22}\u{ff21}\u{ff24}!");
    assert_eq!(
        words,
        "this message holds something that is blocked here: be kind"
    );
    said(&server, &["add", "stream", "h[e3]ck+", "--regex"]);
    let words = blocked(&mut bob, "what the H3CKK");
    assert_eq!(words, "this message holds something that is blocked here");
    bob.post("a badge");
    owner.expect("message");
    owner.post("bad, heck");
    bob.expect("message");
    let list = "word\tbad\tbe kind\nregex\th[e3]ck+\t";
    assert_eq!(
        said(&server, &["list", "stream"]).trim_end(),
        list.trim_end()
    );
    server.stop();
    server.restart();
    let mut bob = RawClient::join(&server, "bob", "stream");
    blocked(&mut bob, "bad");
    said(&server, &["remove", "stream", "bad"]);
    bob.post("bad");
    blocked(&mut bob, "heck");
    RawClient::join(&server, "carl", "elsewhere").post("heck");
    server.stop();
    said(&server, &["remove", "stream", "h[e3]ck+"]);
    assert_eq!(said(&server, &["list", "stream"]), "");
    server.restart();
    RawClient::join(&server, "bob", "stream").post("heck");
    let data = server.data();
    let arguments = [
        "audit",
        "--room",
        "stream",
        "--data",
        data.to_str().unwrap(),
    ];
    let audit = Server::run(&arguments, "").out;
    assert_eq!(audit.lines().count(), 4, "{audit}");
    assert!(
        audit.contains("\tserver operator\taddFilter bad: be kind"),
        "{audit}"
    );
    assert!(
        audit.contains("\tserver operator\tremoveFilter bad"),
        "{audit}"
    );
}

#[test]
fn a_retry_of_what_was_stored_before_is_answered_with_the_original() {
    let server = Server::start();
    let _owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    let message = json!({ "content": "bad", "nonce": "n-1" });
    bob.send("message", message.clone());
    let original = bob.expect("message");
    said(&server, &["add", "stream", "bad"]);
    bob.send("message", message);
    assert_eq!(bob.expect("message"), original);
    blocked(&mut bob, "bad");
}

#[test]
fn rights_come_before_what_a_message_names() {
    let server = Server::start();
    let _owner = RawClient::join(&server, "owner", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    said(&server, &["add", "stream", "bad"]);
    let nowhere = "e97b06674126d7c6-999";
    for (content, code) in [("bad", 403), ("good", 404)] {
        bob.send("message", json!({ "content": content, "replyTo": nowhere }));
        bob.expect_cerror(code, Some("message"));
    }
}

#[test]
fn what_an_operator_gets_wrong_is_said_and_nothing_is_done() {
    let mut server = Server::start();
    drop(RawClient::join(&server, "owner", "stream"));
    for is_running in [true, false] {
        for (arguments, words) in [
            (&["add", "stream", "(", "--regex"][..], "unclosed group"),
            (&["add", "stream", "x*", "--regex"][..], "every message"),
            (&["add", "stream", &"x".repeat(201)][..], "200 characters"),
            (
                &["remove", "stream", "bad"][..],
                "not among the room's patterns",
            ),
        ] {
            let finished = run(&server, arguments);
            assert_eq!(finished.status.code(), Some(1), "{arguments:?}");
            assert!(finished.error.contains(words), "{}", finished.error);
        }
        assert_eq!(said(&server, &["list", "stream"]), "");
        if is_running {
            server.stop();
        }
    }
}
