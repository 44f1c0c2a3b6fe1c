//! Which rooms there are: founded once, found by their names, and forgotten with all that is theirs.

use super::*;
use crate::domain::audit::LineId;
use crate::domain::filter::{Action, Change, Kind, Pattern};
use crate::domain::moderation::Sanction;
use crate::store::accounts::Admission;
use crate::store::filters::Filters;
use crate::store::log::{Keep, RoomLog};
use crate::store::standing::Standings;

conforms!(
    a_room_is_called_by_its_name_or_its_plain_spelling,
    rooms_are_forgotten_that_nobody_would_miss_and_no_others,
    nothing_of_a_room_that_is_forgotten_comes_back,
    lines_are_told_by_whom_they_are_about_and_by_page,
    the_newest_lines_of_the_audit_are_told_the_oldest_of_them_first,
);

fn pattern(text: &str) -> Change {
    Change::Add(Pattern {
        text: text.to_owned(),
        kind: Kind::Word,
        action: Action::Refuse,
        reason: None,
        flaw: None,
    })
}

async fn a_room_is_called_by_its_name_or_its_plain_spelling(store: &dyn Store) {
    begun(store, &room("live")).await;
    begun(store, &room("caf\u{e9}")).await;
    for (spelled, expected) in [
        ("live", "live"),
        (" live ", "live"),
        ("cafe\u{301}", "caf\u{e9}"),
        ("new ", "new"),
    ] {
        let called = store.room_called(&room(spelled)).await.unwrap();
        assert_eq!(called.as_str(), expected, "{spelled:?}");
    }
    assert_eq!(store.known_rooms().await.unwrap().len(), 2);
    assert!(!store.is_founded(&room("new")).await.unwrap());
}

async fn rooms_are_forgotten_that_nobody_would_miss_and_no_others(store: &dyn Store) {
    let log: &dyn RoomLog = store;
    let ann = Account::named("ann", 1);
    store.create(ann.clone()).await.unwrap();
    accounts(store, &["bob"]).await;
    let beginning = |name: &str, time, founder| Beginning {
        room: room(name),
        epoch: epoch("e"),
        founder,
        time,
    };
    for (name, time) in [
        ("idle", 9),
        ("young", 100),
        ("full", 9),
        ("trimmed", 9),
        ("ranks", 9),
        ("ban", 9),
        ("over", 9),
        ("filter", 9),
    ] {
        let admission = Admission {
            account: ann.clone(),
            is_new: false,
            room: Some(beginning(name, time, Founder::Member)),
        };
        store.admit(admission).await.unwrap();
    }
    assert!(found(store, &room("operators"), epoch("e"), 9).await);
    for name in ["full", "trimmed"] {
        let post = vec![message("ann", "x", None, 5)];
        append(store, &room(name), None, post).await.unwrap();
    }
    let nothing = Keep {
        entries: Some(0),
        since: 0,
    };
    log.trim(&room("trimmed"), nothing).await.unwrap();
    let until = |until| {
        Decision::Ban(Sanction {
            until,
            ends: until,
            ..Sanction::for_seconds(None, None, 0.into())
        })
    };
    for (name, decision) in [
        ("ranks", Decision::Rank(Rank::Vip)),
        ("ban", until(None)),
        ("over", until(Some(150))),
    ] {
        let verdict = verdict(decision, "bob");
        judge(store, &room(name), &verdict).await.unwrap();
    }
    change_filter(store, &room("filter"), &pattern("x"), "ann", 5)
        .await
        .unwrap();

    let mut idle = store.idle_rooms(100, 160).await.unwrap();
    idle.sort();
    assert_eq!(idle, ["idle", "over", "trimmed"].map(room));
    for room in &idle {
        assert!(store.forget_idle_room(room, 100, 160).await.unwrap());
        assert!(!store.forget_idle_room(room, 100, 160).await.unwrap());
        assert!(!store.is_founded(room).await.unwrap());
    }
    let young = room("young");
    assert!(!store.forget_idle_room(&young, 100, 160).await.unwrap());
    assert_eq!(log.list().await.unwrap().len(), 6);
}

async fn nothing_of_a_room_that_is_forgotten_comes_back(store: &dyn Store) {
    let (one, two) = (room("one"), room("two"));
    accounts(store, &["bob"]).await;
    for room in [&one, &two] {
        begun(store, room).await;
        let vip = verdict(Decision::Rank(Rank::Vip), "bob");
        judge(store, room, &vip).await.unwrap();
        change_filter(store, room, &pattern("bad"), "ann", 5)
            .await
            .unwrap();
    }
    store.forget_room(&one).await.unwrap();
    RoomLog::remove(store, &one).await.unwrap();
    begun(store, &one).await;
    for (room, is_there) in [(&one, false), (&two, true)] {
        let standing = Standings::load(store, room, 200.into()).await.unwrap();
        let patterns = Filters::load(store, room).await.unwrap();
        let lines = audit(store, Some(room)).await;
        let found = (standing.ranks.len(), patterns.len(), lines.len());
        assert_eq!(found, if is_there { (1, 1, 2) } else { (0, 0, 0) });
    }
}

async fn lines_are_told_by_whom_they_are_about_and_by_page(store: &dyn Store) {
    let one = room("one");
    begun(store, &one).await;
    accounts(store, &["ann", "bob", "eve"]).await;
    let mut numbers = Vec::new();
    for name in ["bob", "eve", "bob", "bob"] {
        let id = RoundId {
            run: 9,
            number: numbers.len() as u64,
        };
        let kick = crate::domain::round::Change::Judge(Box::new(verdict(Decision::Kick, name)));
        let (last, changes) = (None, vec![kick]);
        match store.store(&one, Round { id, last, changes }).await {
            Outcome::Stored(stored) => numbers.extend(stored.lines),
            other => panic!("{other:?}"),
        }
    }
    // A pattern may be called like a user.
    change_filter(store, &one, &pattern("bob"), "ann", 5)
        .await
        .unwrap();
    let check = async |target: Option<&str>, before: Option<LineId>, limit, expected: &[LineId]| {
        let range = AuditRange {
            room: Some(room("one")),
            target: target.map(str::to_owned),
            before,
            limit,
        };
        let lines = store.audit(range).await.unwrap();
        let found: Vec<LineId> = lines.iter().filter_map(|line| line.id).collect();
        assert_eq!(found, expected, "{target:?} {before:?}");
    };
    let [first, second, third, fourth] = numbers[..] else {
        panic!("{numbers:?}")
    };
    check(Some("bob"), None, 9, &[first, third, fourth]).await;
    check(Some("bob"), Some(fourth), 1, &[third]).await;
    check(Some("bob"), Some(first), 9, &[]).await;
    check(Some("BOB"), None, 9, &[]).await;
    check(None, Some(third), 9, &[first, second]).await;
    check(None, Some(LineId(0)), 9, &[]).await;
    let all = [first, second, third, fourth];
    let filter = LineId(fourth.0 + 1);
    check(
        None,
        Some(LineId(u64::MAX)),
        9,
        &[&all[..], &[filter]].concat(),
    )
    .await;
}

async fn the_newest_lines_of_the_audit_are_told_the_oldest_of_them_first(store: &dyn Store) {
    let (one, two) = (room("one"), room("two"));
    for (room, text) in [(&one, "a"), (&two, "b"), (&one, "c"), (&one, "d")] {
        change_filter(store, room, &pattern(text), "ann", 5)
            .await
            .unwrap();
    }
    let targets = async |room: Option<&RoomName>, limit| {
        let lines = store.audit(all_lines(room, limit)).await.unwrap();
        lines
            .into_iter()
            .map(|line| line.target)
            .collect::<Vec<_>>()
    };
    let lines = store.audit(all_lines(None, 9)).await.unwrap();
    assert!(lines.is_sorted_by_key(|line| line.id) && lines[0].id.is_some());
    assert_eq!(targets(None, 3).await, ["b", "c", "d"]);
    assert_eq!(targets(Some(&one), 2).await, ["c", "d"]);
    assert_eq!(targets(Some(&two), 9).await, ["b"]);
    assert_eq!(targets(Some(&room("three")), 9).await, [] as [String; 0]);
}
