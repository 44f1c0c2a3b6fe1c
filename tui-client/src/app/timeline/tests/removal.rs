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

fn delete(timeline: &mut Timeline, seq: u64, at: u64) {
    timeline.delete(&MessageDeleted {
        id: MessageId::new(format!("e-{seq}")).unwrap(),
        seq: Seq(at),
        by: "erin".to_owned(),
    });
}

#[test]
fn what_says_the_same_is_found_where_it_can_be_acted_on() {
    let mut timeline = Timeline::default();
    let minute = 60_000;
    for (seq, minutes, user, text) in [
        (1, 0, "old", "buy followers"),
        (2, 5, "one", "Buy f0llowers!!"),
        (3, 6, "two", "BUY   FOLLOWERS 77"),
        (4, 7, "gone", "buy followers"),
        (5, 7, "alice", "buy followers"),
        (6, 8, "bob", "who buys followers?"),
        (7, 12, "three", "b u y followers"),
    ] {
        let mut value = event(seq, user, text);
        value["data"]["time"] = json!(1_795_392_000_000_u64 + minutes * minute);
        timeline.insert(&message(&value), &reader());
    }
    delete(&mut timeline, 4, 10);
    let id = |index: usize| timeline.entries[index].id;
    let like = |index| timeline.like(id(index), std::time::Duration::from_secs(600));
    assert_eq!(like(2), [id(1), id(2), id(6)]);
    assert_eq!(
        like(0),
        [id(0), id(1), id(2), id(6)],
        "what was picked is meant"
    );
    assert_eq!(like(5), [id(5)]);
    assert_eq!(like(3), [], "it is deleted");
    assert_eq!(like(4), [], "it is the user's own");
}

#[test]
fn moderators_keep_what_was_deleted_for_as_long_as_they_are() {
    let geometry = Geometry::new(80);
    let rows = |timeline: &Timeline| -> Vec<String> {
        let rows = timeline.visible(geometry, 10);
        rows.iter().skip(2).map(|row| row.text_in(80)).collect()
    };
    let mut timeline = timeline(1, 3);
    delete(&mut timeline, 1, 10);
    timeline.keep_deleted(true);
    delete(&mut timeline, 2, 11);
    let (first, second) = (timeline.entries[0].id, timeline.entries[1].id);
    assert_eq!(timeline.deleted_text(first), None);
    assert_eq!(timeline.deleted_text(second), Some("m2"));
    let end = "v shows";
    let kept = format!("00:00          bob  [deleted by erin]{end:>43}");
    assert_eq!(
        rows(&timeline)[..2],
        ["00:00          bob  [deleted by erin]", kept.as_str()]
    );
    assert!(!timeline.toggle_fold(first), "there is nothing to show");
    assert!(timeline.toggle_fold(second));
    let end = "v hides";
    let shown = format!("00:00          bob  [deleted by erin] m2{end:>40}");
    assert_eq!(rows(&timeline)[1], shown);
    // Loaded once more, out of the history.
    delete(&mut timeline, 2, 11);
    assert_eq!(timeline.deleted_text(second), Some("m2"));
    assert!(
        timeline
            .quote(&MessageId::new("e-2").unwrap())
            .unwrap()
            .contains("[deleted]")
    );
    timeline.keep_deleted(false);
    assert_eq!(timeline.deleted_text(second), None);
    assert_eq!(rows(&timeline)[1], "00:00          bob  [deleted by erin]");
}

#[test]
fn a_message_from_elsewhere_is_quoted_until_it_is_deleted() {
    let mut timeline = timeline(50, 50);
    let mut answer = event(51, "carol", "answer");
    answer["data"]["replyTo"] = json!("e-7");
    timeline.insert(&message(&answer), &reader());
    assert!(texts(&timeline).join(" ").contains("> an earlier message"));
    timeline.insert_apart(&message(&event(7, "bob", "m7")), &reader());
    assert!(texts(&timeline).join(" ").contains("> bob: m7"));
    assert!(!texts(&timeline).join(" ").contains("bob  m7"));
    timeline.purge(&purge("bob", 52));
    assert!(texts(&timeline).join(" ").contains("> bob: [deleted]"));
    timeline.clear(&clear(53), None);
    assert_eq!(timeline.quote(&MessageId::new("e-7").unwrap()), None);
    for seq in 100..400 {
        timeline.insert_apart(&message(&event(seq, "bob", "m")), &reader());
        timeline.note_gone(&MessageId::new(format!("e-{}", seq + 1_000)).unwrap());
    }
    assert_eq!((timeline.apart.len(), timeline.gone.len()), (100, 100));
}

#[test]
fn what_went_all_at_once_goes_bit_by_bit() {
    let mut timeline = timeline(1, 250);
    timeline.clear(&clear(300), None);
    assert!(timeline.entries.len() <= 1);
    for seq in 301..310 {
        timeline.insert(&message(&event(seq, "bob", "m")), &reader());
    }
    assert!(timeline.waste.is_empty());
    assert_eq!(
        timeline.bytes,
        timeline
            .entries
            .iter()
            .map(|entry| entry.bytes as usize)
            .sum::<usize>()
    );
}
