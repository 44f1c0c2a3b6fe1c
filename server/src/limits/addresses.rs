//! Addresses beyond one connection, as a running server knows them: the networks that operators keep out,
//! and from where accounts came lately, which a ban from a room can take along.
//!
//! Owns both in memory, in front of the store. It knows no connections: whoever is there already is put
//! out by the rooms.

mod arrivals;
mod banned;
mod noted;

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::domain::address::{Address, Network};
use crate::domain::entry::{Moment, UnixMillis};
use crate::domain::moderation::{BanScope, Sanction};
use crate::store::addresses::{AddressStore, AddressesError, NOTED_ANEW, REMEMBERED, before};
use arrivals::{Arrival, Arrivals};
use banned::BannedNetworks;
use noted::Noted;

/// Addresses that may wait to be stored.
const NOTING: usize = 4_096;

/// The addresses that a server knows of. Cloning it gives another handle to the same.
#[derive(Clone)]
pub struct Addresses {
    store: Arc<dyn AddressStore>,
    banned: Arc<RwLock<BannedNetworks>>,
    /// Held while a ban is stored and then put into effect, so that memory follows the store.
    changing: Arc<tokio::sync::Mutex<()>>,
    arrivals: Arrivals,
    /// A permit for each address that is being stored.
    noting: Arc<Semaphore>,
    noted: Arc<Noted>,
    tasks: TaskTracker,
    every_ban: BanScope,
}

impl Addresses {
    /// Keeps them in `store`. Every ban from a room reaches at least as far as `every_ban`.
    /// No network is banned before [`Addresses::load`].
    pub fn new(store: Arc<dyn AddressStore>, every_ban: BanScope) -> Self {
        Self {
            store,
            banned: Arc::default(),
            changing: Arc::default(),
            arrivals: Arrivals::default(),
            noting: Arc::new(Semaphore::new(NOTING)),
            noted: Arc::default(),
            tasks: TaskTracker::new(),
            every_ban,
        }
    }

    /// Takes what the store says of banned networks.
    pub async fn load(&self, now: Moment) -> Result<(), AddressesError> {
        let _changing = self.changing.lock().await;
        let stored = self.store.banned(now).await?;
        self.change(|banned| *banned = stored.into_iter().collect());
        Ok(())
    }

    /// Bans `network`: stored first, and whoever is to enter after this answers is held against it.
    pub async fn ban(
        &self,
        network: Network,
        ban: Sanction,
        now: Moment,
    ) -> Result<(), AddressesError> {
        let _changing = self.changing.lock().await;
        self.store.ban(network, &ban, now).await?;
        self.change(|banned| {
            banned.forget_ended(now);
            banned.insert(network, ban);
        });
        Ok(())
    }

    /// Ends the ban of exactly `network`.
    pub async fn lift(&self, network: Network, now: Moment) -> Result<(), AddressesError> {
        let _changing = self.changing.lock().await;
        self.store.lift(network, now).await?;
        self.change(|banned| banned.remove(&network));
        Ok(())
    }

    /// The ban that keeps `address` out of the whole server at `now`; where there are several, the
    /// one that ends last.
    pub fn ban_of(&self, address: &Address, now: Moment) -> Option<Sanction> {
        let banned = self.banned.read().unwrap_or_else(PoisonError::into_inner);
        banned.find(address, now).cloned()
    }

    /// How far every ban from a room reaches at least.
    pub fn every_ban(&self) -> BanScope {
        self.every_ban
    }

    /// Remembers that the account `key` entered from `address`. That counts as recent from here on, and
    /// is stored while who entered goes on; they are in all the same where it can't be, or where too
    /// much waits to be.
    pub fn remember(&self, key: &str, address: &Address, now: Moment) {
        let Some(network) = address.own_network() else {
            return;
        };
        let oldest = before(now.steady, NOTED_ANEW / 2);
        if self.noted.is_fresh(key, network, oldest) {
            return;
        }
        let Ok(place) = Arc::clone(&self.noting).try_acquire_owned() else {
            return tracing::warn!("too many logins: the address of one was not remembered");
        };
        let arrival = self.arrivals.begin(key, network);
        let (store, noted) = (Arc::clone(&self.store), Arc::clone(&self.noted));
        self.tasks.spawn(async move {
            let Arrival { key, network, .. } = &arrival;
            match store.note(key, *network, now).await {
                Ok(()) => noted.note(key, *network, now.steady),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        user = key,
                        error,
                        "the address of a user was not remembered"
                    );
                }
            }
            drop((arrival, place));
        });
    }

    /// Waits until everything is stored that was to be remembered; call it once nobody can enter.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// The account `key` is gone.
    pub fn forget(&self, key: &str) {
        self.noted.forget(key);
    }

    /// From where the account `key` entered lately, the newest first. The same may be there
    /// twice.
    pub async fn recent(&self, key: &str, now: Moment) -> Result<Vec<Network>, AddressesError> {
        // Before the store: what is stored meanwhile is in both, not in neither.
        let mut recent = self.arrivals.of(key);
        recent.extend(self.store.recent(key, now).await?);
        Ok(recent)
    }

    /// Whether the account `key` entered from the network of `address` lately; false where that can't
    /// be told.
    pub async fn is_known(&self, key: &str, address: &Address, now: Moment) -> bool {
        let Some(network) = address.own_network() else {
            return false;
        };
        let oldest = before(now.steady, REMEMBERED);
        self.noted.is_fresh(key, network, oldest)
            || self
                .recent(key, now)
                .await
                .is_ok_and(|recent| recent.contains(&network))
    }

    /// Forgets what is too old to be kept at `settled` ([`Moment::settled`]).
    pub async fn forget_old(&self, settled: UnixMillis) -> Result<(), AddressesError> {
        self.store.forget_old(settled).await
    }

    fn change(&self, change: impl FnOnce(&mut BannedNetworks)) {
        change(&mut self.banned.write().unwrap_or_else(PoisonError::into_inner));
    }
}
