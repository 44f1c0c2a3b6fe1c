//! What moderators take out.

use super::*;

fn purge(user: &str, seq: u64) -> chat_protocol::Purged {
    chat_protocol::Purged {
        username: user.to_owned(),
        seq: Seq(seq),
        by: "erin\u{1b}".to_owned(),
    }
}

fn clear(seq: u64) -> chat_protocol::Cleared {
    chat_protocol::Cleared {
        seq: Seq(seq),
        by: "erin".to_owned(),
    }
}

#[test]
fn a_purge_leaves_tombstones_of_one_user_and_nobody_quotes_them() {
    let mut timeline = timeline(2, 2);
    let mut answer = event(3, "carol", "no");
    answer["data"]["replyTo"] = json!("e-2");
    timeline.insert(&message(&answer), &reader());
    timeline.insert(&message(&event(4, "ＢOB", "wide")), &reader());
    timeline.insert(&message(&event(6, "bob", "after it")), &reader());
    assert!(timeline.purge(&purge("Bob", 5)));
    let shown = texts(&timeline).join("\n");
    assert_eq!(
        shown.matches("[deleted by erin\u{fffd}]").count(),
        2,
        "{shown}"
    );
    assert!(shown.contains("> bob: [deleted]"), "{shown}");
    assert!(
        shown.contains("after it") && shown.contains("no"),
        "{shown}"
    );
    assert!(!timeline.purge(&purge("Bob", 5)), "there was nothing left");
}

#[test]
fn emptying_takes_what_was_before_and_keeps_the_view_on_the_rest() {
    let mut timeline = timeline(5, 30);
    timeline.notice(Tone::Good, "a notice", stamp());
    let mut answer = event(33, "carol", "an answer");
    answer["data"]["replyTo"] = json!("e-30");
    for value in [answer, event(34, "bob", "m34"), event(35, "bob", "m35")] {
        timeline.insert(&message(&value), &reader());
    }
    timeline.scroll_up(1, Geometry::new(40), 3);
    timeline.clear(&clear(32), Some(stamp()));
    let shown = texts(&timeline).join("\n");
    assert!(timeline.is_held(), "{shown}");
    assert!(shown.ends_with("m34"), "{shown}");
    assert!(shown.contains("erin deleted all messages"), "{shown}");
    assert!(shown.contains("> an earlier message"), "{shown}");
    assert!(
        !shown.contains("m30") && !shown.contains("notice"),
        "{shown}"
    );
    assert_eq!(timeline.older_from(), None);
    timeline.clear(&clear(36), Some(stamp()));
    assert!(!timeline.is_held());
    check(
        &timeline,
        &[
            "beginning of the room",
            "Mon 23 Nov 2026",
            "erin deleted all messages",
        ],
    );
}

#[test]
fn an_emptied_room_stays_empty_in_pages_of_its_history() {
    let mut timeline = Timeline::default();
    let cleared = json!({ "event": "clear", "data": { "seq": 7, "by": "erin" } });
    let entries = vec![cleared, event(8, "bob", "m8")];
    timeline.newest(&history("e", entries, true), &reader(), stamp());
    check(
        &timeline,
        &["beginning of the room", "Mon 23 Nov 2026", "m8"],
    );
}
