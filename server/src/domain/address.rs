//! Addresses of clients and the networks they are in, as data: what bans of addresses are held
//! against. No behaviour beyond reading them and telling whether one is in the other.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ipnet::IpNet;

/// The bits of an IPv6 address that tell one subscriber from another (RFC 6177).
const SUBSCRIBER_BITS: u8 = 64;

/// Networks that are shorter hold too many for a ban of them to be taken for granted.
const WIDE_IPV4: u8 = 16;
const WIDE_IPV6: u8 = 32;
/// A machine's own addresses (RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3).
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];
/// Addresses that are not the internet's (RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291).
const PRIVATE: [&str; 7] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];
/// Addresses that no client has, such as all or none (RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.2).
const NOBODYS: [&str; 3] = ["0.0.0.0/8", "255.255.255.255/32", "::/128"];
/// IPv4 addresses as a translator writes them (RFC 6052, section 2.1).
const NAT64: &str = "64:ff9b::/96";
/// All of Teredo (RFC 4380).
const TEREDO: &str = "2001::/32";

/// Who an address belongs to. IPv6 addresses that are made of an IPv4 address are had by whoever has
/// that one, as many as there are: those of 6to4 (RFC 3056, section 2), of Teredo (RFC 4380, section
/// 4), where it is the client's with all bits turned over, and of a translator in front of this server
/// (RFC 6052, section 2.1).
pub fn holder(address: IpAddr) -> IpAddr {
    let IpAddr::V6(ipv6) = address else {
        return address;
    };
    let bits = ipv6.to_bits();
    let ipv4 = |shift: u32, turned: u32| {
        let [.., a, b, c, d] = (bits >> shift).to_be_bytes();
        IpAddr::V4(Ipv4Addr::from_bits(
            u32::from_be_bytes([a, b, c, d]) ^ turned,
        ))
    };
    match ipv6.segments() {
        [0x2002, ..] => ipv4(80, 0),
        [0x2001, 0, ..] => ipv4(0, u32::MAX),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => ipv4(0, 0),
        _ => address,
    }
}

/// Neither an address nor a network.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is neither an address nor a network: it should look like 10.0.0.7 or 10.0.0.0/8")]
pub struct ParseNetworkError(String);

/// Where a client is, as far as that is known. IPv4 written as IPv6 is IPv4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address {
    ip: Option<IpAddr>,
    is_everybodys: bool,
}

impl Address {
    /// Of somebody whom a proxy does not name readably.
    pub const UNKNOWN: Address = Address {
        ip: None,
        is_everybodys: false,
    };

    /// A client's own.
    pub fn of(ip: IpAddr) -> Self {
        Self {
            ip: Some(ip.to_canonical()),
            is_everybodys: false,
        }
    }

    /// Of a proxy that speaks for nobody in particular: everybody behind it has this one.
    pub fn of_everybody_behind(proxy: IpAddr) -> Self {
        Self {
            is_everybodys: true,
            ..Self::of(proxy)
        }
    }

    /// What its user is known by, where it is a user's own: an IPv4 address, or an IPv6 network of
    /// 64 bits, which is what one subscriber has.
    pub fn own_network(&self) -> Option<Network> {
        let ip = holder(self.ip.filter(|_| !self.is_everybodys)?);
        match ip {
            IpAddr::V4(_) => Some(Network(ip.into())),
            IpAddr::V6(_) => Network::around(ip, SUBSCRIBER_BITS),
        }
    }

    /// The IPv4 address that it is made of, where it is made of one.
    pub fn within(&self) -> Option<Address> {
        let ip = self.ip?;
        let within = holder(ip);
        (within != ip).then_some(Address {
            ip: Some(within),
            ..*self
        })
    }

    /// The network of this length that it is in.
    pub fn network(&self, length: u8) -> Option<Network> {
        Network::around(self.ip?, length)
    }

    /// Whether it is an IPv6 address.
    pub fn is_ipv6(&self) -> bool {
        matches!(self.ip, Some(IpAddr::V6(_)))
    }
}

/// A network in its canonical form: without bits beyond its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpNet);

impl Network {
    fn around(ip: IpAddr, length: u8) -> Option<Self> {
        Some(Self(IpNet::new(ip, length).ok()?.trunc()))
    }

    /// Whether `address` is in it, or the IPv4 address that it is made of.
    pub fn contains(&self, address: &Address) -> bool {
        let is_in = |address: &Address| address.ip.is_some_and(|ip| self.0.contains(&ip));
        is_in(address) || address.within().is_some_and(|within| is_in(&within))
    }

    /// Whether some address is in both.
    pub fn overlaps(&self, other: &IpNet) -> bool {
        self.0.contains(other) || other.contains(&self.0)
    }

    /// Why a ban of it is not to be taken for granted, where it would hit many, or this machine.
    pub fn hazard(&self) -> Option<String> {
        let is_in = |others: &[&str]| {
            let mut others = others.iter().filter_map(|other| other.parse().ok());
            others.any(|other| self.overlaps(&other))
        };
        if self.0.prefix_len() == 0 {
            let kind = if self.is_ipv6() { "IPv6" } else { "IPv4" };
            return Some(format!("{self} contains every {kind} address"));
        }
        if is_in(&LOOPBACK) {
            return Some(format!(
                "{self} contains addresses of this machine itself, which all clients share that come \
                 through an unnamed reverse proxy on it"
            ));
        }
        // The IPv4 addresses that a translator writes as IPv6 are as many.
        let (length, wide) = match self.0 {
            IpNet::V4(network) => (network.prefix_len(), WIDE_IPV4),
            IpNet::V6(network) if is_in(&[NAT64]) && network.prefix_len() >= 96 => {
                (network.prefix_len() - 96, WIDE_IPV4)
            }
            IpNet::V6(network) if is_in(&[TEREDO]) => (network.prefix_len(), WIDE_IPV6 + 1),
            IpNet::V6(network) => (network.prefix_len(), WIDE_IPV6),
        };
        if length < wide {
            let bits = self.0.max_prefix_len() - self.0.prefix_len();
            return Some(match bits {
                0..=32 => format!("{self} contains {} addresses", 1_u64 << bits),
                bits => format!("{self} contains 2^{bits} addresses"),
            });
        }
        if is_in(&NOBODYS) {
            return Some(format!("{self} contains an address that no client has"));
        }
        is_in(&PRIVATE).then(|| format!("{self} is private, and may belong to a reverse proxy"))
    }

    /// Its length in bits.
    pub fn length(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether it is a network of IPv6.
    pub fn is_ipv6(&self) -> bool {
        matches!(self.0, IpNet::V6(_))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for Network {
    type Err = ParseNetworkError;

    /// A network, of which the bits beyond its length do not count, or an address, which is one of
    /// its own.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map(|network| Self(network.trunc()))
    }
}

/// A network as somebody types it: one with bits beyond its length is most likely not the one that is
/// meant.
pub fn typed(text: &str) -> Result<Network, String> {
    let written = parse(text).map_err(|error| error.to_string())?;
    let network = Network(written.trunc());
    match network.0 == written {
        true => Ok(network),
        false => Err(format!(
            "{written} has bits beyond its length: give {network} for the network, or {} for the one \
             address",
            written.addr()
        )),
    }
}

/// An address or a network, as it is written.
pub fn parse(text: &str) -> Result<IpNet, ParseNetworkError> {
    let text = text.trim();
    let network = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| ParseNetworkError(text.to_owned()))?;
    // IPv4 written as IPv6 is IPv4 here (RFC 4291, section 2.5.5.2); no network of it is wider than all
    // of that.
    let (address, prefix) = (network.addr().to_canonical(), network.prefix_len());
    match (network, address) {
        (IpNet::V6(_), IpAddr::V4(_)) => {
            let prefix = prefix.checked_sub(96).unwrap_or(u8::MAX);
            IpNet::new(address, prefix).map_err(|_| ParseNetworkError(text.to_owned()))
        }
        _ => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::of(text.parse().unwrap())
    }

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_that_is_made_of_another_is_in_its_networks() {
        for text in [
            "203.0.113.5",
            "::ffff:203.0.113.5",
            "2002:cb00:7105::1",
            "64:ff9b::cb00:7105",
            "2001:0:1:2:3:4:34ff:8efa",
        ] {
            assert!(network("203.0.113.5").contains(&address(text)), "{text}");
            assert!(!network("203.0.113.6").contains(&address(text)), "{text}");
            assert_eq!(address(text).own_network(), Some(network("203.0.113.5")));
        }
        // Banned as it is written, it is banned as well.
        assert!(network("2002:cb00:7105::/48").contains(&address("2002:cb00:7105::1")));
    }

    #[test]
    fn what_many_would_be_hit_by_is_told() {
        for (text, word) in [
            ("0.0.0.0/0", "every IPv4"),
            ("::/0", "every IPv6"),
            ("0.0.0.0/1", "this machine"),
            ("127.0.0.1", "this machine"),
            ("127.0.0.0/8", "this machine"),
            ("::1", "this machine"),
            ("::/64", "this machine"),
            ("::ffff:127.0.0.1", "this machine"),
            ("203.0.0.0/15", "131072 addresses"),
            ("2001:db8::/31", "2^97 addresses"),
            ("2002::/16", "2^112 addresses"),
            ("2001::/32", "2^96 addresses"),
            ("64:ff9b::/96", "4294967296 addresses"),
            ("64:ff9b::cb00:0/111", "131072 addresses"),
            ("192.168.0.0/16", "private"),
            ("10.1.2.0/24", "private"),
            ("fd00:1::/48", "private"),
            ("10.0.0.1", "private"),
            ("172.17.0.1", "private"),
            ("192.168.1.1", "private"),
            ("100.64.0.1", "private"),
            ("169.254.1.1", "private"),
            ("::ffff:10.0.0.1", "private"),
            ("fd00:1::1", "private"),
            ("fd00::/64", "private"),
            ("fe80::/64", "private"),
            ("0.0.0.0", "no client"),
            ("255.255.255.255", "no client"),
            ("::", "no client"),
        ] {
            let hazard = network(text).hazard().unwrap_or_default();
            assert!(hazard.contains(word), "{text}: {hazard}");
        }
        for text in [
            "203.0.0.0/16",
            "203.0.113.0/24",
            "203.0.113.7",
            "172.15.0.1",
            "100.128.0.1",
            "2001:db8::/32",
            "2001:db8::1",
            "64:ff9b::cb00:7105",
        ] {
            assert_eq!(network(text).hazard(), None, "{text}");
        }
    }

    #[test]
    fn bits_beyond_a_networks_length_are_a_slip() {
        for text in ["203.0.113.7/24", "2001:db8::1/32", "::ffff:203.0.113.7/120"] {
            let error = typed(text).unwrap_err();
            let meant = network(text).to_string();
            assert!(error.contains(&meant), "{error}");
        }
        for text in [
            "203.0.113.0/24",
            "203.0.113.7",
            "2001:db8::1",
            " 10.0.0.0/8 ",
        ] {
            assert_eq!(typed(text).unwrap(), network(text));
        }
    }

    #[test]
    fn networks_have_one_spelling() {
        for (text, expected) in [
            ("203.0.113.7", "203.0.113.7/32"),
            ("203.0.113.7/24", "203.0.113.0/24"),
            (" 203.0.113.0/24 ", "203.0.113.0/24"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
            ("::ffff:203.0.113.7/120", "203.0.113.0/24"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:DB8:0:0::1/32", "2001:db8::/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(network(text).to_string(), expected);
        }
        for wrong in [
            "",
            "here",
            "203.0.113.0/33",
            "203.0.113",
            "2001:db8::/129",
            "::ffff:203.0.113.7/64",
        ] {
            let error = wrong.parse::<Network>().unwrap_err();
            assert!(error.to_string().contains("should look like"), "{error}");
        }
    }

    #[test]
    fn an_address_is_in_its_networks_and_in_no_other() {
        let check = |net: &str, text: &str, expected| {
            let found = network(net).contains(&address(text));
            assert_eq!(found, expected, "{net} {text}");
        };
        check("203.0.113.0/24", "203.0.113.0", true);
        check("203.0.113.0/24", "203.0.113.255", true);
        check("203.0.113.0/24", "203.0.114.0", false);
        check("203.0.113.0/24", "::ffff:203.0.113.9", true);
        check("203.0.113.7", "203.0.113.7", true);
        check("203.0.113.7", "203.0.113.8", false);
        check("0.0.0.0/0", "127.0.0.1", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("::/0", "203.0.113.7", false);
        check("2001:db8::/32", "2001:db8:ffff::1", true);
        check("2001:db8::1", "2001:db8::1", true);
        check("2001:db8::1", "2001:db8::2", false);
        assert!(!network("0.0.0.0/0").contains(&Address::UNKNOWN));
    }

    #[test]
    fn a_users_own_is_one_ipv4_address_or_an_ipv6_network_of_64_bits() {
        let own = |text| address(text).own_network().unwrap().to_string();
        assert_eq!(own("203.0.113.7"), "203.0.113.7/32");
        assert_eq!(own("::ffff:203.0.113.7"), "203.0.113.7/32");
        assert_eq!(own("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
        assert_eq!(own("127.0.0.1"), "127.0.0.1/32");
        let proxy = Address::of_everybody_behind([127, 0, 0, 1].into());
        assert_eq!(proxy.own_network(), None);
        assert!(network("127.0.0.0/8").contains(&proxy));
        assert_eq!(Address::UNKNOWN.own_network(), None);
    }
}
