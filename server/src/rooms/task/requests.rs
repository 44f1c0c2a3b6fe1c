//! What members ask for that needs a look at the log, at the limits or at the store of standing
//! before the room's rules can decide.

use chat_protocol::{
    ClientError, CloseCode, Code, MessageId, Nonce, PostMessage, Rank, RoomChange, Seq,
    ServerEvent, Username, durations, events,
};

use super::delivery::MemberConnection;
use super::{OperateError, RoomTask};
use crate::clock;
use crate::domain::entry::{Author, EntryBody, NewEntry, Purged};
use crate::domain::moderation::{Decision, Origin, Person, Verdict};
use crate::domain::room::{
    Effect, Input, MemberId, NOBODY, Order, Passed, ReplyTarget, StoredMessage, operated, operator,
    refusal,
};
use crate::limits::{Allowance, FLOODING, Privilege, TooFast};
use crate::store::accounts::AccountsError;
use crate::store::log::LogError;
use crate::store::standing::StandingError;
use crate::wire::outgoing::Outgoing;

impl RoomTask {
    pub(super) async fn post(&mut self, id: MemberId, post: PostMessage) {
        let target = match self.target(post.reply_to.as_ref()).await {
            Ok(target) => target,
            Err(error) => {
                self.report("cannot read the message that another answers", &error);
                return self.unavailable(id, events::MESSAGE, post.nonce.as_ref());
            }
        };
        let found = match self.blocked(id, &post).await {
            Ok(found) => found,
            Err(error) => {
                self.report_filters("a message could not be held against patterns", &error);
                return self.unavailable(id, events::MESSAGE, post.nonce.as_ref());
            }
        };
        match self.room.look(id, post, target, found, clock::moment()) {
            Ok(passed) => {
                let wait = self.wait(&passed);
                self.apply(Input::Post(passed, wait)).await;
                if wait.is_some() {
                    self.put_out_if_flooding(id).await;
                }
            }
            Err(effects) => self.follow(effects).await,
        }
    }

    /// Seconds that a member has to wait before it may post this. Only what would be stored now takes
    /// from what the member may post.
    fn wait(&self, passed: &Passed) -> Option<u64> {
        let Allowance { limits, source, .. } = &self.delivery.connection(passed.id)?.allowance;
        let key = &passed.author.key;
        let taken = limits.message(key, *source, self.privilege(key));
        taken.err().map(|too_fast| too_fast.retry_after)
    }

    /// What stands behind the user `key` here.
    fn privilege(&self, key: &str) -> Privilege {
        let is_moderator = self.room.rank(key) <= Rank::Moderator;
        match self.room.origin(key) {
            Some(Origin::Vouched) if is_moderator => Privilege::Vouched,
            Some(Origin::Appointed) if is_moderator => Privilege::Appointed,
            Some(Origin::Founded) => Privilege::Founder,
            _ => Privilege::None,
        }
    }

    /// Whether a member may have one more thing stored that is no message; whoever may not is told.
    pub(super) async fn may_act(&mut self, id: MemberId, event: &str) -> bool {
        let (Some(connection), Some(key)) = (self.delivery.connection(id), self.room.key_of(id))
        else {
            // The room itself, or somebody who is gone by now.
            return true;
        };
        let Allowance { limits, source, .. } = &connection.allowance;
        let Err(TooFast { retry_after }) = limits.action(key, *source, self.privilege(key)) else {
            return true;
        };
        // What the member posted before comes before.
        self.store().await;
        let refused = too_fast(event, retry_after, None);
        self.delivery.send(id, &Outgoing::new(&refused));
        Box::pin(self.put_out_if_flooding(id)).await;
        false
    }

    /// Closes the connection of a member who goes on regardless of being refused for being too fast.
    pub(super) async fn put_out_if_flooding(&mut self, id: MemberId) {
        let Some(MemberConnection { outbox, allowance }) = self.delivery.connection(id) else {
            return;
        };
        if allowance.pace.goes_on_regardless() {
            if let Some(left_out) = allowance.limits.notices().next() {
                let source = allowance.source;
                tracing::info!(room = ?self.name, %source, left_out, "closed: flooding");
            }
            outbox.close(CloseCode::Flooding, FLOODING);
            self.leave(id).await;
        }
    }

    pub(super) async fn change(&mut self, id: MemberId, change: RoomChange) {
        // Changes before it are stored before: it changes what they left.
        self.store().await;
        let pinned = change.pinned.as_ref().and_then(Option::as_ref);
        let pinned = match self.target(pinned).await {
            Ok(target) => target,
            Err(error) => {
                self.report("cannot read a message that is to be pinned", &error);
                return self.unavailable(id, events::SET_ROOM, None);
            }
        };
        self.apply(Input::Change(id, change, pinned)).await;
    }

    /// Unpins the pinned message where it was deleted.
    pub(super) async fn check_pinned(&mut self) {
        let Some(by) = self.pin_to_check.take() else {
            return;
        };
        let Some(pinned) = self.room.pinned().cloned() else {
            return;
        };
        match self.message(&pinned).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                self.apply(Input::Unpin(by)).await;
                self.store().await;
            }
            Err(error) => {
                self.report("cannot tell whether the pinned message is there", &error);
                self.pin_to_check = Some(by);
            }
        }
    }

    /// Stores a verdict; nothing else happens in the room meanwhile, so it takes effect at once for
    /// everybody or not at all.
    pub(super) async fn judge(&mut self, id: MemberId, mut verdict: Verdict) -> Vec<Effect> {
        if matches!(verdict.decision, Decision::Rank(_)) {
            // A server administrator who appoints somebody before anybody founded the room founds it, or
            // whoever came next would stand above them.
            if let Err(error) = self.found().await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(room = ?self.name, error, "a room could not be founded");
                return self
                    .room
                    .apply(Input::NotJudged(id, verdict), clock::moment());
            }
        }
        let input = match self.save(&mut verdict, false).await {
            Ok(()) => Input::Judged(id, verdict),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(room = ?self.name, error, "a verdict could not be stored");
                Input::NotJudged(id, verdict)
            }
        };
        self.who = None;
        self.room.apply(input, clock::moment())
    }

    /// The same for an operator; answers with what was done.
    pub(super) async fn operate(
        &mut self,
        order: &Order,
        target: Person,
        creates: bool,
    ) -> Result<String, OperateError> {
        self.show_all().await;
        let now = clock::moment();
        if let Some(slip) = self.room.slip(order, &target, now) {
            return Err(OperateError::Slip(slip));
        }
        let Some(mut verdict) = operated(order, target, now) else {
            return Ok("nothing was done: only verdicts on people come from outside".to_owned());
        };
        if creates {
            self.found().await?;
        }
        if matches!(verdict.decision, Decision::Rank(_)) && !self.room.is_founded() {
            // It was there a moment ago.
            return Err(StandingError::new(NoRoom).into());
        }
        let is_taking_along = matches!(order, Order::BanWithAddresses(..));
        self.save(&mut verdict, is_taking_along).await?;
        self.who = None;
        let mut done = self.room.outcome(&verdict, now);
        let is_ban = matches!(verdict.decision, Decision::Ban(_));
        let mut closed = 0;
        for effect in self.room.apply(Input::Judged(NOBODY, verdict), now) {
            if let Effect::Expel(ids, ..) = &effect {
                closed += ids.len();
            }
            self.carry_out(effect).await;
        }
        if is_ban {
            done.push_str(&format!("; {}", closed_connections(closed)));
        }
        Ok(done)
    }

    /// How many audit_version there were, for a member who may read them; whoever may not is told.
    pub(super) async fn audit(&mut self, id: MemberId) -> Option<u64> {
        // What the member posted before comes before.
        self.store().await;
        if let Some(refused) = self.room.audit_refusal(id) {
            self.delivery.send(id, &Outgoing::new(&refused));
            return None;
        }
        match self.is_slowed_down(id, events::AUDIT, None) {
            true => {
                self.put_out_if_flooding(id).await;
                None
            }
            false => Some(self.room.audit_version()),
        }
    }

    /// Gives a member what it asked to read; false where that is out of date, or its rank is.
    pub(super) async fn show_audit(
        &mut self,
        id: MemberId,
        outgoing: &Outgoing,
        audit_version: u64,
    ) -> bool {
        self.store().await;
        let is_current =
            audit_version == self.room.audit_version() && self.room.audit_refusal(id).is_none();
        if is_current {
            self.delivery.answer(id, outgoing);
        }
        is_current
    }

    /// Carries out what follows where a member asked for what only moderators may read, and it may be
    /// sent long answers.
    pub(super) async fn answer_moderator(
        &mut self,
        id: MemberId,
        event: &str,
        effects: Vec<Effect>,
    ) {
        let is_refused = matches!(effects[..], [Effect::Send(_, ServerEvent::Cerror(_))]);
        match !is_refused && self.is_slowed_down(id, event, None) {
            true => self.put_out_if_flooding(id).await,
            false => self.follow(effects).await,
        }
    }

    /// Whether a member was sent so much that it has to wait for more, which it is told then.
    pub(super) fn is_slowed_down(
        &mut self,
        id: MemberId,
        event: &str,
        nonce: Option<&Nonce>,
    ) -> bool {
        let allowance = self
            .delivery
            .connection(id)
            .map(|connection| &connection.allowance);
        let Some(Err(TooFast { retry_after })) = allowance.map(Allowance::answer) else {
            return false;
        };
        let refused = too_fast(event, retry_after, nonce);
        self.delivery.send(id, &Outgoing::new(&refused));
        true
    }

    pub(super) async fn delete(&mut self, id: MemberId, message: &MessageId) {
        let mut target = match self.message(message).await {
            Ok(target) => target,
            Err(error) => {
                self.report("cannot read a message that is to be deleted", &error);
                return self.unavailable(id, events::DELETE_MESSAGE, None);
            }
        };
        if let Some(message) = &mut target {
            match self.is_holders(&message.author).await {
                Ok(is_holders) => message.is_holders = is_holders,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(room = ?self.name, error, "cannot tell whose a message is");
                    return self.unavailable(id, events::DELETE_MESSAGE, None);
                }
            }
        }
        self.apply(Input::Delete(id, target)).await;
    }

    /// Whether the name of `author` is still that account's. Where whoever has the name is a mere user,
    /// that makes no difference, and is not looked for.
    async fn is_holders(&self, author: &Author) -> Result<bool, AccountsError> {
        if self.room.rank(&author.key) == Rank::User {
            return Ok(true);
        }
        let Ok(name) = Username::new(&author.username) else {
            return Ok(false);
        };
        let holder = self.stores.accounts.known(&name).await?;
        Ok(holder.is_some_and(|holder| author.is_account(holder.id)))
    }

    /// Takes all messages of somebody out, for an operator; those that are many were taken out before.
    pub(super) async fn purge(&mut self, target: Person) -> Result<(), LogError> {
        self.show_all().await;
        let purged = Purged {
            username: target.username,
            key: target.key,
            by: operator(),
        };
        let entry = NewEntry {
            time: clock::now(),
            body: EntryBody::Purged(purged),
        };
        self.unstored.push((NOBODY, entry));
        self.show_all().await;
        match self.is_last_sure {
            true => Ok(()),
            false => Err(LogError::new(NotPurged)),
        }
    }

    /// Whether the message that is named, where one is, is there.
    async fn target(&mut self, named: Option<&MessageId>) -> Result<ReplyTarget, LogError> {
        let Some(id) = named else {
            return Ok(ReplyTarget::None);
        };
        Ok(match self.message(id).await? {
            Some(_) => ReplyTarget::Known,
            None => ReplyTarget::Unknown,
        })
    }

    /// The message with this id, where there is one: what waits is stored before, since it may be
    /// among that, or be deleted by that.
    async fn message(&mut self, id: &MessageId) -> Result<Option<StoredMessage>, LogError> {
        self.store().await;
        let there = self.head.first..=self.head.last;
        let seq = self.head.epochs.seq_of(id);
        let Some(seq) = seq.filter(|seq| there.contains(seq)) else {
            return Ok(None);
        };
        let entry = self.entry(seq).await?;
        Ok(entry.and_then(|entry| {
            let author = entry.message()?.author.clone();
            Some(StoredMessage {
                seq,
                author,
                is_holders: true,
            })
        }))
    }

    /// Answers a message that was sent before with what became of it then: that may be longer than the
    /// request, which costs the member nothing else.
    pub(super) async fn repeat(&mut self, id: MemberId, seq: Seq, nonce: &Nonce) {
        if self.is_slowed_down(id, events::MESSAGE, Some(nonce)) {
            return;
        }
        let answer = match self.entry(seq).await {
            Ok(original) => original.and_then(|entry| self.marked(&entry)).ok_or((
                Code::NotFound,
                "the message was sent before, and is gone since",
            )),
            Err(error) => {
                self.report("cannot read a retried message", &error);
                let text = "the message was sent before, and cannot be read now: try again";
                Err((Code::Unavailable, text))
            }
        };
        let answer = answer.unwrap_or_else(|(code, text)| {
            Outgoing::new(&refusal(
                events::MESSAGE,
                code,
                text.to_owned(),
                Some(nonce),
            ))
        });
        self.delivery.answer(id, &answer);
    }

    fn unavailable(&mut self, id: MemberId, event: &str, nonce: Option<&Nonce>) {
        let text = "the room's log cannot be read now: try again".to_owned();
        let refused = refusal(event, Code::Unavailable, text, nonce);
        self.delivery.send(id, &Outgoing::new(&refused));
    }
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

/// Nobody can be appointed in it.
#[derive(Debug, thiserror::Error)]
#[error("the room is not there any more")]
struct NoRoom;

fn too_fast(event: &str, seconds: u64, nonce: Option<&Nonce>) -> ServerEvent {
    ServerEvent::Cerror(ClientError {
        code: Code::TooFast,
        message: format!("too fast: wait {}", durations::left(seconds)),
        event: Some(event.to_owned()),
        nonce: nonce.map(|nonce| nonce.as_str().to_owned()),
        retry_after: Some(seconds),
    })
}
