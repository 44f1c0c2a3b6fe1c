//! Rooms as sessions use them, on a real log.

use std::collections::VecDeque;

use chat_protocol::{
    CloseCode, DraftContent, Epoch, History, HistoryRequest, MessageId, Nonce, PostMessage, Rank,
    Seq, ServerEvent, Since, Username,
};
use futures_util::FutureExt;
use tempfile::TempDir;

use super::history::Viewer;
use super::*;
use crate::domain::address::Address;
use crate::domain::entry::{AccountId, NewEntry};
use crate::domain::moderation::BanScope;
use crate::limits::Allowance;
use crate::limits::addresses::Addresses;
use crate::store::Store;
use crate::store::accounts::{Account, Accounts};
use crate::store::addresses::AddressStore;
use crate::store::conformance::append;
use crate::store::log::{End, Range, RoomLog};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::{Database, Durability};
use crate::wire::outbox::OutboxReader;
use crate::wire::outbox::tests::{Drained, queue};

struct Bench {
    rooms: Rooms,
    database: Arc<Database>,
    _directory: TempDir,
}

/// A member and what they have received.
struct Client {
    membership: Membership,
    reader: OutboxReader,
    key: String,
    received: VecDeque<ServerEvent>,
}

fn bench() -> Bench {
    bench_with(FlushWindow::new(Duration::ZERO))
}

/// Where messages wait to share a write, for longer than the test takes.
fn waiting_bench() -> Bench {
    bench_with(FlushWindow::everywhere(Duration::from_secs(600)))
}

/// All that a room is kept in, in one engine.
pub(super) fn stores<Engine: Store + 'static>(store: &Arc<Engine>) -> Stores {
    let addresses = Addresses::new(store.clone(), BanScope::Account);
    Stores::of(store.clone(), addresses)
}

fn bench_with(window: FlushWindow) -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
    let store = Arc::new(SqliteStore::new(Arc::clone(&database)));
    Bench {
        rooms: Rooms::new(
            stores(&store),
            RoomSettings {
                founders: Founders::Anyone,
                members_age: Duration::ZERO,
                window,
            },
        ),
        database,
        _directory: directory,
    }
}

pub(super) fn room() -> RoomName {
    RoomName::new("r").unwrap()
}

fn post(text: &str, nonce: Option<&str>) -> PostMessage {
    PostMessage {
        content: DraftContent::new(text).unwrap(),
        nonce: nonce.map(|text| Nonce::new(text).unwrap()),
        reply_to: None,
    }
}

/// What a member is told first.
pub(super) fn welcome() -> Box<chat_protocol::AuthAccepted> {
    Box::new(chat_protocol::AuthAccepted {
        code: chat_protocol::Code::Ok,
        message: String::new(),
        username: String::new(),
        display_name: String::new(),
        room: String::new(),
        access_level: Rank::User,
        capabilities: Vec::new(),
        token: String::new(),
        token_expires: 0,
        created: false,
    })
}

pub(super) fn entrance(
    rooms: &Rooms,
    name: &str,
    since: Option<Since>,
) -> (Entrance, OutboxReader) {
    let (outbox, reader) = queue();
    let account = Account::named(name, 0);
    let entrance = Entrance {
        login: rooms.log_in(&Username::new(name).unwrap()),
        account,
        is_new: false,
        address: Address::UNKNOWN,
        capabilities: chat_protocol::Capabilities::default(),
        since,
        welcome: welcome(),
        outbox,
        allowance: Allowance::unlimited(),
    };
    (entrance, reader)
}

/// The task of a room, to be driven by hand, and the directory whose stores it has.
pub(super) async fn driven_task() -> (RoomTask, Rooms, TempDir) {
    let Bench {
        rooms, _directory, ..
    } = bench();
    let beginning = begin(&rooms.shared, &room()).await.unwrap();
    let (stores, stopping) = (rooms.shared.stores.clone(), rooms.shared.stopping.clone());
    let commands = mpsc::channel(1).1;
    let task = RoomTask::new(room(), stores, commands, beginning, stopping);
    (task, rooms, _directory)
}

impl Bench {
    /// Enters and takes the welcome.
    async fn enter(&self, name: &str, since: Option<Since>) -> Client {
        self.rooms.found(room()).await.unwrap();
        let (entrance, reader) = entrance(&self.rooms, name, since);
        let membership = self.rooms.enter(room(), entrance).await.unwrap();
        let mut client = Client {
            membership,
            reader,
            key: name.to_owned(),
            received: VecDeque::new(),
        };
        assert_eq!(client.next().await.name(), "auth");
        client
    }
}

impl Client {
    async fn next(&mut self) -> ServerEvent {
        while self.received.is_empty() {
            let mut batch = Vec::new();
            if let Drained::Closed(closing) = self.reader.drain(&mut batch).await {
                panic!("{closing:?}");
            }
            let events = batch.iter().map(|json| ServerEvent::decode(json).unwrap());
            self.received.extend(events);
        }
        self.received.pop_front().unwrap()
    }

    /// The next `count` entries, as (seq, content).
    async fn messages(&mut self, count: usize) -> Vec<(u64, String)> {
        let mut found = Vec::new();
        for _ in 0..count {
            match self.next().await {
                ServerEvent::Message(message) => found.push((message.seq.0, message.content)),
                other => panic!("{other:?}"),
            }
        }
        found
    }
}

fn viewer(key: &str) -> Viewer {
    Viewer {
        account: AccountId::named(key),
        wants_modes: false,
    }
}

/// What the client gets when it asks for the history; what comes before is kept.
async fn history(bench: &Bench, client: &mut Client) -> History {
    let request = HistoryRequest::default();
    let asked = bench
        .rooms
        .history(&client.membership, viewer(&client.key), &request);
    asked.await.unwrap();
    loop {
        if let ServerEvent::History(history) = client.next().await {
            return history;
        }
    }
}

async fn epoch(bench: &Bench, client: &mut Client) -> Epoch {
    history(bench, client).await.epoch
}

#[tokio::test]
async fn everybody_sees_one_order() {
    let bench = bench();
    let mut ann = bench.enter("ann", None).await;
    let mut bob = bench.enter("bob", None).await;
    for number in 0..50 {
        let text = number.to_string();
        ann.membership.post(post(&text, None)).await.unwrap();
        bob.membership.post(post(&text, None)).await.unwrap();
    }
    let seen = ann.messages(100).await;
    assert_eq!(seen, bob.messages(100).await);
    let seqs: Vec<u64> = seen.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_came_since_has_no_hole_and_no_double() {
    let bench = bench();
    let mut ann = bench.enter("ann", None).await;
    let epoch = epoch(&bench, &mut ann).await;
    const POSTS: u64 = 200;
    let posting = async {
        for number in 1..=POSTS {
            let text = number.to_string();
            ann.membership.post(post(&text, None)).await.unwrap();
        }
    };
    let resuming = async {
        let mut last = 0;
        while last < POSTS {
            let since = Since {
                epoch: Some(epoch.clone()),
                seq: Seq(last),
            };
            let mut bob = bench.enter("bob", Some(since)).await;
            let ServerEvent::History(history) = bob.next().await else {
                panic!("a resume begins with history")
            };
            assert_eq!(history.recovered, Some(true));
            let live = std::mem::take(&mut bob.received);
            for event in history.entries.into_iter().chain(live) {
                assert_eq!(event.seq(), Some(Seq(last + 1)));
                last += 1;
            }
            bob.membership.leave().await;
        }
    };
    tokio::join!(posting, resuming);
}

#[tokio::test]
async fn history_holds_what_the_member_posted_before() {
    let bench = bench();
    let mut ann = bench.enter("ann", None).await;
    for number in 1..=20 {
        ann.membership.post(post("x", None)).await.unwrap();
        let history = history(&bench, &mut ann).await;
        assert_eq!(history.entries.len(), number);
    }
}

#[tokio::test]
async fn a_reply_may_answer_what_was_posted_just_before() {
    let bench = bench();
    let mut ann = bench.enter("ann", None).await;
    let epoch = epoch(&bench, &mut ann).await;
    let mut reply = post("yes", None);
    reply.reply_to = Some(MessageId::at(&epoch, Seq(1)));
    let mut too_early = post("no", None);
    too_early.reply_to = Some(MessageId::at(&epoch, Seq(3)));
    ann.membership.post(post("really?", None)).await.unwrap();
    ann.membership.post(too_early).await.unwrap();
    ann.membership.post(reply).await.unwrap();
    assert_eq!(ann.messages(1).await, [(1, "really?".to_owned())]);
    assert_eq!(ann.next().await.name(), "cerror");
    assert_eq!(ann.messages(1).await, [(2, "yes".to_owned())]);
}

#[tokio::test]
async fn only_the_sender_gets_the_nonce() {
    let bench = bench();
    let mut ann = bench.enter("ann", None).await;
    let mut bob = bench.enter("bob", None).await;
    ann.membership.post(post("hi", Some("n"))).await.unwrap();
    let nonce = |event| match event {
        ServerEvent::Message(message) => message.nonce,
        other => panic!("{other:?}"),
    };
    assert_eq!(nonce(ann.next().await), Nonce::new("n").ok());
    assert_eq!(nonce(bob.next().await), None);
    // The retry is answered to its sender alone.
    ann.membership.post(post("hi", Some("n"))).await.unwrap();
    assert_eq!(nonce(ann.next().await), Nonce::new("n").ok());
    bob.membership.post(post("next", None)).await.unwrap();
    assert_eq!(bob.messages(1).await, [(2, "next".to_owned())]);
}

#[tokio::test]
async fn an_empty_room_retires_and_its_log_goes_on() {
    let bench = bench();
    let mut ann = bench.enter("ann", None).await;
    ann.membership.post(post("one", None)).await.unwrap();
    ann.messages(1).await;
    ann.membership.leave().await;
    let is_retired = async {
        while !bench.rooms.shared.running().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let deadline = std::time::Duration::from_secs(20);
    tokio::time::timeout(deadline, is_retired).await.unwrap();
    let mut again = bench.enter("ann", None).await;
    again.membership.post(post("two", None)).await.unwrap();
    assert_eq!(again.messages(1).await, [(2, "two".to_owned())]);
}

#[tokio::test]
async fn a_stop_delivers_what_was_accepted_and_says_so() {
    let bench = bench();
    let mut ann = bench.enter("ann", None).await;
    for number in 0..10 {
        let text = number.to_string();
        ann.membership.post(post(&text, None)).await.unwrap();
    }
    bench.rooms.stop(Stop::Restart).await;
    assert_eq!(ann.messages(10).await.len(), 10);
    let closing = match ann.reader.drain(&mut Vec::new()).await {
        Drained::Closed(closing) => closing,
        Drained::Events => panic!("more came than was posted"),
    };
    assert_eq!(closing.code, CloseCode::Restart);
    let refused = ann.membership.post(post("late", None)).await;
    assert!(matches!(refused, Err(RoomError::Stopping)));
}

#[tokio::test]
async fn what_waits_to_share_a_write_is_shown_before_its_author_is_thrown_out() {
    let bench = waiting_bench();
    let accounts = SqliteStore::new(Arc::clone(&bench.database));
    accounts.create(Account::named("bob", 0)).await.unwrap();
    let mut ann = bench.enter("ann", None).await;
    let mut bob = bench.enter("bob", None).await;
    bob.membership.post(post("at once", None)).await.unwrap();
    assert_eq!(ann.messages(1).await.len(), 1);
    bob.membership.post(post("waits", None)).await.unwrap();
    bob.membership.await_stored().await.unwrap();
    assert!(ann.next().now_or_never().is_none(), "it does not wait");
    let target = Person {
        username: "bob".to_owned(),
        key: "bob".to_owned(),
        account: AccountId::named("bob"),
        is_removed: false,
    };
    let done = bench
        .rooms
        .operate(room(), Order::Kick(None), target, false);
    done.await.unwrap();
    for client in [&mut ann, &mut bob] {
        let shown = async { while client.next().await.name() != "message" {} };
        assert!(shown.now_or_never().is_some(), "{}", client.key);
    }
}

#[tokio::test]
async fn history_and_live_have_no_hole_and_no_double_while_messages_wait() {
    let bench = waiting_bench();
    let mut ann = bench.enter("ann", None).await;
    for number in 1..=3 {
        let text = number.to_string();
        ann.membership.post(post(&text, None)).await.unwrap();
    }
    ann.membership.await_stored().await.unwrap();
    // Who comes in now reads from the log what the others are still to be sent.
    let since = Since {
        epoch: Some(epoch(&bench, &mut ann).await),
        seq: Seq(1),
    };
    let mut bob = bench.enter("bob", Some(since)).await;
    let ServerEvent::History(missed) = bob.next().await else {
        panic!("no history");
    };
    let seqs = |history: &History| -> Vec<u64> {
        let events = history.entries.iter();
        events.map(|event| event.seq().unwrap().0).collect()
    };
    assert_eq!(seqs(&missed), [2, 3]);
    ann.membership.post(post("4", None)).await.unwrap();
    ann.membership.await_stored().await.unwrap();
    let everything = history(&bench, &mut bob).await;
    assert_eq!(seqs(&everything), [1, 2, 3, 4]);
}

#[tokio::test]
async fn where_somebody_came_from_is_kept_though_they_were_gone_before_they_were_in() {
    let bench = bench();
    let accounts = SqliteStore::new(Arc::clone(&bench.database));
    accounts.create(Account::named("ann", 0)).await.unwrap();
    bench.rooms.found(room()).await.unwrap();
    let address = Address::of("203.0.113.5".parse().unwrap());
    let (mut entrance, mut reader) = entrance(&bench.rooms, "ann", None);
    entrance.address = address;
    let entering = bench.rooms.enter(room(), entrance).now_or_never();
    assert!(entering.is_none(), "it waited for nothing");
    // She sees that she is in, and so may whoever is to ban her.
    let drained = reader.drain(&mut Vec::new()).await;
    assert_eq!(drained, Drained::Events);
    let addresses = bench.rooms.shared.stores.addresses.clone();
    let here = address.own_network().unwrap();
    let known = addresses.recent("ann", clock::moment()).await.unwrap();
    assert!(known.contains(&here), "{known:?}");
    bench.rooms.stop(Stop::Restart).await;
    let store = SqliteStore::new(bench.database);
    let stored = store.recent("ann", clock::moment()).await.unwrap();
    assert_eq!(stored, [here]);
}

#[tokio::test]
async fn a_room_that_does_not_know_how_far_its_log_goes_finds_out() {
    let bench = bench();
    let mut ann = bench.enter("ann", None).await;
    ann.membership.post(post("one", None)).await.unwrap();
    assert_eq!(ann.messages(1).await, [(1, "one".to_owned())]);
    // As after a commit that failed for the server, and was on disk all the same.
    let log = SqliteStore::new(Arc::clone(&bench.database));
    let range = Range {
        after: Seq(0),
        before: None,
        limit: 1,
        end: End::Oldest,
        with_modes: true,
    };
    let first = log.read(&room(), range).await.unwrap().entries.remove(0);
    let again = NewEntry {
        time: first.time,
        body: first.body,
    };
    append(&log, &room(), None, vec![again]).await.unwrap();
    ann.membership.post(post("two", None)).await.unwrap();
    match ann.next().await {
        ServerEvent::Cerror(error) => assert_eq!(error.code, chat_protocol::Code::Unavailable),
        other => panic!("{other:?}"),
    }
    ann.membership.post(post("two", None)).await.unwrap();
    assert_eq!(ann.messages(1).await, [(3, "two".to_owned())]);
}

#[tokio::test]
async fn who_logged_in_before_the_account_ended_is_not_let_in_after_it() {
    let bench = bench();
    let accounts = SqliteStore::new(Arc::clone(&bench.database));
    let ann = Username::new("ann").unwrap();
    accounts.create(Account::named("ann", 0)).await.unwrap();
    bench.rooms.found(room()).await.unwrap();
    let mut inside = bench.enter("ann", None).await;
    for step in 0..3 {
        let (entrance, _reader) = entrance(&bench.rooms, "ann", None);
        let is_done = match step {
            0 => bench.rooms.sign_out(&ann).await,
            1 => bench.rooms.set_password(&ann, "another").await,
            _ => bench.rooms.remove(&ann).await,
        };
        assert!(is_done.unwrap().is_some());
        let entered = bench.rooms.enter(room(), entrance).await.map(drop);
        let refused = matches!(entered, Err(RoomError::Enter(EnterError::SignedOut)));
        assert!(refused, "step {step}: {entered:?}");
    }
    // Who was in is out.
    let Drained::Closed(closing) = inside.reader.drain(&mut Vec::new()).await else {
        panic!("still there")
    };
    assert_eq!(closing.code, CloseCode::SignedOut);
}

#[tokio::test]
async fn a_room_that_nobody_would_miss_is_forgotten_and_founded_anew() {
    let bench = bench();
    let accounts = SqliteStore::new(Arc::clone(&bench.database));
    for name in ["ann", "bob"] {
        accounts.create(Account::named(name, 0)).await.unwrap();
    }
    let enter = async |name: &str| {
        let (entrance, mut reader) = entrance(&bench.rooms, name, None);
        let membership = bench.rooms.enter(room(), entrance).await.unwrap();
        let mut batch = Vec::new();
        reader.drain(&mut batch).await;
        let ServerEvent::Auth(auth) = ServerEvent::decode(&batch[0]).unwrap() else {
            panic!("{batch:?}")
        };
        (membership, auth.access_level, reader)
    };
    let (ann, rank, _reader) = enter("ann").await;
    assert_eq!(rank, Rank::Administrator);
    let later = clock::now() + 1000;
    // Not while somebody is in it.
    bench.rooms.forget_idle(later).await.unwrap();
    let (bob, rank, _reader) = enter("bob").await;
    assert_eq!(rank, Rank::User);
    bob.leave().await;
    ann.leave().await;
    while bench.rooms.shared.running().contains_key(&room()) {
        tokio::task::yield_now().await;
    }
    bench.rooms.forget_idle(later).await.unwrap();
    let (_bob, rank, _reader) = enter("bob").await;
    assert_eq!(rank, Rank::Administrator);
}

#[tokio::test]
async fn a_changed_password_takes_full_effect_though_who_asked_is_gone() {
    let bench = bench();
    let accounts = SqliteStore::new(Arc::clone(&bench.database));
    accounts.create(Account::named("ann", 0)).await.unwrap();
    let before = Account::named("ann", 0);
    let ann = bench.enter("ann", None).await;
    let mut other = bench.enter("ann", None).await;
    let mut bob = bench.enter("bob", None).await;
    let login = bench.rooms.log_in(&Username::new("ann").unwrap());
    let hash = "another".to_owned();
    let rooms = &bench.rooms;
    let changing = rooms.change_password(before.clone(), hash, &ann.membership);
    // As where the client hangs up while this waits.
    assert!(changing.now_or_never().is_none());
    let mut batch = Vec::new();
    let drained = other.reader.drain(&mut batch);
    let drained = tokio::time::timeout(Duration::from_secs(20), drained);
    let closing = match drained.await.expect("the other connection is closed") {
        Drained::Closed(closing) => closing,
        other => panic!("{other:?}"),
    };
    assert_eq!(closing.code, CloseCode::SignedOut);
    assert!(!login.holds());
    // Whoever asked is still in, and so is everybody else.
    ann.membership.post(post("here", None)).await.unwrap();
    assert_eq!(bob.messages(1).await, [(1, "here".to_owned())]);
    let username = Username::new("ann").unwrap();
    let after = accounts.find(&username).await.unwrap().unwrap();
    assert_eq!(after.password_hash, "another");
    // What was shown before is good no more.
    let again = rooms.change_password(before, "x".to_owned(), &ann.membership);
    assert!(again.await.unwrap().is_none());
}
