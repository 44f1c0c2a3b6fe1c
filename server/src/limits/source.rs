//! Where a client comes from: its address, as far as one subscriber can be told from another, and
//! whether a proxy may speak for it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Hops of `X-Forwarded-For` that are looked at.
const HOPS: usize = 32;

/// A client's address block: an IPv4 address, or an IPv6 network of 64 bits, which is what one
/// subscriber has (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// The block that `address` is in.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) if address.is_loopback() => IpAddr::V6(address),
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
        })
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        self.0.is_loopback()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V6(address) if !address.is_loopback() => write!(formatter, "{address}/64"),
            address => write!(formatter, "{address}"),
        }
    }
}

/// Neither an address nor a network.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is neither an address nor a network: it should look like 10.0.0.7 or 10.0.0.0/8")]
pub struct ParseNetworkError(String);

/// The proxies whose `X-Forwarded-For` counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Addresses and networks, as they are written.
    pub fn parse<'a>(
        networks: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ParseNetworkError> {
        let parse = |text: &str| {
            let text = text.trim();
            let network = text.parse::<IpNet>();
            network
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| ParseNetworkError(text.to_owned()))
        };
        networks
            .into_iter()
            .map(parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether `address` is one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client behind `peer`, whose request has these values of `X-Forwarded-For`. Each proxy
    /// adds the address it was asked from at the end, so the last one that is not a trusted proxy's
    /// is the client's; what stands before it anybody may have written.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let mut client = peer.to_canonical();
        let hops = forwarded_for.rev().flat_map(|value| value.rsplit(','));
        for hop in hops.take(HOPS) {
            if !self.contain(client) {
                break;
            }
            match address(hop) {
                Some(address) => client = address.to_canonical(),
                None => break,
            }
        }
        client
    }
}

/// An address, as proxies write it: some add a port, some put IPv6 into brackets.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let socket_address = || hop.parse::<std::net::SocketAddr>().ok();
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    hop.parse()
        .ok()
        .or_else(|| socket_address().map(|address| address.ip()))
        .or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
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
            assert!(source(loopback).is_loopback(), "{loopback}");
        }
        assert!(!source("::2").is_loopback());
    }

    #[test]
    fn only_what_trusted_proxies_say_counts() {
        let proxies = TrustedProxies::parse(["10.0.0.0/8", "::1", "192.0.2.7"]).unwrap();
        let check = |peer: &str, values: &[&str], expected: &str| {
            let client = proxies.client(ip(peer), values.iter().copied());
            assert_eq!(client, ip(expected), "{peer} {values:?}");
        };
        check("203.0.113.5", &["198.51.100.1"], "203.0.113.5");
        check("10.1.2.3", &[], "10.1.2.3");
        check("10.1.2.3", &["198.51.100.1"], "198.51.100.1");
        check("::1", &["198.51.100.1"], "198.51.100.1");
        check("::ffff:10.1.2.3", &["198.51.100.1"], "198.51.100.1");
        // What the client itself put in front does not count.
        check("10.1.2.3", &["9.9.9.9, 198.51.100.1"], "198.51.100.1");
        check("10.1.2.3", &["9.9.9.9", "198.51.100.1"], "198.51.100.1");
        check(
            "10.1.2.3",
            &["198.51.100.1, 192.0.2.7,10.9.9.9"],
            "198.51.100.1",
        );
        check("10.1.2.3", &["198.51.100.1:4711"], "198.51.100.1");
        check("10.1.2.3", &["[2001:db8::1]:80"], "2001:db8::1");
        check("10.1.2.3", &["[2001:db8::1]"], "2001:db8::1");
        check("10.1.2.3", &["unknown"], "10.1.2.3");
        check("10.1.2.3", &["10.0.0.1, 10.0.0.2"], "10.0.0.1");
        let endless = "10.0.0.1,".repeat(5000);
        check("10.1.2.3", &[&endless], "10.1.2.3");
    }

    #[test]
    fn networks_are_addresses_or_prefixes() {
        assert!(TrustedProxies::parse(["10.0.0.0/8", " 127.0.0.1", "fd00::/8"]).is_ok());
        for wrong in ["", "proxy", "10.0.0.0/33", "10.0.0"] {
            let error = TrustedProxies::parse([wrong]).unwrap_err();
            assert!(error.to_string().contains("should look like"), "{error}");
        }
    }
}
