//! What operators do to accounts, as the directory carries it out: stored first, then in effect for
//! logins that are under way and in every room that runs, and only then answered.

use chat_protocol::Username;
use tokio::sync::oneshot;

use super::{Rooms, Shared};
use crate::accounts::AccountsError;
use crate::clock;
use crate::moderation::Person;
use crate::room_task::RoomCommand;
use crate::standing::StandingError;

impl Rooms {
    /// Changes a password: the account's connections end, and its tokens; false where there is no such
    /// account.
    pub async fn set_password(
        &self,
        username: &Username,
        password_hash: &str,
    ) -> Result<bool, AccountsError> {
        let accounts = &self.shared.stores.accounts;
        let is_done = accounts.set_password(username, password_hash).await?;
        self.end(username, RoomCommand::SignOut).await;
        Ok(is_done)
    }

    /// Ends an account's connections and tokens; false where there is no such account.
    pub async fn sign_out(&self, username: &Username) -> Result<bool, AccountsError> {
        let is_done = self.shared.stores.accounts.sign_out(username).await?;
        self.end(username, RoomCommand::SignOut).await;
        Ok(is_done)
    }

    /// Removes an account with its standing in all rooms; false where there is no such account.
    pub async fn remove(&self, username: &Username) -> Result<bool, AccountsError> {
        let is_done = self.shared.stores.accounts.remove(username).await?;
        self.shared.stores.addresses.forget(username.key());
        self.end(username, RoomCommand::Forget).await;
        Ok(is_done)
    }

    /// Ends what was allowed because of how an account was before.
    async fn end(
        &self,
        username: &Username,
        command: fn(String, oneshot::Sender<()>) -> RoomCommand,
    ) {
        let key = username.key();
        self.shared.logins.end(key);
        tell_all(&self.shared, |answer| command(key.to_owned(), answer)).await;
    }

    /// Makes `person` a server administrator, or ends that: stored first, and in effect in all rooms
    /// once this answers.
    pub async fn administer(&self, person: &Person, is_admin: bool) -> Result<(), StandingError> {
        let standings = &self.shared.stores.standings;
        standings.administer(person, is_admin, clock::now()).await?;
        // A room that starts from here on reads it; one that is starting is told behind that.
        let command = |answer| RoomCommand::Administer(person.key.clone(), is_admin, answer);
        tell_all(&self.shared, command).await;
        Ok(())
    }
}

/// Has every room that runs carry out a command, and waits until all have.
pub(super) async fn tell_all(
    shared: &Shared,
    command: impl Fn(oneshot::Sender<()>) -> RoomCommand,
) {
    let running: Vec<_> = shared.running().values().cloned().collect();
    let mut waiting = Vec::with_capacity(running.len());
    for inbox in running {
        let (answer, done) = oneshot::channel();
        if inbox.send(command(answer)).await.is_ok() {
            waiting.push(done);
        }
    }
    for done in waiting {
        // A room that ended meanwhile has nobody in it, and reads everything anew when it starts.
        let _ = done.await;
    }
}
