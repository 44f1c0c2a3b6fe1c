//! The directory of rooms: it finds a room, starts one that is not running, and lets an empty one
//! retire.
//!
//! Owns which rooms run. Sessions reach a room through it and hold a [`Membership`]; a room knows
//! nothing of the directory.

mod accounts;
pub mod filters;
mod history;
mod lobby;
mod membership;
mod networks;
mod reading;
pub mod retention;
pub mod task;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chat_protocol::{RoomName, Username};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::clock;
use crate::domain::entry::UnixMillis;
use crate::domain::filter::Change;
use crate::domain::held::PATIENCE;
use crate::domain::moderation::Person;
use crate::domain::room::NONCE_MEMORY;
use crate::rooms::task::{
    Attendance, Logins, OperatorCommand, Pause, RoomCommand, RoomStart, RoomTask,
};
use crate::stopping::{Stop, Stopping};
use crate::store::log::Keep;
use crate::store::{Part, StoreError};
use lobby::Lobby;

pub use crate::domain::room::Order;
pub use crate::rooms::task::{
    EnterError, Entrance, FlushWindow, Founders, Login, OperateError, Stores, closed_connections,
};
pub use accounts::PurgeStep;
pub use history::Viewer;
pub use lobby::LobbyGuard;
pub use membership::Membership;
pub use networks::Hit;
pub use reading::AuditQuery;

/// Commands that may wait for a room. Who finds no place waits, and with it the client behind. So it is
/// also, for as long as it takes, while a room finds out what became of a round: it then takes nothing
/// out, and as much waits here as there is place.
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
    pub members_age: Duration,
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
            .send(RoomCommand::Attend(Attendance::Enter(
                Box::new(entrance),
                answer,
            )))
            .await
            .map_err(|_| RoomError::Stopping)?;
        let id = entered.await.map_err(|_| RoomError::Stopping)??;
        Ok(Membership::new(room, id, inbox))
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
            .send(RoomCommand::Operate(OperatorCommand::Judge(
                order, target, creates, answer,
            )))
            .await
            .map_err(|_| RoomError::Stopping)?;
        Ok(done.await.map_err(|_| RoomError::Stopping)??)
    }

    /// Changes the patterns of `room` for an operator, which is created with that if `creates`; answers
    /// with what was done.
    pub async fn filter(
        &self,
        room: RoomName,
        change: Change,
        creates: bool,
    ) -> Result<String, RoomError> {
        let inbox = self.find_or_start(&room)?;
        let (answer, done) = oneshot::channel();
        inbox
            .send(RoomCommand::Operate(OperatorCommand::ChangeFilter(
                change, creates, answer,
            )))
            .await
            .map_err(|_| RoomError::Stopping)?;
        let done = done.await.map_err(|_| RoomError::Stopping)?;
        Ok(done?)
    }

    /// The name by which the room goes that somebody calls `spelled`.
    pub async fn called(&self, spelled: &RoomName) -> Result<RoomName, RoomError> {
        // One that runs goes by exactly that name, so most logins ask the store for nothing.
        if self.shared.running().contains_key(spelled) {
            return Ok(spelled.clone());
        }
        let called = self.shared.stores.rooms.room_called(spelled).await;
        called.map_err(RoomError::Store)
    }

    /// Whether there is a room of this name.
    pub async fn is_founded(&self, room: &RoomName) -> Result<bool, RoomError> {
        let rooms = &self.shared.stores.rooms;
        let is_founded = rooms.is_founded(room).await;
        is_founded.map_err(RoomError::Store)
    }

    /// Makes a room for an operator; false where there is one already.
    pub async fn found(&self, room: RoomName) -> Result<bool, RoomError> {
        let inbox = self.find_or_start(&room)?;
        let (answer, made) = oneshot::channel();
        inbox
            .send(RoomCommand::Operate(OperatorCommand::Found(answer)))
            .await
            .map_err(|_| RoomError::Stopping)?;
        let made = made.await.map_err(|_| RoomError::Stopping)?;
        made.map_err(RoomError::Store)
    }

    /// Forgets rooms that nobody would miss, some of them: founded before `before` by a member, empty,
    /// and with nothing decided in them.
    pub async fn forget_idle(&self, before: UnixMillis) -> Result<(), RoomError> {
        let now = clock::moment().settled;
        let idle = self.shared.stores.rooms.idle_rooms(before, now).await;
        let idle = idle.map_err(RoomError::Store)?;
        for room in idle {
            // One that somebody is in goes on.
            let is_running = self.shared.running().contains_key(&room);
            if is_running {
                continue;
            }
            let inbox = self.find_or_start(&room)?;
            let command = RoomCommand::Operate(OperatorCommand::ForgetIfIdle(before, now));
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
            let _ = inbox
                .send(RoomCommand::Operate(OperatorCommand::Trimmed(
                    trimmed.first,
                )))
                .await;
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

async fn begin(shared: &Shared, room: &RoomName) -> Result<RoomStart, EnterError> {
    let now = clock::moment();
    let Stores {
        log,
        standings,
        filters,
        held,
        ..
    } = &shared.stores;
    let nonces_since = clock::earliest_within(Duration::from_millis(NONCE_MEMORY));
    let run = getrandom::u64().map_err(|error| StoreError::new(Part::Round, error))?;
    let head = log.open(room, nonces_since).await?;
    Ok(RoomStart {
        run,
        head,
        standing: standings.load(room, now).await?,
        filter: filters.open(room).await?,
        held: held
            .load(room, now.settled.saturating_sub(PATIENCE))
            .await?,
        founders: shared.settings.founders,
        members_age: u64::try_from(shared.settings.members_age.as_millis()).unwrap_or(u64::MAX),
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
        if let RoomCommand::Attend(Attendance::Enter(_, answer)) = command {
            // A session that gave up does not need the answer.
            let _ = answer.send(Err(error.clone()));
        }
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
