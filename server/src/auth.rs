//! From credentials to an identity: passwords and resume tokens.
//!
//! Owns who may say they are whom. It knows accounts, never rooms as they run or connections.

mod key_watch;
mod password;
mod token;
mod verified;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chat_protocol::{Credential, Rank, RoomName, Secret, Username};

use crate::accounts::{Account, Accounts, AccountsError, Creation};
use crate::clock;
use crate::entry::UnixMillis;
use crate::limits::{Limits, Source, TooFast};
use crate::moderation::Person;

pub use key_watch::watch_key;
pub use password::{HashError, Passwords};
pub use token::{KeyError, TokenKey};
use verified::Verified;

/// Whether an unknown name with a password makes an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// It does.
    Open,
    /// It is refused; accounts are made on the command line.
    Closed,
}

/// Somebody who showed that they are who they say.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name as registered.
    pub username: String,
    /// The name as compared.
    pub key: String,
    /// The name to show.
    pub display_name: String,
    /// When the account was made, milliseconds since 1970, UTC.
    pub created: UnixMillis,
    /// How they stand in the room that they are to enter, where that is known already.
    pub standing: Option<Rank>,
    /// A resume token for the next time.
    pub token: Secret,
    /// When the token ends, milliseconds since 1970, UTC.
    pub token_expires: UnixMillis,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Wrong name or wrong password; which of them is not told.
    #[error("wrong name or password")]
    WrongPassword,
    /// The token is forged, ended, of another user, or from before a password change.
    #[error("the token is not valid (any more): authenticate with the password")]
    WrongToken,
    /// Too many logins failed for this name from this address.
    #[error("too many failed logins")]
    TooManyFailures(TooFast),
    /// The accounts can't be read or written now.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// Checks credentials against the accounts.
pub struct Authenticator {
    accounts: Arc<dyn Accounts>,
    passwords: Passwords,
    verified: Verified,
    tokens: TokenKey,
    registration: Registration,
    limits: Arc<Limits>,
}

impl Authenticator {
    /// Checks against `accounts`, with the token key kept in `directory`. Failed logins are counted
    /// in `limits`.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        registration: Registration,
        directory: &Path,
        limits: Arc<Limits>,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            accounts,
            passwords: Passwords::new(),
            verified: Verified::new().map_err(KeyError::NoRandomness)?,
            tokens: TokenKey::load_or_create(directory)?,
            registration,
            limits,
        })
    }

    /// Who shows `credential` for `username`, from `source`, to enter `room`. With open registration the first
    /// password used with an unknown name makes the account.
    pub async fn authenticate(
        &self,
        username: &Username,
        credential: Credential,
        source: Source,
        room: &RoomName,
    ) -> Result<Identity, AuthError> {
        let (account, standing) = match credential {
            Credential::Password(password) => {
                (self.by_password(username, password, source).await?, None)
            }
            Credential::Token(token) => self.by_token(username, &token, room).await?,
        };
        let (token, token_expires) = self.tokens.issue(&account, clock::now());
        Ok(Identity {
            display_name: account.username.clone(),
            username: account.username,
            key: account.key,
            created: account.created,
            standing,
            token,
            token_expires,
        })
    }

    /// The account of this name, where there is one.
    pub async fn person(&self, username: &Username) -> Result<Option<Person>, AccountsError> {
        let account = self.accounts.find(username).await?;
        Ok(account.map(Person::from))
    }

    /// How `identity` stands in `room`, which it is about to enter.
    pub async fn admit(&self, identity: &Identity, room: &RoomName) -> Result<Rank, AccountsError> {
        match identity.standing {
            Some(rank) => Ok(rank),
            None => self.accounts.admit(&identity.key, room).await,
        }
    }

    /// Who fails too often is not even looked at: a password that was verified a moment ago must
    /// not tell by its answer that it is right.
    async fn by_password(
        &self,
        username: &Username,
        password: Secret,
        source: Source,
    ) -> Result<Account, AuthError> {
        let logins = self.limits.logins();
        let too_many = AuthError::TooManyFailures;
        logins.look(username.key(), source).map_err(too_many)?;
        if let Some(account) = self.accounts.find(username).await?
            && self.verified.knows(&account, &password, Instant::now())
        {
            return Ok(account);
        }
        let mut turn = logins.turn(username.key(), source).await;
        turn.begin().map_err(too_many)?;
        let outcome = self.by_hash(username, password).await;
        match &outcome {
            Ok(_) => turn.succeeded(),
            Err(AuthError::WrongPassword) => turn.failed(),
            Err(_) => {}
        }
        outcome
    }

    async fn by_hash(&self, username: &Username, password: Secret) -> Result<Account, AuthError> {
        let known = self.accounts.find(username).await?;
        match (known, self.registration) {
            (Some(account), _) => self.verified(account, password).await,
            (None, Registration::Open) => self.register(username, password).await,
            (None, Registration::Closed) => {
                // The same work as for a known name, so that time does not tell which names exist.
                self.passwords.verify_nobody(password).await?;
                Err(AuthError::WrongPassword)
            }
        }
    }

    async fn register(&self, username: &Username, password: Secret) -> Result<Account, AuthError> {
        let hash = self.passwords.hash(password.clone()).await?;
        match self.accounts.create(username, &hash, clock::now()).await? {
            Creation::Created(account) => {
                tracing::info!(username = %account.username, "account created by its first use");
                self.verified.note(&account, &password, Instant::now());
                Ok(account)
            }
            // Somebody else was faster with the same name: now it has a password.
            Creation::Exists(account) => self.verified(account, password).await,
        }
    }

    async fn verified(&self, account: Account, password: Secret) -> Result<Account, AuthError> {
        if self.verified.knows(&account, &password, Instant::now()) {
            return Ok(account);
        }
        let hash = account.password_hash.clone();
        if !self.passwords.verify(password.clone(), hash).await? {
            return Err(AuthError::WrongPassword);
        }
        self.verified.note(&account, &password, Instant::now());
        Ok(account)
    }

    async fn by_token(
        &self,
        username: &Username,
        token: &Secret,
        room: &RoomName,
    ) -> Result<(Account, Option<Rank>), AuthError> {
        let found = self.accounts.find_in(username, room).await?;
        found
            .filter(|(account, _)| self.tokens.verify(token, account, clock::now()))
            .ok_or(AuthError::WrongToken)
    }
}

#[cfg(test)]
mod tests;
