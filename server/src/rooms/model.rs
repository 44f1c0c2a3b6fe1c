//! Random histories of a running room, its log and its clients, against what the contract promises:
//! whoever follows the room sees every entry once and in order, whatever comes between.

use std::collections::{BTreeMap, BTreeSet};

use chat_protocol::{
    Capabilities, DraftContent, Epoch, History, MessageId, Nonce, PostMessage, Seq, ServerEvent,
    Since,
};
use futures_util::FutureExt;
use proptest::prelude::*;

use super::tests::stores;
use super::*;
use crate::domain::address::Address;
use crate::domain::entry::AccountId;
use crate::limits::Allowance;
use crate::store::accounts::{Account, Accounts, Admission, Admitted};
use crate::store::memory::{Fault, MemoryLog, MemoryStore, Takes};
use crate::store::rooms::{Beginning, Founder};
use crate::wire::outbox::OutboxReader;
use crate::wire::outbox::tests::{Drained, queue};

#[derive(Clone, Debug)]
enum Step {
    Enter {
        client: usize,
    },
    Leave {
        client: usize,
    },
    Post {
        client: usize,
        nonce: u8,
    },
    Delete {
        client: usize,
        back: usize,
    },
    Purge {
        client: usize,
    },
    Clear,
    Store(Takes),
    /// What becomes of the next rounds.
    Fail(Vec<Fault>),
    Trim {
        keep: u64,
    },
    Restart,
    Rest,
}

const CLIENTS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let client = || 0..CLIENTS;
    let takes = prop_oneof![
        3 => Just(Takes::Everything),
        1 => Just(Takes::Reads),
        1 => Just(Takes::Nothing),
    ];
    let fault = prop_oneof![
        Just(Fault::Refused),
        Just(Fault::UnknownAndStored),
        Just(Fault::UnknownAndNot),
    ];
    prop_oneof![
        6 => client().prop_map(|client| Step::Enter { client }),
        2 => client().prop_map(|client| Step::Leave { client }),
        12 => (client(), 0..20u8).prop_map(|(client, nonce)| Step::Post { client, nonce }),
        3 => (client(), 0..4usize).prop_map(|(client, back)| Step::Delete { client, back }),
        1 => client().prop_map(|client| Step::Purge { client }),
        1 => Just(Step::Clear),
        2 => takes.prop_map(Step::Store),
        2 => prop::collection::vec(fault, 1..4).prop_map(Step::Fail),
        1 => (0..6u64).prop_map(|keep| Step::Trim { keep }),
        1 => Just(Step::Restart),
        4 => Just(Step::Rest),
    ]
}

/// Somebody who follows the room.
struct Client {
    name: String,
    connection: Option<(Membership, OutboxReader)>,
    epoch: Option<Epoch>,
    /// The newest entry it has; `None` before it knows any position.
    last: Option<u64>,
    /// Every entry it has, by position.
    seen: BTreeMap<u64, ServerEvent>,
    /// Nonces that it sent on this connection and that are not answered.
    unanswered: BTreeSet<String>,
    acknowledged: BTreeMap<String, u64>,
}

struct World {
    store: Arc<MemoryStore>,
    /// It may be unknown whether something was stored.
    may_be_unknown: bool,
    window: FlushWindow,
    rooms: Rooms,
    clients: Vec<Client>,
}

fn room() -> RoomName {
    RoomName::new("r").unwrap()
}

fn rooms(store: &Arc<MemoryStore>, window: FlushWindow) -> Rooms {
    let settings = RoomSettings {
        founders: Founders::Nobody,
        members_age: Duration::ZERO,
        window,
    };
    Rooms::new(stores(store), settings)
}

/// A store in which there is the room, which is the first client's, and all who come in.
async fn store() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    for number in 0..CLIENTS {
        let beginning = Beginning {
            room: room(),
            epoch: Epoch::new("e").unwrap(),
            founder: Founder::Member,
            time: 0,
        };
        let admission = Admission {
            account: Account::named(&name(number), 0),
            is_new: true,
            room: (number == 0).then_some(beginning),
        };
        let admitted = store.admit(admission).await.unwrap();
        assert_eq!(admitted, Admitted::Done);
    }
    store
}

fn name(number: usize) -> String {
    format!("user{number}")
}

impl World {
    async fn new(window: FlushWindow) -> Self {
        let store = store().await;
        let client = |number| Client {
            name: name(number),
            connection: None,
            epoch: None,
            last: None,
            seen: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
        };
        Self {
            rooms: rooms(&store, window),
            window,
            store,
            may_be_unknown: false,
            clients: (0..CLIENTS).map(client).collect(),
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Enter { client } => self.enter(client).await,
            Step::Leave { client } => {
                self.collect(client);
                if let Some((membership, _)) = self.clients[client].connection.take() {
                    membership.leave().await;
                }
                // What came last is not read, so it has to be sent again.
                self.clients[client].unanswered.clear();
            }
            Step::Post { client, nonce } => self.post(client, nonce).await,
            Step::Delete { client, back } => self.delete(client, back).await,
            Step::Purge { client } => {
                let name = self.clients[client].name.clone();
                let target = Person {
                    account: AccountId::named(&name),
                    username: name.clone(),
                    key: name,
                    is_removed: false,
                };
                if let Some((membership, _)) = &self.clients[0].connection {
                    let _ = membership.moderate(Order::Purge, Some(target)).await;
                }
            }
            Step::Clear => {
                if let Some((membership, _)) = &self.clients[0].connection {
                    let _ = membership.clear().await;
                }
            }
            Step::Store(takes) => self.store.take(takes),
            Step::Fail(faults) => {
                self.may_be_unknown |= faults.iter().any(|fault| *fault != Fault::Refused);
                self.store.fail(faults);
            }
            Step::Trim { keep } => {
                let keep = Keep {
                    entries: Some(keep),
                    since: 0,
                };
                // Where the store takes nothing, nothing is trimmed.
                let _ = self.rooms.trim(&room(), keep).await;
            }
            Step::Restart => self.restart().await,
            Step::Rest => self.rest().await,
        }
        for client in 0..CLIENTS {
            self.collect(client);
        }
    }

    async fn enter(&mut self, number: usize) {
        let client = &mut self.clients[number];
        if client.connection.is_some() {
            return;
        }
        let since = client.epoch.clone().map(|epoch| Since {
            epoch: Some(epoch),
            seq: Seq(client.last.unwrap_or(0)),
        });
        let (outbox, reader) = queue();
        let entrance = Entrance {
            account: Account::named(&client.name, 0),
            is_new: false,
            login: self.rooms.log_in(&Username::new(&client.name).unwrap()),
            address: Address::UNKNOWN,
            capabilities: Capabilities::default(),
            since: since.or(Some(Since {
                epoch: None,
                seq: Seq(0),
            })),
            welcome: super::tests::welcome(),
            outbox,
            allowance: Allowance::unlimited(),
        };
        if let Ok(membership) = self.rooms.enter(room(), entrance).await {
            client.unanswered.clear();
            client.connection = Some((membership, reader));
        }
    }

    async fn post(&mut self, number: usize, nonce: u8) {
        let client = &mut self.clients[number];
        let Some((membership, _)) = &client.connection else {
            return;
        };
        let nonce = format!("{}-{nonce}", client.name);
        let post = PostMessage {
            content: DraftContent::new(&nonce).unwrap(),
            nonce: Some(Nonce::new(nonce.as_str()).unwrap()),
            reply_to: None,
        };
        if membership.post(post).await.is_ok() {
            client.unanswered.insert(nonce);
        }
    }

    async fn delete(&mut self, number: usize, back: usize) {
        let client = &self.clients[number];
        let message = client.seen.iter().rev().nth(back);
        if let (Some((membership, _)), Some((seq, _)), Some(epoch)) =
            (&client.connection, message, &client.epoch)
        {
            // A room that has ended answers nobody.
            let _ = membership.delete(MessageId::at(epoch, Seq(*seq))).await;
        }
    }

    /// The server stops in good order, and starts anew.
    async fn restart(&mut self) {
        self.rooms.stop(Stop::Restart).await;
        for number in 0..CLIENTS {
            self.collect(number);
            let client = &mut self.clients[number];
            // What nobody knows is not answered, and has to be sent again.
            if client.connection.take().is_some() && !self.may_be_unknown {
                assert_eq!(
                    client.unanswered,
                    BTreeSet::new(),
                    "accepted, never answered"
                );
            }
            client.unanswered.clear();
        }
        self.rooms = rooms(&self.store, self.window);
        self.may_be_unknown = self.store.is_to_fail();
    }

    /// Lets the room do all that waits.
    async fn rest(&mut self) {
        for number in 0..CLIENTS {
            if let Some((membership, _)) = &self.clients[number].connection {
                // Its answer stands behind everything that waits for the member.
                membership.who().await.unwrap();
                membership.await_stored().await.unwrap();
            }
            self.collect(number);
            let client = &self.clients[number];
            assert_eq!(client.unanswered, BTreeSet::new(), "settled, not answered");
        }
    }

    fn collect(&mut self, number: usize) {
        let client = &mut self.clients[number];
        let Some((_, reader)) = &mut client.connection else {
            return;
        };
        let mut batch = Vec::new();
        while let Some(Drained::Events) = reader.drain(&mut batch).now_or_never() {}
        let log = self.store.log(&room()).unwrap();
        for json in batch {
            let event = ServerEvent::decode(&json).unwrap();
            client.take(event, &log);
        }
    }
}

impl Client {
    fn take(&mut self, event: ServerEvent, log: &MemoryLog) {
        match event {
            ServerEvent::Auth(_) | ServerEvent::Who(_) => {}
            ServerEvent::History(history) => self.resume(history, log),
            ServerEvent::Cerror(error) => {
                if let Some(nonce) = error.nonce {
                    self.unanswered.remove(&nonce);
                }
            }
            ServerEvent::Message(message)
                if self.last.is_some_and(|last| message.seq.0 <= last) =>
            {
                // Only the answer to a retry comes from before.
                let nonce = message.nonce.as_ref().unwrap().as_str().to_owned();
                assert_eq!(message.username, self.name);
                self.acknowledge(nonce, message.seq.0, log);
            }
            live => {
                let seq = live.seq().unwrap().0;
                if let Some(last) = self.last {
                    assert_eq!(seq, last + 1, "a hole");
                }
                if let ServerEvent::Message(message) = &live
                    && let Some(nonce) = &message.nonce
                {
                    self.acknowledge(nonce.as_str().to_owned(), seq, log);
                }
                self.keep(live);
            }
        }
    }

    fn acknowledge(&mut self, nonce: String, seq: u64, log: &MemoryLog) {
        self.unanswered.remove(&nonce);
        let before = self.acknowledged.insert(nonce, seq);
        // With a message that was trimmed its nonce goes.
        let is_once = |before| before == seq || before <= log.trimmed as u64;
        assert!(before.is_none_or(is_once), "stored twice");
    }

    fn resume(&mut self, history: History, log: &MemoryLog) {
        if history.recovered == Some(false) {
            let had = (self.epoch.is_some(), self.last.unwrap_or(0));
            // Nothing but trimming takes the beginning of a gap as small as these.
            assert!(!had.0 || had.1 < log.trimmed as u64, "could be recovered");
            self.seen.clear();
            self.last = Some(log.entries.len() as u64);
        }
        self.epoch = Some(history.epoch);
        let mut last = self.last.unwrap_or(0);
        let from = last;
        for event in history.entries {
            let seq = event.seq().unwrap().0;
            if history.recovered == Some(true) {
                assert!(seq > last, "twice");
                let is_gone = |seq: u64| log.entry(Seq(seq)).is_none();
                assert!((last + 1..seq).all(is_gone), "a hole");
                last = seq;
            }
            self.keep(event);
        }
        self.last = self.last.max(Some(last)).max(Some(from));
    }

    fn keep(&mut self, event: ServerEvent) {
        let seq = event.seq().unwrap().0;
        match &event {
            ServerEvent::DeleteMessage(deleted) => {
                let epoch = self.epoch.as_ref().unwrap();
                let target = deleted.id.seq_in(epoch).unwrap();
                self.seen.remove(&target.0);
            }
            ServerEvent::Purge(purged) => self.seen.retain(|_, event| {
                !matches!(event, ServerEvent::Message(message) if message.username == purged.username)
            }),
            ServerEvent::Clear(_) => self.seen.clear(),
            _ => {}
        }
        let again = self.seen.insert(seq, event);
        assert!(again.is_none(), "twice");
        self.last = self.last.max(Some(seq));
    }

    /// What it has is what the log has, from where it began on.
    fn check(&self, log: &MemoryLog) {
        let Some((first, _)) = self.seen.first_key_value() else {
            return;
        };
        let present = |seq: u64| log.entry(Seq(seq)).is_some();
        let begin = (*first).max(log.trimmed as u64 + 1);
        let expected: Vec<u64> = (begin..=log.entries.len() as u64)
            .filter(|seq| present(*seq))
            .collect();
        let seen: Vec<u64> = self.seen.range(begin..).map(|(seq, _)| *seq).collect();
        assert_eq!(seen, expected, "{}", self.name);
        for seq in expected {
            let entry = log.entry(Seq(seq)).unwrap();
            let stored = entry.to_event_for(AccountId::named(&self.name), &room(), &log.epochs);
            assert_eq!(self.seen[&seq], stored);
        }
    }
}

fn check_acknowledged(world: &World) {
    let log = world.store.log(&room()).unwrap();
    let mut stored: BTreeMap<(AccountId, String), Vec<u64>> = BTreeMap::new();
    for nonce in &log.nonces {
        let key = (nonce.author, nonce.nonce.as_str().to_owned());
        stored.entry(key).or_default().push(nonce.seq.0);
    }
    for client in &world.clients {
        for (nonce, seq) in &client.acknowledged {
            let places = &stored[&(AccountId::named(&client.name), nonce.clone())];
            assert!(places.contains(seq), "{nonce} is stored");
            let is_there = |seq: &&u64| **seq > log.trimmed as u64;
            let there = places.iter().filter(is_there).count();
            assert!(there <= 1, "{nonce} is stored once");
        }
    }
}

async fn run(steps: Vec<Step>, window: FlushWindow) {
    let mut world = World::new(window).await;
    for step in steps {
        world.take(step).await;
    }
    // In the end the store is well, and everybody comes back.
    world.take(Step::Store(Takes::Everything)).await;
    world.store.heal();
    world.restart().await;
    for client in 0..CLIENTS {
        world.take(Step::Enter { client }).await;
    }
    for client in 0..CLIENTS {
        let nonce = 100;
        world.take(Step::Post { client, nonce }).await;
    }
    // The first round lets all posts be stored, the second everybody see them.
    world.rest().await;
    world.rest().await;
    check_acknowledged(&world);
    for client in &world.clients {
        assert!(client.connection.is_some());
        client.check(&world.store.log(&room()).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_sees_every_entry_once_and_in_order(
        steps in prop::collection::vec(step(), 1..120),
        seconds in prop_oneof![Just(0), Just(600)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            // Nothing is waited for that only time would bring.
            .start_paused(true)
            .build()
            .unwrap();
        let window = FlushWindow::everywhere(Duration::from_secs(seconds));
        runtime.block_on(run(steps, window));
    }
}
