//! Slow mode, and rooms for members only.

use super::*;

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
