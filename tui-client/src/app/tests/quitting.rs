//! Leaving while something is not sent yet.

use super::*;

fn quits(effects: &[Effect]) -> bool {
    effects.contains(&Effect::Quit)
}

fn words(driven: &Driven) -> String {
    driven
        .app
        .leaving_words()
        .map_or_else(String::new, |(_, words)| words)
}

fn confirm(driven: &mut Driven, seq: u64, text: &str, nonce: &str) -> Vec<Effect> {
    let mut confirmed = posted(seq, "alice", text);
    confirmed["nonce"] = json!(nonce);
    driven.receive(0, "message", confirmed)
}

#[test]
fn whoever_leaves_is_kept_until_the_answers_are_there() {
    for leave in ["/quit", ""] {
        let mut driven = Driven::live();
        driven.send("one");
        driven.send("two");
        let effects = match leave {
            "" => driven.act(Action::DeleteOrQuit),
            command => driven.send(command),
        };
        assert!(!quits(&effects));
        assert!(words(&driven).starts_with("2 messages are on the way"));
        assert!(!quits(&confirm(&mut driven, 1, "one", "n-1")));
        assert!(quits(&confirm(&mut driven, 2, "two", "n-2")));
    }
}

#[test]
fn answers_are_not_waited_for_for_ever() {
    let mut driven = Driven::live();
    driven.send("one");
    assert!(!quits(&driven.act(Action::DeleteOrQuit)));
    assert_eq!(driven.app.wake_at(), Some(Duration::from_secs(2)));
    assert!(quits(&driven.wait(Duration::from_secs(2))));
    assert_eq!(driven.app.unsent(), [("stream1", "one")]);
}

#[test]
fn a_line_that_goes_down_meanwhile_keeps_the_user() {
    let mut driven = Driven::live();
    driven.send("one");
    driven.act(Action::DeleteOrQuit);
    assert!(!quits(&driven.lose(0, LinkProblem::Silent)));
    assert!(words(&driven).starts_with("1 message is not sent yet"));
    assert!(quits(&driven.act(Action::DeleteOrQuit)));
}

#[test]
fn what_is_queued_is_asked_about_at_once_and_once() {
    let mut driven = Driven::live();
    driven.lose(0, LinkProblem::Silent);
    driven.send("one");
    driven.send("two");
    assert!(!quits(&driven.act(Action::DeleteOrQuit)));
    assert!(words(&driven).starts_with("2 messages are not sent yet"));
    driven.wait(Duration::from_secs(4));
    assert!(
        !quits(&driven.act(Action::DeleteOrQuit)),
        "asked anew, much later"
    );
    assert!(quits(&driven.send("/quit")));
}

#[test]
fn asking_twice_leaves_at_once() {
    let mut driven = Driven::live();
    driven.send("one");
    assert!(!quits(&driven.act(Action::DeleteOrQuit)));
    assert!(quits(&driven.act(Action::DeleteOrQuit)));
    let mut driven = Driven::live();
    driven.send("one");
    assert!(!quits(&driven.act(Action::DeleteOrQuit)));
    assert!(quits(&driven.send("/quit")));
}

#[test]
fn a_refusal_and_going_on_typing_keep_the_user() {
    let mut driven = Driven::live();
    driven.send("one");
    driven.act(Action::DeleteOrQuit);
    let refused = json!({ "Code": 403, "message": "no", "event": "message", "nonce": "n-1" });
    assert!(!quits(&driven.receive(0, "cerror", refused)));
    assert_eq!(driven.app.unsent(), [("stream1", "one")]);
    let mut driven = Driven::live();
    driven.send("one");
    driven.act(Action::DeleteOrQuit);
    driven.type_in("w");
    assert!(!quits(&confirm(&mut driven, 1, "one", "n-1")));
    assert!(!quits(&driven.wait(Duration::from_secs(5))));
}

#[test]
fn nothing_unsent_is_no_reason_to_wait() {
    let mut driven = Driven::live();
    assert!(quits(&driven.act(Action::DeleteOrQuit)));
    let mut driven = Driven::live();
    driven.send("one");
    confirm(&mut driven, 1, "one", "n-1");
    assert!(quits(&driven.send("/quit")));
}

#[test]
fn a_draft_in_whatever_room_is_asked_about_where_nobody_keeps_it() {
    let drafted = || {
        let mut driven = Driven::new(&["a", "b"], Some("pw"));
        driven.tell(Event::Started);
        driven.go_live(0, false);
        driven.go_live(1, false);
        driven.type_in("half a thought");
        driven.act(Action::Room(1));
        driven
    };
    let mut driven = drafted();
    assert!(!quits(&driven.act(Action::DeleteOrQuit)));
    assert_eq!(
        words(&driven),
        "1 draft is not sent yet: quit again to leave without it"
    );
    assert!(quits(&driven.act(Action::DeleteOrQuit)));
    let mut driven = drafted();
    driven.app.keeps_drafts = true;
    assert!(quits(&driven.act(Action::DeleteOrQuit)));
}

#[test]
fn a_refused_message_is_asked_about() {
    let mut driven = Driven::live();
    driven.send("one");
    let refused = json!({ "Code": 403, "message": "no", "event": "message", "nonce": "n-1" });
    driven.receive(0, "cerror", refused);
    assert!(!quits(&driven.act(Action::DeleteOrQuit)));
    assert!(words(&driven).starts_with("1 message is not sent yet"));
}

#[test]
fn an_offer_to_quit_is_gone_once_it_is_over() {
    let mut driven = Driven::live();
    driven.act(Action::Interrupt);
    assert!(
        driven
            .app
            .answers
            .hinted()
            .unwrap()
            .contains("again within 2 s")
    );
    driven.now.elapsed += Duration::from_millis(2_001);
    driven.tell(Event::Woke);
    assert_eq!(driven.app.answers.hinted(), None);
    assert!(!quits(&driven.act(Action::Interrupt)));
    assert!(quits(&driven.act(Action::Interrupt)));
}
