//! Who may act on whom, and what verdicts do.

use super::*;

const ORDERS: [Order; 9] = [
    Order::Kick(None),
    Order::Mute(60, None),
    Order::Unmute,
    Order::Ban(None, None, BanScope::Account),
    Order::Unban,
    Order::Appoint,
    Order::Honour,
    Order::Dismiss,
    Order::Purge,
];

#[test]
fn moderators_act_on_those_who_stand_lower_and_administrators_appoint() {
    const RANKS: [Rank; 4] = [Rank::Administrator, Rank::Moderator, Rank::Vip, Rank::User];
    for order in ORDERS {
        for (mine, theirs) in RANKS
            .into_iter()
            .flat_map(|mine| RANKS.map(|theirs| (mine, theirs)))
        {
            let mut room = room_where(&[("ann", mine), ("bob", theirs)]);
            apply(&mut room, joining(ANN, "ann", false), 0);
            apply(&mut room, joining(BOB, "bob", false), 0);
            let ask = |room: &mut Room, target| {
                apply(room, Input::Moderate(ANN, order.clone(), target), 1)
            };
            let needs = match order {
                Order::Appoint | Order::Honour | Order::Dismiss => 0,
                _ => 1,
            };
            let has_rights = u8::from(mine) <= needs;
            let effects = ask(&mut room, Some(person("bob")));
            if has_rights && u8::from(mine) < u8::from(theirs) {
                let is_done = is_carried_out(&effects);
                assert!(is_done, "{order:?} {mine:?} {theirs:?}: {effects:?}");
            } else {
                check_refused(&effects, ANN, Code::Forbidden, None);
            }
            // Without rights it is not even told who exists; nobody acts on themselves.
            let unknown = match has_rights {
                true => Code::NotFound,
                false => Code::Forbidden,
            };
            check_refused(&ask(&mut room, None), ANN, unknown, None);
            let own = ask(&mut room, Some(person("ann")));
            check_refused(&own, ANN, Code::Forbidden, None);
        }
    }
}

#[test]
fn a_verdict_is_changed_by_none_who_stand_lower_than_its_author_did() {
    let heights = [Height::Server, Height::Administrator, Height::Moderator];
    let orders = [
        (Order::Ban(None, None, BanScope::Account), true),
        (Order::Ban(Some(1), None, BanScope::Account), true),
        (Order::Unban, true),
        (Order::Mute(1, None), false),
        (Order::Unmute, false),
    ];
    for (author, by) in heights
        .into_iter()
        .flat_map(|author| heights.map(|by| (author, by)))
    {
        let mut room = room_where(&[(
            "ann",
            match by {
                Height::Moderator => Rank::Moderator,
                _ => Rank::Administrator,
            },
        )]);
        if by == Height::Server {
            apply(&mut room, Input::Administer("ann".to_owned(), true), 0);
        }
        apply(&mut room, joining(ANN, "ann", false), 0);
        for (order, is_ban) in &orders {
            let ask = |room: &mut Room, now| {
                let input = Input::Moderate(ANN, order.clone(), Some(person("bob")));
                let effects = apply(room, input, now);
                is_carried_out(&effects)
            };
            let sanction = Sanction {
                height: author,
                ..Sanction::for_seconds(Some(1), None, 0.into())
            };
            let (bans, mutes) = (&mut room.standing.bans, &mut room.standing.mutes);
            let (its_own, other) = match is_ban {
                true => (bans, mutes),
                false => (mutes, bans),
            };
            its_own.remove("bob");
            other.insert("bob".to_owned(), sanction.clone());
            // A ban is not in the way of a mute, nor a mute in that of a ban.
            assert!(ask(&mut room, 999), "{order:?} {author:?} {by:?}");
            let its_own = match is_ban {
                true => &mut room.standing.bans,
                false => &mut room.standing.mutes,
            };
            its_own.insert("bob".to_owned(), sanction);
            let is_allowed = ask(&mut room, 999);
            assert_eq!(is_allowed, by <= author, "{order:?} {author:?} {by:?}");
            // What is over is in nobody's way.
            assert!(ask(&mut room, 1_000), "{order:?} {author:?} {by:?}");
        }
    }
}

#[test]
fn who_was_removed_is_banned_and_purged_by_name_and_gets_no_rank() {
    let removed = Person {
        is_removed: true,
        ..person("bob")
    };
    for order in ORDERS {
        let mut room = room_where(&[("ann", Rank::Administrator)]);
        apply(&mut room, joining(ANN, "ann", false), 0);
        let input = Input::Moderate(ANN, order.clone(), Some(removed.clone()));
        let effects = apply(&mut room, input, 1);
        match order {
            Order::Kick(_) | Order::Appoint | Order::Honour | Order::Dismiss => {
                check_refused(&effects, ANN, Code::NotFound, None);
            }
            _ => assert!(is_carried_out(&effects), "{order:?}: {effects:?}"),
        }
    }
}

#[test]
fn the_rank_of_who_has_a_name_now_protects_nothing_of_who_had_it() {
    let mut room = room_where(&[("ann", Rank::Moderator), ("bob", Rank::Administrator)]);
    apply(&mut room, joining(ANN, "ann", false), 0);
    let message = target(author("bob")).unwrap();
    let refused = apply(&mut room, Input::Delete(ANN, Some(message.clone())), 1);
    check_refused(&refused, ANN, Code::Forbidden, None);
    let of_before = StoredMessage {
        is_holders: false,
        ..message
    };
    let effects = apply(&mut room, Input::Delete(ANN, Some(of_before)), 1);
    assert!(
        matches!(effects[..], [Effect::Store(ANN, _)]),
        "{effects:?}"
    );
}

#[test]
fn what_an_operator_orders_in_vain_is_named() {
    let mut standing = Standing::default();
    standing.admins.insert("dora".to_owned());
    let ban = Sanction::for_seconds(Some(1), None, 0.into());
    standing.keep_out("bob".to_owned(), ban);
    standing.found("ann");
    let slip =
        |order: Order, name: &str, now: u64| slip(&standing, &order, &person(name), now.into());
    for (order, name, now, word) in [
        (
            Order::Ban(None, None, BanScope::Account),
            "dora",
            0,
            "can't be banned",
        ),
        (
            Order::Ban(None, None, BanScope::AccountAndAddresses),
            "dora",
            0,
            "revoke",
        ),
        (Order::Unban, "eve", 0, "not banned"),
        (Order::Unban, "bob", 1_000, "not banned"),
        (Order::Dismiss, "bob", 0, "no rank in this room"),
        (Order::Dismiss, "dora", 0, "revoke"),
    ] {
        let said = slip(order.clone(), name, now).unwrap_or_default();
        assert!(said.contains(word), "{order:?} {name}: {said}");
    }
    for (order, name) in [
        (Order::Ban(None, None, BanScope::Account), "ann"),
        (Order::Unban, "bob"),
        (Order::Dismiss, "ann"),
        (Order::Appoint, "eve"),
    ] {
        assert_eq!(slip(order.clone(), name, 0), None, "{order:?} {name}");
    }
}

#[test]
fn server_administrators_stand_above_a_rooms_own() {
    let grant = |name: &str, is_admin| Input::Administer(name.to_owned(), is_admin);
    for order in ORDERS {
        let mut room = room_where(&[("ann", Rank::User), ("bob", Rank::Administrator)]);
        apply(&mut room, joining(ANN, "ann", false), 0);
        apply(&mut room, joining(BOB, "bob", false), 0);
        let ask = |room: &mut Room, by, name| {
            let effects = apply(
                room,
                Input::Moderate(by, order.clone(), Some(person(name))),
                1,
            );
            is_carried_out(&effects)
        };
        assert!(ask(&mut room, BOB, "ann"), "{order:?}");
        apply(&mut room, grant("ann", true), 1);
        assert_eq!(room.who().members[0].rank, Rank::Administrator);
        assert!(ask(&mut room, ANN, "bob"), "{order:?}");
        assert!(!ask(&mut room, BOB, "ann"), "{order:?}");
        apply(&mut room, grant("bob", true), 1);
        assert!(
            !ask(&mut room, ANN, "bob"),
            "{order:?}: nobody acts on equals"
        );
        apply(&mut room, grant("ann", false), 1);
        assert!(!ask(&mut room, ANN, "bob"), "{order:?}");
    }
}

#[test]
fn neither_ban_nor_mute_holds_for_a_server_administrator() {
    let mut room = moderated_room();
    judge(&mut room, Order::Mute(60, None), 1);
    judge(&mut room, Order::Ban(None, None, BanScope::Account), 1);
    assert!(room.ban("bob", 2).is_some());
    apply(&mut room, Input::Administer("bob".to_owned(), true), 2);
    assert!(room.ban("bob", 2).is_none());
    apply(&mut room, joining(BOB, "bob", false), 2);
    let post = give(&mut room, posting(BOB, "hi", None), 2);
    assert!(matches!(post[..], [Effect::Store(BOB, _)]));
    apply(&mut room, Input::Administer("bob".to_owned(), false), 3);
    assert!(room.ban("bob", 3).is_some());
}

#[test]
fn only_a_moderator_who_becomes_a_vip_is_told() {
    let mut room = moderated_room();
    let told = |effects: Vec<Effect>| {
        let mut announced = effects.into_iter().filter_map(|effect| match effect {
            Effect::Announce(to, event) => Some((to, event.name())),
            _ => None,
        });
        announced.next()
    };
    assert_eq!(told(judge(&mut room, Order::Honour, 1)), None);
    let appointed = told(judge(&mut room, Order::Appoint, 1));
    assert_eq!(appointed, Some((vec![BOB], "setMod")));
    let dismissed = told(judge(&mut room, Order::Honour, 1));
    assert_eq!(dismissed, Some((vec![BOB], "delMod")));
    assert_eq!(room.rank("bob"), Rank::Vip);
}

#[test]
fn who_is_muted_is_told_for_how_long_until_it_ends() {
    let mut room = moderated_room();
    judge(&mut room, Order::Mute(60, Some("calm".to_owned())), 1_000);
    let effects = give(&mut room, posting(BOB, "hi", Some("n")), 31_500);
    let [Effect::Send(BOB, ServerEvent::Mute(notice))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(notice.duration, Some(30));
    assert_eq!(notice.nonce.as_deref(), Some("n"));
    let late = give(&mut room, posting(BOB, "hi", Some("n")), 61_000);
    assert!(matches!(late[..], [Effect::Store(BOB, _)]));
    judge(&mut room, Order::Mute(60, None), 62_000);
    judge(&mut room, Order::Unmute, 62_000);
    let free = give(&mut room, posting(BOB, "on", None), 62_000);
    assert!(matches!(free[..], [Effect::Store(BOB, _)]));
}

#[test]
fn who_is_banned_is_out_at_once_and_kept_out() {
    let mut room = moderated_room();
    let effects = judge(
        &mut room,
        Order::Ban(Some(60), None, BanScope::Account),
        1_000,
    );
    let [
        Effect::Expel(ids, ServerEvent::Ban(_), CloseCode::Banned),
        Effect::Send(ANN, _),
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(ids, &[BOB]);
    check(&mut room, posting(BOB, "still here?", None), 1_000, &[]);
    assert!(room.ban("bob", 60_999).is_some());
    assert!(room.ban("bob", 61_000).is_none());
}

#[test]
fn a_moderator_is_one_from_the_next_message_on() {
    let mut room = moderated_room();
    judge(&mut room, Order::Appoint, 0);
    let effects = give(&mut room, posting(BOB, "hi", None), 0);
    let [Effect::Store(BOB, new)] = &effects[..] else {
        panic!("{effects:?}")
    };
    let EntryBody::MessagePosted(posted) = &new.body else {
        panic!("{new:?}")
    };
    assert_eq!(posted.author.rank, Rank::Moderator);
    judge(&mut room, Order::Dismiss, 0);
    assert_eq!(room.rank("bob"), Rank::User);
}
