//! What is blocked, and what waits for a moderator.

use super::*;

fn decide(room: &mut Room, number: usize, choice: Choice, now: u64) -> Vec<Effect> {
    let id = HeldId::new(number.to_string()).unwrap();
    apply(room, Input::Decide(ANN, id, choice), now)
}

/// Holds a message of bob's under the id that `number` makes.
fn hold(room: &mut Room, number: usize, now: u64) -> Vec<Effect> {
    let pattern = crate::domain::filter::Pattern {
        text: "link".to_owned(),
        kind: crate::domain::filter::Kind::Word,
        action: crate::domain::filter::Action::Hold,
        reason: None,
        flaw: None,
    };
    let effects = give(room, Blocked(posting(BOB, "a link", None), pattern), now);
    let [Effect::Hold(BOB, waiting)] = &effects[..] else {
        return effects;
    };
    let held = HeldMessage {
        id: HeldId::new(number.to_string()).unwrap(),
        waiting: *waiting.clone(),
    };
    apply(room, Input::Held(BOB, held), now)
}

/// A room with ann, its administrator, who watches, and bob.
fn holding_room() -> Room {
    let mut room = room_where(&[("ann", Rank::Administrator)]);
    apply(&mut room, watching(ANN, "ann"), 0);
    apply(&mut room, joining(BOB, "bob", false), 0);
    room
}

#[test]
fn what_is_blocked_is_refused_below_moderators_and_too_long_is_too_long() {
    let pattern = crate::domain::filter::Pattern {
        text: "bad".to_owned(),
        kind: crate::domain::filter::Kind::Word,
        action: crate::domain::filter::Action::Refuse,
        reason: None,
        flaw: None,
    };
    for (rank, is_refused) in [
        (Rank::Administrator, false),
        (Rank::Moderator, false),
        (Rank::Vip, true),
        (Rank::User, true),
    ] {
        let mut room = room_where(&[("ann", rank)]);
        apply(&mut room, joining(ANN, "ann", false), 1_000_000);
        let blocked = |post| Blocked(post, pattern.clone());
        let post = blocked(posting(ANN, "bad", Some("n")));
        let effects = give(&mut room, post, 1_000_000);
        match is_refused {
            true => check_refused(&effects, ANN, Code::Forbidden, Some("n")),
            false => assert!(matches!(effects[..], [Effect::Store(..)]), "{rank:?}"),
        }
        let long = "bad ".repeat(200);
        let effects = give(
            &mut room,
            blocked(posting(ANN, &long, Some("m"))),
            1_000_000,
        );
        check_refused(&effects, ANN, Code::TooLong, Some("m"));
    }
}

#[test]
fn what_waits_is_told_to_its_sender_and_to_those_who_may_decide() {
    let mut room = holding_room();
    let effects = hold(&mut room, 1, 5);
    let [
        Effect::Send(BOB, _),
        Effect::Announce(ids, ServerEvent::Held(held)),
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(
        (&ids[..], held.live, held.entries.len()),
        (&[ANN][..], true, 1)
    );
    let effects = decide(&mut room, 1, Choice::Allow, 9);
    let [Effect::Rule(ANN, ruling)] = &effects[..] else {
        panic!("{effects:?}")
    };
    let new = ruling.entry.clone().unwrap();
    assert_eq!(new, entry("bob", "a link", None, 9));
    let lost = Input::NotRuled(ANN, Choice::Allow);
    check_refused(&apply(&mut room, lost, 9), ANN, Code::Unavailable, None);
    let ruled = Ruled::Done(Some(Box::new(placed(new, 1))));
    let effects = apply(&mut room, Input::Ruled(ANN, ruling.clone(), ruled), 9);
    assert!(matches!(&effects[0], Effect::Deliver(ids, _) if ids[..] == [BOB]));
    let again = decide(&mut room, 1, Choice::Deny(None), 9);
    check_refused(&again, ANN, Code::NotFound, None);
}

#[test]
fn nobody_decides_after_a_day_and_only_so_many_wait() {
    let mut room = holding_room();
    for number in 0..crate::domain::held::PER_USER {
        assert_eq!(hold(&mut room, number, number as u64).len(), 2);
    }
    let over = hold(&mut room, 99, 10);
    assert!(
        matches!(&over[..], [Effect::Send(BOB, ServerEvent::Cerror(_))]),
        "{over:?}"
    );
    let day = crate::domain::held::PATIENCE;
    let late = decide(&mut room, 0, Choice::Allow, day);
    check_refused(&late, ANN, Code::NotFound, None);
    let in_time = decide(&mut room, 1, Choice::Allow, day);
    assert!(matches!(in_time[..], [Effect::Rule(ANN, _)]));
    assert_eq!(hold(&mut room, 99, day).len(), 2, "one has made room");
    apply(&mut room, Input::Forget("bob".to_owned()), day);
    let gone = decide(&mut room, 2, Choice::Allow, day);
    check_refused(&gone, ANN, Code::NotFound, None);
}

#[test]
fn pace_and_slow_mode_count_before_a_message_waits() {
    let mut room = holding_room();
    let slow = RoomChange {
        slow_mode: Some(10),
        ..RoomChange::default()
    };
    change_modes(&mut room, slow);
    let too_fast = (BOB, post("a link", None), ReplyTarget::None, Some(3));
    let refused = |effects: &[Effect]| match effects {
        // Whoever is too fast for its pace is looked at for flooding; for slow mode, nobody is.
        [Effect::Send(BOB, ServerEvent::Cerror(error))] => error.code,
        [
            Effect::Send(BOB, ServerEvent::Cerror(error)),
            Effect::CheckFlooding(BOB),
        ] => error.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&give(&mut room, too_fast, 0)), Code::TooFast);
    assert_eq!(hold(&mut room, 1, 0).len(), 2);
    assert_eq!(refused(&hold(&mut room, 2, 9_999)), Code::TooFast);
    assert_eq!(hold(&mut room, 2, 10_000).len(), 2);
}
