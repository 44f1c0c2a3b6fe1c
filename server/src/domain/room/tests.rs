//! The room's rules as lists of inputs and the effects that must follow.

use chat_protocol::{
    AuditEntry, Capabilities, Content, DraftContent, HeldId, MemberChange, PostMessage,
    Presence as PresenceEvent, Rank, RoomChange,
};

use super::*;
use crate::domain::address::Address;
use crate::domain::entry::{AccountId, MessagePosted, StoredNonce};
use crate::domain::held::{Choice, Ruled};
use crate::domain::moderation::{BanScope, Height, Person};

const ANN: MemberId = MemberId(1);
const BOB: MemberId = MemberId(2);
const SENDERS_CAME_BACK: MemberId = MemberId(3);

fn author(name: &str) -> Author {
    Author {
        username: name.to_owned(),
        key: name.to_owned(),
        account: AccountId::named(name),
        display_name: name.to_owned(),
        rank: Rank::User,
    }
}

fn joining(id: MemberId, name: &str, wants_presence: bool) -> Input {
    Input::Join(Joining {
        id,
        author: author(name),
        created: 0,
        address: Address::UNKNOWN,
        capabilities: Capabilities {
            presence: wants_presence,
            ..Capabilities::default()
        },
    })
}

fn post(text: &str, nonce: Option<&str>) -> PostMessage {
    PostMessage {
        content: DraftContent::new(text).unwrap(),
        nonce: nonce.map(|text| Nonce::new(text).unwrap()),
        reply_to: None,
    }
}

/// What a member posts, and the seconds that it has to wait for its pace.
pub(super) type Posting = (MemberId, PostMessage, ReplyTarget, Option<u64>);

fn posting(id: MemberId, text: &str, nonce: Option<&str>) -> Posting {
    (id, post(text, nonce), ReplyTarget::None, None)
}

/// What follows from `input` where everybody may do all that the rules allow.
fn apply(room: &mut Room, input: Input, now: impl Into<Moment>) -> Vec<Effect> {
    apply_at_pace(room, input, None, now)
}

/// What follows from `input` where whoever has to wait for its pace has to wait so many seconds.
fn apply_at_pace(
    room: &mut Room,
    input: Input,
    wait: Option<u64>,
    now: impl Into<Moment>,
) -> Vec<Effect> {
    let now = now.into();
    let effects = room.apply(input, now).into_iter();
    let charged = |effect| match effect {
        Effect::Charge(id, allowed) => room.apply(Input::Charged(id, allowed, wait), now),
        effect => vec![effect],
    };
    effects.flat_map(charged).collect()
}

/// What a room can be given.
pub(super) trait Given {
    fn given(self, room: &mut Room, now: impl Into<Moment>) -> Vec<Effect>;
}

impl Given for Input {
    fn given(self, room: &mut Room, now: impl Into<Moment>) -> Vec<Effect> {
        apply(room, self, now)
    }
}

impl Given for Posting {
    fn given(self, room: &mut Room, now: impl Into<Moment>) -> Vec<Effect> {
        let (id, post, target, wait) = self;
        apply_at_pace(room, Input::Post(id, post, target, None), wait, now)
    }
}

/// A post that holds this pattern.
struct Blocked(Posting, crate::domain::filter::Pattern);

impl Given for Blocked {
    fn given(self, room: &mut Room, now: impl Into<Moment>) -> Vec<Effect> {
        let Blocked((id, post, target, wait), pattern) = self;
        apply_at_pace(
            room,
            Input::Post(id, post, target, Some(pattern)),
            wait,
            now,
        )
    }
}

fn give(room: &mut Room, given: impl Given, now: impl Into<Moment>) -> Vec<Effect> {
    given.given(room, now)
}

fn entry(name: &str, text: &str, nonce: Option<&str>, time: u64) -> NewEntry {
    let posted = MessagePosted {
        author: author(name),
        content: Content::from_stored(text.to_owned()),
        reply_to: None,
        nonce: nonce.map(|text| Nonce::new(text).unwrap()),
    };
    NewEntry {
        time,
        body: EntryBody::MessagePosted(posted),
    }
}

fn placed(new: NewEntry, seq: u64) -> Entry {
    Entry {
        seq: Seq(seq),
        time: new.time,
        body: new.body,
    }
}

fn room_with_ann_and_bob() -> Room {
    let mut room = Room::new(Start::default());
    apply(&mut room, joining(ANN, "ann", false), 0);
    apply(&mut room, joining(BOB, "bob", false), 0);
    room
}

#[track_caller]
fn check(room: &mut Room, input: impl Given, now: u64, expected: &[Effect]) {
    assert_eq!(give(room, input, now), expected);
}

#[track_caller]
fn check_refused(effects: &[Effect], to: MemberId, code: Code, nonce: Option<&str>) {
    let [Effect::Send(id, ServerEvent::Cerror(error))] = effects else {
        panic!("{effects:?}")
    };
    assert_eq!((*id, error.code), (to, code));
    assert_eq!(error.nonce.as_deref(), nonce);
    let event = error.event.as_deref();
    assert_eq!(event == Some("message"), nonce.is_some(), "{event:?}");
}

#[test]
fn a_message_is_stored_and_only_then_delivered() {
    let mut room = room_with_ann_and_bob();
    let new = entry("ann", "hi", None, 5);
    check(
        &mut room,
        posting(ANN, "hi", None),
        5,
        &[Effect::Store(ANN, new.clone())],
    );
    let stored = placed(new, 1);
    let input = Input::Stored(vec![(ANN, stored.clone())]);
    check(&mut room, input, 6, &[Effect::Deliver(vec![ANN], stored)]);
}

#[test]
fn what_was_not_stored_is_refused_to_its_sender_alone() {
    let mut room = room_with_ann_and_bob();
    give(&mut room, posting(ANN, "hi", Some("n")), 5);
    let lost = Input::NotStored(vec![(ANN, entry("ann", "hi", Some("n"), 5))]);
    check_refused(
        &apply(&mut room, lost, 6),
        ANN,
        Code::Unavailable,
        Some("n"),
    );
    // The same nonce may be tried again.
    let again = give(&mut room, posting(ANN, "hi", Some("n")), 7);
    assert!(matches!(again[..], [Effect::Store(ANN, _)]));
}

#[test]
fn who_is_not_in_the_room_posts_nothing() {
    let mut room = room_with_ann_and_bob();
    apply(&mut room, Input::Leave(ANN), 1);
    check(&mut room, posting(ANN, "hi", None), 2, &[]);
}

#[test]
fn an_unknown_reply_target_counts_before_the_length() {
    let mut room = room_with_ann_and_bob();
    let long = "x".repeat(501);
    let unknown = (ANN, post(&long, Some("n")), ReplyTarget::Unknown, Some(3));
    check_refused(&give(&mut room, unknown, 1), ANN, Code::NotFound, Some("n"));
    let known = (ANN, post(&long, Some("n")), ReplyTarget::Known, Some(3));
    check_refused(&give(&mut room, known, 1), ANN, Code::TooLong, Some("n"));
}

#[test]
fn a_retry_is_answered_with_the_original_for_five_minutes() {
    let mut room = room_with_ann_and_bob();
    let stored = placed(entry("ann", "hi", Some("n"), 0), 1);
    give(&mut room, posting(ANN, "hi", Some("n")), 0);
    apply(&mut room, Input::Stored(vec![(ANN, stored)]), 0);
    let retry = || posting(ANN, "hi", Some("n"));
    check(
        &mut room,
        retry(),
        nonces::MEMORY - 1,
        &[Effect::Repeat(ANN, Seq(1), Nonce::new("n").unwrap())],
    );
    let others = give(&mut room, posting(BOB, "hi", Some("n")), 1);
    assert!(
        matches!(others[..], [Effect::Store(BOB, _)]),
        "a nonce is its user's own"
    );
    let late = give(&mut room, retry(), nonces::MEMORY);
    assert!(matches!(late[..], [Effect::Store(ANN, _)]));
}

#[test]
fn a_retry_that_overtakes_the_store_waits_for_it() {
    let mut room = room_with_ann_and_bob();
    give(&mut room, posting(ANN, "hi", Some("n")), 0);
    apply(&mut room, Input::Leave(ANN), 0);
    apply(&mut room, joining(SENDERS_CAME_BACK, "ann", false), 0);
    check(
        &mut room,
        posting(SENDERS_CAME_BACK, "hi", Some("n")),
        0,
        &[],
    );
    let stored = placed(entry("ann", "hi", Some("n"), 0), 1);
    let senders = vec![SENDERS_CAME_BACK, ANN];
    let input = Input::Stored(vec![(ANN, stored.clone())]);
    check(&mut room, input, 0, &[Effect::Deliver(senders, stored)]);
}

#[test]
fn who_waits_for_a_very_slow_store_is_not_forgotten() {
    let mut room = room_with_ann_and_bob();
    apply(&mut room, joining(SENDERS_CAME_BACK, "ann", false), 0);
    give(&mut room, posting(ANN, "hi", Some("n")), 0);
    give(&mut room, posting(SENDERS_CAME_BACK, "hi", Some("n")), 0);
    give(&mut room, posting(BOB, "hi", Some("m")), nonces::MEMORY);
    let stored = placed(entry("ann", "hi", Some("n"), 0), 1);
    let senders = vec![SENDERS_CAME_BACK, ANN];
    let input = Input::Stored(vec![(ANN, stored.clone())]);
    let now = nonces::MEMORY;
    check(&mut room, input, now, &[Effect::Deliver(senders, stored)]);
}

#[test]
fn a_restarted_room_knows_the_nonces_of_its_log() {
    let nonce = StoredNonce {
        author: AccountId::named("ann"),
        nonce: Nonce::new("n").unwrap(),
        seq: Seq(9),
        time: 0,
    };
    let mut room = Room::new(Start {
        nonces: vec![(nonce, 0)],
        ..Start::default()
    });
    apply(&mut room, joining(ANN, "ann", false), 1);
    check(
        &mut room,
        posting(ANN, "hi", Some("n")),
        1,
        &[Effect::Repeat(ANN, Seq(9), Nonce::new("n").unwrap())],
    );
}

#[test]
fn who_counts_connections_and_lists_users() {
    let mut room = room_with_ann_and_bob();
    apply(&mut room, joining(MemberId(9), "ann", false), 0);
    let who = room.who();
    let names: Vec<&str> = who.members.iter().map(|m| m.username.as_str()).collect();
    assert_eq!(
        (who.count, names, who.truncated),
        (3, vec!["ann", "bob"], false)
    );
}

#[test]
fn who_lists_500_users_at_most() {
    let mut room = Room::new(Start::default());
    for number in 0..501 {
        apply(
            &mut room,
            joining(MemberId(number), &format!("user{number}"), false),
            0,
        );
    }
    let who = room.who();
    assert_eq!(
        (who.count, who.members.len(), who.truncated),
        (501, 500, true)
    );
}

#[test]
fn comings_and_goings_are_told_to_those_who_asked_and_were_there() {
    let mut room = Room::new(Start::default());
    check(&mut room, joining(ANN, "ann", true), 0, &[]);
    let change = |count| MemberChange {
        member: member(&author("bob")),
        count,
    };
    let came = Effect::Announce(vec![ANN], ServerEvent::Join(change(2)));
    check(&mut room, joining(BOB, "bob", false), 0, &[came]);
    let went = Effect::Announce(vec![ANN], ServerEvent::Leave(change(1)));
    check(&mut room, Input::Leave(BOB), 0, &[went]);
    check(&mut room, Input::Leave(BOB), 0, &[]);
}

#[test]
fn a_large_room_is_told_a_count_once_a_second() {
    let mut room = Room::new(Start::default());
    apply(&mut room, joining(ANN, "ann", true), 0);
    for number in 2..=98 {
        apply(&mut room, joining(MemberId(number), "x", false), 0);
    }
    let names = |effects: Vec<Effect>| match &effects[..] {
        [Effect::Announce(to, event)] => Some((to.clone(), event.name())),
        _ => None,
    };
    let ninety_ninth = apply(&mut room, joining(MemberId(99), "x", false), 0);
    assert_eq!(names(ninety_ninth), Some((vec![ANN], "join")));
    let count = |count| {
        let event = ServerEvent::Presence(PresenceEvent { count });
        Effect::Announce(vec![ANN], event)
    };
    check(
        &mut room,
        joining(MemberId(100), "x", false),
        10,
        &[count(100)],
    );
    check(
        &mut room,
        joining(MemberId(101), "x", false),
        20,
        &[Effect::WakeAt(1010)],
    );
    check(&mut room, joining(MemberId(102), "x", false), 30, &[]);
    check(&mut room, Input::Wake, 1010, &[count(102)]);
    check(&mut room, Input::Wake, 1011, &[]);
    check(
        &mut room,
        joining(MemberId(103), "x", false),
        2010,
        &[count(103)],
    );
    // A clock set back does not silence it.
    let set_back = Moment {
        time: 5,
        steady: 3010,
        settled: 5,
    };
    let effects = give(&mut room, joining(MemberId(104), "x", false), set_back);
    assert_eq!(effects, [count(104)]);
}

fn room_where(ranks: &[(&str, Rank)]) -> Room {
    let ranks = ranks
        .iter()
        .map(|(name, rank)| ((*name).to_owned(), (*rank).into()));
    Room::new(Start {
        standing: Standing {
            ranks: ranks.collect(),
            ..Standing::default()
        },
        membership: 900_000,
        ..Start::default()
    })
}

fn of_rank(name: &str, rank: Rank) -> Author {
    Author {
        rank,
        ..author(name)
    }
}

fn target(author: Author) -> Option<StoredMessage> {
    Some(StoredMessage {
        is_holders: true,
        seq: Seq(7),
        author,
    })
}

#[test]
fn authors_delete_their_own_and_moderators_what_lower_standing_wrote() {
    const RANKS: [Rank; 4] = [Rank::Administrator, Rank::Moderator, Rank::Vip, Rank::User];
    for (mine, theirs) in RANKS
        .into_iter()
        .flat_map(|mine| RANKS.map(|theirs| (mine, theirs)))
    {
        let mut room = room_where(&[("ann", mine), ("bob", theirs)]);
        let member = of_rank("ann", mine);
        apply(
            &mut room,
            Input::Join(Joining {
                id: ANN,
                author: member.clone(),
                created: 0,
                address: Address::UNKNOWN,
                capabilities: Capabilities::default(),
            }),
            0,
        );
        let own = Input::Delete(ANN, target(of_rank("ann", theirs)));
        let stored = |of: Option<&str>| {
            let deletion = MessageDeleted {
                target: Seq(7),
                of: of.map(str::to_owned),
                by: member.clone(),
            };
            let body = EntryBody::MessageDeleted(deletion);
            [Effect::Store(ANN, NewEntry { time: 1, body })]
        };
        check(&mut room, own, 1, &stored(None));
        let other = apply(
            &mut room,
            Input::Delete(ANN, target(of_rank("bob", theirs))),
            1,
        );
        let may = u8::from(mine) <= 1 && u8::from(mine) < u8::from(theirs);
        match may {
            true => assert_eq!(other, stored(Some("bob")), "{mine:?} {theirs:?}"),
            false => check_refused(&other, ANN, Code::Forbidden, None),
        }
        let unknown = apply(&mut room, Input::Delete(ANN, None), 1);
        check_refused(&unknown, ANN, Code::NotFound, None);
    }
}

#[test]
fn a_deletion_that_was_not_stored_is_refused() {
    let mut room = room_with_ann_and_bob();
    let effects = apply(&mut room, Input::Delete(ANN, target(author("ann"))), 1);
    let [Effect::Store(ANN, deletion)] = &effects[..] else {
        panic!("{effects:?}")
    };
    let lost = Input::NotStored(vec![(ANN, deletion.clone())]);
    check_refused(&apply(&mut room, lost, 2), ANN, Code::Unavailable, None);
    let stored = placed(deletion.clone(), 8);
    let input = Input::Stored(vec![(ANN, stored.clone())]);
    check(&mut room, input, 3, &[Effect::Deliver(vec![], stored)]);
}

fn person(name: &str) -> Person {
    Person {
        username: name.to_owned(),
        key: name.to_owned(),
        account: AccountId::named(name),
        is_removed: false,
    }
}

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
                assert!(
                    matches!(effects[..], [Effect::Judge(ANN, _) | Effect::Store(ANN, _)]),
                    "{order:?} {mine:?} {theirs:?}: {effects:?}"
                );
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
                matches!(effects[..], [Effect::Judge(..)])
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
            _ => assert!(
                matches!(effects[..], [Effect::Judge(ANN, _) | Effect::Store(ANN, _)]),
                "{order:?}: {effects:?}"
            ),
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
            matches!(effects[..], [Effect::Judge(..) | Effect::Store(..)])
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

/// What follows once the verdict that `order` leads to is stored.
fn judge(room: &mut Room, order: Order, now: impl Into<Moment>) -> Vec<Effect> {
    let now = now.into();
    let effects = apply(room, Input::Moderate(ANN, order, Some(person("bob"))), now);
    let [Effect::Judge(ANN, pending)] = &effects[..] else {
        panic!("{effects:?}")
    };
    apply(room, Input::Judged(ANN, pending.verdict.clone()), now)
}

fn moderated_room() -> Room {
    let mut room = room_where(&[("ann", Rank::Administrator)]);
    apply(&mut room, joining(ANN, "ann", false), 0);
    apply(&mut room, joining(BOB, "bob", false), 0);
    room
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

fn change_modes(room: &mut Room, change: RoomChange) {
    let effects = apply(room, Input::Change(ANN, change, ReplyTarget::None), 0);
    let [Effect::Store(ANN, new)] = &effects[..] else {
        panic!("{effects:?}")
    };
    let stored = Input::Stored(vec![(ANN, placed(new.clone(), 1))]);
    apply(room, stored, 0);
}

#[test]
fn slow_mode_makes_users_wait_and_nobody_else() {
    let mut room = moderated_room();
    let slow = RoomChange {
        slow_mode: Some(10),
        ..RoomChange::default()
    };
    change_modes(&mut room, slow);
    for (now, is_free) in [(0, true), (3_500, false), (9_999, false), (10_000, true)] {
        let effects = give(&mut room, posting(BOB, "hi", None), now);
        match &effects[..] {
            [Effect::Store(BOB, _)] => assert!(is_free, "{now}"),
            [Effect::Send(BOB, ServerEvent::Cerror(error))] => {
                let left = (10_000 - now).div_ceil(1_000);
                assert_eq!((error.code, error.retry_after), (Code::TooFast, Some(left)));
                assert!(!is_free, "{now}");
            }
            other => panic!("{other:?}"),
        }
        let other = give(&mut room, posting(ANN, "hi", None), now);
        assert!(matches!(other[..], [Effect::Store(ANN, _)]));
    }
}

#[test]
fn a_room_for_members_only_hears_old_accounts() {
    let mut room = moderated_room();
    let closed = RoomChange {
        members_only: Some(true),
        ..RoomChange::default()
    };
    change_modes(&mut room, closed);
    let young = give(&mut room, posting(BOB, "hi", Some("n")), 899_999);
    check_refused(&young, BOB, Code::Forbidden, Some("n"));
    let old = give(&mut room, posting(BOB, "hi", Some("n")), 900_000);
    assert!(matches!(old[..], [Effect::Store(BOB, _)]));
    let above = give(&mut room, posting(ANN, "hi", None), 0);
    assert!(matches!(above[..], [Effect::Store(ANN, _)]));
}

fn watching(id: MemberId, name: &str) -> Input {
    Input::Join(Joining {
        id,
        author: author(name),
        created: 0,
        address: Address::UNKNOWN,
        capabilities: Capabilities {
            moderation: true,
            ..Capabilities::default()
        },
    })
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
    assert_eq!(told_of(&judge(&mut room, Order::Unban, 0)), None);
}

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
    let change = |change| Input::Change(ANN, change, ReplyTarget::Known);
    let purge = Input::Moderate(ANN, Order::Purge, Some(person("bob")));
    for (number, (input, action, of, reason)) in [
        (change(pin), "setRoom", "", Some("pinned e-7")),
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
        let effects = apply(&mut room, Input::ListAudit(ANN), 0);
        match may {
            true => assert_eq!(effects, [Effect::OpenAudit(0)], "{rank:?}"),
            false => check_refused(&effects, ANN, Code::Forbidden, None),
        }
        assert_eq!(room.is_moderator(ANN), may, "{rank:?}");
        let nobodys = apply(&mut room, Input::ListAudit(BOB), 0);
        assert_eq!(nobodys, [], "nobody is no moderator");
        assert!(!room.is_moderator(BOB));
    }
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

/// A room with ann, its administrator, who watches, and bob.
fn holding_room() -> Room {
    let mut room = room_where(&[("ann", Rank::Administrator)]);
    apply(&mut room, watching(ANN, "ann"), 0);
    apply(&mut room, joining(BOB, "bob", false), 0);
    room
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

fn decide(room: &mut Room, number: usize, choice: Choice, now: u64) -> Vec<Effect> {
    let id = HeldId::new(number.to_string()).unwrap();
    apply(room, Input::Decide(ANN, id, choice), now)
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

mod set_clock;
