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
