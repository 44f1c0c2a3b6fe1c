//! The one way out of a room's rules: what they order is carried out here, one order after another, and
//! nowhere else. Each kind of order has one arm, whatever it follows from.
//!
//! Keeps the order of everything: what was posted before is stored and shown before.

use std::time::Duration;

use chat_protocol::{CloseCode, Nonce, Seq, ServerEvent, events};
use tokio::time::Instant;

use super::delivery::MemberConnection;
use super::recent::{Recent, SHOWN};
use super::{OperateError, RoomTask};
use crate::clock;
use crate::domain::entry::Entry;
use crate::domain::moderation::Origin;
use crate::domain::room::{Effect, Input, Lookup, MemberId, Pace, View};
use crate::domain::round::Change;
use crate::limits::{FLOODING, Privilege};
use crate::store::log::{End, Range};
use crate::store::{Part, StoreError};
use crate::wire::outgoing::Outgoing;

/// Orders for which a room keeps memory while it has none: a message needs but one at a time.
const ORDERED: usize = 4;

/// What of that which was carried out is told to whoever asked for it from outside the room.
#[derive(Default)]
pub(super) struct Outcome {
    /// How many connections were closed.
    pub(super) closed: usize,
    /// What an operator is told.
    pub(super) report: Option<Result<String, OperateError>>,
    /// What may be read of what was asked for.
    pub(super) view: Option<View>,
}

impl RoomTask {
    /// Applies `input` and carries out what follows.
    pub(super) async fn apply(&mut self, input: Input) -> Outcome {
        self.follow(input);
        self.carry_out().await
    }

    /// Applies `input`: what it orders is carried out before anything that was ordered before.
    pub(super) fn follow(&mut self, input: Input) {
        let now = clock::moment();
        self.room.apply_into(input, now, &mut self.following);
    }

    /// Stores what waits, in one commit, and lets it wait for its delivery.
    pub(super) async fn store(&mut self) {
        self.commit().await;
        self.carry_out().await;
    }

    /// Stores what waits, and lets everybody see all that is stored.
    pub(super) async fn show_all(&mut self) {
        self.store().await;
        self.delivery.flush().await;
    }

    /// Carries out what the rules ordered, and what follows from that before what was ordered after it.
    /// Entries wait to share a commit; whatever is neither one nor on the way to one comes after it.
    pub(super) async fn carry_out(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        loop {
            self.ordered.extend(self.following.drain(..).rev());
            let Some(effect) = self.ordered.pop() else {
                break;
            };
            let may_share = matches!(effect, Effect::Store(..) | Effect::Charge(..));
            match may_share || self.unstored.is_empty() {
                true => self.carry_out_one(effect, &mut outcome).await,
                false => {
                    self.ordered.push(effect);
                    self.commit().await;
                }
            }
        }
        self.following.shrink_to(ORDERED);
        self.ordered.shrink_to(ORDERED);
        outcome
    }

    /// Carries out one order.
    async fn carry_out_one(&mut self, effect: Effect, outcome: &mut Outcome) {
        match effect {
            Effect::Store(sender, entry) => self.unstored.add(sender, Change::Append(entry)),
            Effect::Charge(id, allowed) => {
                let wait = self.wait(id, allowed.pace());
                self.follow(Input::Charged(id, allowed, wait));
            }
            Effect::Deliver(senders, entry) => self.deliver(&senders, &entry),
            Effect::Repeat(id, seq, nonce) => self.repeat(id, seq, nonce).await,
            Effect::Send(id, event) => self.delivery.answer(id, &Outgoing::new(event)),
            Effect::Announce(listeners, event) => self.delivery.announce(&listeners, event).await,
            Effect::Judge(id, pending) => self.judge(id, *pending, outcome).await,
            Effect::Hold(id, waiting) => self.hold(id, waiting).await,
            Effect::Rule(id, ruling) => self.rule(id, ruling).await,
            Effect::ChangeFilter(id, change, by, creates) => {
                let asked = (change, by, creates);
                self.change_filter(id, asked, outcome).await;
            }
            Effect::ListFilters(id) => self.list_filters(id).await,
            Effect::Open(view) => outcome.view = Some(*view),
            Effect::Report(said) => outcome.report = Some(said.map_err(OperateError::Slip)),
            Effect::CheckFlooding(id) => self.check_flooding(id),
            Effect::Expel(ids, event, code) => {
                outcome.closed += ids.len();
                self.expel(&ids, event, code);
            }
            Effect::SignOut(ids) => {
                outcome.closed += ids.len();
                self.sign_out(&ids);
            }
            Effect::CheckPinned(by) => self.pin_to_check = Some(by),
            Effect::WakeAt(time) => self.wake_at = Some(instant(time)),
        }
    }

    /// Stores what waits, in one commit.
    async fn commit(&mut self) {
        if self.unstored.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.unstored);
        if let Err(error) = self.store_round(Part::Log, waiting).await {
            self.report("messages could not be stored and were refused", &error);
        }
    }

    /// Seconds that a member has to wait before it may do one more thing of this kind, which counts
    /// where it need not. Nobody waits who is gone, or in whose place an operator acts.
    fn wait(&self, id: MemberId, pace: Pace) -> Option<u64> {
        let allowance = &self.delivery.connection(id)?.allowance;
        let (limits, source) = (&allowance.limits, allowance.source);
        let key = self.room.key_of(id)?;
        let taken = match pace {
            Pace::Message => limits.message(key, source, self.privilege(key)),
            Pace::Action => limits.action(key, source, self.privilege(key)),
            Pace::Answer => allowance.answer(),
        };
        taken.err().map(|too_fast| too_fast.retry_after)
    }

    /// What stands behind the user `key` here.
    fn privilege(&self, key: &str) -> Privilege {
        let is_moderator = self.room.rank(key) <= chat_protocol::Rank::Moderator;
        match self.room.origin(key) {
            Some(Origin::Vouched) if is_moderator => Privilege::Vouched,
            Some(Origin::Appointed) if is_moderator => Privilege::Appointed,
            Some(Origin::Founded) => Privilege::Founder,
            _ => Privilege::None,
        }
    }

    /// Closes the connection of a member who goes on regardless of being refused for being too fast.
    fn check_flooding(&mut self, id: MemberId) {
        let Some(MemberConnection { outbox, allowance }) = self.delivery.connection(id) else {
            return;
        };
        if !allowance.pace.goes_on_regardless() {
            return;
        }
        if let Some(left_out) = allowance.limits.notices().next() {
            let source = allowance.source;
            tracing::info!(room = ?self.name, %source, left_out, "closed: flooding");
        }
        outbox.close(CloseCode::Flooding, FLOODING);
        self.who = None;
        self.delivery.leave(id);
        self.follow(Input::Leave(id));
    }

    /// Gives a member a message again that it sent before: that may be longer than what it sent.
    async fn repeat(&mut self, id: MemberId, seq: Seq, nonce: Nonce) {
        let why = match self.entry(seq).await {
            Ok(original) => match original.and_then(|entry| self.marked(&entry)) {
                Some(answer) => {
                    self.delivery.answer(id, &answer);
                    return;
                }
                None => Lookup::Gone,
            },
            Err(error) => {
                self.report("cannot read a retried message", &error);
                Lookup::Original
            }
        };
        self.follow(Input::Unavailable(id, events::MESSAGE, why, Some(nonce)));
    }

    fn expel(&mut self, ids: &[MemberId], event: ServerEvent, code: CloseCode) {
        let outgoing = Outgoing::new(event);
        for id in ids {
            if let Some(outbox) = self.delivery.leave(*id) {
                outbox.push(&outgoing);
                outbox.close(code, "disconnected by a moderator");
            }
        }
    }

    fn sign_out(&mut self, ids: &[MemberId]) {
        for id in ids {
            if let Some(outbox) = self.delivery.leave(*id) {
                outbox.close(
                    CloseCode::SignedOut,
                    "the password was changed, or the login ended",
                );
            }
        }
    }

    fn deliver(&mut self, senders: &[MemberId], entry: &Entry) {
        self.removals += u64::from(entry.message().is_none());
        let event = entry.to_event(&self.name, &self.head.epochs);
        let outgoing = match &mut self.recent {
            None => Outgoing::new(event),
            Some(recent) => {
                let removed = recent.removed(entry, &self.head.epochs);
                recent.note(entry);
                Outgoing::removing(event, removed)
            }
        };
        let marked = self.marked(entry);
        let own = marked.as_ref().map(|marked| (senders, marked));
        self.delivery.add(outgoing, own);
    }

    /// The copy for who sent it, where that differs.
    fn marked(&self, entry: &Entry) -> Option<Outgoing> {
        let posted = entry.message()?;
        posted.nonce.as_ref()?;
        let event = entry.to_event_for(posted.author.account, &self.name, &self.head.epochs);
        Some(Outgoing::new(event))
    }

    /// Begins to keep the newest messages in mind: somebody comes in who is told message by message what
    /// is taken out.
    pub(super) async fn remember_recent(&mut self) {
        if self.recent.is_some() {
            return;
        }
        // Those of the log, behind which come those that wait.
        self.store().await;
        let range = Range {
            after: Seq(0),
            before: None,
            limit: SHOWN,
            end: End::Newest,
            with_modes: false,
        };
        let read = self.stores.log.read(&self.name, range).await;
        self.recent = match read {
            Ok(page) => Some(Recent::of(&page.entries)),
            Err(error) => {
                self.report("cannot read which messages may still be shown", &error);
                Some(Recent::default())
            }
        };
    }

    /// The entry at `seq`, where there is one.
    pub(super) async fn entry(&self, seq: Seq) -> Result<Option<Entry>, StoreError> {
        let range = Range {
            after: Seq(seq.0.saturating_sub(1)),
            before: Some(seq.next()),
            limit: 1,
            end: End::Oldest,
            with_modes: true,
        };
        Ok(self.stores.log.read(&self.name, range).await?.entries.pop())
    }
}

fn instant(time: u64) -> Instant {
    let wait = time.saturating_sub(clock::moment().steady);
    Instant::now() + Duration::from_millis(wait)
}

#[cfg(test)]
mod tests;
