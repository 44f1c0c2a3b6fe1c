//! What operators do to accounts, as the directory carries it out: stored first, then in effect for
//! logins that are under way and in every room that runs, and only then answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_protocol::{RoomName, Username};
use tokio::sync::oneshot;

use super::{RoomError, Rooms, Shared};
use crate::clock;
use crate::domain::moderation::{Person, Verdicts};
use crate::rooms::task::{Attendance, OperatorCommand, RoomCommand};
use crate::store::StoreError;
use crate::store::log::{Purge, Purging};

/// How long one step of a purge of all rooms takes, beside the last room's own: whoever asked waits for
/// an answer, and asks for the next step then.
const PURGE_STEP: Duration = Duration::from_secs(2);

/// What one step of a purge of all rooms did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurgeStep {
    /// Messages that are gone.
    pub messages: u64,
    /// Rooms that are done.
    pub rooms: u64,
    /// Where the next step begins; `None` where all rooms are done.
    pub next: Option<RoomName>,
}

impl Rooms {
    /// Changes a password: the account's connections end, which are counted, and its tokens; `None` where
    /// there is no such account.
    pub async fn set_password(
        &self,
        username: &Username,
        password_hash: &str,
    ) -> Result<Option<usize>, StoreError> {
        let accounts = &self.shared.stores.accounts;
        let is_done = accounts.set_password(username, password_hash).await?;
        let closed = self.end(username, Attendance::SignOut).await;
        Ok(is_done.then_some(closed))
    }

    /// Ends an account's connections, which are counted, and its tokens; `None` where there is no such
    /// account.
    pub async fn sign_out(&self, username: &Username) -> Result<Option<usize>, StoreError> {
        let is_done = self.shared.stores.accounts.sign_out(username).await?;
        let closed = self.end(username, Attendance::SignOut).await;
        Ok(is_done.then_some(closed))
    }

    /// Removes an account with its ranks in all rooms and its connections, which are counted; `None`
    /// where there is no such account. What it wrote stays, and so do its bans.
    pub async fn remove(&self, username: &Username) -> Result<Option<usize>, StoreError> {
        let accounts = &self.shared.stores.accounts;
        let is_done = accounts.remove(username, clock::now()).await?;
        self.shared.stores.addresses.forget(username.key());
        let closed = self.end(username, Attendance::Forget).await;
        Ok(is_done.then_some(closed))
    }

    /// Takes what somebody wrote out of all rooms, from `from` on by name, for as long as one step may
    /// take: everybody is told as of a moderator's purge.
    pub async fn purge(
        &self,
        target: &Person,
        from: Option<&RoomName>,
    ) -> Result<PurgeStep, RoomError> {
        let log = Arc::clone(&self.shared.stores.log);
        let end = Instant::now() + PURGE_STEP;
        let mut purging = Purging::begin(log.as_ref(), &target.key, from).await?;
        let mut step = PurgeStep::default();
        loop {
            match purging.next(Some(end)).await? {
                Purge::Over => return Ok(step),
                Purge::Late(room, messages) => {
                    step.messages += messages;
                    step.next = Some(room);
                    return Ok(step);
                }
                Purge::Ready(room, messages) => {
                    self.purge_room(room, target.clone()).await?;
                    step.messages += messages;
                    step.rooms += 1;
                }
            }
        }
    }

    async fn purge_room(&self, room: RoomName, target: Person) -> Result<(), RoomError> {
        let inbox = self.find_or_start(&room)?;
        let (answer, done) = oneshot::channel();
        let sent = inbox
            .send(RoomCommand::Operate(OperatorCommand::Purge(target, answer)))
            .await;
        sent.map_err(|_| RoomError::Stopping)?;
        Ok(done.await.map_err(|_| RoomError::Stopping)??)
    }

    /// In which rooms the user `key` is banned, and in which muted.
    pub async fn verdicts_on(&self, key: &str) -> Result<Verdicts, StoreError> {
        let standings = &self.shared.stores.standings;
        standings.verdicts_on(key, clock::now()).await
    }

    /// Ends what was allowed because of how an account was before; says how many connections that were.
    async fn end(
        &self,
        username: &Username,
        attendance: fn(String, oneshot::Sender<usize>) -> Attendance,
    ) -> usize {
        let key = username.key();
        self.shared.logins.end(key);
        let command = |answer| RoomCommand::Attend(attendance(key.to_owned(), answer));
        let closed = tell_all(&self.shared, command);
        closed.await.into_iter().sum()
    }

    /// The server administrators, by name as registered.
    pub async fn administrators(&self) -> Result<Vec<String>, StoreError> {
        self.shared.stores.standings.administrators().await
    }

    /// Makes `person` a server administrator, or ends that: stored first, and in effect in all rooms
    /// once this answers.
    pub async fn administer(&self, person: &Person, is_admin: bool) -> Result<(), StoreError> {
        let standings = &self.shared.stores.standings;
        standings.administer(person, is_admin, clock::now()).await?;
        // A room that starts from here on reads it; one that is starting is told behind that.
        let command = |answer| {
            let key = person.key.clone();
            RoomCommand::Attend(Attendance::Administer(key, is_admin, answer))
        };
        tell_all(&self.shared, command).await;
        Ok(())
    }
}

/// Has every room that runs carry out a command, and waits for what all of them answer.
pub(super) async fn tell_all<T>(
    shared: &Shared,
    command: impl Fn(oneshot::Sender<T>) -> RoomCommand,
) -> Vec<T> {
    let running: Vec<_> = shared.running().values().cloned().collect();
    let mut waiting = Vec::with_capacity(running.len());
    for inbox in running {
        let (answer, done) = oneshot::channel();
        if inbox.send(command(answer)).await.is_ok() {
            waiting.push(done);
        }
    }
    let mut answers = Vec::with_capacity(waiting.len());
    for done in waiting {
        // A room that ended meanwhile has nobody in it, and reads everything anew when it starts.
        answers.extend(done.await.ok());
    }
    answers
}
