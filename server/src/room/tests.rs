//! The room's rules as lists of inputs and the effects that must follow.

use chat_protocol::{Content, MemberChange, Presence as PresenceEvent, Rank};

use super::*;

const ANN: MemberId = MemberId(1);
const BOB: MemberId = MemberId(2);
const SENDERS_CAME_BACK: MemberId = MemberId(3);

fn author(name: &str) -> Author {
    Author {
        username: name.to_owned(),
        key: name.to_owned(),
        display_name: name.to_owned(),
        rank: Rank::User,
    }
}

fn joining(id: MemberId, name: &str, wants_presence: bool) -> Input {
    Input::Join(Joining {
        id,
        author: author(name),
        wants_presence,
    })
}

fn post(text: &str, nonce: Option<&str>) -> PostMessage {
    PostMessage {
        content: DraftContent::new(text).unwrap(),
        nonce: nonce.map(|text| Nonce::new(text).unwrap()),
        reply_to: None,
    }
}

fn posting(id: MemberId, text: &str, nonce: Option<&str>) -> Input {
    Input::Post(id, post(text, nonce), ReplyTarget::None, None)
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
    let mut room = Room::new(Vec::new());
    room.apply(joining(ANN, "ann", false), 0);
    room.apply(joining(BOB, "bob", false), 0);
    room
}

#[track_caller]
fn check(room: &mut Room, input: Input, now: u64, expected: &[Effect]) {
    assert_eq!(room.apply(input, now), expected);
}

#[track_caller]
fn check_refused(effects: &[Effect], to: MemberId, code: Code, nonce: Option<&str>) {
    let [Effect::Send(id, ServerEvent::Cerror(error))] = effects else {
        panic!("{effects:?}")
    };
    assert_eq!((*id, error.code), (to, code));
    assert_eq!(error.nonce.as_deref(), nonce);
    let event = match nonce {
        Some(_) => "message",
        None => "deleteMessage",
    };
    assert_eq!(error.event.as_deref(), Some(event));
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
    room.apply(posting(ANN, "hi", Some("n")), 5);
    let lost = Input::NotStored(vec![(ANN, entry("ann", "hi", Some("n"), 5))]);
    check_refused(&room.apply(lost, 6), ANN, Code::Unavailable, Some("n"));
    // The same nonce may be tried again.
    let again = room.apply(posting(ANN, "hi", Some("n")), 7);
    assert!(matches!(again[..], [Effect::Store(ANN, _)]));
}

#[test]
fn who_is_not_in_the_room_posts_nothing() {
    let mut room = room_with_ann_and_bob();
    room.apply(Input::Leave(ANN), 1);
    check(&mut room, posting(ANN, "hi", None), 2, &[]);
}

#[test]
fn an_unknown_reply_target_counts_before_the_length() {
    let mut room = room_with_ann_and_bob();
    let long = "x".repeat(501);
    let unknown = Input::Post(ANN, post(&long, Some("n")), ReplyTarget::Unknown, Some(3));
    check_refused(&room.apply(unknown, 1), ANN, Code::NotFound, Some("n"));
    let known = Input::Post(ANN, post(&long, Some("n")), ReplyTarget::Known, Some(3));
    check_refused(&room.apply(known, 1), ANN, Code::TooLong, Some("n"));
}

#[test]
fn a_retry_is_answered_with_the_original_for_five_minutes() {
    let mut room = room_with_ann_and_bob();
    let stored = placed(entry("ann", "hi", Some("n"), 0), 1);
    room.apply(posting(ANN, "hi", Some("n")), 0);
    room.apply(Input::Stored(vec![(ANN, stored)]), 0);
    let retry = || posting(ANN, "hi", Some("n"));
    check(
        &mut room,
        retry(),
        nonces::MEMORY - 1,
        &[Effect::Repeat(ANN, Seq(1), Nonce::new("n").unwrap())],
    );
    let others = room.apply(posting(BOB, "hi", Some("n")), 1);
    assert!(
        matches!(others[..], [Effect::Store(BOB, _)]),
        "a nonce is its user's own"
    );
    let late = room.apply(retry(), nonces::MEMORY);
    assert!(matches!(late[..], [Effect::Store(ANN, _)]));
}

#[test]
fn a_retry_that_overtakes_the_store_waits_for_it() {
    let mut room = room_with_ann_and_bob();
    room.apply(posting(ANN, "hi", Some("n")), 0);
    room.apply(Input::Leave(ANN), 0);
    room.apply(joining(SENDERS_CAME_BACK, "ann", false), 0);
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
    room.apply(joining(SENDERS_CAME_BACK, "ann", false), 0);
    room.apply(posting(ANN, "hi", Some("n")), 0);
    room.apply(posting(SENDERS_CAME_BACK, "hi", Some("n")), 0);
    room.apply(posting(BOB, "hi", Some("m")), nonces::MEMORY);
    let stored = placed(entry("ann", "hi", Some("n"), 0), 1);
    let senders = vec![SENDERS_CAME_BACK, ANN];
    let input = Input::Stored(vec![(ANN, stored.clone())]);
    let now = nonces::MEMORY;
    check(&mut room, input, now, &[Effect::Deliver(senders, stored)]);
}

#[test]
fn a_restarted_room_knows_the_nonces_of_its_log() {
    let nonce = StoredNonce {
        author: "ann".to_owned(),
        nonce: Nonce::new("n").unwrap(),
        seq: Seq(9),
        time: 0,
    };
    let mut room = Room::new(vec![nonce]);
    room.apply(joining(ANN, "ann", false), 1);
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
    room.apply(joining(MemberId(9), "ann", false), 0);
    let who = room.who();
    let names: Vec<&str> = who.members.iter().map(|m| m.username.as_str()).collect();
    assert_eq!(
        (who.count, names, who.truncated),
        (3, vec!["ann", "bob"], false)
    );
}

#[test]
fn who_lists_500_users_at_most() {
    let mut room = Room::new(Vec::new());
    for number in 0..501 {
        room.apply(
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
    let mut room = Room::new(Vec::new());
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
    let mut room = Room::new(Vec::new());
    room.apply(joining(ANN, "ann", true), 0);
    for number in 2..=98 {
        room.apply(joining(MemberId(number), "x", false), 0);
    }
    let names = |effects: Vec<Effect>| match &effects[..] {
        [Effect::Announce(to, event)] => Some((to.clone(), event.name())),
        _ => None,
    };
    let ninety_ninth = room.apply(joining(MemberId(99), "x", false), 0);
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
    check(
        &mut room,
        joining(MemberId(104), "x", false),
        5,
        &[count(104)],
    );
}

fn of_rank(name: &str, rank: Rank) -> Author {
    Author {
        rank,
        ..author(name)
    }
}

fn target(author: Author) -> Option<StoredMessage> {
    Some(StoredMessage {
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
        let mut room = Room::new(Vec::new());
        let member = of_rank("ann", mine);
        room.apply(
            Input::Join(Joining {
                id: ANN,
                author: member.clone(),
                wants_presence: false,
            }),
            0,
        );
        let own = Input::Delete(ANN, target(of_rank("ann", theirs)));
        let deletion = MessageDeleted {
            target: Seq(7),
            by: member,
        };
        let entry = NewEntry {
            time: 1,
            body: EntryBody::MessageDeleted(deletion),
        };
        let stored = [Effect::Store(ANN, entry)];
        check(&mut room, own, 1, &stored);
        let other = room.apply(Input::Delete(ANN, target(of_rank("bob", theirs))), 1);
        let may = u8::from(mine) <= 1 && u8::from(mine) < u8::from(theirs);
        match may {
            true => assert_eq!(other, stored, "{mine:?} {theirs:?}"),
            false => check_refused(&other, ANN, Code::Forbidden, None),
        }
        let unknown = room.apply(Input::Delete(ANN, None), 1);
        check_refused(&unknown, ANN, Code::NotFound, None);
    }
}

#[test]
fn a_deletion_that_was_not_stored_is_refused() {
    let mut room = room_with_ann_and_bob();
    let effects = room.apply(Input::Delete(ANN, target(author("ann"))), 1);
    let [Effect::Store(ANN, deletion)] = &effects[..] else {
        panic!("{effects:?}")
    };
    let lost = Input::NotStored(vec![(ANN, deletion.clone())]);
    check_refused(&room.apply(lost, 2), ANN, Code::Unavailable, None);
    let stored = placed(deletion.clone(), 8);
    let input = Input::Stored(vec![(ANN, stored.clone())]);
    check(&mut room, input, 3, &[Effect::Deliver(vec![], stored)]);
}
