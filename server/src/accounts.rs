//! Accounts and standing: the trait that `auth` and the command line use.
//!
//! Owns who exists, what their password hashes to, and how they stand in which room. It never sees
//! a password, and knows nothing of who is connected.

mod sqlite;

use chat_protocol::{Rank, RoomName, Username};

use crate::moderation::Person;

pub use sqlite::SqliteAccounts;

/// The accounts could not be read or written; nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error("the accounts are not available")]
pub struct AccountsError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl AccountsError {
    /// Wraps what the backend says.
    pub fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The name as registered.
    pub username: String,
    /// The name as compared ([`Username::key`]).
    pub key: String,
    /// The password, hashed by argon2id, as a PHC string.
    pub password_hash: String,
    /// When it was made, milliseconds since 1970, UTC.
    pub created: u64,
}

impl From<Account> for Person {
    fn from(account: Account) -> Self {
        Self {
            username: account.username,
            key: account.key,
        }
    }
}

/// How making an account went.
pub enum Creation {
    /// It was made.
    Created(Account),
    /// There already was one of that name.
    Exists(Account),
}

/// All accounts.
#[async_trait::async_trait]
pub trait Accounts: Send + Sync {
    /// The account of `username`, if there is one.
    async fn find(&self, username: &Username) -> Result<Option<Account>, AccountsError>;

    /// Makes an account at `time` (milliseconds since 1970, UTC), unless there is one of that name.
    async fn create(
        &self,
        username: &Username,
        password_hash: &str,
        time: u64,
    ) -> Result<Creation, AccountsError>;

    /// Replaces a password's hash; false where there is no such account.
    async fn set_password(
        &self,
        username: &Username,
        password_hash: &str,
    ) -> Result<bool, AccountsError>;

    /// Removes an account with its standing in all rooms; false where there is no such account.
    async fn remove(&self, username: &Username) -> Result<bool, AccountsError>;

    /// All accounts, by name.
    async fn list(&self) -> Result<Vec<Account>, AccountsError>;

    /// Forgets who stood how in `room`: its next first member becomes its administrator.
    async fn forget_room(&self, room: &RoomName) -> Result<(), AccountsError>;

    /// The account of this name, where there is one, and with it its standing in `room`, `None` where
    /// nobody ever entered that: both in one look, for those who come back.
    async fn find_in(
        &self,
        username: &Username,
        room: &RoomName,
    ) -> Result<Option<(Account, Option<Rank>)>, AccountsError>;

    /// The standing of the account `key` in `room`. The first who ever enters a room becomes its
    /// administrator.
    async fn admit(&self, key: &str, room: &RoomName) -> Result<Rank, AccountsError>;
}
