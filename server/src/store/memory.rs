//! A store in memory, as simple as can be: the model that engines are held against, and a store for
//! tests that want it to fail.
//!
//! Everything is one value behind one lock. A transaction works on a copy of it, which takes its place
//! where all went well.

mod log;
mod people;
mod round;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use chat_protocol::RoomName;

use crate::domain::address::Network;
use crate::domain::audit::{AuditLine, LineId};
use crate::domain::entry::{Moment, OPERATOR, UnixMillis};
use crate::domain::filter::Pattern;
use crate::domain::held::HeldMessage;
use crate::domain::moderation::{Sanction, Standing};
use crate::domain::round::{RoundId, StoredRound};
use crate::domain::settling::Settling;
use crate::store::accounts::Account;
use crate::store::addresses::{
    AddressStore, AddressesError, NETWORKS, NOTED_ANEW, RECENT, REMEMBERED, before,
};
use crate::store::audit::{AuditLog, AuditRange, NOT_ON_USERS};
use crate::store::clock::ClockStore;
use crate::store::{Part, StoreError};

pub(crate) use log::MemoryLog;

/// What the store can be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Takes {
    #[default]
    Everything,
    /// It can be read, but not written.
    Reads,
    Nothing,
}

/// What becomes of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is refused.
    Refused,
    /// It is stored, and nobody is told.
    UnknownAndStored,
    /// It is not, and nobody is told either.
    UnknownAndNot,
}

/// All that is kept.
#[derive(Default)]
pub(crate) struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Clone, Default)]
pub(crate) struct State {
    takes: Takes,
    faults: VecDeque<Fault>,
    accounts: BTreeMap<String, Account>,
    logs: BTreeMap<RoomName, MemoryLog>,
    /// When, and whether by an operator.
    founded: BTreeMap<RoomName, (UnixMillis, bool)>,
    /// Ranks, bans and mutes; the rest of a standing is elsewhere.
    standings: BTreeMap<RoomName, Standing>,
    admins: Vec<String>,
    held: Vec<(RoomName, HeldMessage)>,
    held_ever: u64,
    filters: BTreeMap<RoomName, Vec<Pattern>>,
    banned: BTreeMap<Network, Sanction>,
    arrivals: Vec<(String, Network, UnixMillis)>,
    audit: Vec<AuditLine>,
    lines_ever: u64,
    clock: Option<Settling>,
    /// The newest round of each room.
    rounds: HashMap<RoomName, (RoundId, StoredRound)>,
}

/// The store is to fail.
#[derive(Debug, thiserror::Error)]
#[error("it is broken")]
struct Broken;

fn broken(part: Part) -> StoreError {
    StoreError::new(part, Broken)
}

impl MemoryStore {
    /// What it takes from now on.
    pub(crate) fn take(&self, takes: Takes) {
        self.state().takes = takes;
    }

    /// What becomes of the next rounds, one after the other; then all are stored again.
    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    /// Whether something is to become of a round to come.
    pub(crate) fn is_to_fail(&self) -> bool {
        !self.state().faults.is_empty()
    }

    /// All rounds are stored again from now on.
    pub(crate) fn heal(&self) {
        self.state().faults.clear();
    }

    /// What is in the log of `room`.
    pub(crate) fn log(&self, room: &RoomName) -> Option<MemoryLog> {
        self.state().logs.get(room).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no holder of the model's lock panics")
    }

    fn read<T>(&self, part: Part, work: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        let state = self.state();
        match state.takes {
            Takes::Nothing => Err(broken(part)),
            Takes::Reads | Takes::Everything => Ok(work(&state)),
        }
    }

    /// Changes what is kept, or nothing where `work` fails.
    fn write<T>(
        &self,
        part: Part,
        work: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.state();
        if state.takes != Takes::Everything {
            return Err(broken(part));
        }
        let mut changed = state.clone();
        let done = work(&mut changed)?;
        *state = changed;
        Ok(done)
    }
}

impl State {
    fn write_down(&mut self, line: AuditLine) -> LineId {
        self.lines_ever += 1;
        let id = LineId(self.lines_ever);
        self.audit.push(AuditLine {
            id: Some(id),
            ..line
        });
        id
    }

    fn note(&mut self, action: &str, target: String, ban: Option<&Sanction>, time: UnixMillis) {
        self.write_down(AuditLine {
            id: None,
            time,
            room: String::new(),
            actor: OPERATOR.to_owned(),
            action: action.to_owned(),
            target,
            until: ban.and_then(|ban| ban.until),
            reason: ban.and_then(|ban| ban.reason.clone()),
        });
    }
}

#[async_trait::async_trait]
impl AuditLog for MemoryStore {
    async fn audit(&self, range: AuditRange) -> Result<Vec<AuditLine>, StoreError> {
        self.read(Part::Audit, |state| {
            let is_asked_for = |line: &&AuditLine| {
                let name = range.room.as_ref().map(RoomName::as_str);
                let is_on = |target: &String| {
                    line.target == *target && !NOT_ON_USERS.contains(&line.action.as_str())
                };
                name.is_none_or(|name| line.room == name)
                    && range.target.as_ref().is_none_or(is_on)
                    && range.before.is_none_or(|before| line.id < Some(before))
            };
            let newest = state.audit.iter().rev().filter(is_asked_for);
            let newest = newest.take(range.limit as usize);
            let mut lines: Vec<AuditLine> = newest.cloned().collect();
            lines.reverse();
            lines
        })
    }
}

#[async_trait::async_trait]
impl ClockStore for MemoryStore {
    async fn load(&self) -> Result<Option<Settling>, StoreError> {
        self.read(Part::Clock, |state| state.clock.clone())
    }

    async fn save(&self, settling: &Settling) -> Result<(), StoreError> {
        self.write(Part::Clock, |state| {
            state.clock = Some(settling.clone());
            Ok(())
        })
    }
}

#[async_trait::async_trait]
impl AddressStore for MemoryStore {
    async fn banned(&self, now: Moment) -> Result<Vec<(Network, Sanction)>, AddressesError> {
        Ok(self.read(Part::Addresses, |state| {
            let banned = state.banned.iter().filter(|(_, ban)| ban.holds(now));
            banned
                .map(|(network, ban)| (*network, ban.clone()))
                .collect()
        })?)
    }

    async fn ban(
        &self,
        network: Network,
        ban: &Sanction,
        now: Moment,
    ) -> Result<(), AddressesError> {
        let is_stored = self.write(Part::Addresses, |state| {
            let others = state.banned.iter();
            let others = others.filter(|(other, ban)| **other != network && ban.holds(now));
            if others.count() >= NETWORKS {
                return Ok(false);
            }
            state.banned.insert(network, ban.clone());
            state.note("banAddress", network.to_string(), Some(ban), now.time);
            Ok(true)
        })?;
        is_stored.then_some(()).ok_or(AddressesError::Full)
    }

    async fn lift(&self, network: Network, now: Moment) -> Result<(), AddressesError> {
        let was_there = self.write(Part::Addresses, |state| {
            let ban = state.banned.get(&network).filter(|ban| ban.holds(now));
            let was_there = ban.is_some();
            if was_there {
                state.banned.remove(&network);
                state.note("unbanAddress", network.to_string(), None, now.time);
            }
            Ok(was_there)
        })?;
        was_there
            .then_some(())
            .ok_or(AddressesError::NotBanned(network))
    }

    async fn note(&self, key: &str, network: Network, now: Moment) -> Result<(), AddressesError> {
        self.write(Part::Addresses, |state| {
            let is_there = state
                .accounts
                .get(key)
                .is_some_and(|account| account.removed.is_none());
            let is_this =
                |arrival: &(String, Network, UnixMillis)| arrival.0 == key && arrival.1 == network;
            let noted = state.arrivals.iter().find(|arrival| is_this(arrival));
            let fresh = before(now.time, NOTED_ANEW)..=now.time;
            if !is_there || noted.is_some_and(|(.., time)| fresh.contains(time)) {
                return Ok(());
            }
            state.arrivals.retain(|arrival| !is_this(arrival));
            state.arrivals.push((key.to_owned(), network, now.time));
            state.arrivals.sort_by_key(|(.., time)| *time);
            let mut theirs = state.arrivals.iter().filter(|arrival| arrival.0 == key);
            if theirs.clone().count() > RECENT
                && let Some((_, oldest, _)) = theirs.next().cloned()
            {
                state
                    .arrivals
                    .retain(|(owner, network, _)| owner != key || *network != oldest);
            }
            Ok(())
        })?;
        Ok(())
    }

    async fn recent(&self, key: &str, now: Moment) -> Result<Vec<Network>, AddressesError> {
        Ok(self.read(Part::Addresses, |state| {
            let oldest = before(now.settled, REMEMBERED);
            let newest = state.arrivals.iter().rev();
            let theirs = newest.filter(|(owner, _, time)| owner == key && *time > oldest);
            theirs.map(|(_, network, _)| *network).collect()
        })?)
    }

    async fn forget_old(&self, settled: UnixMillis) -> Result<(), AddressesError> {
        self.write(Part::Addresses, |state| {
            let oldest = before(settled, REMEMBERED);
            state.arrivals.retain(|(.., time)| *time > oldest);
            let is_over = |ban: &Sanction| ban.until.is_some_and(|until| until <= settled);
            state.banned.retain(|_, ban| !is_over(ban));
            Ok(())
        })?;
        Ok(())
    }
}
