use super::*;
use serde_json::{Value, json};

macro_rules! read {
    ($value:expr) => {
        serde_json::from_value($value).unwrap()
    };
}

#[test]
fn a_message_is_one_line() {
    let mut line = MessageLine {
        number: 41,
        room: None,
        time: None,
        author: "malory",
        about: &[],
        text: "hi",
    };
    assert_eq!(line.line(), "41 malory: hi");
    let about = ["to 38 alice".to_owned(), "mentions you".to_owned()];
    line.about = &about;
    line.room = Some("stream1");
    line.time = Some("14:01".to_owned());
    assert_eq!(
        line.line(),
        "41 [stream1] 14:01 malory (to 38 alice, mentions you): hi"
    );
}

#[test]
fn rows_become_one_and_nothing_steers_the_terminal() {
    let check = |given: &str, expected: &str| assert_eq!(one_row(given), expected, "{given:?}");
    check("one\ntwo", "one / two");
    check("one\n\n\n  two \n", "one / two");
    check(
        "a\u{1b}[2Jb\r\n99 erin: fake",
        "a\u{fffd}[2Jb / 99 erin: fake",
    );
    check("\u{202e}abc", "abc");
    assert_eq!(
        one_row(&"x".repeat(6_000)).chars().count(),
        CONTENT_CHARS + 1
    );
}

#[test]
fn a_name_is_told_from_the_sign_behind_it() {
    assert_eq!(name("Bob", "bob"), "Bob");
    assert_eq!(name(" \u{200b}", "bob"), "bob");
    assert_eq!(signed(&name("bob+", "bob+"), Rank::User), "“bob+”");
    assert_eq!(signed("erin", Rank::Moderator), "erin+");
    assert!(!name("a\u{1b}]0;x\u{7}", "b").contains('\u{1b}'));
}

#[test]
fn times_name_the_day_where_it_is_another() {
    let zone = TimeZone::UTC;
    let day = 86_400_000;
    assert_eq!(time(day + 60_000, day as i64, &zone), "00:01");
    assert_eq!(time(60_000, day as i64, &zone), "1970-01-01 00:01");
    assert_eq!(time(u64::MAX, 0, &zone), "00:00", "no calendar holds it");
}

#[test]
fn what_moderators_do_is_said_in_words() {
    let check = |entry: Value, expected: &str| assert_eq!(audit(&read!(entry)), expected);
    let entry = |action: &str, target: &str| json!({ "time": 1_000, "actor": "erin", "action": action, "target": target });
    let mut mute = entry("mute", "bob");
    mute["until"] = json!(600_998);
    check(mute.clone(), "erin muted bob for 10 min");
    mute["reason"] = json!("spam\u{1b}[m\nagain");
    check(mute, "erin muted bob for 10 min: spam\u{fffd}[m again");
    check(entry("ban", "bob"), "erin banned bob for good");
    check(entry("delMod", "bob"), "erin made bob an ordinary user");
    check(entry("teleport", "bob"), "erin did teleport bob");
}

#[test]
fn only_what_changed_of_a_room_is_said() {
    let state = |slow: u64, members: bool, topic: &str| RoomState {
        slow_mode: slow,
        members_only: members,
        topic: topic.to_owned(),
        ..RoomState::default()
    };
    let said = |before: &RoomState, after: &RoomState| modes(before, after).join("; ");
    let off = RoomState::default();
    assert_eq!(said(&off, &off), "");
    assert_eq!(
        said(&off, &state(10, true, "Any%")),
        "slow mode is on: 10 s between messages; new accounts can't post now; the topic is: Any%"
    );
    assert_eq!(
        said(&state(10, true, "x"), &off),
        "slow mode is off now; new accounts can post again; there is no topic any more"
    );
}

#[test]
fn a_user_is_told_with_what_is_in_force_and_what_was_done() {
    let user: User = read!(json!({
        "username": "malory", "displayName": "malory", "rank": 3, "created": 60_000, "here": 1,
        "messages": 9, "muted": { "until": 3_600_000, "by": "erin", "reason": "spam" },
        "audit": [{ "time": 120_000, "actor": "erin", "action": "kick", "target": "malory" }],
    }));
    let lines = super::user(&user, 0, &TimeZone::UTC);
    assert_eq!(
        lines,
        [
            "malory: user, account since 00:01, here, 9 messages",
            "malory is muted until 01:00 by erin: spam",
            "00:02 erin kicked malory",
        ]
    );
}

#[test]
fn sanctions_are_listed_by_kind() {
    let list: Sanctions = read!(json!({
        "banned": [{ "username": "eve", "until": null, "by": "erin" }],
        "muted": [], "appointed": [{ "username": "erin", "rank": 1 }], "truncated": true,
    }));
    assert_eq!(
        sanctions(&list, 0, &TimeZone::UTC),
        [
            "eve is banned for good by erin",
            "erin is moderator",
            "and there are more"
        ]
    );
    let none = sanctions(&Sanctions::default(), 0, &TimeZone::UTC);
    assert_eq!(none, ["nobody is banned, muted or appointed here"]);
}

#[test]
fn long_lists_end_in_a_number() {
    let members: Vec<Value> = (0..130)
        .map(|number| json!({ "username": format!("u{number}"), "displayName": "", "rank": 2 }))
        .collect();
    let words = who(&read!(
        json!({ "count": 140, "members": members, "truncated": false })
    ));
    assert!(words.starts_with("140 here: u0$, u1$, "), "{words}");
    assert!(words.ends_with("u99$, and 30 more"), "{words}");
}

#[test]
fn a_refusal_says_when_to_try_again() {
    let check = |value: Value, expected: &str| assert_eq!(refusal(&read!(value)), expected);
    check(
        json!({ "Code": 429, "message": "wait 3 s", "retryAfter": 3 }),
        "wait 3 s",
    );
    check(
        json!({ "Code": 429, "message": "too fast", "retryAfter": 3 }),
        "too fast (try again in 3 s)",
    );
    check(json!({ "Code": 403, "message": "no\u{1b}" }), "no\u{fffd}");
}
