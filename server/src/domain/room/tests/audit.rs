//! Who is told what moderators do, and may read it.

use super::*;

/// What follows once what `input` leads to is in the log.
fn store(room: &mut Room, input: Input, now: u64) -> Vec<Effect> {
    let effects = apply(room, input, now);
    let [Effect::Store(id, new)] = &effects[..] else {
        panic!("{effects:?}")
    };
    apply(
        room,
        Input::Stored(vec![(*id, placed(new.clone(), 8))]),
        now,
    )
}

/// Who is told of a verdict as a moderator, and what.
fn told_of(effects: &[Effect]) -> Option<(&[MemberId], &AuditEntry)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Announce(ids, ServerEvent::Audit(audit)) => match &audit.entries[..] {
            [entry] if audit.live => Some((&ids[..], entry)),
            _ => panic!("{audit:?}"),
        },
        _ => None,
    })
}

#[test]
fn verdicts_are_told_to_those_who_asked_and_are_moderators_at_that_moment() {
    const CAROL: MemberId = MemberId(4);
    const ANN_AGAIN: MemberId = MemberId(5);
    let mut room = room_where(&[("ann", Rank::Administrator), ("carol", Rank::Moderator)]);
    apply(&mut room, joining(ANN, "ann", false), 0);
    apply(&mut room, watching(BOB, "bob"), 0);
    apply(&mut room, watching(CAROL, "carol"), 0);
    apply(&mut room, watching(ANN_AGAIN, "ann"), 0);
    let mute = Order::Mute(60, Some("calm".to_owned()));
    let entry = AuditEntry {
        id: None,
        time: 1_000,
        actor: "ann".to_owned(),
        action: "mute".to_owned(),
        target: "bob".to_owned(),
        until: Some(61_000),
        reason: Some("calm".to_owned()),
    };
    let effects = judge(&mut room, mute, 1_000);
    assert_eq!(told_of(&effects), Some((&[CAROL, ANN_AGAIN][..], &entry)));
    for (order, expected) in [
        (Order::Appoint, &[BOB, CAROL, ANN_AGAIN][..]),
        (Order::Unmute, &[BOB, CAROL, ANN_AGAIN]),
        (Order::Dismiss, &[CAROL, ANN_AGAIN]),
    ] {
        let effects = judge(&mut room, order, 0);
        assert_eq!(told_of(&effects).unwrap().0, expected);
    }
    apply(&mut room, Input::Leave(CAROL), 0);
    judge(&mut room, Order::Appoint, 0);
    // Who is thrown out is not told as a moderator any more.
    let effects = judge(&mut room, Order::Kick(None), 0);
    assert_eq!(told_of(&effects).unwrap().0, [ANN_AGAIN]);
    apply(&mut room, Input::Leave(ANN_AGAIN), 0);
    let ban = Order::Ban(None, None, BanScope::Account);
    assert_eq!(told_of(&judge(&mut room, ban, 0)), None);
}

#[test]
fn what_moderators_do_to_the_log_is_told_once_it_is_stored_and_what_others_do_is_not() {
    let mut room = room_where(&[("ann", Rank::Administrator)]);
    apply(&mut room, watching(ANN, "ann"), 0);
    apply(&mut room, joining(BOB, "bob", false), 0);
    let pin = RoomChange {
        pinned: Some(MessageId::new("e-7").ok()),
        ..RoomChange::default()
    };
    let all = RoomChange {
        slow_mode: Some(10),
        members_only: Some(false),
        topic: Some("Any%".to_owned()),
        pinned: Some(None),
    };
    let change = |change| Input::Change(ANN, change, Pinned::By("bob".to_owned()));
    let purge = Input::Moderate(ANN, Order::Purge, Some(person("bob")));
    for (number, (input, action, of, reason)) in [
        (change(pin), "setRoom", "", Some("pinned a message by bob")),
        (
            change(all),
            "setRoom",
            "",
            Some("slow mode 10 s, members only off, nothing pinned, topic Any%"),
        ),
        (
            Input::Delete(ANN, target(author("bob"))),
            "deleteMessage",
            "bob",
            None,
        ),
        (purge, "purge", "bob", None),
        (Input::Clear(ANN), "clear", "", None),
    ]
    .into_iter()
    .enumerate()
    {
        let effects = store(&mut room, input, 5);
        let entry = AuditEntry {
            id: None,
            time: 5,
            actor: "ann".to_owned(),
            action: action.to_owned(),
            target: of.to_owned(),
            until: None,
            reason: reason.map(str::to_owned),
        };
        assert_eq!(told_of(&effects), Some((&[ANN][..], &entry)));
        assert!(matches!(
            effects[0],
            Effect::Deliver(..) | Effect::Announce(..)
        ));
        assert_eq!(room.audit_version(), number as u64 + 1);
    }
    for input in [
        Input::Delete(BOB, target(author("bob"))),
        Input::Delete(ANN, target(author("ann"))),
        Input::Unpin(author("ann")),
    ] {
        assert_eq!(told_of(&store(&mut room, input, 5)), None);
    }
    assert_eq!(room.audit_version(), 5);
}

#[test]
fn operators_verdicts_are_told_like_those_of_members() {
    let mut room = room_where(&[("ann", Rank::Moderator)]);
    apply(&mut room, watching(ANN, "ann"), 0);
    let verdict = operated(
        &Order::Ban(None, None, BanScope::Account),
        person("bob"),
        7.into(),
    )
    .unwrap();
    let effects = apply(&mut room, Input::Judged(NOBODY, verdict), 7);
    let (ids, entry) = told_of(&effects).unwrap();
    assert_eq!((ids, entry.actor.as_str()), (&[ANN][..], "server operator"));
    assert_eq!((entry.until, &entry.reason), (None, &None));
}

#[test]
fn moderators_and_nobody_else_may_read_what_was_done() {
    for (rank, may) in [
        (Rank::Administrator, true),
        (Rank::Moderator, true),
        (Rank::Vip, false),
        (Rank::User, false),
    ] {
        let mut room = room_where(&[("ann", rank)]);
        apply(&mut room, joining(ANN, "ann", false), 0);
        for look in [
            Look::Audit,
            Look::Sanctions,
            Look::User(Some(person("bob"))),
        ] {
            let effects = apply(&mut room, Input::Look(ANN, look), 0);
            match may {
                true => assert!(matches!(effects[..], [Effect::Open(_)]), "{rank:?}"),
                false => check_refused(&effects, ANN, Code::Forbidden, None),
            }
        }
        // Who may not ask is not told who there is.
        let effects = apply(&mut room, Input::Look(ANN, Look::User(None)), 0);
        match may {
            true => check_refused(&effects, ANN, Code::NotFound, None),
            false => check_refused(&effects, ANN, Code::Forbidden, None),
        }
        assert_eq!(room.is_moderator(ANN), may, "{rank:?}");
        let nobodys = apply(&mut room, Input::Look(BOB, Look::Audit), 0);
        assert_eq!(nobodys, [], "nobody is no moderator");
        assert!(!room.is_moderator(BOB));
    }
}

#[test]
fn lines_are_told_with_the_numbers_that_they_were_written_under() {
    let mut room = room_where(&[("ann", Rank::Administrator)]);
    apply(&mut room, watching(ANN, "ann"), 0);
    let line = |effects: &[Effect]| told_of(effects).unwrap().1.id.clone();
    apply(&mut room, Input::Noted(vec![LineId(7), LineId(9)]), 1);
    // What has no line takes no number.
    assert_eq!(
        told_of(&store(
            &mut room,
            Input::Delete(ANN, target(author("ann"))),
            1
        )),
        None
    );
    let purge = Input::Moderate(ANN, Order::Purge, Some(person("bob")));
    assert_eq!(line(&store(&mut room, purge, 1)), Some(LineId(7).shown()));
    let clear = Input::Clear(ANN);
    assert_eq!(line(&store(&mut room, clear, 1)), Some(LineId(9).shown()));
}

#[test]
fn taking_away_what_nobody_has_is_done_and_changes_nothing() {
    let mut room = room_where(&[("ann", Rank::Administrator)]);
    apply(&mut room, watching(ANN, "ann"), 0);
    apply(&mut room, joining(BOB, "bob", false), 0);
    for (order, name, done) in [
        (Order::Unban, "unban", "bob is no longer banned"),
        (Order::Unmute, "unmute", "bob is no longer muted"),
        (
            Order::Dismiss,
            "delMod",
            "bob is an ordinary user of this room now",
        ),
    ] {
        let input = Input::Moderate(ANN, order, Some(person("bob")));
        let effects = apply(&mut room, input, 1);
        let [Effect::Send(ANN, event)] = &effects[..] else {
            panic!("{effects:?}")
        };
        assert_eq!(event.name(), name);
        let (ServerEvent::Unban(told) | ServerEvent::Unmute(told) | ServerEvent::DelMod(told)) =
            event
        else {
            panic!("{event:?}")
        };
        assert_eq!(told.reason.as_deref(), Some(done));
    }
    assert_eq!(room.audit_version(), 0);
}
