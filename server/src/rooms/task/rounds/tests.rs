//! Rooms on a store that does not always tell what became of a round.

use std::sync::Arc;

use chat_protocol::{
    CloseCode, DraftContent, FilterAction, FilterKind, HeldId, Nonce, PostMessage, Rank, RoomName,
    ServerEvent,
};
use futures_util::FutureExt;
use tokio::task::yield_now;
use tokio::time::Instant;

use super::*;
use crate::domain::entry::{AccountId, Entry};
use crate::domain::filter::{self, Pattern};
use crate::domain::held::Choice;
use crate::domain::moderation::{BanScope, Person};
use crate::rooms::task::{FlushWindow, Founders};
use crate::rooms::tests::{entrance, room, stores};
use crate::rooms::{Membership, Order, RoomError, RoomSettings, Rooms};
use crate::stopping::Stop;
use crate::store::accounts::{Account, Accounts};
use crate::store::filters::Filters;
use crate::store::memory::{Fault, MemoryStore};
use crate::store::rooms::RoomDirectory;
use crate::store::standing::Standings;
use crate::wire::outbox::OutboxReader;
use crate::wire::outbox::tests::Drained;

use Fault::{Refused, UnknownAndNot, UnknownAndStored};

/// What may become of a round before it is known that it is stored.
const STORED: [&[Fault]; 4] = [
    &[UnknownAndStored],
    &[UnknownAndNot],
    &[UnknownAndNot, UnknownAndNot, UnknownAndNot],
    &[UnknownAndNot, UnknownAndStored, UnknownAndNot],
];
/// And before it is known that it is not.
const NOT_STORED: [&[Fault]; 2] = [
    &[UnknownAndNot, Refused],
    &[UnknownAndNot, UnknownAndNot, Refused],
];

/// A room with three in it; it is Ann's.
struct Bench {
    store: Arc<MemoryStore>,
    rooms: Rooms,
    ann: Client,
    bob: Client,
    carl: Client,
}

struct Client {
    membership: Membership,
    reader: OutboxReader,
}

impl Client {
    async fn enter(rooms: &Rooms, name: &str) -> Self {
        let (entrance, reader) = entrance(rooms, name, None);
        let membership = rooms.enter(room(), entrance).await.unwrap();
        let mut client = Self { membership, reader };
        assert_eq!(client.told(), ["auth"]);
        client
    }

    async fn post(&self, text: &str) {
        let post = PostMessage {
            content: DraftContent::new(text).unwrap(),
            nonce: Some(Nonce::new("n").unwrap()),
            reply_to: None,
        };
        self.membership.post(post).await.unwrap();
    }

    /// What it was told since it was last asked; at the end, with which code it was disconnected.
    fn told(&mut self) -> Vec<String> {
        let mut batch = Vec::new();
        let mut closed = None;
        while let Some(drained) = self.reader.drain(&mut batch).now_or_never() {
            if let Drained::Closed(closing) = drained {
                closed = Some(format!("closed: {:?}", closing.code));
                break;
            }
        }
        let told = batch.iter().map(|json| {
            let event = ServerEvent::decode(json).unwrap();
            match &event {
                ServerEvent::Message(message) => format!("message: {}", message.content),
                ServerEvent::Cerror(error) => format!("cerror: {:?}", error.code),
                other => other.name().to_owned(),
            }
        });
        told.chain(closed).collect()
    }
}

impl Bench {
    async fn new() -> Self {
        Self::with(FlushWindow::new(Duration::ZERO)).await
    }

    async fn with(window: FlushWindow) -> Self {
        let store = Arc::new(MemoryStore::default());
        for name in ["ann", "bob", "carl"] {
            store.create(Account::named(name, 0)).await.unwrap();
        }
        let settings = RoomSettings {
            founders: Founders::Anyone,
            members_age: Duration::ZERO,
            window,
        };
        let rooms = Rooms::new(stores(&store), settings);
        Self {
            ann: Client::enter(&rooms, "ann").await,
            bob: Client::enter(&rooms, "bob").await,
            carl: Client::enter(&rooms, "carl").await,
            rooms,
            store,
        }
    }

    /// The room does what it can do at once: time stands still.
    async fn idle(&self) {
        for _ in 0..100 {
            yield_now().await;
        }
    }

    /// What is asked has no answer yet, whatever it is.
    async fn check_silent(&mut self, faults: &[Fault]) {
        self.idle().await;
        let told = [self.ann.told(), self.bob.told(), self.carl.told()];
        assert_eq!(told.concat(), [] as [String; 0], "{faults:?}");
    }

    /// All that was asked is answered, and each was told this.
    async fn check(&mut self, faults: &[Fault], ann: &[&str], bob: &[&str], carl: &[&str]) {
        self.ann.membership.await_stored().await.unwrap();
        let told = [self.ann.told(), self.bob.told(), self.carl.told()];
        assert_eq!(told, [ann, bob, carl], "{faults:?}");
        assert!(!self.store.is_to_fail(), "{faults:?}");
    }

    /// The messages in the log.
    fn left(&self) -> Vec<String> {
        let log = self.store.log(&room()).unwrap();
        let entries = log.entries.iter().filter_map(|(_, entry)| entry.as_ref());
        let posted = entries.filter_map(Entry::message);
        posted
            .map(|posted| posted.content.as_str().to_owned())
            .collect()
    }

    async fn filter(&mut self, text: &str, action: FilterAction) {
        let change = blocking(text, action);
        self.ann.membership.filter(change).await.unwrap();
    }

    /// Messages with a link wait.
    async fn hold_links(&mut self) {
        self.filter("link", FilterAction::Hold).await;
        self.check(&[], &["addFilter"], &[], &[]).await;
    }

    /// Ann bans Bob.
    async fn ban(&self) {
        let order = Order::Ban(None, None, BanScope::Account);
        let ban = self.ann.membership.moderate(order, Some(person("bob")));
        ban.await.unwrap();
    }

    async fn decide(&self, choice: Choice) {
        let held = HeldId::new("1").unwrap();
        self.ann.membership.decide(held, choice).await.unwrap();
    }
}

fn blocking(text: &str, action: FilterAction) -> filter::Change {
    filter::Change::Add(Pattern {
        text: text.to_owned(),
        kind: FilterKind::Word,
        action,
        reason: None,
        flaw: None,
    })
}

fn person(name: &str) -> Person {
    Person {
        username: name.to_owned(),
        key: name.to_owned(),
        account: AccountId::named(name),
        is_removed: false,
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_stored_is_shown_once_and_only_when_it_is_known() {
    for faults in STORED {
        let mut bench = Bench::new().await;
        bench.store.fail(faults.iter().copied());
        bench.bob.post("hi").await;
        bench.check_silent(faults).await;
        let all = ["message: hi"];
        bench.check(faults, &all, &all, &all).await;
        assert_eq!(bench.left(), ["hi"], "{faults:?}");
        // Whoever sends it again is told where it is.
        bench.bob.post("hi").await;
        bench.check(faults, &[], &all, &[]).await;
        assert_eq!(bench.left(), ["hi"], "{faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_turns_out_not_to_be_stored_is_refused_then_and_shown_to_nobody() {
    for faults in NOT_STORED {
        let mut bench = Bench::new().await;
        bench.store.fail(faults.iter().copied());
        bench.bob.post("hi").await;
        bench.check_silent(faults).await;
        let refused = ["cerror: Unavailable"];
        bench.check(faults, &[], &refused, &[]).await;
        assert_eq!(bench.left(), [] as [String; 0], "{faults:?}");
        bench.bob.post("again").await;
        let all = ["message: again"];
        bench.check(faults, &all, &all, &all).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_meanwhile_comes_behind_it() {
    let mut bench = Bench::new().await;
    bench.store.fail([UnknownAndStored, UnknownAndNot]);
    bench.bob.post("one").await;
    bench.idle().await;
    bench.carl.post("two").await;
    bench.check_silent(&[]).await;
    let all = ["message: one", "message: two"];
    bench.check(&[], &all, &all, &all).await;
    assert_eq!(bench.left(), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_ban_takes_effect_once_it_is_known() {
    for faults in STORED {
        let mut bench = Bench::new().await;
        bench.store.fail(faults.iter().copied());
        bench.ban().await;
        bench.bob.post("meanwhile").await;
        bench.check_silent(faults).await;
        let expelled = ["ban", "closed: Banned"];
        bench.check(faults, &["ban"], &expelled, &[]).await;
        assert_eq!(bench.left(), [] as [String; 0], "{faults:?}");
    }
    for faults in NOT_STORED {
        let mut bench = Bench::new().await;
        bench.store.fail(faults.iter().copied());
        bench.ban().await;
        bench.bob.post("meanwhile").await;
        bench.check_silent(faults).await;
        let ann = ["cerror: Unavailable", "message: meanwhile"];
        let others = ["message: meanwhile"];
        bench.check(faults, &ann, &others, &others).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_is_founded_along_with_the_rank_for_which_it_is_or_not_at_all() {
    let bench = Bench::new().await;
    let other = RoomName::new("other").unwrap();
    let appoint = async || {
        let (room, bob) = (other.clone(), person("bob"));
        bench.rooms.operate(room, Order::Appoint, bob, true).await
    };
    for faults in NOT_STORED {
        bench.store.fail(faults.iter().copied());
        let refused = appoint().await.unwrap_err();
        assert!(matches!(refused, RoomError::Operate(_)), "{refused:?}");
        assert!(!bench.store.is_founded(&other).await.unwrap());
    }
    bench.store.fail([UnknownAndStored]);
    appoint().await.unwrap();
    assert!(bench.store.is_founded(&other).await.unwrap());
    let standing = Standings::load(&*bench.store, &other, 0.into()).await;
    assert_eq!(standing.unwrap().rank("bob"), Rank::Moderator);
}

#[tokio::test(start_paused = true)]
async fn a_room_is_founded_along_with_the_pattern_for_which_it_is_or_not_at_all() {
    let bench = Bench::new().await;
    let other = RoomName::new("other").unwrap();
    let block = async || {
        let change = blocking("bad", FilterAction::Refuse);
        bench.rooms.filter(other.clone(), change, true).await
    };
    for faults in NOT_STORED {
        bench.store.fail(faults.iter().copied());
        let refused = block().await.unwrap_err();
        assert!(matches!(refused, RoomError::Operate(_)), "{refused:?}");
        assert!(!bench.store.is_founded(&other).await.unwrap());
    }
    bench.store.fail([UnknownAndStored]);
    block().await.unwrap();
    assert!(bench.store.is_founded(&other).await.unwrap());
    let patterns = Filters::load(&*bench.store, &other).await;
    assert_eq!(patterns.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_two_rulings_the_second_finds_nothing_though_it_came_before_the_first_was_known() {
    for faults in STORED {
        let mut bench = Bench::new().await;
        bench.hold_links().await;
        bench.bob.post("a link").await;
        bench.check(&[], &[], &["cerror: Forbidden"], &[]).await;
        bench.store.fail(faults.iter().copied());
        bench.decide(Choice::Allow).await;
        bench.decide(Choice::Deny(None)).await;
        bench.check_silent(faults).await;
        let all = ["message: a link"];
        let ann = ["message: a link", "allow", "cerror: NotFound"];
        bench.check(faults, &ann, &all, &all).await;
        assert_eq!(bench.left(), ["a link"], "{faults:?}");
    }
    for faults in NOT_STORED {
        let mut bench = Bench::new().await;
        bench.hold_links().await;
        bench.bob.post("a link").await;
        bench.check(&[], &[], &["cerror: Forbidden"], &[]).await;
        bench.store.fail(faults.iter().copied());
        bench.decide(Choice::Allow).await;
        bench.decide(Choice::Deny(None)).await;
        bench.check_silent(faults).await;
        let ann = ["cerror: Unavailable", "deny"];
        bench.check(faults, &ann, &["cerror: Forbidden"], &[]).await;
        assert_eq!(bench.left(), [] as [String; 0], "{faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_waits_for_a_moderator_once_it_is_known_that_it_does() {
    for faults in STORED {
        let mut bench = Bench::new().await;
        bench.hold_links().await;
        bench.store.fail(faults.iter().copied());
        bench.bob.post("a link").await;
        bench.check_silent(faults).await;
        bench.check(faults, &[], &["cerror: Forbidden"], &[]).await;
        bench.decide(Choice::Allow).await;
        // It waits once.
        bench.decide(Choice::Allow).await;
        let ann = ["message: a link", "allow", "cerror: NotFound"];
        let all = ["message: a link"];
        bench.check(faults, &ann, &all, &all).await;
    }
    for faults in NOT_STORED {
        let mut bench = Bench::new().await;
        bench.hold_links().await;
        bench.store.fail(faults.iter().copied());
        bench.bob.post("a link").await;
        bench.check_silent(faults).await;
        let refused = ["cerror: Unavailable"];
        bench.check(faults, &[], &refused, &[]).await;
        bench.decide(Choice::Allow).await;
        bench.check(faults, &["cerror: NotFound"], &[], &[]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_pattern_is_answered_and_in_effect_once_it_is_known() {
    for faults in STORED {
        let mut bench = Bench::new().await;
        bench.store.fail(faults.iter().copied());
        bench.filter("bad", FilterAction::Refuse).await;
        bench.bob.post("so bad").await;
        bench.check_silent(faults).await;
        bench
            .check(faults, &["addFilter"], &["cerror: Forbidden"], &[])
            .await;
        assert_eq!(bench.left(), [] as [String; 0], "{faults:?}");
    }
    for faults in NOT_STORED {
        let mut bench = Bench::new().await;
        bench.store.fail(faults.iter().copied());
        bench.filter("bad", FilterAction::Refuse).await;
        bench.bob.post("so bad").await;
        bench.check_silent(faults).await;
        let ann = ["cerror: Unavailable", "message: so bad"];
        let others = ["message: so bad"];
        bench.check(faults, &ann, &others, &others).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_asks_again_after_pauses_that_grow_and_are_bounded() {
    let mut bench = Bench::new().await;
    bench.store.fail([UnknownAndNot; 8]);
    let begun = Instant::now();
    bench.bob.post("hi").await;
    let all = ["message: hi"];
    bench.check(&[], &all, &all, &all).await;
    let pauses = [50, 100, 200, 400, 800, 1000, 1000, 1000];
    let expected = Duration::from_millis(pauses.into_iter().sum());
    let slack = Duration::from_millis(20);
    let took = begun.elapsed();
    assert!((expected..expected + slack).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_stored_before_is_shown_though_it_is_unknown_what_became_of_the_rest() {
    let mut bench = Bench::with(FlushWindow::everywhere(Duration::from_secs(600))).await;
    for text in ["at once", "waits"] {
        let post = PostMessage {
            content: DraftContent::new(text).unwrap(),
            nonce: None,
            reply_to: None,
        };
        bench.bob.membership.post(post).await.unwrap();
        bench.bob.membership.await_stored().await.unwrap();
    }
    assert_eq!(bench.carl.told(), ["message: at once"]);
    bench.store.fail([UnknownAndStored, UnknownAndNot]);
    bench.bob.post("unknown").await;
    bench.bob.membership.who().await.unwrap();
    bench.idle().await;
    assert_eq!(bench.carl.told(), ["message: waits"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_room_that_does_not_know_and_those_who_wait_hear_of_that_alone() {
    for fault in [UnknownAndStored, UnknownAndNot] {
        let mut bench = Bench::new().await;
        bench.store.fail([fault; 1_000]);
        bench.bob.post("hi").await;
        bench.idle().await;
        bench.carl.post("behind it").await;
        let rooms = bench.rooms.clone();
        let mute = Order::Mute(60, None);
        let operating =
            tokio::spawn(async move { rooms.operate(room(), mute, person("bob"), false).await });
        bench.check_silent(&[fault]).await;
        bench.rooms.stop(Stop::Restart).await;
        for client in [&mut bench.ann, &mut bench.bob, &mut bench.carl] {
            assert_eq!(client.told(), [format!("closed: {:?}", CloseCode::Restart)]);
        }
        let operated = operating.await.unwrap();
        let is_told = matches!(operated, Err(RoomError::Stopping));
        assert!(is_told, "{operated:?}");
        let is_stored = fault == UnknownAndStored;
        assert_eq!(bench.left().len(), usize::from(is_stored));
    }
}
