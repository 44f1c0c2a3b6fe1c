//! Sending: nothing is lost, nothing is doubled.

use super::*;

#[test]
fn what_does_not_fit_into_the_input_is_told() {
    let mut driven = Driven::live();
    driven.tell(Event::Pasted("x".repeat(200_000)));
    let words = "the input is full: 183616 characters were left out";
    assert_eq!(driven.answer(), words);
    assert_eq!(driven.app.room().composer.text().len(), 16 * 1024);
    driven.act(Action::Undo);
    assert!(driven.app.room().composer.is_empty());
    driven.tell(Event::Pasted("line\n".repeat(100_000)));
    assert_eq!(
        driven.app.paste.as_ref().map(|paste| paste.lines),
        Some(100_000)
    );
    driven.act(Action::Submit);
    driven.act(Action::Escape);
    let words = "the input is full: 483616 characters were left out";
    assert!(driven.said().contains(words), "{}", driven.said());
}

#[test]
fn a_message_is_pending_until_its_nonce_comes_back() {
    let mut driven = Driven::live();
    assert_eq!(sent(&driven.send("one")), ["one n-1"]);
    assert_eq!(
        sent(&driven.send("two")),
        [""; 0],
        "one is under way at a time"
    );
    assert_eq!(driven.counts(), (2, 0));
    let mut confirmed = posted(1, "alice", "one");
    confirmed["nonce"] = json!("n-1");
    assert_eq!(sent(&driven.receive(0, "message", confirmed)), ["two n-2"]);
    assert_eq!(driven.counts(), (1, 0));
}

#[test]
fn a_refused_message_can_be_sent_again_under_its_nonce() {
    let mut driven = Driven::live();
    driven.send("one");
    let refused = json!({ "Code": 429, "message": "too fast", "event": "message",
        "nonce": "n-1", "retryAfter": 3 });
    driven.receive(0, "cerror", refused);
    assert_eq!(driven.counts(), (0, 1));
    assert_eq!(driven.answer(), "too fast (try again in 3 s)");
    assert_eq!(sent(&driven.act(Action::Submit)), ["one n-1"]);
    assert_eq!(driven.counts(), (1, 0));
}

#[test]
fn a_mute_refuses_what_is_under_way() {
    let mut driven = Driven::live();
    driven.send("one");
    driven.receive(0, "mute", json!({ "duration": 300 }));
    assert_eq!(driven.counts(), (0, 1));
}

#[test]
fn what_was_pending_is_sent_again_after_a_lost_line() {
    let mut driven = Driven::live();
    driven.send("one");
    driven.lose(0, LinkProblem::Silent);
    assert_eq!(sent(&driven.send("two")), [""; 0]);
    assert_eq!(sent(&driven.go_live(0, true)), ["who", "one n-1"]);
    let mut confirmed = posted(1, "alice", "one");
    confirmed["nonce"] = json!("n-1");
    assert_eq!(sent(&driven.receive(0, "message", confirmed)), ["two n-2"]);
}

#[test]
fn past_the_nonces_life_nothing_is_sent_again_by_itself() {
    let mut driven = Driven::live();
    driven.send("one");
    driven.lose(0, LinkProblem::Silent);
    driven.go_live(0, true);
    driven.now.elapsed += Duration::from_secs(290);
    driven.lose(0, LinkProblem::Silent);
    assert_eq!(sent(&driven.go_live(0, true)), ["who"]);
    assert_eq!(driven.counts(), (0, 1));
}

#[test]
fn an_overdue_confirmation_makes_way_for_the_next() {
    let mut driven = Driven::live();
    driven.send("one");
    driven.send("two");
    assert_eq!(driven.app.wake_at(), Some(Duration::from_secs(20)));
    assert_eq!(sent(&driven.wait(Duration::from_secs(20))), ["two n-2"]);
    assert_eq!(driven.counts(), (1, 1));
}

#[test]
fn what_cannot_be_sent_stays_in_the_input() {
    let check = |text: &str, words: &str| {
        let mut driven = Driven::live();
        driven.tell(Event::Pasted(text.to_owned()));
        assert_eq!(sent(&driven.act(Action::Submit)), [""; 0]);
        assert_eq!(driven.app.room().composer.text(), text);
        assert!(driven.answer().contains(words), "{}", driven.answer());
    };
    check(&"é".repeat(501), "501 characters, the limit is 500");
    check("   ", "nothing to send");
    check("/nope", "unknown command /nope");
    let mut driven = Driven::live();
    driven.lose(0, LinkProblem::Silent);
    for _ in 0..timeline::WAITING {
        driven.send("x");
    }
    driven.send("one more");
    assert_eq!(driven.app.room().composer.text(), "one more");
}

#[test]
fn text_after_two_slashes_is_sent_with_one() {
    assert_eq!(sent(&Driven::live().send("//quit")), ["/quit n-1"]);
    assert!(Driven::live().send("/quit").contains(&Effect::Quit));
}

fn refuse(driven: &mut Driven, code: u16, nonce: &str) -> Vec<Effect> {
    let refused = json!({ "Code": code, "message": "no", "event": "message", "nonce": nonce,
        "retryAfter": 3 });
    driven.receive(0, "cerror", refused)
}

fn confirm(driven: &mut Driven, seq: u64, text: &str, nonce: &str) -> Vec<Effect> {
    let mut confirmed = posted(seq, "alice", text);
    confirmed["nonce"] = json!(nonce);
    driven.receive(0, "message", confirmed)
}

#[test]
fn what_is_sent_again_keeps_the_order_in_which_it_was_typed() {
    let mut driven = Driven::live();
    for text in ["one", "two", "three"] {
        driven.send(text);
    }
    assert_eq!(sent(&refuse(&mut driven, 429, "n-1")), [""; 0]);
    assert_eq!(driven.counts(), (0, 3), "those behind it wait with it");
    assert_eq!(sent(&driven.act(Action::Submit)), ["one n-1"]);
    assert_eq!(sent(&confirm(&mut driven, 1, "one", "n-1")), ["two n-2"]);
    refuse(&mut driven, 503, "n-2");
    assert_eq!(driven.counts(), (0, 2));
    assert_eq!(sent(&driven.act(Action::Submit)), ["two n-2"]);
    assert_eq!(sent(&confirm(&mut driven, 2, "two", "n-2")), ["three n-3"]);
}

#[test]
fn what_was_refused_for_good_is_sent_by_no_stray_key() {
    for code in [400, 403, 404, 413] {
        let mut driven = Driven::live();
        driven.send("one");
        driven.send("two");
        assert_eq!(sent(&refuse(&mut driven, code, "n-1")), ["two n-2"]);
        confirm(&mut driven, 1, "two", "n-2");
        for _ in 0..3 {
            assert_eq!(sent(&driven.act(Action::Submit)), [""; 0]);
        }
        assert_eq!(driven.counts(), (0, 1));
        // It can be written anew,
        driven.act(Action::Up);
        assert_eq!(driven.counts(), (0, 0));
        assert_eq!(driven.app.room().composer.text(), "one");
        assert_eq!(sent(&driven.act(Action::Submit)), ["one n-3"]);
        // or dropped.
        refuse(&mut driven, code, "n-3");
        // The answers go first.
        while driven.app.answers.shown().is_some() {
            driven.act(Action::Escape);
        }
        driven.act(Action::Escape);
        assert_eq!(driven.counts(), (0, 0));
    }
}

#[test]
fn what_may_be_sent_again_is_dropped_by_a_command_alone() {
    let mut driven = Driven::live();
    driven.send("one");
    refuse(&mut driven, 429, "n-1");
    driven.act(Action::Escape);
    assert_eq!(driven.counts(), (0, 1));
    driven.send("/discard");
    assert_eq!(driven.counts(), (0, 0));
    assert_eq!(sent(&driven.act(Action::Submit)), [""; 0]);
}

#[test]
fn what_may_be_in_the_room_is_not_sent_once_its_nonce_is_forgotten() {
    let mut driven = Driven::live();
    driven.send("one");
    driven.wait(Duration::from_secs(20));
    assert_eq!(driven.counts(), (0, 1));
    assert_eq!(sent(&driven.act(Action::Submit)), ["one n-1"]);
    driven.wait(Duration::from_secs(20));
    driven.wait(Duration::from_secs(240));
    assert_eq!(sent(&driven.act(Action::Submit)), [""; 0]);
}

#[test]
fn a_flood_of_keys_that_is_no_paste_is_taken_and_told() {
    let mut driven = Driven::live();
    for _ in 0..100_000 {
        driven.act(Action::Insert('x'));
    }
    assert_eq!(driven.app.room().composer.text().len(), 16 * 1024);
    let words = "the input is full: 83616 characters were left out";
    assert_eq!(driven.app.answers.hinted(), Some(words));
    assert!(!driven.said().contains("left out"), "not line by line");
}
