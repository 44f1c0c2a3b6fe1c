//! Threads in rooms that are built from the wire's events.

use super::*;
use crate::app::timeline::Geometry;
use chat_protocol::{Message, MessageDeleted};
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

fn event(seq: u64, user: &str, content: &str, answers: Option<u64>) -> Value {
    let mut data = json!({ "username": user, "content": content, "id": format!("e-{seq}"),
        "seq": seq, "displayName": user, "rank": 3, "time": 1_795_392_000_000_u64, "room": "r" });
    if let Some(answers) = answers {
        data["replyTo"] = json!(format!("e-{answers}"));
    }
    json!({ "event": "message", "data": data })
}

fn message(event: &Value) -> Message {
    match ServerEvent::decode(&event.to_string()).unwrap() {
        ServerEvent::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

fn history(entries: Vec<Value>) -> History {
    let data = json!({ "epoch": "e", "entries": entries, "complete": false });
    match ServerEvent::decode(&json!({ "event": "history", "data": data }).to_string()).unwrap() {
        ServerEvent::History(history) => history,
        other => panic!("{other:?}"),
    }
}

fn id(seq: u64) -> MessageId {
    MessageId::new(format!("e-{seq}")).unwrap()
}

fn open(seq: u64, timeline: &Timeline) -> Option<Thread> {
    Thread::new(timeline.find(&id(seq))?, timeline)
}

/// A room of two conversations at once.
fn room() -> Timeline {
    let mut timeline = Timeline::default();
    for (seq, user, content, answers) in [
        (11, "bob", "who won?", Some(5)),
        (12, "eve", "unrelated", None),
        (13, "carol", "eve did", Some(11)),
        (14, "ivan", "to you too", Some(12)),
        (15, "dave", "by two seconds", Some(13)),
        (16, "alice", "wow", Some(15)),
        (17, "frank", "bob asks that each time", Some(11)),
    ] {
        timeline.insert(&message(&event(seq, user, content, answers)), &reader());
    }
    timeline
}

/// The messages, each behind its author, without days, rules and quotes.
fn texts(thread: &Thread) -> Vec<String> {
    let rows = thread.messages.visible(Geometry::new(60), 100);
    let rows = rows.iter().map(|row| row.text());
    let rows = rows.filter(|row| !row.starts_with('-'));
    rows.map(|row| row.split_whitespace().skip(1).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn it_has_what_a_message_answers_and_what_answers_it() {
    let timeline = room();
    let thread = open(13, &timeline).unwrap();
    assert_eq!(
        texts(&thread),
        [
            "bob > an earlier message",
            "won?",
            "carol > bob: who won?",
            "did",
            "dave > carol: eve did",
            "two seconds",
            "alice > dave: by two seconds",
            "",
        ]
    );
    assert_eq!(
        thread.words(),
        "thread of 4 messages, loading what the first one answers"
    );
    let alone = open(14, &timeline).unwrap();
    assert_eq!(alone.words(), "thread of 2 messages");
    assert!(open(99, &timeline).is_none());
}

#[test]
fn what_is_not_here_is_fetched() {
    let timeline = room();
    let mut thread = open(13, &timeline).unwrap();
    let asked = thread.ask().unwrap();
    assert_eq!((asked.before, asked.limit), (Some(Seq(6)), Some(1)));
    assert_eq!(thread.ask(), None, "one at a time");
    thread.unask();
    thread.ask().unwrap();
    let page = history(vec![event(5, "zoe", "the race is over", Some(2))]);
    thread.take(&page, &timeline, &reader());
    assert_eq!(texts(&thread)[2], "bob > zoe: the race is over");
    assert_eq!(thread.ask().unwrap().before, Some(Seq(3)));
    thread.take(
        &history(vec![event(1, "zoe", "another", None)]),
        &timeline,
        &reader(),
    );
    assert_eq!(thread.ask(), None);
    assert_eq!(
        thread.words(),
        "thread of 5 messages, the message that the first one answers is gone"
    );
}

#[test]
fn answers_join_as_they_come() {
    let mut timeline = room();
    let mut thread = open(13, &timeline).unwrap();
    assert!(!thread.catch_up(&timeline));
    timeline.insert(&message(&event(18, "eve", "thanks", Some(16))), &reader());
    timeline.insert(&message(&event(19, "eve", "no", Some(12))), &reader());
    assert!(thread.catch_up(&timeline));
    assert!(!thread.catch_up(&timeline));
    assert!(thread.words().starts_with("thread of 5 messages"));
    let deleted = MessageDeleted {
        id: id(18),
        seq: Seq(20),
        by: "erin".to_owned(),
    };
    thread.observe(&ServerEvent::DeleteMessage(deleted));
    assert!(texts(&thread).iter().any(|text| text.contains("by erin]")));
}

#[test]
fn an_emptied_room_leaves_the_thread_as_it_is() {
    let mut timeline = room();
    let mut thread = open(13, &timeline).unwrap();
    let stamp = crate::app::timeline::Stamp::new(0, &TimeZone::UTC);
    timeline.part(stamp);
    assert!(!thread.catch_up(&timeline));
    timeline.insert(&message(&event(18, "eve", "thanks", Some(16))), &reader());
    assert!(thread.catch_up(&timeline));
}

#[test]
fn what_is_typed_answers_the_selected_or_the_newest_of_somebody_else() {
    let timeline = room();
    let mut thread = open(13, &timeline).unwrap();
    let target = |thread: &Thread, selected| {
        let entry = thread.reply_to(selected)?;
        entry.post()?.id()
    };
    assert_eq!(target(&thread, None), Some(id(15)));
    assert_eq!(
        target(&thread, thread.messages.find(&id(13)).map(|entry| entry.id)),
        Some(id(13))
    );
    for seq in [15, 13, 11] {
        let deleted = MessageDeleted {
            id: id(seq),
            seq: Seq(20 + seq),
            by: "erin".to_owned(),
        };
        thread.observe(&ServerEvent::DeleteMessage(deleted));
    }
    assert_eq!(
        target(&thread, thread.messages.find(&id(13)).map(|entry| entry.id)),
        Some(id(16))
    );
}

#[test]
fn a_circle_ends() {
    let mut timeline = Timeline::default();
    timeline.insert(&message(&event(1, "eve", "a", Some(2))), &reader());
    timeline.insert(&message(&event(2, "eve", "b", Some(1))), &reader());
    let thread = open(2, &timeline).unwrap();
    assert_eq!(thread.words(), "thread of 2 messages");
}
