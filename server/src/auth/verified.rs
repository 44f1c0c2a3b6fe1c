//! Passwords that were right a moment ago: a client that comes back with its password need not pay
//! argon2 again.
//!
//! Kept in memory only, for minutes, as keyed hashes whose key dies with the process; a changed
//! password is another entry. Wrong passwords always pay in full.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chat_protocol::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::store::accounts::Account;

/// How long a password counts as verified.
const LIFETIME: Duration = Duration::from_secs(5 * 60);
/// Entries kept at most; the oldest makes room for the newest.
const ENTRIES: usize = 8192;

type Fingerprint = [u8; 32];

#[derive(Default)]
struct State {
    known: HashMap<Fingerprint, Instant>,
    by_age: VecDeque<(Instant, Fingerprint)>,
}

/// The passwords verified lately.
pub(super) struct Verified {
    key: [u8; 32],
    state: Mutex<State>,
}

impl Verified {
    /// An empty memory with a fresh key.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self {
            key,
            state: Mutex::default(),
        })
    }

    /// Whether `password` was found to be that of `account` not long before `now`.
    pub(super) fn knows(&self, account: &Account, password: &Secret, now: Instant) -> bool {
        let fingerprint = self.fingerprint(account, password);
        let known = self.lock().known.get(&fingerprint).copied();
        known.is_some_and(|since| now < since + LIFETIME)
    }

    /// `password` was found to be that of `account` at `now`.
    pub(super) fn note(&self, account: &Account, password: &Secret, now: Instant) {
        let fingerprint = self.fingerprint(account, password);
        let mut state = self.lock();
        while let Some((since, oldest)) = state.by_age.front().copied()
            && (state.by_age.len() >= ENTRIES || since + LIFETIME <= now)
        {
            state.by_age.pop_front();
            // It may have been noted again since: then it is not this old.
            if state.known.get(&oldest) == Some(&since) {
                state.known.remove(&oldest);
            }
        }
        state.known.insert(fingerprint, now);
        state.by_age.push_back((now, fingerprint));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// Over the stored hash as well, so that neither a changed password nor a new account of the
    /// same name is taken for this one.
    fn fingerprint(&self, account: &Account, password: &Secret) -> Fingerprint {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        for part in [&account.key, &account.password_hash, password.expose()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::account;

    #[test]
    fn a_password_is_known_for_its_account_for_five_minutes() {
        let verified = Verified::new().unwrap();
        let ann = account("ann", "hash");
        let password = Secret::new("p");
        let now = Instant::now();
        assert!(!verified.knows(&ann, &password, now));
        verified.note(&ann, &password, now);
        assert!(verified.knows(&ann, &password, now));
        assert!(!verified.knows(&ann, &Secret::new("q"), now));
        assert!(!verified.knows(&account("ann", "changed"), &password, now));
        assert!(!verified.knows(&account("bob", "hash"), &password, now));
        assert!(!verified.knows(&ann, &password, now + LIFETIME));
    }

    #[test]
    fn the_oldest_makes_room_and_one_noted_again_stays() {
        let verified = Verified::new().unwrap();
        let password = Secret::new("p");
        let user = |number: usize| account(&number.to_string(), "hash");
        let first = Instant::now();
        for number in 0..ENTRIES {
            verified.note(&user(number), &password, first);
        }
        let later = first + Duration::from_secs(1);
        verified.note(&user(0), &password, later);
        for number in ENTRIES..ENTRIES + 10 {
            verified.note(&user(number), &password, later);
        }
        assert!(verified.knows(&user(0), &password, later));
        assert!(!verified.knows(&user(1), &password, later));
        assert_eq!(verified.lock().by_age.len(), ENTRIES);
        assert!(verified.lock().known.len() <= ENTRIES);
    }
}
