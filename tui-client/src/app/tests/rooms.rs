//! Rooms that come and go, other passwords, new names, and what is told to those who look elsewhere.

use super::*;

fn labels(driven: &Driven) -> Vec<&str> {
    driven
        .app
        .rooms
        .iter()
        .map(|room| room.label.as_str())
        .collect()
}

#[test]
fn a_room_is_joined_once_and_left_with_its_connection() {
    let mut driven = Driven::live();
    assert_eq!(connects(&driven.send("/join mods")), [(1, "pw".to_owned())]);
    assert_eq!(labels(&driven), ["stream1", "mods"]);
    assert_eq!(driven.app.active, 1);
    driven.go_live(1, false);
    driven.send("/join stream1");
    assert_eq!((labels(&driven).len(), driven.app.active), (2, 0));
    let effects = driven.send("/leave");
    assert!(
        effects.contains(&Effect::Disconnect(RoomKey(0))),
        "{effects:?}"
    );
    assert_eq!(labels(&driven), ["mods"]);
    // What the closed connection still says is for nobody; what the other one says is for the other.
    driven.message(0, 9, "bob", "late");
    driven.message(1, 1, "bob", "hello");
    assert_eq!(driven.app.room().timeline.messages_of("bob"), 1);
    assert_eq!(sent(&driven.send("hi")), ["hi n-1"]);
    driven.send("/leave");
    assert!(driven.said().ends_with("/quit ends the program"));
    // A number is never given again.
    driven.send("/join third");
    assert_eq!(driven.app.room().key, RoomKey(2));
}

#[test]
fn leaving_asks_where_something_would_be_lost() {
    let mut driven = Driven::new(&["a", "b"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    driven.go_live(1, false);
    driven.send("never confirmed");
    driven.send("/leave");
    assert_eq!(labels(&driven), ["a", "b"]);
    assert!(
        driven
            .said()
            .contains("1 message that was not sent here: /leave again")
    );
    driven.wait(Duration::from_secs(11));
    driven.send("/leave");
    assert_eq!(labels(&driven), ["a", "b"], "asked anew, much later");
    driven.send("/leave");
    assert_eq!(labels(&driven), ["b"]);
}

#[test]
fn a_room_is_gone_to_by_number_name_or_its_beginning() {
    let mut driven = Driven::new(&["stream1", "speedrun", "mods"], Some("pw"));
    for (text, place) in [("/room 3", 2), ("/room SPEEDRUN", 1), ("/room str", 0)] {
        driven.send(text);
        assert_eq!(driven.app.active, place, "{text}");
    }
    driven.send("/room nowhere");
    assert!(
        driven
            .said()
            .ends_with("no room nowhere is open: /join opens one")
    );
    driven.send("/room 0");
    assert_eq!(driven.app.active, 0);
}

#[test]
fn a_new_name_has_its_password_typed_twice() {
    let registers = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Connect(.., may_register) => Some(*may_register),
            _ => None,
        })
    };
    let unknown = || {
        let mut error = refusal(401, "auth");
        error.reason = Some(chat_protocol::Reason::Unknown);
        LinkEvent::Refused(error)
    };
    let mut driven = Driven::new(&["a"], None);
    driven.tell(Event::Started);
    assert_eq!(registers(&driven.send("secret")), Some(false));
    driven.link(0, unknown());
    let words = |driven: &Driven| driven.app.prompt.as_ref().unwrap().words.clone().unwrap();
    assert!(words(&driven).starts_with("There is no account alice here yet."));
    assert_eq!(registers(&driven.send("secert")), None);
    assert!(words(&driven).starts_with("The passwords differ"));
    assert_eq!(registers(&driven.send("secret")), Some(false));
    driven.link(0, unknown());
    assert_eq!(registers(&driven.send("secret")), Some(true));
    // One that no hand typed makes an account at once, as it ever did.
    let mut driven = Driven::new(&["a"], Some("pw"));
    assert_eq!(registers(&driven.tell(Event::Started)), Some(true));
}

#[test]
fn a_crowd_that_mentions_somebody_rings_no_more_than_one_who_does() {
    let mut driven = Driven::live();
    driven.tell(Event::Focus(false));
    let mut rang = 0;
    for seq in 1..=100 {
        let effects = driven.message(0, seq, "bob", "@alice!");
        rang += usize::from(
            effects
                .iter()
                .any(|one| matches!(one, Effect::Notify { .. })),
        );
        driven.now.elapsed += Duration::from_millis(100);
    }
    assert_eq!(rang, 2);
    assert_eq!(driven.app.room().reading.mentions(), 100);
}

#[test]
fn a_pasted_password_goes_where_it_is_asked_for() {
    let mut driven = Driven::live();
    driven.send("/password");
    for pasted in ["old secret", "new secret\n", "new secret"] {
        driven.tell(Event::Pasted(pasted.to_owned()));
        assert_eq!(driven.app.room().composer.text(), "");
        let effects = driven.act(Action::Submit);
        if pasted == "new secret" {
            assert_eq!(sent(&effects), ["changePassword"]);
        }
    }
}

#[test]
fn a_password_is_not_said_to_be_changed_where_nobody_is_told() {
    let mut driven = Driven::live();
    driven.send("/password");
    driven.type_in("old");
    driven.act(Action::Submit);
    driven.lose(0, LinkProblem::Silent);
    for _ in 0..2 {
        driven.type_in("new");
        assert_eq!(sent(&driven.act(Action::Submit)), [""; 0]);
    }
    assert!(
        driven
            .said()
            .contains("the password was not changed: not connected")
    );
}

#[test]
fn another_password_is_asked_for_three_times_and_kept_nowhere() {
    let mut driven = Driven::live();
    driven.send("/password");
    for typed in ["old", "new", "nwe"] {
        assert_eq!(sent(&driven.send(typed)), [""; 0]);
    }
    let change = driven.app.password_change.as_ref().unwrap();
    assert_eq!(change.label(), "New password: ");
    driven.send("new");
    let effects = driven.send("new");
    let frame = effects.iter().find_map(|effect| match effect {
        Effect::Send(RoomKey(0), event) => Some(event.to_frame()),
        _ => None,
    });
    let data = Value::Object(frame.unwrap().data);
    assert_eq!(data, json!({ "password": "old", "newPassword": "new" }));
    assert!(driven.app.password_change.is_none());
    driven.act(Action::Up);
    assert_eq!(driven.app.room().composer.text(), "/password");
    assert!(!format!("{:?}", driven.app).contains("new\""));
}

#[test]
fn a_mention_is_told_to_those_who_look_elsewhere() {
    let mut driven = Driven::new(&["a", "b"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    driven.go_live(1, false);
    let told = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Notify { title, text } => Some(format!("{title}: {text}")),
            _ => None,
        })
    };
    assert_eq!(told(&driven.message(0, 1, "bob", "alice?")), None);
    driven.tell(Event::Focus(false));
    assert_eq!(told(&driven.message(0, 2, "bob", "hello")), None);
    let effects = driven.message(1, 1, "bob", "alice\u{1b}[2J?");
    assert_eq!(
        told(&effects).as_deref(),
        Some("bob in b: alice\u{fffd}[2J?")
    );
    let title = effects.iter().find_map(|effect| match effect {
        Effect::Title(title) => Some(title.as_str()),
        _ => None,
    });
    assert_eq!(title, Some("(@1) a"));
}

#[test]
fn slow_mode_counts_down_and_what_is_written_waits() {
    let mut driven = Driven::live();
    driven.receive(0, "delMod", json!({}));
    let modes = json!({ "slowMode": 10, "membersOnly": false, "topic": "", "pinned": null });
    driven.receive(0, "room", modes);
    driven.send("one");
    let mut stored = posted(1, "alice", "one");
    stored["nonce"] = json!("n-1");
    driven.receive(0, "message", stored);
    assert_eq!(sent(&driven.send("two")), [""; 0]);
    let hint = driven.app.send_hint().map(|(_, words)| words);
    assert_eq!(hint.as_deref(), Some("slow 0:10, Enter queues"));
    assert_eq!(driven.counts(), (1, 0));
    assert_eq!(sent(&driven.wait(Duration::from_secs(9))), [""; 0]);
    let hint = driven.app.send_hint().map(|(_, words)| words);
    assert_eq!(hint.as_deref(), Some("slow 0:01, Enter queues"));
    assert_eq!(sent(&driven.wait(Duration::from_secs(1))), ["two n-2"]);
    assert_eq!(driven.app.send_hint(), None);
}
