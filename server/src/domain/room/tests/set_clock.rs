//! The wall clock is set while a room runs: what lasts for a while lasts for just as long.

use super::*;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
/// Where the wall clock stands at the beginning.
const THEN: u64 = 1_000 * DAY;
/// By how much it is set.
const LEAPS: [i64; 6] = [
    -(30 * MINUTE as i64),
    30 * MINUTE as i64,
    -(91 * DAY as i64),
    91 * DAY as i64,
    -(THEN as i64),
    i64::MAX,
];

/// So long after the beginning; the wall clock was set by `leap` right after it.
fn after(elapsed: u64, leap: i64) -> Moment {
    let time = THEN + elapsed;
    Moment {
        time: match elapsed {
            0 => time,
            _ => time.saturating_add_signed(leap),
        },
        steady: THEN + elapsed,
        settled: time.min(time.saturating_add_signed(leap)),
    }
}

/// The seconds that a member who posts is told to wait; `None` where the message is stored.
fn wait(room: &mut Room, id: MemberId, now: Moment) -> Option<u64> {
    match &give(room, posting(id, "hi", None), now)[..] {
        [Effect::Store(..)] => None,
        [Effect::Send(_, ServerEvent::Cerror(error))] => Some(error.retry_after.unwrap()),
        [Effect::Send(_, ServerEvent::Mute(mute))] => Some(mute.duration.unwrap()),
        other => panic!("{other:?}"),
    }
}

fn slow(seconds: u64) -> RoomChange {
    RoomChange {
        slow_mode: Some(seconds),
        ..RoomChange::default()
    }
}

#[test]
fn nobody_waits_longer_than_slow_mode_says_now() {
    for leap in LEAPS {
        let mut room = moderated_room();
        change_modes(&mut room, slow(10));
        assert_eq!(wait(&mut room, BOB, after(0, leap)), None);
        assert_eq!(wait(&mut room, BOB, after(1_000, leap)), Some(9), "{leap}");
        change_modes(&mut room, slow(5));
        assert_eq!(wait(&mut room, BOB, after(1_001, leap)), Some(4), "{leap}");
        assert_eq!(wait(&mut room, BOB, after(5_000, leap)), None, "{leap}");
        change_modes(&mut room, slow(0));
        assert_eq!(wait(&mut room, BOB, after(5_001, leap)), None, "{leap}");
    }
}

#[test]
fn a_mute_and_a_ban_end_after_what_was_said() {
    for leap in LEAPS {
        let mut room = moderated_room();
        judge(&mut room, Order::Mute(60, None), after(0, leap));
        assert_eq!(wait(&mut room, BOB, after(1, leap)), Some(60), "{leap}");
        assert_eq!(wait(&mut room, BOB, after(59_001, leap)), Some(1), "{leap}");
        assert_eq!(wait(&mut room, BOB, after(60_000, leap)), None, "{leap}");
        judge(
            &mut room,
            Order::Ban(Some(60), None, BanScope::Account),
            after(60_000, leap),
        );
        assert!(room.ban("bob", after(119_999, leap)).is_some(), "{leap}");
        assert!(room.ban("bob", after(120_000, leap)).is_none(), "{leap}");
    }
}

#[test]
fn a_retry_is_known_for_five_minutes() {
    for leap in LEAPS {
        let mut room = room_with_ann_and_bob();
        let now = after(0, leap);
        let stored = placed(entry("ann", "hi", Some("n"), now.time), 1);
        give(&mut room, posting(ANN, "hi", Some("n")), now);
        apply(&mut room, Input::Stored(vec![(ANN, stored)]), now);
        let retry = || posting(ANN, "hi", Some("n"));
        let mut again = |elapsed| give(&mut room, retry(), after(elapsed, leap));
        assert!(matches!(
            again(nonces::MEMORY - 1)[..],
            [Effect::Repeat(..)]
        ));
        assert!(matches!(again(nonces::MEMORY)[..], [Effect::Store(..)]));
    }
}

#[test]
fn an_account_becomes_a_members_in_time() {
    for leap in LEAPS {
        let mut room = moderated_room();
        let closed = RoomChange {
            members_only: Some(true),
            ..RoomChange::default()
        };
        change_modes(&mut room, closed);
        let newcomer = Joining {
            id: BOB,
            author: author("bob"),
            created: THEN,
            address: Address::UNKNOWN,
            capabilities: Capabilities::default(),
        };
        apply(&mut room, Input::Join(newcomer), after(1, leap));
        let young = give(&mut room, posting(BOB, "hi", None), after(899_999, leap));
        assert!(matches!(young[..], [Effect::Send(..)]), "{leap}");
        let old = give(&mut room, posting(BOB, "hi", None), after(900_000, leap));
        assert!(matches!(old[..], [Effect::Store(..)]), "{leap}");
    }
}
