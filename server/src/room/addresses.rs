//! The rules of bans of addresses: whom they keep out, and who is exempt.

use chat_protocol::{CloseCode, ServerEvent};

use super::{Effect, MemberId, Room};
use crate::address::{Address, Network};
use crate::entry::UnixMillis;
use crate::moderation::Sanction;

impl Room {
    /// What keeps the user `key` at `address` out of this room at `now`, where somebody else's ban took
    /// that address along.
    pub fn address_ban(&self, key: &str, address: &Address, now: UnixMillis) -> Option<&Sanction> {
        self.standing.address_ban(key, address, now)
    }

    /// Whether no ban of a network keeps the user `key` out: a server administrator must not lock
    /// themselves out.
    pub fn may_come_from_anywhere(&self, key: &str) -> bool {
        self.standing.admins.contains(key)
    }

    /// The networks that the user `key` is in the room from.
    pub fn own_networks(&self, key: &str) -> Vec<Network> {
        let connections = self.connections(key).into_iter();
        connections
            .filter_map(|id| self.addresses.get(&id)?.own_network())
            .collect()
    }

    /// The members whom a ban that holds keeps out for where they are.
    pub(super) fn kept_out_by_address(&self, now: UnixMillis) -> Vec<MemberId> {
        self.members_where(|key, address| self.address_ban(key, address, now).is_some())
    }

    /// A network is kept out of the whole server.
    pub(super) fn put_out(
        &mut self,
        network: &Network,
        reason: Option<String>,
        now: UnixMillis,
    ) -> Vec<Effect> {
        let present = self.members_where(|key, address| {
            network.contains(address) && !self.may_come_from_anywhere(key)
        });
        self.expel(present, reason, ServerEvent::Ban, CloseCode::Banned, now)
    }

    fn members_where(&self, matches: impl Fn(&str, &Address) -> bool) -> Vec<MemberId> {
        let members = self.members.iter().filter(|(id, author)| {
            let address = self.addresses.get(id);
            address.is_some_and(|address| matches(&author.key, address))
        });
        let mut found: Vec<MemberId> = members.map(|(id, _)| *id).collect();
        found.sort();
        found
    }
}
