//! What operators order, and verdicts, whoever speaks them: stored before they take effect.

use super::command::{OperateError, OperatorCommand};
use super::effects::Outcome;
use super::{RoomTask, answer};
use crate::clock;
use crate::domain::moderation::{BanScope, Decision, Person, Verdict};
use crate::domain::room::{Effect, Input, MemberId, NOBODY, Order, PendingVerdict, operator};
use crate::store::{Part, StoreError};

impl RoomTask {
    /// Does what an operator asks for.
    pub(super) async fn operate(&mut self, command: OperatorCommand) {
        match command {
            OperatorCommand::Judge(order, target, creates, sender) => {
                answer(sender, self.order(order, target, creates).await);
            }
            OperatorCommand::Purge(target, sender) => answer(sender, self.purge(target).await),
            OperatorCommand::ChangeFilter(change, sender) => {
                let outcome = self.apply(Input::ChangeFilter(NOBODY, change)).await;
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

    async fn found_for_operator(&mut self) -> Result<bool, StoreError> {
        let (is_made, effects) = self.found().await?;
        self.carry_out(effects).await;
        Ok(is_made)
    }

    /// Stores a verdict; nothing else happens in the room meanwhile, so it takes effect at once for
    /// everybody or not at all.
    pub(super) async fn judge(
        &mut self,
        id: MemberId,
        pending: PendingVerdict,
        outcome: &mut Outcome,
    ) -> Vec<Effect> {
        // After the answer nothing of whom it hits may come any more.
        self.delivery.flush().await;
        let PendingVerdict {
            mut verdict,
            scope,
            creates,
        } = pending;
        let mut following = Vec::new();
        let stored = match creates {
            true => self.found().await.map_err(OperateError::from),
            false => Ok((false, Vec::new())),
        };
        let stored = match stored {
            Ok((_, founded)) => {
                following = founded;
                let saved = self.save(&mut verdict, scope).await;
                saved.map_err(OperateError::from)
            }
            Err(error) => Err(error),
        };
        let input = match stored {
            Ok(()) => Input::Judged(id, verdict),
            Err(error) => {
                let cause = &error as &dyn std::error::Error;
                tracing::error!(room = ?self.name, error = cause, "a verdict could not be stored");
                outcome.report = Some(Err(error));
                Input::NotJudged(id, verdict)
            }
        };
        self.who = None;
        following.extend(self.room.apply(input, clock::moment()));
        following
    }

    /// Stores a verdict. A ban takes the recent addresses of its target along where it is to, or where
    /// all bans do.
    async fn save(&mut self, verdict: &mut Verdict, scope: BanScope) -> Result<(), StoreError> {
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
        self.stores.standings.save(&self.name, verdict).await
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
