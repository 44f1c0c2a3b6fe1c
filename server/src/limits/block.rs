//! The networks in which an address is counted, and token buckets by them.
//!
//! Whoever has one address seldom has just one: a line at home has an IPv6 /56, which is 256 networks
//! of 64 bits, a free tunnel a /48, which is 65,536, and an IPv4 /24 can be rented. So everything is
//! counted for each of these blocks. A block may do as many times as much as its narrowest one as its
//! factor says, which is far less than it is larger:
//!
//! | block | addresses or subscribers | factor |
//! |---|---|---|
//! | IPv4 /32, IPv6 /64 | 1 | 1 |
//! | IPv6 /56 | 256 | 4 |
//! | IPv6 /48 | 65,536 | 8 |
//! | IPv4 /24 | 256 | 16 |
//!
//! IPv4 has the higher factor as its addresses are scarce: in a carrier's /24 each one stands for
//! many subscribers, in one of a large site for one.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard};

use ipnet::IpNet;

use super::bucket::{Filling, Nanos, Table, now};
use super::{Rate, Source, TooFast};

/// Lengths of prefixes with their factors, the narrowest first.
const IPV4: &[(u8, NonZeroU32)] = &[(32, factor(1)), (24, factor(16))];
const IPV6: &[(u8, NonZeroU32)] = &[(64, factor(1)), (56, factor(4)), (48, factor(8))];
/// An address that is counted as it is.
const ALONE: &[(u8, NonZeroU32)] = &[(128, factor(1))];

/// Blocks of which each has a bucket of its own.
const BLOCKS: usize = 64 * 1024;
/// Buckets that all further ones share.
const SHARED: u64 = 1024;

const fn factor(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("no factor is zero")
}

/// A network in which addresses are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Block(IpNet);

/// A block, and how many times as much as its narrowest ones it may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) block: Block,
    pub(super) factor: NonZeroU32,
    /// It is in no other.
    pub(super) is_widest: bool,
}

/// The blocks that `address` is in, the narrowest first.
pub(super) fn blocks_of(address: IpAddr) -> impl DoubleEndedIterator<Item = Counted> {
    let levels = match address {
        IpAddr::V4(_) => IPV4,
        IpAddr::V6(address) if address.is_loopback() => ALONE,
        IpAddr::V6(_) => IPV6,
    };
    let widest = levels.len() - 1;
    let levels = levels.iter().enumerate();
    levels.map(move |(level, (length, factor))| Counted {
        block: Block::around(address, *length),
        factor: *factor,
        is_widest: level == widest,
    })
}

impl Block {
    /// Of one address alone.
    pub(super) fn of(address: IpAddr) -> Self {
        Self(address.into())
    }

    fn around(address: IpAddr, length: u8) -> Self {
        let network = IpNet::new(address, length).unwrap_or_else(|_| address.into());
        Self(network.trunc())
    }
}

impl fmt::Display for Block {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.prefix_len() == self.0.max_prefix_len() {
            true => self.0.addr().fmt(formatter),
            false => self.0.fmt(formatter),
        }
    }
}

/// A token bucket for each block, where a source needs a token in all of its blocks. Exempt sources
/// are not counted.
///
/// No more than [`BLOCKS`] have a bucket of their own, and some: while there are so many that are not
/// full, a source that is new is counted in its widest block alone, and that shares one of [`SHARED`]
/// buckets with others.
pub struct BlockBuckets {
    /// Of the narrowest blocks.
    filling: Filling,
    table: Mutex<Table<Key>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Own(Block),
    Shared(u64),
}

impl BlockBuckets {
    /// Full buckets; `rate` is that of the narrowest blocks.
    pub fn new(rate: Rate) -> Self {
        Self {
            filling: Filling::new(rate),
            table: Mutex::default(),
        }
    }

    /// Takes a token for `source`, in all of its blocks or in none. The refusal tells when all have
    /// one.
    pub fn take(&self, source: Source) -> Result<(), TooFast> {
        self.take_many(source, NonZeroU32::MIN)
    }

    /// Takes `cost` tokens; a whole bucket where a block's holds fewer.
    pub fn take_many(&self, source: Source, cost: NonZeroU32) -> Result<(), TooFast> {
        let (mut table, now) = (self.lock(), now());
        let taken = self.ask(&table, source, cost, now)?;
        for (key, full_at) in taken.into_iter().flatten() {
            table.set(key, full_at, now);
        }
        Ok(())
    }

    /// Whether there is a token for `source`.
    pub fn look(&self, source: Source) -> Result<(), TooFast> {
        let (table, now) = (self.lock(), now());
        self.ask(&table, source, NonZeroU32::MIN, now).map(drop)
    }

    /// Takes `cost` tokens that were not asked for before; buckets may owe some then.
    pub(super) fn charge(&self, source: Source, cost: NonZeroU32) {
        let (mut table, now) = (self.lock(), now());
        for (counted, key) in keys(&table, source) {
            let filling = self.filling.times(counted.factor);
            let charged = filling.charge(table.full_at(&key), cost, now);
            table.set(key, charged, now);
        }
    }

    /// Puts a token back that was taken for `source`.
    pub fn put_back(&self, source: Source) {
        let mut table = self.lock();
        for (counted, key) in keys(&table, source) {
            let filling = self.filling.times(counted.factor);
            table.change(&key, |full_at| filling.put_back(full_at));
        }
    }

    /// When each of the source's buckets is full once `cost` is taken out of all of them.
    fn ask(
        &self,
        table: &Table<Key>,
        source: Source,
        cost: NonZeroU32,
        now: Nanos,
    ) -> Result<[Option<(Key, Nanos)>; 3], TooFast> {
        let mut taken = [None; 3];
        let mut refused: Option<TooFast> = None;
        for (slot, (counted, key)) in taken.iter_mut().zip(keys(table, source)) {
            let filling = self.filling.times(counted.factor);
            match filling.take(table.full_at(&key), cost, now) {
                Ok(full_at) => *slot = Some((key, full_at)),
                Err(too_fast) => refused = refused.max(Some(too_fast)),
            }
        }
        refused.map_or(Ok(taken), Err)
    }

    fn lock(&self) -> MutexGuard<'_, Table<Key>> {
        self.table.lock().expect("no holder of this lock panics")
    }

    /// Buckets that are remembered.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.lock().len()
    }
}

/// The buckets in which `source` is counted.
fn keys(table: &Table<Key>, source: Source) -> Vec<(Counted, Key)> {
    let has_room = table.len() < BLOCKS;
    let counted = source.blocks().filter_map(|counted| {
        let own = Key::Own(counted.block);
        if has_room || table.knows(&own) {
            return Some((counted, own));
        }
        let shared = || Key::Shared(table.hash(&own) % SHARED);
        counted.is_widest.then(|| (counted, shared()))
    });
    counted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    fn source(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    fn blocks(text: &str) -> Vec<String> {
        let blocks = source(text).blocks();
        let shown = blocks.map(|counted| format!("{} x{}", counted.block, counted.factor));
        shown.collect()
    }

    /// Ten for a narrowest block, and nothing comes back while a test runs.
    fn ten() -> BlockBuckets {
        BlockBuckets::new(Rate::per_hour(number(10), number(1)))
    }

    /// How many of `sources` are let through.
    fn let_through<'a>(buckets: &BlockBuckets, sources: impl Iterator<Item = &'a String>) -> usize {
        sources
            .filter(|address| buckets.take(source(address)).is_ok())
            .count()
    }

    #[test]
    fn an_address_is_counted_in_blocks_that_grow_faster_than_what_they_may_do() {
        assert_eq!(
            blocks("203.0.113.7"),
            ["203.0.113.7 x1", "203.0.113.0/24 x16"]
        );
        assert_eq!(
            blocks("2001:db8:1:2a3::1"),
            [
                "2001:db8:1:2a3::/64 x1",
                "2001:db8:1:200::/56 x4",
                "2001:db8:1::/48 x8"
            ]
        );
        assert!(blocks("127.0.0.1").is_empty() && blocks("::1").is_empty());
    }

    #[test]
    fn each_block_has_its_share_and_no_more() {
        let all = |subnets: std::ops::Range<u32>| -> Vec<String> {
            let subnets = subnets.map(|subnet| format!("2001:db8:1:{subnet:x}::1"));
            subnets
                .flat_map(|address| std::iter::repeat_n(address, 20))
                .collect()
        };
        let check = |subnets, expected| {
            let buckets = ten();
            assert_eq!(let_through(&buckets, all(subnets).iter()), expected);
            // Its neighbours can't tell.
            buckets.take(source("2001:db8:2::1")).unwrap();
        };
        check(0..1, 10);
        check(0..0x100, 40);
        check(0..0x1000, 80);
        let ipv4: Vec<String> = (0..256).map(|host| format!("203.0.113.{host}")).collect();
        assert_eq!(let_through(&ten(), ipv4.iter()), 160);
    }

    #[test]
    fn who_is_refused_pays_in_no_block_and_is_told_the_longest_wait() {
        let buckets = BlockBuckets::new(Rate::per_hour(number(1), number(1)));
        let (here, beside) = (source("2001:db8:0:1::1"), source("2001:db8:0:2::1"));
        buckets.take(here).unwrap();
        for _ in 0..100 {
            let refused = buckets.take(here).unwrap_err();
            assert!((3590..=3600).contains(&refused.retry_after), "{refused:?}");
        }
        buckets.take(beside).unwrap();
        buckets.put_back(here);
        buckets.look(here).unwrap();
        buckets.take(here).unwrap();
        assert!(buckets.look(here).is_err());
    }

    #[test]
    fn more_blocks_than_there_is_room_for_share_buckets() {
        let buckets = ten();
        let address = |number: u32| {
            let [high, low] = [0x2a00 + (number >> 16), number & 0xffff];
            source(&format!("{high:x}:{low:x}::1"))
        };
        for number in 1..200_000 {
            let _ = buckets.take(address(number));
        }
        assert!(buckets.len() <= BLOCKS + 3 + SHARED as usize);
        // Who is new is still counted, and who was there before too.
        let at_once = |source| (0..1000).filter(|_| buckets.take(source).is_ok()).count();
        assert!(at_once(address(300_000)) <= 80);
        assert_eq!(at_once(address(1)), 9);
    }

    #[test]
    fn a_source_that_is_exempt_is_not_counted() {
        let buckets = ten();
        for _ in 0..1000 {
            buckets.take(source("127.0.0.1")).unwrap();
        }
        assert_eq!(buckets.len(), 0);
    }
}
