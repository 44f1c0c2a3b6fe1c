//! One task per room: it drains the room's inbox, applies the rules, stores what they order in one
//! commit, and delivers what the log says was stored.
//!
//! Owns the members' outboxes and the order of everything in the room. It never waits for a session
//! or another room: only for the log. Entering and cutting the log for a resume are one step here,
//! which is why there is no hole and no double between history and live.

mod addresses;
mod command;
mod delivery;
mod entering;
mod filtering;
mod holding;
mod login;
mod requests;
mod resume;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chat_protocol::{CloseCode, RoomName, Seq, ServerEvent, events};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::clock;
use crate::domain::entry::{Author, Entry, EntryBody, NewEntry, StoredNonce};
use crate::domain::held::HeldMessage;
use crate::domain::moderation::Standing;
use crate::domain::room::{Effect, Input, MemberId, Room, Start, operator};
use crate::limits::addresses::Addresses;
use crate::rooms::filters::{RoomFilter, RoomFilters};
use crate::stopping::Stopping;
use crate::store::accounts::Accounts;
use crate::store::held::HeldMessages;
use crate::store::log::{End, LogError, LogHead, Range, RoomLog};
use crate::store::standing::Standings;
use crate::wire::outbox::Closing;
use crate::wire::outgoing::Outgoing;

pub use command::{EnterError, Entrance, OperateError, RoomCommand, Settled};
pub use delivery::FlushWindow;
use delivery::{Delivery, MemberConnection};
pub use entering::Founders;
pub use login::{Login, Logins};
pub use requests::closed_connections;

/// Commands that one round takes at most.
const ROUND: usize = 256;
/// How long an empty room waits before it asks again whether it may retire: it could not while
/// somebody was on the way in or out.
const RETIRE_AGAIN: Duration = Duration::from_secs(1);

/// How long before a write to the members what it is to show begins to be stored: some times what a
/// commit takes, so that the two do not add up.
const LEAD: Duration = Duration::from_millis(5);
/// Entries from which on none waits to share a commit. With a round on top, and each as long as may be,
/// they are still less than an outbox holds.
const UNSTORED: usize = 64;

/// Why a task has stopped draining its inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Nobody is in and nothing waits: the room may retire.
    Idle,
    /// The inbox was closed and is drained; members were told that the server stops.
    Closed,
}

/// What a room is kept in.
#[derive(Clone)]
pub struct Stores {
    /// Who there is, and which rooms there are.
    pub accounts: Arc<dyn Accounts>,
    /// Its entries.
    pub log: Arc<dyn RoomLog>,
    /// How people stand in it.
    pub standings: Arc<dyn Standings>,
    /// What its messages must not hold.
    pub filters: RoomFilters,
    /// From where nobody may come, and from where people came.
    pub addresses: Addresses,
    /// What waits for moderators.
    pub held: Arc<dyn HeldMessages>,
}

/// What a room's task begins with.
pub struct Beginning {
    /// Where the log stands.
    pub head: LogHead,
    /// How people stand in the room.
    pub standing: Standing,
    /// What its messages must not hold.
    pub filter: RoomFilter,
    /// What waits for a moderator, the oldest first.
    pub held: Vec<HeldMessage>,
    /// Whether members may found it.
    pub founders: Founders,
    /// Milliseconds after which an account counts as a member's where only members may post.
    pub membership: u64,
    /// How long its messages may wait to share a write.
    pub window: FlushWindow,
}

/// A room as it runs.
pub struct RoomTask {
    name: RoomName,
    stores: Stores,
    inbox: mpsc::Receiver<RoomCommand>,
    head: LogHead,
    founders: Founders,
    /// False where something could not be stored: then the log is asked how far it goes.
    is_last_sure: bool,
    room: Room,
    filter: RoomFilter,
    delivery: Delivery,
    next_member: u64,
    /// What the rules ordered to be stored and is not stored yet.
    unstored: Vec<(MemberId, NewEntry)>,
    /// Who wait for what was posted before them to be stored.
    settling: Vec<oneshot::Sender<Settled>>,
    /// How often something was taken out of the log.
    removals: u64,
    /// Something may have been deleted, by this one: the pinned message may be gone.
    pin_to_check: Option<Author>,
    /// Who is here, until somebody comes or goes: in a large room it is costly to tell.
    who: Option<Outgoing>,
    wake_at: Option<Instant>,
    stopping: Stopping,
}

impl RoomTask {
    /// A room that begins so, and that closes its inbox once the server stops.
    pub fn new(
        name: RoomName,
        stores: Stores,
        inbox: mpsc::Receiver<RoomCommand>,
        beginning: Beginning,
        stopping: Stopping,
    ) -> Self {
        let Beginning {
            mut head,
            standing,
            filter,
            held,
            founders,
            membership,
            window,
        } = beginning;
        let nonces = std::mem::take(&mut head.nonces).into_iter();
        let aged = |nonce: StoredNonce| {
            let posted = clock::steady_of(nonce.time);
            (nonce, posted)
        };
        let room = Room::new(Start {
            nonces: nonces.map(aged).collect(),
            standing,
            modes: std::mem::take(&mut head.modes),
            held,
            membership,
        });
        Self {
            name,
            stores,
            inbox,
            head,
            founders,
            is_last_sure: true,
            room,
            filter,
            delivery: Delivery::new(window),
            next_member: 1,
            unstored: Vec::new(),
            settling: Vec::new(),
            removals: 0,
            // A crash may have come between a deletion and what follows from it.
            pin_to_check: Some(operator()),
            who: None,
            wake_at: None,
            stopping,
        }
    }

    /// Works until the last member has left or the server stops. May be called again after
    /// [`Pause::Idle`]; it then waits for the next command.
    pub async fn run(&mut self) -> Pause {
        let mut commands = Vec::new();
        let retire_at = Instant::now() + RETIRE_AGAIN;
        // Both are made once and not for each round: most rounds come before either has anything to say.
        let stopping = self.stopping.clone();
        let mut stopped = pin!(stopping.begun());
        let mut timer = pin!(sleep_until(retire_at));
        loop {
            let due = self.due(retire_at);
            // One that was set for something earlier, which is done, fires and is set anew.
            if let Some(due) = due
                && (timer.is_elapsed() || due < timer.deadline())
            {
                timer.as_mut().reset(due);
            }
            tokio::select! {
                received = self.inbox.recv_many(&mut commands, ROUND) => {
                    if received == 0 {
                        self.show_all().await;
                        let Closing { code, reason } = self.stopping.closing();
                        self.delivery.dismiss(code, reason).await;
                        return Pause::Closed;
                    }
                }
                () = &mut timer, if due.is_some() => {}
                () = &mut stopped, if !self.inbox.is_closed() => self.inbox.close(),
            }
            for command in commands.drain(..) {
                self.obey(command).await;
            }
            if self.wake_at.is_some_and(|at| at <= Instant::now()) {
                self.wake_at = None;
                self.apply(Input::Wake).await;
            }
            if self.storing_at().is_none_or(|at| at <= Instant::now()) {
                self.store().await;
            }
            self.check_pinned().await;
            self.delivery.flush_due().await;
            for settled in self.settling.drain(..) {
                // Who does not wait for the answer does not need it.
                let _ = settled.send(Settled {
                    last: self.head.last,
                    removals: self.removals,
                });
            }
            if self.room.is_empty() && self.inbox.is_empty() && !self.inbox.is_closed() {
                return Pause::Idle;
            }
        }
    }

    /// When there is something to do though nobody asks for anything; an empty room may retire at
    /// `retire_at`.
    fn due(&self, retire_at: Instant) -> Option<Instant> {
        let storing_at = match self.unstored.is_empty() {
            true => None,
            false => Some(self.storing_at().unwrap_or_else(Instant::now)),
        };
        let retire_at = self.room.is_empty().then_some(retire_at);
        let times = [storing_at, self.delivery.due(), self.wake_at, retire_at];
        times.into_iter().flatten().min()
    }

    /// When to store what is not stored yet, where that may wait: while it could not be shown anyway,
    /// more can share its commit. Nobody has seen it, and who posted it has no answer.
    fn storing_at(&self) -> Option<Instant> {
        let shown_at = self.delivery.pause()?;
        let may_wait = self.settling.is_empty() && self.unstored.len() < UNSTORED;
        shown_at.checked_sub(LEAD).filter(|_| may_wait)
    }

    async fn obey(&mut self, command: RoomCommand) {
        match command {
            RoomCommand::Enter(entrance, answer) => {
                let entered = self.enter(*entrance).await;
                let member = entered.as_ref().ok().copied();
                // A session that gave up while it waited at the door is taken out again.
                if answer.send(entered).is_err()
                    && let Some(id) = member
                {
                    self.leave(id).await;
                }
            }
            RoomCommand::Leave(id, answer) => {
                self.leave(id).await;
                // Who does not wait for the answer does not need it.
                let _ = answer.send(());
            }
            RoomCommand::Post(id, post) => self.post(id, post).await,
            RoomCommand::Delete(id, message) => self.delete(id, &message).await,
            RoomCommand::Moderate(id, order, target) => {
                // What was posted before is stored before: a purge finds it there.
                self.store().await;
                self.apply(Input::Moderate(id, order, target)).await;
            }
            RoomCommand::Operate(order, target, creates, answer) => {
                let done = self.operate(&order, target, creates).await;
                // Who does not wait for the answer does not need it.
                let _ = answer.send(done);
            }
            RoomCommand::Purge(target, answer) => {
                let done = self.purge(target).await;
                // Who does not wait for the answer does not need it.
                let _ = answer.send(done);
            }
            RoomCommand::Filter(change, answer) => {
                let done = self.filter(&change).await;
                // Who does not wait for the answer does not need it.
                let _ = answer.send(done);
            }
            RoomCommand::FilterFor(id, change) => self.filter_for(id, &change).await,
            RoomCommand::Filters(id) => self.list_filters(id).await,
            RoomCommand::Held(id) => {
                let held = self.room.apply(Input::ListHeld(id), clock::moment());
                self.answer_moderator(id, events::HELD, held).await;
            }
            RoomCommand::Decide(id, held, choice) => {
                // What was posted before comes before.
                self.store().await;
                self.apply(Input::Decide(id, held, choice)).await;
            }
            RoomCommand::Clear(id) => self.apply(Input::Clear(id)).await,
            RoomCommand::Change(id, change) => self.change(id, change).await,
            RoomCommand::Who(id) => self.tell_who(id).await,
            RoomCommand::Settle(answer) => self.settling.push(answer),
            RoomCommand::Show(id, outgoing, removals, answer) => {
                self.store().await;
                let is_current = removals == self.removals;
                if is_current {
                    self.delivery.answer(id, &outgoing);
                }
                // Who does not wait for the answer does not need it.
                let _ = answer.send(is_current);
            }
            RoomCommand::Audit(id, answer) => {
                // Who does not wait for the answer does not need it.
                let _ = answer.send(self.audit(id).await);
            }
            RoomCommand::ShowAudit(id, outgoing, audit_version, answer) => {
                // Who does not wait for the answer does not need it.
                let _ = answer.send(self.show_audit(id, &outgoing, audit_version).await);
            }
            RoomCommand::Found(answer) => {
                let made = self.found().await;
                // Who does not wait for the answer does not need it.
                let _ = answer.send(made);
            }
            RoomCommand::ForgetIfIdle(before, now) => self.forget_if_idle(before, now).await,
            RoomCommand::SignOut(key, answer) => {
                // What they posted before was theirs to post.
                self.show_all().await;
                self.who = None;
                let closed = self.room.connections(&key).len();
                self.apply(Input::SignOut(key)).await;
                // Who does not wait for the answer does not need it.
                let _ = answer.send(closed);
            }
            RoomCommand::Forget(key, answer) => {
                self.show_all().await;
                self.who = None;
                let closed = self.room.connections(&key).len();
                self.apply(Input::Forget(key)).await;
                // Who does not wait for the answer does not need it.
                let _ = answer.send(closed);
            }
            RoomCommand::Administer(key, is_admin, answer) => {
                self.store().await;
                self.who = None;
                self.apply(Input::Administer(key.clone(), is_admin)).await;
                self.hold_against_networks(&key).await;
                // Who does not wait for the answer does not need it.
                let _ = answer.send(());
            }
            RoomCommand::PutOut(network, reason, answer) => {
                let hit = self.put_out(network, reason).await;
                // Who does not wait for the answer does not need it.
                let _ = answer.send(hit);
            }
            RoomCommand::Trimmed(first) => {
                self.head.first = self.head.first.max(first);
                self.pin_to_check = Some(operator());
            }
        }
    }

    async fn leave(&mut self, id: MemberId) {
        self.who = None;
        self.store().await;
        self.delivery.leave(id);
        self.apply(Input::Leave(id)).await;
    }

    async fn tell_who(&mut self, id: MemberId) {
        // What the member posted before comes before.
        self.store().await;
        let room = &self.room;
        let who = self
            .who
            .get_or_insert_with(|| Outgoing::new(&ServerEvent::Who(room.who())))
            .clone();
        self.delivery.answer(id, &who);
    }

    /// Applies `input` and carries out what follows. Entries wait to be stored together; anything
    /// else that follows comes after them.
    async fn apply(&mut self, input: Input) {
        let effects = self.room.apply(input, clock::moment());
        self.follow(effects).await;
    }

    async fn follow(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Store(sender, entry) => {
                    if let Some(event) = charged_event(&entry.body)
                        && !self.may_act(sender, event).await
                    {
                        continue;
                    }
                    self.unstored.push((sender, entry));
                }
                Effect::Judge(id, verdict) => {
                    if !self.may_act(id, verdict.decision.event()).await {
                        continue;
                    }
                    // After the answer nothing of whom it hits may come any more.
                    self.show_all().await;
                    for effect in self.judge(id, verdict).await {
                        self.carry_out(effect).await;
                    }
                }
                Effect::Hold(id, waiting) => {
                    self.store().await;
                    for effect in self.hold(id, waiting).await {
                        self.carry_out(effect).await;
                    }
                }
                Effect::Rule(id, ruling) => {
                    if !self.may_act(id, ruling.choice.event()).await {
                        continue;
                    }
                    self.store().await;
                    for effect in self.rule(id, ruling).await {
                        self.carry_out(effect).await;
                    }
                }
                effect => {
                    self.store().await;
                    self.carry_out(effect).await;
                }
            }
        }
    }

    /// Stores what waits, and lets everybody see all that is stored.
    async fn show_all(&mut self) {
        self.store().await;
        self.delivery.flush().await;
    }

    /// Stores what waits, in one commit, and lets it wait for its delivery.
    async fn store(&mut self) {
        if self.unstored.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.unstored);
        let entries = waiting.iter().map(|(_, entry)| entry.clone()).collect();
        let after = self.is_last_sure.then_some(self.head.last);
        let stored = self.stores.log.append(&self.name, after, entries).await;
        self.is_last_sure = stored.is_ok();
        let input = match stored {
            Ok(stored) => {
                self.head.last = stored.last().map_or(self.head.last, |entry| entry.seq);
                let senders = waiting.into_iter().map(|(sender, _)| sender);
                Input::Stored(senders.zip(stored).collect())
            }
            Err(error) => {
                self.report("messages could not be stored and were refused", &error);
                Input::NotStored(waiting)
            }
        };
        for effect in self.room.apply(input, clock::moment()) {
            self.carry_out(effect).await;
        }
    }

    async fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Store(sender, entry) => self.unstored.push((sender, entry)),
            Effect::Deliver(senders, entry) => self.deliver(&senders, &entry),
            Effect::Repeat(id, seq, nonce) => self.repeat(id, seq, &nonce).await,
            Effect::Send(id, event) => self.delivery.answer(id, &Outgoing::new(&event)),
            Effect::Announce(listeners, event) => self.delivery.announce(&listeners, &event).await,
            // These are ordered by commands, never by what was stored.
            Effect::Judge(..) | Effect::Hold(..) | Effect::Rule(..) => {}
            Effect::Expel(ids, event, code) => self.expel(&ids, &event, code),
            Effect::SignOut(ids) => self.sign_out(&ids),
            Effect::CheckPinned(by) => self.pin_to_check = Some(by),
            Effect::WakeAt(time) => self.wake_at = Some(instant(time)),
        }
    }

    fn expel(&mut self, ids: &[MemberId], event: &ServerEvent, code: CloseCode) {
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
        let outgoing = Outgoing::new(&entry.to_event(&self.name, &self.head.epochs));
        let marked = self.marked(entry);
        let own = marked.as_ref().map(|marked| (senders, marked));
        self.delivery.add(outgoing, own);
    }

    /// The copy for who sent it, where that differs.
    fn marked(&self, entry: &Entry) -> Option<Outgoing> {
        let posted = entry.message()?;
        posted.nonce.as_ref()?;
        let event = entry.to_event_for(posted.author.account, &self.name, &self.head.epochs);
        Some(Outgoing::new(&event))
    }

    async fn entry(&self, seq: Seq) -> Result<Option<Entry>, LogError> {
        let range = Range {
            after: Seq(seq.0.saturating_sub(1)),
            before: Some(seq.next()),
            limit: 1,
            end: End::Oldest,
            with_modes: true,
        };
        Ok(self.stores.log.read(&self.name, range).await?.entries.pop())
    }

    /// What a member gets who was here before: exactly what came since, or the newest entries.
    fn report(&self, what: &'static str, error: &LogError) {
        tracing::error!(
            room = ?self.name,
            error = error as &dyn std::error::Error,
            "{what}"
        );
    }
}

/// The event that asks for an entry that is no message.
fn charged_event(body: &EntryBody) -> Option<&'static str> {
    match body {
        EntryBody::MessagePosted(_) => None,
        EntryBody::MessageDeleted(_) => Some(events::DELETE_MESSAGE),
        EntryBody::Purged(_) => Some(events::PURGE),
        EntryBody::Cleared(_) => Some(events::CLEAR),
        EntryBody::RoomChanged(_) => Some(events::SET_ROOM),
    }
}

fn instant(time: u64) -> Instant {
    let wait = time.saturating_sub(clock::moment().steady);
    Instant::now() + Duration::from_millis(wait)
}
