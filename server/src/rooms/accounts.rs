//! What operators and users do to accounts, as the directory carries it out: stored first, then in effect for
//! logins that are under way and in every room that runs, and only then answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_protocol::{RoomName, Username};
use tokio::sync::oneshot;

use super::{Membership, RoomError, Rooms, Shared};
use crate::clock;
use crate::domain::moderation::{Person, Verdicts};
use crate::rooms::task::{Attendance, OperatorCommand, RoomCommand};
use crate::store::StoreError;
use crate::store::accounts::Account;
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
        let closed = self.end(username.key(), sign_out).await;
        Ok(is_done.then_some(closed))
    }

    /// Changes the password of `account` for a member, whose connection alone goes on; answers with the
    /// account as it is then, or `None` where it was changed meanwhile.
    pub async fn change_password(
        &self,
        account: Account,
        password_hash: String,
        membership: &Membership,
    ) -> Result<Option<Account>, RoomError> {
        let shared = Arc::clone(&self.shared);
        let (room, id) = (membership.room().clone(), membership.id());
        // Whoever asked may be gone before it ends, but not when it is stored and others are still in.
        let changing = self.shared.tasks.spawn(async move {
            let accounts = &shared.stores.accounts;
            let changed = accounts.change_password(&account, &password_hash).await?;
            if changed.is_some() {
                shared.logins.end(&account.key);
                tell_each(&shared, |there, answer| {
                    let kept = (*there == room).then_some(id);
                    RoomCommand::Attend(Attendance::SignOut(account.key.clone(), kept, answer))
                })
                .await;
            }
            Ok(changed)
        });
        changing.await.unwrap_or(Err(RoomError::Stopping))
    }

    /// Ends an account's connections, which are counted, and its tokens; `None` where there is no such
    /// account.
    pub async fn sign_out(&self, username: &Username) -> Result<Option<usize>, StoreError> {
        let is_done = self.shared.stores.accounts.sign_out(username).await?;
        let closed = self.end(username.key(), sign_out).await;
        Ok(is_done.then_some(closed))
    }

    /// Removes an account with its ranks in all rooms and its connections, which are counted; `None`
    /// where there is no such account. What it wrote stays, and so do its bans.
    pub async fn remove(&self, username: &Username) -> Result<Option<usize>, StoreError> {
        let accounts = &self.shared.stores.accounts;
        let is_done = accounts.remove(username, clock::now()).await?;
        self.shared.stores.addresses.forget(username.key());
        let closed = self.end(username.key(), Attendance::Forget).await;
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
        key: &str,
        attendance: fn(String, oneshot::Sender<usize>) -> Attendance,
    ) -> usize {
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

fn sign_out(key: String, answer: oneshot::Sender<usize>) -> Attendance {
    Attendance::SignOut(key, None, answer)
}

/// Has every room that runs carry out a command, and waits for what all of them answer.
pub(super) async fn tell_all<T>(
    shared: &Shared,
    command: impl Fn(oneshot::Sender<T>) -> RoomCommand,
) -> Vec<T> {
    tell_each(shared, |_, answer| command(answer)).await
}

/// The same with a command for each room.
async fn tell_each<T>(
    shared: &Shared,
    command: impl Fn(&RoomName, oneshot::Sender<T>) -> RoomCommand,
) -> Vec<T> {
    let running: Vec<_> = {
        let running = shared.running();
        let rooms = running.iter();
        rooms
            .map(|(room, inbox)| (room.clone(), inbox.clone()))
            .collect()
    };
    let mut waiting = Vec::with_capacity(running.len());
    for (room, inbox) in running {
        let (answer, done) = oneshot::channel();
        if inbox.send(command(&room, answer)).await.is_ok() {
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
