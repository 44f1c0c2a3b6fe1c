//! Accounts: the trait that `auth`, the rooms and the command line use.
//!
//! Owns who exists, what their password hashes to, and what is made when somebody comes in for the
//! first time. It never sees a password, and knows nothing of who is connected.

use std::collections::HashMap;

use chat_protocol::Username;

use crate::domain::entry::{AccountId, UnixMillis};
use crate::domain::moderation::Person;
use crate::store::rooms::Beginning;
use crate::store::{Part, StoreError};

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Which one.
    pub id: AccountId,
    /// The name as registered.
    pub username: String,
    /// The name as compared ([`Username::key`]).
    pub key: String,
    /// The password, hashed by argon2id, as a PHC string.
    pub password_hash: String,
    /// What its resume tokens are good for: with another value, those given out before are not.
    pub logins: String,
    /// When it was made, milliseconds since 1970, UTC.
    pub created: UnixMillis,
    /// When it was removed, likewise; `None` while it is there. Its name is not given out again but by
    /// an operator.
    pub removed: Option<UnixMillis>,
}

impl Account {
    /// One that is to be made at `time`.
    pub fn new(
        username: &Username,
        password_hash: String,
        time: UnixMillis,
    ) -> Result<Self, StoreError> {
        let number = getrandom::u64().map_err(no_randomness)?;
        Ok(Self {
            // SQLite's integers are signed, and 0 is nobody.
            id: AccountId((number >> 1).max(1)),
            username: username.as_str().to_owned(),
            key: username.key().to_owned(),
            password_hash,
            logins: new_logins()?,
            created: time,
            removed: None,
        })
    }
}

#[cfg(test)]
impl Account {
    /// The account that a test means by this name, made at `time`.
    pub(crate) fn named(name: &str, time: UnixMillis) -> Self {
        let username = Username::new(name).expect("a test's names are names");
        Self {
            id: AccountId::named(username.key()),
            username: name.to_owned(),
            key: username.key().to_owned(),
            password_hash: "hash".to_owned(),
            logins: "logins".to_owned(),
            created: time,
            removed: None,
        }
    }
}

/// Another value for [`Account::logins`].
pub(crate) fn new_logins() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(no_randomness)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn no_randomness(error: getrandom::Error) -> StoreError {
    StoreError::new(Part::Accounts, std::io::Error::from(error))
}

impl From<Account> for Person {
    fn from(account: Account) -> Self {
        Self {
            username: account.username,
            key: account.key,
            account: account.id,
            is_removed: account.removed.is_some(),
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

/// What has to be made for somebody to come into a room.
#[derive(Clone)]
pub struct Admission {
    /// Who comes in.
    pub account: Account,
    /// Whether the account is made by this.
    pub is_new: bool,
    /// The room, where there is something to be made of it.
    pub room: Option<Beginning>,
}

/// How an admission went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// All of it was made.
    Done,
    /// Nothing was: somebody else has the name by now.
    NameTaken,
    /// Nothing was: the name looks like another account's.
    LooksLikeAnother,
    /// Nothing was: the account is gone, or was signed out.
    SignedOut,
}

/// All accounts.
#[async_trait::async_trait]
pub trait Accounts: Send + Sync {
    /// The account of `username`, if there is one.
    async fn find(&self, username: &Username) -> Result<Option<Account>, StoreError>;

    /// The account of `username`, also where it was removed.
    async fn known(&self, username: &Username) -> Result<Option<Account>, StoreError>;

    /// Makes `account` for an operator, unless there is one of that name that was not removed.
    async fn create(&self, account: Account) -> Result<Creation, StoreError>;

    /// Makes what somebody needs to come in, all of it or nothing.
    async fn admit(&self, admission: Admission) -> Result<Admitted, StoreError>;

    /// Changes a password, which ends all tokens; false where there is no such account.
    async fn set_password(
        &self,
        username: &Username,
        password_hash: &str,
    ) -> Result<bool, StoreError>;

    /// Changes the password of `account`, which ends all tokens; answers with the account as it is then.
    /// `None` where it is not as it was when it was read: removed, signed out, or with another password.
    async fn change_password(
        &self,
        account: &Account,
        password_hash: &str,
    ) -> Result<Option<Account>, StoreError>;

    /// Ends all tokens of an account; false where there is no such account.
    async fn sign_out(&self, username: &Username) -> Result<bool, StoreError>;

    /// Replaces the hash of `account` by another one of the same password, unless it has changed.
    async fn renew_hash(&self, account: &Account, password_hash: &str) -> Result<(), StoreError>;

    /// Removes an account at `now`, with its password, its ranks, its addresses and what waits of it;
    /// its name stays with what it wrote and with what was decided on it. False where there is no such
    /// account (any more).
    async fn remove(&self, username: &Username, now: UnixMillis) -> Result<bool, StoreError>;

    /// All accounts, by name, those that were removed among them.
    async fn list(&self) -> Result<Vec<Account>, StoreError>;

    /// The names as registered that accounts have, by their names as compared.
    async fn names_of(&self, keys: Vec<String>) -> Result<HashMap<String, String>, StoreError>;
}
