//! What is refused, and in which words: each text names what was wrong.

#![allow(clippy::unwrap_used)] // a test that finds nothing to unwrap is to fail

use chat_protocol::{ClientEvent, Frame};

fn frame_error(text: &str) -> String {
    Frame::parse(text).unwrap_err().to_string()
}

fn refusal(event: &str, data: &str) -> String {
    let frame = Frame::parse(&format!(r#"{{"event":"{event}","data":{data}}}"#)).unwrap();
    ClientEvent::from_frame(frame).unwrap_err().to_string()
}

#[test]
fn broken_frames() {
    let check = |text: &str, part: &str| {
        let error = frame_error(text);
        assert!(error.contains(part), "{text}: {error}");
    };
    check("", "not valid JSON");
    check("{\"event\":", "not valid JSON");
    check("[]", "must be a JSON object");
    check("42", "must be a JSON object");
    check("{}", "`event` is missing");
    check(r#"{"event":7}"#, "`event` must be a string");
    check(r#"{"event":"who","data":[]}"#, "`data` must be an object");
    check(r#"{"event":"who","id":1}"#, "unknown member `id`");
    check(&"[".repeat(10_000), "not valid JSON");
}

#[test]
fn a_broken_frame_still_names_its_event() {
    let error = Frame::parse(r#"{"event":"who","data":[]}"#).unwrap_err();
    assert_eq!(error.event(), Some("who"));
}

#[test]
fn missing_unknown_ill_typed_and_empty_parameters_are_told_apart() {
    let check = |event: &str, data: &str, text: &str| {
        assert_eq!(refusal(event, data), text);
    };
    check("message", "{}", "parameter `content` is missing");
    check(
        "message",
        r#"{"content":7}"#,
        "parameter `content` must be a string",
    );
    check(
        "message",
        r#"{"content":" "}"#,
        "parameter `content` is empty",
    );
    check(
        "message",
        r#"{"content":"x","colour":"red"}"#,
        "unknown parameter `colour`: `message` has content, nonce, replyTo",
    );
    check(
        "who",
        r#"{"x":1}"#,
        "unknown parameter `x`: `who` has no parameters",
    );
    check(
        "message",
        r#"{"content":"x","nonce":null}"#,
        "parameter `nonce` must be a string",
    );
    check(
        "setTestMode",
        r#"{"value":1}"#,
        "parameter `value` must be true or false",
    );
    check(
        "history",
        r#"{"limit":0}"#,
        "parameter `limit` must be from 1 to 200",
    );
    check(
        "history",
        r#"{"limit":-1}"#,
        "parameter `limit` must be from 1 to 200",
    );
    check(
        "history",
        r#"{"limit":1.5}"#,
        "parameter `limit` must be an integer",
    );
    check(
        "history",
        r#"{"before":-1}"#,
        "parameter `before` must be an integer, 0 or more",
    );
    for data in [r#"{"limit":0}"#, r#"{"limit":201}"#] {
        check("audit", data, "parameter `limit` must be from 1 to 200");
    }
    check(
        "audit",
        r#"{"room":"r"}"#,
        "unknown parameter `room`: `audit` has limit, target, before",
    );
    check(
        "audit",
        r#"{"before":7}"#,
        "parameter `before` must be a string",
    );
    check("audit", r#"{"before":""}"#, "parameter `before` is empty");
    check(
        "audit",
        r#"{"target":null}"#,
        "parameter `target` must be a string",
    );
    check(
        "history",
        r#"{"username":"a b"}"#,
        "parameter `username` can't contain a space",
    );
    check("user", "{}", "parameter `username` is missing");
    check(
        "sanctions",
        r#"{"limit":1}"#,
        "unknown parameter `limit`: `sanctions` has no parameters",
    );
    check(
        "changePassword",
        r#"{"password":"p"}"#,
        "parameter `newPassword` is missing",
    );
    check(
        "changePassword",
        r#"{"password":"p","newPassword":""}"#,
        "parameter `newPassword` is empty",
    );
    check(
        "mute",
        r#"{"username":"b"}"#,
        "parameter `duration` is missing",
    );
    check(
        "setRoom",
        "{}",
        "`setRoom` needs at least one of slowMode, membersOnly, topic, pinned",
    );
    check("addFilter", "{}", "parameter `pattern` is missing");
    check(
        "addFilter",
        r#"{"pattern":"x","kind":"glob"}"#,
        "parameter `kind` must be `word` or `regex`",
    );
    check(
        "addFilter",
        r#"{"pattern":"x","action":1}"#,
        "parameter `action` must be a string",
    );
    check(
        "addFilter",
        r#"{"pattern":"x","action":"Hold"}"#,
        "parameter `action` must be `refuse` or `hold`",
    );
    check("poll", "{}", "unknown event `poll`");
}

#[test]
fn auth_names_what_is_wrong() {
    let check = |data: &str, text: &str| assert_eq!(refusal("auth", data), text);
    check("{}", "parameter `username` is missing");
    check(
        r#"{"username":"a","room":"r"}"#,
        "parameter `password` is missing",
    );
    check(
        r#"{"username":"a","password":"p"}"#,
        "parameter `room` is missing",
    );
    check(
        r#"{"username":"a","password":"p","token":"t","room":"r"}"#,
        "parameter `token` replaces `password`: send only one of the two",
    );
    for (name, data) in [
        ("username", r#"{"username":"","password":"p","room":"r"}"#),
        ("password", r#"{"username":"a","password":"","room":"r"}"#),
        ("room", r#"{"username":"a","password":"p","room":""}"#),
    ] {
        check(data, &format!("parameter `{name}` is empty"));
    }
    check(
        r#"{"username":"a","password":"p","room":1.5}"#,
        "parameter `room` must be a string or an integer",
    );
    check(
        r#"{"username":"a b","password":"p","room":"r"}"#,
        "parameter `username` can't contain a space",
    );
    check(
        r#"{"username":"a","password":"p","room":"r","since":{"seq":1}}"#,
        "parameter `since.epoch` is missing",
    );
    check(
        r#"{"username":"a","password":"p","room":"r","since":{"epoch":"e","seq":1,"z":1}}"#,
        "unknown parameter `z`: `since` has epoch, seq",
    );
    check(
        r#"{"username":"a","password":"p","room":"r","capabilities":["presence",1]}"#,
        "parameter `capabilities` must be a list of strings",
    );
    check(
        r#"{"username":"a","password":"p","room":"r","register":0}"#,
        "parameter `register` must be true or false",
    );
}

#[test]
fn hostile_names_come_back_short_and_without_controls() {
    let long = "x".repeat(1000);
    assert!(refusal(&long, "{}").len() < 100);
    assert_eq!(refusal(r"a\u001b[2J", "{}"), "unknown event `a[2J`");
}

#[test]
fn no_error_text_repeats_a_password() {
    let data = r#"{"username":"a","password":"hunter2","room":7.5}"#;
    assert!(!refusal("auth", data).contains("hunter2"));
    let frame = r#"{"event":"auth","data":{"username":"a","password":"hunter2","room":"r"}}"#;
    let event = ClientEvent::from_frame(Frame::parse(frame).unwrap()).unwrap();
    assert!(!format!("{event:?}").contains("hunter2"));
    let data = r#"{"password":"hunter2","newPassword":"hunter3","x":1}"#;
    assert!(!refusal("changePassword", data).contains("hunter"));
    let frame =
        r#"{"event":"changePassword","data":{"password":"hunter2","newPassword":"hunter3"}}"#;
    let event = ClientEvent::from_frame(Frame::parse(frame).unwrap()).unwrap();
    assert!(!format!("{event:?}").contains("hunter"));
}
