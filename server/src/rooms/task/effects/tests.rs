//! Each kind of effect is carried out, in its turn, whatever it follows from.

use chat_protocol::{Content, FilterAction, FilterKind, ModerationNotice, RoomState};
use futures_util::FutureExt;
use tempfile::TempDir;

use super::*;
use crate::domain::entry::{AccountId, Author, EntryBody, MessagePosted, NewEntry};
use crate::domain::filter::{self, Pattern};
use crate::domain::held::{Choice, Ruling, Waiting};
use crate::domain::moderation::{BanScope, Person};
use crate::domain::room::{Allowed, Known, NOBODY, Order, PendingVerdict, operated, operator};
use crate::rooms::task::rounds::Wanted;
use crate::rooms::tests::{driven_task, entrance};
use crate::store::accounts::Account;
use crate::wire::outbox::OutboxReader;
use crate::wire::outbox::tests::Drained;

/// A room with ann in it.
struct Driven {
    task: RoomTask,
    ann: MemberId,
    reader: OutboxReader,
    _directory: TempDir,
}

impl Driven {
    async fn new() -> Self {
        let (mut task, rooms, _directory) = driven_task().await;
        let founding = Wanted::one(NOBODY, task.founding());
        task.store_round(Part::Rooms, founding).await.unwrap();
        task.carry_out().await;
        for name in ["ann", "bob"] {
            let account = Account::named(name, 0);
            task.stores.accounts.create(account).await.unwrap();
        }
        let (entrance, reader) = entrance(&rooms, "ann", None);
        let ann = task.enter(entrance).await.unwrap();
        let mut driven = Self {
            task,
            ann,
            reader,
            _directory,
        };
        assert_eq!(driven.received().await, ["auth"]);
        driven
    }

    /// What ann was told since she was last asked; at the end, with which code she was disconnected.
    async fn received(&mut self) -> Vec<String> {
        self.task.delivery.flush().await;
        let mut batch = Vec::new();
        let mut closed = None;
        while let Some(drained) = self.reader.drain(&mut batch).now_or_never() {
            if let Drained::Closed(closing) = drained {
                closed = Some(format!("{:?}", closing.code));
                break;
            }
        }
        let events = batch.iter().map(|json| ServerEvent::decode(json).unwrap());
        let names = events.map(|event| event.name().to_owned());
        names.chain(closed).collect()
    }

    fn post(&mut self, id: MemberId, entry: NewEntry) {
        self.task.unstored.add(id, Change::Append(entry));
    }

    async fn carry_out(&mut self, effects: impl IntoIterator<Item = Effect>) -> Outcome {
        self.task.following.extend(effects);
        self.task.carry_out().await
    }

    /// Carries out `effect` while a message is not stored yet: ann is told of that first, then of this.
    async fn check(&mut self, effect: Effect, told: &[&str]) -> Outcome {
        let name = format!("{effect:?}");
        self.post(NOBODY, message("before", None));
        let outcome = self.carry_out([effect]).await;
        let expected: Vec<&str> = ["message"].iter().chain(told).copied().collect();
        assert_eq!(self.received().await, expected, "{name}");
        outcome
    }
}

fn author(name: &str) -> Author {
    Author {
        username: name.to_owned(),
        key: name.to_owned(),
        account: AccountId::named(name),
        display_name: name.to_owned(),
        rank: chat_protocol::Rank::User,
    }
}

fn message(text: &str, nonce: Option<&str>) -> NewEntry {
    let posted = MessagePosted {
        author: author("ann"),
        content: Content::from_stored(text.to_owned()),
        reply_to: None,
        nonce: nonce.map(|nonce| Nonce::new(nonce).unwrap()),
    };
    NewEntry {
        time: clock::now(),
        body: EntryBody::MessagePosted(posted),
    }
}

fn mute(name: &str) -> Box<PendingVerdict> {
    let target = Person {
        username: name.to_owned(),
        key: name.to_owned(),
        account: AccountId::named(name),
        is_removed: false,
    };
    let order = Order::Mute(60, None);
    Box::new(PendingVerdict {
        verdict: operated(&order, target, clock::moment()).unwrap(),
        scope: BanScope::Account,
        creates: false,
    })
}

fn waiting() -> Box<Waiting> {
    Box::new(Waiting {
        time: clock::now(),
        author: author("ann"),
        content: Content::from_stored("held".to_owned()),
        reply_to: None,
        nonce: None,
        pattern: "held".to_owned(),
        reason: None,
    })
}

fn pattern() -> filter::Change {
    filter::Change::Add(Pattern {
        text: "spam".to_owned(),
        kind: FilterKind::Word,
        action: FilterAction::Refuse,
        reason: None,
        flaw: None,
    })
}

fn modes() -> ServerEvent {
    ServerEvent::Room(RoomState::default())
}

#[tokio::test]
async fn what_follows_from_anything_stored_is_carried_out() {
    let mut driven = Driven::new().await;
    let ann = driven.ann;
    // Verdicts, messages that wait, rulings and patterns: stored, then told.
    driven
        .check(Effect::Judge(ann, mute("ann")), &["mute", "mute"])
        .await;
    let standings = &driven.task.stores.standings;
    let standing = standings.load(&driven.task.name, clock::moment()).await;
    assert!(standing.unwrap().mutes.contains_key("ann"));
    driven
        .check(Effect::Hold(ann, waiting()), &["cerror"])
        .await;
    let held = driven.task.stores.held.load(&driven.task.name, 0).await;
    let ruling = Ruling {
        held: held.unwrap().remove(0),
        choice: Choice::Allow,
        entry: Some(message("held", None)),
        by: operator(),
        time: clock::now(),
    };
    let told = ["message", "allow"];
    driven
        .check(Effect::Rule(ann, Box::new(ruling)), &told)
        .await;
    let held = driven.task.stores.held.load(&driven.task.name, 0).await;
    assert_eq!(held.unwrap(), []);
    let change = Effect::ChangeFilter(ann, pattern(), "ann".to_owned(), false);
    driven.check(change, &["addFilter"]).await;
    assert_eq!(driven.task.filter.list().await.unwrap().len(), 1);
    driven.check(Effect::ListFilters(ann), &["filters"]).await;
}

#[tokio::test]
async fn what_is_told_comes_behind_what_was_posted_before() {
    let mut driven = Driven::new().await;
    let ann = driven.ann;
    let nonce = || Nonce::new("n").unwrap();
    driven.check(Effect::Send(ann, modes()), &["room"]).await;
    driven
        .check(Effect::Announce(vec![ann], modes()), &["room"])
        .await;
    let gone = Seq(1_000);
    driven
        .check(Effect::Repeat(ann, gone, nonce()), &["cerror"])
        .await;
    driven.post(ann, message("again", Some("n")));
    driven.task.show_all().await;
    assert_eq!(driven.received().await, ["message"]);
    let seq = driven.task.head.last;
    driven
        .check(Effect::Repeat(ann, seq, nonce()), &["message"])
        .await;
    let entry = driven.task.entry(seq).await.unwrap().unwrap();
    let deliver = Effect::Deliver(vec![ann], entry);
    driven.check(deliver, &["message"]).await;
    let view = View {
        audit_version: 7,
        known: Known::Audit,
    };
    let outcome = driven
        .check(Effect::Open(Box::new(view.clone())), &[])
        .await;
    assert_eq!(outcome.view, Some(view));
    let outcome = driven
        .check(Effect::Report(Ok("done".to_owned())), &[])
        .await;
    assert_eq!(outcome.report.unwrap().unwrap(), "done");
    driven.check(Effect::CheckPinned(operator()), &[]).await;
    assert!(driven.task.pin_to_check.is_some());
    driven.check(Effect::WakeAt(0), &[]).await;
    assert!(driven.task.wake_at.is_some());
    // Nobody is limited here.
    driven.check(Effect::CheckFlooding(ann), &[]).await;
    let notice = ServerEvent::Kick(ModerationNotice::default());
    let expel = Effect::Expel(vec![ann], notice, CloseCode::Kicked);
    let outcome = driven.check(expel, &["kick", "Kicked"]).await;
    assert_eq!(outcome.closed, 1);
}

#[tokio::test]
async fn who_is_signed_out_gets_what_was_posted_before() {
    let mut driven = Driven::new().await;
    let sign_out = Effect::SignOut(vec![driven.ann]);
    let outcome = driven.check(sign_out, &["SignedOut"]).await;
    assert_eq!(outcome.closed, 1);
}

#[tokio::test]
async fn what_follows_comes_before_what_was_ordered_after_it() {
    let mut driven = Driven::new().await;
    let ann = driven.ann;
    let ordered = [
        Effect::Charge(ann, Allowed::Store(message("first", None))),
        Effect::Charge(ann, Allowed::Judge(mute("bob"))),
        Effect::Send(ann, modes()),
        Effect::Store(ann, message("last", None)),
    ];
    driven.carry_out(ordered).await;
    assert_eq!(driven.received().await, ["message", "mute", "room"]);
    assert_eq!(driven.task.unstored.len(), 1);
    driven.task.show_all().await;
    assert_eq!(driven.received().await, ["message"]);
}

#[tokio::test]
async fn messages_on_their_way_share_a_commit() {
    let mut driven = Driven::new().await;
    let ann = driven.ann;
    for _ in 0..3 {
        let charge = Effect::Charge(ann, Allowed::Store(message("x", None)));
        driven.carry_out([charge]).await;
    }
    assert_eq!(driven.task.unstored.len(), 3);
    let refusal = Input::Unavailable(ann, "message", Lookup::Log, None);
    driven.task.apply(refusal).await;
    let told = ["message", "message", "message", "cerror"];
    assert_eq!(driven.received().await, told);
}
