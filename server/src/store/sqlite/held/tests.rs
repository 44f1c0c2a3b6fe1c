//! What only SQLite does with held messages.

use std::sync::Arc;

use super::*;
use crate::store::accounts::{Account, Accounts};
use crate::store::conformance::held::waiting;
use crate::store::conformance::hold;
use crate::store::sqlite::database::{Database, Durability};

#[tokio::test]
async fn a_message_waits_though_not_all_of_it_can_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path(), Durability::Full).unwrap();
    let store = SqliteStore::new(Arc::new(database));
    for name in ["bob", "carl"] {
        store.create(Account::named(name, 1)).await.unwrap();
    }
    let room = RoomName::new("r").unwrap();
    let fine = hold(&store, &room, &waiting("carl", 6), 0).await;
    let rows = "
        INSERT INTO held (id, room, account, time, username, display_name, content, reply_to,
                          nonce, pattern)
        VALUES (7, 'r', 'bob', 5, 'bob', 'bob', 'hi', '', '', 'link'),
               (8, 'r', 'bob', 5, 'bob', 'bob', CAST(x'ff' AS TEXT), NULL, NULL, 'link');";
    let write = move |connection: &Connection| connection.execute_batch(rows);
    store.database.write(write).await.unwrap();
    let left = HeldMessages::load(&store, &room, 0).await.unwrap();
    assert_eq!(left.len(), 2);
    assert_eq!(left[0], fine);
    let Waiting {
        content,
        reply_to,
        nonce,
        ..
    } = &left[1].waiting;
    assert_eq!(
        (content.as_str(), reply_to.as_ref(), nonce.as_ref()),
        ("hi", None, None)
    );
}
