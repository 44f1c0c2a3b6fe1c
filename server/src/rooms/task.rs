//! One task per room: it drains the room's inbox, applies the rules, stores what they order in one
//! commit, and delivers what the log says was stored.
//!
//! Owns the members' outboxes and the order of everything in the room. It never waits for a session
//! or another room: only for the log. Entering and cutting the log for a resume are one step here,
//! which is why there is no hole and no double between history and live.

mod addresses;
mod attendance;
mod command;
mod delivery;
mod effects;
mod entering;
mod filtering;
mod holding;
mod login;
mod reading;
mod recent;
mod requests;
mod resume;
mod rounds;
mod verdicts;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chat_protocol::{Closing, RoomName};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::domain::entry::{Author, StoredNonce};
use crate::domain::held::HeldMessage;
use crate::domain::moderation::Standing;
use crate::domain::room::{Effect, Input, Room, Start, operator};
use crate::domain::round::RoundId;
use crate::limits::addresses::Addresses;
use crate::rooms::filters::{RoomFilter, RoomFilters};
use crate::stopping::Stopping;
use crate::store::accounts::Accounts;
use crate::store::audit::AuditLog;
use crate::store::held::HeldMessages;
use crate::store::log::{LogHead, RoomLog};
use crate::store::rooms::RoomDirectory;
use crate::store::rounds::Rounds;
use crate::store::standing::Standings;
use crate::store::{Store, StoreError};
use crate::wire::outgoing::Outgoing;

pub use command::{
    Attendance, EnterError, Entrance, LogPosition, OperateError, OperatorCommand, Reading, Request,
    RoomCommand,
};
use delivery::Delivery;
pub use delivery::FlushWindow;
pub use entering::Founders;
pub use login::{Login, Logins};
use recent::Recent;
use rounds::Wanted;
pub use verdicts::closed_connections;

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
    /// The server stops, and members were told so: the inbox was closed and is drained, or it is not
    /// known what became of a round.
    Closed,
}

/// What a room is kept in.
#[derive(Clone)]
pub struct Stores {
    /// Who there is.
    pub accounts: Arc<dyn Accounts>,
    /// Which rooms there are.
    pub rooms: Arc<dyn RoomDirectory>,
    /// Who decided what.
    pub audit: Arc<dyn AuditLog>,
    /// Where everything goes that a room changes.
    pub rounds: Arc<dyn Rounds>,
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

impl Stores {
    /// All in one store, but for what of it is kept at hand in `addresses`.
    pub fn of(store: Arc<dyn Store>, addresses: Addresses) -> Self {
        Self {
            accounts: store.clone(),
            rooms: store.clone(),
            audit: store.clone(),
            rounds: store.clone(),
            log: store.clone(),
            standings: store.clone(),
            filters: RoomFilters::new(store.clone()),
            addresses,
            held: store,
        }
    }
}

/// What a room's task begins with.
pub struct RoomStart {
    /// By what its rounds are told from those of any other run: a random number.
    pub run: u64,
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
    pub members_age: u64,
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
    /// What the rules ordered to be stored in the log and is not stored yet.
    unstored: Wanted,
    /// What the next round is known by.
    next_round: RoundId,
    /// The server stops, and it is not known what became of a round.
    given_up: CancellationToken,
    /// What the rules ordered last.
    following: Vec<Effect>,
    /// What they ordered before, the next one last.
    ordered: Vec<Effect>,
    /// Who wait for what was posted before them to be stored.
    waiting_for_store: Vec<oneshot::Sender<LogPosition>>,
    /// The newest messages, while somebody is told message by message what is taken out.
    recent: Option<Recent>,
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
        beginning: RoomStart,
        stopping: Stopping,
    ) -> Self {
        let RoomStart {
            run,
            mut head,
            standing,
            filter,
            held,
            founders,
            members_age,
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
            members_age,
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
            unstored: Wanted::default(),
            next_round: RoundId { run, number: 0 },
            given_up: CancellationToken::new(),
            following: Vec::new(),
            ordered: Vec::new(),
            waiting_for_store: Vec::new(),
            recent: None,
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
        let given_up = self.given_up.clone();
        tokio::select! {
            biased;
            pause = self.work() => pause,
            () = given_up.cancelled() => {
                // Who asked for something hears nothing of it but that the server stops.
                self.dismiss().await;
                Pause::Closed
            }
        }
    }

    async fn work(&mut self) -> Pause {
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
                        self.dismiss().await;
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
            self.answer_waiting_for_store();
            if self.room.is_empty() && self.inbox.is_empty() && !self.inbox.is_closed() {
                return Pause::Idle;
            }
        }
    }

    /// Shows what is stored, and tells everybody that the server stops.
    async fn dismiss(&mut self) {
        self.delivery.flush().await;
        let Closing { code, reason } = self.stopping.closing();
        self.delivery.dismiss(code, reason).await;
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
        let may_wait = self.waiting_for_store.is_empty() && self.unstored.len() < UNSTORED;
        shown_at.checked_sub(LEAD).filter(|_| may_wait)
    }

    async fn obey(&mut self, command: RoomCommand) {
        match command {
            RoomCommand::Attend(attendance) => self.attend(attendance).await,
            RoomCommand::Request(id, request) => self.request(id, request).await,
            RoomCommand::Operate(command) => self.operate(command).await,
            RoomCommand::Read(reading) => self.read(reading).await,
        }
    }

    fn report(&self, what: &'static str, error: &StoreError) {
        tracing::error!(
            room = ?self.name,
            error = error as &dyn std::error::Error,
            "{what}"
        );
    }
}

/// Answers whoever asked. Who does not wait for the answer any more does not need it.
fn answer<T>(sender: oneshot::Sender<T>, value: T) {
    let _ = sender.send(value);
}
