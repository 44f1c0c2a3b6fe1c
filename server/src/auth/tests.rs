//! Registration, passwords and tokens together, on real accounts.

use std::num::NonZeroU32;

use super::*;
use crate::domain::entry::AccountId;
use crate::limits::LimitSettings;
use crate::store::accounts::{Admission, Admitted};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::{Database, Durability};

/// An account that only has what tells it from others.
pub(super) fn account(key: &str, logins: &str) -> Account {
    Account {
        id: AccountId::named(key),
        username: key.to_owned(),
        key: key.to_owned(),
        password_hash: logins.to_owned(),
        logins: logins.to_owned(),
        created: 0,
        removed: None,
    }
}

fn at(address: &str) -> Caller {
    let ip = address.parse().unwrap();
    Caller {
        source: Source::of(ip),
        address: Address::of(ip),
    }
}

fn here() -> Caller {
    at("127.0.0.1")
}

struct Bench {
    authenticator: Authenticator,
    accounts: Arc<dyn Accounts>,
    addresses: Addresses,
    _directory: tempfile::TempDir,
}

fn bench(registration: Registration) -> Bench {
    let limits = LimitSettings {
        failed_logins: NonZeroU32::new(5),
        ..LimitSettings::NONE
    };
    bench_with(registration, limits)
}

fn bench_with(registration: Registration, limits: LimitSettings) -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
    let limits = Arc::new(Limits::new(limits));
    let store = SqliteStore::new(Arc::clone(&database));
    let addresses = Addresses::new(
        Arc::new(store),
        crate::domain::moderation::BanScope::Account,
    );
    let accounts: Arc<dyn Accounts> = Arc::new(SqliteStore::new(database));
    let authenticator = Authenticator::new(
        Arc::clone(&accounts),
        AuthSettings {
            registration,
            token_chain: None,
        },
        directory.path(),
        limits,
        addresses.clone(),
    )
    .unwrap();
    Bench {
        authenticator,
        accounts,
        addresses,
        _directory: directory,
    }
}

impl Bench {
    async fn password(&self, name: &str, password: &str) -> Result<Account, AuthError> {
        self.password_from(here(), name, password).await
    }

    async fn password_from(
        &self,
        caller: Caller,
        name: &str,
        password: &str,
    ) -> Result<Account, AuthError> {
        let credential = Credential::Password(Secret::new(password));
        Ok(self.log_in_from(caller, name, credential).await?.account)
    }

    async fn token(&self, name: &str, token: &Secret) -> Result<Identity, AuthError> {
        self.log_in(name, Credential::Token(token.clone())).await
    }

    async fn log_in(&self, name: &str, credential: Credential) -> Result<Identity, AuthError> {
        self.log_in_from(here(), name, credential).await
    }

    /// As far as it goes without a room, which makes the account as it lets somebody in.
    async fn log_in_from(
        &self,
        caller: Caller,
        name: &str,
        credential: Credential,
    ) -> Result<Identity, AuthError> {
        self.enter(caller, name, credential, Newcomer::Registers)
            .await
    }

    async fn asks(&self, name: &str, password: &str) -> Result<Identity, AuthError> {
        self.asks_from(here(), name, password).await
    }

    async fn asks_from(
        &self,
        caller: Caller,
        name: &str,
        password: &str,
    ) -> Result<Identity, AuthError> {
        let credential = Credential::Password(Secret::new(password));
        self.enter(caller, name, credential, Newcomer::Asks).await
    }

    async fn enter(
        &self,
        caller: Caller,
        name: &str,
        credential: Credential,
        newcomer: Newcomer,
    ) -> Result<Identity, AuthError> {
        let username = Username::new(name).unwrap();
        loop {
            let authenticated =
                self.authenticator
                    .authenticate(&username, credential.clone(), newcomer, caller);
            let identity = authenticated.await?;
            let admission = Admission {
                account: identity.account.clone(),
                is_new: identity.is_new,
                room: None,
            };
            match self.accounts.admit(admission).await? {
                Admitted::Done => return Ok(identity),
                Admitted::NameTaken => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn the_first_password_makes_the_account() {
    let bench = bench(Registration::Open);
    assert_eq!(bench.password("Ann", "one").await.unwrap().username, "Ann");
    assert_eq!(bench.password("aNN", "one").await.unwrap().username, "Ann");
    let refused = bench.password("ann", "two").await.err().unwrap();
    assert!(matches!(refused, AuthError::WrongPassword));
}

#[tokio::test]
async fn one_name_used_twice_at_once_becomes_one_account() {
    let bench = bench(Registration::Open);
    let (one, two) = tokio::join!(bench.password("ann", "one"), bench.password("ann", "two"));
    assert_ne!(one.is_ok(), two.is_ok());
    assert_eq!(bench.accounts.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn closed_registration_refuses_unknown_names() {
    let bench = bench(Registration::Closed);
    let refused = bench.password("ann", "one").await.err().unwrap();
    assert!(matches!(refused, AuthError::WrongPassword));
    assert!(bench.accounts.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_token_stands_in_for_the_password_until_that_changes() {
    let bench = bench(Registration::Open);
    let credential = Credential::Password(Secret::new("one"));
    let ann = bench.log_in("ann", credential).await.unwrap().token;
    let again = bench.token("ANN", &ann.text).await.unwrap().token;
    bench.password("bob", "one").await.unwrap();
    let stolen = bench.token("bob", &ann.text).await.err().unwrap();
    assert!(matches!(stolen, AuthError::WrongToken));

    let username = Username::new("ann").unwrap();
    let hash = Passwords::new()
        .hash(Secret::new("new"), Errand::Operator)
        .await
        .unwrap();
    bench.accounts.set_password(&username, &hash).await.unwrap();
    for token in [ann, again] {
        let old = bench.token("ann", &token.text).await.err().unwrap();
        assert!(matches!(old, AuthError::WrongToken));
    }
}

#[tokio::test]
async fn who_fails_too_often_is_not_let_in_with_the_right_password_either() {
    let bench = bench(Registration::Open);
    bench.password("ann", "right").await.unwrap();
    for _ in 0..5 {
        let refused = bench.password("ann", "wrong").await.err().unwrap();
        assert!(matches!(refused, AuthError::WrongPassword));
    }
    for password in ["wrong", "right"] {
        let refused = bench.password("ann", password).await.err().unwrap();
        assert!(matches!(refused, AuthError::TooManyFailures(_)));
    }
    bench.password("bob", "right").await.unwrap();
}

#[tokio::test]
async fn guesses_made_all_at_once_are_counted_all_the_same() {
    let bench = bench(Registration::Open);
    bench.password("ann", "right").await.unwrap();
    let guesses = (0..8).map(|_| bench.password("ann", "wrong"));
    let outcomes = futures_util::future::join_all(guesses).await;
    let tried = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(AuthError::WrongPassword)));
    assert_eq!(tried.count(), 5);
}

#[tokio::test]
async fn a_hash_of_less_work_is_renewed_and_tokens_stay_good() {
    let bench = bench(Registration::Open);
    let strong = bench.password("ann", "one").await.unwrap();
    assert!(!password::is_weak(&strong.password_hash));
    let weak = password::hash_with(b"one", 4096, 1).unwrap();
    assert!(password::is_weak(&weak));
    bench.accounts.renew_hash(&strong, &weak).await.unwrap();
    let credential = Credential::Password(Secret::new("one"));
    let identity = bench.log_in("ann", credential).await.unwrap();
    let username = Username::new("ann").unwrap();
    let stored = bench.accounts.find(&username).await.unwrap().unwrap();
    assert!(!password::is_weak(&stored.password_hash));
    assert_ne!(stored.password_hash, strong.password_hash);
    bench.token("ann", &identity.token.text).await.unwrap();
    bench.password("ann", "one").await.unwrap();
}

#[tokio::test]
async fn a_password_is_one_in_all_its_spellings() {
    let bench = bench(Registration::Open);
    bench.password("ann", "pa\u{df}wo\u{308}rt").await.unwrap();
    bench.password("ann", "pa\u{df}w\u{f6}rt").await.unwrap();
    let other = bench.password("ann", "passw\u{f6}rt").await;
    assert!(matches!(other, Err(AuthError::WrongPassword)));
}

#[tokio::test]
async fn a_hash_of_what_was_typed_is_renewed_and_tokens_stay_good() {
    let (umlaut, composed_umlaut) = ("wo\u{308}rt", "w\u{f6}rt");
    let (korean, composed_korean) = ("\u{1100}\u{1161}1", "\u{ac00}1");
    for (typed, first, other) in [
        (umlaut, umlaut, composed_umlaut),
        (umlaut, composed_umlaut, umlaut),
        (composed_umlaut, umlaut, composed_umlaut),
        (korean, korean, composed_korean),
        (korean, composed_korean, korean),
        (composed_korean, korean, composed_korean),
    ] {
        is_renewed(typed, first, other).await;
    }
}

/// An account whose hash is of what was `typed` long ago lets `first` in, and then both.
async fn is_renewed(typed: &str, first: &str, other: &str) {
    let bench = bench(Registration::Open);
    let made = bench.password("ann", "x").await.unwrap();
    let old = password::hash_with(typed.as_bytes(), 19 * 1024, 2).unwrap();
    bench.accounts.renew_hash(&made, &old).await.unwrap();
    let wrong = bench.password("ann", "w\u{f6}rter").await;
    assert!(matches!(wrong, Err(AuthError::WrongPassword)));
    let credential = Credential::Password(Secret::new(first));
    let identity = bench.log_in("ann", credential).await.unwrap();
    assert_eq!(identity.account.logins, made.logins);
    let stored = bench.accounts.find(&Username::new("ann").unwrap()).await;
    let stored = stored.unwrap().unwrap();
    let is_as_prepared = unicode_normalization::is_nfc(typed);
    assert_eq!(stored.password_hash == old, is_as_prepared);
    for spelling in [other, first] {
        bench.password("ann", spelling).await.unwrap();
    }
    bench.token("ann", &identity.token.text).await.unwrap();
}

#[tokio::test]
async fn a_password_that_nobody_new_may_have_stays_good_for_who_has_it() {
    let bench = bench(Registration::Open);
    let odd = "a\tb";
    let refused = bench.password("ann", odd).await;
    assert!(matches!(
        refused,
        Err(AuthError::Password(PasswordError::Character(9)))
    ));
    let made = bench.password("ann", "x").await.unwrap();
    let old = password::hash_with(odd.as_bytes(), 19 * 1024, 2).unwrap();
    bench.accounts.renew_hash(&made, &old).await.unwrap();
    bench.password("ann", odd).await.unwrap();
    let other = bench.password("ann", "a b").await;
    assert!(matches!(other, Err(AuthError::WrongPassword)));
}

#[tokio::test]
async fn nobody_takes_a_name_that_looks_ranked() {
    let bench = bench(Registration::Open);
    for name in ["bob@", "+bob"] {
        let refused = bench.password(name, "x").await;
        assert!(matches!(refused, Err(AuthError::Name(_))), "{name}");
    }
    bench.password("bob@example.org", "x").await.unwrap();
}

#[tokio::test]
async fn many_addresses_are_not_as_many_guesses_and_the_owner_comes_in_from_home() {
    let bench = bench(Registration::Open);
    let home = at("203.0.113.7");
    bench.password_from(home, "ann", "right").await.unwrap();
    bench
        .addresses
        .remember("ann", &home.address, clock::moment());
    bench.addresses.close().await;
    let guess = |network: u32| {
        let caller = at(&format!("2001:db8:{:x}:{network:x}::1", network % 8));
        bench.password_from(caller, "ann", "wrong")
    };
    let outcomes = futures_util::future::join_all((0..100).map(guess)).await;
    let tried = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(AuthError::WrongPassword)))
        .count();
    // Fifty, and what comes back meanwhile on a slow machine.
    assert!((50..=70).contains(&tried), "{tried}");
    let mut network = 100;
    while matches!(guess(network).await, Err(AuthError::WrongPassword)) {
        network += 1;
    }
    // Elsewhere the right password is no way to find out either.
    let elsewhere = bench
        .password_from(at("198.51.100.7"), "ann", "right")
        .await;
    assert!(matches!(elsewhere, Err(AuthError::TooManyFailures(_))));
    bench.password_from(home, "ann", "right").await.unwrap();
    let wrong = bench.password_from(home, "ann", "wrong").await;
    assert!(matches!(wrong, Err(AuthError::WrongPassword)));
}

#[tokio::test]
async fn who_only_asks_makes_no_account_and_fails_in_nobodys_name() {
    let bench = bench(Registration::Open);
    for _ in 0..12 {
        let refused = bench.asks("ann", "one").await.err().unwrap();
        assert!(matches!(refused, AuthError::UnknownName));
    }
    // A name that would not do is as unknown as any.
    let refused = bench.asks("+ann", "one").await.err().unwrap();
    assert!(matches!(refused, AuthError::UnknownName));
    assert!(bench.accounts.list().await.unwrap().is_empty());
    bench.password("ann", "one").await.unwrap();
    bench.asks("ann", "one").await.unwrap();
    for _ in 0..5 {
        let refused = bench.asks("ann", "two").await.err().unwrap();
        assert!(matches!(refused, AuthError::WrongPassword));
    }
    let refused = bench.asks("ann", "one").await.err().unwrap();
    assert!(matches!(refused, AuthError::TooManyFailures(_)));
    // The name of a removed account is taken, and not unknown.
    bench.password("bob", "one").await.unwrap();
    let bob = Username::new("bob").unwrap();
    bench.accounts.remove(&bob, clock::now()).await.unwrap();
    let refused = bench.asks("bob", "one").await.err().unwrap();
    assert!(matches!(refused, AuthError::WrongPassword));
}

#[tokio::test]
async fn where_registration_is_closed_asking_tells_nothing() {
    let bench = bench(Registration::Closed);
    for _ in 0..5 {
        let refused = bench.asks("ann", "one").await.err().unwrap();
        assert!(matches!(refused, AuthError::WrongPassword));
    }
    let refused = bench.asks("ann", "one").await.err().unwrap();
    assert!(matches!(refused, AuthError::TooManyFailures(_)));
}

#[tokio::test]
async fn names_are_asked_for_only_so_often_whoever_has_them() {
    let one = NonZeroU32::MIN;
    let limits = LimitSettings {
        accounts: Some(crate::limits::Rate::per_hour(one, one)),
        ..LimitSettings::NONE
    };
    let bench = bench_with(Registration::Open, limits);
    let there = at("192.0.2.1");
    bench.password("ann", "one").await.unwrap();
    for number in 0..10 {
        let refused = bench.asks_from(there, &format!("user{number}"), "x").await;
        assert!(matches!(refused, Err(AuthError::UnknownName)));
    }
    // The answer is the same for a name that somebody has.
    for name in ["user10", "ann"] {
        let refused = bench.asks_from(there, name, "one").await;
        assert!(
            matches!(refused, Err(AuthError::TooManyUnknown(_))),
            "{name}"
        );
    }
    bench.password_from(there, "ann", "one").await.unwrap();
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let bench = bench(Registration::Open);
    let ann = bench.password("ann", "one").await.unwrap();
    bench.password("bob", "one").await.unwrap();
    let change = async |name: &str, password: &str, new_password: &str| {
        let change = ChangePassword {
            password: Secret::new(password),
            new_password: Secret::new(new_password),
        };
        let username = Username::new(name).unwrap();
        let begun = bench
            .authenticator
            .begin_change(ann.id, &username, change, here());
        begun.await
    };
    let changing = change("ann", "one", "two").await.map_err(drop).unwrap();
    let hash = bench.authenticator.new_hash(&changing, here()).await;
    let (account, hash) = (&changing.account, hash.unwrap());
    let changed = bench.accounts.change_password(account, &hash).await;
    let changed = changed.unwrap().unwrap();
    let token = bench.authenticator.changed(&changing, &changed);
    bench.token("ann", &token.text).await.map_err(drop).unwrap();
    bench.password("ann", "two").await.unwrap();
    // What can't be a password is told before what is wrong counts.
    for _ in 0..9 {
        let refused = change("ann", "wrong", "a\tb").await;
        assert!(matches!(refused, Err(AuthError::Password(_))));
    }
    for (name, password) in [("ann", "one"), ("bob", "one"), ("eve", "one")] {
        let refused = change(name, password, "three").await;
        assert!(matches!(refused, Err(AuthError::WrongPassword)), "{name}");
    }
    assert_eq!(bench.accounts.list().await.unwrap().len(), 2);
    for _ in 0..4 {
        change("ann", "wrong", "three").await.err().unwrap();
    }
    let refused = change("ann", "two", "three").await;
    assert!(matches!(refused, Err(AuthError::TooManyFailures(_))));
}
