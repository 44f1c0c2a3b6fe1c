//! Random histories of a running room, its log and its clients, against what the contract promises:
//! whoever follows the room sees every entry once and in order, whatever comes between.

use std::collections::{BTreeMap, BTreeSet};

use chat_protocol::{DraftContent, Epoch, History, MessageId, Nonce, Rank, ServerEvent, Since};
use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::domain::address::{Address, Network};
use crate::domain::audit::AuditLine;
use crate::domain::entry::{AccountId, Entry, EntryBody, Epochs, Moment, NewEntry, StoredNonce};
use crate::domain::filter::Pattern;
use crate::domain::held::{HeldMessage, Ruled, Ruling, Waiting};
use crate::domain::moderation::{Sanction, Standing, Verdict, Verdicts};
use crate::limits::Allowance;
use crate::limits::addresses::Addresses;
use crate::rooms::filters::RoomFilters;
use crate::store::accounts::{Account, Accounts, Admission, Admitted, Creation};
use crate::store::addresses::{AddressStore, AddressesError};
use crate::store::audit::AuditLog;
use crate::store::filters::{Filters, FiltersError, Outline};
use crate::store::held::HeldMessages;
use crate::store::log::{End, LogHead, Range, RoomLog, Slice, Summary, Thinned, Trimmed};
use crate::store::rooms::{Beginning, RoomDirectory};
use crate::store::standing::Standings;
use crate::store::{Part, StoreError};
use crate::wire::outbox::OutboxReader;
use crate::wire::outbox::tests::{Drained, queue};
use chat_protocol::{PostMessage, Seq};

/// What the store takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Everything,
    /// It can be read, but not written.
    Reads,
    Nothing,
}

/// A log in memory, as simple as can be.
struct MemoryLog {
    state: Mutex<MemoryState>,
}

struct MemoryState {
    takes: Store,
    epochs: Epochs,
    /// What was ever stored, in order; `None` where it was deleted or trimmed.
    entries: Vec<Option<Entry>>,
    /// How many of the oldest were trimmed.
    trimmed: usize,
    nonces: Vec<StoredNonce>,
}

impl MemoryLog {
    fn new() -> Self {
        Self {
            state: Mutex::new(MemoryState {
                takes: Store::Everything,
                epochs: Epochs::new(Epoch::new("e").unwrap()),
                entries: Vec::new(),
                trimmed: 0,
                nonces: Vec::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, MemoryState> {
        self.state.lock().unwrap()
    }
}

/// How people stand, in memory.
struct MemoryStandings(Mutex<Standing>);

#[async_trait::async_trait]
impl Standings for MemoryStandings {
    async fn load(&self, _room: &RoomName, _now: Moment) -> Result<Standing, StoreError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn verdicts_on(&self, _: &str, _: u64) -> Result<Verdicts, StoreError> {
        unreachable!()
    }

    async fn administer(
        &self,
        _person: &Person,
        _is_admin: bool,
        _now: u64,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn administrators(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn save(&self, _room: &RoomName, verdict: &Verdict) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        self.0.lock().unwrap().carry_out(verdict);
        Ok(())
    }
}

fn broken() -> StoreError {
    StoreError::new(Part::Log, std::io::Error::other("broken"))
}

impl MemoryState {
    fn read_if(&self, takes: bool) -> Result<(), StoreError> {
        takes.then_some(()).ok_or_else(broken)
    }

    fn first(&self) -> Seq {
        Seq(self.trimmed as u64 + 1)
    }

    fn store(&mut self, new: NewEntry) -> Entry {
        let entry = Entry {
            seq: Seq(self.entries.len() as u64 + 1),
            time: new.time,
            body: new.body,
        };
        match &entry.body {
            EntryBody::MessageDeleted(deleted) => {
                self.entries[deleted.target.0 as usize - 1] = None;
            }
            EntryBody::Purged(purged) => {
                let is_theirs = |entry: &Entry| {
                    let posted = entry.message();
                    posted.is_some_and(|posted| posted.author.key == purged.key)
                };
                for gone in &mut self.entries {
                    gone.take_if(|entry| is_theirs(entry));
                }
            }
            EntryBody::Cleared(_) => self.entries.fill(None),
            EntryBody::RoomChanged(_) => {}
            EntryBody::MessagePosted(posted) => {
                self.nonces
                    .extend(posted.nonce.clone().map(|nonce| StoredNonce {
                        author: posted.author.account,
                        nonce,
                        seq: entry.seq,
                        time: entry.time,
                    }))
            }
        }
        self.entries.push(Some(entry.clone()));
        entry
    }
}

#[async_trait::async_trait]
impl RoomLog for MemoryLog {
    async fn open(&self, _room: &RoomName, _nonces_since: u64) -> Result<LogHead, StoreError> {
        let state = self.state();
        state.read_if(state.takes != Store::Nothing)?;
        Ok(LogHead {
            epochs: state.epochs.clone(),
            is_begun: true,
            first: state.first(),
            last: Seq(state.entries.len() as u64),
            nonces: state.nonces.clone(),
            modes: chat_protocol::RoomState::default(),
        })
    }

    async fn append(
        &self,
        _room: &RoomName,
        after: Option<Seq>,
        entries: Vec<NewEntry>,
    ) -> Result<Vec<Entry>, StoreError> {
        // While one commit is under way, more comes in.
        tokio::task::yield_now().await;
        let mut state = self.state();
        state.read_if(state.takes == Store::Everything)?;
        let last = state.entries.len() as u64;
        assert!(
            after.is_none_or(|after| after.0 == last),
            "{after:?} is not {last}"
        );
        Ok(entries.into_iter().map(|new| state.store(new)).collect())
    }

    async fn read(&self, _room: &RoomName, range: Range) -> Result<Slice, StoreError> {
        tokio::task::yield_now().await;
        let state = self.state();
        state.read_if(state.takes != Store::Nothing)?;
        let before = range.before.map_or(u64::MAX, |seq| seq.0);
        let within = |entry: &&Entry| {
            let is_asked_for = range.with_modes || !matches!(entry.body, EntryBody::RoomChanged(_));
            is_asked_for && entry.seq > range.after && entry.seq.0 < before
        };
        let found: Vec<&Entry> = state.entries.iter().flatten().filter(within).collect();
        let limit = range.limit as usize;
        let (complete, skipped) = (found.len() <= limit, found.len().saturating_sub(limit));
        let kept = match range.end {
            End::Oldest => found.into_iter().take(limit).cloned().collect(),
            End::Newest => found.into_iter().skip(skipped).cloned().collect(),
        };
        Ok(Slice {
            epochs: state.epochs.clone(),
            entries: kept,
            first: state.first(),
            complete,
        })
    }

    async fn list(&self) -> Result<Vec<Summary>, StoreError> {
        Ok(Vec::new())
    }

    async fn remove(&self, _room: &RoomName) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn overdue(&self, _keep: Keep) -> Result<Vec<RoomName>, StoreError> {
        Ok(Vec::new())
    }

    async fn names(&self) -> Result<Vec<RoomName>, StoreError> {
        unreachable!()
    }

    async fn thin(&self, _: &RoomName, _: &str, _: Seq) -> Result<Thinned, StoreError> {
        unreachable!()
    }

    async fn trim(&self, _room: &RoomName, keep: Keep) -> Result<Trimmed, StoreError> {
        let mut state = self.state();
        state.read_if(state.takes == Store::Everything)?;
        let kept = keep.entries.unwrap_or(u64::MAX) as usize;
        let trimmed = state.entries.len().saturating_sub(kept).max(state.trimmed);
        state.trimmed = trimmed;
        state.entries[..trimmed].fill(None);
        Ok(Trimmed {
            first: state.first(),
            is_done: true,
        })
    }
}

#[derive(Clone, Debug)]
enum Step {
    Enter { client: usize },
    Leave { client: usize },
    Post { client: usize, nonce: u8 },
    Delete { client: usize, back: usize },
    Purge { client: usize },
    Clear,
    Store(Store),
    Trim { keep: u64 },
    Restart,
    Rest,
}

const CLIENTS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let client = || 0..CLIENTS;
    let takes = prop_oneof![
        3 => Just(Store::Everything),
        1 => Just(Store::Reads),
        1 => Just(Store::Nothing),
    ];
    prop_oneof![
        6 => client().prop_map(|client| Step::Enter { client }),
        2 => client().prop_map(|client| Step::Leave { client }),
        12 => (client(), 0..20u8).prop_map(|(client, nonce)| Step::Post { client, nonce }),
        3 => (client(), 0..4usize).prop_map(|(client, back)| Step::Delete { client, back }),
        1 => client().prop_map(|client| Step::Purge { client }),
        1 => Just(Step::Clear),
        2 => takes.prop_map(Step::Store),
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
    log: Arc<MemoryLog>,
    standings: Arc<MemoryStandings>,
    window: FlushWindow,
    rooms: Rooms,
    clients: Vec<Client>,
}

fn room() -> RoomName {
    RoomName::new("r").unwrap()
}

/// No room blocks anything.
struct NoFilters;

#[async_trait::async_trait]
impl Filters for NoFilters {
    async fn outline(&self, _: &RoomName) -> Result<Outline, FiltersError> {
        Ok(Outline::default())
    }

    async fn load(&self, _: &RoomName) -> Result<Vec<Pattern>, FiltersError> {
        Ok(Vec::new())
    }

    async fn change(&self, _: &RoomName, _: &Change, _: &str, _: u64) -> Result<(), FiltersError> {
        Ok(())
    }
}

/// Nobody is banned by address, and nobody's address is remembered.
struct NoAddresses;

#[async_trait::async_trait]
impl AddressStore for NoAddresses {
    async fn banned(&self, _: Moment) -> Result<Vec<(Network, Sanction)>, AddressesError> {
        Ok(Vec::new())
    }

    async fn ban(&self, _: Network, _: &Sanction, _: Moment) -> Result<(), AddressesError> {
        Ok(())
    }

    async fn lift(&self, network: Network, _: Moment) -> Result<(), AddressesError> {
        Err(AddressesError::NotBanned(network))
    }

    async fn note(&self, _: &str, _: Network, _: Moment) -> Result<(), AddressesError> {
        Ok(())
    }

    async fn recent(&self, _: &str, _: Moment) -> Result<Vec<Network>, AddressesError> {
        Ok(Vec::new())
    }

    async fn forget_old(&self, _: u64) -> Result<(), AddressesError> {
        Ok(())
    }
}

/// Nothing is ever held.
struct NothingHeld;

#[async_trait::async_trait]
impl HeldMessages for NothingHeld {
    async fn load(&self, _: &RoomName, _: u64) -> Result<Vec<HeldMessage>, StoreError> {
        Ok(Vec::new())
    }

    async fn hold(&self, _: &RoomName, _: &Waiting, _: u64) -> Result<HeldMessage, StoreError> {
        Err(StoreError::new(Part::Held, std::io::Error::other("broken")))
    }

    async fn rule(&self, _: &RoomName, _: &Ruling) -> Result<Ruled, StoreError> {
        Ok(Ruled::Gone)
    }
}

/// Nobody reads the audit.
struct NoAudit;

#[async_trait::async_trait]
impl AuditLog for NoAudit {
    async fn audit(&self, _: Option<RoomName>, _: u32) -> Result<Vec<AuditLine>, StoreError> {
        Ok(Vec::new())
    }
}

/// All who come in are there.
struct NoAccounts;

#[async_trait::async_trait]
impl Accounts for NoAccounts {
    async fn find(&self, _: &Username) -> Result<Option<Account>, StoreError> {
        unreachable!()
    }

    /// Asked for when somebody's message is to be deleted who stands above users.
    async fn known(&self, _: &Username) -> Result<Option<Account>, StoreError> {
        Ok(None)
    }

    async fn create(&self, _: Account) -> Result<Creation, StoreError> {
        unreachable!()
    }

    async fn admit(&self, _: Admission) -> Result<Admitted, StoreError> {
        unreachable!()
    }

    async fn set_password(&self, _: &Username, _: &str) -> Result<bool, StoreError> {
        unreachable!()
    }

    async fn sign_out(&self, _: &Username) -> Result<bool, StoreError> {
        unreachable!()
    }

    async fn renew_hash(&self, _: &Account, _: &str) -> Result<(), StoreError> {
        unreachable!()
    }

    async fn remove(&self, _: &Username, _: u64) -> Result<bool, StoreError> {
        unreachable!()
    }

    async fn list(&self) -> Result<Vec<Account>, StoreError> {
        unreachable!()
    }

    async fn names_of(&self, _: Vec<String>) -> Result<HashMap<String, String>, StoreError> {
        unreachable!()
    }
}

/// The room is there.
struct OneRoom;

#[async_trait::async_trait]
impl RoomDirectory for OneRoom {
    async fn found(&self, _: Beginning) -> Result<bool, StoreError> {
        unreachable!()
    }

    async fn is_founded(&self, _: &RoomName) -> Result<bool, StoreError> {
        unreachable!()
    }

    async fn room_called(&self, _: &RoomName) -> Result<RoomName, StoreError> {
        unreachable!()
    }

    async fn known_rooms(&self) -> Result<Vec<String>, StoreError> {
        unreachable!()
    }

    async fn idle_rooms(&self, _: u64, _: u64) -> Result<Vec<RoomName>, StoreError> {
        unreachable!()
    }

    async fn forget_idle_room(&self, _: &RoomName, _: u64, _: u64) -> Result<bool, StoreError> {
        unreachable!()
    }

    async fn forget_room(&self, _: &RoomName) -> Result<(), StoreError> {
        unreachable!()
    }
}

fn rooms(log: &Arc<MemoryLog>, standings: &Arc<MemoryStandings>, window: FlushWindow) -> Rooms {
    let stores = Stores {
        accounts: Arc::new(NoAccounts),
        rooms: Arc::new(OneRoom),
        audit: Arc::new(NoAudit),
        log: log.clone(),
        standings: standings.clone(),
        filters: RoomFilters::new(Arc::new(NoFilters)),
        addresses: Addresses::new(
            Arc::new(NoAddresses),
            crate::domain::moderation::BanScope::Account,
        ),
        held: Arc::new(NothingHeld),
    };
    let settings = RoomSettings {
        founders: Founders::Nobody,
        membership: Duration::ZERO,
        window,
    };
    Rooms::new(stores, settings)
}

impl World {
    fn new(window: FlushWindow) -> Self {
        let log = Arc::new(MemoryLog::new());
        let client = |number| Client {
            name: format!("user{number}"),
            connection: None,
            epoch: None,
            last: None,
            seen: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
        };
        let founder = ("user0".to_owned(), Rank::Administrator.into());
        let standings = Arc::new(MemoryStandings(Mutex::new(Standing {
            is_founded: true,
            ranks: [founder].into(),
            ..Standing::default()
        })));
        Self {
            rooms: rooms(&log, &standings, window),
            window,
            log,
            standings,
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
            Step::Store(takes) => self.log.state().takes = takes,
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
            capabilities: chat_protocol::Capabilities::default(),
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
            if client.connection.take().is_some() {
                assert_eq!(
                    client.unanswered,
                    BTreeSet::new(),
                    "accepted, never answered"
                );
            }
        }
        self.rooms = rooms(&self.log, &self.standings, self.window);
    }

    /// Lets the room do all that waits.
    async fn rest(&mut self) {
        for number in 0..CLIENTS {
            if let Some((membership, _)) = &self.clients[number].connection {
                // Its answer stands behind everything that waits for the member.
                membership.who().await.unwrap();
                membership.settled().await.unwrap();
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
        for json in batch {
            let event = ServerEvent::decode(&json).unwrap();
            client.take(event, &self.log.state());
        }
    }
}

impl Client {
    fn take(&mut self, event: ServerEvent, log: &MemoryState) {
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
                self.acknowledge(nonce, message.seq.0);
            }
            live => {
                let seq = live.seq().unwrap().0;
                if let Some(last) = self.last {
                    assert_eq!(seq, last + 1, "a hole");
                }
                if let ServerEvent::Message(message) = &live
                    && let Some(nonce) = &message.nonce
                {
                    self.acknowledge(nonce.as_str().to_owned(), seq);
                }
                self.keep(live);
            }
        }
    }

    fn acknowledge(&mut self, nonce: String, seq: u64) {
        self.unanswered.remove(&nonce);
        let before = self.acknowledged.insert(nonce, seq);
        assert!(before.is_none_or(|before| before == seq), "stored twice");
    }

    fn resume(&mut self, history: History, log: &MemoryState) {
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
                let is_gone = |seq: u64| log.entries[seq as usize - 1].is_none();
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
    fn check(&self, log: &MemoryState) {
        let Some((first, _)) = self.seen.first_key_value() else {
            return;
        };
        let present = |seq: u64| log.entries[seq as usize - 1].is_some();
        let begin = (*first).max(log.trimmed as u64 + 1);
        let expected: Vec<u64> = (begin..=log.entries.len() as u64)
            .filter(|seq| present(*seq))
            .collect();
        let seen: Vec<u64> = self.seen.range(begin..).map(|(seq, _)| *seq).collect();
        assert_eq!(seen, expected, "{}", self.name);
        for seq in expected {
            let entry = log.entries[seq as usize - 1].as_ref().unwrap();
            let stored = entry.to_event_for(AccountId::named(&self.name), &room(), &log.epochs);
            assert_eq!(self.seen[&seq], stored);
        }
    }
}

fn check_acknowledged(world: &World) {
    let state = world.log.state();
    let mut stored: BTreeMap<(AccountId, String), Vec<u64>> = BTreeMap::new();
    for nonce in &state.nonces {
        let key = (nonce.author, nonce.nonce.as_str().to_owned());
        stored.entry(key).or_default().push(nonce.seq.0);
    }
    for client in &world.clients {
        for (nonce, seq) in &client.acknowledged {
            let places = stored.get(&(AccountId::named(&client.name), nonce.clone()));
            assert_eq!(places, Some(&vec![*seq]), "{nonce} is stored once");
        }
    }
}

async fn run(steps: Vec<Step>, window: FlushWindow) {
    let mut world = World::new(window);
    for step in steps {
        world.take(step).await;
    }
    // In the end the store is well, and everybody comes back.
    world.take(Step::Store(Store::Everything)).await;
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
        client.check(&world.log.state());
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
            .build()
            .unwrap();
        let window = FlushWindow::everywhere(Duration::from_secs(seconds));
        runtime.block_on(run(steps, window));
    }
}
