//! Searches in timelines that are built from the wire's events.

use super::*;
use crate::app::timeline::Geometry;
use chat_protocol::{MessageDeleted, MessageId};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

fn reader() -> Reader {
    Reader {
        key: "alice".into(),
        names: vec!["alice".to_owned()],
        zone: TimeZone::UTC,
        ignored: std::collections::HashSet::new(),
    }
}

fn message(seq: u64, user: &str, content: &str) -> Value {
    json!({ "event": "message", "data": { "username": user, "content": content,
        "id": format!("e-{seq}"), "seq": seq, "displayName": user, "rank": 3,
        "time": 1_795_392_000_000_u64 + seq, "room": "r" } })
}

fn history(epoch: &str, entries: Vec<Value>, complete: bool) -> History {
    let data = json!({ "epoch": epoch, "entries": entries, "complete": complete });
    match ServerEvent::decode(&json!({ "event": "history", "data": data }).to_string()).unwrap() {
        ServerEvent::History(history) => history,
        other => panic!("{other:?}"),
    }
}

/// Every third message of a room says so.
fn page(seqs: impl Iterator<Item = u64>) -> Vec<Value> {
    let text = |seq: u64| match seq % 3 {
        0 => format!("third {seq}"),
        _ => format!("other {seq}"),
    };
    seqs.map(|seq| message(seq, "bob", &text(seq))).collect()
}

fn stamp() -> crate::app::timeline::Stamp {
    crate::app::timeline::Stamp::new(1_795_392_000_000, &TimeZone::UTC)
}

fn timeline(seqs: std::ops::RangeInclusive<u64>) -> Timeline {
    let complete = *seqs.start() == 1;
    let mut timeline = Timeline::default();
    timeline.newest(&history("e", page(seqs), complete), &reader(), stamp());
    timeline
}

fn add(timeline: &mut Timeline, seq: u64, user: &str, content: &str) {
    match ServerEvent::decode(&message(seq, user, content).to_string()).unwrap() {
        ServerEvent::Message(message) => timeline.insert(&message, &reader()),
        other => panic!("{other:?}"),
    };
}

fn finish(search: &mut Search, timeline: &Timeline) -> usize {
    let mut steps = 0;
    while search.is_busy(timeline) {
        search.step(timeline);
        steps += 1;
        assert!(steps < 1_000, "it does not end");
    }
    steps
}

/// What was found, without days and rules.
fn found(search: &Search) -> Vec<String> {
    let rows = search.found.visible(Geometry::new(40), 10_000);
    let texts = rows.iter().map(|row| row.text());
    let texts = texts.filter(|text| !text.starts_with('-'));
    texts
        .map(|text| {
            text.split_whitespace()
                .skip(1)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

#[test]
fn what_is_here_comes_first_then_pages_to_the_beginning() {
    let timeline = timeline(401..=406);
    let mut search = Search::new("third").unwrap();
    finish(&mut search, &timeline);
    assert_eq!(found(&search), ["third 402", "third 405"]);
    assert_eq!(
        search.words(),
        "2 found in 6 messages, Enter looks further back"
    );
    assert_eq!(search.ask(&timeline), None);
    search.go_on();
    let asked = search.ask(&timeline).unwrap();
    assert_eq!((asked.before, asked.limit), (Some(Seq(401)), Some(200)));
    assert_eq!(search.ask(&timeline), None, "one at a time");
    assert_eq!(
        search.words(),
        "2 found in 6 messages, looking at older ones, Esc stops"
    );
    search.take(&history("e", page(399..=400), false), &reader());
    assert_eq!(found(&search), ["third 399", "third 402", "third 405"]);
    assert_eq!(search.ask(&timeline).unwrap().before, Some(Seq(399)));
    // A page of kinds that are not known is stepped over.
    search.take(&history("e", Vec::new(), false), &reader());
    assert_eq!(search.ask(&timeline).unwrap().before, Some(Seq(199)));
    search.take(&history("e", page(1..=4), true), &reader());
    assert_eq!(search.ask(&timeline), None);
    assert_eq!(
        search.words(),
        "4 found in 12 messages, from the beginning of the room"
    );
}

#[test]
fn one_persons_messages_are_asked_for_alone() {
    let timeline = timeline(401..=406);
    let mut search = Search::new("third from:Eve").unwrap();
    finish(&mut search, &timeline);
    search.go_on();
    let asked = search.ask(&timeline).unwrap();
    assert_eq!(asked.username.unwrap().as_str(), "Eve");
    search.take(
        &history("e", vec![message(7, "eve", "third")], true),
        &reader(),
    );
    assert_eq!(found(&search), ["third"]);
}

#[test]
fn what_comes_meanwhile_is_looked_at_once() {
    let mut timeline = timeline(1..=3);
    let mut search = Search::new("third").unwrap();
    add(&mut timeline, 4, "eve", "a third one");
    finish(&mut search, &timeline);
    assert_eq!(found(&search), ["third 3", "a third one"]);
    add(&mut timeline, 5, "eve", "something else");
    add(&mut timeline, 6, "eve", "THIRD time");
    assert!(search.is_busy(&timeline));
    assert!(search.step(&timeline));
    assert!(!search.is_busy(&timeline));
    assert_eq!(found(&search), ["third 3", "a third one", "THIRD time"]);
    assert!(search.words().starts_with("3 found in 6 messages"));
}

#[test]
fn an_empty_room_is_searched_once_something_comes() {
    let mut timeline = Timeline::default();
    let mut search = Search::new("third").unwrap();
    finish(&mut search, &timeline);
    assert_eq!(
        search.words(),
        "nothing found in 0 messages, Enter looks further back"
    );
    add(&mut timeline, 3, "eve", "third");
    finish(&mut search, &timeline);
    assert_eq!(found(&search), ["third"]);
}

#[test]
fn what_is_deleted_is_marked_and_found_as_such() {
    let mut timeline = timeline(1..=6);
    let mut search = Search::new("third").unwrap();
    finish(&mut search, &timeline);
    let deleted = MessageDeleted {
        id: MessageId::new("e-3").unwrap(),
        seq: Seq(7),
        by: "erin".to_owned(),
    };
    timeline.delete(&deleted);
    search.observe(&ServerEvent::DeleteMessage(deleted));
    assert_eq!(found(&search), ["[deleted by erin]", "third 6"]);
    let mut search = Search::new("is:deleted").unwrap();
    finish(&mut search, &timeline);
    assert_eq!(found(&search), ["[deleted by erin]"]);
    search.go_on();
    assert!(
        search
            .words()
            .ends_with("the server keeps nothing that was deleted")
    );
}

#[test]
fn an_emptied_room_or_another_life_of_the_log_is_looked_at_anew() {
    let mut room = timeline(1..=6);
    let mut search = Search::new("third").unwrap();
    finish(&mut search, &room);
    room.part(stamp());
    room.newest(&history("f", page(2..=3), false), &reader(), stamp());
    add(&mut room, 9, "eve", "third");
    finish(&mut search, &room);
    assert_eq!(found(&search), ["third 3", "third 6", "third"]);
    search.go_on();
    search.ask(&room).unwrap();
    // The same once more, at another position than it has here.
    search.take(&history("f", page(5..=6), true), &reader());
    assert_eq!(search.count(), 3);
}

#[test]
fn a_page_of_another_life_of_the_log_begins_it_anew() {
    let mut room = timeline(401..=406);
    let mut search = Search::new("third").unwrap();
    finish(&mut search, &room);
    search.go_on();
    search.ask(&room).unwrap();
    search.take(&history("e", page(396..=400), false), &reader());
    assert_eq!(search.count(), 4);
    search.ask(&room).unwrap();
    // The room has not heard of it yet.
    search.take(&history("f", page(3..=3), false), &reader());
    assert_eq!(search.count(), 0);
    room.part(stamp());
    room.newest(&history("f", page(3..=4), true), &reader(), stamp());
    finish(&mut search, &room);
    assert_eq!(found(&search), ["third 402", "third 405", "third 3"]);
    assert_eq!(search.ask(&room), None);
    assert!(search.words().ends_with("from the beginning of the room"));
}

#[test]
fn it_stops_where_the_user_says_so_and_goes_on() {
    let timeline = timeline(401..=406);
    let mut search = Search::new("third").unwrap();
    finish(&mut search, &timeline);
    assert!(!search.stop());
    search.go_on();
    search.ask(&timeline).unwrap();
    assert!(search.stop());
    search.take(&history("e", page(390..=400), false), &reader());
    assert!(search.words().ends_with("stopped, Enter goes on"));
    assert_eq!(search.ask(&timeline), None);
    search.go_on();
    assert_eq!(search.ask(&timeline).unwrap().before, Some(Seq(390)));
    search.unask();
    assert_eq!(search.ask(&timeline).unwrap().before, Some(Seq(390)));
    search.refused("not allowed\u{1b}[2J");
    assert!(search.words().ends_with("not allowed\u{fffd}[2J"));
}

#[test]
fn a_hundred_thousand_messages_are_looked_at_in_small_steps() {
    let mut timeline = Timeline::default();
    for seq in 1..=100_000 {
        let text = if seq % 1_000 == 0 {
            "needle"
        } else {
            "some hay that is as long as usual"
        };
        add(&mut timeline, seq, "bob", text);
    }
    let mut search = Search::new("needle").unwrap();
    let steps = finish(&mut search, &timeline);
    assert_eq!(search.count(), 100);
    assert!((40..80).contains(&steps), "{steps}");
    let mut search = Search::new("hay").unwrap();
    finish(&mut search, &timeline);
    assert_eq!(search.count(), FOUND);
    assert!(
        search.words().ends_with("add a word to find less"),
        "{}",
        search.words()
    );
    search.go_on();
    assert_eq!(search.ask(&timeline), None);
}
