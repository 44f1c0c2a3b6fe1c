//! What moderators read of what the room knows.

use super::*;
use crate::domain::moderation::{Height, Sanction};
use chat_protocol::limits::SANCTIONS_ENTRIES;

fn sanction(until: Option<u64>, by: &str) -> Sanction {
    Sanction {
        until,
        ends: until,
        reason: Some("spam".to_owned()),
        networks: Vec::new(),
        height: Height::Moderator,
        by: by.to_owned(),
    }
}

fn view(room: &mut Room, look: Look, now: u64) -> Known {
    let effects = apply(room, Input::Look(ANN, look), now);
    match effects.into_iter().next() {
        Some(Effect::Open(view)) => view.known,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_user_is_shown_as_they_stand_now() {
    let mut room = room_where(&[("ann", Rank::Moderator), ("carol", Rank::Vip)]);
    room.standing
        .mutes
        .insert("bob".to_owned(), sanction(Some(100), "ann"));
    room.standing
        .keep_out("eve".to_owned(), sanction(None, "carol"));
    apply(&mut room, joining(ANN, "ann", false), 0);
    apply(&mut room, joining(BOB, "bob", false), 0);
    apply(&mut room, joining(MemberId(7), "bob", false), 0);
    let mut check = |name: &str, now, rank, connections, muted, banned| {
        let known = view(&mut room, Look::User(Some(person(name))), now);
        let told = |until_by: Option<(Option<u64>, &str)>| {
            until_by.map(|(until, by)| chat_protocol::Sanction {
                until,
                by: by.to_owned(),
                reason: Some("spam".to_owned()),
            })
        };
        let expected = UserHere {
            rank,
            connections,
            muted: told(muted),
            banned: told(banned),
        };
        assert_eq!(known, Known::User(expected), "{name} at {now}");
    };
    check("bob", 99, Rank::User, 2, Some((Some(100), "ann")), None);
    check("bob", 100, Rank::User, 2, None, None);
    check("eve", 100, Rank::User, 0, None, Some((None, "carol")));
    check("carol", 0, Rank::Vip, 0, None, None);
    check("ann", 0, Rank::Moderator, 1, None, None);
    // No sanction holds for a server administrator.
    room.standing.admins.insert("eve".to_owned());
    let known = view(&mut room, Look::User(Some(person("eve"))), 0);
    let Known::User(eve) = known else {
        panic!("{known:?}")
    };
    assert_eq!((eve.rank, eve.banned), (Rank::Administrator, None));
}

#[test]
fn lists_are_in_order_and_cut_where_they_are_too_long() {
    let mut room = room_where(&[
        ("ann", Rank::Moderator),
        ("zoe", Rank::Administrator),
        ("abe", Rank::Vip),
    ]);
    apply(&mut room, joining(ANN, "ann", false), 0);
    for number in 0..SANCTIONS_ENTRIES {
        // From the last to the first.
        let name = format!("user{:04}", SANCTIONS_ENTRIES - number);
        room.standing.keep_out(name, sanction(None, "ann"));
    }
    for (name, until) in [("old", 5), ("new", 50)] {
        let mute = sanction(Some(until), "ann");
        room.standing.mutes.insert(name.to_owned(), mute);
    }
    let list = |room: &mut Room| match view(room, Look::Sanctions, 10) {
        Known::Sanctions(sanctions) => sanctions,
        other => panic!("{other:?}"),
    };
    let sanctions = list(&mut room);
    let banned: Vec<&str> = sanctions.banned.iter().map(|one| &*one.username).collect();
    assert!(banned.is_sorted() && banned.len() == SANCTIONS_ENTRIES);
    let muted: Vec<&str> = sanctions.muted.iter().map(|one| &*one.username).collect();
    assert_eq!(muted, ["new"]);
    let ranks = sanctions.appointed.iter();
    let ranks: Vec<_> = ranks.map(|one| (&*one.username, one.rank)).collect();
    let expected = [
        ("zoe", Rank::Administrator),
        ("ann", Rank::Moderator),
        ("abe", Rank::Vip),
    ];
    assert_eq!(ranks, expected);
    assert!(!sanctions.truncated);
    room.standing
        .keep_out("user0000".to_owned(), sanction(None, "ann"));
    let sanctions = list(&mut room);
    assert!(sanctions.truncated && sanctions.banned.len() == SANCTIONS_ENTRIES);
    assert_eq!(sanctions.banned[0].username, "user0000");
    assert_eq!(sanctions.banned[SANCTIONS_ENTRIES - 1].username, "user0499");
}

#[test]
fn who_changed_the_password_stays_and_all_others_of_the_account_go() {
    let mut room = room_where(&[]);
    apply(&mut room, joining(ANN, "ann", false), 0);
    apply(&mut room, joining(MemberId(7), "ann", false), 0);
    apply(&mut room, joining(BOB, "bob", false), 0);
    let effects = apply(&mut room, Input::SignOut("ann".to_owned(), Some(ANN)), 0);
    assert_eq!(effects[0], Effect::SignOut(vec![MemberId(7)]));
    assert_eq!(room.connections("ann"), [ANN]);
    let effects = apply(&mut room, Input::SignOut("ann".to_owned(), None), 0);
    assert_eq!(effects[0], Effect::SignOut(vec![ANN]));
}
