//! What every engine has to do, as tests over the store's traits: run against SQLite, and against the
//! model in memory, which other tests rely on.
//!
//! An engine is added in `conforms!`. Knows nothing of how anything is kept: what is left of an engine's
//! tests is about that.

pub(crate) mod accounts;
pub(crate) mod addresses;
mod filters;
pub(crate) mod held;
mod log;
mod rooms;
mod rounds;
mod standing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chat_protocol::{DraftContent, Epoch, MessageId, Nonce, Rank, RoomName, Seq};
use tempfile::TempDir;

use crate::domain::entry::{
    AccountId, Author, Entry, EntryBody, MessageDeleted, MessagePosted, NewEntry, Purged,
    UnixMillis,
};
use crate::domain::filter;
use crate::domain::held::{HeldMessage, Ruled, Ruling, Waiting};
use crate::domain::moderation::{Decision, Origin, Person, Verdict};
use crate::domain::round::{Change, Done, Founding, Round, RoundId};
use crate::store::accounts::Account;
use crate::store::audit::AuditRange;
use crate::store::log::{End, LogHead, Range};
use crate::store::rooms::{Beginning, Founder};
use crate::store::rounds::{Outcome, Rounds};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::{Database, Durability};
use crate::store::{Store, StoreError};

/// Runs the functions of the module that are named, each on an empty store of every engine.
macro_rules! conforms {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    let (store, _directory) = crate::store::conformance::sqlite();
                    super::$test(&store).await;
                }
            )+
        }

        mod memory {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(&crate::store::memory::MemoryStore::default()).await;
                }
            )+
        }
    };
}
use conforms;

pub(in crate::store) fn sqlite() -> (SqliteStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path(), Durability::Full).unwrap();
    (SqliteStore::new(Arc::new(database)), directory)
}

fn room(name: &str) -> RoomName {
    RoomName::new(name).unwrap()
}

fn author(name: &str) -> Author {
    Author {
        username: name.to_owned(),
        key: name.to_owned(),
        account: AccountId::named(name),
        display_name: name.to_owned(),
        rank: Rank::User,
    }
}

/// A message of `name`.
pub(in crate::store) fn message(
    name: &str,
    text: &str,
    nonce: Option<&str>,
    time: u64,
) -> NewEntry {
    let body = EntryBody::MessagePosted(MessagePosted {
        author: author(name),
        content: DraftContent::new(text).unwrap().measured().unwrap(),
        reply_to: MessageId::new("e-1").ok(),
        nonce: nonce.map(|text| Nonce::new(text).unwrap()),
    });
    NewEntry { time, body }
}

/// Ann's deletion of the message at `target`, whose it was where that is told.
fn deletion(target: u64, of: Option<&str>, time: u64) -> NewEntry {
    let body = EntryBody::MessageDeleted(MessageDeleted {
        target: Seq(target),
        of: of.map(str::to_owned),
        by: author("ann"),
    });
    NewEntry { time, body }
}

pub(in crate::store) fn purge(name: &str) -> NewEntry {
    let body = EntryBody::Purged(Purged {
        username: name.to_owned(),
        key: name.to_owned(),
        by: author("ann"),
    });
    NewEntry { time: 90, body }
}

fn clear() -> NewEntry {
    let body = EntryBody::Cleared(author("ann"));
    NewEntry { time: 90, body }
}

fn person(name: &str) -> Person {
    Person {
        username: name.to_owned(),
        key: name.to_owned(),
        account: AccountId::named(name),
        is_removed: false,
    }
}

/// Ann's verdict on `name`.
fn verdict(decision: Decision, name: &str) -> Verdict {
    Verdict {
        decision,
        target: person(name),
        by: author("ann"),
        origin: Origin::Appointed,
        reason: None,
        time: 100,
    }
}

/// A message that waits.
pub(in crate::store) async fn hold(
    store: &dyn Rounds,
    room: &RoomName,
    waiting: &Waiting,
    forget: UnixMillis,
) -> HeldMessage {
    let waiting = Box::new(waiting.clone());
    match store_one(store, room, Change::Hold { waiting, forget }).await {
        Done::Held(held) => *held,
        other => panic!("{other:?}"),
    }
}

/// What becomes of a ruling.
async fn rule(store: &dyn Rounds, room: &RoomName, ruling: &Ruling) -> Ruled {
    match store_one(store, room, Change::Rule(Box::new(ruling.clone()))).await {
        Done::Ruled(_, ruled) => ruled,
        other => panic!("{other:?}"),
    }
}

/// Entries at the end of a log, in one round, in their places. `last` is the newest before, for who
/// knows it.
pub(crate) async fn append(
    store: &dyn Rounds,
    room: &RoomName,
    last: Option<Seq>,
    entries: Vec<NewEntry>,
) -> Result<Vec<Entry>, StoreError> {
    let changes = entries.into_iter().map(Change::Append).collect();
    let done = store_all(store, room, last, changes).await?.into_iter();
    let stored = done.map(|done| match done {
        Done::Appended(entry) => entry,
        other => panic!("{other:?}"),
    });
    Ok(stored.collect())
}

/// A verdict that holds from now on.
pub(in crate::store) async fn judge(
    store: &dyn Rounds,
    room: &RoomName,
    verdict: &Verdict,
) -> Result<(), StoreError> {
    let judging = Change::Judge(Box::new(verdict.clone()));
    let done = store_all(store, room, None, vec![judging]).await?;
    assert_eq!(done, [Done::Judged(Box::new(verdict.clone()))]);
    Ok(())
}

/// A change of the patterns.
pub(crate) async fn change_filter(
    store: &dyn Rounds,
    room: &RoomName,
    change: &filter::Change,
    by: &str,
    time: UnixMillis,
) -> Result<(), StoreError> {
    let (change, by) = (change.clone(), by.to_owned());
    let changes = vec![Change::Filter { change, by, time }];
    store_all(store, room, None, changes).await.map(drop)
}

/// A room that an operator founds; false where there is one already.
pub(in crate::store) async fn found(
    store: &dyn Rounds,
    room: &RoomName,
    epoch: Epoch,
    time: UnixMillis,
) -> bool {
    match store_one(store, room, Change::Found(Founding { epoch, time })).await {
        Done::Founded(is_made) => is_made,
        other => panic!("{other:?}"),
    }
}

/// What comes of one change, in a round of its own.
async fn store_one(store: &dyn Rounds, room: &RoomName, change: Change) -> Done {
    let mut done = store_all(store, room, None, vec![change]).await.unwrap();
    done.remove(0)
}

/// What comes of some changes, in a round of their own.
async fn store_all(
    store: &dyn Rounds,
    room: &RoomName,
    last: Option<Seq>,
    changes: Vec<Change>,
) -> Result<Vec<Done>, StoreError> {
    static ROUNDS: AtomicU64 = AtomicU64::new(0);
    let number = ROUNDS.fetch_add(1, Ordering::Relaxed);
    let id = RoundId { run: 1, number };
    match store.store(room, Round { id, last, changes }).await {
        Outcome::Stored(stored) => Ok(stored.done),
        Outcome::Refused(_, error) => Err(error),
        unknown => panic!("{unknown:?}"),
    }
}

/// The log of `room`, founded by an operator where it is not there.
pub(in crate::store) async fn begun(store: &dyn Store, room: &RoomName) -> LogHead {
    let unbegun = store.open(room, 0).await.unwrap();
    found(store, room, unbegun.epochs.current().clone(), 1).await;
    let head = store.open(room, 0).await.unwrap();
    assert!(head.is_begun);
    head
}

async fn accounts(store: &dyn Store, names: &[&str]) {
    for name in names {
        store.create(Account::named(name, 1)).await.unwrap();
    }
}

fn range(after: u64, before: Option<u64>, limit: u64, end: End) -> Range {
    Range {
        after: Seq(after),
        before: before.map(Seq),
        limit,
        end,
        with_modes: true,
    }
}

/// The places of what is left in the log.
async fn left(store: &dyn Store, room: &RoomName) -> Vec<u64> {
    let all = store.read(room, range(0, None, 999, End::Oldest)).await;
    let entries = all.unwrap().entries;
    entries.iter().map(|entry| entry.seq.0).collect()
}

/// The newest lines of a room or of all.
fn all_lines(room: Option<&RoomName>, limit: u32) -> AuditRange {
    AuditRange {
        room: room.cloned(),
        limit,
        ..AuditRange::default()
    }
}

/// What the audit says: action and target of each line.
async fn audit(store: &dyn Store, room: Option<&RoomName>) -> Vec<String> {
    let lines = store.audit(all_lines(room, 100)).await.unwrap();
    let told = lines
        .iter()
        .map(|line| format!("{} {}", line.action, line.target));
    told.collect()
}

fn epoch(name: &str) -> Epoch {
    Epoch::new(name).unwrap()
}
