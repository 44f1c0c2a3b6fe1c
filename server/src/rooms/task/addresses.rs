//! What addresses have to do with who is let in and who is put out: the part that needs what holds for
//! the whole server.

use super::{EnterError, RoomTask};
use crate::clock;
use crate::domain::address::{Address, Network};
use crate::domain::entry::Moment;
use crate::domain::room::Input;
use crate::store::addresses::RECENT;

impl RoomTask {
    /// Why the user `key` may not come in from `address`, where they may not. Asked where entering is
    /// decided, so that a ban can't be overtaken.
    pub(super) fn address_refusal(
        &self,
        key: &str,
        address: &Address,
        now: Moment,
    ) -> Option<EnterError> {
        if let Some(ban) = self.stores.addresses.ban_of(address, now)
            && !self.room.is_administered_by(key)
        {
            let seconds = ban.seconds_left(now);
            return Some(EnterError::NetworkBanned(ban.reason, seconds));
        }
        let ban = self.room.address_ban(key, address, now)?;
        let seconds = ban.seconds_left(now);
        Some(EnterError::AddressBanned(ban.reason.clone(), seconds))
    }

    /// The user `key` may be no server administrator any more, whom no ban of a network keeps out.
    pub(super) async fn expel_if_network_banned(&mut self, key: &str) {
        let now = clock::moment();
        for (id, address) in self.room.addresses_of(key) {
            if let Some(ban) = self.stores.addresses.ban_of(&address, now)
                && !self.room.is_administered_by(key)
            {
                self.apply(Input::KeptOut(vec![id], ban.reason)).await;
            }
        }
    }

    /// A network is kept out of the whole server from now on: whoever is in it goes. Answers with their
    /// names as compared, one for each connection.
    pub(super) async fn put_out(
        &mut self,
        network: Network,
        reason: Option<String>,
    ) -> Vec<String> {
        // What was posted before was allowed.
        self.show_all().await;
        self.who = None;
        let present = self.room.members_in(&network).into_iter();
        let keys = present.filter_map(|id| self.room.key_of(id).map(str::to_owned));
        let keys = keys.collect();
        self.apply(Input::PutOut(network, reason)).await;
        keys
    }
}

/// The first of them, each once, as many as a ban takes along.
pub(super) fn first_different(networks: Vec<Network>) -> Vec<Network> {
    let mut different = Vec::with_capacity(RECENT);
    for network in networks {
        if !different.contains(&network) && different.len() < RECENT {
            different.push(network);
        }
    }
    different
}
