//! Logs: order, places, lives, ranges, trimming, and what takes entries out.

use super::*;
use crate::domain::entry::StoredNonce;
use crate::store::log::{Keep, Purge, Purging, RoomLog, Summary, Trimmed};

conforms!(
    a_log_is_gapless_and_tells_where_it_stands,
    what_is_taken_out_leaves_its_place_and_its_nonce,
    who_knows_the_newest_entry_appends_behind_it_and_behind_no_other,
    rooms_do_not_see_each_other,
    a_range_is_read_from_the_end_that_was_asked_for,
    one_users_messages_are_found_among_those_of_others,
    a_log_is_trimmed_from_its_oldest_entry_on,
    a_removed_room_begins_a_new_life,
    a_purge_takes_out_all_of_one_author_and_nothing_else,
    a_look_at_a_room_that_is_not_there_makes_none,
    what_a_moderator_did_is_in_the_audit_with_the_entry_and_stays_when_that_is_trimmed,
    somebodys_messages_go_in_steps_and_the_last_of_them_stay_for_a_purge,
);

async fn a_log_is_gapless_and_tells_where_it_stands(store: &dyn Store) {
    let one = room("one");
    let head = begun(store, &one).await;
    assert_eq!((head.first, head.last), (Seq(1), Seq(0)));
    assert_eq!(head.modes, chat_protocol::RoomState::default());
    let batch = vec![
        message("ann", "a", Some("m"), 10),
        message("ann", "b\nc", Some("n"), 20),
    ];
    let stored = append(store, &one, None, batch).await.unwrap();
    let seqs: Vec<u64> = stored.iter().map(|entry| entry.seq.0).collect();
    assert_eq!(seqs, [1, 2]);
    let again = store.open(&one, 15).await.unwrap();
    assert_eq!(again.epochs, head.epochs);
    assert_eq!((again.first, again.last), (Seq(1), Seq(2)));
    let nonce = StoredNonce {
        author: AccountId::named("ann"),
        nonce: Nonce::new("n").unwrap(),
        seq: Seq(2),
        time: 20,
    };
    assert_eq!(again.nonces, [nonce]);
    let slice = store.read(&one, range(0, None, 9, End::Oldest)).await;
    assert_eq!(slice.unwrap().entries, stored);
}

async fn what_is_taken_out_leaves_its_place_and_its_nonce(store: &dyn Store) {
    let one = room("one");
    begun(store, &one).await;
    let posts = vec![
        message("ann", "first", None, 10),
        message("ann", "treasure", Some("n"), 20),
    ];
    append(store, &one, None, posts).await.unwrap();
    append(store, &one, None, vec![deletion(2, None, 30)])
        .await
        .unwrap();
    assert_eq!(left(store, &one).await, [1, 3]);
    // What is gone takes no place in an answer.
    let two = store
        .read(&one, range(0, None, 2, End::Newest))
        .await
        .unwrap();
    assert!(two.complete && two.entries.len() == 2);
    // Only messages are deleted.
    let again = vec![deletion(3, None, 40)];
    append(store, &one, None, again).await.unwrap();
    assert_eq!(left(store, &one).await, [1, 3, 4]);
    append(store, &one, None, vec![clear()]).await.unwrap();
    assert_eq!(left(store, &one).await, [5]);
    let head = store.open(&one, 0).await.unwrap();
    assert_eq!((head.first, head.last), (Seq(1), Seq(5)));
    assert_eq!((head.nonces.len(), head.nonces[0].seq), (1, Seq(2)));
}

async fn who_knows_the_newest_entry_appends_behind_it_and_behind_no_other(store: &dyn Store) {
    let log: &dyn RoomLog = store;
    let one = room("one");
    let message = |text| vec![super::message("ann", text, None, 10)];
    let nowhere = append(store, &one, Some(Seq(0)), message("a")).await;
    assert!(nowhere.is_err(), "{nowhere:?}");
    begun(store, &one).await;
    let both = [message("a"), message("b")].concat();
    let mut expected = append(store, &one, Some(Seq(0)), both).await.unwrap();
    let taken = [message("c"), message("d")].concat();
    let taken = append(store, &one, Some(Seq(1)), taken).await;
    assert!(taken.is_err(), "{taken:?}");
    // What takes something out looks for its place by itself.
    let mixed = [message("e"), vec![deletion(3, None, 20)]].concat();
    let stored = append(store, &one, Some(Seq(2)), mixed).await.unwrap();
    expected.extend(stored);
    expected.extend(append(store, &one, None, message("f")).await.unwrap());
    let places: Vec<u64> = expected.iter().map(|entry| entry.seq.0).collect();
    assert_eq!(places, [1, 2, 3, 4, 5]);
    expected.remove(2);
    let slice = log.read(&one, range(0, None, 9, End::Oldest)).await;
    assert_eq!(slice.unwrap().entries, expected);
}

async fn rooms_do_not_see_each_other(store: &dyn Store) {
    let (one, two) = (room("one"), room("two"));
    let first = begun(store, &one).await;
    let second = begun(store, &two).await;
    assert_ne!(first.epochs, second.epochs);
    let (a, b) = tokio::join!(
        append(store, &one, None, vec![message("ann", "a", None, 1)]),
        append(store, &two, None, vec![message("ann", "b", None, 1)]),
    );
    assert_eq!((a.unwrap()[0].seq, b.unwrap()[0].seq), (Seq(1), Seq(1)));
}

async fn a_range_is_read_from_the_end_that_was_asked_for(store: &dyn Store) {
    let log: &dyn RoomLog = store;
    let one = room("one");
    begun(store, &one).await;
    let batch = (1..=10)
        .map(|n| message("ann", &n.to_string(), None, n))
        .collect();
    append(store, &one, None, batch).await.unwrap();
    let check = async |wanted: Range, seqs: &[u64], complete: bool| {
        let slice = log.read(&one, wanted).await.unwrap();
        let found: Vec<u64> = slice.entries.iter().map(|entry| entry.seq.0).collect();
        assert_eq!(
            (found.as_slice(), slice.complete),
            (seqs, complete),
            "{wanted:?}"
        );
    };
    check(range(0, None, 3, End::Newest), &[8, 9, 10], false).await;
    check(range(0, Some(4), 3, End::Newest), &[1, 2, 3], true).await;
    check(range(0, Some(5), 3, End::Newest), &[2, 3, 4], false).await;
    check(range(8, None, 3, End::Oldest), &[9, 10], true).await;
    check(range(2, Some(9), 3, End::Oldest), &[3, 4, 5], false).await;
    check(range(10, None, 3, End::Oldest), &[], true).await;
    check(range(u64::MAX, None, u64::MAX, End::Oldest), &[], true).await;
}

async fn one_users_messages_are_found_among_those_of_others(store: &dyn Store) {
    let log: &dyn RoomLog = store;
    let one = room("one");
    begun(store, &one).await;
    // Bob writes each hundredth message, and the last.
    let names = (1..=1_000).map(|n| if n % 100 == 0 { "bob" } else { "ann" });
    let posts: Vec<NewEntry> = names.map(|name| message(name, "x", None, 1)).collect();
    for (place, part) in posts.chunks(300).enumerate() {
        let last = Some(Seq(place as u64 * 300));
        append(store, &one, last, part.to_vec()).await.unwrap();
    }
    let check = async |wanted: Range, seqs: &[u64], complete: bool| {
        let slice = log.written_by(&one, "bob", wanted).await.unwrap();
        let found: Vec<u64> = slice.entries.iter().map(|entry| entry.seq.0).collect();
        let got = (found.as_slice(), slice.complete);
        assert_eq!(got, (seqs, complete), "{wanted:?}");
    };
    check(range(0, None, 3, End::Newest), &[800, 900, 1000], false).await;
    check(range(0, Some(800), 3, End::Newest), &[500, 600, 700], false).await;
    check(range(0, Some(301), 3, End::Newest), &[100, 200, 300], true).await;
    check(range(0, Some(100), 3, End::Newest), &[], true).await;
    check(range(0, None, 3, End::Oldest), &[100, 200, 300], false).await;
    check(range(700, None, 3, End::Oldest), &[800, 900, 1000], true).await;
    check(range(100, Some(300), 9, End::Newest), &[200], true).await;
    check(range(1_000, None, 9, End::Oldest), &[], true).await;
    check(range(u64::MAX, None, u64::MAX, End::Newest), &[], true).await;
    let nobody = log
        .written_by(&one, "eve", range(0, None, 9, End::Newest))
        .await
        .unwrap();
    assert!(nobody.entries.is_empty() && nobody.complete);
    assert_eq!(log.count_of(&one, "bob").await.unwrap(), 10);
    assert_eq!(log.count_of(&room("other"), "bob").await.unwrap(), 0);
    let taken = vec![deletion(100, None, 2), deletion(900, None, 2)];
    append(store, &one, None, taken).await.unwrap();
    check(range(0, None, 2, End::Newest), &[800, 1000], false).await;
    check(range(0, Some(201), 2, End::Newest), &[200], true).await;
    assert_eq!(log.count_of(&one, "bob").await.unwrap(), 8);
    let keep = Keep {
        entries: Some(600),
        since: 0,
    };
    while !log.trim(&one, keep).await.unwrap().is_done {}
    check(
        range(0, None, 9, End::Newest),
        &[500, 600, 700, 800, 1000],
        true,
    )
    .await;
    assert_eq!(log.count_of(&one, "bob").await.unwrap(), 5);
    append(store, &one, None, vec![clear()]).await.unwrap();
    check(range(0, None, 9, End::Newest), &[], true).await;
    assert_eq!(log.count_of(&one, "ann").await.unwrap(), 0);
    append(store, &one, None, vec![message("bob", "x", None, 3)])
        .await
        .unwrap();
    check(range(0, None, 9, End::Newest), &[1004], true).await;
    assert_eq!(log.count_of(&one, "bob").await.unwrap(), 1);
}

async fn a_log_is_trimmed_from_its_oldest_entry_on(store: &dyn Store) {
    let log: &dyn RoomLog = store;
    let (one, two) = (room("one"), room("two"));
    begun(store, &one).await;
    begun(store, &two).await;
    let posts = |count: u64| (1..=count).map(|n| message("ann", "x", None, n)).collect();
    append(store, &one, None, posts(1_200)).await.unwrap();
    append(store, &two, None, posts(3)).await.unwrap();

    let newest_200 = Keep {
        entries: Some(200),
        since: 0,
    };
    assert_eq!(log.overdue(newest_200).await.unwrap(), [room("one")]);
    // In as many steps as the engine likes.
    while !log.trim(&one, newest_200).await.unwrap().is_done {}
    let (first, is_done) = (Seq(1_001), true);
    let again = log.trim(&one, newest_200).await.unwrap();
    assert_eq!(again, Trimmed { first, is_done });
    assert!(log.overdue(newest_200).await.unwrap().is_empty());
    let head = begun(store, &one).await;
    assert_eq!((head.first, head.last), (Seq(1_001), Seq(1_200)));

    let from_3 = Keep {
        entries: None,
        since: 3,
    };
    assert_eq!(log.overdue(from_3).await.unwrap(), [room("two")]);
    let trimmed = log.trim(&two, from_3).await.unwrap();
    assert_eq!(trimmed.first, Seq(3));
    let nothing = Keep {
        entries: None,
        since: u64::MAX,
    };
    let trimmed = log.trim(&two, nothing).await.unwrap();
    assert_eq!((trimmed.first, trimmed.is_done), (Seq(4), true));
    // What comes next does not take the place of what is gone.
    let stored = append(store, &two, None, posts(1)).await.unwrap();
    assert_eq!(stored[0].seq, Seq(4));
}

async fn a_removed_room_begins_a_new_life(store: &dyn Store) {
    let log: &dyn RoomLog = store;
    let (one, two) = (room("one"), room("two"));
    let old = begun(store, &one).await;
    begun(store, &two).await;
    let batch = vec![message("ann", "a", None, 1), message("ann", "b", None, 2)];
    append(store, &one, None, batch).await.unwrap();
    let summary = |name: &str, entries, last| Summary {
        room: room(name),
        entries,
        last: Seq(last),
    };
    let listed = [summary("one", 2, 2), summary("two", 0, 0)];
    assert_eq!(log.list().await.unwrap(), listed);
    assert!(log.remove(&one).await.unwrap());
    assert!(!log.remove(&one).await.unwrap());
    assert_eq!(log.list().await.unwrap(), [summary("two", 0, 0)]);
    let new = begun(store, &one).await;
    assert_ne!(new.epochs, old.epochs);
    assert_eq!((new.first, new.last), (Seq(1), Seq(0)));
}

async fn a_purge_takes_out_all_of_one_author_and_nothing_else(store: &dyn Store) {
    let (one, two) = (room("one"), room("two"));
    begun(store, &one).await;
    begun(store, &two).await;
    append(store, &two, None, vec![message("bob", "x", None, 1)])
        .await
        .unwrap();
    let posts = ["bob", "carl", "bob", "dan"].map(|name| message(name, "x", None, 1));
    append(store, &one, None, posts.to_vec()).await.unwrap();
    // Those of the same commit as well, as far as they come before.
    let mixed = vec![
        message("bob", "x", None, 2),
        purge("bob"),
        message("bob", "x", None, 3),
        message("dan", "x", None, 3),
        purge("dan"),
    ];
    append(store, &one, None, mixed).await.unwrap();
    assert_eq!(left(store, &one).await, [2, 6, 7, 9]);
    append(store, &one, None, vec![purge("nobody"), purge("bob")])
        .await
        .unwrap();
    assert_eq!(left(store, &one).await, [2, 6, 9, 10, 11]);
    assert_eq!(left(store, &two).await, [1]);
}

async fn a_look_at_a_room_that_is_not_there_makes_none(store: &dyn Store) {
    let log: &dyn RoomLog = store;
    let head = log.open(&room("r"), 0).await.unwrap();
    assert!(!head.is_begun);
    assert_eq!((head.first, head.last), (Seq(1), Seq(0)));
    assert_eq!(log.list().await.unwrap(), []);
}

async fn what_a_moderator_did_is_in_the_audit_with_the_entry_and_stays_when_that_is_trimmed(
    store: &dyn Store,
) {
    let log: &dyn RoomLog = store;
    let one = room("one");
    begun(store, &one).await;
    let by_a_moderator = deletion(1, Some("Bob"), 20);
    let entries = vec![
        message("ann", "a", None, 10),
        by_a_moderator,
        deletion(1, None, 30),
    ];
    let stored = append(store, &one, None, entries).await.unwrap();
    let read = log.read(&one, range(1, None, 9, End::Oldest)).await;
    assert_eq!(read.unwrap().entries, stored[1..]);
    let keep = Keep {
        entries: Some(0),
        since: 0,
    };
    log.trim(&one, keep).await.unwrap();
    let lines = store.audit(all_lines(None, 9)).await.unwrap();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (line.room.as_str(), line.time, line.actor.as_str()))
        .collect();
    assert_eq!(lines, [("one", 20, "ann")]);
    assert_eq!(audit(store, Some(&one)).await, ["deleteMessage Bob"]);
}

async fn somebodys_messages_go_in_steps_and_the_last_of_them_stay_for_a_purge(store: &dyn Store) {
    let log: &dyn RoomLog = store;
    for name in ["one", "other", "empty"] {
        begun(store, &room(name)).await;
    }
    // More than any engine takes out in one step.
    let many = 3_000;
    let mut entries: Vec<NewEntry> = (0..many).map(|_| message("ann", "x", None, 10)).collect();
    let others = message("somebody", "kept", None, 10);
    entries.insert(3, others.clone());
    append(store, &room("one"), None, entries).await.unwrap();
    let few = vec![others, message("ann", "x", None, 10)];
    append(store, &room("other"), None, few).await.unwrap();
    let over = Some(std::time::Instant::now());
    let mut purging = Purging::begin(log, "ann", None).await.unwrap();
    let late = purging.next(over).await.unwrap();
    assert_eq!(late, Purge::Late(room("empty"), 0));
    let mut purging = Purging::begin(log, "ann", Some(&room("one")))
        .await
        .unwrap();
    assert_eq!(
        purging.next(None).await.unwrap(),
        Purge::Ready(room("one"), many)
    );
    let left = left(store, &room("one")).await.len() as u64 - 1;
    assert!((1..many).contains(&left), "{left} beside somebody else's");
    // It was broken off here: what is left is found.
    let mut purging = Purging::begin(log, "ann", None).await.unwrap();
    for (name, count) in [("one", left), ("other", 1)] {
        let found = purging.next(None).await.unwrap();
        assert_eq!(found, Purge::Ready(room(name), count));
    }
    assert_eq!(purging.next(None).await.unwrap(), Purge::Over);
}
