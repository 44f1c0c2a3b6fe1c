//! What was stored a while ago of where accounts came from: so that not every login has to look.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use crate::domain::address::Network;

/// Notes that are kept. When there are more, all are forgotten: then logins look once more.
const NOTES: usize = 16 * 1024;

/// Accounts and networks, each with when it was stored, by a clock that nobody sets.
#[derive(Default)]
pub(super) struct Noted {
    notes: Mutex<HashMap<(String, Network), u64>>,
}

impl Noted {
    /// Whether it was noted at `oldest` or later.
    pub(super) fn is_fresh(&self, key: &str, network: Network, oldest: u64) -> bool {
        let noted = self.lock().get(&(key.to_owned(), network)).copied();
        noted.is_some_and(|time| oldest <= time)
    }

    pub(super) fn note(&self, key: &str, network: Network, now: u64) {
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

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, Network), u64>> {
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
        assert!(noted.is_fresh("ann", here, 100));
        assert!(!noted.is_fresh("ann", here, 101));
        assert!(!noted.is_fresh("ann", there, 0));
        assert!(!noted.is_fresh("bob", here, 0));
        noted.forget("ann");
        assert!(!noted.is_fresh("ann", here, 100));
        for number in 0..2 * NOTES {
            noted.note(&number.to_string(), here, 100);
        }
        assert!(noted.lock().len() <= NOTES);
    }
}
