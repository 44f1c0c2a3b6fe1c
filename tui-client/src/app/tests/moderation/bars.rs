//! The question that stands before an action: what opens it, changes it, answers it.

use super::*;

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
        "Ban bob for 10 min and delete their 1 message (final)?"
    );
    driven.type_in("wad");
    driven.act(Action::Submit);
    driven.type_in("0");
    let asked = "Ban bob for good and delete their 1 message (final)? Reason: ad.";
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
fn emptying_the_room_waits_before_enter_counts() {
    let mut driven = Driven::live();
    assert_eq!(sent(&driven.send("/clear")), [""; 0]);
    assert_eq!(
        question(&driven),
        "Delete all messages in stream1, for everybody? (final)"
    );
    assert_eq!(sent(&driven.act(Action::Submit)), [""; 0]);
    assert_eq!(
        driven.app.wake_at(),
        Some(Duration::from_secs(1)),
        "counts down"
    );
    driven.wait(Duration::from_secs(3));
    assert_eq!(sent(&driven.act(Action::Submit)), ["clear"]);
}

#[test]
fn a_reason_is_edited_as_any_text() {
    let mut driven = Driven::live();
    driven.send("/ban bob sells skins");
    driven.type_in("w and more");
    driven.act(Action::Kill(Motion::WordLeft));
    driven.act(Action::Home);
    driven.type_in("he ");
    driven.act(Action::Move(Motion::WordRight));
    driven.act(Action::Yank);
    let asked = "Ban bob for good? Reason: he sellsmore skins and.";
    assert_eq!(question(&driven), asked);
    driven.act(Action::Undo);
    driven.act(Action::Submit);
    assert_eq!(
        question(&driven),
        "Ban bob for good? Reason: he sells skins and."
    );
    let ban = order(&driven.act(Action::Submit), "ban");
    assert_eq!(
        ban,
        json!({ "username": "bob", "reason": "he sells skins and" })
    );
}

#[test]
fn a_reason_takes_a_paste_in_one_row_and_no_more_than_fits() {
    let mut driven = Driven::live();
    driven.send("/ban bob");
    driven.type_in("wad: ");
    driven.tell(Event::Pasted("buy\n  now\n".to_owned()));
    assert_eq!(question(&driven), "Ban bob for good? Reason: ad: buy now.");
    assert!(driven.app.room().composer.is_empty());
    driven.act(Action::Home);
    let limit = chat_protocol::limits::REASON_CHARS;
    driven.tell(Event::Pasted("é".repeat(2 * limit)));
    let reason = driven.app.bar.as_ref().unwrap().reason.clone();
    assert_eq!(reason.chars().count(), limit);
    assert!(
        reason.starts_with("éé") && reason.ends_with("ad: buy now"),
        "{reason}"
    );
    assert!(driven.app.answers.hinted().unwrap().contains("at most"));
    driven.type_in("x");
    assert_eq!(driven.app.bar.as_ref().unwrap().reason, reason);
}

#[test]
fn what_is_pasted_behind_a_question_cancels_it_and_is_put_in() {
    let mut driven = Driven::live();
    driven.send("/ban bob");
    driven.tell(Event::Pasted("hello".to_owned()));
    assert!(driven.app.bar.is_none());
    assert_eq!(driven.app.room().composer.text(), "hello");
}

#[test]
fn a_number_of_messages_is_no_more_than_is_known() {
    let mut driven = Driven::new(&["stream1"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    let entries = [json!({ "event": "message", "data": posted(900, "bob", "spam") })];
    let newest = json!({ "epoch": "e", "entries": entries, "complete": false });
    driven.receive(0, "history", newest);
    driven.send("/ban bob");
    driven.type_in("a");
    let asked = "Ban bob for good and delete their 1+ messages (final)?";
    assert_eq!(question(&driven), asked);
}
