//! From credentials to an identity: passwords and resume tokens.
//!
//! Owns who may say they are whom. It knows accounts, never rooms as they run or connections.

mod key_watch;
mod password;
mod prepared;
mod token;
mod verified;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_protocol::{ChangePassword, Credential, NameError, Secret, Username, seeming_rank_sign};

use crate::clock;
use crate::domain::address::Address;
use crate::domain::entry::{AccountId, UnixMillis};
use crate::domain::moderation::Person;
use crate::limits::addresses::Addresses;
use crate::limits::{Limits, Refused, Source, TooFast};
use crate::store::StoreError;
use crate::store::accounts::{Account, Accounts};

pub use crate::limits::Errand;
pub use key_watch::watch_key;
pub use password::{HashError, Passwords, is_hash};
use prepared::Typed;
pub use prepared::{PasswordError, prepared};
use token::TokenError;
pub use token::{KeyError, Token, TokenKey};
use verified::Verified;

/// Whether an unknown name with a password makes an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Registration {
    /// It does.
    Open,
    /// It is refused; accounts are made on the command line.
    Closed,
}

/// How accounts are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthSettings {
    /// Whether an unknown name with a password makes an account.
    pub registration: Registration,
    /// How long somebody may log in by resume tokens alone; `None` for ever.
    pub token_chain: Option<Duration>,
}

/// Somebody who showed that they are who they say.
pub struct Identity {
    /// Their account, as it is now.
    pub account: Account,
    /// Whether the account is to be made yet: nobody has the name.
    pub is_new: bool,
    /// A resume token for the next time.
    pub token: Token,
}

/// Somebody who showed the password that they want to change.
pub struct Changing {
    /// Their account, as it is now.
    pub account: Account,
    new_password: Secret,
}

/// What becomes of a name that nobody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newcomer {
    /// It becomes an account, where registration is open.
    Registers,
    /// It is refused, and said to be unknown where registration is open.
    Asks,
}

/// From where somebody asks.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// As it is counted.
    pub source: Source,
    /// The same in full.
    pub address: Address,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Wrong name or wrong password; which of them is not told.
    #[error("wrong name or password")]
    WrongPassword,
    /// Nobody has the name, and no account is to be made.
    #[error("there is no account with this name")]
    UnknownName,
    /// Too many names that nobody has were asked for from this address.
    #[error("too many unknown names from your address")]
    TooManyUnknown(TooFast),
    /// The token is forged, ended, of another user, or from before the account was signed out.
    #[error("the token is not valid (any more): authenticate with the password")]
    WrongToken,
    /// The token was good, and its time is over.
    #[error("the token is not valid (any more): authenticate with the password")]
    ExpiredToken,
    /// Too many logins failed for this name from this address, or from anywhere.
    #[error("too many failed logins")]
    TooManyFailures(TooFast),
    /// Nobody has the name, and nobody new may.
    #[error("a new user's name {0}")]
    Name(#[source] NameError),
    /// Nobody has the name, and the password can't be that of a new account.
    #[error("the password {0}: choose another one")]
    Password(#[source] PasswordError),
    /// Too many accounts were made from this address.
    #[error("too many new accounts from your address")]
    TooManyAccounts(TooFast),
    /// The accounts can't be read or written now.
    #[error(transparent)]
    Accounts(#[from] StoreError),
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
    addresses: Addresses,
}

impl Authenticator {
    /// Checks against `accounts`, with the token key kept in `directory`. Failed logins are counted
    /// in `limits`, and do not lock out of an account who is where it came in lately, as `addresses`
    /// tells.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        settings: AuthSettings,
        directory: &Path,
        limits: Arc<Limits>,
        addresses: Addresses,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            accounts,
            passwords: Passwords::new(),
            verified: Verified::new().map_err(KeyError::NoRandomness)?,
            tokens: TokenKey::load_or_create(directory, settings.token_chain)?,
            registration: settings.registration,
            limits,
            addresses,
        })
    }

    /// The ways in that are open, as clients are told.
    pub fn ways_in(&self) -> Vec<String> {
        let mut ways = vec!["password".to_owned()];
        if self.registration == Registration::Open {
            ways.push("register".to_owned());
        }
        ways
    }

    /// Who shows `credential` for `username`. With open registration the first password
    /// used with an unknown name makes the account, once they are let in, if they are to register.
    pub async fn authenticate(
        &self,
        username: &Username,
        credential: Credential,
        newcomer: Newcomer,
        caller: Caller,
    ) -> Result<Identity, AuthError> {
        let (account, is_new, begun) = match credential {
            Credential::Password(password) => {
                let Shown { account, is_new } = self
                    .by_password(username, Typed::new(password), newcomer, caller)
                    .await?;
                (account, is_new, clock::now())
            }
            Credential::Token(token) => {
                let (account, begun) = self.by_token(username, &token).await?;
                (account, false, begun)
            }
        };
        Ok(Identity {
            token: self.tokens.issue(&account, begun, clock::now()),
            account,
            is_new,
        })
    }

    /// Whether the user of `account`, whose name is `username`, shows its password, and may have another
    /// one. A wrong one counts as a failed login.
    pub async fn begin_change(
        &self,
        account: AccountId,
        username: &Username,
        change: ChangePassword,
        caller: Caller,
    ) -> Result<Changing, AuthError> {
        let new_password = Typed::new(change.new_password);
        let new_password = new_password.new_one().map_err(AuthError::Password)?.clone();
        let password = Typed::new(change.password);
        let shown = self.by_password(username, password, Newcomer::Asks, caller);
        match shown.await {
            Ok(shown) if shown.account.id == account => Ok(Changing {
                account: shown.account,
                new_password,
            }),
            // Removed meanwhile, and perhaps somebody else's by now.
            Ok(_) | Err(AuthError::UnknownName | AuthError::TooManyUnknown(_)) => {
                Err(AuthError::WrongPassword)
            }
            Err(error) => Err(error),
        }
    }

    /// The hash of the password that somebody changes to. Who only logs in goes before them.
    pub async fn new_hash(&self, changing: &Changing, caller: Caller) -> Result<String, AuthError> {
        let errand = Errand::Registration(caller.source);
        let password = changing.new_password.clone();
        Ok(self.passwords.hash(password, errand).await?)
    }

    /// A token for whoever changed a password, whose account is now `account`.
    pub fn changed(&self, changing: &Changing, account: &Account) -> Token {
        let (now, password) = (Instant::now(), &changing.new_password);
        self.verified.note(account, password, now);
        self.tokens.issue(account, clock::now(), clock::now())
    }

    /// The account of this name, where there is or was one.
    pub async fn person(&self, username: &Username) -> Result<Option<Person>, StoreError> {
        let account = self.accounts.known(username).await?;
        Ok(account.map(Person::from))
    }

    /// Who fails too often is not even looked at: a password that was verified a moment ago must
    /// not tell by its answer that it is right. Nor do the limits tell whether there is such a name:
    /// they know names alone.
    async fn by_password(
        &self,
        username: &Username,
        password: Typed,
        newcomer: Newcomer,
        caller: Caller,
    ) -> Result<Shown, AuthError> {
        let logins = self.limits.logins();
        let source = caller.source;
        let name = username.key();
        self.unless_refused(name, caller, |is_known| logins.look(name, source, is_known))
            .await?;
        if newcomer == Newcomer::Asks && self.registration == Registration::Open {
            let may_ask = self.limits.newcomers().may_ask(source);
            may_ask.map_err(AuthError::TooManyUnknown)?;
        }
        if let Some(account) = self.accounts.find(username).await?
            && self
                .verified
                .knows(&account, password.compared(), Instant::now())
        {
            return Ok(Shown::known(account));
        }
        let mut turn = logins.turn(name, source).await;
        self.unless_refused(name, caller, |is_known| turn.begin(is_known))
            .await?;
        let outcome = self.by_hash(username, password, newcomer, source).await;
        match &outcome {
            Ok(_) => turn.succeeded(),
            Err(AuthError::WrongPassword) => turn.failed(),
            Err(_) => {}
        }
        outcome
    }

    /// Asks once more, for somebody who is known, where the first answer is that too many failed for
    /// this name everywhere and the caller is where its owner came in lately.
    async fn unless_refused(
        &self,
        name: &str,
        caller: Caller,
        mut ask: impl FnMut(bool) -> Result<(), Refused>,
    ) -> Result<(), AuthError> {
        let asked = match ask(false) {
            Err(Refused::Everywhere(_)) => {
                let known = self
                    .addresses
                    .is_known(name, &caller.address, clock::moment());
                ask(known.await)
            }
            asked => asked,
        };
        asked.map_err(|refused| AuthError::TooManyFailures(refused.into()))
    }

    async fn by_hash(
        &self,
        username: &Username,
        password: Typed,
        newcomer: Newcomer,
        source: Source,
    ) -> Result<Shown, AuthError> {
        let known = self.accounts.known(username).await?;
        let is_removed = known
            .as_ref()
            .is_some_and(|account| account.removed.is_some());
        match (known, self.registration, newcomer) {
            (Some(account), ..) if !is_removed => self
                .verified(account, password, source)
                .await
                .map(Shown::known),
            (None, Registration::Open, Newcomer::Registers) => {
                self.new_account(username, password, source).await
            }
            (None, Registration::Open, Newcomer::Asks) => {
                let asked = self.limits.newcomers().ask(source);
                asked.map_err(AuthError::TooManyUnknown)?;
                self.work_for_nobody(&password, source).await?;
                Err(AuthError::UnknownName)
            }
            // The name of a removed account is not given out again.
            (Some(_), ..) | (None, Registration::Closed, _) => {
                self.work_for_nobody(&password, source).await?;
                Err(AuthError::WrongPassword)
            }
        }
    }

    /// The same work, and the same line, as for a known name: so time does not tell which names exist,
    /// and asking is no cheaper where the answer tells it.
    async fn work_for_nobody(&self, password: &Typed, source: Source) -> Result<(), AuthError> {
        let others = password.others();
        for form in [password.compared()].into_iter().chain(&others) {
            let errand = Errand::Login(source);
            self.passwords.verify_nobody(form.clone(), errand).await?;
        }
        Ok(())
    }

    /// An account that is made once its owner is let in.
    async fn new_account(
        &self,
        username: &Username,
        password: Typed,
        source: Source,
    ) -> Result<Shown, AuthError> {
        username.check_taken_freely().map_err(AuthError::Name)?;
        if let Some(sign) = seeming_rank_sign(username.key()) {
            return Err(AuthError::Name(NameError::RankSign(sign)));
        }
        let password = password.new_one().map_err(AuthError::Password)?;
        // Before the work: it is counted when the account is made.
        let may_register = self.limits.newcomers().may_register(source);
        may_register.map_err(AuthError::TooManyAccounts)?;
        let errand = Errand::Registration(source);
        let hash = self.passwords.hash(password.clone(), errand).await?;
        let account = Account::new(username, hash, clock::now())?;
        self.verified.note(&account, password, Instant::now());
        Ok(Shown {
            account,
            is_new: true,
        })
    }

    /// Hashes from before passwords were prepared are of what was typed, composed or not: those that only
    /// fit that are renewed. How often it is hashed depends on what was typed alone.
    async fn verified(
        &self,
        account: Account,
        password: Typed,
        source: Source,
    ) -> Result<Account, AuthError> {
        let compared = password.compared();
        if self.verified.knows(&account, compared, Instant::now()) {
            return Ok(account);
        }
        let fits = |form: &Secret| {
            let (form, hash) = (form.clone(), account.password_hash.clone());
            self.passwords.verify(form, hash, Errand::Login(source))
        };
        let is_prepared = fits(compared).await?;
        let mut is_right = is_prepared;
        for other in password.others() {
            is_right = is_right || fits(&other).await?;
        }
        if !is_right {
            return Err(AuthError::WrongPassword);
        }
        let account = match password::is_weak(&account.password_hash) || !is_prepared {
            true => self.renewed(account, compared, source).await,
            false => account,
        };
        self.verified.note(&account, compared, Instant::now());
        Ok(account)
    }

    /// The account with a hash of today's kind. Where there is none, the old one does for now.
    async fn renewed(&self, account: Account, password: &Secret, source: Source) -> Account {
        let renewed = async {
            let errand = Errand::Login(source);
            let hash = self.passwords.hash(password.clone(), errand).await?;
            self.accounts.renew_hash(&account, &hash).await?;
            Ok::<_, AuthError>(hash)
        };
        match renewed.await {
            Ok(password_hash) => Account {
                password_hash,
                ..account
            },
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(username = %account.username, error, "an old hash was not renewed");
                account
            }
        }
    }

    /// The account, and when its password was shown.
    async fn by_token(
        &self,
        username: &Username,
        token: &Secret,
    ) -> Result<(Account, UnixMillis), AuthError> {
        let account = self.accounts.find(username).await?;
        let account = account.ok_or(AuthError::WrongToken)?;
        match self.tokens.verify(token, &account, clock::now()) {
            Ok(begun) => Ok((account, begun)),
            Err(TokenError::Expired) => Err(AuthError::ExpiredToken),
            Err(TokenError::Invalid) => Err(AuthError::WrongToken),
        }
    }
}

/// Whose password was shown.
struct Shown {
    account: Account,
    is_new: bool,
}

impl Shown {
    fn known(account: Account) -> Self {
        Self {
            account,
            is_new: false,
        }
    }
}

#[cfg(test)]
mod tests;
