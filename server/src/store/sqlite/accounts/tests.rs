//! Accounts and rooms in a database of their own.

use std::sync::Arc;

use chat_protocol::{Epoch, Rank, RoomName};

use super::*;
use crate::store::log::RoomLog;
use crate::store::rooms::{Beginning, Founder, RoomDirectory};
use crate::store::sqlite::database::{Database, Durability};
use crate::store::standing::Standings;

fn name(text: &str) -> Username {
    Username::new(text).unwrap()
}

fn accounts(directory: &std::path::Path) -> SqliteStore {
    SqliteStore::new(Arc::new(
        Database::open(directory, Durability::Full).unwrap(),
    ))
}

fn account(text: &str, hash: &str, time: u64) -> Account {
    Account::new(&name(text), hash.to_owned(), time).unwrap()
}

#[tokio::test]
async fn a_name_is_taken_whatever_its_case() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(directory.path());
    accounts.create(account("Ann", "hash", 7)).await.unwrap();
    let again = accounts.create(account("ANN", "other", 8)).await.unwrap();
    let Creation::Exists(existing) = again else {
        panic!("one name became two accounts")
    };
    assert_eq!((existing.username.as_str(), existing.created), ("Ann", 7));
    assert_eq!(existing.password_hash, "hash");
}

#[tokio::test]
async fn passwords_change_and_accounts_go() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(directory.path());
    assert!(!accounts.set_password(&name("ann"), "x").await.unwrap());
    assert!(!accounts.sign_out(&name("ann")).await.unwrap());
    assert!(!Accounts::remove(&accounts, &name("ann"), 8).await.unwrap());
    accounts.create(account("ann", "hash", 7)).await.unwrap();
    let first = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert!(accounts.set_password(&name("Ann"), "new").await.unwrap());
    let second = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert_eq!(second.password_hash, "new");
    assert_ne!(second.logins, first.logins);
    assert!(accounts.sign_out(&name("Ann")).await.unwrap());
    let third = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert_eq!(third.password_hash, "new");
    assert_ne!(third.logins, second.logins);
    assert!(Accounts::remove(&accounts, &name("ANN"), 9).await.unwrap());
    assert!(!Accounts::remove(&accounts, &name("ann"), 10).await.unwrap());
    // The name stays, and nothing that anybody could come in by.
    assert!(accounts.find(&name("ann")).await.unwrap().is_none());
    let gone = accounts.known(&name("ann")).await.unwrap().unwrap();
    assert_eq!((gone.removed, gone.password_hash.as_str()), (Some(9), ""));
    assert_ne!(gone.logins, third.logins);
    assert!(!accounts.set_password(&name("ann"), "x").await.unwrap());
    assert!(!accounts.sign_out(&name("ann")).await.unwrap());
    assert_eq!(
        admit(&accounts, &gone, false, None).await,
        Admitted::SignedOut
    );
    let twin = account("Ann", "other", 11);
    assert_eq!(
        admit(&accounts, &twin, true, None).await,
        Admitted::NameTaken
    );
    // An operator gives it to somebody else.
    assert!(matches!(
        accounts.create(twin.clone()).await,
        Ok(Creation::Created(_))
    ));
    let next = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert!(next == twin && next.id != gone.id);
}

#[tokio::test]
async fn a_renewed_hash_is_no_changed_password() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(directory.path());
    let ann = account("ann", "hash", 7);
    accounts.create(ann.clone()).await.unwrap();
    accounts.renew_hash(&ann, "better").await.unwrap();
    let renewed = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert_eq!(renewed.password_hash, "better");
    assert_eq!((renewed.id, &renewed.logins), (ann.id, &ann.logins));
    // One of a password that was changed meanwhile stays.
    accounts.set_password(&name("ann"), "other").await.unwrap();
    accounts.renew_hash(&renewed, "even better").await.unwrap();
    let changed = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert_eq!(changed.password_hash, "other");
}

fn beginning(founder: Founder) -> Option<Beginning> {
    Some(Beginning {
        room: RoomName::new("r").unwrap(),
        epoch: Epoch::new("e").unwrap(),
        founder,
        time: 9,
    })
}

async fn admit(
    accounts: &SqliteStore,
    account: &Account,
    is_new: bool,
    room: Option<Beginning>,
) -> Admitted {
    let admission = Admission {
        account: account.clone(),
        is_new,
        room,
    };
    accounts.admit(admission).await.unwrap()
}

#[tokio::test]
async fn only_the_first_who_ever_entered_a_room_is_its_administrator() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(directory.path());
    let standings = SqliteStore::new(Arc::clone(&accounts.database));
    let room = RoomName::new("r").unwrap();
    let rank = |key: &'static str| {
        let (standings, room) = (&standings, &room);
        async move { standings.load(room, 0.into()).await.unwrap().rank(key) }
    };
    let [ann, bob] = ["ann", "bob"].map(|name| account(name, "hash", 7));
    let first = admit(&accounts, &ann, true, beginning(Founder::Nobody)).await;
    assert_eq!(first, Admitted::Done);
    assert_eq!(rank("ann").await, Rank::User);
    assert!(!accounts.is_founded(&room).await.unwrap());
    for account in [&ann, &bob] {
        let is_new = account.key == "bob";
        let admitted = admit(&accounts, account, is_new, beginning(Founder::Member)).await;
        assert_eq!(admitted, Admitted::Done);
    }
    assert_eq!(rank("ann").await, Rank::Administrator);
    assert_eq!(rank("bob").await, Rank::User);
    assert!(accounts.is_founded(&room).await.unwrap());

    accounts.forget_room(&room).await.unwrap();
    admit(&accounts, &bob, false, beginning(Founder::Member)).await;
    assert_eq!(rank("bob").await, Rank::Administrator);
    accounts.forget_room(&room).await.unwrap();
    admit(&accounts, &ann, false, beginning(Founder::Member)).await;

    // A name that comes back after its account was removed does not get the room back, and
    // nobody else inherits it.
    Accounts::remove(&accounts, &name("ann"), 8).await.unwrap();
    let ann = account("ann", "hash", 9);
    accounts.create(ann.clone()).await.unwrap();
    admit(&accounts, &ann, false, beginning(Founder::Member)).await;
    admit(&accounts, &bob, false, beginning(Founder::Member)).await;
    assert_eq!(rank("ann").await, Rank::User);
    assert_eq!(rank("bob").await, Rank::User);
}

#[tokio::test]
async fn nobody_comes_in_with_an_account_that_is_not_what_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(directory.path());
    let ann = account("ann", "hash", 7);
    let room = RoomName::new("r").unwrap();
    let founding = || beginning(Founder::Member);
    let admitted = admit(&accounts, &ann, false, founding()).await;
    assert_eq!(admitted, Admitted::SignedOut);
    accounts.create(ann.clone()).await.unwrap();
    let twin = account("Ann", "other", 8);
    let admitted = admit(&accounts, &twin, true, founding()).await;
    assert_eq!(admitted, Admitted::NameTaken);
    let admitted = admit(&accounts, &twin, false, founding()).await;
    assert_eq!(admitted, Admitted::SignedOut);
    accounts.sign_out(&name("ann")).await.unwrap();
    let admitted = admit(&accounts, &ann, false, founding()).await;
    assert_eq!(admitted, Admitted::SignedOut);
    assert!(!accounts.is_founded(&room).await.unwrap());
    let made = accounts
        .found(beginning(Founder::Operator).unwrap())
        .await
        .unwrap();
    assert!(made);
    let again = accounts.found(beginning(Founder::Operator).unwrap()).await;
    assert!(!again.unwrap());
}

#[tokio::test]
async fn rooms_are_forgotten_that_nobody_would_miss_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(directory.path());
    let ann = account("ann", "hash", 7);
    accounts.create(ann.clone()).await.unwrap();
    let named = |name: &str, founder| Beginning {
        room: RoomName::new(name).unwrap(),
        ..beginning(founder).unwrap()
    };
    for name in [
        "idle", "young", "full", "ranks", "ban", "over", "filter", "held", "modes",
    ] {
        let room = Some(named(name, Founder::Member));
        admit(&accounts, &ann, false, room).await;
    }
    accounts
        .found(named("operators", Founder::Operator))
        .await
        .unwrap();
    let rows = "
        UPDATE founded_rooms SET founded = 100 WHERE room = 'young';
        INSERT INTO entries (room, seq, time, kind, author, body)
        SELECT id, 1, 5, 'gone', 'ann', '' FROM rooms WHERE name = 'full';
        UPDATE ranks SET origin = 1 WHERE room = 'ranks';
        INSERT INTO sanctions (room, account, kind, since, until, by)
        VALUES ('ban', 'ann', 'mute', 1, NULL, 'x'), ('over', 'ann', 'ban', 1, 50, 'x');
        INSERT INTO filters (room, pattern, kind) VALUES ('filter', 'x', 'word');
        INSERT INTO held (room, account, time, username, display_name, content, pattern)
        VALUES ('held', 'ann', 1, 'ann', 'ann', 'x', 'x');
        UPDATE rooms SET modes = '{\"slowMode\":5}' WHERE name = 'modes';";
    let write = move |connection: &Connection| connection.execute_batch(rows);
    accounts.database.write(write).await.unwrap();
    let names = |rooms: Vec<RoomName>| -> Vec<String> {
        rooms.iter().map(|room| room.as_str().to_owned()).collect()
    };
    let idle = accounts.idle_rooms(100, 60).await.unwrap();
    assert_eq!(names(idle.clone()), ["idle", "over"]);
    for room in &idle {
        assert!(accounts.forget_idle_room(room, 100, 60).await.unwrap());
        assert!(!accounts.forget_idle_room(room, 100, 60).await.unwrap());
        assert!(!accounts.is_founded(room).await.unwrap());
    }
    let young = RoomName::new("young").unwrap();
    assert!(!accounts.forget_idle_room(&young, 100, 60).await.unwrap());
    let left = RoomLog::list(&accounts).await;
    assert_eq!(left.unwrap().len(), 8);
}

#[tokio::test]
async fn rooms_that_differ_in_spelling_alone_are_one() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(directory.path());
    let rows = "
        INSERT INTO rooms (name, epoch, last_seq) VALUES (' live', 'e', 0), ('both', 'e', 0);
        INSERT INTO founded_rooms (room) VALUES ('live '), ('cafe\u{301}'), ('both ');
        INSERT INTO odd_rooms (room, plain) VALUES ('gone ', 'gone'), (' live', 'live'),
            ('live ', 'live'), ('cafe\u{301}', 'caf\u{e9}'), ('both ', 'both');";
    let write = move |connection: &Connection| connection.execute_batch(rows);
    accounts.database.write(write).await.unwrap();
    for (spelled, expected) in [
        ("live", " live"),
        ("  live", " live"),
        ("live ", "live "),
        ("caf\u{e9}", "cafe\u{301}"),
        (" cafe\u{301}", "cafe\u{301}"),
        ("both", "both"),
        ("both ", "both "),
        (" both", "both"),
        ("gone ", "gone"),
        ("new ", "new"),
    ] {
        let called = accounts.room_called(&RoomName::new(spelled).unwrap()).await;
        assert_eq!(called.unwrap().as_str(), expected, "{spelled:?}");
    }
    let oldest = RoomName::new(" live").unwrap();
    RoomLog::remove(&accounts, &oldest).await.unwrap();
    accounts.forget_room(&oldest).await.unwrap();
    let called = accounts.room_called(&RoomName::new("live").unwrap()).await;
    assert_eq!(called.unwrap().as_str(), "live ");
}

#[tokio::test]
async fn nobody_new_looks_like_another_where_it_could_deceive() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = accounts(directory.path());
    let admit = async |name: &str| {
        let account = account(name, "hash", 7);
        admit(&accounts, &account, true, None).await
    };
    assert_eq!(admit("tom").await, Admitted::Done);
    assert_eq!(admit("torn").await, Admitted::Done);
    assert_eq!(admit("t\u{43e}m").await, Admitted::LooksLikeAnother);
    assert_eq!(admit("\u{430}nn").await, Admitted::Done);
    // It is there by now, so it is the other one that deceives.
    assert_eq!(admit("ann").await, Admitted::LooksLikeAnother);
    assert_eq!(admit("emile").await, Admitted::Done);
    assert_eq!(admit("\u{e9}mile").await, Admitted::Done);
    // An operator may.
    let made = accounts.create(account("t\u{43e}m", "hash", 8)).await;
    assert!(matches!(made, Ok(Creation::Created(_))));
    // A room's administrator.
    let corn = account("corn", "hash", 9);
    let founded = admit_with_room(&accounts, &corn).await;
    assert_eq!(founded, Admitted::Done);
    assert_eq!(admit("com").await, Admitted::LooksLikeAnother);
    // Gone with the account.
    Accounts::remove(&accounts, &name("corn"), 10)
        .await
        .unwrap();
    assert_eq!(admit("com").await, Admitted::Done);
}

async fn admit_with_room(accounts: &SqliteStore, account: &Account) -> Admitted {
    admit(accounts, account, true, beginning(Founder::Member)).await
}
