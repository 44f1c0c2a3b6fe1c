//! Where a client comes from: its address, as far as one subscriber can be told from another, and
//! whether a proxy may speak for it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::block::{Block, Counted, blocks_of};
use crate::domain::address::{Address, Network, holder};

/// Hops of `X-Forwarded-For` that are looked at.
const HOPS: usize = 32;

/// A client's address block: an IPv4 address, or an IPv6 network of 64 bits, which is what one
/// subscriber has (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    block: IpAddr,
    is_exempt: bool,
    is_nobodys: bool,
    /// Where a peer that is not named as a proxy says its client is, by block. Nothing is counted by it,
    /// since anybody may say so; whoever waits there takes turns by it.
    claimed: Option<IpAddr>,
}

impl Source {
    /// The block that `address` is in. Loopback is exempt where addresses are counted: a proxy whose
    /// clients nobody tells apart is there, and so is whoever has the machine anyway.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self {
            is_exempt: address.is_loopback(),
            is_nobodys: false,
            ..Self::unknown_behind(address)
        }
    }

    /// Who says to be elsewhere than others who are nobody in particular.
    pub(super) fn claimed(&self) -> Option<IpAddr> {
        self.claimed
    }

    /// All clients behind `proxy` that it does not name readably.
    pub fn unknown_behind(proxy: IpAddr) -> Self {
        let block = match holder(proxy.to_canonical()) {
            IpAddr::V6(address) if !address.is_loopback() => {
                let network = address.to_bits() & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            address => address,
        };
        Self {
            block,
            is_exempt: false,
            is_nobodys: true,
            claimed: None,
        }
    }

    /// Anybody who comes through `peer`, which is not named as a proxy and seems to be one. The last hop it
    /// tells of is the one that it added itself, if it is one.
    fn of_everybody_behind<'a>(
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> Self {
        let mut elements = forwarded_for
            .rev()
            .flat_map(|line| line.rsplit(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii);
        let last = elements.find(|hop| !hop.is_empty());
        Self {
            is_nobodys: true,
            claimed: last
                .and_then(hop_address)
                .map(|address| Self::of(address).block),
            ..Self::of(peer)
        }
    }

    /// The blocks in which it is counted, the narrowest first; none where it is exempt.
    pub(super) fn blocks(&self) -> impl DoubleEndedIterator<Item = Counted> + use<> {
        let counted = (!self.is_exempt).then(|| blocks_of(self.block));
        counted.into_iter().flatten()
    }

    /// Whether it is not counted.
    pub fn is_exempt(&self) -> bool {
        self.is_exempt
    }

    /// Whether it tells nobody from anybody else, so that what one does there must not keep others out.
    pub fn is_nobodys(&self) -> bool {
        self.is_nobodys
    }
}

impl Source {
    /// The blocks among which what is scarce is shared, the widest first; an exempt source is one of
    /// its own.
    pub(super) fn shares(&self) -> Vec<Block> {
        match self.is_exempt {
            true => vec![Block::of(self.block)],
            false => self.blocks().rev().map(|counted| counted.block).collect(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.block {
            IpAddr::V6(address) if !address.is_loopback() => write!(formatter, "{address}/64"),
            address => write!(formatter, "{address}"),
        }
    }
}

/// The proxies whose `X-Forwarded-For` counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// These addresses and networks.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// Whether one of them is in `network`.
    pub fn overlap(&self, network: &Network) -> bool {
        self.0.iter().any(|proxy| network.overlaps(proxy))
    }

    /// Whether `address` is one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client behind `peer`, whose request has these values of `X-Forwarded-For`. Each proxy
    /// adds the address it was asked from at the end, so the last one that is not a trusted proxy's
    /// is the client's; what stands before it anybody may have written, in any bytes.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> Source {
        if !self.contain(peer) {
            let mut forwarded_for = forwarded_for.peekable();
            return match may_be_proxy(peer, || forwarded_for.peek().is_some()) {
                true => Source::of_everybody_behind(peer, forwarded_for),
                false => Source::of(peer),
            };
        }
        match self.find(peer, forwarded_for) {
            Ok(client) => Source::of(client),
            Err(proxy) => Source::unknown_behind(proxy),
        }
    }

    /// The same client's full address. A peer on this machine or network that speaks for others and is not
    /// trusted to is a reverse proxy: its address is no user's own.
    pub fn address<'a>(
        &self,
        peer: IpAddr,
        mut forwarded_for: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> Address {
        if !self.contain(peer) {
            let says_so = forwarded_for.next().is_some();
            return match says_so && may_be_proxy(peer, || true) {
                true => Address::of_everybody_behind(peer),
                false => Address::of(peer),
            };
        }
        self.find(peer, forwarded_for)
            .map_or(Address::UNKNOWN, Address::of)
    }

    /// The client's address; an error with the proxy's where that does not name it readably. The lines
    /// are one list (RFC 9110, section 5.3), whose empty elements do not count; where all are empty,
    /// the proxy speaks for somebody whom it does not know.
    fn find<'a>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> Result<IpAddr, IpAddr> {
        let (mut client, mut hops, mut is_said) = (peer, 0, false);
        for line in forwarded_for.rev() {
            is_said = true;
            let elements = line.rsplit(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            for hop in elements.filter(|hop| !hop.is_empty()) {
                if !self.contain(client) || hops == HOPS {
                    return Ok(client);
                }
                client = hop_address(hop).ok_or(client)?;
                hops += 1;
            }
        }
        match is_said && hops == 0 && self.contain(peer) {
            true => Err(peer),
            false => Ok(client),
        }
    }
}

/// Whether `peer`, which is not named, seems to be a proxy: one on this machine speaks for others even
/// where it does not say so (a tunnel), one on the same network where it does. From elsewhere anybody
/// could say so, to be none in particular.
fn may_be_proxy(peer: IpAddr, says_so: impl FnOnce() -> bool) -> bool {
    match peer.to_canonical() {
        peer if peer.is_loopback() => true,
        IpAddr::V4(peer) => (peer.is_private() || peer.is_link_local()) && says_so(),
        IpAddr::V6(peer) => (peer.is_unique_local() || peer.is_unicast_link_local()) && says_so(),
    }
}

/// An address, as proxies write it: some add a port, some put IPv6 into brackets.
fn hop_address(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    let socket_address = || hop.parse::<std::net::SocketAddr>().ok();
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address: Option<IpAddr> = hop.parse().ok();
    address
        .or_else(|| socket_address().map(|address| address.ip()))
        .or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn trusting(networks: &[&str]) -> TrustedProxies {
        let networks = networks.iter();
        TrustedProxies::new(networks.map(|text| crate::domain::address::parse(text).unwrap()))
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_source() {
        let source = |text| Source::of(ip(text));
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_eq!(source("2001:db8::1").to_string(), "2001:db8::/64");
        for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(source(loopback).is_exempt(), "{loopback}");
        }
        assert!(!source("::2").is_exempt());
    }

    #[test]
    fn an_ipv6_address_made_of_an_ipv4_address_is_its_holders() {
        let source = |text| Source::of(ip(text));
        let holder = source("203.0.113.7");
        for made in [
            "2002:cb00:7107::1",
            "2002:cb00:7107:ffff:1:2:3:4",
            "64:ff9b::203.0.113.7",
            "2001:0:4136:e378:8000:63bf:34ff:8ef8",
        ] {
            assert_eq!(source(made), holder, "{made}");
        }
        // Nobody has loopback by writing it so.
        for made in ["2002:7f00:1::1", "64:ff9b::127.0.0.1"] {
            assert!(!source(made).is_exempt(), "{made}");
        }
        for other in ["2001:1::1", "64:ff9b:1::1", "2003:cb00:7107::1"] {
            assert!(source(other).to_string().ends_with("/64"), "{other}");
        }
    }

    #[test]
    fn only_what_trusted_proxies_say_counts() {
        let networks = ["10.0.0.0/8", "::1", "192.0.2.7", "::ffff:127.0.0.1"];
        let proxies = trusting(&networks);
        let client = |peer: &str, values: &[&str]| {
            let values = values.iter().map(|value| value.as_bytes());
            proxies.client(ip(peer), values)
        };
        let check = |peer: &str, values: &[&str], expected: &str| {
            let expected = Source::of(ip(expected));
            assert_eq!(client(peer, values), expected, "{peer} {values:?}");
        };
        check("203.0.113.5", &["198.51.100.1"], "203.0.113.5");
        check("10.1.2.3", &[], "10.1.2.3");
        check("127.0.0.1", &[], "127.0.0.1");
        check("10.1.2.3", &["198.51.100.1"], "198.51.100.1");
        check("::1", &["198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("::ffff:10.1.2.3", &["198.51.100.1"], "198.51.100.1");
        // What the client itself put in front does not count.
        check("10.1.2.3", &["9.9.9.9, 198.51.100.1"], "198.51.100.1");
        check("10.1.2.3", &["9.9.9.9", "198.51.100.1"], "198.51.100.1");
        check(
            "10.1.2.3",
            &["198.51.100.1, 192.0.2.7,10.9.9.9"],
            "198.51.100.1",
        );
        // Lines are one list, in their order, and what is empty in it is nothing.
        check(
            "10.1.2.3",
            &["9.9.9.9", "198.51.100.1, 10.7.7.7", "10.9.9.9"],
            "198.51.100.1",
        );
        check("10.1.2.3", &["198.51.100.1,"], "198.51.100.1");
        check("10.1.2.3", &["198.51.100.1", "", " , ,"], "198.51.100.1");
        check("10.1.2.3", &["198.51.100.1:4711"], "198.51.100.1");
        check("10.1.2.3", &["[2001:db8::1]:80"], "2001:db8::1");
        check("10.1.2.3", &["[2001:db8::1]"], "2001:db8::1");
        check("10.1.2.3", &["10.0.0.1, 10.0.0.2"], "10.0.0.1");
        let endless = "10.0.0.1,".repeat(5000) + "10.0.0.1";
        check("10.1.2.3", &[&endless], "10.0.0.1");
        let garbage: [&[u8]; 1] = [b"\xff, 198.51.100.1"];
        let found = proxies.client(ip("10.1.2.3"), garbage.into_iter());
        assert_eq!(found, Source::of(ip("198.51.100.1")));
        // Whom a proxy does not name readably is not taken for the proxy, which may be exempt.
        for unreadable in ["unknown", "198.51.100.1, unknown", "", " ,", "fe80::1%eth0"] {
            let found = client("127.0.0.1", &[unreadable]);
            assert_eq!(found, Source::unknown_behind(ip("127.0.0.1")));
            assert!(!found.is_exempt(), "{unreadable}");
            let address = proxies.address(ip("127.0.0.1"), [unreadable.as_bytes()].into_iter());
            assert_eq!(address, Address::UNKNOWN);
        }
    }

    #[test]
    fn who_comes_through_a_proxy_that_is_not_named_has_no_address_of_their_own() {
        let named =
            TrustedProxies::new(["127.0.0.1/32", "10.0.0.9/32"].map(|text| text.parse().unwrap()));
        let nobody = TrustedProxies::default();
        let check = |proxies: &TrustedProxies, peer: &str, values: &[&str], expected| {
            let values = values.iter().map(|value| value.as_bytes());
            let found = proxies.client(ip(peer), values);
            assert_eq!(found.is_nobodys(), expected, "{peer}");
        };
        let client = &["198.51.100.1"][..];
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            check(&nobody, loopback, &[], true);
            check(&nobody, loopback, client, true);
        }
        for private in [
            "10.0.0.7",
            "172.17.0.1",
            "192.168.1.1",
            "fd00::1",
            "fe80::1",
        ] {
            check(&nobody, private, &[], false);
            check(&nobody, private, client, true);
        }
        let claimed = |values: &[&str]| {
            let values = values.iter().map(|value| value.as_bytes());
            nobody.client(ip("127.0.0.1"), values).claimed()
        };
        assert_eq!(claimed(&[]), None);
        assert_eq!(claimed(&["unknown"]), None);
        // What stands before the last hop anybody may have written.
        let last = Some(ip("198.51.100.1"));
        assert_eq!(
            claimed(&["192.0.2.1", "192.0.2.2, 198.51.100.1:99 ,"]),
            last
        );
        assert_eq!(claimed(&["2001:db8::1:2"]), Some(ip("2001:db8::")));
        for public in ["203.0.113.5", "2001:db8::1"] {
            check(&nobody, public, client, false);
        }
        check(&named, "127.0.0.1", &[], false);
        check(&named, "127.0.0.1", client, false);
        check(&named, "10.0.0.9", client, false);
        check(&named, "10.0.0.9", &["unknown"], true);
    }

    #[test]
    fn a_client_has_the_address_that_is_its_own() {
        let trusting = trusting(&["127.0.0.1"]);
        let check = |proxies: &TrustedProxies, peer: &str, values: &[&str], expected: Address| {
            let values = values.iter().map(|value| value.as_bytes());
            let found = proxies.address(ip(peer), values);
            assert_eq!(found, expected, "{peer}");
        };
        let of = |text| Address::of(ip(text));
        let nobody = TrustedProxies::default();
        check(&trusting, "127.0.0.1", &["2001:db8::7"], of("2001:db8::7"));
        check(&trusting, "127.0.0.1", &[], of("127.0.0.1"));
        check(
            &trusting,
            "203.0.113.5",
            &["198.51.100.1"],
            of("203.0.113.5"),
        );
        check(&nobody, "127.0.0.1", &[], of("127.0.0.1"));
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let proxy = Address::of_everybody_behind(ip(loopback));
            check(&nobody, loopback, &["198.51.100.1"], proxy);
        }
        check(&nobody, "203.0.113.5", &["198.51.100.1"], of("203.0.113.5"));
    }
}
