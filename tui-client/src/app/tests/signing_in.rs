//! One question and one password for all rooms.

use super::*;

fn wrong() -> LinkEvent {
    LinkEvent::Refused(refusal(401, "auth"))
}

fn signed_out() -> LinkEvent {
    LinkEvent::Ended {
        code: CloseCode::SignedOut,
        reason: "the password was changed".to_owned(),
    }
}

/// Rooms that are all live.
fn live(rooms: &[&str]) -> Driven {
    let mut driven = Driven::new(rooms, Some("old"));
    driven.tell(Event::Started);
    for place in 0..rooms.len() {
        driven.go_live(place, false);
    }
    // Whoever is asked has not just typed.
    driven.now.elapsed += Duration::from_secs(60);
    driven
}

fn places(effects: &[Effect]) -> Vec<usize> {
    connects(effects)
        .into_iter()
        .map(|(place, _)| place)
        .collect()
}

fn typed(driven: &Driven) -> usize {
    driven.app.prompt.as_ref().map_or(0, Prompt::len)
}

#[test]
fn a_password_changed_elsewhere_is_asked_for_once_and_tried_once() {
    let mut driven = live(&["a", "b", "c"]);
    for place in 0..3 {
        assert_eq!(places(&driven.link(place, signed_out())), [0; 0]);
    }
    assert_eq!(places(&driven.send("typo")), [0]);
    assert_eq!(places(&driven.link(0, wrong())), [0; 0]);
    assert_eq!(places(&driven.send("new")), [0]);
    let effects = driven.go_live(0, true);
    let new = |place| (place, "new".to_owned());
    assert_eq!(connects(&effects), [new(1), new(2)]);
    assert!(driven.app.prompt.is_none());
}

#[test]
fn a_password_is_edited_like_any_text_and_stays_in_the_question() {
    let mut driven = live(&["a"]);
    driven.link(0, signed_out());
    driven.type_in("bc");
    driven.act(Action::Home);
    driven.type_in("a");
    driven.act(Action::Newline);
    driven.act(Action::KillOrPalette);
    driven.tell(Event::Pasted("xyz\nmore".to_owned()));
    assert_eq!(
        connects(&driven.act(Action::Submit)),
        [(0, "axyz".to_owned())]
    );
    driven.act(Action::Yank);
    driven.act(Action::Undo);
    assert_eq!(driven.app.room().composer.text(), "");
}

#[test]
fn refused_logins_lead_to_one_try_with_the_password() {
    let mut driven = live(&["a", "b", "c"]);
    for place in 0..3 {
        driven.lose(place, LinkProblem::Silent);
    }
    assert_eq!(places(&driven.link(1, LinkEvent::TokenRefused)), [1]);
    assert_eq!(places(&driven.link(0, LinkEvent::TokenRefused)), [0; 0]);
    assert_eq!(places(&driven.link(1, wrong())), [0; 0]);
    assert_eq!(places(&driven.link(2, LinkEvent::TokenRefused)), [0; 0]);
    assert_eq!(connects(&driven.send("new")), [(0, "new".to_owned())]);
    assert_eq!(places(&driven.go_live(0, true)), [1, 2]);
}

#[test]
fn a_refusal_in_one_room_leaves_what_is_typed_alone() {
    let mut driven = live(&["a", "b"]);
    driven.type_in("half a mess");
    driven.link(1, signed_out());
    driven.type_in("age");
    assert_eq!(driven.app.room().composer.text(), "half a message");
    assert_eq!(typed(&driven), 0);
    assert_eq!(sent(&driven.act(Action::Submit)), ["half a message n-1"]);
    // In a room that is signed out itself, too.
    driven.type_in("and ano");
    driven.link(0, signed_out());
    driven.type_in("ther");
    assert_eq!(driven.app.room().composer.text(), "and another");
    driven.act(Action::Submit);
    assert_eq!(driven.app.room().composer.text(), "and another", "kept");
    // A password that is asked for again is not typed into the text.
    assert_eq!(connects(&driven.send("typo")), [(0, "typo".to_owned())]);
    driven.link(0, wrong());
    assert_eq!(connects(&driven.send("new")), [(0, "new".to_owned())]);
    driven.go_live(0, true);
    assert_eq!(driven.app.room().composer.text(), "and another");
}

#[test]
fn whoever_has_just_typed_goes_on_in_the_input() {
    let mut driven = live(&["a"]);
    driven.send("one");
    driven.type_in("x");
    driven.act(Action::Backspace);
    driven.link(0, signed_out());
    driven.type_in("secret plan");
    assert_eq!(typed(&driven), 0);
    assert_eq!(driven.app.room().composer.text(), "secret plan");
}

#[test]
fn a_password_being_typed_is_not_cleared_by_another_rooms_refusal() {
    let mut driven = live(&["a", "b", "c"]);
    driven.link(0, signed_out());
    driven.type_in("half");
    driven.link(1, signed_out());
    driven.link(2, wrong());
    assert_eq!(typed(&driven), 4);
    driven.type_in("done");
    assert_eq!(
        connects(&driven.act(Action::Submit)),
        [(0, "halfdone".to_owned())]
    );
    // An answer to the password before this one changes nothing.
    driven.app.rooms[1].link = LinkState::Connecting { attempt: 1 };
    driven.link(1, wrong());
    assert!(driven.app.prompt.is_none());
}

#[test]
fn a_refused_password_is_taken_out_of_all_rooms() {
    let mut driven = Driven::new(&["a", "b", "c"], Some("old"));
    driven.tell(Event::Started);
    assert_eq!(places(&driven.go_live(0, false)), [1, 2]);
    driven.lose(2, LinkProblem::Silent);
    let effects = driven.link(1, wrong());
    assert!(
        effects.contains(&Effect::Disconnect(RoomKey(2))),
        "{effects:?}"
    );
    assert!(
        !effects.contains(&Effect::Disconnect(RoomKey(0))),
        "it has a login"
    );
    driven.act(Action::Room(1));
    assert_eq!(connects(&driven.send("new")), [(1, "new".to_owned())]);
    assert_eq!(places(&driven.go_live(1, false)), [2]);
}

#[test]
fn a_room_that_lets_nobody_in_does_not_keep_the_others_out() {
    let mut driven = Driven::new(&["a", "b", "c"], Some("pw"));
    assert_eq!(places(&driven.tell(Event::Started)), [0]);
    assert_eq!(
        places(&driven.link(0, LinkEvent::Refused(refusal(403, "auth")))),
        [1]
    );
    assert_eq!(places(&driven.go_live(1, false)), [2]);
}

#[test]
fn a_server_that_is_busy_is_waited_for_with_a_countdown() {
    let mut driven = Driven::new(&["a", "b"], Some("pw"));
    driven.tell(Event::Started);
    driven.lose(0, LinkProblem::Busy("too many tries".to_owned()));
    assert_eq!(driven.app.wake_at(), Some(Duration::from_secs(1)));
    assert!(driven.app.prompt.is_none());
    assert_eq!(driven.app.rooms[1].link, LinkState::Off);
    assert_eq!(places(&driven.go_live(0, false)), [1]);
}

#[test]
fn the_question_is_seen_in_rooms_that_wait_for_it_alone() {
    let mut driven = live(&["a", "b"]);
    driven.link(1, signed_out());
    assert!(driven.app.question().is_none());
    assert_eq!(driven.app.asked_for(), Some((1, 1)));
    driven.act(Action::Room(1));
    assert!(driven.app.question_has_keys());
    driven.type_in("half");
    driven.act(Action::Room(0));
    driven.type_in("talk");
    assert_eq!(driven.app.room().composer.text(), "talk");
    driven.act(Action::Room(1));
    assert_eq!(typed(&driven), 4);
    driven.act(Action::Escape);
    assert_eq!(typed(&driven), 0);
    driven.act(Action::Escape);
    assert!(!driven.app.question_has_keys());
    assert_eq!(connects(&driven.send("/reconnect")), []);
    assert!(driven.app.question_has_keys());
}

#[test]
fn what_was_on_its_way_survives_the_question() {
    let mut driven = live(&["a"]);
    driven.send("one");
    driven.now.elapsed += Duration::from_secs(10);
    driven.link(0, signed_out());
    driven.send("new");
    assert_eq!(sent(&driven.go_live(0, true)), ["who", "one n-1"]);
    // After a long search for the password it may be in the room.
    driven.link(0, signed_out());
    driven.now.elapsed += Duration::from_secs(600);
    driven.send("newer");
    assert_eq!(sent(&driven.go_live(0, true)), ["who"]);
    assert_eq!(driven.counts(), (0, 1));
}

/// Asks the server for another password, in the first room.
fn change_password(driven: &mut Driven, new: &str) {
    driven.send("/password");
    for typed in ["old", new, new] {
        driven.type_in(typed);
        driven.act(Action::Submit);
    }
}

fn changed() -> LinkEvent {
    let changed = chat_protocol::PasswordChanged {
        token: "t9".to_owned(),
        token_expires: 9,
    };
    LinkEvent::Received(ServerEvent::ChangePassword(changed))
}

#[test]
fn all_rooms_come_back_with_a_password_that_was_changed_here() {
    let new = |place| (place, "new".to_owned());
    // Whether the others hear of it before the answer or after it.
    let mut driven = live(&["a", "b", "c"]);
    change_password(&mut driven, "new");
    assert_eq!(places(&driven.link(1, signed_out())), [0; 0]);
    assert!(driven.app.prompt.is_none());
    assert_eq!(connects(&driven.link(0, changed())), [new(1)]);
    assert_eq!(connects(&driven.link(2, signed_out())), [new(2)]);
    driven.go_live(1, true);
    assert!(driven.app.prompt.is_none());
    // A login that the room got before is worth nothing: the password is.
    assert_eq!(connects(&driven.link(1, LinkEvent::TokenRefused)), [new(1)]);
}

#[test]
fn a_password_that_was_not_taken_changes_nothing() {
    let mut driven = live(&["a", "b"]);
    change_password(&mut driven, "new");
    assert_eq!(places(&driven.link(1, signed_out())), [0; 0]);
    let mut refused = refusal(401, "changePassword");
    refused.event = Some("changePassword".to_owned());
    let refused = LinkEvent::Received(ServerEvent::Cerror(refused));
    // The room that was signed out meanwhile tries what it has, and is told.
    assert_eq!(connects(&driven.link(0, refused)), [(1, "old".to_owned())]);
    assert_eq!(places(&driven.link(1, wrong())), [0; 0]);
    assert!(driven.app.prompt.is_some());
    // The line may also break before the answer.
    let mut driven = live(&["a", "b"]);
    change_password(&mut driven, "new");
    driven.link(1, signed_out());
    let problem = LinkEvent::Lost {
        problem: LinkProblem::Silent,
        retry_in: Duration::from_secs(1),
        attempt: 1,
    };
    assert_eq!(connects(&driven.link(0, problem)), [(1, "old".to_owned())]);
}

fn token_ended(token: &str) -> LinkEvent {
    LinkEvent::TokenEnded(Secret::new(token))
}

#[test]
fn a_token_from_an_earlier_run_needs_no_password() {
    let mut driven = Driven::with_token(&["a", "b"], None, Some("t1"));
    assert!(driven.app.prompt.is_none());
    let with = |place, token: &str| (place, token.to_owned());
    let effects = driven.tell(Event::Started);
    assert_eq!(connects(&effects), [with(0, "t1"), with(1, "t1")]);
    let token = LinkEvent::Token {
        token: Secret::new("t2"),
        expires: 9,
    };
    driven.link(0, token);
    driven.go_live(0, false);
    // The other one was refused the old token: it takes the new one, and asks only after that.
    driven.link(1, token_ended("t1"));
    assert_eq!(
        connects(&driven.link(1, LinkEvent::TokenRefused)),
        [with(1, "t2")]
    );
    driven.link(1, token_ended("t2"));
    assert_eq!(places(&driven.link(1, LinkEvent::TokenRefused)), [0; 0]);
    assert!(driven.app.prompt.is_some());
    driven.now.elapsed += Duration::from_secs(60);
    driven.tell(Event::Action(Action::Room(1)));
    assert_eq!(connects(&driven.send("new")), [with(1, "new")]);
}

#[test]
fn who_is_signed_out_after_coming_by_token_is_asked() {
    let mut driven = Driven::with_token(&["a"], None, Some("t1"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    driven.link(0, token_ended("t1"));
    driven.link(0, signed_out());
    assert!(driven.app.prompt.is_some());
    assert_eq!(connects(&driven.send("new")), [(0, "new".to_owned())]);
}
