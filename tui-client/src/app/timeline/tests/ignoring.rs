//! Whom the user does not want to read.

use super::*;

fn ignoring(names: &[&str]) -> Reader {
    Reader {
        ignored: names.iter().map(|name| (*name).into()).collect(),
        ..reader()
    }
}

/// Every third message is eve's.
fn talk(count: u64) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.newest(&history("e", Vec::new(), true), &reader(), stamp());
    for seq in 1..=count {
        let user = if seq % 3 == 0 { "Eve" } else { "bob" };
        timeline.insert(&message(&event(seq, user, &format!("m{seq}"))), &reader());
    }
    timeline
}

/// The texts, without names.
fn said(timeline: &Timeline, height: usize) -> Vec<String> {
    let rows = timeline.visible(Geometry::new(60), height);
    let rows = rows.iter().map(|row| row.text());
    let rows = rows.filter(|row| !row.starts_with('-'));
    rows.map(|row| row.split_whitespace().skip(2).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn what_is_hidden_comes_back_in_its_place() {
    let mut timeline = talk(6);
    let all = said(&timeline, 100);
    timeline.ignore(&ignoring(&["eve"]), false);
    assert_eq!(said(&timeline, 100), ["m1", "m2", "m4", "m5"]);
    let eve = message(&event(7, "EVE", "alice!"));
    assert_eq!(timeline.insert(&eve, &ignoring(&["eve"])), Inserted::Hidden);
    assert_eq!(timeline.insert(&eve, &ignoring(&["eve"])), Inserted::Known);
    assert_eq!(timeline.len(), 4);
    timeline.ignore(&reader(), false);
    let back = said(&timeline, 100);
    assert_eq!(back[..6], all[..]);
    assert!(back[6].starts_with("alice! << mention"), "{back:?}");
    assert!(timeline.find(&eve.id).is_some());
}

#[test]
fn a_moderator_has_it_folded_and_what_quotes_it_says_so() {
    let mut timeline = talk(3);
    let mut answer = event(4, "bob", "why?");
    answer["data"]["replyTo"] = json!("e-3");
    timeline.insert(&message(&answer), &reader());
    for folds in [true, false] {
        timeline.ignore(&ignoring(&["eve"]), folds);
        let shown = said(&timeline, 100);
        assert!(
            shown.contains(&"> an ignored message".to_owned()),
            "{shown:?}"
        );
        assert_eq!(shown.contains(&"[ignored] v shows".to_owned()), folds);
    }
    timeline.ignore(&reader(), false);
    assert!(said(&timeline, 100).contains(&"> Eve: m3".to_owned()));
}

#[test]
fn what_is_deleted_does_not_come_back() {
    let mut timeline = talk(9);
    timeline.ignore(&ignoring(&["eve"]), false);
    let deleted =
        json!({ "event": "deleteMessage", "data": { "id": "e-3", "seq": 10, "by": "erin" } });
    match ServerEvent::decode(&deleted.to_string()).unwrap() {
        ServerEvent::DeleteMessage(deleted) => timeline.delete(&deleted),
        other => panic!("{other:?}"),
    }
    timeline.ignore(&reader(), false);
    let shown = said(&timeline, 100);
    assert!(
        !shown.contains(&"m3".to_owned()) && shown.contains(&"m6".to_owned()),
        "{shown:?}"
    );
    timeline.ignore(&ignoring(&["eve"]), false);
    timeline.part(stamp());
    timeline.ignore(&reader(), false);
    assert!(!said(&timeline, 100).contains(&"m6".to_owned()));
}

#[test]
fn a_held_view_stays_on_what_it_shows() {
    let geometry = Geometry::new(60);
    let mut timeline = talk(60);
    timeline.scroll_up(19, geometry, 10);
    assert_eq!(said(&timeline, 10).last().unwrap(), "m41");
    timeline.ignore(&ignoring(&["eve"]), false);
    assert_eq!(said(&timeline, 10).last().unwrap(), "m41");
    timeline.ignore(&reader(), false);
    assert_eq!(said(&timeline, 10).last().unwrap(), "m41");
    timeline.scroll_down(1, geometry);
    assert_eq!(said(&timeline, 10).last().unwrap(), "m42");
    timeline.ignore(&ignoring(&["eve"]), false);
    assert_eq!(
        said(&timeline, 10).last().unwrap(),
        "m41",
        "the last one above it"
    );
    timeline.ignore(&ignoring(&["eve", "bob"]), false);
    assert!(timeline.visible(geometry, 10).len() <= 1 && !timeline.is_held());
}

#[test]
fn many_are_hidden_at_once() {
    let mut timeline = talk(60_000);
    timeline.ignore(&ignoring(&["eve"]), false);
    assert_eq!(timeline.len(), 40_000);
    timeline.ignore(&reader(), false);
    assert_eq!(timeline.len(), 60_000);
    let posts = timeline.entries.iter().map(|entry| entry.bytes as usize);
    assert_eq!(posts.sum::<usize>(), timeline.bytes);
}
