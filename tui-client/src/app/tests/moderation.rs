//! Moderation: what the user orders, what is done to the user and the room.

use super::*;
use crate::app::timeline::Geometry;
use crate::keymap::Motion;
use chat_protocol::Rank;

/// The data of the one event that the effects send.
#[track_caller]
fn order(effects: &[Effect], name: &str) -> Value {
    let mut events = effects.iter().filter_map(|effect| match effect {
        Effect::Send(RoomKey(0), event) => Some(event.to_frame()),
        _ => None,
    });
    let frame = events.next().unwrap();
    assert_eq!((frame.event.as_str(), events.next()), (name, None));
    Value::Object(frame.data)
}

/// The rows in view, as one text.
fn view(driven: &Driven) -> String {
    let rows = driven.app.room().timeline.visible(Geometry::new(80), 50);
    let rows: Vec<String> = rows.iter().map(|row| row.text()).collect();
    rows.join("\n")
}

/// A message of this user's own, come from the log.
fn own(driven: &mut Driven, seq: u64, text: &str) {
    driven.message(0, seq, "Alice", text);
}

#[test]
fn orders_are_sent_and_wrong_ones_stay_in_the_input() {
    let mut driven = Driven::live();
    let effects = driven.send("/mute @bob 10m spam");
    let expected = json!({ "username": "bob", "duration": 600, "reason": "spam" });
    assert_eq!(order(&effects, "mute"), expected);
    assert!(driven.app.room().composer.is_empty());
    assert_eq!(sent(&driven.send("/mute bob")), [""; 0]);
    assert_eq!(driven.app.room().composer.text(), "/mute bob");
    assert!(driven.toast().contains("the duration must look like"));
    driven.type_in(" 1h");
    assert_eq!(sent(&driven.act(Action::Submit)), ["mute"]);
    driven.lose(0, LinkProblem::Silent);
    assert_eq!(sent(&driven.send("/kick bob")), [""; 0]);
    assert_eq!(driven.app.room().composer.text(), "/kick bob");
    assert_eq!(driven.toast(), "the command was not sent: not connected");
}

#[test]
fn the_last_message_is_deleted_or_pinned_by_its_id() {
    let mut driven = Driven::live();
    driven.message(0, 1, "Bob", "first");
    own(&mut driven, 2, "mine");
    driven.message(0, 3, "bob", "second");
    driven.message(0, 4, "carol", "third");
    assert_eq!(sent(&driven.send("/delete dave")), [""; 0]);
    assert_eq!(driven.app.room().composer.text(), "/delete dave");
    assert_eq!(
        driven.toast(),
        "there is no message from dave to delete here"
    );
    driven.act(Action::Interrupt);
    let deleted = order(&driven.send("/delete"), "deleteMessage");
    assert_eq!(deleted, json!({ "id": "e-2" }));
    let deleted = order(&driven.send("/delete @BOB"), "deleteMessage");
    assert_eq!(deleted, json!({ "id": "e-3" }));
    assert_eq!(driven.toast(), "deleting bob: second");
    let gone = json!({ "id": "e-3", "seq": 5, "by": "alice" });
    driven.receive(0, "deleteMessage", gone);
    let deleted = order(&driven.send("/delete bob"), "deleteMessage");
    assert_eq!(deleted, json!({ "id": "e-1" }));
    let pinned = order(&driven.send("/pin"), "setRoom");
    assert_eq!(pinned, json!({ "pinned": "e-4" }));
    let pinned = order(&driven.send("/pin bob"), "setRoom");
    assert_eq!(pinned, json!({ "pinned": "e-1" }));
}

#[test]
fn an_id_of_an_earlier_life_of_the_log_is_not_acted_on() {
    let mut driven = Driven::live();
    driven.message(0, 1, "bob", "before");
    let other = json!({ "epoch": "f", "entries": [], "complete": true, "recovered": false });
    driven.receive(0, "history", other);
    assert_eq!(sent(&driven.send("/delete bob")), [""; 0]);
}

#[test]
fn emptying_the_room_asks_once() {
    let mut driven = Driven::live();
    assert_eq!(sent(&driven.send("/clear")), [""; 0]);
    assert!(view(&driven).contains("/clear again within 10 s"));
    driven.wait(Duration::from_secs(11));
    assert_eq!(sent(&driven.send("/clear")), [""; 0], "too late");
    driven.wait(Duration::from_secs(9));
    assert_eq!(sent(&driven.send("/clear")), ["clear"]);
    assert_eq!(sent(&driven.send("/clear")), [""; 0], "asked anew");
    assert_eq!(sent(&driven.send("/clear yes")), ["clear"]);
}

#[test]
fn answers_to_orders_stand_in_the_room() {
    let mut driven = Driven::live();
    let done = |words: &str| json!({ "message": "Success", "reason": words });
    for event in ["kick", "mute", "unmute", "ban", "unban", "setMod", "delMod"] {
        driven.receive(0, event, done(&format!("bob: {event} is done")));
        assert!(view(&driven).contains(&format!(" - bob: {event} is done")));
    }
    assert_eq!(driven.app.room().rank, Rank::Moderator);
    assert_eq!(driven.app.muted_for(), None);
    let refused = json!({ "Code": 404, "message": "there is no user bobb", "event": "ban" });
    driven.receive(0, "cerror", refused);
    assert!(view(&driven).contains(" - ban refused: there is no user bobb"));
    let refused = json!({ "Code": 429, "message": "too fast", "event": "history" });
    driven.receive(0, "cerror", refused);
    assert!(!view(&driven).contains("too fast"));
}

#[test]
fn an_appointment_changes_the_users_rank() {
    let mut driven = Driven::live();
    driven.receive(0, "delMod", json!({}));
    assert_eq!(driven.app.room().rank, Rank::User);
    assert!(view(&driven).contains("you are an ordinary user now"));
    assert_eq!(driven.receive(0, "setMod", json!({})), [Effect::Draw]);
    assert_eq!(driven.app.room().rank, Rank::Moderator);
}

#[test]
fn a_mute_counts_down_and_ends_by_itself() {
    let mut driven = Driven::live();
    let muted = json!({ "duration": 125, "reason": "calm down" });
    driven.receive(0, "mute", muted);
    assert!(view(&driven).contains("you are muted for 3 min: calm down"));
    assert_eq!(driven.app.muted_for().as_deref(), Some("2:05"));
    assert_eq!(driven.app.wake_at(), Some(Duration::from_secs(1)));
    assert_eq!(driven.wait(Duration::from_secs(1)), [Effect::Draw]);
    assert_eq!(driven.app.muted_for().as_deref(), Some("2:04"));
    assert_eq!(sent(&driven.send("hello?")), [""; 0]);
    assert_eq!(driven.app.room().composer.text(), "hello?");
    assert_eq!(driven.toast(), "not sent: you are muted for another 3 min");
    driven.wait(Duration::from_secs(124));
    assert_eq!(driven.app.muted_for(), None);
    assert_eq!(driven.app.wake_at(), None);
    assert_eq!(driven.tell(Event::Woke), []);
    assert_eq!(sent(&driven.act(Action::Submit)), ["hello? n-1"]);
}

#[test]
fn a_muted_message_has_failed_and_the_next_waits_with_it() {
    let mut driven = Driven::live();
    driven.send("one");
    driven.send("two");
    let refused = json!({ "duration": 42, "nonce": "n-1" });
    assert_eq!(sent(&driven.receive(0, "mute", refused)), [""; 0]);
    assert!(view(&driven).contains("not sent: you are muted for 42 s"));
    assert_eq!(driven.counts(), (0, 2));
    driven.act(Action::Submit);
    assert_eq!(driven.counts(), (0, 2), "it would be refused again");
    assert_eq!(sent(&driven.receive(0, "unmute", json!({}))), [""; 0]);
    assert_eq!(driven.app.muted_for(), None);
    assert_eq!(sent(&driven.act(Action::Submit)), ["one n-1"]);
    driven.receive(0, "mute", json!({ "duration": 42, "nonce": "n-1" }));
    driven.send("/reconnect");
    assert_eq!(driven.counts(), (0, 2));
}

#[test]
fn a_mute_in_another_room_draws_nothing_and_holds_its_messages() {
    let mut driven = Driven::new(&["a", "b"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    driven.go_live(1, false);
    driven.act(Action::Room(1));
    driven.send("one");
    driven.send("two");
    driven.act(Action::Room(0));
    let muted = json!({ "duration": 10, "nonce": "n-1" });
    driven.receive(1, "mute", muted);
    assert_eq!(driven.app.muted_for(), None);
    assert_eq!(driven.app.wake_at(), Some(Duration::from_secs(10)));
    assert_eq!(driven.wait(Duration::from_secs(3)), []);
    assert_eq!(sent(&driven.wait(Duration::from_secs(7))), [""; 0]);
    // What waited behind the refused one is sent behind it.
    driven.act(Action::Room(1));
    assert_eq!(sent(&driven.act(Action::Submit)), ["one n-1"]);
    assert_eq!(driven.counts(), (2, 0));
}

#[test]
fn a_line_that_is_back_knows_of_no_mute() {
    let mut driven = Driven::live();
    driven.receive(0, "mute", json!({ "duration": 900 }));
    driven.lose(0, LinkProblem::Silent);
    driven.go_live(0, true);
    assert_eq!(driven.app.muted_for(), None);
    assert_eq!(sent(&driven.send("hello")), ["hello n-1"]);
}

#[test]
fn purges_and_clears_take_effect_live_and_after_a_resume() {
    let mut driven = Driven::new(&["a", "b"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    driven.go_live(1, false);
    driven.message(1, 1, "Bob", "@alice spam");
    let purge = json!({ "username": "bOB", "seq": 2, "by": "erin" });
    assert_eq!(driven.receive(1, "purge", purge.clone()), []);
    let cleared = json!({ "seq": 3, "by": "erin" });
    assert_eq!(driven.receive(1, "clear", cleared), [Effect::Draw]);
    assert_eq!(driven.app.rooms[1].unread, 0);
    driven.message(0, 1, "Bob", "spam");
    assert_eq!(driven.receive(0, "purge", purge.clone()), [Effect::Draw]);
    assert!(view(&driven).contains("Bob  [deleted by erin]"));
    let nobody = json!({ "username": "bob", "seq": 3, "by": "erin" });
    assert_eq!(driven.receive(0, "purge", nobody), [], "nothing was left");
    driven.message(0, 4, "carol", "soon gone");
    driven.lose(0, LinkProblem::Silent);
    driven.go_live(0, true);
    let missed = [
        json!({ "event": "clear", "data": { "seq": 5, "by": "erin" } }),
        json!({ "event": "message", "data": posted(6, "dave", "a new start") }),
        json!({ "event": "room", "data": { "slowMode": 9, "membersOnly": false, "topic": "",
            "pinned": "e-6", "seq": 7 } }),
    ];
    let missed = json!({ "epoch": "e", "entries": missed, "complete": true, "recovered": true });
    driven.receive(0, "history", missed);
    let view = view(&driven);
    assert!(!view.contains("soon gone"), "{view}");
    assert!(view.contains("erin deleted all messages"), "{view}");
    assert!(view.contains("a new start"), "{view}");
    let modes = &driven.app.room().modes;
    assert_eq!(modes.slow_mode, 9);
    let (_, quote) = modes.pinned.as_ref().unwrap();
    assert_eq!(quote.as_deref(), Some("dave: a new start"));
}

#[test]
fn modes_are_drawn_when_they_change() {
    let mut driven = Driven::live();
    let modes = json!({ "slowMode": 10, "membersOnly": true, "topic": "Any%\u{1b}[2J today",
        "pinned": null });
    assert_eq!(driven.receive(0, "room", modes.clone()), [Effect::Draw]);
    assert_eq!(driven.receive(0, "room", modes), []);
    assert_eq!(driven.app.room().modes.topic, "Any%\u{fffd}[2J today");
}

#[test]
fn what_moderators_did_stands_in_the_room_and_is_harmless() {
    let mut driven = Driven::live();
    assert_eq!(
        order(&driven.send("/audit"), "audit"),
        json!({ "limit": 20 })
    );
    driven.receive(0, "audit", json!({ "entries": [], "live": false }));
    assert!(view(&driven).contains("no moderator actions here yet"));
    let entry = |actor: &str, action: &str| {
        json!({ "time": 0, "actor": actor, "action": action, "target": "bob",
            "until": 60_000, "reason": "too\nloud\u{1b}[2J" })
    };
    let answer = json!({ "entries": [entry("alice", "mute")], "live": false });
    driven.receive(0, "audit", answer);
    let shown = view(&driven);
    let told = "1970-01-01 00:00 alice muted bob until 1970-01-01 00:01: too loud";
    assert!(shown.contains(told), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let live = |actor: &str| json!({ "entries": [entry(actor, "ban")], "live": true });
    driven.receive(0, "audit", live("carol"));
    assert!(view(&driven).contains(" - carol banned bob until"));
    // The answer to the own order says it already.
    driven.receive(0, "audit", live("alice"));
    assert!(!view(&driven).contains("alice banned"));
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
        driven.toast(),
        "no messages are waiting for a moderator here"
    );
    let first = json!({ "entries": [held("70", "a \u{1b}[31mlink")], "live": true });
    driven.receive(0, "held", first);
    let shown = view(&driven);
    assert!(
        shown.contains("held 1: bob: a ") && shown.contains("(link: links wait)"),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'), "{shown}");
    assert_eq!(
        order(&driven.send("/allow"), "allow"),
        json!({ "id": "70" })
    );
    driven.receive(
        0,
        "held",
        json!({ "entries": [held("71", "two")], "live": true }),
    );
    is_not_sent(&mut driven, "/deny");
    let denial = order(&driven.send("/deny 2 not here"), "deny");
    assert_eq!(denial, json!({ "id": "71", "reason": "not here" }));
    driven.receive(0, "deny", json!({ "id": "71", "by": "carol" }));
    is_not_sent(&mut driven, "/deny 2");
    let done = json!({ "message": "Success", "reason": "it was let through", "id": "70" });
    driven.receive(0, "allow", done);
    assert!(view(&driven).contains("- it was let through"));
    is_not_sent(&mut driven, "/allow 1");
    // A number is never another's.
    driven.receive(
        0,
        "held",
        json!({ "entries": [held("72", "three")], "live": false }),
    );
    assert!(view(&driven).contains("held 3: bob: three"));
    assert_eq!(
        order(&driven.send("/deny spam"), "deny"),
        json!({ "id": "72", "reason": "spam" })
    );
    driven.send("/held");
    driven.receive(0, "held", json!({ "entries": [], "live": false }));
    assert!(view(&driven).contains("no messages are waiting for a moderator here"));
}

#[test]
fn what_is_blocked_is_listed() {
    let mut driven = Driven::live();
    let entries = json!([
        { "pattern": "bad", "kind": "word", "action": "refuse", "reason": "be kind" },
        { "pattern": "h+", "kind": "regex", "action": "hold" },
    ]);
    driven.receive(0, "filters", json!({ "entries": entries }));
    let shown = view(&driven);
    assert!(shown.contains("blocked: bad (be kind)"), "{shown}");
    assert!(shown.contains("held: regex h+"), "{shown}");
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
