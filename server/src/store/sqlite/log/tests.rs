//! What every log must do, run against the one in SQLite.

use std::sync::Arc;

use chat_protocol::{DraftContent, MessageId, Nonce, Rank};

use super::*;
use crate::domain::entry::{
    AccountId, Author, EntryBody, MessageDeleted, MessagePosted, NewEntry, Purged, StoredNonce,
};
use crate::store::conformance::append;
use crate::store::log::{End, Purge, Purging};
use crate::store::sqlite::database::{Database, Durability};

fn ann() -> Author {
    Author {
        username: "Ann".to_owned(),
        key: "ann".to_owned(),
        account: AccountId::named("ann"),
        display_name: "Ann".to_owned(),
        rank: Rank::User,
    }
}

fn posted(text: &str, nonce: Option<&str>, time: u64) -> NewEntry {
    NewEntry {
        time,
        body: EntryBody::MessagePosted(MessagePosted {
            author: ann(),
            content: DraftContent::new(text).unwrap().measured().unwrap(),
            reply_to: MessageId::new("e-1").ok(),
            nonce: nonce.map(|text| Nonce::new(text).unwrap()),
        }),
    }
}

fn deleted(target: u64, time: u64) -> NewEntry {
    NewEntry {
        time,
        body: EntryBody::MessageDeleted(MessageDeleted {
            target: Seq(target),
            of: None,
            by: ann(),
        }),
    }
}

fn open(directory: &std::path::Path) -> (Arc<Database>, SqliteStore) {
    let database = Arc::new(Database::open(directory, Durability::Full).unwrap());
    let log = SqliteStore::new(Arc::clone(&database));
    (database, log)
}

fn room(name: &str) -> RoomName {
    RoomName::new(name).unwrap()
}

/// The log of `room`, which is begun where there is none.
async fn begun(log: &SqliteStore, room: &RoomName) -> LogHead {
    let name = room.clone();
    let epoch = new_epoch().unwrap();
    let begun = log
        .database
        .write(move |connection| begin(connection, &name, &epoch));
    begun.await.unwrap();
    let head = log.open(room, 0).await.unwrap();
    assert!(head.is_begun);
    head
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

#[tokio::test]
async fn a_log_is_gapless_and_outlives_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let (database, log) = open(directory.path());
    let one = room("one");
    let head = begun(&log, &one).await;
    assert_eq!((head.first, head.last), (Seq(1), Seq(0)));
    let batch = vec![posted("a", None, 10), posted("b\nc", Some("n"), 20)];
    let stored = append(&log, &one, None, batch).await.unwrap();
    assert_eq!(
        stored.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(),
        [1, 2]
    );
    drop(log);
    database.close();

    let (_database, log) = open(directory.path());
    let again = log.open(&one, 15).await.unwrap();
    assert_eq!(again.epochs, head.epochs);
    assert_eq!((again.first, again.last), (Seq(1), Seq(2)));
    let nonce = StoredNonce {
        author: AccountId::named("ann"),
        nonce: Nonce::new("n").unwrap(),
        seq: Seq(2),
        time: 20,
    };
    assert_eq!(again.nonces, [nonce]);
    let third = append(&log, &one, None, vec![posted("d", None, 30)])
        .await
        .unwrap();
    assert_eq!(third[0].seq, Seq(3));
    let slice = log
        .read(&one, range(0, None, 9, End::Oldest))
        .await
        .unwrap();
    assert_eq!(slice.entries[..2], stored);
    assert_eq!(slice.entries[2..], third);
}

#[tokio::test]
async fn a_deletion_is_an_entry_and_leaves_nothing_of_its_message_but_the_nonce() {
    let directory = tempfile::tempdir().unwrap();
    let (database, log) = open(directory.path());
    let one = room("one");
    begun(&log, &one).await;
    let posts = vec![posted("first", None, 10), posted("treasure", Some("n"), 20)];
    append(&log, &one, None, posts).await.unwrap();
    let stored = append(&log, &one, None, vec![deleted(2, 30)])
        .await
        .unwrap();
    assert_eq!(stored[0].seq, Seq(3));

    let read = |after, limit, end| log.read(&one, range(after, None, limit, end));
    let slice = read(0, 9, End::Oldest).await.unwrap();
    let seqs: Vec<u64> = slice.entries.iter().map(|entry| entry.seq.0).collect();
    assert_eq!((seqs.as_slice(), slice.first), ([1, 3].as_slice(), Seq(1)));
    assert_eq!(slice.entries[1], stored[0]);
    // What is gone takes no place in an answer.
    let two = read(0, 2, End::Newest).await.unwrap();
    assert!(two.complete && two.entries.len() == 2);
    let head = begun(&log, &one).await;
    assert_eq!((head.first, head.last), (Seq(1), Seq(3)));
    assert_eq!((head.nonces.len(), head.nonces[0].seq), (1, Seq(2)));
    assert_eq!(log.list().await.unwrap()[0].entries, 2);

    // Only messages are deleted.
    append(&log, &one, None, vec![deleted(3, 40)])
        .await
        .unwrap();
    let slice = read(0, 9, End::Oldest).await.unwrap();
    assert_eq!(slice.entries.len(), 3);
    database.close();
    let file = std::fs::read(
        directory
            .path()
            .join(crate::store::sqlite::database::FILE_NAME),
    )
    .unwrap();
    let holds = |text: &[u8]| file.windows(text.len()).any(|bytes| bytes == text);
    assert!(holds(b"first") && !holds(b"treasure"));
}

fn by(name: &str, time: u64) -> NewEntry {
    let mut message = posted("x", None, time);
    if let EntryBody::MessagePosted(posted) = &mut message.body {
        posted.author.key = name.to_owned();
    }
    message
}

fn purge_of(name: &str) -> NewEntry {
    let body = EntryBody::Purged(Purged {
        username: name.to_owned(),
        key: name.to_owned(),
        by: ann(),
    });
    NewEntry { time: 90, body }
}

fn clear() -> NewEntry {
    NewEntry {
        time: 90,
        body: EntryBody::Cleared(ann()),
    }
}

/// The places of what is left in the log.
async fn left(log: &SqliteStore, room: &RoomName) -> Vec<u64> {
    let all = log.read(room, range(0, None, 99, End::Oldest)).await;
    let seqs = all.unwrap().entries;
    seqs.iter().map(|entry| entry.seq.0).collect()
}

async fn write(database: &Database, sql: &'static str) {
    let work = move |connection: &Connection| connection.execute_batch(sql);
    database.write(work).await.unwrap();
}

#[tokio::test]
async fn the_writer_looks_only_at_what_a_purge_takes_out_and_at_what_is_new() {
    let directory = tempfile::tempdir().unwrap();
    let (database, log) = open(directory.path());
    let one = room("one");
    begun(&log, &one).await;
    let posts = ["bob", "carl", "carl"].map(|name| by(name, 1));
    append(&log, &one, None, posts.to_vec()).await.unwrap();
    let find = |name: &'static str| {
        let work = |connection: &Connection| {
            removal::find(connection, &room("one"), vec![name.to_owned()])
        };
        database.read(work)
    };
    let purge = |found: Found| {
        let work = move |connection: &Connection| {
            LogEnd::new(connection, &room("one"), None, &found).append(&purge_of("bob"))
        };
        database.write(work)
    };
    let found = find("bob").await.unwrap();
    append(&log, &one, None, vec![by("bob", 2)]).await.unwrap();
    // Were it looked at again, it would be found.
    write(&database, "UPDATE entries SET author = 'bob' WHERE seq = 2").await;
    purge(found).await.unwrap();
    assert_eq!(left(&log, &one).await, [2, 3, 5]);
    // What was found in another life of the log, or for another, is not relied on.
    let found = find("carl").await.unwrap();
    purge(found).await.unwrap();
    assert_eq!(left(&log, &one).await, [3, 5, 6]);
    let found = find("bob").await.unwrap();
    assert!(log.remove(&one).await.unwrap());
    begun(&log, &one).await;
    append(&log, &one, None, vec![by("bob", 1)]).await.unwrap();
    purge(found).await.unwrap();
    assert_eq!(left(&log, &one).await, [2]);
}

#[tokio::test]
async fn what_was_cleared_is_not_looked_at_again() {
    let directory = tempfile::tempdir().unwrap();
    let (database, log) = open(directory.path());
    let one = room("one");
    begun(&log, &one).await;
    let posts = vec![posted("a", Some("n"), 1), posted("b", None, 1), clear()];
    append(&log, &one, None, posts).await.unwrap();
    assert_eq!(left(&log, &one).await, [3]);
    // Were it looked at again, it would be found.
    write(
        &database,
        "UPDATE entries SET kind = 'deletion' WHERE seq = 2",
    )
    .await;
    append(
        &log,
        &one,
        None,
        vec![posted("c", None, 2), clear(), clear()],
    )
    .await
    .unwrap();
    assert_eq!(left(&log, &one).await, [6]);
    let kinds = database.read(|connection| {
        let kinds = "SELECT group_concat(kind, ' ') FROM entries";
        connection.query_row(kinds, [], |row| row.get::<_, String>(0))
    });
    let expected = "gone deletion gone gone gone clear";
    assert_eq!(kinds.await.unwrap(), expected);
    let head = begun(&log, &one).await;
    let nonces: Vec<Seq> = head.nonces.iter().map(|nonce| nonce.seq).collect();
    assert_eq!(
        (head.first, head.last, nonces),
        (Seq(1), Seq(6), vec![Seq(1)])
    );
    // A new life begins with nothing cleared.
    assert!(log.remove(&one).await.unwrap());
    begun(&log, &one).await;
    append(&log, &one, None, vec![posted("d", None, 3)])
        .await
        .unwrap();
    assert_eq!(left(&log, &one).await, [1]);
}

#[tokio::test]
async fn what_cannot_be_read_is_as_if_it_were_gone_and_the_room_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let (database, log) = open(directory.path());
    let (one, two) = (room("one"), room("two"));
    let before = begun(&log, &one).await;
    let posts = ["a", "b", "c", "d", "e"].map(|text| posted(text, Some(text), 10));
    append(&log, &one, None, posts.to_vec()).await.unwrap();
    begun(&log, &two).await;
    write(
        &database,
        "UPDATE entries SET body = 'no JSON' WHERE seq = 2;
         UPDATE entries SET kind = 'poll' WHERE seq = 3;
         UPDATE entries SET nonce = '' WHERE seq = 4;
         UPDATE entries SET author = CAST(x'ff' AS TEXT) WHERE seq = 5;
         UPDATE rooms SET modes = '{' WHERE name = 'one';
         INSERT INTO rooms (name, epoch, last_seq) VALUES ('', 'e', 0);",
    )
    .await;
    let head = log.open(&one, 0).await.unwrap();
    assert_eq!((head.last, &head.modes), (Seq(5), &RoomState::default()));
    assert_eq!((&head.epochs, head.nonces.len()), (&before.epochs, 4));
    assert_eq!(left(&log, &one).await, [1]);
    let more = append(&log, &one, None, vec![purge_of("ann")])
        .await
        .unwrap();
    assert_eq!(more[0].seq, Seq(6));
    let names: Vec<RoomName> = log
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.room)
        .collect();
    assert_eq!(names, [one.clone(), two.clone()]);
    let keep = Keep {
        entries: Some(0),
        since: 0,
    };
    log.trim(&one, keep).await.unwrap();
    // An epoch that is none: the messages stay, under new ids.
    write(&database, "UPDATE rooms SET epoch = '' WHERE name = 'one'").await;
    let head = log.open(&one, 0).await.unwrap();
    assert_eq!(head.last, Seq(6));
    assert_ne!(head.epochs, before.epochs);
    assert_eq!(log.open(&one, 0).await.unwrap().epochs, head.epochs);
}

#[tokio::test]
async fn modes_hold_as_far_as_they_can_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let (database, log) = open(directory.path());
    let one = room("one");
    begun(&log, &one).await;
    write(
        &database,
        r#"UPDATE rooms SET modes = '{"slowMode":5,"membersOnly":1,"topic":7,"pinned":""}'"#,
    )
    .await;
    let modes = log.open(&one, 0).await.unwrap().modes;
    let expected = RoomState {
        slow_mode: 5,
        members_only: true,
        ..RoomState::default()
    };
    assert_eq!(modes, expected);
}

#[tokio::test]
async fn somebodys_messages_go_in_steps_and_the_last_of_them_stay_for_a_purge() {
    let directory = tempfile::tempdir().unwrap();
    let (_, log) = open(directory.path());
    for name in ["one", "other", "empty"] {
        begun(&log, &room(name)).await;
    }
    let many = removal::STEP as u64 * 2 + 10;
    let mut entries: Vec<NewEntry> = (0..many).map(|_| posted("x", None, 10)).collect();
    let mut others = posted("kept", None, 10);
    if let EntryBody::MessagePosted(posted) = &mut others.body {
        posted.author.key = "somebody".to_owned();
    }
    entries.insert(3, others.clone());
    append(&log, &room("one"), None, entries).await.unwrap();
    let few = vec![others, posted("x", None, 10)];
    append(&log, &room("other"), None, few).await.unwrap();
    let over = Some(std::time::Instant::now());
    let mut purging = Purging::begin(&log, "ann", None).await.unwrap();
    let late = purging.next(over).await.unwrap();
    assert_eq!(late, Purge::Late(room("empty"), 0));
    let mut purging = Purging::begin(&log, "ann", Some(&room("one")))
        .await
        .unwrap();
    assert_eq!(
        purging.next(None).await.unwrap(),
        Purge::Ready(room("one"), many)
    );
    let left = log
        .read(&room("one"), range(0, None, 1_000, End::Oldest))
        .await
        .unwrap();
    assert_eq!(left.entries.len(), 11, "10 and somebody else's");
    // It was broken off here: what is left is found.
    let mut purging = Purging::begin(&log, "ann", None).await.unwrap();
    for (name, count) in [("one", 10), ("other", 1)] {
        let found = purging.next(None).await.unwrap();
        assert_eq!(found, Purge::Ready(room(name), count));
    }
    assert_eq!(purging.next(None).await.unwrap(), Purge::Over);
}

#[tokio::test]
async fn a_log_is_trimmed_from_its_oldest_entry_on() {
    let directory = tempfile::tempdir().unwrap();
    let (_database, log) = open(directory.path());
    let (one, two) = (room("one"), room("two"));
    begun(&log, &one).await;
    begun(&log, &two).await;
    let posts = |count: u64| (1..=count).map(|n| posted("x", None, n)).collect();
    append(&log, &one, None, posts(1_200)).await.unwrap();
    append(&log, &two, None, posts(3)).await.unwrap();

    let newest_200 = Keep {
        entries: Some(200),
        since: 0,
    };
    assert_eq!(log.overdue(newest_200).await.unwrap(), [room("one")]);
    for (first, is_done) in [(501, false), (1_001, true), (1_001, true)] {
        let trimmed = log.trim(&one, newest_200).await.unwrap();
        let first = Seq(first);
        assert_eq!(trimmed, Trimmed { first, is_done });
    }
    assert!(log.overdue(newest_200).await.unwrap().is_empty());
    let head = begun(&log, &one).await;
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
    let stored = append(&log, &two, None, posts(1)).await.unwrap();
    assert_eq!(stored[0].seq, Seq(4));
}
