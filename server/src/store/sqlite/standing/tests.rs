//! Standing in a database of its own.

use std::sync::Arc;

use super::*;
use crate::domain::entry::{AccountId, Author};
use crate::domain::moderation::{Height, Origin};
use crate::store::accounts::{Account, Accounts};
use crate::store::audit::{AuditLog, AuditRange};
use crate::store::conformance::judge;
use crate::store::sqlite::database::{Database, Durability};

fn verdict(decision: Decision) -> Verdict {
    Verdict {
        decision,
        target: Person {
            username: "Bob".to_owned(),
            key: "bob".to_owned(),
            account: AccountId::named("bob"),
            is_removed: false,
        },
        by: Author {
            username: "ann".to_owned(),
            key: "ann".to_owned(),
            display_name: "ann".to_owned(),
            account: AccountId::named("ann"),
            rank: Rank::Administrator,
        },
        origin: Origin::Appointed,
        reason: None,
        time: 100,
    }
}

#[tokio::test]
async fn what_cannot_be_read_keeps_out_whom_it_kept_out_and_hinders_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
    let accounts = SqliteStore::new(Arc::clone(&database));
    for name in ["Bob", "carl", "dan", "eve"] {
        accounts.create(Account::named(name, 7)).await.unwrap();
    }
    // As something else than this server wrote it.
    let rows = "
        DROP TRIGGER ranks_inserted;
        DROP TRIGGER sanctions_inserted;
        INSERT INTO ranks VALUES ('r', 'carl', 9, 1), ('r', 'dan', 1, 1), ('r', 'eve', 1, 9);
        INSERT INTO sanctions (room, account, kind, since, reason, by)
        VALUES ('r', 'bob', 'ban', 1, 'spam', 'ann'),
               ('r', 'carl', 'exile', 1, CAST(x'ff' AS TEXT), 'ann'),
               ('r', 'eve', 'mute', 1, CAST(x'ff' AS TEXT), 'ann');
        INSERT INTO sanction_networks
        VALUES ('r', 'bob', 'ban', 'nowhere'), ('r', 'bob', 'ban', '192.0.2.1');
        INSERT INTO audit (time, room, actor, action, target)
        VALUES (-1, 'r', 'ann', 'ban', 'bob'), (1, 'r', 'ann', 'kick', 'bob');";
    let write = move |connection: &Connection| connection.execute_batch(rows);
    database.write(write).await.unwrap();
    let standings = SqliteStore::new(Arc::clone(&database));
    let room = RoomName::new("r").unwrap();
    let standing = standings.load(&room, 200.into()).await.unwrap();
    let ban = standing.ban("bob", 200.into()).unwrap();
    assert_eq!(ban.networks, ["192.0.2.1".parse().unwrap()]);
    assert!(standing.ban("carl", 200.into()).is_some());
    // Nobody knows who spoke them: administrators may lift them.
    assert_eq!(ban.height, Height::Administrator);
    assert!(standing.mute("eve", 200.into()).is_some());
    assert_eq!(standing.rank("carl"), Rank::User);
    assert_eq!(standing.rank("dan"), Rank::Moderator);
    assert_eq!(standing.rank("eve"), Rank::User);
    let lines = standings
        .audit(AuditRange {
            room: Some(room.clone()),
            limit: 9,
            ..AuditRange::default()
        })
        .await
        .unwrap();
    assert_eq!(lines.len(), 1);
    // What is only taken for a ban is lifted like one.
    let mut unban = verdict(Decision::Unban);
    unban.target.key = "carl".to_owned();
    unban.target.account = AccountId::named("carl");
    judge(&standings, &room, &unban).await.unwrap();
    let standing = standings.load(&room, 200.into()).await.unwrap();
    assert!(standing.ban("carl", 200.into()).is_none());
    assert!(
        standing.ban("bob", 200.into()).is_some() && standing.mute("eve", 200.into()).is_some()
    );
}
