use super::*;
use chat_protocol::{DraftContent, MessageId, Nonce, PostMessage};
use serde_json::{Value, json};

fn message(nonce: &str) -> Item {
    let post = PostMessage {
        content: DraftContent::new("hi").unwrap(),
        nonce: Some(Nonce::new(nonce).unwrap()),
        reply_to: None,
    };
    Item::new(Some(1), ClientEvent::Message(post))
}

fn item(event: ClientEvent) -> Item {
    Item::new(Some(1), event)
}

fn user(name: &str) -> Username {
    Username::new(name).unwrap()
}

fn server(event: &str, data: Value) -> ServerEvent {
    ServerEvent::decode(&json!({ "event": event, "data": data }).to_string()).unwrap()
}

fn refusal(data: Value) -> ClientError {
    let ServerEvent::Cerror(error) = server("cerror", data) else {
        panic!("no refusal");
    };
    error
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A queue of these, the first of them sent.
fn under_way(items: &[Item]) -> Queue {
    let mut queue = Queue::default();
    items.iter().cloned().for_each(|item| queue.push(item));
    assert!(queue.next(at(1)).is_some());
    queue
}

#[test]
fn one_is_under_way_at_a_time() {
    let mut queue = under_way(&[message("a"), message("b")]);
    assert_eq!(queue.next(at(2)), None);
    let echo = |nonce: &str| {
        server(
            "message",
            json!({ "username": "a", "displayName": "a", "content": "hi", "id": "1", "seq": 1,
                "rank": 3, "time": 0, "room": "r", "nonce": nonce }),
        )
    };
    assert_eq!(queue.answered(&echo("b")), None);
    assert!(queue.answered(&echo("a")).is_some());
    assert!(queue.next(at(2)).is_some());
    assert!(queue.answered(&echo("b")).is_some());
    assert_eq!((queue.len(), queue.next(at(3))), (0, None));
}

#[test]
fn an_answer_is_told_from_what_merely_happened() {
    let success = json!({ "message": "Success", "reason": "done" });
    let bob = || user("Bob");
    let kick = chat_protocol::Kick {
        username: bob(),
        reason: None,
    };
    let id = || MessageId::new("m").unwrap();
    let yes = [
        (ClientEvent::Kick(kick.clone()), "kick", success.clone()),
        (
            ClientEvent::DeleteMessage { id: id() },
            "deleteMessage",
            json!({ "id": "m", "seq": 2, "by": "erin" }),
        ),
        (
            ClientEvent::Purge { username: bob() },
            "purge",
            json!({ "username": "bob", "seq": 2, "by": "erin" }),
        ),
        (
            ClientEvent::SetRoom(chat_protocol::RoomChange::default()),
            "room",
            json!({ "slowMode": 0, "membersOnly": false, "topic": "", "pinned": null, "seq": 3 }),
        ),
        (
            ClientEvent::Held,
            "held",
            json!({ "entries": [], "live": false }),
        ),
    ];
    for (sent, event, data) in yes {
        let mut queue = under_way(&[item(sent)]);
        assert!(queue.answered(&server(event, data)).is_some(), "{event}");
    }
    let no = [
        (
            ClientEvent::Kick(kick),
            "kick",
            json!({ "message": "Disconnected" }),
        ),
        (
            ClientEvent::DeleteMessage { id: id() },
            "deleteMessage",
            json!({ "id": "other", "seq": 2, "by": "erin" }),
        ),
        (
            ClientEvent::Purge { username: bob() },
            "purge",
            json!({ "username": "eve", "seq": 2, "by": "erin" }),
        ),
        (
            ClientEvent::Held,
            "held",
            json!({ "entries": [], "live": true }),
        ),
        (
            ClientEvent::History(chat_protocol::HistoryRequest::default()),
            "history",
            json!({ "epoch": "e", "entries": [], "complete": true, "recovered": true }),
        ),
    ];
    for (sent, event, data) in no {
        let mut queue = under_way(&[item(sent)]);
        assert_eq!(queue.answered(&server(event, data)), None, "{event}");
    }
}

#[test]
fn who_is_too_fast_waits_and_goes_again() {
    let hasty = refusal(json!({ "Code": 429, "message": "wait", "event": "message",
        "nonce": "a", "retryAfter": 3 }));
    let mut queue = under_way(&[message("a"), message("b")]);
    let waits = |is_news| Refusal::Waits {
        seconds: 3,
        is_news,
    };
    assert_eq!(queue.refused(&hasty, at(2)), waits(true));
    assert_eq!(queue.next(at(4)), None);
    assert_eq!(queue.wake_at(), Some(at(5)));
    for second in [5, 8, 11] {
        assert!(queue.next(at(second)).is_some());
        assert_eq!(queue.refused(&hasty, at(second)), waits(false));
    }
    assert!(queue.next(at(14)).is_some());
    assert!(matches!(queue.refused(&hasty, at(14)), Refusal::Final(_)));
    let mut queue = under_way(&[message("a")]);
    let long =
        refusal(json!({ "Code": 429, "message": "wait", "nonce": "a", "retryAfter": 3_600 }));
    assert!(matches!(queue.refused(&long, at(2)), Refusal::Final(_)));
}

#[test]
fn a_refusal_belongs_to_what_it_names() {
    let mut queue = under_way(&[message("a")]);
    let other = refusal(json!({ "Code": 403, "message": "no", "event": "message", "nonce": "z" }));
    assert_eq!(queue.refused(&other, at(2)), Refusal::Unrelated);
    let ban = refusal(json!({ "Code": 403, "message": "no", "event": "ban" }));
    assert_eq!(queue.refused(&ban, at(2)), Refusal::Unrelated);
    let its = refusal(json!({ "Code": 403, "message": "no", "event": "message", "nonce": "a" }));
    assert!(matches!(queue.refused(&its, at(2)), Refusal::Final(_)));
    assert_eq!(queue.refused(&its, at(2)), Refusal::Unrelated);
}

#[test]
fn what_a_lost_line_took_along_goes_again_only_where_that_is_safe() {
    let unban = || {
        item(ClientEvent::Unban {
            username: user("bob"),
        })
    };
    let mut queue = under_way(&[unban(), message("a")]);
    assert_eq!(
        queue.line_down(at(2)).map(|item| item.event.name()),
        Some("unban")
    );
    assert_eq!(queue.line_down(at(2)), None, "the next one was not sent");
    assert!(queue.next(at(3)).is_some());
    assert_eq!(queue.line_down(at(4)), None);
    assert_eq!(queue.line_up(at(60)), None);
    assert!(queue.next(at(60)).is_some(), "again, under its nonce");
    assert_eq!(queue.line_down(at(61)), None);
    assert!(queue.line_up(at(300)).is_some(), "the nonce is forgotten");
    let mut queue = under_way(&[item(ClientEvent::Who)]);
    assert_eq!(queue.line_down(at(2)), None);
    assert_eq!(queue.len(), 1);
}

#[test]
fn what_is_not_answered_is_given_up() {
    let mut queue = under_way(&[item(ClientEvent::Who), message("a")]);
    assert_eq!(queue.wake_at(), Some(at(21)));
    assert_eq!(queue.expired(at(20)), None);
    assert!(queue.expired(at(21)).is_some());
    assert!(queue.next(at(21)).is_some());
    assert_eq!(queue.discard(), []);
    assert_eq!(queue.drain().len(), 1);
    assert_eq!(queue.wake_at(), None);
}

#[test]
fn what_the_program_asks_itself_is_neither_repeated_nor_discarded() {
    let own = || Item::page(None, 10, None);
    let mut queue = under_way(&[own(), message("a")]);
    assert_eq!(queue.line_down(at(2)), None);
    assert_eq!(queue.len(), 1, "the message stays");
    let mut queue = Queue::default();
    queue.push(message("a"));
    queue.push_first(own());
    assert_eq!(queue.discard().len(), 1);
    assert_eq!(queue.len(), 1);
}
