//! Rounds: whole or not at all, in order, and once.

use super::*;
use crate::domain::entry::Entry;
use crate::domain::filter::{self, Action, Kind, Pattern};
use crate::domain::held::{Choice, HeldMessage, Ruled, Ruling, Waiting};
use crate::domain::moderation::Sanction;
use crate::domain::round::{Change, Done, Founding, Round, RoundId, StoredRound};
use crate::store::filters::Filters;
use crate::store::held::HeldMessages;
use crate::store::log::RoomLog;
use crate::store::memory::{Fault, MemoryStore, Takes};
use crate::store::rounds::{Outcome, Rounds};
use crate::store::standing::Standings;

conforms!(
    messages_follow_the_newest_entry_and_no_other,
    a_round_of_several_kinds_takes_effect_in_its_order,
    what_cannot_be_stored_as_a_whole_is_not_stored_at_all,
    a_round_founds_the_room_in_which_it_appoints_somebody,
    a_ruling_that_finds_nothing_does_nothing,
    what_is_refused_comes_back_as_it_was,
);

fn round(number: u64, last: Option<u64>, changes: Vec<Change>) -> Round {
    Round {
        id: RoundId { run: 7, number },
        last: last.map(Seq),
        changes,
    }
}

fn appending(entries: impl IntoIterator<Item = NewEntry>) -> Vec<Change> {
    entries.into_iter().map(Change::Append).collect()
}

async fn stored(store: &dyn Rounds, room: &RoomName, round: Round) -> StoredRound {
    match store.store(room, round).await {
        Outcome::Stored(stored) => stored,
        other => panic!("{other:?}"),
    }
}

async fn refused(store: &dyn Rounds, room: &RoomName, round: Round) -> Round {
    match store.store(room, round).await {
        Outcome::Refused(round, _) => round,
        other => panic!("{other:?}"),
    }
}

fn waiting(name: &str, time: u64) -> Waiting {
    let EntryBody::MessagePosted(posted) = message(name, "a link", Some("h"), time).body else {
        unreachable!("it is a message")
    };
    Waiting {
        time,
        author: posted.author,
        content: posted.content,
        reply_to: None,
        nonce: posted.nonce,
        pattern: "link".to_owned(),
        reason: None,
    }
}

fn holding(name: &str, time: u64) -> Change {
    Change::Hold {
        waiting: Box::new(waiting(name, time)),
        forget: 0,
    }
}

fn ruling(held: &HeldMessage, choice: Choice) -> Change {
    let name = &held.waiting.author.key;
    Change::Rule(Box::new(Ruling {
        held: held.clone(),
        entry: (choice == Choice::Allow).then(|| message(name, "a link", Some("h"), 9)),
        choice,
        by: author("ann"),
        time: 9,
    }))
}

fn judging(decision: Decision, name: &str) -> Change {
    Change::Judge(Box::new(verdict(decision, name)))
}

/// What comes of [`judging`].
fn judged(decision: Decision, name: &str) -> Done {
    Done::Judged(Box::new(verdict(decision, name)))
}

/// What comes of a [`ruling`] that finds nothing.
fn gone(held: &HeldMessage, choice: Choice) -> Done {
    match ruling(held, choice) {
        Change::Rule(ruling) => Done::Ruled(ruling, Ruled::Gone),
        other => unreachable!("{other:?}"),
    }
}

fn ban() -> Decision {
    Decision::Ban(Sanction::for_seconds(None, None, 0.into()))
}

fn pattern(text: &str) -> Pattern {
    Pattern {
        text: text.to_owned(),
        kind: Kind::Word,
        action: Action::Hold,
        reason: None,
        flaw: None,
    }
}

fn seqs(stored: &StoredRound) -> Vec<u64> {
    let seqs = stored.done.iter().filter_map(|done| match done {
        Done::Appended(entry) => Some(entry.seq.0),
        Done::Ruled(_, Ruled::Done(Some(entry))) => Some(entry.seq.0),
        _ => None,
    });
    seqs.collect()
}

async fn messages_follow_the_newest_entry_and_no_other(store: &dyn Store) {
    let one = room("one");
    let posts = |texts: [&str; 2]| appending(texts.map(|text| message("bob", text, None, 5)));
    refused(store, &one, round(1, Some(0), posts(["a", "b"]))).await;
    begun(store, &one).await;
    let first = stored(store, &one, round(2, Some(0), posts(["a", "b"]))).await;
    assert_eq!(seqs(&first), [1, 2]);
    assert_eq!(first.last(), Some(Seq(2)));
    refused(store, &one, round(3, Some(1), posts(["c", "d"]))).await;
    // Also where not all of it are messages.
    let mixed = [posts(["c", "d"]), appending([deletion(1, None, 6)])].concat();
    refused(store, &one, round(4, Some(1), mixed.clone())).await;
    let second = stored(store, &one, round(5, Some(2), mixed)).await;
    assert_eq!(seqs(&second), [3, 4, 5]);
    // Who does not know it finds it.
    let third = stored(store, &one, round(6, None, posts(["e", "f"]))).await;
    assert_eq!(seqs(&third), [6, 7]);
    let there = store.read(&one, range(0, None, 99, End::Oldest)).await;
    let entry = |done: Done| match done {
        Done::Appended(entry) => entry,
        other => panic!("{other:?}"),
    };
    let rounds = [first, second, third]
        .into_iter()
        .flat_map(|round| round.done);
    let expected: Vec<Entry> = rounds.map(entry).skip(1).collect();
    assert_eq!(there.unwrap().entries, expected);
}

async fn a_round_of_several_kinds_takes_effect_in_its_order(store: &dyn Store) {
    let one = room("one");
    begun(store, &one).await;
    accounts(store, &["ann", "bob", "carl"]).await;
    let held = |done: &Done| match done {
        Done::Held(held) => (**held).clone(),
        other => panic!("{other:?}"),
    };
    let before = round(1, Some(0), vec![holding("carl", 5), holding("bob", 6)]);
    let before = stored(store, &one, before).await;
    let (carls, bobs) = (held(&before.done[0]), held(&before.done[1]));
    assert_ne!(carls.id, bobs.id);
    assert_eq!(before.last(), None);
    let changes = vec![
        Change::Append(message("bob", "hi", Some("n"), 7)),
        ruling(&carls, Choice::Allow),
        // What waits of Bob goes; what he sends after it waits.
        Change::Append(purge("bob")),
        holding("bob", 8),
        judging(Decision::Rank(Rank::Moderator), "carl"),
        Change::Filter {
            change: filter::Change::Add(pattern("bad")),
            by: "ann".to_owned(),
            time: 8,
        },
        ruling(&bobs, Choice::Deny(None)),
        Change::Append(message("carl", "last", None, 9)),
    ];
    let done = stored(store, &one, round(2, Some(0), changes)).await;
    assert_eq!(seqs(&done), [1, 2, 3, 4]);
    assert_eq!(done.last(), Some(Seq(4)));
    let Done::Ruled(_, Ruled::Done(Some(entry))) = &done.done[1] else {
        panic!("{done:?}")
    };
    assert_eq!(entry.message().unwrap().author.key, "carl");
    let filtered = Done::Filtered {
        change: filter::Change::Add(pattern("bad")),
        by: "ann".to_owned(),
        time: 8,
    };
    assert_eq!(
        done.done[4..7],
        [
            judged(Decision::Rank(Rank::Moderator), "carl"),
            filtered,
            gone(&bobs, Choice::Deny(None))
        ]
    );
    assert_eq!(left(store, &one).await, [2, 3, 4]);
    let waits = HeldMessages::load(store, &one, 0).await.unwrap();
    assert_eq!(waits, [held(&done.done[3])]);
    let standing = Standings::load(store, &one, 200.into()).await.unwrap();
    assert_eq!(standing.rank("carl"), Rank::Moderator);
    assert_eq!(Filters::load(store, &one).await.unwrap(), [pattern("bad")]);
    let told = ["allow carl", "purge bob", "setMod carl", "addFilter bad"];
    assert_eq!(audit(store, Some(&one)).await, told);
    // A ban takes what waits, of that user alone.
    let more = vec![holding("carl", 9), judging(ban(), "bob")];
    let more = stored(store, &one, round(3, Some(4), more)).await;
    let waits = HeldMessages::load(store, &one, 0).await.unwrap();
    assert_eq!(waits, [held(&more.done[0])]);
}

async fn what_cannot_be_stored_as_a_whole_is_not_stored_at_all(store: &dyn Store) {
    let one = room("one");
    begun(store, &one).await;
    accounts(store, &["ann", "bob"]).await;
    let changes = |failing| {
        vec![
            Change::Append(message("bob", "hi", Some("n"), 7)),
            judging(ban(), "bob"),
            holding("bob", 8),
            Change::Filter {
                change: filter::Change::Add(pattern("bad")),
                by: "ann".to_owned(),
                time: 8,
            },
            failing,
        ]
    };
    let nobodys = [
        judging(Decision::Rank(Rank::Vip), "nobody"),
        holding("nobody", 9),
    ];
    for (number, failing) in (1..).zip(nobodys) {
        refused(store, &one, round(number, Some(0), changes(failing))).await;
        assert_eq!(left(store, &one).await, [] as [u64; 0]);
        let head = store.open(&one, 0).await.unwrap();
        assert_eq!((head.last, head.nonces.len()), (Seq(0), 0));
        let standing = Standings::load(store, &one, 200.into()).await.unwrap();
        assert!(standing.ban("bob", 200.into()).is_none());
        assert_eq!(HeldMessages::load(store, &one, 0).await.unwrap(), []);
        assert_eq!(Filters::load(store, &one).await.unwrap(), []);
        assert_eq!(audit(store, Some(&one)).await, [] as [String; 0]);
    }
}

async fn a_round_founds_the_room_in_which_it_appoints_somebody(store: &dyn Store) {
    let one = room("one");
    accounts(store, &["ann", "bob"]).await;
    let founding = || {
        Change::Found(Founding {
            epoch: epoch("e"),
            time: 5,
        })
    };
    let appointing = |name| judging(Decision::Rank(Rank::Moderator), name);
    let nobody = round(1, None, vec![founding(), appointing("nobody")]);
    refused(store, &one, nobody).await;
    assert!(!store.is_founded(&one).await.unwrap());
    assert!(!store.open(&one, 0).await.unwrap().is_begun);
    for (number, is_made) in [(2, true), (3, false)] {
        let changes = vec![founding(), appointing("bob")];
        let done = stored(store, &one, round(number, None, changes)).await;
        let judged = judged(Decision::Rank(Rank::Moderator), "bob");
        assert_eq!(done.done, [Done::Founded(is_made), judged]);
    }
    assert!(store.is_founded(&one).await.unwrap());
    let head = store.open(&one, 0).await.unwrap();
    assert_eq!(head.epochs.current(), &epoch("e"));
    let standing = Standings::load(store, &one, 200.into()).await.unwrap();
    assert_eq!(standing.ranks.len(), 1);
    assert_eq!(standing.rank("bob"), Rank::Moderator);
}

async fn a_ruling_that_finds_nothing_does_nothing(store: &dyn Store) {
    let (one, two) = (room("one"), room("two"));
    begun(store, &one).await;
    begun(store, &two).await;
    accounts(store, &["bob"]).await;
    let held = hold(store, &one, &waiting("bob", 5), 0).await;
    let elsewhere = round(1, Some(0), vec![ruling(&held, Choice::Allow)]);
    let done = stored(store, &two, elsewhere).await;
    assert_eq!(done.done, [gone(&held, Choice::Allow)]);
    // Of two rulings in one round the first decides.
    let both = vec![
        ruling(&held, Choice::Deny(None)),
        ruling(&held, Choice::Allow),
        Change::Append(message("bob", "hi", None, 6)),
    ];
    let done = stored(store, &one, round(2, Some(0), both)).await;
    let denied = |done: &Done| matches!(done, Done::Ruled(_, Ruled::Done(None)));
    assert!(denied(&done.done[0]), "{done:?}");
    assert_eq!(done.done[1], gone(&held, Choice::Allow));
    assert_eq!(left(store, &one).await, [1]);
    assert_eq!(left(store, &two).await, [] as [u64; 0]);
    assert_eq!(audit(store, None).await, ["deny bob"]);
}

async fn what_is_refused_comes_back_as_it_was(store: &dyn Store) {
    let one = room("one");
    let messages = round(1, Some(0), appending([message("bob", "hi", Some("n"), 7)]));
    let mixed = round(2, None, vec![holding("bob", 7), judging(ban(), "bob")]);
    for round in [messages, mixed] {
        assert_eq!(refused(store, &one, round.clone()).await, round);
    }
}

/// Hands a round over until it is known what became of it.
async fn decided(store: &dyn Rounds, room: &RoomName, mut round: Round) -> StoredRound {
    loop {
        round = match store.store(room, round).await {
            Outcome::Stored(stored) => return stored,
            Outcome::Unknown(round, _) => round,
            Outcome::Refused(_, error) => panic!("{error:?}"),
        }
    }
}

/// SQLite is never unsure; the model stands for engines that may be.
#[tokio::test]
async fn what_was_unknown_is_stored_once_however_often_it_is_handed_over() {
    use Fault::{UnknownAndNot, UnknownAndStored};
    let faults: [&[Fault]; 5] = [
        &[UnknownAndNot],
        &[UnknownAndStored],
        &[UnknownAndNot, UnknownAndStored],
        &[UnknownAndStored, UnknownAndStored],
        &[UnknownAndStored, UnknownAndNot],
    ];
    for faults in faults {
        let store = MemoryStore::default();
        let one = room("one");
        begun(&store, &one).await;
        accounts(&store, &["bob"]).await;
        store.fail(faults.iter().copied());
        let changes = vec![
            Change::Append(message("bob", "hi", Some("n"), 7)),
            holding("bob", 8),
            judging(Decision::Rank(Rank::Vip), "bob"),
        ];
        let done = decided(&store, &one, round(1, Some(0), changes)).await;
        assert_eq!(seqs(&done), [1], "{faults:?}");
        assert_eq!(left(&store, &one).await, [1]);
        assert_eq!(HeldMessages::load(&store, &one, 0).await.unwrap().len(), 1);
        assert_eq!(audit(&store, None).await, ["setVip bob"]);
        // The next one is another.
        let next = appending([message("bob", "again", None, 9)]);
        let next = stored(&store, &one, round(2, Some(1), next)).await;
        assert_eq!(seqs(&next), [2]);
    }
}

#[tokio::test]
async fn the_model_refuses_when_it_is_told_to() {
    let store = MemoryStore::default();
    let one = room("one");
    begun(&store, &one).await;
    store.fail([Fault::Refused]);
    let post = |number| round(number, Some(0), appending([message("bob", "hi", None, 7)]));
    refused(&store, &one, post(1)).await;
    assert_eq!(left(&store, &one).await, [] as [u64; 0]);
    let done = stored(&store, &one, post(2)).await;
    assert_eq!(seqs(&done), [1]);
    let next = |number| round(number, Some(1), appending([message("bob", "on", None, 8)]));
    store.take(Takes::Reads);
    refused(&store, &one, next(3)).await;
    assert_eq!(left(&store, &one).await, [1]);
    store.take(Takes::Nothing);
    assert!(RoomLog::open(&store, &one, 0).await.is_err());
    store.take(Takes::Everything);
    let done = stored(&store, &one, next(4)).await;
    assert_eq!(seqs(&done), [2]);
    assert_eq!(store.log(&one).unwrap().last(), Seq(2));
}
