//! The banned networks in memory: found by one look for each length that there is, however many
//! there are.

use std::collections::{BTreeMap, HashMap};

use crate::domain::address::{Address, Network};
use crate::domain::entry::{Moment, UnixMillis};
use crate::domain::moderation::Sanction;

/// Banned networks.
#[derive(Default)]
pub(super) struct BannedNetworks {
    bans: HashMap<Network, Sanction>,
    /// How many of them have which length, those of IPv6 apart.
    lengths: BTreeMap<(bool, u8), usize>,
}

impl BannedNetworks {
    pub(super) fn insert(&mut self, network: Network, ban: Sanction) {
        if self.bans.insert(network, ban).is_none() {
            *self.lengths.entry(kind(&network)).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, network: &Network) {
        if self.bans.remove(network).is_none() {
            return;
        }
        let kind = kind(network);
        if let Some(left) = self.lengths.get_mut(&kind) {
            *left -= 1;
            if *left == 0 {
                self.lengths.remove(&kind);
            }
        }
    }

    /// The ban of `address` that holds at `now`, and of several the one that ends last.
    pub(super) fn find(&self, address: &Address, now: Moment) -> Option<&Sanction> {
        let own = self.find_as_given(address, now);
        own.or_else(|| self.find_as_given(&address.within()?, now))
    }

    fn find_as_given(&self, address: &Address, now: Moment) -> Option<&Sanction> {
        let is_ipv6 = address.is_ipv6();
        let lengths = self.lengths.range((is_ipv6, 0)..=(is_ipv6, u8::MAX));
        lengths
            .filter_map(|((_, length), _)| self.bans.get(&address.network(*length)?))
            .filter(|ban| ban.holds(now))
            .max_by_key(|ban| ban.until.unwrap_or(UnixMillis::MAX))
    }

    pub(super) fn forget_ended(&mut self, now: Moment) {
        let ended = self.bans.iter().filter(|(_, ban)| !ban.holds(now));
        let ended: Vec<Network> = ended.map(|(network, _)| *network).collect();
        for network in ended {
            self.remove(&network);
        }
    }
}

impl FromIterator<(Network, Sanction)> for BannedNetworks {
    fn from_iter<I: IntoIterator<Item = (Network, Sanction)>>(bans: I) -> Self {
        let mut banned = Self::default();
        for (network, ban) in bans {
            banned.insert(network, ban);
        }
        banned
    }
}

fn kind(network: &Network) -> (bool, u8) {
    (network.is_ipv6(), network.length())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::moderation::Height;

    fn ban(reason: &str, until: Option<UnixMillis>) -> Sanction {
        Sanction {
            until,
            ends: until,
            reason: Some(reason.to_owned()),
            networks: Vec::new(),
            height: Height::Server,
            by: "ann".to_owned(),
        }
    }

    fn banned(bans: &[(&str, Option<UnixMillis>)]) -> BannedNetworks {
        let bans = bans.iter();
        bans.map(|(network, until)| (network.parse().unwrap(), ban(network, *until)))
            .collect()
    }

    #[track_caller]
    fn check(banned: &BannedNetworks, address: &str, now: UnixMillis, expected: Option<&str>) {
        let address = Address::of(address.parse().unwrap());
        let found = banned.find(&address, now.into());
        let reason = found.and_then(|ban| ban.reason.as_deref());
        assert_eq!(reason, expected, "{address:?}");
    }

    #[test]
    fn an_address_is_found_in_networks_of_every_length_of_its_kind() {
        let banned = banned(&[
            ("203.0.113.0/24", None),
            ("198.51.100.7", None),
            ("10.0.0.0/8", None),
            ("2001:db8::/32", None),
            ("2001:db9::1", None),
        ]);
        check(&banned, "203.0.113.200", 0, Some("203.0.113.0/24"));
        check(&banned, "::ffff:203.0.113.200", 0, Some("203.0.113.0/24"));
        check(&banned, "203.0.114.1", 0, None);
        check(&banned, "198.51.100.7", 0, Some("198.51.100.7"));
        check(&banned, "198.51.100.8", 0, None);
        check(&banned, "10.255.0.1", 0, Some("10.0.0.0/8"));
        check(&banned, "2001:db8:1::1", 0, Some("2001:db8::/32"));
        check(&banned, "2001:db9::1", 0, Some("2001:db9::1"));
        check(&banned, "2001:db9::2", 0, None);
        assert!(banned.find(&Address::UNKNOWN, 0.into()).is_none());
    }

    #[test]
    fn a_ban_ends_by_the_clock_and_another_that_holds_is_found() {
        let mut banned = banned(&[("203.0.113.0/24", Some(100)), ("203.0.113.5", Some(50))]);
        check(&banned, "203.0.113.5", 49, Some("203.0.113.0/24"));
        check(&banned, "203.0.113.5", 99, Some("203.0.113.0/24"));
        check(&banned, "203.0.113.5", 100, None);
        banned.insert("203.0.0.0/16".parse().unwrap(), ban("all", None));
        check(&banned, "203.0.113.5", 100, Some("all"));
        banned.forget_ended(100.into());
        assert_eq!((banned.bans.len(), banned.lengths.len()), (1, 1));
    }

    #[test]
    fn what_is_removed_is_not_found_and_its_like_still_is() {
        let mut banned = banned(&[("203.0.113.5", None), ("203.0.113.6", None)]);
        banned.insert("203.0.113.5".parse().unwrap(), ban("again", None));
        banned.remove(&"203.0.113.5".parse().unwrap());
        banned.remove(&"203.0.113.0/24".parse().unwrap());
        check(&banned, "203.0.113.5", 0, None);
        check(&banned, "203.0.113.6", 0, Some("203.0.113.6"));
        banned.remove(&"203.0.113.6".parse().unwrap());
        assert!(banned.bans.is_empty() && banned.lengths.is_empty());
    }
}
