//! What moderators do to this user, and to the room.

use super::*;

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
fn why_somebody_was_sent_away_remains() {
    for (event, code, what) in [
        ("ban", CloseCode::Banned, "banned"),
        ("kick", CloseCode::Kicked, "kicked"),
    ] {
        let mut driven = Driven::live();
        let mut send_away = |reason: &str| {
            driven.go_live(0, true);
            let notice = json!({ "message": "Disconnected", "reason": reason });
            driven.receive(0, event, notice);
            let reason = "disconnected by a moderator".to_owned();
            driven.link(0, LinkEvent::Ended { code, reason });
            let LinkState::Stopped { words, .. } = &driven.app.room().link else {
                panic!("{:?}", driven.app.room().link);
            };
            let recorded = driven.app.errors.entries().next_back();
            assert_eq!(recorded.unwrap().problem.text, *words);
            words.clone()
        };
        let words = send_away("sells \u{1b}[2J followers");
        assert_eq!(words, format!("{what}: sells \u{fffd}[2J followers"));
        assert_eq!(send_away(""), what);
    }
}

#[test]
fn the_reason_of_an_earlier_connection_is_not_that_of_the_next() {
    let mut driven = Driven::live();
    let notice = json!({ "message": "Disconnected", "reason": "spam" });
    driven.receive(0, "kick", notice);
    driven.lose(0, LinkProblem::Silent);
    driven.go_live(0, true);
    let (code, reason) = (CloseCode::Banned, "the address was banned".to_owned());
    driven.link(0, LinkEvent::Ended { code, reason });
    let LinkState::Stopped { words, .. } = &driven.app.room().link else {
        panic!("{:?}", driven.app.room().link);
    };
    assert_eq!(words, "banned: the address was banned");
}

#[test]
fn what_is_done_to_this_user_is_told_before_all_else() {
    let mut driven = Driven::live();
    driven.send("/nope");
    driven.receive(0, "mute", json!({ "duration": 60, "reason": "calm down" }));
    assert_eq!(driven.answer(), "you are muted for 60 s: calm down");
    let notice = json!({ "message": "Disconnected", "reason": "enough" });
    driven.receive(0, "kick", notice);
    assert_eq!(driven.answer(), "you were kicked: enough");
}
