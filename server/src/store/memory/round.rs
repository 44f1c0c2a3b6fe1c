//! Rounds in memory, and what of it a room reads: held messages and patterns.

use chat_protocol::{HeldId, RoomName, Seq};

use super::{Fault, MemoryStore, State, broken};
use crate::domain::audit::AuditLine;
use crate::domain::entry::{Entry, EntryBody, NewEntry, UnixMillis};
use crate::domain::filter::{self, Pattern};
use crate::domain::held::{HeldMessage, Ruled, Ruling, Waiting};
use crate::domain::moderation::{Decision, Verdict};
use crate::domain::round::{Change, Done, Founding, Round, RoundId, StoredRound};
use crate::store::filters::{Filters, FiltersError, Outline};
use crate::store::held::HeldMessages;
use crate::store::rooms::{Beginning, Founder};
use crate::store::rounds::{Outcome, Rounds};
use crate::store::{Part, StoreError};

#[async_trait::async_trait]
impl Rounds for MemoryStore {
    async fn store(&self, room: &RoomName, round: Round) -> Outcome {
        // While one commit is under way, more comes in.
        tokio::task::yield_now().await;
        let (fault, before) = {
            let mut state = self.state();
            (
                state.faults.pop_front(),
                state.stored_before(room, round.id),
            )
        };
        let stored = match (before, fault) {
            // What is stored is not refused, whatever else fails.
            (Some(stored), _) => Ok(stored),
            (None, Some(Fault::Refused | Fault::UnknownAndNot)) => Err(broken(Part::Round)),
            (None, Some(Fault::UnknownAndStored) | None) => {
                self.write(Part::Round, |state| state.store(room, round.clone()))
            }
        };
        match (stored, fault) {
            (_, Some(Fault::UnknownAndStored | Fault::UnknownAndNot)) => {
                Outcome::Unknown(round, broken(Part::Round))
            }
            (Ok(stored), _) => Outcome::Stored(stored),
            (Err(error), _) => Outcome::Refused(round, error),
        }
    }
}

impl State {
    /// What came of a round, where it was stored.
    fn stored_before(&self, room: &RoomName, id: RoundId) -> Option<StoredRound> {
        let (newest, stored) = self.rounds.get(room)?;
        (*newest == id).then(|| stored.clone())
    }

    fn store(&mut self, room: &RoomName, round: Round) -> Result<StoredRound, StoreError> {
        let Round { id, last, changes } = round;
        let stored = self.change_all(room, last, changes)?;
        self.rounds.insert(room.clone(), (id, stored.clone()));
        Ok(stored)
    }

    fn change_all(
        &mut self,
        room: &RoomName,
        last: Option<Seq>,
        changes: Vec<Change>,
    ) -> Result<StoredRound, StoreError> {
        let newest = self.logs.get(room).map_or(Seq(0), |log| log.last());
        let appends = changes.iter().any(|change| match change {
            Change::Append(_) => true,
            Change::Rule(ruling) => ruling.entry.is_some(),
            _ => false,
        });
        if appends && last.is_some_and(|last| last != newest) {
            return Err(broken(Part::Round));
        }
        let mut stored = StoredRound {
            done: Vec::new(),
            lines: Vec::new(),
        };
        for change in changes {
            let audit_entry = change.audit_entry();
            let done = self.change(room, change)?;
            let is_done = !matches!(done, Done::Ruled(_, Ruled::Gone));
            if let Some(entry) = audit_entry.filter(|_| is_done) {
                let line = self.write_down(AuditLine::new(room, entry));
                stored.lines.push(line);
            }
            stored.done.push(done);
        }
        Ok(stored)
    }

    fn change(&mut self, room: &RoomName, change: Change) -> Result<Done, StoreError> {
        Ok(match change {
            Change::Found(Founding { epoch, time }) => {
                let beginning = Beginning {
                    room: room.clone(),
                    epoch,
                    founder: Founder::Operator,
                    time,
                };
                Done::Founded(self.begin(&beginning, None))
            }
            Change::Append(entry) => Done::Appended(self.append(room, entry)?),
            Change::Judge(verdict) => {
                self.judge(room, &verdict)?;
                Done::Judged(verdict)
            }
            Change::Hold { waiting, forget } => {
                Done::Held(Box::new(self.hold(room, *waiting, forget)?))
            }
            Change::Rule(ruling) => {
                let ruled = self.rule(room, (*ruling).clone())?;
                Done::Ruled(ruling, ruled)
            }
            Change::Filter { change, by, time } => {
                let patterns = self.filters.entry(room.clone()).or_default();
                patterns.retain(|pattern| pattern.text != change.text());
                if let filter::Change::Add(pattern) = &change {
                    patterns.push(pattern.clone());
                }
                patterns.sort_by(|one, other| one.text.cmp(&other.text));
                Done::Filtered { change, by, time }
            }
        })
    }

    fn append(&mut self, room: &RoomName, entry: NewEntry) -> Result<Entry, StoreError> {
        match &entry.body {
            EntryBody::Purged(purged) => self.forget_held(room, Some(&purged.key)),
            EntryBody::Cleared(_) => self.forget_held(room, None),
            _ => {}
        }
        let log = self.logs.get_mut(room).ok_or_else(|| broken(Part::Log))?;
        Ok(log.append(entry))
    }

    fn judge(&mut self, room: &RoomName, verdict: &Verdict) -> Result<(), StoreError> {
        let is_rank = matches!(verdict.decision, Decision::Rank(_));
        self.check_same(&verdict.target, is_rank)?;
        if matches!(verdict.decision, Decision::Ban(_)) {
            self.forget_held(room, Some(&verdict.target.key));
        }
        let standing = self.standings.entry(room.clone()).or_default();
        standing.carry_out(verdict);
        Ok(())
    }

    fn hold(
        &mut self,
        room: &RoomName,
        waiting: Waiting,
        forget: UnixMillis,
    ) -> Result<HeldMessage, StoreError> {
        self.held.retain(|(_, held)| held.waiting.time > forget);
        let account = self.accounts.get(&waiting.author.key);
        if account.is_none_or(|account| account.removed.is_some()) {
            return Err(broken(Part::Held));
        }
        self.held_ever += 1;
        let id = HeldId::new(self.held_ever.to_string()).expect("a number is an id");
        let held = HeldMessage { id, waiting };
        self.held.push((room.clone(), held.clone()));
        Ok(held)
    }

    fn rule(&mut self, room: &RoomName, ruling: Ruling) -> Result<Ruled, StoreError> {
        let before = self.held.len();
        let is_meant =
            |there: &RoomName, held: &HeldMessage| there == room && held.id == ruling.held.id;
        self.held.retain(|(there, held)| !is_meant(there, held));
        if self.held.len() == before {
            return Ok(Ruled::Gone);
        }
        let Some(mut entry) = ruling.entry else {
            return Ok(Ruled::Done(None));
        };
        if let EntryBody::MessagePosted(posted) = &mut entry.body {
            let log = self.logs.get(room);
            posted.reply_to.take_if(|target| {
                let seq = log.and_then(|log| log.epochs.seq_of(target));
                let entry = seq.and_then(|seq| log?.entry(seq));
                entry.and_then(Entry::message).is_none()
            });
        }
        Ok(Ruled::Done(Some(Box::new(self.append(room, entry)?))))
    }

    /// Forgets what waits in a room, of one user or of all.
    pub(super) fn forget_held(&mut self, room: &RoomName, key: Option<&str>) {
        self.held.retain(|(there, held)| {
            there != room || key.is_some_and(|key| held.waiting.author.key != key)
        });
    }
}

#[async_trait::async_trait]
impl HeldMessages for MemoryStore {
    async fn load(&self, room: &RoomName, since: u64) -> Result<Vec<HeldMessage>, StoreError> {
        self.read(Part::Held, |state| {
            let is_meant = |(there, held): &&(RoomName, HeldMessage)| {
                there == room && held.waiting.time > since
            };
            let held = state.held.iter().filter(is_meant);
            held.map(|(_, held)| held.clone()).collect()
        })
    }
}

#[async_trait::async_trait]
impl Filters for MemoryStore {
    async fn outline(&self, room: &RoomName) -> Result<Outline, FiltersError> {
        Ok(Outline::of(&Filters::load(self, room).await?))
    }

    async fn load(&self, room: &RoomName) -> Result<Vec<Pattern>, FiltersError> {
        let load = |state: &State| state.filters.get(room).cloned().unwrap_or_default();
        Ok(self.read(Part::Filters, load)?)
    }
}
