//! Who has just come in from where: known before it is stored, so that a ban that comes meanwhile
//! takes it along.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::domain::address::Network;

#[derive(Default)]
struct Present {
    next: u64,
    networks: HashMap<String, Vec<(u64, Network)>>,
}

/// All of them: as many as may wait to be stored.
#[derive(Clone, Default)]
pub(super) struct Arrivals {
    present: Arc<Mutex<Present>>,
}

/// Somebody who has just come in: whose account, and from which network, until this is dropped.
pub(super) struct Arrival {
    arrivals: Arrivals,
    id: u64,
    pub(super) key: String,
    pub(super) network: Network,
}

impl Arrivals {
    pub(super) fn begin(&self, key: &str, network: Network) -> Arrival {
        let mut present = self.lock();
        let id = present.next;
        present.next += 1;
        let networks = present.networks.entry(key.to_owned()).or_default();
        networks.push((id, network));
        drop(present);
        Arrival {
            arrivals: self.clone(),
            id,
            key: key.to_owned(),
            network,
        }
    }

    pub(super) fn of(&self, key: &str) -> Vec<Network> {
        let present = self.lock();
        let networks = present.networks.get(key).into_iter().flatten();
        networks.map(|(_, network)| *network).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().expect("no holder of this lock panics")
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut present = self.arrivals.lock();
        if let Some(networks) = present.networks.get_mut(&self.key) {
            networks.retain(|(id, _)| *id != self.id);
            if networks.is_empty() {
                present.networks.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_in_is_known_until_it_is_over() {
        let arrivals = Arrivals::default();
        let network = |text: &str| text.parse::<Network>().unwrap();
        let (one, two) = (network("203.0.113.5"), network("203.0.113.6"));
        let first = arrivals.begin("ann", one);
        let second = arrivals.begin("ann", two);
        assert_eq!(arrivals.of("ann"), [one, two]);
        assert_eq!(arrivals.of("bob"), []);
        drop(first);
        assert_eq!(arrivals.of("ann"), [two]);
        drop(second);
        assert!(arrivals.lock().networks.is_empty());
    }
}
