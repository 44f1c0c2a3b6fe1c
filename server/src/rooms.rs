//! The directory of rooms: it finds a room, starts one that is not running, and lets an empty one
//! retire.
//!
//! Owns which rooms run. Sessions reach a room through it and hold a [`Membership`]; a room knows
//! nothing of the directory.

mod accounts;
pub mod filters;
mod lobby;
mod networks;
pub mod retention;
pub mod task;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chat_protocol::limits::{AUDIT_ENTRIES, AUDIT_ENTRIES_DEFAULT, HISTORY_ENTRIES_DEFAULT};
use chat_protocol::{
    Audit, AuditEntry, AuditRequest, HeldId, HistoryRequest, MessageId, PostMessage, RoomChange,
    RoomName, Seq, ServerEvent, Username,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::clock;
use crate::domain::entry::UnixMillis;
use crate::domain::filter::Change;
use crate::domain::held::{Choice, PATIENCE};
use crate::domain::moderation::Person;
use crate::domain::room::{MemberId, NONCE_MEMORY};
use crate::rooms::task::{Beginning, Logins, Pause, RoomCommand, RoomTask, Settled};
use crate::stopping::{Stop, Stopping};
use crate::store::StoreError;
use crate::store::log::{End, Keep, Range, Viewer};
use crate::wire::outgoing::Outgoing;
use lobby::Lobby;

pub use crate::domain::room::Order;
pub use crate::rooms::task::{
    EnterError, Entrance, FlushWindow, Founders, Login, OperateError, Stores, closed_connections,
};
pub use accounts::PurgeStep;
pub use lobby::LobbyGuard;
pub use networks::Hit;

/// Commands that may wait for a room. Who finds no place waits, and with it the client behind.
const INBOX: usize = 1024;

/// Why a room can't be entered or read.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// The store can't be read or written now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The room does not let them in.
    #[error(transparent)]
    Enter(#[from] EnterError),
    /// An operator's order is not carried out.
    #[error(transparent)]
    Operate(#[from] OperateError),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

/// What holds in all rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomSettings {
    /// Who may found rooms.
    pub founders: Founders,
    /// The age from which on an account may post where only members may.
    pub membership: Duration,
    /// How long messages may wait to share a write.
    pub window: FlushWindow,
}

type Inbox = mpsc::Sender<RoomCommand>;

struct Shared {
    stores: Stores,
    settings: RoomSettings,
    logins: Logins,
    running: Mutex<HashMap<RoomName, Inbox>>,
    lobby: Lobby,
    tasks: TaskTracker,
    stopping: Stopping,
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, HashMap<RoomName, Inbox>> {
        self.running
            .lock()
            .expect("no holder of the directory's lock panics")
    }
}

/// All rooms. Cloning it gives another handle to the same directory.
#[derive(Clone)]
pub struct Rooms {
    shared: Arc<Shared>,
}

/// A connection's place in a room. Dropping it without [`Membership::leave`] leaves as well, but
/// waits for nothing.
pub struct Membership {
    room: RoomName,
    id: MemberId,
    inbox: Option<Inbox>,
}

impl Rooms {
    /// A directory of rooms that are kept in `stores`.
    pub fn new(stores: Stores, settings: RoomSettings) -> Self {
        Self {
            shared: Arc::new(Shared {
                stores,
                settings,
                logins: Logins::default(),
                running: Mutex::default(),
                lobby: Lobby::default(),
                tasks: TaskTracker::new(),
                stopping: Stopping::default(),
            }),
        }
    }

    /// Somebody begins to log in as `username`: to be called before the account is looked at.
    pub fn log_in(&self, username: &Username) -> Login {
        self.shared.logins.begin(username.key())
    }

    /// Enters `room`, which is started where it is not running.
    pub async fn enter(&self, room: RoomName, entrance: Entrance) -> Result<Membership, RoomError> {
        let inbox = self.find_or_start(&room)?;
        let (answer, entered) = oneshot::channel();
        inbox
            .send(RoomCommand::Enter(Box::new(entrance), answer))
            .await
            .map_err(|_| RoomError::Stopping)?;
        let id = entered.await.map_err(|_| RoomError::Stopping)??;
        Ok(Membership {
            room,
            id,
            inbox: Some(inbox),
        })
    }

    /// Sends the member a part of its room's log, as `viewer` sees it. The room itself hands it over,
    /// so that nothing is in it that was taken out before.
    pub async fn history(
        &self,
        membership: &Membership,
        viewer: Viewer,
        request: &HistoryRequest,
    ) -> Result<(), RoomError> {
        loop {
            // What the member posted before is in it, and nothing that is not on its way to the
            // member: otherwise a client would see an entry here before older ones that are still
            // to come.
            let settled = membership.settled().await?;
            let end = settled.last.next();
            let range = Range {
                after: request.after.unwrap_or(Seq(0)),
                before: Some(request.before.map_or(end, |before| before.min(end))),
                limit: request.limit.unwrap_or(HISTORY_ENTRIES_DEFAULT),
                // Who names a start reads on from there; everybody else reads back from the end.
                end: match request.after {
                    Some(_) => End::Oldest,
                    None => End::Newest,
                },
                with_modes: viewer.wants_modes,
            };
            let slice = self.shared.stores.log.read(&membership.room, range).await?;
            let history = slice.into_history(viewer.account, &membership.room, None);
            let outgoing = Outgoing::new(&ServerEvent::History(history));
            if membership.show(outgoing, settled.removals).await? {
                return Ok(());
            }
        }
    }

    /// Sends the member what moderators did in its room, or that it may not read this. The room itself
    /// decides and hands it over, so that all that was told live before is in it, and nothing that is
    /// told after it.
    pub async fn audit(
        &self,
        membership: &Membership,
        request: &AuditRequest,
    ) -> Result<(), RoomError> {
        let limit = request.limit.unwrap_or(AUDIT_ENTRIES_DEFAULT);
        let limit = u32::try_from(limit.min(AUDIT_ENTRIES)).unwrap_or(u32::MAX);
        while let Some(audit_version) = membership.may_audit().await? {
            let entries = self.audit_entries(&membership.room, limit).await?;
            let audit = Audit {
                entries,
                live: false,
            };
            let outgoing = Outgoing::new(&ServerEvent::Audit(audit));
            if membership.show_audit(outgoing, audit_version).await? {
                break;
            }
        }
        Ok(())
    }

    async fn audit_entries(
        &self,
        room: &RoomName,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, RoomError> {
        let audit = &self.shared.stores.audit;
        let lines = audit.audit(Some(room.clone()), limit).await;
        let lines = lines.map_err(|error| RoomError::Enter(error.into()))?;
        let entries = lines.into_iter().map(|line| AuditEntry {
            time: line.time,
            actor: line.actor,
            action: line.action,
            target: line.target,
            until: line.until,
            reason: line.reason,
        });
        Ok(entries.collect())
    }

    /// Does something to somebody in `room` for an operator; answers with what was done.
    pub async fn operate(
        &self,
        room: RoomName,
        order: Order,
        target: Person,
        creates: bool,
    ) -> Result<String, RoomError> {
        let inbox = self.find_or_start(&room)?;
        let (answer, done) = oneshot::channel();
        inbox
            .send(RoomCommand::Operate(order, target, creates, answer))
            .await
            .map_err(|_| RoomError::Stopping)?;
        Ok(done.await.map_err(|_| RoomError::Stopping)??)
    }

    /// Changes the patterns of `room` for an operator; answers with what was done.
    pub async fn filter(&self, room: RoomName, change: Change) -> Result<String, RoomError> {
        let inbox = self.find_or_start(&room)?;
        let (answer, done) = oneshot::channel();
        inbox
            .send(RoomCommand::Filter(change, answer))
            .await
            .map_err(|_| RoomError::Stopping)?;
        let done = done.await.map_err(|_| RoomError::Stopping)?;
        done.map_err(|error| RoomError::Enter(error.into()))
    }

    /// The name by which the room goes that somebody calls `spelled`.
    pub async fn called(&self, spelled: &RoomName) -> Result<RoomName, RoomError> {
        // One that runs goes by exactly that name, so most logins ask the store for nothing.
        if self.shared.running().contains_key(spelled) {
            return Ok(spelled.clone());
        }
        let called = self.shared.stores.rooms.room_called(spelled).await;
        called.map_err(|error| RoomError::Enter(error.into()))
    }

    /// Whether there is a room of this name.
    pub async fn is_founded(&self, room: &RoomName) -> Result<bool, RoomError> {
        let rooms = &self.shared.stores.rooms;
        let is_founded = rooms.is_founded(room).await;
        is_founded.map_err(|error| RoomError::Enter(error.into()))
    }

    /// Makes a room for an operator; false where there is one already.
    pub async fn found(&self, room: RoomName) -> Result<bool, RoomError> {
        let inbox = self.find_or_start(&room)?;
        let (answer, made) = oneshot::channel();
        inbox
            .send(RoomCommand::Found(answer))
            .await
            .map_err(|_| RoomError::Stopping)?;
        let made = made.await.map_err(|_| RoomError::Stopping)?;
        made.map_err(|error| RoomError::Enter(error.into()))
    }

    /// Forgets rooms that nobody would miss, some of them: founded before `before` by a member, empty,
    /// and with nothing decided in them.
    pub async fn forget_idle(&self, before: UnixMillis) -> Result<(), RoomError> {
        let now = clock::moment().settled;
        let idle = self.shared.stores.rooms.idle_rooms(before, now).await;
        let idle = idle.map_err(|error| RoomError::Enter(error.into()))?;
        for room in idle {
            // One that somebody is in goes on.
            let is_running = self.shared.running().contains_key(&room);
            if is_running {
                continue;
            }
            let inbox = self.find_or_start(&room)?;
            let command = RoomCommand::ForgetIfIdle(before, now);
            inbox.send(command).await.map_err(|_| RoomError::Stopping)?;
        }
        Ok(())
    }

    /// Rooms whose logs hold more than `keep`, some of them.
    pub async fn overdue(&self, keep: Keep) -> Result<Vec<RoomName>, StoreError> {
        self.shared.stores.log.overdue(keep).await
    }

    /// Takes some of what is not to be kept out of the log of `room`, which is told where it is
    /// running. True once nothing is left to take.
    pub async fn trim(&self, room: &RoomName, keep: Keep) -> Result<bool, StoreError> {
        let trimmed = self.shared.stores.log.trim(room, keep).await?;
        let inbox = self.shared.running().get(room).cloned();
        if let Some(inbox) = inbox {
            // A room that has just ended reads its log anew when it starts.
            let _ = inbox.send(RoomCommand::Trimmed(trimmed.first)).await;
        }
        Ok(trimmed.is_done)
    }

    /// Lets every room finish what waits in its inbox, tell its members that the server stops and
    /// why, and end. Nothing can be entered any more.
    pub async fn stop(&self, stop: Stop) {
        self.shared.stopping.begin(stop);
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.stores.addresses.close().await;
    }

    fn find_or_start(&self, room: &RoomName) -> Result<Inbox, RoomError> {
        if self.shared.stopping.has_begun() {
            return Err(RoomError::Stopping);
        }
        let mut running = self.shared.running();
        // A closed inbox is that of a room that broke down.
        if let Some(inbox) = running.get(room).filter(|inbox| !inbox.is_closed()) {
            return Ok(inbox.clone());
        }
        let (inbox, commands) = mpsc::channel(INBOX);
        running.insert(room.clone(), inbox.clone());
        let shared = Arc::clone(&self.shared);
        self.shared
            .tasks
            .spawn(keep(shared, room.clone(), commands));
        Ok(inbox)
    }
}

/// Runs a room until nobody needs it.
async fn keep(shared: Arc<Shared>, room: RoomName, mut commands: mpsc::Receiver<RoomCommand>) {
    let beginning = match begin(&shared, &room).await {
        Ok(beginning) => beginning,
        Err(error) => {
            tracing::error!(
                ?room,
                error = &error as &dyn std::error::Error,
                "cannot start the room"
            );
            shared.running().remove(&room);
            refuse_all(&mut commands, &error).await;
            return;
        }
    };
    tracing::debug!(?room, last = %beginning.head.last, "room started");
    let (stores, stopping) = (shared.stores.clone(), shared.stopping.clone());
    let mut task = RoomTask::new(room.clone(), stores, commands, beginning, stopping);
    while task.run().await == Pause::Idle {
        if retire(&shared, &room) {
            break;
        }
    }
    tracing::debug!(?room, "room retired");
}

async fn begin(shared: &Shared, room: &RoomName) -> Result<Beginning, EnterError> {
    let now = clock::moment();
    let Stores {
        log,
        standings,
        filters,
        held,
        ..
    } = &shared.stores;
    let nonces_since = clock::earliest_within(Duration::from_millis(NONCE_MEMORY));
    let head = log.open(room, nonces_since).await?;
    Ok(Beginning {
        head,
        standing: standings.load(room, now).await?,
        filter: filters.open(room).await?,
        held: held
            .load(room, now.settled.saturating_sub(PATIENCE))
            .await?,
        founders: shared.settings.founders,
        membership: u64::try_from(shared.settings.membership.as_millis()).unwrap_or(u64::MAX),
        window: shared.settings.window,
    })
}

/// Takes `room` out of the directory unless somebody is on the way in. Whoever has a handle got it
/// under this lock, so with only the directory's own left nothing can be sent any more.
fn retire(shared: &Shared, room: &RoomName) -> bool {
    let mut running = shared.running();
    let is_unused = running
        .get(room)
        .is_none_or(|inbox| inbox.strong_count() == 1);
    if is_unused {
        running.remove(room);
    }
    is_unused
}

async fn refuse_all(commands: &mut mpsc::Receiver<RoomCommand>, error: &EnterError) {
    commands.close();
    while let Some(command) = commands.recv().await {
        if let RoomCommand::Enter(_, answer) = command {
            // A session that gave up does not need the answer.
            let _ = answer.send(Err(error.clone()));
        }
    }
}

impl Membership {
    /// Posts for the member. What becomes of it comes through the outbox.
    pub async fn post(&self, post: PostMessage) -> Result<(), RoomError> {
        self.command(RoomCommand::Post(self.id, post)).await
    }

    /// Deletes a message for the member. What becomes of it comes through the outboxes.
    pub async fn delete(&self, message: MessageId) -> Result<(), RoomError> {
        self.command(RoomCommand::Delete(self.id, message)).await
    }

    /// Does something to somebody for the member, or refuses it; the room tells which.
    pub async fn moderate(&self, order: Order, target: Option<Person>) -> Result<(), RoomError> {
        self.command(RoomCommand::Moderate(self.id, order, target))
            .await
    }

    /// Empties the room for the member.
    pub async fn clear(&self) -> Result<(), RoomError> {
        self.command(RoomCommand::Clear(self.id)).await
    }

    /// Changes the room's modes for the member.
    pub async fn change(&self, change: RoomChange) -> Result<(), RoomError> {
        self.command(RoomCommand::Change(self.id, change)).await
    }

    /// Changes the patterns for the member. What becomes of it comes through the outbox.
    pub async fn filter(&self, change: Change) -> Result<(), RoomError> {
        self.command(RoomCommand::FilterFor(self.id, change)).await
    }

    /// Asks for the patterns. The answer comes through the outbox.
    pub async fn filters(&self) -> Result<(), RoomError> {
        self.command(RoomCommand::Filters(self.id)).await
    }

    /// Asks what waits for a moderator. The answer comes through the outbox.
    pub async fn held(&self) -> Result<(), RoomError> {
        self.command(RoomCommand::Held(self.id)).await
    }

    /// Decides on what waits, for the member. What becomes of it comes through the outboxes.
    pub async fn decide(&self, held: HeldId, choice: Choice) -> Result<(), RoomError> {
        self.command(RoomCommand::Decide(self.id, held, choice))
            .await
    }

    /// Asks who is in the room. The answer comes through the outbox.
    pub async fn who(&self) -> Result<(), RoomError> {
        self.command(RoomCommand::Who(self.id)).await
    }

    /// Waits until everything posted before is stored and delivered; answers with the log's end.
    async fn settled(&self) -> Result<Settled, RoomError> {
        let (answer, settled) = oneshot::channel();
        self.command(RoomCommand::Settle(answer)).await?;
        settled.await.map_err(|_| RoomError::Stopping)
    }

    /// Gives the member what was read after `removals`; false where more was taken out since.
    async fn show(&self, outgoing: Outgoing, removals: u64) -> Result<bool, RoomError> {
        let (answer, shown) = oneshot::channel();
        let command = RoomCommand::Show(self.id, outgoing, removals, answer);
        self.command(command).await?;
        shown.await.map_err(|_| RoomError::Stopping)
    }

    /// How many audit_version there were; `None` where the member may not read them, which it was told.
    async fn may_audit(&self) -> Result<Option<u64>, RoomError> {
        let (answer, allowed) = oneshot::channel();
        self.command(RoomCommand::Audit(self.id, answer)).await?;
        allowed.await.map_err(|_| RoomError::Stopping)
    }

    /// Gives the member what was read after `audit_version`; false where that is out of date.
    async fn show_audit(&self, outgoing: Outgoing, audit_version: u64) -> Result<bool, RoomError> {
        let (answer, shown) = oneshot::channel();
        let command = RoomCommand::ShowAudit(self.id, outgoing, audit_version, answer);
        self.command(command).await?;
        shown.await.map_err(|_| RoomError::Stopping)
    }

    /// Leaves, once everything that was posted before is delivered.
    pub async fn leave(mut self) {
        let (answer, left) = oneshot::channel();
        if let Some(inbox) = self.inbox.take()
            && inbox
                .send(RoomCommand::Leave(self.id, answer))
                .await
                .is_ok()
        {
            // Without an answer the room is gone, and nobody is in it any more.
            let _ = left.await;
        }
    }

    async fn command(&self, command: RoomCommand) -> Result<(), RoomError> {
        let inbox = self.inbox.as_ref().ok_or(RoomError::Stopping)?;
        inbox.send(command).await.map_err(|_| RoomError::Stopping)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let Some(inbox) = self.inbox.take() else {
            return;
        };
        let id = self.id;
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // A room that is gone has nobody in it.
                let _ = inbox
                    .send(RoomCommand::Leave(id, oneshot::channel().0))
                    .await;
            });
        }
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
