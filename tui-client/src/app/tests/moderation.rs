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

/// Types an order and says yes.
fn confirmed(driven: &mut Driven, text: &str) -> Vec<Effect> {
    assert_eq!(sent(&driven.send(text)), [""; 0], "{text}: asked first");
    driven.act(Action::Submit)
}

/// What is asked.
#[track_caller]
fn question(driven: &Driven) -> String {
    driven.app.bar.as_ref().expect("a question").question()
}

#[test]
fn orders_are_asked_about_and_wrong_ones_stay_in_the_input() {
    let mut driven = Driven::live();
    driven.send("/mute @bob 10m spam");
    assert_eq!(question(&driven), "Time out bob for 10 min? Reason: spam.");
    let effects = driven.act(Action::Submit);
    let expected = json!({ "username": "bob", "duration": 600, "reason": "spam" });
    assert_eq!(order(&effects, "mute"), expected);
    assert!(driven.app.room().composer.is_empty());
    driven.receive(
        0,
        "mute",
        json!({ "message": "Success", "reason": "bob is muted" }),
    );
    assert_eq!(sent(&driven.send("/mute bob")), [""; 0]);
    assert_eq!(driven.app.room().composer.text(), "/mute bob");
    assert!(driven.said().contains("the duration must look like"));
    driven.type_in(" 1h");
    assert_eq!(sent(&driven.act(Action::Submit)), [""; 0]);
    assert_eq!(sent(&driven.act(Action::Submit)), ["mute"]);
    driven.lose(0, LinkProblem::Silent);
    assert_eq!(sent(&driven.send("/kick bob")), [""; 0]);
    assert_eq!(driven.app.room().composer.text(), "/kick bob");
    assert!(driven.said().ends_with("not done: not connected"));
}

#[test]
fn no_is_said_by_esc_and_the_command_comes_back() {
    let mut driven = Driven::live();
    driven.send("/ban bob");
    assert_eq!(question(&driven), "Ban bob for good?");
    assert_eq!(sent(&driven.act(Action::Escape)), [""; 0]);
    assert!(driven.app.bar.is_none());
    assert_eq!(driven.app.room().composer.text(), "/ban bob");
}

#[test]
fn what_is_typed_behind_a_question_cancels_it_and_is_typed() {
    let mut driven = Driven::live();
    driven.send("/ban bob");
    driven.type_in("hello");
    assert!(driven.app.bar.is_none());
    assert_eq!(driven.app.room().composer.text(), "hello");
    assert_eq!(sent(&driven.act(Action::Submit)), ["hello n-1"]);
}

#[test]
fn a_bar_takes_a_length_a_deletion_and_a_reason() {
    let mut driven = Driven::live();
    driven.message(0, 1, "bob", "spam");
    driven.send("/ban bob");
    driven.type_in("2");
    assert_eq!(question(&driven), "Ban bob for 10 min?");
    driven.type_in("a");
    assert_eq!(
        question(&driven),
        "Ban bob for 10 min and delete their 1 message? (deleting is final)"
    );
    driven.type_in("wad");
    driven.act(Action::Submit);
    driven.type_in("0");
    let asked = "Ban bob for good and delete their 1 message? Reason: ad. (deleting is final)";
    assert_eq!(question(&driven), asked);
    let effects = driven.act(Action::Submit);
    let ban = json!({ "username": "bob", "reason": "ad" });
    assert_eq!(order(&effects, "ban"), ban);
    let done = json!({ "message": "Success", "reason": "bob is banned" });
    assert_eq!(sent(&driven.receive(0, "ban", done)), ["purge"]);
    assert!(driven.said().is_empty(), "one answer for all");
    driven.receive(
        0,
        "purge",
        json!({ "username": "bob", "seq": 2, "by": "alice" }),
    );
    assert_eq!(
        driven.answer(),
        "banned bob for good and deleted their 1 message"
    );
}

#[test]
fn what_is_picked_is_what_is_hit() {
    let mut driven = Driven::live();
    driven.message(0, 1, "Bob", "first");
    driven.message(0, 2, "carol", "second");
    driven.act(Action::Select);
    driven.act(Action::Up);
    // Others go on talking, faster than anybody can press a key.
    for seq in 3..200 {
        driven.message(0, seq, "dave", "noise");
    }
    driven.type_in("x");
    assert_eq!(
        question(&driven),
        "Delete a message from Bob: “first”? (final)"
    );
    driven.message(0, 200, "Bob", "another");
    let deleted = order(&driven.act(Action::Submit), "deleteMessage");
    assert_eq!(deleted, json!({ "id": "e-1" }));
    driven.receive(
        0,
        "deleteMessage",
        json!({ "id": "e-1", "seq": 201, "by": "alice" }),
    );
    assert_eq!(driven.answer(), "deleted a message from Bob");
    assert!(driven.app.selection.is_none());
}

#[test]
fn other_keys_only_say_so_while_something_is_picked() {
    let mut driven = Driven::live();
    driven.message(0, 1, "bob", "first");
    driven.act(Action::Select);
    driven.type_in("q");
    assert!(driven.app.room().composer.is_empty());
    assert!(driven.answer().contains("does nothing here"));
    for other in [Action::Insert('q'), Action::Unknown] {
        driven.type_in("b");
        assert!(driven.app.bar.is_some());
        driven.act(other);
        assert!(driven.app.bar.is_none());
    }
    assert!(driven.answer().contains("cancelled"));
    driven.act(Action::Escape);
    driven.type_in("q");
    assert_eq!(driven.app.room().composer.text(), "q");
}

#[test]
fn a_raid_is_marked_by_its_text_and_banned_at_once() {
    let mut driven = Driven::live();
    for (seq, name) in (1..).zip(["r1", "r2", "r3"]) {
        driven.message(0, seq, name, &format!("Buy  followers {seq}"));
    }
    driven.message(0, 4, "bob", "hello");
    driven.message(0, 5, "alice", "buy followers");
    driven.act(Action::Select);
    for _ in 0..2 {
        driven.act(Action::Up);
    }
    driven.type_in("sb");
    let asked =
        "Ban 3 people who sent this, for good, and delete their 3 messages? (deleting is final)";
    assert_eq!(question(&driven), asked);
    let mut effects = driven.act(Action::Submit);
    let done = |name: &str| json!({ "message": "Success", "reason": format!("{name} is banned") });
    for name in ["r1", "r2", "r3"] {
        assert_eq!(order(&effects, "ban"), json!({ "username": name }));
        effects = driven.receive(0, "ban", done(name));
    }
    for (seq, name) in (6..).zip(["r1", "r2", "r3"]) {
        assert_eq!(order(&effects, "purge"), json!({ "username": name }));
        effects = driven.receive(
            0,
            "purge",
            json!({ "username": name, "seq": seq, "by": "alice" }),
        );
    }
    let told = "banned 3 people who sent this, for good, and deleted their 3 messages";
    assert_eq!(driven.answer(), told);
}

#[test]
fn what_was_done_is_taken_back_one_after_the_other() {
    let mut driven = Driven::live();
    driven.act(Action::TakeBack);
    assert_eq!(driven.answer(), "nothing to take back yet");
    let modes =
        |slow: u64| json!({ "slowMode": slow, "membersOnly": false, "topic": "", "pinned": null });
    driven.receive(0, "room", modes(5));
    confirmed(&mut driven, "/mute bob 10m");
    driven.receive(
        0,
        "mute",
        json!({ "message": "Success", "reason": "bob is muted" }),
    );
    confirmed(&mut driven, "/slow 60");
    driven.receive(0, "room", modes(60));
    driven.act(Action::TakeBack);
    assert_eq!(question(&driven), "Take back: slow mode is 1 min, 0 s ago?");
    driven.act(Action::TakeBack);
    assert_eq!(
        question(&driven),
        "Take back: timed out bob for 10 min, 0 s ago?"
    );
    let undone = order(&driven.act(Action::Submit), "unmute");
    assert_eq!(undone, json!({ "username": "bob" }));
    driven.receive(
        0,
        "unmute",
        json!({ "message": "Success", "reason": "bob may speak" }),
    );
    driven.act(Action::TakeBack);
    let undone = order(&driven.act(Action::Submit), "setRoom");
    assert_eq!(undone, json!({ "slowMode": 5 }));
    driven.receive(0, "room", modes(5));
    driven.act(Action::TakeBack);
    assert!(
        driven
            .said()
            .ends_with("taken back: slow mode is 1 min, 0 s ago")
    );
    assert!(driven.app.bar.is_none());
}

#[test]
fn a_lock_restores_what_was_there() {
    let mut driven = Driven::live();
    let modes = |slow: u64, members: bool| json!({ "slowMode": slow, "membersOnly": members, "topic": "", "pinned": null });
    driven.receive(0, "room", modes(7, false));
    let locked = order(&confirmed(&mut driven, "/lock"), "setRoom");
    assert_eq!(locked, json!({ "slowMode": 30, "membersOnly": true }));
    driven.receive(0, "room", modes(30, true));
    let unlocked = order(&confirmed(&mut driven, "/unlock"), "setRoom");
    assert_eq!(unlocked, json!({ "slowMode": 7, "membersOnly": false }));
    driven.receive(0, "room", modes(7, false));
    // A lock of somebody else's ends as a whole.
    let unlocked = order(&confirmed(&mut driven, "/unlock"), "setRoom");
    assert_eq!(unlocked, json!({ "slowMode": 0, "membersOnly": false }));
}

#[test]
fn what_came_too_fast_is_done_a_moment_later() {
    let mut driven = Driven::live();
    confirmed(&mut driven, "/kick bob");
    let refused = json!({ "Code": 429, "message": "too fast", "event": "kick", "retryAfter": 3 });
    assert_eq!(sent(&driven.receive(0, "cerror", refused)), [""; 0]);
    assert_eq!(sent(&driven.wait(Duration::from_secs(2))), [""; 0]);
    assert_eq!(sent(&driven.wait(Duration::from_secs(1))), ["kick"]);
}

#[test]
fn what_is_not_answered_is_told_and_not_done_later() {
    let mut driven = Driven::live();
    confirmed(&mut driven, "/kick bob");
    driven.lose(0, LinkProblem::Silent);
    assert_eq!(
        driven.answer(),
        "kick not done: the connection was lost before it was confirmed"
    );
    assert!(!sent(&driven.go_live(0, true)).contains(&"kick".to_owned()));
}

#[test]
fn the_newest_message_of_somebody_is_picked_and_not_hit() {
    let mut driven = Driven::live();
    driven.message(0, 1, "Bob", "first");
    driven.message(0, 3, "bob", "second");
    driven.message(0, 4, "carol", "third");
    assert_eq!(sent(&driven.send("/delete dave")), [""; 0]);
    assert_eq!(driven.app.room().composer.text(), "/delete dave");
    assert_eq!(driven.answer(), "there is no message from dave here");
    driven.act(Action::Interrupt);
    assert_eq!(sent(&driven.send("/delete @BOB")), [""; 0]);
    driven.type_in("x");
    let deleted = order(&driven.act(Action::Submit), "deleteMessage");
    assert_eq!(deleted, json!({ "id": "e-3" }));
    driven.receive(
        0,
        "deleteMessage",
        json!({ "id": "e-3", "seq": 5, "by": "alice" }),
    );
    driven.send("/pin");
    driven.type_in("p");
    let pinned = order(&driven.act(Action::Submit), "setRoom");
    assert_eq!(pinned, json!({ "pinned": "e-4" }));
}

#[test]
fn emptying_the_room_waits_before_enter_counts() {
    let mut driven = Driven::live();
    assert_eq!(sent(&driven.send("/clear")), [""; 0]);
    assert_eq!(
        question(&driven),
        "Delete all messages in stream1, for everybody? (final)"
    );
    assert_eq!(sent(&driven.act(Action::Submit)), [""; 0]);
    assert_eq!(driven.answer(), "Enter counts in 3 s");
    driven.wait(Duration::from_secs(3));
    assert_eq!(sent(&driven.act(Action::Submit)), ["clear"]);
}

#[test]
fn answers_to_orders_are_said() {
    let mut driven = Driven::live();
    let done = |words: &str| json!({ "message": "Success", "reason": words });
    for event in ["kick", "mute", "unmute", "ban", "unban", "setMod", "delMod"] {
        driven.receive(0, event, done(&format!("bob: {event} is done")));
        assert!(driven.said().contains(&format!("bob: {event} is done")));
    }
    assert_eq!(driven.app.room().rank, Rank::Moderator);
    assert_eq!(driven.app.muted_for(), None);
    confirmed(&mut driven, "/ban bobb");
    let refused = json!({ "Code": 404, "message": "there is no user bobb", "event": "ban" });
    driven.receive(0, "cerror", refused);
    assert!(
        driven
            .said()
            .contains("ban bobb refused: there is no user bobb")
    );
}

#[test]
fn an_appointment_changes_the_users_rank() {
    let mut driven = Driven::live();
    driven.receive(0, "delMod", json!({}));
    assert_eq!(driven.app.room().rank, Rank::User);
    assert!(driven.said().contains("you are an ordinary user now"));
    assert_eq!(driven.receive(0, "setMod", json!({})), [Effect::Draw]);
    assert_eq!(driven.app.room().rank, Rank::Moderator);
}

#[test]
fn a_mute_counts_down_and_ends_by_itself() {
    let mut driven = Driven::live();
    let muted = json!({ "duration": 125, "reason": "calm down" });
    driven.receive(0, "mute", muted);
    assert!(driven.said().contains("you are muted for 3 min: calm down"));
    assert_eq!(driven.app.muted_for().as_deref(), Some("2:05"));
    assert_eq!(driven.app.wake_at(), Some(Duration::from_secs(1)));
    assert_eq!(driven.wait(Duration::from_secs(1)), [Effect::Draw]);
    assert_eq!(driven.app.muted_for().as_deref(), Some("2:04"));
    // What is written meanwhile waits.
    assert_eq!(sent(&driven.send("hello?")), [""; 0]);
    assert_eq!(driven.counts(), (1, 0));
    assert_eq!(sent(&driven.wait(Duration::from_secs(124))), ["hello? n-1"]);
    assert_eq!(driven.app.muted_for(), None);
    let mut stored = posted(1, "alice", "hello?");
    stored["nonce"] = json!("n-1");
    driven.receive(0, "message", stored);
    driven.wait(answers::STANDS);
    // How many messages come in a second is looked at a last time.
    driven.wait(Duration::from_secs(11));
    assert_eq!(driven.app.wake_at(), None);
    assert_eq!(driven.tell(Event::Woke), []);
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
    assert_eq!(sent(&driven.act(Action::Submit)), [""; 0]);
    assert_eq!(driven.counts(), (2, 0), "they wait for the end of it");
    assert_eq!(sent(&driven.receive(0, "unmute", json!({}))), ["one n-1"]);
    assert_eq!(driven.app.muted_for(), None);
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
    driven.act(Action::Escape);
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
    driven.message(1, 2, "carol", "spam");
    // The tab of a room that is not in view shows what is unread there.
    let purge_there = json!({ "username": "bOB", "seq": 3, "by": "erin" });
    let effects = driven.receive(1, "purge", purge_there.clone());
    assert!(effects.contains(&Effect::Draw), "{effects:?}");
    assert_eq!(driven.app.rooms[1].reading.unread(), 1);
    assert_eq!(driven.receive(1, "purge", purge_there), []);
    let cleared = json!({ "seq": 4, "by": "erin" });
    assert_eq!(driven.receive(1, "clear", cleared), [Effect::Draw]);
    assert_eq!(driven.app.rooms[1].reading.unread(), 0);
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
        "Reject the held message from bob? (final)"
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
