//! What is quoted or pinned and not here is fetched.

use super::*;

/// A room whose newest messages are here, of a log that goes back further.
fn deep(reply_to: &str) -> Driven {
    let mut driven = Driven::new(&["stream1"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    let mut answer = posted(520, "carol", "same");
    answer["replyTo"] = json!(reply_to);
    let entries: Vec<Value> = (501..520)
        .map(|seq| json!({ "event": "message", "data": posted(seq, "bob", "hi") }))
        .chain([json!({ "event": "message", "data": answer })])
        .collect();
    let page = json!({ "epoch": "e", "entries": entries, "complete": false });
    driven.receive(0, "history", page);
    // The top is near: older messages are asked for first.
    let older = json!({ "epoch": "e", "entries": (401..501).map(|seq| json!({ "event": "message",
        "data": posted(seq, "bob", "hi") })).collect::<Vec<_>>(), "complete": false });
    driven.receive(0, "history", older);
    driven
}

fn asked(effects: &[Effect]) -> Vec<(Option<u64>, Option<u64>)> {
    let asked = effects.iter().filter_map(|effect| match effect {
        Effect::Send(_, ClientEvent::History(request)) => {
            Some((request.before.map(|seq| seq.0), request.limit))
        }
        _ => None,
    });
    asked.collect()
}

fn one(seq: u64, user: &str, text: &str) -> Value {
    json!({ "epoch": "e", "complete": false,
        "entries": [{ "event": "message", "data": posted(seq, user, text) }] })
}

fn quote_of(driven: &Driven, id: &str) -> Option<String> {
    let id = chat_protocol::MessageId::new(id).unwrap();
    driven.app.room().timeline.quote(&id).map(String::from)
}

#[test]
fn a_quoted_message_that_is_not_here_is_fetched_once() {
    let mut driven = deep("e-7");
    assert_eq!(quote_of(&driven, "e-7"), None);
    assert_eq!(
        asked(&driven.wait(Duration::from_millis(200))),
        [(Some(8), Some(1))]
    );
    driven.receive(0, "history", one(7, "bob", "gg that jump"));
    assert_eq!(
        quote_of(&driven, "e-7").as_deref(),
        Some("bob: gg that jump")
    );
    assert_eq!(asked(&driven.wait(Duration::from_secs(1))), []);
    // One that is not kept any more says so, and is not asked for again.
    let mut driven = deep("e-7");
    driven.wait(Duration::from_millis(200));
    driven.receive(0, "history", one(6, "bob", "another"));
    assert_eq!(
        quote_of(&driven, "e-7").as_deref(),
        Some("a message that is gone")
    );
    assert_eq!(asked(&driven.wait(Duration::from_secs(1))), []);
    // The line goes down meanwhile: it is asked for again.
    let mut driven = deep("e-7");
    driven.wait(Duration::from_millis(200));
    driven.lose(0, LinkProblem::Silent);
    let effects = driven.go_live(0, true);
    assert_eq!(asked(&effects), [(Some(8), Some(1))]);
}

#[test]
fn what_is_fetched_to_be_quoted_is_bounded() {
    let mut driven = deep("e-7");
    let mut fetched = 0;
    for seq in 521..620 {
        let mut answer = posted(seq, "carol", "same");
        answer["replyTo"] = json!(format!("e-{}", seq - 500));
        driven.receive(0, "message", answer);
        for (before, _) in asked(&driven.wait(Duration::from_millis(300))) {
            fetched += 1;
            driven.receive(0, "history", one(before.unwrap() - 1, "bob", "old"));
        }
    }
    assert_eq!(fetched, 30);
}

#[test]
fn the_pinned_message_is_fetched_and_gone_to() {
    let pin = |driven: &mut Driven| {
        let room = json!({ "slowMode": 0, "membersOnly": false, "topic": "", "pinned": "e-9" });
        driven.receive(0, "room", room);
    };
    let mut driven = deep("e-519");
    driven.send("/pinned");
    assert!(!driven.app.room().is_covered(), "nothing is pinned");
    pin(&mut driven);
    let effects = driven.send("/pinned");
    assert_eq!(asked(&effects), [(Some(10), Some(1))]);
    let effects = driven.receive(0, "history", one(9, "bob", "the rules"));
    let (_, quote) = driven.app.room().modes.pinned.clone().unwrap();
    assert_eq!(quote.as_deref(), Some("bob: the rules"));
    // What stood around it is loaded next.
    assert!(driven.app.room().is_covered());
    assert_eq!(asked(&effects), [(Some(109), Some(200))]);
    let mut driven = deep("e-519");
    pin(&mut driven);
    driven.send("/pinned");
    driven.receive(0, "history", one(8, "bob", "another"));
    assert!(!driven.app.room().is_covered());
    let (_, quote) = driven.app.room().modes.pinned.clone().unwrap();
    assert_eq!(quote.as_deref(), Some("a message that is gone"));
}
