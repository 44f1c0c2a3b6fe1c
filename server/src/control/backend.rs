//! What requests are carried out on: a running server ([`Control`](super::Control)) or, where none
//! runs, the store alone ([`Offline`](super::Offline)).
//!
//! Owns what the two have to be able to do. What follows from a request belongs to `orders`.

use chat_protocol::{RoomName, Username};

use super::{OrderError, Purging};
use crate::domain::address::Network;
use crate::domain::filter::Change;
use crate::domain::moderation::{Person, Sanction, Verdicts};
use crate::rooms::{Hit, Order};
use crate::store::accounts::{Account, Creation};

/// What became of an order that ends an account's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// There is no such account, so nothing was done.
    NoAccount,
    /// It was stored. No server runs, so there are no connections.
    Stored,
    /// It was stored, and this many connections were closed.
    Closed(usize),
}

/// Finds and changes what operators ask for. A change is stored, and in effect in all rooms that run,
/// once its method answers.
#[async_trait::async_trait]
pub trait Backend: Send + Sync {
    /// The stored name of the room that `spelled` refers to.
    async fn room_called(&self, spelled: &RoomName) -> Result<RoomName, OrderError>;

    /// Whether there is a room of this name.
    async fn is_founded(&self, room: &RoomName) -> Result<bool, OrderError>;

    /// Creates a room; false if it exists already.
    async fn found(&self, room: &RoomName) -> Result<bool, OrderError>;

    /// The account of this name, also if it was removed.
    async fn known(&self, username: &Username) -> Result<Option<Account>, OrderError>;

    /// Adds an account.
    async fn create(&self, account: Account) -> Result<Creation, OrderError>;

    /// In which rooms the user `key` (a name as compared) is banned and muted.
    async fn verdicts_on(&self, key: &str) -> Result<Verdicts, OrderError>;

    /// Changes a password, which ends the user's connections and tokens.
    async fn set_password(&self, username: &Username, hash: &str) -> Result<Ended, OrderError>;

    /// Ends a user's connections and tokens.
    async fn sign_out(&self, username: &Username) -> Result<Ended, OrderError>;

    /// Removes an account.
    async fn remove(&self, username: &Username) -> Result<Ended, OrderError>;

    /// Deletes the messages of `person` in all rooms, from `from` on by name, or a part of them.
    async fn purge(&self, person: &Person, from: Option<&RoomName>) -> Result<Purging, OrderError>;

    /// The server administrators, by name as registered.
    async fn administrators(&self) -> Result<Vec<String>, OrderError>;

    /// Makes `person` a server administrator, or ends that.
    async fn administer(&self, person: &Person, is_admin: bool) -> Result<(), OrderError>;

    /// Carries out `order` on `target` in `room`, which is created first if `creates`. Answers with what
    /// was done, as a sentence.
    async fn operate(
        &self,
        room: RoomName,
        order: Order,
        target: Person,
        creates: bool,
    ) -> Result<String, OrderError>;

    /// Changes the blocked patterns of `room`, which is created with that if `creates`. Answers with what
    /// was done, as a sentence.
    async fn change_filter(
        &self,
        room: &RoomName,
        change: &Change,
        creates: bool,
    ) -> Result<String, OrderError>;

    /// Bans `network` from the whole server. Answers whom that hit, or `None` if no server runs.
    async fn ban_network(&self, network: Network, ban: Sanction)
    -> Result<Option<Hit>, OrderError>;

    /// Lifts the ban of exactly `network`.
    async fn lift_network(&self, network: Network) -> Result<(), OrderError>;
}
