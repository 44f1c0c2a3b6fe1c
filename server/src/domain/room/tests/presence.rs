//! Who is here, and who is told of comings and goings.

use super::*;

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
