//! Accounts and rooms in a database of their own.

use std::sync::Arc;

use chat_protocol::{Epoch, RoomName};

use super::*;
use crate::store::conformance::accounts::{account, beginning};
use crate::store::conformance::found;
use crate::store::log::RoomLog;
use crate::store::rooms::{Beginning, Founder, RoomDirectory};
use crate::store::sqlite::database::{Database, Durability};

fn accounts(directory: &std::path::Path) -> SqliteStore {
    SqliteStore::new(Arc::new(
        Database::open(directory, Durability::Full).unwrap(),
    ))
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
    let operators = RoomName::new("operators").unwrap();
    assert!(found(&accounts, &operators, Epoch::new("e").unwrap(), 9).await);
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
