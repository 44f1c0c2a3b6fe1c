//! Logs in memory.

use chat_protocol::{Epoch, RoomName, RoomState, Seq};

use super::{MemoryStore, State, broken};
use crate::domain::entry::{Entry, EntryBody, Epochs, NewEntry, StoredNonce, UnixMillis};
use crate::store::log::{End, Keep, LogHead, Range, RoomLog, Slice, Summary, Thinned, Trimmed};
use crate::store::{Part, StoreError};

/// Messages that one step takes out at most.
const STEP: usize = 256;

/// The log of one room.
#[derive(Clone, Debug)]
pub(crate) struct MemoryLog {
    pub(crate) epochs: Epochs,
    /// What was ever stored and when, in order; `None` where it was deleted or trimmed.
    pub(crate) entries: Vec<(UnixMillis, Option<Entry>)>,
    /// How many of the oldest were trimmed.
    pub(crate) trimmed: usize,
    pub(crate) nonces: Vec<StoredNonce>,
    pub(crate) modes: RoomState,
}

impl MemoryLog {
    pub(super) fn new(epoch: Epoch) -> Self {
        Self {
            epochs: Epochs::new(epoch),
            entries: Vec::new(),
            trimmed: 0,
            nonces: Vec::new(),
            modes: RoomState::default(),
        }
    }

    pub(crate) fn last(&self) -> Seq {
        Seq(self.entries.len() as u64)
    }

    pub(crate) fn first(&self) -> Seq {
        Seq(self.trimmed as u64 + 1)
    }

    /// The entry at `seq`, where it is there.
    pub(crate) fn entry(&self, seq: Seq) -> Option<&Entry> {
        let place = usize::try_from(seq.0.checked_sub(1)?).ok()?;
        self.entries.get(place)?.1.as_ref()
    }

    pub(super) fn append(&mut self, new: NewEntry) -> Entry {
        let entry = Entry {
            seq: self.last().next(),
            time: new.time,
            body: new.body,
        };
        match &entry.body {
            EntryBody::MessagePosted(posted) => {
                let nonce = posted.nonce.clone().map(|nonce| StoredNonce {
                    author: posted.author.account,
                    nonce,
                    seq: entry.seq,
                    time: entry.time,
                });
                self.nonces.extend(nonce);
            }
            EntryBody::MessageDeleted(deleted) => {
                let target = deleted.target;
                self.take_out(|entry| entry.seq == target && entry.message().is_some());
            }
            EntryBody::Purged(purged) => self.take_out(|entry| is_by(entry, &purged.key)),
            EntryBody::Cleared(_) => self.take_out(|_| true),
            EntryBody::RoomChanged(changed) => self.modes = changed.modes.clone(),
        }
        self.entries.push((entry.time, Some(entry.clone())));
        entry
    }

    fn take_out(&mut self, mut is_gone: impl FnMut(&Entry) -> bool) {
        for (_, entry) in &mut self.entries {
            entry.take_if(|entry| is_gone(entry));
        }
    }

    fn there(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter_map(|(_, entry)| entry.as_ref())
    }

    /// Those entries of a range that `is_meant`.
    fn slice(&self, range: Range, is_meant: impl Fn(&Entry) -> bool) -> Slice {
        let before = range.before.unwrap_or(Seq(u64::MAX));
        let within =
            |entry: &&Entry| entry.seq > range.after && entry.seq < before && is_meant(entry);
        let found: Vec<&Entry> = self.there().filter(within).collect();
        let limit = usize::try_from(range.limit).unwrap_or(usize::MAX);
        let too_many = found.len().saturating_sub(limit);
        let kept = match range.end {
            End::Oldest => &found[..found.len() - too_many],
            End::Newest => &found[too_many..],
        };
        Slice {
            epochs: self.epochs.clone(),
            entries: kept.iter().map(|entry| (*entry).clone()).collect(),
            first: self.first(),
            complete: too_many == 0,
        }
    }

    /// How many of the oldest are not to be kept.
    fn to_trim(&self, keep: Keep) -> usize {
        let most = usize::try_from(keep.entries.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let too_many = self.entries.len().saturating_sub(most);
        let is_kept = |(place, (time, _)): &(usize, &(UnixMillis, Option<Entry>))| {
            *place >= too_many && *time >= keep.since
        };
        let mut left = self.entries.iter().enumerate().skip(self.trimmed);
        left.find(is_kept)
            .map_or(self.entries.len(), |(place, _)| place)
    }
}

fn is_by(entry: &Entry, key: &str) -> bool {
    entry
        .message()
        .is_some_and(|posted| posted.author.key == key)
}

impl State {
    fn log_mut(&mut self, room: &RoomName) -> Result<&mut MemoryLog, StoreError> {
        self.logs.get_mut(room).ok_or_else(|| broken(Part::Log))
    }
}

#[async_trait::async_trait]
impl RoomLog for MemoryStore {
    async fn open(&self, room: &RoomName, nonces_since: u64) -> Result<LogHead, StoreError> {
        self.read(Part::Log, |state| match state.logs.get(room) {
            Some(log) => LogHead {
                epochs: log.epochs.clone(),
                is_begun: true,
                first: log.first(),
                last: log.last(),
                nonces: {
                    let nonces = log.nonces.iter().rev();
                    let is_there = |nonce: &&StoredNonce| {
                        nonce.time >= nonces_since && nonce.seq >= log.first()
                    };
                    nonces.filter(is_there).cloned().collect()
                },
                modes: log.modes.clone(),
            },
            None => LogHead {
                epochs: Epochs::new(new_epoch()),
                is_begun: false,
                first: Seq(1),
                last: Seq(0),
                nonces: Vec::new(),
                modes: RoomState::default(),
            },
        })
    }

    async fn read(&self, room: &RoomName, range: Range) -> Result<Slice, StoreError> {
        tokio::task::yield_now().await;
        let slice = MemoryStore::read(self, Part::Log, |state| {
            let log = state.logs.get(room)?;
            let is_shown = |entry: &Entry| {
                range.with_modes || !matches!(entry.body, EntryBody::RoomChanged(_))
            };
            Some(log.slice(range, is_shown))
        });
        slice?.ok_or_else(|| broken(Part::Log))
    }

    async fn written_by(
        &self,
        room: &RoomName,
        key: &str,
        range: Range,
    ) -> Result<Slice, StoreError> {
        MemoryStore::read(self, Part::Log, |state| {
            let log = state.logs.get(room)?;
            Some(log.slice(range, |entry| is_by(entry, key)))
        })?
        .ok_or_else(|| broken(Part::Log))
    }

    async fn count_of(&self, room: &RoomName, key: &str) -> Result<u64, StoreError> {
        MemoryStore::read(self, Part::Log, |state| {
            let log = state.logs.get(room);
            let theirs = |log: &MemoryLog| log.there().filter(|entry| is_by(entry, key)).count();
            log.map_or(0, |log| theirs(log) as u64)
        })
    }

    async fn list(&self) -> Result<Vec<Summary>, StoreError> {
        MemoryStore::read(self, Part::Log, |state| {
            let logs = state.logs.iter();
            let summary = |(room, log): (&RoomName, &MemoryLog)| Summary {
                room: room.clone(),
                entries: log.there().count() as u64,
                last: log.last(),
            };
            logs.map(summary).collect()
        })
    }

    async fn names(&self) -> Result<Vec<RoomName>, StoreError> {
        MemoryStore::read(self, Part::Log, |state| {
            state.logs.keys().cloned().collect()
        })
    }

    async fn thin(&self, room: &RoomName, key: &str, after: Seq) -> Result<Thinned, StoreError> {
        self.write(Part::Log, |state| {
            let Some(log) = state.logs.get_mut(room) else {
                let (seq, count, is_done) = (after, 0, true);
                return Ok(Thinned {
                    seq,
                    count,
                    is_done,
                });
            };
            let theirs = log
                .there()
                .filter(|entry| entry.seq > after && is_by(entry, key));
            let found: Vec<Seq> = theirs.map(|entry| entry.seq).take(STEP + 1).collect();
            let is_done = found.len() <= STEP;
            let taken = &found[..found.len().min(STEP)];
            if !is_done {
                log.take_out(|entry| taken.contains(&entry.seq));
            }
            Ok(Thinned {
                seq: taken.last().copied().unwrap_or(after),
                count: taken.len() as u64,
                is_done,
            })
        })
    }

    async fn remove(&self, room: &RoomName) -> Result<bool, StoreError> {
        self.write(Part::Log, |state| Ok(state.logs.remove(room).is_some()))
    }

    async fn overdue(&self, keep: Keep) -> Result<Vec<RoomName>, StoreError> {
        MemoryStore::read(self, Part::Log, |state| {
            let logs = state.logs.iter();
            let overdue = logs.filter(|(_, log)| log.to_trim(keep) > log.trimmed);
            overdue.map(|(room, _)| room.clone()).collect()
        })
    }

    async fn trim(&self, room: &RoomName, keep: Keep) -> Result<Trimmed, StoreError> {
        self.write(Part::Log, |state| {
            let log = state.log_mut(room)?;
            log.trimmed = log.to_trim(keep);
            for (_, entry) in &mut log.entries[..log.trimmed] {
                *entry = None;
            }
            Ok(Trimmed {
                first: log.first(),
                is_done: true,
            })
        })
    }
}

pub(super) fn new_epoch() -> Epoch {
    let number = getrandom::u64().expect("tests run where there is randomness");
    Epoch::new(format!("{number:016x}")).expect("16 digits are an epoch")
}
