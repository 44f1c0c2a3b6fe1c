//! What was stored a while ago of where accounts came from: so that not every login has to look.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use crate::address::Network;
use crate::entry::UnixMillis;

/// Notes that are kept. When there are more, all are forgotten: then logins look once more.
const NOTES: usize = 16 * 1024;

/// Accounts and networks, each with when it was stored.
#[derive(Default)]
pub(super) struct Noted {
    notes: Mutex<HashMap<(String, Network), UnixMillis>>,
}

impl Noted {
    /// Whether it was noted at `oldest` or later, and not after `now`: a clock that was set back makes
    /// it old as well.
    pub(super) fn is_fresh(
        &self,
        key: &str,
        network: Network,
        oldest: UnixMillis,
        now: UnixMillis,
    ) -> bool {
        let noted = self.lock().get(&(key.to_owned(), network)).copied();
        noted.is_some_and(|time| (oldest..=now).contains(&time))
    }

    pub(super) fn note(&self, key: &str, network: Network, now: UnixMillis) {
        let mut notes = self.lock();
        if notes.len() >= NOTES {
            notes.clear();
        }
        notes.insert((key.to_owned(), network), now);
    }

    /// Whose account is gone has nothing stored any more.
    pub(super) fn forget(&self, key: &str) {
        self.lock().retain(|(noted, _), _| noted != key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, Network), UnixMillis>> {
        self.notes.lock().expect("no holder of this lock panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_fresh_for_a_while_and_never_too_many() {
        let noted = Noted::default();
        let here: Network = "203.0.113.7".parse().unwrap();
        let there: Network = "203.0.113.8".parse().unwrap();
        noted.note("ann", here, 100);
        assert!(noted.is_fresh("ann", here, 100, 100));
        assert!(!noted.is_fresh("ann", here, 101, 200));
        assert!(!noted.is_fresh("ann", here, 0, 99));
        assert!(!noted.is_fresh("ann", there, 0, 200));
        assert!(!noted.is_fresh("bob", here, 0, 200));
        noted.forget("ann");
        assert!(!noted.is_fresh("ann", here, 100, 100));
        for number in 0..2 * NOTES {
            noted.note(&number.to_string(), here, 100);
        }
        assert!(noted.lock().len() <= NOTES);
    }
}
