//! What moderators type, and the frames that come of it.

use serde_json::Value;

use super::super::{Command, CommandError, Typed, parse};
use chat_protocol::HeldId;

use super::{Order, Which};

/// The frame that `text` asks for.
#[track_caller]
fn check(text: &str, expected: &str) {
    match parse(text) {
        Ok(Typed::Command(Command::Moderate(Order::Send(event)))) => {
            let expected: Value = serde_json::from_str(expected).unwrap();
            let sent: Value = serde_json::from_str(&event.encode()).unwrap();
            assert_eq!(sent, expected, "{text}");
        }
        other => panic!("{text}: {other:?}"),
    }
}

/// The sentence that says what is wrong with `text`.
#[track_caller]
fn wrong(text: &str, words: &str) {
    match parse(text) {
        Err(error) => assert_eq!(error.to_string(), words, "{text}"),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn users_are_named_with_or_without_an_at() {
    check("/kick bob", r#"{"event":"kick","data":{"username":"bob"}}"#);
    check(
        "/KICK @Bob  too   loud\nhere ",
        r#"{"event":"kick","data":{"reason":"too loud here","username":"Bob"}}"#,
    );
    check(
        "/unmute @bob",
        r#"{"event":"unmute","data":{"username":"bob"}}"#,
    );
    check(
        "/unban bob",
        r#"{"event":"unban","data":{"username":"bob"}}"#,
    );
    check(
        "/mod bob",
        r#"{"event":"setMod","data":{"username":"bob"}}"#,
    );
    check(
        "/unmod bob",
        r#"{"event":"delMod","data":{"username":"bob"}}"#,
    );
    check(
        "/purge ann@example.org",
        r#"{"event":"purge","data":{"username":"ann@example.org"}}"#,
    );
    wrong("/kick", "/kick NAME [REASON]: the name is missing");
    wrong("/purge @", "/purge NAME: the name is missing");
    wrong("/unban bob please", "/unban NAME: give only a name");
    wrong("/mod a\u{2028}b", "/mod NAME: give only a name");
    wrong(
        "/mod a%\u{7f}",
        "/mod NAME: the name a%\u{7f} can't contain a control character (U+007F)",
    );
    let long = "x".repeat(65);
    let words = format!(
        "/mod NAME: the name {} is too long: 65 characters, the limit is 64",
        &long[..20]
    );
    wrong(&format!("/mod {long}"), &words);
}

#[test]
fn mutes_last_from_a_second_to_fourteen_days() {
    check(
        "/mute bob 10m calm down",
        r#"{"event":"mute","data":{"duration":600,"reason":"calm down","username":"bob"}}"#,
    );
    check(
        "/mute bob 1",
        r#"{"event":"mute","data":{"duration":1,"username":"bob"}}"#,
    );
    check(
        "/mute bob 14d",
        r#"{"event":"mute","data":{"duration":1209600,"username":"bob"}}"#,
    );
    let usage = "/mute NAME DURATION [REASON]";
    let bounds = format!("{usage}: a mute can last from 1 second to 14 days");
    wrong("/mute bob 0", &bounds);
    wrong("/mute bob 1209601", &bounds);
    let durations = format!("{usage}: the duration must look like 90, 90s, 10m, 2h or 7d");
    wrong("/mute bob", &durations);
    wrong("/mute bob spam", &durations);
}

#[test]
fn bans_tell_a_duration_from_a_reason() {
    check("/ban bob", r#"{"event":"ban","data":{"username":"bob"}}"#);
    check(
        "/ban bob spam 2h",
        r#"{"event":"ban","data":{"reason":"spam 2h","username":"bob"}}"#,
    );
    check(
        "/ban bob 2h spam",
        r#"{"event":"ban","data":{"duration":7200,"reason":"spam","username":"bob"}}"#,
    );
    check(
        "/ban bob - 2 warnings",
        r#"{"event":"ban","data":{"reason":"2 warnings","username":"bob"}}"#,
    );
    // A mistyped duration must not become a ban for good.
    let usage = "/ban NAME [DURATION] [REASON]";
    wrong(
        "/ban bob 10min",
        &format!("{usage}: the duration must look like 90, 90s, 10m, 2h or 7d"),
    );
    let bounds =
        "a ban can last from 1 second to 100 years; leave the duration out for a permanent ban";
    wrong("/ban bob 0s", &format!("{usage}: {bounds}"));
    wrong("/ban bob 36501d", &format!("{usage}: {bounds}"));
    let words = format!("{usage}: the reason is too long: 501 characters, the limit is 500");
    wrong(&format!("/ban bob {}", "é".repeat(501)), &words);
}

#[test]
fn modes_are_set_one_at_a_time() {
    check("/slow 10", r#"{"event":"setRoom","data":{"slowMode":10}}"#);
    check("/slow 2m", r#"{"event":"setRoom","data":{"slowMode":120}}"#);
    check("/slow OFF", r#"{"event":"setRoom","data":{"slowMode":0}}"#);
    check(
        "/members on",
        r#"{"event":"setRoom","data":{"membersOnly":true}}"#,
    );
    check(
        "/members off",
        r#"{"event":"setRoom","data":{"membersOnly":false}}"#,
    );
    check(
        "/topic Any% today",
        r#"{"event":"setRoom","data":{"topic":"Any% today"}}"#,
    );
    check("/topic ", r#"{"event":"setRoom","data":{"topic":""}}"#);
    check("/unpin", r#"{"event":"setRoom","data":{"pinned":null}}"#);
    check("/audit", r#"{"event":"audit","data":{"limit":20}}"#);
    for text in ["/slow", "/slow 121", "/slow fast"] {
        wrong(text, "/slow SECONDS|off: give 1 to 120 seconds, or off");
    }
    wrong("/members", "/members on|off: write on or off");
    wrong("/unpin x", "/unpin takes no arguments");
    wrong("/audit x", "/audit takes no arguments");
}

#[test]
fn what_needs_the_room_is_left_to_it() {
    let order = |text: &str| match parse(text) {
        Ok(Typed::Command(Command::Moderate(order))) => order,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(order("/clear"), Order::Clear);
    assert_eq!(order("/clear yes"), Order::Clear);
    assert_eq!(order("/delete"), Order::Delete(None));
    assert!(matches!(order("/delete @bob"), Order::Delete(Some(name)) if name.key() == "bob"));
    assert_eq!(order("/pin"), Order::Pin(None));
    assert!(matches!(order("/pin bob"), Order::Pin(Some(_))));
    assert!(matches!(parse("/clear no"), Err(CommandError::Wrong(_))));
}

#[test]
fn patterns_are_typed_with_what_becomes_of_a_message_and_why() {
    let filter = |text: &str, data: &str| {
        check(text, &format!(r#"{{"event":"addFilter","data":{data}}}"#));
    };
    filter("/filter free money", r#"{"pattern":"free money"}"#);
    filter(
        "/filter -h -r https?:// -- links wait",
        r#"{"pattern":"https?://","kind":"regex","action":"hold","reason":"links wait"}"#,
    );
    filter("/filter --hold -x", r#"{"pattern":"-x","action":"hold"}"#);
    check(
        "/unfilter -r x",
        r#"{"event":"removeFilter","data":{"pattern":"-r x"}}"#,
    );
    check("/filters", r#"{"event":"filters"}"#);
    check("/held", r#"{"event":"held"}"#);
    check(
        "/vip @bob",
        r#"{"event":"setVip","data":{"username":"bob"}}"#,
    );
    check(
        "/unvip bob",
        r#"{"event":"delMod","data":{"username":"bob"}}"#,
    );
    let usage = "/filter [-h] [-r] PATTERN [-- REASON]";
    wrong("/filter -h", &format!("{usage}: the pattern is missing"));
    wrong("/filters x", "/filters takes no arguments");
}

#[test]
fn held_messages_are_named_by_number_or_id_or_not_at_all() {
    let order = |text: &str| match parse(text) {
        Ok(Typed::Command(Command::Moderate(order))) => order,
        other => panic!("{text}: {other:?}"),
    };
    let reason = |words: &str| Some(words.to_owned());
    assert_eq!(order("/allow"), Order::Allow(Which::Only));
    assert_eq!(order("/allow 3"), Order::Allow(Which::Number(3)));
    assert_eq!(
        order("/allow #17"),
        Order::Allow(Which::Id(HeldId::new("17").unwrap()))
    );
    assert_eq!(order("/deny"), Order::Deny(Which::Only, None));
    assert_eq!(
        order("/deny not here"),
        Order::Deny(Which::Only, reason("not here"))
    );
    assert_eq!(
        order("/deny 3 not here"),
        Order::Deny(Which::Number(3), reason("not here"))
    );
    assert!(matches!(parse("/allow it"), Err(CommandError::Wrong(_))));
    assert!(matches!(parse("/allow 3 now"), Err(CommandError::Wrong(_))));
}
