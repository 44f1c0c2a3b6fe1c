//! Held messages: taken out once, with all that follows, and gone with what they belong to.

use chat_protocol::{Content, Username};

use super::*;
use crate::domain::entry::Entry;
use crate::domain::held::{Choice, HeldMessage, PATIENCE, Ruled, Ruling, Waiting};
use crate::domain::moderation::Sanction;
use crate::store::accounts::Accounts;
use crate::store::held::HeldMessages;

conforms!(
    what_is_ruled_on_is_taken_out_once_and_with_all_that_follows,
    a_message_answers_only_what_is_still_there_when_it_is_let_through,
    what_takes_a_user_away_takes_what_they_have_waiting,
    what_nobody_decided_in_a_day_is_forgotten_with_the_next,
);

struct Stage<'a> {
    store: &'a dyn Store,
    room: RoomName,
}

async fn stage(store: &dyn Store) -> Stage<'_> {
    let room = room("r");
    begun(store, &room).await;
    accounts(store, &["bob", "carl"]).await;
    Stage { store, room }
}

impl Stage<'_> {
    async fn hold(&self, name: &str, time: u64) -> HeldMessage {
        let waiting = waiting(name, time);
        let forget = waiting.time.saturating_sub(PATIENCE);
        hold(self.store, &self.room, &waiting, forget).await
    }

    async fn left(&self) -> Vec<HeldMessage> {
        let left = HeldMessages::load(self.store, &self.room, 0).await;
        left.unwrap()
    }
}

pub(crate) fn waiting(name: &str, time: u64) -> Waiting {
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
            ..super::author("ann")
        },
        time: 9,
    }
}

async fn what_is_ruled_on_is_taken_out_once_and_with_all_that_follows(store: &dyn Store) {
    let stage = stage(store).await;
    let one = stage.hold("bob", 5).await;
    let two = stage.hold("carl", 6).await;
    assert_eq!(stage.left().await, [one.clone(), two.clone()]);
    assert_eq!(
        HeldMessages::load(stage.store, &stage.room, 5)
            .await
            .unwrap(),
        std::slice::from_ref(&two)
    );
    let elsewhere = RoomName::new("s").unwrap();
    let allowed = ruling(&two, Choice::Allow);
    let ruled = rule(stage.store, &elsewhere, &allowed).await;
    assert_eq!(ruled, Ruled::Gone);
    let ruled = rule(stage.store, &stage.room, &allowed).await;
    let Ruled::Done(Some(entry)) = ruled else {
        panic!("{ruled:?}")
    };
    assert_eq!((entry.seq, entry.time), (Seq(1), 9));
    let again = rule(stage.store, &stage.room, &allowed).await;
    assert_eq!(again, Ruled::Gone);
    let denied = ruling(&one, Choice::Deny(None));
    let ruled = rule(stage.store, &stage.room, &denied).await;
    assert_eq!(ruled, Ruled::Done(None));
    assert_eq!(stage.left().await, []);
    // The id of what was taken out is never another's.
    let three = stage.hold("bob", 7).await;
    assert!(three.id != one.id && three.id != two.id);
    let head = stage.store.open(&stage.room, 0).await.unwrap();
    assert_eq!((head.last, head.nonces.len()), (Seq(1), 1));
    assert_eq!(audit(store, None).await, ["allow carl", "deny bob"]);
}

async fn a_message_answers_only_what_is_still_there_when_it_is_let_through(store: &dyn Store) {
    let stage = stage(store).await;
    let epochs = stage.store.open(&stage.room, 0).await.unwrap().epochs;
    let allow = async |target: MessageId| {
        let waiting = Waiting {
            reply_to: Some(target),
            ..waiting("bob", 5)
        };
        let held = hold(stage.store, &stage.room, &waiting, 0).await;
        let allowed = ruling(&held, Choice::Allow);
        let ruled = rule(stage.store, &stage.room, &allowed).await;
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
        let stored = stage.store.read(&stage.room, range).await.unwrap().entries;
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
    let stored = append(stage.store, &stage.room, None, vec![deletion]).await;
    assert_eq!(answers(&allow(first).await), None);
    let no_message = epochs.id_of(stored.unwrap()[0].seq);
    assert_eq!(answers(&allow(no_message).await), None);
}

async fn what_takes_a_user_away_takes_what_they_have_waiting(store: &dyn Store) {
    let stage = stage(store).await;
    let append = |body| {
        append(
            stage.store,
            &stage.room,
            None,
            vec![NewEntry { time: 9, body }],
        )
    };
    for way in 0..4 {
        stage.hold("bob", 5).await;
        let carls = stage.hold("carl", 6).await;
        match way {
            0 => {
                let ban = Sanction::for_seconds(None, None, 0.into());
                let verdict = verdict(Decision::Ban(ban), "bob");
                judge(stage.store, &stage.room, &verdict).await.unwrap();
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
                Accounts::remove(stage.store, &name, 9).await.unwrap();
                stage.store.create(Account::named("bob", 1)).await.unwrap();
            }
            _ => {
                append(EntryBody::Cleared(author("ann"))).await.unwrap();
                assert_eq!(stage.left().await, []);
                stage.hold("carl", 6).await;
                stage.store.forget_room(&stage.room).await.unwrap();
                assert_eq!(stage.left().await, []);
                return;
            }
        }
        assert_eq!(stage.left().await, std::slice::from_ref(&carls), "{way}");
        let denied = ruling(&carls, Choice::Deny(None));
        rule(stage.store, &stage.room, &denied).await;
    }
}

async fn what_nobody_decided_in_a_day_is_forgotten_with_the_next(store: &dyn Store) {
    let stage = stage(store).await;
    stage.hold("bob", 5).await;
    let fresh = stage.hold("bob", 6).await;
    let late = stage.hold("carl", 5 + PATIENCE).await;
    assert_eq!(stage.left().await, [fresh, late]);
}
