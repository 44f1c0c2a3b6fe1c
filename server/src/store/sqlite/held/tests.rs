//! Held messages in a database of their own.

use std::sync::Arc;

use chat_protocol::{Seq, Username};

use super::*;
use crate::domain::entry::{MessageDeleted, MessagePosted, Purged};
use crate::domain::held::{Choice, PATIENCE};
use crate::domain::moderation::{Decision, Origin, Person, Sanction, Verdict};
use crate::store::accounts::{Account, Accounts};
use crate::store::log::{End, Range, RoomLog};
use crate::store::rooms::{Beginning, Founder, RoomDirectory};
use crate::store::sqlite::database::{Database, Durability};
use crate::store::standing::Standings;

fn author(name: &str) -> Author {
    Author {
        username: name.to_owned(),
        key: name.to_owned(),
        account: AccountId::named(name),
        display_name: name.to_owned(),
        rank: Rank::User,
    }
}

fn waiting(name: &str, time: u64) -> Waiting {
    Waiting {
        time,
        author: author(name),
        content: Content::from_stored("a link".to_owned()),
        reply_to: MessageId::new("e-1").ok(),
        nonce: Nonce::new("n").ok(),
        pattern: "link".to_owned(),
        reason: Some("links wait".to_owned()),
    }
}

fn ruling(held: &HeldMessage, choice: Choice) -> Ruling {
    let Waiting {
        author,
        content,
        reply_to,
        nonce,
        ..
    } = held.waiting.clone();
    let posted = MessagePosted {
        author,
        content,
        reply_to,
        nonce,
    };
    Ruling {
        held: held.clone(),
        entry: (choice == Choice::Allow).then_some(NewEntry {
            time: 9,
            body: EntryBody::MessagePosted(posted),
        }),
        choice,
        by: Author {
            rank: Rank::Administrator,
            ..super::tests::author("ann")
        },
        time: 9,
    }
}

struct Stage {
    database: Arc<Database>,
    held: SqliteStore,
    log: SqliteStore,
    accounts: SqliteStore,
    room: RoomName,
    _directory: tempfile::TempDir,
}

async fn stage() -> Stage {
    let directory = tempfile::tempdir().unwrap();
    let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
    let stage = Stage {
        held: SqliteStore::new(Arc::clone(&database)),
        log: SqliteStore::new(Arc::clone(&database)),
        accounts: SqliteStore::new(Arc::clone(&database)),
        room: RoomName::new("r").unwrap(),
        database,
        _directory: directory,
    };
    stage.begin_room().await;
    for name in ["bob", "carl"] {
        stage
            .accounts
            .create(Account::named(name, 1))
            .await
            .unwrap();
    }
    stage
}

impl Stage {
    async fn begin_room(&self) {
        let beginning = Beginning {
            room: self.room.clone(),
            epoch: self
                .log
                .open(&self.room, 0)
                .await
                .unwrap()
                .epochs
                .current()
                .clone(),
            founder: Founder::Operator,
            time: 0,
        };
        assert!(self.accounts.found(beginning).await.unwrap());
    }

    async fn hold(&self, name: &str, time: u64) -> HeldMessage {
        let waiting = waiting(name, time);
        let forget = waiting.time.saturating_sub(PATIENCE);
        self.held.hold(&self.room, &waiting, forget).await.unwrap()
    }

    async fn left(&self) -> Vec<HeldMessage> {
        HeldMessages::load(&self.held, &self.room, 0).await.unwrap()
    }
}

#[tokio::test]
async fn what_is_ruled_on_is_taken_out_once_and_with_all_that_follows() {
    let stage = stage().await;
    let one = stage.hold("bob", 5).await;
    let two = stage.hold("carl", 6).await;
    assert_eq!(stage.left().await, [one.clone(), two.clone()]);
    assert_eq!(
        HeldMessages::load(&stage.held, &stage.room, 5)
            .await
            .unwrap(),
        std::slice::from_ref(&two)
    );
    let elsewhere = RoomName::new("s").unwrap();
    let allowed = ruling(&two, Choice::Allow);
    let ruled = stage.held.rule(&elsewhere, &allowed).await.unwrap();
    assert_eq!(ruled, Ruled::Gone);
    let ruled = stage.held.rule(&stage.room, &allowed).await.unwrap();
    let Ruled::Done(Some(entry)) = ruled else {
        panic!("{ruled:?}")
    };
    assert_eq!((entry.seq, entry.time), (Seq(1), 9));
    let again = stage.held.rule(&stage.room, &allowed).await.unwrap();
    assert_eq!(again, Ruled::Gone);
    let denied = ruling(&one, Choice::Deny(None));
    let ruled = stage.held.rule(&stage.room, &denied).await.unwrap();
    assert_eq!(ruled, Ruled::Done(None));
    assert_eq!(stage.left().await, []);
    // The id of what was taken out is never another's.
    let three = stage.hold("bob", 7).await;
    assert!(three.id != one.id && three.id != two.id);
    let head = stage.log.open(&stage.room, 0).await.unwrap();
    assert_eq!((head.last, head.nonces.len()), (Seq(1), 1));
    let lines = stage.database.read(|connection| {
        let lines = "SELECT group_concat(action || target, ' ') FROM audit";
        connection.query_row(lines, [], |row| row.get::<_, String>(0))
    });
    assert_eq!(lines.await.unwrap(), "allowcarl denybob");
}

#[tokio::test]
async fn a_message_answers_only_what_is_still_there_when_it_is_let_through() {
    let stage = stage().await;
    let epochs = stage.log.open(&stage.room, 0).await.unwrap().epochs;
    let allow = async |target: MessageId| {
        let waiting = Waiting {
            reply_to: Some(target),
            ..waiting("bob", 5)
        };
        let held = stage.held.hold(&stage.room, &waiting, 0).await.unwrap();
        let allowed = ruling(&held, Choice::Allow);
        let ruled = stage.held.rule(&stage.room, &allowed).await.unwrap();
        let Ruled::Done(Some(entry)) = ruled else {
            panic!("{ruled:?}")
        };
        let entry = *entry;
        let range = Range {
            after: Seq(entry.seq.0 - 1),
            before: None,
            limit: 1,
            end: End::Newest,
            with_modes: false,
        };
        let stored = stage.log.read(&stage.room, range).await.unwrap().entries;
        assert_eq!(stored, std::slice::from_ref(&entry));
        entry
    };
    let answers = |entry: &Entry| entry.message().unwrap().reply_to.clone();
    let unknown = MessageId::new("e-1").unwrap();
    assert_eq!(answers(&allow(unknown).await), None);
    let first = epochs.id_of(Seq(1));
    assert_eq!(answers(&allow(first.clone()).await), Some(first.clone()));
    let deletion = EntryBody::MessageDeleted(MessageDeleted {
        target: Seq(1),
        of: None,
        by: author("bob"),
    });
    let deletion = NewEntry {
        time: 9,
        body: deletion,
    };
    let stored = stage.log.append(&stage.room, None, vec![deletion]).await;
    assert_eq!(answers(&allow(first).await), None);
    let no_message = epochs.id_of(stored.unwrap()[0].seq);
    assert_eq!(answers(&allow(no_message).await), None);
}

#[tokio::test]
async fn what_takes_a_user_away_takes_what_they_have_waiting() {
    let stage = stage().await;
    let standings = SqliteStore::new(Arc::clone(&stage.database));
    let append = |body| {
        stage
            .log
            .append(&stage.room, None, vec![NewEntry { time: 9, body }])
    };
    for way in 0..4 {
        stage.hold("bob", 5).await;
        let carls = stage.hold("carl", 6).await;
        match way {
            0 => {
                let verdict = Verdict {
                    decision: Decision::Ban(Sanction::for_seconds(None, None, 0.into())),
                    target: Person {
                        username: "bob".to_owned(),
                        key: "bob".to_owned(),
                        account: AccountId::named("bob"),
                        is_removed: false,
                    },
                    by: author("ann"),
                    origin: Origin::Appointed,
                    reason: None,
                    time: 9,
                };
                standings.save(&stage.room, &verdict).await.unwrap();
            }
            1 => {
                let purged = Purged {
                    username: "bob".to_owned(),
                    key: "bob".to_owned(),
                    by: author("ann"),
                };
                append(EntryBody::Purged(purged)).await.unwrap();
            }
            2 => {
                let name = Username::new("bob").unwrap();
                Accounts::remove(&stage.accounts, &name, 9).await.unwrap();
                stage
                    .accounts
                    .create(Account::named("bob", 1))
                    .await
                    .unwrap();
            }
            _ => {
                append(EntryBody::Cleared(author("ann"))).await.unwrap();
                assert_eq!(stage.left().await, []);
                stage.hold("carl", 6).await;
                stage.accounts.forget_room(&stage.room).await.unwrap();
                assert_eq!(stage.left().await, []);
                return;
            }
        }
        assert_eq!(stage.left().await, std::slice::from_ref(&carls), "{way}");
        let denied = ruling(&carls, Choice::Deny(None));
        stage.held.rule(&stage.room, &denied).await.unwrap();
    }
}

#[tokio::test]
async fn what_nobody_decided_in_a_day_is_forgotten_with_the_next() {
    let stage = stage().await;
    stage.hold("bob", 5).await;
    let fresh = stage.hold("bob", 6).await;
    let late = stage.hold("carl", 5 + PATIENCE).await;
    assert_eq!(stage.left().await, [fresh, late]);
}

#[tokio::test]
async fn a_message_waits_though_not_all_of_it_can_be_read() {
    let stage = stage().await;
    let fine = stage.hold("carl", 6).await;
    let rows = "
        INSERT INTO held (id, room, account, time, username, display_name, content, reply_to,
                          nonce, pattern)
        VALUES (7, 'r', 'bob', 5, 'bob', 'bob', 'hi', '', '', 'link'),
               (8, 'r', 'bob', 5, 'bob', 'bob', CAST(x'ff' AS TEXT), NULL, NULL, 'link');";
    let write = move |connection: &Connection| connection.execute_batch(rows);
    stage.database.write(write).await.unwrap();
    let left = stage.left().await;
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
