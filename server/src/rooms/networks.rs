//! Bans of networks from the whole server, as the directory carries them out: in every room, and for
//! whoever is in none.

use std::collections::HashSet;
use std::sync::Arc;

use chat_protocol::Username;

use super::accounts::tell_all;
use super::lobby::LobbyGuard;
use super::{RoomError, Rooms, Shared};
use crate::clock;
use crate::domain::address::{Address, Network};
use crate::domain::moderation::Sanction;
use crate::rooms::task::{Attendance, EnterError, RoomCommand};
use crate::store::addresses::AddressesError;
use crate::store::{Part, StoreError};
use crate::wire::outbox::Outbox;

impl Rooms {
    /// Takes a connection from `address` that is in no room, for as long as it stays so.
    pub fn enter_lobby(&self, address: Address, outbox: Outbox) -> LobbyGuard {
        self.shared.lobby.enter(address, outbox)
    }

    /// Whether `username` may try to log in from `address`: from a banned one nobody is even looked at
    /// but server administrators. The room decides it once more, when they enter.
    pub async fn admit_address(
        &self,
        address: &Address,
        username: &Username,
    ) -> Result<(), RoomError> {
        let Shared { stores, .. } = &*self.shared;
        let now = clock::moment();
        let Some(ban) = stores.addresses.ban_of(address, now) else {
            return Ok(());
        };
        let administrators = stores.standings.administrators().await;
        let administrators = administrators.map_err(EnterError::from)?;
        let is_administrator =
            |name: &String| Username::new(name).is_ok_and(|name| name.key() == username.key());
        if administrators.iter().any(is_administrator) {
            return Ok(());
        }
        let seconds = ban.seconds_left(now);
        Err(EnterError::NetworkBanned(ban.reason, seconds).into())
    }

    /// Keeps `network` out of the whole server: stored first, and once this answers, nobody in it is in
    /// a room or comes in. Answers with whom that hit.
    pub async fn ban_network(
        &self,
        network: Network,
        ban: Sanction,
    ) -> Result<Hit, AddressesError> {
        let shared = Arc::clone(&self.shared);
        // Whoever asked may give up, but not when it is stored and not yet in effect.
        let banning = self.shared.tasks.spawn(async move {
            let reason = ban.reason.clone();
            let addresses = &shared.stores.addresses;
            addresses.ban(network, ban, clock::moment()).await?;
            Ok(put_out(&shared, network, reason).await)
        });
        banning.await.unwrap_or_else(|error| {
            Err(AddressesError::Unavailable(StoreError::new(
                Part::Addresses,
                error,
            )))
        })
    }

    /// Ends the ban of exactly `network`.
    pub async fn lift_network(&self, network: Network) -> Result<(), AddressesError> {
        let addresses = self.shared.stores.addresses.clone();
        let lifting = self
            .shared
            .tasks
            .spawn(async move { addresses.lift(network, clock::moment()).await });
        lifting.await.unwrap_or_else(|error| {
            Err(AddressesError::Unavailable(StoreError::new(
                Part::Addresses,
                error,
            )))
        })
    }
}

/// Whom a ban of a network hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// Connections that were closed.
    pub connections: usize,
    /// Accounts, each once, that they were of: some were in no room yet, and of nobody.
    pub accounts: usize,
}

async fn put_out(shared: &Shared, network: Network, reason: Option<String>) -> Hit {
    // Whoever enters from here on is held against the ban; who is entering is in the inbox before this.
    let command = |answer| RoomCommand::Attend(Attendance::PutOut(network, reason.clone(), answer));
    let keys: Vec<String> = tell_all(shared, command).await.concat();
    // After the rooms: who left one for the lobby was there before it left.
    let waiting = shared.lobby.put_out(&network, reason);
    Hit {
        connections: keys.len() + waiting,
        accounts: keys.into_iter().collect::<HashSet<_>>().len(),
    }
}
