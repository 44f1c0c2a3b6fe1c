//! What was not seen: the line, and the way from mention to mention.

use chat_protocol::Epoch;

use super::*;

fn mark(epoch: &str, seq: u64) -> Mark {
    Mark {
        epoch: Epoch::new(epoch).unwrap(),
        seq: Seq(seq),
    }
}

/// The words of the line, and the text of the row below it.
fn line(timeline: &Timeline) -> Option<(String, String)> {
    let shown = texts(timeline);
    let at = shown.iter().position(|text| text.contains(" new"))?;
    Some((shown[at].clone(), shown[at + 1].clone()))
}

#[track_caller]
fn check(timeline: &Timeline, expected: Option<(&str, &str)>) {
    let line = line(timeline);
    let line = line
        .as_ref()
        .map(|(words, below)| (words.as_str(), below.as_str()));
    assert_eq!(line, expected);
}

#[test]
fn the_line_stands_above_the_first_message_that_was_not_seen() {
    let mut timeline = timeline(1, 5);
    timeline.set_unread_mark(mark("e", 3));
    check(&timeline, Some(("2 new since 00:00", "bob  m4")));
    timeline.insert(&message(&event(6, "bob", "m6")), &reader());
    check(&timeline, Some(("3 new since 00:00", "bob  m4")));
    timeline.clear_unread_mark();
    check(&timeline, None);
    assert_eq!(timeline.first_unread(), None);
}

#[test]
fn where_all_was_seen_there_is_no_line() {
    let mut timeline = timeline(1, 5);
    timeline.set_unread_mark(mark("e", 5));
    check(&timeline, None);
    timeline.insert(&message(&event(6, "Alice", "my own")), &reader());
    check(&timeline, None);
    timeline.insert(&message(&event(7, "bob", "m7")), &reader());
    check(&timeline, Some(("1 new since 00:00", "bob  m7")));
}

#[test]
fn a_mark_from_before_the_start_waits_for_its_messages() {
    let mut timeline = Timeline::default();
    timeline.set_unread_mark(mark("e", 3));
    timeline.insert(&message(&event(9, "bob", "m9")), &reader());
    check(&timeline, None);
    timeline.newest(&history("e", page(6..=9), false), &reader(), stamp());
    check(&timeline, Some(("4 new", "bob  m6")));
    timeline.begin_loading();
    timeline.older(&history("e", page(1..=5), true), &reader());
    check(&timeline, Some(("6 new since 00:00", "bob  m4")));
}

#[test]
fn a_mark_of_another_life_of_the_log_means_nothing() {
    let mut timeline = Timeline::default();
    timeline.set_unread_mark(mark("another", 3));
    timeline.newest(&history("e", page(1..=9), true), &reader(), stamp());
    check(&timeline, None);
}

#[test]
fn what_comes_while_the_user_reads_is_not_new() {
    let mut timeline = timeline(1, 5);
    timeline.set_unread_mark(mark("e", 3));
    timeline.begin_reading();
    timeline.insert(&message(&event(6, "bob", "m6")), &reader());
    check(&timeline, Some(("2 new since 00:00", "bob  m4")));
    let mut seen = super::timeline(1, 5);
    seen.set_unread_mark(mark("e", 5));
    seen.begin_reading();
    seen.insert(&message(&event(6, "bob", "m6")), &reader());
    check(&seen, None);
}

#[test]
fn the_line_goes_on_when_its_message_goes() {
    let mut timeline = timeline(1, 5);
    timeline.set_unread_mark(mark("e", 2));
    let delete = |timeline: &mut Timeline, seq: u64| {
        timeline.delete(&MessageDeleted {
            id: MessageId::new(format!("e-{seq}")).unwrap(),
            seq: Seq(10 + seq),
            by: "erin".to_owned(),
        });
    };
    delete(&mut timeline, 3);
    check(&timeline, Some(("2 new since 00:00", "bob  m4")));
    delete(&mut timeline, 4);
    delete(&mut timeline, 5);
    check(&timeline, None);
}

#[test]
fn a_held_view_stays_when_the_line_comes_and_goes() {
    let geometry = Geometry::new(40);
    let mut timeline = timeline(1, 30);
    timeline.scroll_up(10, geometry, 8);
    let shown = |timeline: &Timeline| {
        let rows = timeline.visible(geometry, 8);
        rows.last().unwrap().text()
    };
    let before = shown(&timeline);
    assert!(before.ends_with("m20"));
    for seq in [18, 19, 20, 25] {
        timeline.set_unread_mark(mark("e", seq));
        assert_eq!(shown(&timeline), before, "{seq}");
    }
    timeline.clear_unread_mark();
    assert_eq!(shown(&timeline), before);
}
