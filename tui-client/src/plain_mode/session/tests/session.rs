//! What concerns the user's own session: rooms that are opened and left, people who are hidden, deeds that
//! are taken back, the password and the login.

use super::*;

fn interactive(rooms: &[&str], token: Option<&str>) -> Rig {
    Rig::with(Settings {
        password: token.is_none().then(|| Secret::new("secret")),
        token: token.map(Secret::new),
        is_interactive: true,
        ..settings(rooms)
    })
}

fn signed_out() -> LinkEvent {
    LinkEvent::Ended {
        code: chat_protocol::CloseCode::SignedOut,
        reason: String::new(),
    }
}

fn done(rig: &mut Rig, event: &str) -> Vec<String> {
    rig.receive(0, event, json!({ "message": "Success", "reason": "done" }))
}

#[test]
fn a_room_is_opened_and_left_and_opened_again() {
    let mut rig = Rig::live();
    let lines = rig.line("/join speedrun");
    assert_eq!(lines, ["- you type in speedrun now", "connect 1"]);
    rig.enter(1, 3, false);
    rig.history(1, &[], json!({}));
    says(&rig.line("hi"), "send 1 ");
    let lines = rig.line("/leave");
    assert_eq!(lines[0], "end 1");
    says(&lines, "was not sent: you left the room");
    says(&lines, "you have left speedrun");
    says(&lines, "you type in stream now");
    assert_eq!(rig.line("/room"), ["- stream: connected, you type here"]);
    says(
        &rig.line("/room speedrun"),
        "there is no room speedrun here",
    );
    says(&rig.line("/leave"), "this is the only room");
    assert_eq!(rig.line("/reconnect"), ["- already connected"]);
    says(&rig.line("/join speedrun"), "connect 1");
    says(&rig.line("/join"), "/join ROOM");
    for number in 0..60 {
        rig.line(&format!("/join r{number}"));
    }
    says(&rig.line("/join more"), "that is the most");
}

#[test]
fn who_is_ignored_is_not_said_until_that_is_taken_back() {
    let mut rig = Rig::live();
    rig.hear("malory", "one");
    says(
        &rig.line("/ignore 1"),
        "you no longer see what malory writes",
    );
    assert_eq!(rig.hear("Malory", "@alice two"), [""; 0]);
    assert_eq!(rig.hear("bob", "three"), ["3 bob: three"]);
    assert_eq!(rig.line("/ignored"), ["- ignored: malory"]);
    assert_eq!(rig.session.ignored(), ["malory"]);
    says(&rig.line("/ignore alice"), "you can't ignore yourself");
    says(&rig.line("/unignore malory"), "you see again");
    assert_eq!(rig.hear("malory", "four"), ["4 malory: four"]);
    let mut kept = Rig::with(Settings {
        ignored: vec!["malory".to_owned()],
        ..settings(&["stream"])
    });
    kept.update(Event::Started);
    kept.enter(0, 3, false);
    let one = kept.message("malory", "one");
    assert_eq!(kept.history(0, &[entry(&one)], json!({})).len(), 1);
}

#[test]
fn the_last_deed_is_taken_back_and_then_the_one_before() {
    let mut rig = Rig::live_as(1);
    rig.receive(
        0,
        "room",
        json!({ "slowMode": 5, "membersOnly": false, "topic": "", "pinned": null }),
    );
    says(&rig.line("/undo"), "there is nothing to take back");
    rig.line("/mute malory 10m");
    done(&mut rig, "mute");
    rig.line("/slow 60");
    let modes = |seconds: u64, seq: u64| json!({ "slowMode": seconds, "membersOnly": false, "topic": "", "pinned": null, "seq": seq });
    rig.receive(0, "room", modes(60, 7));
    rig.line("/kick malory");
    done(&mut rig, "kick");
    let lines = rig.line("/undo");
    assert_eq!(lines[0], "- taking back /slow");
    says(&lines, r#""slowMode":5"#);
    rig.receive(0, "room", modes(5, 8));
    let lines = rig.line("/undo");
    assert_eq!(lines[0], "- taking back /mute");
    says(&lines, r#""event":"unmute""#);
    done(&mut rig, "unmute");
    says(&rig.line("/undo"), "there is nothing to take back");
}

#[test]
fn several_deeds_are_taken_back_before_the_first_answer_comes() {
    let mut rig = Rig::live_as(1);
    for name in ["malory", "bob"] {
        rig.line(&format!("/ban {name}"));
        done(&mut rig, "ban");
    }
    rig.line("/undo");
    rig.line("/undo");
    says(&rig.line("/undo"), "there is nothing to take back");
    done(&mut rig, "unban");
    done(&mut rig, "unban");
    says(&rig.line("/undo"), "there is nothing to take back");
}

#[test]
fn what_could_not_be_taken_back_can_be_once_more() {
    let mut rig = Rig::live_as(1);
    rig.line("/ban malory");
    done(&mut rig, "ban");
    rig.line("/undo");
    let refusal = json!({ "Code": 403, "message": "You don't have rights", "event": "unban" });
    says(&rig.receive(0, "cerror", refusal), "was refused");
    let lines = rig.line("/undo");
    assert_eq!(lines[0], "- taking back /ban");
    done(&mut rig, "unban");
    says(&rig.line("/undo"), "there is nothing to take back");
}

#[test]
fn a_password_is_changed_by_three_hidden_lines_and_all_rooms_come_back() {
    let mut rig = interactive(&["stream", "other"], None);
    rig.update(Event::Started);
    for room in 0..2 {
        rig.enter(room, 3, false);
        rig.history(room, &[], json!({}));
    }
    let typed = |text: &str| Event::Password(Secret::new(text));
    assert_eq!(rig.line("/password").last().unwrap(), "ask");
    rig.update(typed("secret"));
    rig.update(typed("new one"));
    says(&rig.update(typed("new two")), "they differ");
    rig.update(typed("new one"));
    says(&rig.update(typed("new one")), r#""newPassword":"new one""#);
    // The other room hears of it first.
    assert_eq!(rig.link(1, signed_out()), [""; 0]);
    let changed = json!({ "token": "t", "tokenExpires": 9 });
    let lines = rig.receive(0, "changePassword", changed);
    says(&lines, "the password is changed");
    assert_eq!(lines.last().unwrap(), "connect 1");
    // One that is refused is told, and an empty line ends the questions.
    rig.enter(1, 3, true);
    rig.line("/password");
    for text in ["wrong", "b", "b"] {
        rig.update(typed(text));
    }
    let refusal = json!({ "Code": 401, "message": "wrong password", "event": "changePassword" });
    says(
        &rig.receive(0, "cerror", refusal),
        "the password was not changed: wrong password",
    );
    rig.line("/password");
    says(&rig.update(typed("")), "the password stays as it is");
    says(&Rig::live().line("/password"), "/password needs a terminal");
}

#[test]
fn a_login_of_an_earlier_run_goes_before_the_password() {
    let mut rig = interactive(&["stream", "other"], Some("kept"));
    assert_eq!(rig.update(Event::Started), ["connect 0", "connect 1"]);
    rig.link(0, LinkEvent::TokenEnded(Secret::new("kept")));
    let lines = rig.link(0, LinkEvent::TokenRefused);
    assert_eq!(lines.last().unwrap(), "ask");
    // Without anybody to ask, that is the end.
    let mut script = Rig::with(Settings {
        password: None,
        token: Some(Secret::new("kept")),
        ..settings(&["stream"])
    });
    assert_eq!(script.update(Event::Started), ["connect 0"]);
    script.link(0, LinkEvent::TokenEnded(Secret::new("kept")));
    script.link(0, LinkEvent::TokenRefused);
    let outcome = script.session.outcome();
    assert_eq!(outcome.exit, Exit::Refused);
    assert!(
        outcome
            .words
            .unwrap()
            .contains("the login that was kept is over")
    );
}
