//! How many accounts and rooms anybody may make: both are free, stay, and bring privileges.

use std::hash::Hash;
use std::num::NonZeroU32;

use super::bucket::Buckets;
use super::{BlockBuckets, Rate, Source, TooFast};

/// For each account that an address may make it may ask for so many names that nobody has: nothing is
/// made of these, but who could ask for all names would know which there are.
const UNKNOWN: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// What there may be made of.
pub struct Newcomers {
    /// Accounts, by address.
    accounts: Option<BlockBuckets>,
    /// Names that nobody has and that are asked for, by address.
    unknown: Option<BlockBuckets>,
    /// Rooms, by the account that founds them, and by address.
    rooms: Option<(Buckets<String>, BlockBuckets)>,
}

impl Newcomers {
    /// Full buckets; `None` for any number.
    pub(super) fn new(accounts: Option<Rate>, rooms: Option<Rate>) -> Self {
        Self {
            accounts: accounts.map(BlockBuckets::new),
            unknown: accounts.map(|rate| BlockBuckets::new(rate.times(UNKNOWN))),
            rooms: rooms.map(|rate| (Buckets::new(rate), BlockBuckets::new(rate))),
        }
    }

    /// Whether somebody at `source` may be told now that nobody has a name. To be asked before it is
    /// known whether somebody has it.
    pub fn may_ask(&self, source: Source) -> Result<(), TooFast> {
        let unknown = self.unknown.as_ref();
        unknown.map_or(Ok(()), |buckets| buckets.look(source))
    }

    /// Counts a name that nobody has, which somebody at `source` is told.
    pub fn ask(&self, source: Source) -> Result<(), TooFast> {
        let unknown = self.unknown.as_ref();
        unknown.map_or(Ok(()), |buckets| buckets.take(source))
    }

    /// Whether an account may be made from `source` now.
    pub fn may_register(&self, source: Source) -> Result<(), TooFast> {
        self.accounts
            .as_ref()
            .map_or(Ok(()), |buckets| buckets.look(source))
    }

    /// Counts an account that is about to be made from `source`.
    pub fn register(&self, source: Source) -> Result<(), TooFast> {
        self.accounts
            .as_ref()
            .map_or(Ok(()), |buckets| buckets.take(source))
    }

    /// It was not made.
    pub fn not_registered(&self, source: Source) {
        if let Some(buckets) = &self.accounts {
            buckets.put_back(source);
        }
    }

    /// Counts a room that the account `key` is about to found from `source`.
    pub fn found(&self, key: &str, source: Source) -> Result<(), TooFast> {
        let Some((by_account, by_source)) = &self.rooms else {
            return Ok(());
        };
        take_both(by_account, key.to_owned(), by_source, source)
    }

    /// It was not founded.
    pub fn not_founded(&self, key: &str, source: Source) {
        if let Some((by_account, by_source)) = &self.rooms {
            by_account.put_back(&key.to_owned());
            by_source.put_back(source);
        }
    }
}

/// Takes a token of both or of neither.
pub(super) fn take_both<K: Hash + Eq + Clone>(
    by_key: &Buckets<K>,
    key: K,
    by_source: &BlockBuckets,
    source: Source,
) -> Result<(), TooFast> {
    by_source.take(source)?;
    by_key.take(key).inspect_err(|_| by_source.put_back(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newcomers() -> Newcomers {
        let ten = NonZeroU32::new(10).unwrap();
        let rate = Some(Rate::per_hour(ten, NonZeroU32::new(30).unwrap()));
        Newcomers::new(rate, rate)
    }

    fn source(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    #[test]
    fn an_account_founds_ten_rooms_at_once_wherever_it_is() {
        let newcomers = newcomers();
        for number in 0..10 {
            let there = source(&format!("192.0.{number}.1"));
            newcomers.found("ann", there).unwrap();
        }
        let refused = newcomers.found("ann", source("127.0.0.1")).unwrap_err();
        assert!((119..=120).contains(&refused.retry_after), "{refused:?}");
        newcomers.not_founded("ann", source("192.0.2.1"));
        newcomers.found("ann", source("127.0.0.1")).unwrap();
    }

    #[test]
    fn an_address_founds_ten_rooms_at_once_whatever_the_accounts() {
        let newcomers = newcomers();
        let here = source("2001:db8::1");
        for number in 0..10 {
            newcomers.found(&format!("user{number}"), here).unwrap();
        }
        newcomers.found("one more", here).unwrap_err();
        newcomers.found("one more", source("127.0.0.1")).unwrap();
    }

    #[test]
    fn what_an_account_may_not_found_does_not_count_for_its_address() {
        let newcomers = newcomers();
        let here = source("192.0.2.1");
        for _ in 0..10 {
            newcomers.found("ann", source("127.0.0.1")).unwrap();
        }
        for _ in 0..20 {
            newcomers.found("ann", here).unwrap_err();
        }
        newcomers.found("bob", here).unwrap();
    }

    #[test]
    fn an_address_asks_for_ten_times_as_many_names_that_nobody_has() {
        let newcomers = newcomers();
        let here = source("192.0.2.1");
        for _ in 0..100 {
            newcomers.may_ask(here).unwrap();
            newcomers.ask(here).unwrap();
        }
        newcomers.may_ask(here).unwrap_err();
        newcomers.ask(here).unwrap_err();
        newcomers.ask(source("127.0.0.1")).unwrap();
        newcomers.register(here).unwrap();
    }

    #[test]
    fn an_address_makes_so_many_accounts() {
        let newcomers = newcomers();
        let here = source("192.0.2.1");
        for _ in 0..10 {
            newcomers.may_register(here).unwrap();
            newcomers.register(here).unwrap();
        }
        newcomers.may_register(here).unwrap_err();
        newcomers.register(here).unwrap_err();
        newcomers.not_registered(here);
        newcomers.register(here).unwrap();
        newcomers.register(source("192.0.2.2")).unwrap();
    }
}
