//! Timelines, built from the wire's events and read as text rows.

mod gaps;
mod ignoring;
mod people;
mod removal;
mod rows;
mod shares;
mod unread;

use super::*;
use crate::app::row::Row;
use chat_protocol::{History, MessageDeleted, MessageId, ServerEvent, limits::USERNAME_CHARS};
use serde_json::{Value, json};
use std::rc::Rc;

fn reader() -> Reader {
    Reader {
        key: "alice".into(),
        names: vec!["alice".to_owned()],
        zone: TimeZone::UTC,
        ignored: std::collections::HashSet::new(),
    }
}

fn stamp() -> Stamp {
    Stamp::new(1_795_392_000_000, &TimeZone::UTC)
}

fn event(seq: u64, user: &str, content: &str) -> Value {
    json!({ "event": "message", "data": { "username": user, "content": content,
        "id": format!("e-{seq}"), "seq": seq, "displayName": user, "rank": 3,
        "time": 1_795_392_000_000_u64 + seq, "room": "r" } })
}

fn message(value: &Value) -> Message {
    match ServerEvent::decode(&value.to_string()).unwrap() {
        ServerEvent::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

fn history(epoch: &str, entries: Vec<Value>, complete: bool) -> History {
    let data = json!({ "epoch": epoch, "entries": entries, "complete": complete });
    match ServerEvent::decode(&json!({ "event": "history", "data": data }).to_string()).unwrap() {
        ServerEvent::History(history) => history,
        other => panic!("{other:?}"),
    }
}

fn page(seqs: std::ops::RangeInclusive<u64>) -> Vec<Value> {
    seqs.map(|seq| event(seq, "bob", &format!("m{seq}")))
        .collect()
}

/// A timeline that holds the entries of a room up to `last`, the newest of them loaded.
fn timeline(first: u64, last: u64) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.newest(
        &history("e", page(first..=last), first == 1),
        &reader(),
        stamp(),
    );
    timeline
}

/// The texts behind names, rules and notices without their decoration.
fn texts(timeline: &Timeline) -> Vec<String> {
    let rows = timeline.visible(Geometry::new(40), 1_000);
    let text = |row: &Rc<Row>| row.text().trim_matches([' ', '-']).to_owned();
    rows.iter()
        .map(text)
        .skip_while(|text| text.contains("2026"))
        .collect()
}

#[track_caller]
fn check(timeline: &Timeline, expected: &[&str]) {
    let texts: Vec<String> = texts(timeline)
        .iter()
        .map(|text| text.replace("bob  ", ""))
        .collect();
    assert_eq!(texts, expected);
}

#[test]
fn entries_are_in_the_order_of_the_log_and_there_once() {
    let mut timeline = timeline(2, 3);
    assert_eq!(
        timeline.insert(&message(&event(3, "bob", "m3")), &reader()),
        Inserted::Known
    );
    let new = Inserted::New {
        mentions: false,
        own: false,
    };
    assert_eq!(
        timeline.insert(&message(&event(5, "bob", "m5")), &reader()),
        new
    );
    assert_eq!(
        timeline.insert(&message(&event(4, "bob", "m4")), &reader()),
        new
    );
    check(&timeline, &["m2", "m3", "m4", "m5"]);
}

#[test]
fn older_entries_come_before_and_end_at_the_beginning() {
    let mut timeline = timeline(3, 4);
    assert_eq!(timeline.begin_loading(), Some(Seq(3)));
    assert_eq!(timeline.begin_loading(), None);
    timeline.older(&history("e", page(1..=2), true), &reader());
    check(
        &timeline,
        &[
            "beginning of the room",
            "Mon 23 Nov 2026",
            "m1",
            "m2",
            "m3",
            "m4",
        ],
    );
    assert_eq!(timeline.begin_loading(), None);
}

#[test]
fn loading_steps_over_entries_of_unknown_kinds() {
    let unknown = || vec![json!({ "event": "novelty", "data": { "seq": 40 } })];
    let mut timeline = timeline(150, 151);
    assert_eq!(timeline.begin_loading(), Some(Seq(150)));
    timeline.older(&history("e", unknown(), false), &reader());
    assert_eq!(timeline.begin_loading(), Some(Seq(50)));
    timeline.older(&history("e", unknown(), false), &reader());
    assert_eq!(timeline.begin_loading(), None);
}

#[test]
fn live_messages_before_the_first_history_join_it() {
    let mut timeline = Timeline::default();
    timeline.insert(&message(&event(4, "bob", "m4")), &reader());
    timeline.newest(&history("e", page(2..=4), false), &reader(), stamp());
    check(&timeline, &["m2", "m3", "m4"]);
}

#[test]
fn what_could_not_be_resumed_is_told_apart_by_a_gap() {
    let gap = "messages may be missing here";
    let after_parting = |epoch: &str, seqs| {
        let mut timeline = timeline(2, 4);
        timeline.part(stamp());
        timeline.newest(&history(epoch, page(seqs), false), &reader(), stamp());
        timeline
    };
    let loads = "messages missing (Enter loads)";
    check(&after_parting("e", 9..=9), &["m2", "m3", "m4", loads, "m9"]);
    check(&after_parting("f", 4..=5), &["m2", "m3", "m4", "m5"]);
    let mut set_back = after_parting("e", 2..=3);
    check(&set_back, &["m2", "m3", "m4", gap]);
    set_back.insert(&message(&event(4, "bob", "another")), &reader());
    check(&set_back, &["m2", "m3", "m4", gap, "another"]);
    set_back.part(stamp());
    set_back.part(stamp());
    check(&set_back, &["m2", "m3", "m4", gap, "another", gap]);
}

#[test]
fn a_page_asked_for_before_the_gap_is_not_put_behind_it() {
    let mut timeline = timeline(50, 90);
    assert_eq!(timeline.begin_loading(), Some(Seq(50)));
    timeline.part(stamp());
    timeline.newest(&history("e", page(200..=201), false), &reader(), stamp());
    timeline.older(&history("e", page(1..=49), true), &reader());
    assert!(!timeline.is_complete());
    assert_eq!(timeline.begin_loading(), Some(Seq(200)));
    timeline.older(&history("e", page(48..=199), false), &reader());
    let texts = texts(&timeline);
    let shown = |text: &str| texts.iter().filter(|row| row.ends_with(text)).count();
    assert_eq!((shown("  m49"), shown("  m50"), shown("  m199")), (1, 1, 1));
}

#[test]
fn older_pages_find_their_place_past_gaps() {
    let mut timeline = timeline(3, 4);
    timeline.part(stamp());
    timeline.newest(&history("e", page(7..=8), false), &reader(), stamp());
    timeline.begin_loading();
    timeline.older(&history("e", page(4..=6), false), &reader());
    timeline.begin_loading();
    timeline.older(&history("e", page(2..=3), false), &reader());
    check(&timeline, &["m2", "m3", "m4", "m5", "m6", "m7", "m8"]);
}

#[test]
fn an_answer_past_the_gap_is_not_shown_again() {
    let mut timeline = timeline(1, 3);
    timeline.part(stamp());
    let mut answer = event(3, "bob", "m3");
    answer["data"]["nonce"] = json!("n");
    let inserted = timeline.insert(&message(&answer), &reader());
    assert_eq!(inserted, Inserted::Known);
}

#[test]
fn a_notice_alone_is_nothing_to_be_missed() {
    let mut timeline = Timeline::default();
    timeline.notice(Tone::Text, "connecting", stamp());
    timeline.newest(&history("e", page(7..=7), false), &reader(), stamp());
    check(&timeline, &["connecting", "m7"]);
}

#[test]
fn a_deleted_message_loses_its_text_there_and_where_it_is_quoted() {
    let mut timeline = timeline(1, 1);
    let mut answer = event(2, "carol", "answer");
    answer["data"]["replyTo"] = json!("e-1");
    timeline.insert(&message(&answer), &reader());
    check(
        &timeline,
        &[
            "beginning of the room",
            "Mon 23 Nov 2026",
            "m1",
            "carol  > bob: m1",
            "answer",
        ],
    );
    let deleted = MessageDeleted {
        id: MessageId::new("e-1").unwrap(),
        seq: Seq(3),
        by: "er\u{1b}in".to_owned(),
    };
    timeline.delete(&deleted);
    let texts = texts(&timeline);
    assert_eq!(texts[2], "bob  [deleted by er\u{fffd}in]");
    assert_eq!(texts[3], "carol  > bob: [deleted]");
}

#[test]
fn an_answer_is_quoted_once_its_parent_is_loaded() {
    let mut answer = event(5, "carol", "answer");
    answer["data"]["replyTo"] = json!("e-4");
    let mut timeline = Timeline::default();
    timeline.newest(&history("e", vec![answer], false), &reader(), stamp());
    check(&timeline, &["carol  > an earlier message", "answer"]);
    timeline.begin_loading();
    timeline.older(&history("e", page(4..=4), false), &reader());
    check(&timeline, &["m4", "carol  > bob: m4", "answer"]);
}

#[test]
fn a_held_view_does_not_move() {
    let geometry = Geometry::new(40);
    let mut timeline = timeline(50, 90);
    timeline.scroll_up(5, geometry, 10);
    let before = timeline.visible(geometry, 10);
    assert_eq!(before.last().unwrap().text().trim(), "bob  m85");
    let below = |timeline: &Timeline| {
        let below = timeline.below(geometry);
        (below.rows, below.new)
    };
    assert_eq!(below(&timeline), (5, 0));
    for seq in 91..=93 {
        timeline.insert(&message(&event(seq, "bob", "new")), &reader());
    }
    timeline.begin_loading();
    timeline.older(&history("e", page(1..=49), true), &reader());
    timeline.notice(Tone::Text, "notice", stamp());
    assert_eq!(timeline.visible(geometry, 10), before);
    assert_eq!(below(&timeline), (9, 3));
    timeline.scroll_down(6, geometry);
    assert_eq!(below(&timeline), (3, 2), "what is in view is not below");
    timeline.scroll_down(3, geometry);
    assert!(!timeline.is_held());
    assert_eq!(below(&timeline), (0, 0));
}

#[test]
fn scrolling_ends_with_a_full_screen_at_the_top() {
    let geometry = Geometry::new(40);
    let mut timeline = timeline(1, 30);
    timeline.scroll_to_top(geometry, 8);
    let rows = timeline.visible(geometry, 8);
    assert_eq!(rows.len(), 8);
    assert!(rows[0].text().contains("beginning of the room"));
    assert!(rows[7].text().ends_with("m6"));
    timeline.scroll_up(3, geometry, 8);
    assert_eq!(timeline.visible(geometry, 8), rows);
    timeline.scroll_to_top(geometry, 100);
    assert!(!timeline.is_held(), "everything fits");
}

#[test]
fn rows_far_below_are_not_counted() {
    let geometry = Geometry::new(40);
    let mut timeline = timeline(1, COUNTED_BELOW as u64 * 2);
    timeline.scroll_to_top(geometry, 10);
    assert_eq!(timeline.below(geometry).rows, COUNTED_BELOW);
    let last = timeline.entries.len() - 1;
    assert_eq!(timeline.entries[last - 10].height.get(), (0, 0));
}

#[test]
fn days_are_told_apart() {
    let mut timeline = timeline(1, 1);
    let mut next_day = event(2, "bob", "m2");
    next_day["data"]["time"] = json!(1_795_392_000_000_u64 + 86_400_000);
    timeline.insert(&message(&next_day), &reader());
    check(
        &timeline,
        &[
            "beginning of the room",
            "Mon 23 Nov 2026",
            "m1",
            "Tue 24 Nov 2026",
            "m2",
        ],
    );
}

#[test]
fn a_hundred_thousand_messages_are_kept_and_no_more() {
    let mut timeline = Timeline::default();
    for seq in 1..=KEPT as u64 + 10 {
        timeline.insert(&message(&event(seq, "bob", "m")), &reader());
    }
    assert_eq!(timeline.entries.len(), KEPT);
    assert_eq!(timeline.entries[0].at, Seq(11));
    assert_eq!(timeline.begin_loading(), None);
}

#[test]
fn columns_and_hanging_indents() {
    let text = "gg that jump was insane and the skip right after, watch the replay";
    let mut timeline = Timeline::default();
    timeline.newest(
        &history("e", vec![event(5, "bob", text)], false),
        &reader(),
        stamp(),
    );
    let rows = |width| -> Vec<String> {
        let rows = timeline.visible(Geometry::new(width), 10);
        rows.iter()
            .skip(1)
            .map(|row| row.text().trim_end().to_owned())
            .collect()
    };
    assert_eq!(
        rows(62),
        [
            "00:00          bob  gg that jump was insane and the skip right",
            "                    after, watch the replay",
        ]
    );
    assert_eq!(rows(40)[0], "         bob  gg that jump was insane");
    assert_eq!(rows(20)[..2], [" bob: gg that jump", "   was insane and"]);
}

#[test]
fn what_a_server_sends_is_kept_within_bounds() {
    let mut timeline = Timeline::default();
    let long = "x".repeat(5_000);
    for seq in 1..=20_000 {
        let mut hostile = message(&event(seq, "bob", ""));
        hostile.content.clone_from(&long);
        hostile.display_name.clone_from(&long);
        timeline.insert(&hostile, &reader());
    }
    let posts = timeline.entries.iter().filter_map(Entry::post);
    let kept: usize = posts.map(|post| post.content().len()).sum();
    assert!(kept <= KEPT_BYTES, "{kept}");
    assert_eq!(timeline.entries.back().unwrap().at, Seq(20_000));
    let post = timeline.entries[0].post().unwrap();
    assert_eq!(post.content().chars().count(), CONTENT_CHARS + 1);
    assert_eq!(post.author.name.chars().count(), USERNAME_CHARS + 1);
}

#[test]
fn names_that_look_ranked_are_quoted() {
    for name in [
        "bob@",
        "@bob",
        "bob!",
        "bob@\u{301}",
        "bob+\u{338}",
        "\u{323}@bob",
        "bob\u{1029b}",
        "bob\u{2d5c}",
        "bob\u{ff04}",
        "bob\u{2026}\u{301}",
    ] {
        assert_eq!(unranked(name), format!("\u{201c}{name}\u{201d}"));
    }
    for name in ["bob", "!bob", "b@b", "bob\u{301}", ""] {
        assert_eq!(unranked(name), name);
    }
}
