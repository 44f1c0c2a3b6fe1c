//! Held messages in the server's own SQLite database.

use std::sync::Arc;

use chat_protocol::{Content, HeldId, MessageId, Nonce, Rank, RoomName};
use rusqlite::{Connection, Row, params};

use crate::domain::audit::AuditLine;
use crate::domain::entry::{AccountId, Author, EntryBody, NewEntry, UnixMillis};
use crate::domain::held::{HeldMessage, Ruled, Ruling, Waiting};
use crate::store::held::{HeldError, HeldMessages};
use crate::store::sqlite::audit::note;
use crate::store::sqlite::database::{Database, DatabaseError, or_report, readable};
use crate::store::sqlite::log::append;
use crate::store::sqlite::log::holds_message;

/// Held messages in one database.
pub struct SqliteHeld {
    database: Arc<Database>,
}

impl SqliteHeld {
    /// Keeps the messages in `database`.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

impl From<DatabaseError> for HeldError {
    fn from(error: DatabaseError) -> Self {
        HeldError::new(error)
    }
}

#[async_trait::async_trait]
impl HeldMessages for SqliteHeld {
    async fn load(&self, room: &RoomName, since: u64) -> Result<Vec<HeldMessage>, HeldError> {
        let room = room.clone();
        let held = self.database.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, time, account, username, display_name, content, reply_to, nonce,
                        pattern, reason,
                        (SELECT accounts.id FROM accounts WHERE key = account)
                 FROM held WHERE room = ?1 AND time > ?2 ORDER BY id",
            )?;
            let rows = statement.query_map(params![room.as_str(), since], held)?;
            readable("held", room.as_str(), rows)
        });
        Ok(held.await?)
    }

    async fn hold(
        &self,
        room: &RoomName,
        waiting: &Waiting,
        forget: UnixMillis,
    ) -> Result<HeldMessage, HeldError> {
        let (room, waiting) = (room.clone(), waiting.clone());
        let held = self
            .database
            .write(move |connection| hold(connection, &room, waiting, forget));
        Ok(held.await?)
    }

    async fn rule(&self, room: &RoomName, ruling: &Ruling) -> Result<Ruled, HeldError> {
        let (room, ruling) = (room.clone(), ruling.clone());
        let ruled = self
            .database
            .write(move |connection| rule(connection, &room, ruling));
        Ok(ruled.await?)
    }
}

fn hold(
    connection: &Connection,
    room: &RoomName,
    waiting: Waiting,
    forget: UnixMillis,
) -> rusqlite::Result<HeldMessage> {
    connection
        .prepare_cached("DELETE FROM held WHERE time <= ?1")?
        .execute([forget])?;
    // Who was removed meanwhile has nothing that waits.
    let is_there = connection
        .prepare_cached("SELECT 1 FROM accounts WHERE key = ?1 AND removed IS NULL")?
        .exists([&waiting.author.key])?;
    if !is_there {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
    connection
        .prepare_cached(
            "INSERT INTO held (room, account, time, username, display_name, content, reply_to,
                               nonce, pattern, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            room.as_str(),
            waiting.author.key,
            waiting.time,
            waiting.author.username,
            waiting.author.display_name,
            waiting.content.as_str(),
            waiting.reply_to.as_ref().map(MessageId::as_str),
            waiting.nonce.as_ref().map(Nonce::as_str),
            waiting.pattern,
            waiting.reason,
        ])?;
    Ok(HeldMessage {
        id: id(connection.last_insert_rowid()),
        waiting,
    })
}

fn rule(connection: &Connection, room: &RoomName, ruling: Ruling) -> rusqlite::Result<Ruled> {
    let taken = connection
        .prepare_cached("DELETE FROM held WHERE room = ?1 AND id = CAST(?2 AS INTEGER)")?
        .execute([room.as_str(), ruling.held.id.as_str()])?;
    if taken == 0 {
        return Ok(Ruled::Gone);
    }
    note(connection, &AuditLine::new(room, ruling.audit_entry()))?;
    let mut entry = ruling.entry;
    if let Some(entry) = &mut entry {
        forget_lost_target(connection, room, entry)?;
    }
    let stored = append(connection, room, entry.into_iter().collect())?;
    Ok(Ruled::Done(stored.into_iter().next().map(Box::new)))
}

/// What a message answers may have been deleted while it waited: then it answers nothing.
fn forget_lost_target(
    connection: &Connection,
    room: &RoomName,
    entry: &mut NewEntry,
) -> rusqlite::Result<()> {
    if let EntryBody::MessagePosted(posted) = &mut entry.body
        && let Some(target) = &posted.reply_to
        && !holds_message(connection, room, target)?
    {
        posted.reply_to = None;
    }
    Ok(())
}

fn id(number: i64) -> HeldId {
    HeldId::new(number.to_string()).expect("a number is an id")
}

fn held(row: &Row<'_>) -> rusqlite::Result<HeldMessage> {
    let number: i64 = row.get(0)?;
    // A message still waits without those.
    let place = || number.to_string();
    let reply_to = or_report("held", place, row.get::<_, Option<String>>(6)).flatten();
    let nonce = or_report("held", place, row.get::<_, Option<String>>(7)).flatten();
    Ok(HeldMessage {
        id: id(number),
        waiting: Waiting {
            time: row.get(1)?,
            author: Author {
                key: row.get(2)?,
                account: AccountId(row.get(10)?),
                username: row.get(3)?,
                display_name: row.get(4)?,
                rank: Rank::User,
            },
            content: Content::from_stored(row.get(5)?),
            reply_to: reply_to.and_then(|id| or_report("held", place, MessageId::new(id))),
            nonce: nonce.and_then(|nonce| or_report("held", place, Nonce::new(nonce))),
            pattern: row.get(8)?,
            reason: or_report("held", place, row.get(9)).flatten(),
        },
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::held::PATIENCE;
    use chat_protocol::{Seq, Username};

    use super::*;
    use crate::domain::entry::{Entry, MessageDeleted, MessagePosted, Purged};
    use crate::domain::held::Choice;
    use crate::domain::held::{HeldMessage, Ruled, Ruling, Waiting};
    use crate::domain::moderation::{Decision, Origin, Person, Sanction, Verdict};
    use crate::store::accounts::{Account, Accounts, Beginning, Founder};
    use crate::store::log::{End, Range, RoomLog};
    use crate::store::sqlite::accounts::SqliteAccounts;
    use crate::store::sqlite::database::Durability;
    use crate::store::sqlite::log::SqliteLog;
    use crate::store::sqlite::standing::SqliteStandings;
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
        held: SqliteHeld,
        log: SqliteLog,
        accounts: SqliteAccounts,
        room: RoomName,
        _directory: tempfile::TempDir,
    }

    async fn stage() -> Stage {
        let directory = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
        let stage = Stage {
            held: SqliteHeld::new(Arc::clone(&database)),
            log: SqliteLog::new(Arc::clone(&database)),
            accounts: SqliteAccounts::new(Arc::clone(&database)),
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
            self.held.load(&self.room, 0).await.unwrap()
        }
    }

    #[tokio::test]
    async fn what_is_ruled_on_is_taken_out_once_and_with_all_that_follows() {
        let stage = stage().await;
        let one = stage.hold("bob", 5).await;
        let two = stage.hold("carl", 6).await;
        assert_eq!(stage.left().await, [one.clone(), two.clone()]);
        assert_eq!(
            stage.held.load(&stage.room, 5).await.unwrap(),
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
        let standings = SqliteStandings::new(Arc::clone(&stage.database));
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
                    stage.accounts.remove(&name, 9).await.unwrap();
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
}
