//! Messages: stored before they are delivered, retries, and what is wrong with them.

use super::*;

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
