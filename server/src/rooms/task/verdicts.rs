//! What operators order, and verdicts, whoever speaks them: stored before they take effect.

use super::command::{OperateError, OperatorCommand};
use super::effects::Outcome;
use super::rounds::Wanted;
use super::{RoomTask, answer};
use crate::clock;
use crate::domain::moderation::{BanScope, Decision, Person, Verdict};
use crate::domain::room::{Input, MemberId, NOBODY, Order, PendingVerdict, operator};
use crate::domain::round::Change;
use crate::store::{Part, StoreError};

impl RoomTask {
    /// Does what an operator asks for.
    pub(super) async fn operate(&mut self, command: OperatorCommand) {
        match command {
            OperatorCommand::Judge(order, target, creates, sender) => {
                answer(sender, self.order(order, target, creates).await);
            }
            OperatorCommand::Purge(target, sender) => answer(sender, self.purge(target).await),
            OperatorCommand::ChangeFilter(change, creates, sender) => {
                let outcome = self.apply(Input::OperateFilter(change, creates)).await;
                answer(sender, said(outcome));
            }
            OperatorCommand::Found(sender) => answer(sender, self.found_for_operator().await),
            OperatorCommand::ForgetIfIdle(before, now) => self.forget_if_idle(before, now).await,
            OperatorCommand::Trimmed(first) => {
                self.head.first = self.head.first.max(first);
                self.pin_to_check = Some(operator());
            }
        }
    }

    /// Carries an order out; answers with what was done.
    async fn order(
        &mut self,
        order: Order,
        target: Person,
        creates: bool,
    ) -> Result<String, OperateError> {
        let is_ban = matches!(order, Order::Ban(..));
        let outcome = self.apply(Input::Operate(order, target, creates)).await;
        let closed = outcome.closed;
        let mut done = said(outcome)?;
        if is_ban {
            done.push_str(&format!("; {}", closed_connections(closed)));
        }
        Ok(done)
    }

    /// Takes all messages of somebody out; those that are many were taken out before.
    async fn purge(&mut self, target: Person) -> Result<(), StoreError> {
        self.show_all().await;
        self.apply(Input::Purge(target)).await;
        self.show_all().await;
        match self.is_last_sure {
            true => Ok(()),
            false => Err(StoreError::new(Part::Log, NotPurged)),
        }
    }

    /// Makes the room one that there is, for an operator, which is false where it is one already.
    async fn found_for_operator(&mut self) -> Result<bool, StoreError> {
        if self.room.is_founded() {
            return Ok(false);
        }
        let founding = Wanted::one(NOBODY, self.founding());
        self.store_round(Part::Rooms, founding).await?;
        self.carry_out().await;
        Ok(true)
    }

    /// Stores a verdict, and before it, in one with it, that there is the room; nothing else happens in
    /// the room meanwhile, so it takes effect at once for everybody or not at all.
    pub(super) async fn judge(
        &mut self,
        id: MemberId,
        pending: PendingVerdict,
        outcome: &mut Outcome,
    ) {
        // After the answer nothing of whom it hits may come any more.
        self.delivery.flush().await;
        let PendingVerdict {
            mut verdict,
            scope,
            creates,
        } = pending;
        let stored = match self.take_addresses(&mut verdict, scope).await {
            Ok(()) => {
                let mut wanted = Wanted::default();
                if creates && !self.room.is_founded() {
                    wanted.add(id, self.founding());
                }
                wanted.add(id, Change::Judge(Box::new(verdict)));
                self.store_round(Part::Standing, wanted).await
            }
            Err(error) => {
                self.follow(Input::NotJudged(id, verdict));
                Err(error)
            }
        };
        if let Err(error) = stored {
            self.report("a verdict could not be stored", &error);
            outcome.report = Some(Err(error.into()));
        }
        self.who = None;
    }

    /// A ban takes the recent addresses of its target along where it is to, or where all bans do.
    async fn take_addresses(
        &mut self,
        verdict: &mut Verdict,
        scope: BanScope,
    ) -> Result<(), StoreError> {
        let addresses = &self.stores.addresses;
        if let Decision::Ban(ban) = &mut verdict.decision
            && scope.max(addresses.every_ban()).takes_addresses()
        {
            let key = &verdict.target.key;
            // Where they are just now may not be stored yet.
            let mut networks = self.room.own_networks(key);
            let recent = addresses.recent(key, clock::moment()).await;
            networks.extend(recent.map_err(|error| StoreError::new(Part::Standing, error))?);
            ban.networks = super::addresses::first_different(networks);
        }
        Ok(())
    }
}

/// What an operator is told.
fn said(outcome: Outcome) -> Result<String, OperateError> {
    let nothing = || Err(OperateError::Slip("nothing was done".to_owned()));
    outcome.report.unwrap_or_else(nothing)
}

/// How many connections were closed, in words.
pub fn closed_connections(count: usize) -> String {
    match count {
        1 => "1 connection closed".to_owned(),
        count => format!("{count} connections closed"),
    }
}

/// The log says why.
#[derive(Debug, thiserror::Error)]
#[error("the purge could not be stored")]
struct NotPurged;
