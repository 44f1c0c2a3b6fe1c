//! How a room stores: one round after another, each handed to the store until it is known what became
//! of it, and what the rules hear then. Nothing else in the room's task writes what a round can hold.
//!
//! While it is unknown whether a round was stored, the room stands still: nothing of it may be shown,
//! nobody may be told that it failed, and whatever comes after it is decided by what became of it. What
//! is asked of the room meanwhile waits in its inbox, and whoever finds no place there waits as well.

use std::future::pending;
use std::time::Duration;

use tokio::time::sleep;

use super::RoomTask;
use crate::clock;
use crate::domain::filter::audit_entry;
use crate::domain::room::{Input, MemberId};
use crate::domain::round::{Change, Done, Founding, Round, RoundId, StoredRound};
use crate::store::rounds::Outcome;
use crate::store::{Part, StoreError};

/// How long a round waits before it is handed over again; each time twice as long, up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What is to be stored in one round, and who asked for each change.
#[derive(Default)]
pub(super) struct Wanted {
    askers: Vec<MemberId>,
    changes: Vec<Change>,
}

impl Wanted {
    /// One change.
    pub(super) fn one(asker: MemberId, change: Change) -> Self {
        let mut wanted = Self::default();
        wanted.add(asker, change);
        wanted
    }

    /// One more, behind the others.
    pub(super) fn add(&mut self, asker: MemberId, change: Change) {
        self.askers.push(asker);
        self.changes.push(change);
    }

    /// How many changes there are.
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// True where nothing is to be stored.
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl RoomTask {
    /// Stores a round and lets the rules hear of it: what they order then is in `following`. Answers
    /// once it is known what became of it; a failure is told as one of `part`.
    pub(super) async fn store_round(
        &mut self,
        part: Part,
        wanted: Wanted,
    ) -> Result<(), StoreError> {
        let Wanted { askers, changes } = wanted;
        match self.hand_over(changes).await {
            Ok(stored) => {
                self.round_stored(askers, stored);
                Ok(())
            }
            Err((refused, mut error)) => {
                self.round_refused(askers, refused);
                error.part = part;
                Err(error)
            }
        }
    }

    /// What makes the room one that there is, with nobody as its administrator.
    pub(super) fn founding(&self) -> Change {
        Change::Found(Founding {
            epoch: self.head.epochs.current().clone(),
            time: clock::now(),
        })
    }

    /// Hands a round over until it is known what became of it.
    async fn hand_over(
        &mut self,
        changes: Vec<Change>,
    ) -> Result<StoredRound, (Round, StoreError)> {
        let id = self.next_round;
        self.next_round.number += 1;
        let last = self.is_last_sure.then_some(self.head.last);
        let mut round = Round { id, last, changes };
        let mut pause = PAUSE;
        loop {
            match self.stores.rounds.store(&self.name, round).await {
                Outcome::Stored(stored) => return Ok(stored),
                Outcome::Refused(round, error) => return Err((round, error)),
                Outcome::Unknown(same, error) => {
                    round = same;
                    self.pause(pause, round.id, &error).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }

    /// Waits before a round is handed over again. Where the server stops meanwhile, this gives up and
    /// never ends: [`RoomTask::run`] drops it, with all that depends on the round.
    async fn pause(&mut self, pause: Duration, id: RoundId, error: &StoreError) {
        if pause == PAUSE {
            tracing::error!(
                room = ?self.name,
                round = id.number,
                error = error as &dyn std::error::Error,
                "it is unknown whether a round was stored: the room waits until it is known"
            );
            // What was stored before has nothing to do with it, and does not wait.
            self.delivery.flush().await;
        }
        tokio::select! {
            () = self.stopping.begun() => {}
            () = sleep(pause) => return,
        }
        self.given_up.cancel();
        pending().await
    }

    /// The rules hear what was stored, in its order; entries that stand together, at once.
    fn round_stored(&mut self, askers: Vec<MemberId>, stored: StoredRound) {
        if let Some(last) = stored.last() {
            self.head.last = last;
            self.is_last_sure = true;
        }
        if !stored.lines.is_empty() {
            self.follow(Input::Noted(stored.lines));
        }
        let mut appended = Vec::with_capacity(askers.len());
        for (asker, done) in askers.into_iter().zip(stored.done) {
            let input = match done {
                Done::Appended(entry) => {
                    appended.push((asker, entry));
                    continue;
                }
                Done::Founded(_) => {
                    self.head.is_begun = true;
                    Input::Founded(None)
                }
                Done::Judged(verdict) => Input::Judged(asker, *verdict),
                Done::Held(held) => Input::Held(asker, *held),
                Done::Ruled(ruling, ruled) => Input::Ruled(asker, ruling, ruled),
                Done::Filtered { change, by, time } => {
                    let line = audit_entry(&change, &by, time);
                    Input::FilterChanged(asker, change, line)
                }
            };
            self.follow_all(&mut appended, Input::Stored);
            self.follow(input);
        }
        self.follow_all(&mut appended, Input::Stored);
    }

    /// The rules hear that nothing of this was stored.
    fn round_refused(&mut self, askers: Vec<MemberId>, round: Round) {
        let mut lost = Vec::with_capacity(askers.len());
        for (asker, change) in askers.into_iter().zip(round.changes) {
            let input = match change {
                Change::Append(entry) => {
                    // Somebody else may have appended: the log is asked next time.
                    self.is_last_sure = false;
                    lost.push((asker, entry));
                    continue;
                }
                Change::Found(_) => continue,
                Change::Judge(verdict) => Input::NotJudged(asker, *verdict),
                Change::Hold { waiting, .. } => Input::NotHeld(asker, waiting),
                Change::Rule(ruling) => {
                    self.is_last_sure = false;
                    Input::NotRuled(asker, ruling.choice)
                }
                Change::Filter { change, .. } => Input::FilterNotChanged(asker, change, None),
            };
            self.follow_all(&mut lost, Input::NotStored);
            self.follow(input);
        }
        self.follow_all(&mut lost, Input::NotStored);
    }

    /// The rules hear of these together, where there are any.
    fn follow_all<T>(&mut self, entries: &mut Vec<T>, input: fn(Vec<T>) -> Input) {
        if !entries.is_empty() {
            self.follow(input(std::mem::take(entries)));
        }
    }
}

#[cfg(test)]
mod tests;
