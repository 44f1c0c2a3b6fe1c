//! Orders on their way: answers, refusals, lost lines, and what is taken back.

use super::*;

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
fn the_answer_to_what_is_done_now_does_not_wait_for_those_before() {
    let mut driven = Driven::live();
    for name in ["bob", "carol", "dave"] {
        confirmed(&mut driven, &format!("/kick {name}"));
        let done = json!({ "message": "Success", "reason": format!("{name} was kicked") });
        driven.receive(0, "kick", done);
        driven.wait(Duration::from_secs(2));
        assert_eq!(driven.answer(), format!("{name} was kicked"));
    }
    assert_eq!(driven.app.answers.shown().unwrap().1, 2, "more to come");
    driven.act(Action::Escape);
    assert_eq!(driven.answer(), "carol was kicked");
    driven.wait(answers::STANDS);
    assert_eq!(driven.answer(), "bob was kicked");
}

#[test]
fn what_is_wrong_with_a_command_is_not_told_once_it_is_right() {
    let mut driven = Driven::live();
    driven.send("/mute bob");
    assert!(driven.answer().contains("the duration must look like"));
    driven.type_in(" 10m");
    driven.act(Action::Submit);
    driven.act(Action::Submit);
    let done = json!({ "message": "Success", "reason": "bob is muted" });
    driven.receive(0, "mute", done);
    assert_eq!(driven.answer(), "bob is muted");
    driven.wait(answers::STANDS);
    assert_eq!(driven.answer(), "", "nothing stale comes back");
    // What was said of another command was not put right.
    driven.send("/nope");
    driven.act(Action::Interrupt);
    driven.send("/kick bob");
    driven.act(Action::Escape);
    assert!(driven.answer().starts_with("unknown command /nope"));
}
