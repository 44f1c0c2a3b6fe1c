//! What a moderator looks through: the audit, what waits, what is blocked.

use super::*;

#[test]
fn what_moderators_did_is_told_in_words_and_is_harmless() {
    let mut driven = Driven::live();
    assert_eq!(
        order(&driven.send("/audit"), "audit"),
        json!({ "limit": 20 })
    );
    let entry = |actor: &str, action: &str| {
        json!({ "time": 0, "actor": actor, "action": action, "target": "bob",
            "until": 600_000, "reason": "too\nloud\u{1b}[2J" })
    };
    let answer = json!({ "entries": [entry("alice", "mute")], "live": false });
    driven.receive(0, "audit", answer);
    let items = driven.app.items(Panel::Audit);
    assert_eq!(items[0].head, "1970-01-01 00:00 ");
    assert_eq!(
        items[0].text,
        "you muted bob for 10 min: too loud\u{fffd}[2J"
    );
    let live = |actor: &str| json!({ "entries": [entry(actor, "ban")], "live": true });
    driven.receive(0, "audit", live("carol"));
    assert!(driven.said().contains("carol banned bob for 10 min"));
    // The answer to the own order says it already.
    driven.receive(0, "audit", live("alice"));
    assert!(!driven.said().contains("alice banned"));
}

/// Types an order that is not sent, and takes it back.
#[track_caller]
fn is_not_sent(driven: &mut Driven, text: &str) {
    assert_eq!(sent(&driven.send(text)), [""; 0], "{text}");
    driven.act(Action::Kill(Motion::RowStart));
}

fn held(id: &str, content: &str) -> serde_json::Value {
    json!({ "id": id, "time": 0, "username": "bob", "displayName": "bob", "content": content,
        "pattern": "link", "reason": "links wait" })
}

#[test]
fn what_waits_has_a_number_that_commands_take() {
    let mut driven = Driven::live();
    is_not_sent(&mut driven, "/allow");
    assert_eq!(
        driven.answer(),
        "no messages are waiting for a moderator here"
    );
    let first = json!({ "entries": [held("70", "a \u{1b}[31mlink")], "live": true });
    driven.receive(0, "held", first);
    let shown = driven.said();
    assert!(
        shown.contains("held 1: bob: a ") && shown.contains("(link: links wait)"),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let approved = confirmed(&mut driven, "/allow");
    assert_eq!(order(&approved, "allow"), json!({ "id": "70" }));
    let done = json!({ "message": "Success", "reason": "it was let through", "id": "70" });
    driven.receive(0, "allow", done);
    assert!(driven.said().contains("it was let through"));
    is_not_sent(&mut driven, "/allow 1");
    let two = json!({ "entries": [held("71", "two"), held("73", "four")], "live": true });
    driven.receive(0, "held", two);
    is_not_sent(&mut driven, "/deny");
    let denied = confirmed(&mut driven, "/deny 2 not here");
    let denial = order(&denied, "deny");
    assert_eq!(denial, json!({ "id": "71", "reason": "not here" }));
    let gone = json!({ "Code": 404, "message": "not held", "event": "deny" });
    driven.receive(0, "cerror", gone);
    driven.receive(0, "deny", json!({ "id": "71", "by": "carol" }));
    is_not_sent(&mut driven, "/deny 2");
    // A number is never another's.
    driven.receive(
        0,
        "held",
        json!({ "entries": [held("72", "three")], "live": false }),
    );
    assert!(driven.said().contains("held 4: bob: three"));
    driven.act(Action::Held);
    driven.type_in("d");
    assert_eq!(
        question(&driven),
        "Reject the held message from bob: “three”? (final)"
    );
    driven.type_in("wspam");
    driven.act(Action::Submit);
    let denied = order(&driven.act(Action::Submit), "deny");
    assert_eq!(denied, json!({ "id": "72", "reason": "spam" }));
}

#[test]
fn what_is_blocked_is_listed() {
    let mut driven = Driven::live();
    let entries = json!([
        { "pattern": "bad", "kind": "word", "action": "refuse", "reason": "be kind" },
        { "pattern": "h+", "kind": "regex", "action": "hold" },
    ]);
    driven.send("/filters");
    driven.receive(0, "filters", json!({ "entries": entries }));
    let items = driven.app.items(Panel::Filters);
    let rows: Vec<String> = items
        .iter()
        .map(|item| format!("{}{}", item.head, item.text))
        .collect();
    assert_eq!(rows, ["blocked     bad (be kind)", "held        regex h+"]);
}

#[test]
fn a_held_message_of_ones_own_has_failed_and_is_sent_once_it_is_allowed() {
    let mut driven = Driven::live();
    driven.send("a link");
    let words = "a moderator must approve this first: links wait";
    let refused = json!({ "Code": 403, "message": words, "event": "message", "nonce": "n-1" });
    driven.receive(0, "cerror", refused);
    assert!(view(&driven).contains(words));
    let mut posted = posted(1, "alice", "a link");
    posted["nonce"] = json!("n-1");
    driven.receive(0, "message", posted);
    let shown = view(&driven);
    assert!(
        shown.contains("a link") && !shown.contains(words),
        "{shown}"
    );
    assert_eq!(driven.app.room().timeline.failed(), 0);
}

#[test]
fn what_waits_no_more_is_not_told_any_more() {
    let mut driven = Driven::live();
    let news = |id: &str| json!({ "entries": [held(id, id)], "live": true });
    for id in ["70", "71", "72"] {
        driven.receive(0, "held", news(id));
    }
    assert_eq!(driven.answer(), "held 1: bob: 70 (link: links wait)");
    // Another moderator decides about the one that stands, and about one that is still to be told.
    driven.receive(0, "allow", json!({ "id": "70", "by": "erin" }));
    driven.receive(0, "deny", json!({ "id": "72", "by": "erin" }));
    assert_eq!(driven.answer(), "held 2: bob: 71 (link: links wait)");
    assert_eq!(driven.app.answers.shown().unwrap().1, 0);
    let approved = confirmed(&mut driven, "/allow 2");
    assert_eq!(order(&approved, "allow"), json!({ "id": "71" }));
    let done = json!({ "message": "Success", "reason": "it was let through", "id": "71" });
    driven.receive(0, "allow", done);
    assert_eq!(driven.answer(), "it was let through");
    assert_eq!(driven.app.answers.shown().unwrap().1, 0);
    // The log keeps all of it.
    assert!(driven.said().contains("held 3: bob: 72"));
    driven.receive(0, "held", news("73"));
    let none = json!({ "entries": [], "live": false });
    driven.receive(0, "held", none);
    assert_eq!(driven.answer(), "it was let through");
    assert_eq!(driven.app.answers.shown().unwrap().1, 0);
}

#[test]
fn the_item_of_a_number_stands_for_the_same_as_in_the_list() {
    let mut driven = Driven::live();
    driven.message(0, 1, "bob", "hi");
    let news = json!({ "entries": [held("70", "one"), held("71", "two")], "live": true });
    driven.receive(0, "held", news);
    let member =
        |name: &str, rank: u8| json!({ "username": name, "displayName": name, "rank": rank });
    driven.send("/who");
    let members = json!([member("Zoe", 3), member("erin", 1), member("adam", 3)]);
    driven.receive(
        0,
        "who",
        json!({ "count": 3, "members": members, "truncated": true }),
    );
    let names: Vec<String> = (driven.app.items(Panel::Who).into_iter())
        .map(|item| item.text)
        .collect();
    assert_eq!(names, ["erin+", "adam", "Zoe", "and more"]);
    let filters = json!([{ "pattern": "bad", "kind": "word", "action": "refuse" }]);
    driven.receive(0, "filters", json!({ "entries": filters }));
    let entry = |target: &str| {
        json!({ "time": 0, "actor": "erin", "action": "ban", "target": target,
            "until": null, "reason": "" })
    };
    let audit = json!({ "entries": [entry("bob"), entry("")], "live": false });
    driven.receive(0, "audit", audit);
    let sanction = |name: &str| json!({ "username": name, "until": null, "by": "erin" });
    let sanctions = json!({ "banned": [sanction("bob")], "muted": [sanction("carol")],
        "appointed": [{ "username": "erin", "rank": 1 }], "truncated": true });
    driven.receive(0, "sanctions", sanctions);
    driven.send("/user bob");
    for kind in [
        Panel::Held,
        Panel::Log,
        Panel::Who,
        Panel::Filters,
        Panel::Audit,
        Panel::Sanctions,
        Panel::Card,
    ] {
        let items = driven.app.items(kind);
        assert!(!items.is_empty(), "{kind:?}");
        assert_eq!(driven.app.count_items(kind), items.len());
        for item in items {
            driven.app.panel = Some(OpenPanel {
                kind,
                picked: Some(item.number),
                scrolled: 0,
            });
            assert_eq!(driven.app.panel_pick(), item.pick, "{kind:?} {}", item.text);
        }
    }
}

#[test]
fn what_waited_before_is_told_as_one() {
    let mut driven = Driven::live();
    let list = json!({ "entries": [held("70", "one"), held("71", "two")], "live": false });
    driven.receive(0, "held", list.clone());
    assert_eq!(driven.answer(), "2 messages wait for a moderator (F3)");
    assert_eq!(driven.app.answers.shown().unwrap().1, 0);
    driven.act(Action::Escape);
    driven.receive(0, "held", list);
    assert_eq!(driven.answer(), "", "known already");
}

#[test]
fn a_card_is_renewed_when_something_is_done_to_its_person() {
    let mut driven = Driven::live();
    let asked = driven.send("/user Bob");
    assert_eq!(order(&asked, "user"), json!({ "username": "Bob" }));
    let done = |target: &str, live: bool| {
        json!({ "entries": [{ "time": 0, "actor": "alice", "action": "mute", "target": target,
            "until": 600_000 }], "live": live })
    };
    let effects = driven.receive(0, "audit", done("bob", true));
    assert_eq!(order(&effects, "user"), json!({ "username": "Bob" }));
    assert_eq!(
        sent(&driven.receive(0, "audit", done("carol", true))),
        [""; 0]
    );
    assert_eq!(
        sent(&driven.receive(0, "audit", done("bob", false))),
        [""; 0]
    );
}
