//! Logins under way: who is about to come in was looked at a while ago, and what ended their account
//! meanwhile must reach them at the door.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// The logins to one account that are under way.
#[derive(Default)]
struct UnderWay {
    logins: usize,
    /// How often all of them were ended.
    endings: u64,
}

/// All logins under way: as many as there are connections at most.
#[derive(Clone, Default)]
pub struct Logins {
    accounts: Arc<Mutex<HashMap<String, UnderWay>>>,
}

/// A login under way; over when this is dropped. Begun before the account is looked at.
pub struct Login {
    logins: Logins,
    key: String,
    endings: u64,
}

impl Logins {
    /// Somebody begins to log in as `key` (a name as compared).
    pub fn begin(&self, key: &str) -> Login {
        let mut accounts = self.lock();
        let under_way = accounts.entry(key.to_owned()).or_default();
        under_way.logins += 1;
        Login {
            logins: self.clone(),
            key: key.to_owned(),
            endings: under_way.endings,
        }
    }

    /// What was found out about the account `key` until now counts no more.
    pub fn end(&self, key: &str) {
        if let Some(under_way) = self.lock().get_mut(key) {
            under_way.endings += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, UnderWay>> {
        self.accounts.lock().expect("no holder of this lock panics")
    }
}

impl Login {
    /// Whether the account is still what it was when this began.
    pub fn holds(&self) -> bool {
        let accounts = self.logins.lock();
        let under_way = accounts.get(&self.key);
        under_way.is_some_and(|under_way| under_way.endings == self.endings)
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        let mut accounts = self.logins.lock();
        if let Some(under_way) = accounts.get_mut(&self.key) {
            under_way.logins -= 1;
            if under_way.logins == 0 {
                accounts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_an_account_reaches_those_who_began_before_it() {
        let logins = Logins::default();
        logins.end("ann");
        let (before, other) = (logins.begin("ann"), logins.begin("bob"));
        assert!(before.holds() && other.holds());
        logins.end("ann");
        let after = logins.begin("ann");
        assert!(!before.holds());
        assert!(after.holds() && other.holds());
        drop((before, after, other));
        assert!(logins.lock().is_empty());
    }
}
