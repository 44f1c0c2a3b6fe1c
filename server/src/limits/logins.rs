//! Failed logins: so many in a minute for one name from one address, and one attempt at a time, so
//! that trying many at once finds no gap before the first has failed.
//!
//! Name and address together: a stranger elsewhere can't lock a user out by failing in their name.
//! Whoever has many addresses must not have as many guesses, so a name that fails from all of them
//! together is stopped as well, at ten times the number, for everybody but those who are where its
//! owner came in lately. An address that fails for many names is stopped at ten times the number, too,
//! and has ten attempts under way at most. In both an attempt under way counts as failed.
//!
//! Where a source is exempt, only its names are counted, and by themselves: what strangers elsewhere do
//! must not lock out whoever has the machine.
//!
//! Where a source is nobody's, since everybody behind a proxy that is not named is there, nobody is locked
//! out: their owner is among those who fail. There attempts for a name are slowed, two at a time and the
//! longer the more have failed, which bounds guessing to about one in a second, wherever from and however
//! many try. Of those who wait, whoever came last is next: the owner comes once, and who guesses again and
//! again is mostly among those who wait already.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::block::{Block, BlockBuckets, Counted};
use super::bucket::Buckets;
use super::queue::{QueueTurn, Queues};
use super::stack::{Stacks, Top};
use super::{Rate, Source, TooFast};

/// How many names' worth of failures, and of attempts under way, one address may have.
const NAMES: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// How many addresses' worth of failures, and of attempts under way, one name may have.
const ADDRESSES: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Attempts for one name that are under way from sources that are nobody's.
const SLOWED_AT_ONCE: usize = 2;
/// How many may wait for that.
const SLOWED: usize = 1024;
/// What an attempt waits for after as many failures as there may be in a minute; twice as long after
/// each one more.
const SHORTEST: Duration = Duration::from_millis(250);
/// How often it is doubled: to two seconds.
const DOUBLINGS: u64 = 3;
/// Failures beyond those that are remembered: a long attack is soon forgotten.
const MOST_OWED: u64 = 8;
/// Seconds after which who was pushed out of the line may try again.
const AGAIN: u64 = 2;

/// Why an attempt is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Too many failed here.
    Here(TooFast),
    /// Too many failed for this name, wherever they came from. Those who are where its owner came in
    /// lately may try all the same.
    Everywhere(TooFast),
}

/// A name as compared, and where somebody tries it from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    name: String,
    source: Source,
}

/// Who may try to log in.
pub struct Logins {
    failures: Option<Failures>,
    by_attempt: Queues<Attempt>,
    by_block: Queues<Block>,
    /// From sources that are nobody's.
    slowed: Arc<Stacks<String, Option<IpAddr>>>,
}

struct Failures {
    by_attempt: Buckets<Attempt>,
    by_source: BlockBuckets,
    by_name: Buckets<String>,
    /// Of names, from sources that are nobody's.
    slowed: Buckets<String>,
}

/// One attempt's turn; the next one's comes when this is dropped.
pub struct Turn<'a> {
    logins: &'a Logins,
    attempt: Attempt,
    /// The tokens for the case that it fails are taken.
    paid: Paid,
    /// `None` where too many came since.
    places: Option<ConnectionPermits<'a>>,
}

/// What is held until an attempt is over.
enum ConnectionPermits<'a> {
    Counted {
        _first: QueueTurn<'a, Attempt>,
        _others: Vec<QueueTurn<'a, Block>>,
    },
    Slowed {
        _place: Top<String, Option<IpAddr>>,
    },
}

#[derive(Default)]
struct Paid {
    by_source: bool,
    by_name: bool,
}

impl From<Refused> for TooFast {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Here(too_fast) | Refused::Everywhere(too_fast) => too_fast,
        }
    }
}

impl Logins {
    /// No failures yet, of which there may be `per_minute`; any number for `None`.
    pub fn new(per_minute: Option<NonZeroU32>) -> Self {
        let failures = per_minute.map(|number| {
            let rate = Rate::per_minute(number, number);
            Failures {
                by_attempt: Buckets::new(rate),
                by_source: BlockBuckets::new(rate.times(NAMES)),
                by_name: Buckets::new(rate.times(ADDRESSES)),
                slowed: Buckets::new(rate),
            }
        });
        Self {
            failures,
            by_attempt: Queues::default(),
            by_block: Queues::default(),
            slowed: Stacks::new(SLOWED_AT_ONCE, SLOWED),
        }
    }

    /// Whether somebody at `source` may try to log in as `name` (as compared) now. `is_known` where the
    /// name's owner came in from there lately.
    pub fn look(&self, name: &str, source: Source, is_known: bool) -> Result<(), Refused> {
        let Some(failures) = self.failures.as_ref().filter(|_| !source.is_nobodys()) else {
            return Ok(());
        };
        let attempt = Attempt {
            name: name.to_owned(),
            source,
        };
        failures.look_here(&attempt)?;
        match attempt.counts_everywhere(is_known) {
            true => failures
                .by_name
                .look(&attempt.name)
                .map_err(Refused::Everywhere),
            false => Ok(()),
        }
    }

    /// Waits for the turn of an attempt to log in as `name` from `source`.
    pub async fn turn(&self, name: &str, source: Source) -> Turn<'_> {
        let attempt = Attempt {
            name: name.to_owned(),
            source,
        };
        let turn = |attempt, places| Turn {
            logins: self,
            attempt,
            paid: Paid::default(),
            places,
        };
        if source.is_nobodys() {
            let place = self
                .slowed
                .wait(attempt.name.clone(), source.claimed())
                .await;
            if let (Some(failures), true) = (&self.failures, place.is_some()) {
                sleep(failures.delay(&attempt.name)).await;
            }
            return turn(
                attempt,
                place.map(|_place| ConnectionPermits::Slowed { _place }),
            );
        }
        let first = self.by_attempt.wait(attempt.clone(), 1).await;
        let mut others = Vec::new();
        // All from the narrowest block to the widest, so that nobody waits for who waits for them.
        for Counted { block, factor, .. } in source.blocks().filter(|_| self.failures.is_some()) {
            let at_once = NAMES.saturating_mul(factor).get() as usize;
            others.push(self.by_block.wait(block, at_once).await);
        }
        turn(
            attempt,
            Some(ConnectionPermits::Counted {
                _first: first,
                _others: others,
            }),
        )
    }
}

impl Attempt {
    /// Whether it counts for its name wherever it comes from.
    fn counts_everywhere(&self, is_known: bool) -> bool {
        !is_known && !self.source.is_exempt()
    }
}

impl Failures {
    /// How long an attempt for `name` waits where the source is nobody's.
    fn delay(&self, name: &str) -> Duration {
        let name = name.to_owned();
        match self.slowed.look(&name) {
            Ok(()) => Duration::ZERO,
            Err(_) => SHORTEST * (1 << self.slowed.owed(&name).min(DOUBLINGS)),
        }
    }

    fn note_slowed(&self, name: &str) {
        let name = name.to_owned();
        if self.slowed.owed(&name) < MOST_OWED {
            self.slowed.charge(name, NonZeroU32::MIN);
        }
    }

    fn look_here(&self, attempt: &Attempt) -> Result<(), Refused> {
        let by_source = self.by_source.look(attempt.source);
        by_source.map_err(Refused::Here)?;
        self.by_attempt.look(attempt).map_err(Refused::Here)
    }
}

impl Turn<'_> {
    /// Begins the attempt, if it may still be made after those before it. Where it may not, it can be
    /// tried again.
    pub fn begin(&mut self, is_known: bool) -> Result<(), Refused> {
        match &self.places {
            Some(ConnectionPermits::Slowed { .. }) => return Ok(()),
            Some(ConnectionPermits::Counted { .. }) => {}
            None => return Err(Refused::Here(TooFast { retry_after: AGAIN })),
        }
        let Some(failures) = &self.logins.failures else {
            return Ok(());
        };
        let attempt = &self.attempt;
        failures.look_here(attempt)?;
        if attempt.counts_everywhere(is_known) {
            let by_name = failures.by_name.take(attempt.name.clone());
            by_name.map_err(Refused::Everywhere)?;
            self.paid.by_name = true;
        }
        // Where this refuses, the end of the turn puts the other back.
        let by_source = failures.by_source.take(attempt.source);
        by_source.map_err(Refused::Here)?;
        self.paid.by_source = true;
        Ok(())
    }

    /// It failed.
    pub fn failed(mut self) {
        self.paid = Paid::default();
        let Some(failures) = &self.logins.failures else {
            return;
        };
        match self.attempt.source.is_nobodys() {
            true => failures.note_slowed(&self.attempt.name),
            // From an empty bucket there is nothing more to take.
            false => drop(failures.by_attempt.take(self.attempt.clone())),
        }
    }

    /// It succeeded: the failures before it were slips.
    pub fn succeeded(self) {
        let Some(failures) = &self.logins.failures else {
            return;
        };
        match self.attempt.source.is_nobodys() {
            true => failures.slowed.fill(&self.attempt.name),
            false => failures.by_attempt.fill(&self.attempt),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Some(failures) = &self.logins.failures else {
            return;
        };
        if self.paid.by_source {
            failures.by_source.put_back(self.attempt.source);
        }
        if self.paid.by_name {
            failures.by_name.put_back(&self.attempt.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn source(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    fn nobody_waits(logins: &Logins) -> bool {
        logins.by_attempt.are_empty() && logins.by_block.are_empty() && logins.slowed.are_empty()
    }

    /// Of somebody behind a proxy that is not named.
    fn nobodys() -> Source {
        let proxies = crate::limits::TrustedProxies::default();
        proxies.client([127, 0, 0, 1].into(), [].into_iter())
    }

    #[tokio::test]
    async fn who_has_no_address_of_their_own_is_slowed_and_never_locked_out() {
        let logins = Logins::new(NonZeroU32::new(5));
        let here = nobodys();
        for _ in 0..5 {
            logins.look("ann", here, false).unwrap();
            let mut turn = logins.turn("ann", here).await;
            turn.begin(false).unwrap();
            turn.failed();
        }
        let failures = logins.failures.as_ref().unwrap();
        let mut delays = Vec::new();
        for _ in 0..30 {
            delays.push(failures.delay("ann").as_millis());
            failures.note_slowed("ann");
        }
        assert_eq!(delays[..5], [250, 500, 1000, 2000, 2000]);
        assert_eq!(delays[29], 2000);
        logins.look("ann", here, false).unwrap();
        let mut turn = logins.turn("ann", here).await;
        turn.begin(false).unwrap();
        turn.succeeded();
        assert_eq!(failures.delay("ann"), Duration::ZERO);
        assert_eq!(failures.delay("bob"), Duration::ZERO);
        // Where she has an address, nothing of that counts.
        logins.look("ann", source("192.0.2.1"), false).unwrap();
        assert!(nobody_waits(&logins));
    }

    #[tokio::test]
    async fn two_attempts_for_a_name_of_nobody_in_particular_are_under_way() {
        let logins = Logins::new(NonZeroU32::new(5));
        let first = logins.turn("ann", nobodys()).await;
        let second = logins.turn("ann", nobodys()).await;
        let third = timeout(Duration::ZERO, logins.turn("ann", nobodys()));
        assert!(third.await.is_err());
        drop(logins.turn("bob", nobodys()).await);
        drop((first, second));
        assert!(nobody_waits(&logins));
    }

    #[tokio::test]
    async fn a_name_fails_so_often_from_one_address_and_no_other_is_touched() {
        let logins = Logins::new(NonZeroU32::new(5));
        let here = source("192.0.2.1");
        for _ in 0..5 {
            let mut turn = logins.turn("ann", here).await;
            turn.begin(false).unwrap();
            turn.failed();
        }
        // A minute for five: the next may come after 12 seconds.
        let refused = TooFast::from(logins.look("ann", here, false).unwrap_err());
        assert!((11..=12).contains(&refused.retry_after), "{refused:?}");
        logins.look("ann", source("192.0.2.2"), false).unwrap();
        logins.look("bob", here, false).unwrap();
        assert!(nobody_waits(&logins));
    }

    #[tokio::test]
    async fn who_gets_it_right_in_the_end_begins_anew() {
        let logins = Logins::new(NonZeroU32::new(2));
        let here = source("127.0.0.1");
        for _ in 0..3 {
            logins.turn("ann", here).await.failed();
            logins.turn("ann", here).await.succeeded();
        }
        logins.look("ann", here, false).unwrap();
    }

    #[tokio::test]
    async fn an_address_that_tries_many_names_is_stopped_unless_it_is_exempt() {
        let logins = Logins::new(NonZeroU32::new(1));
        for (address, is_stopped) in [("192.0.2.1", true), ("127.0.0.1", false)] {
            for number in 0..10 {
                let mut turn = logins.turn(&format!("user{number}"), source(address)).await;
                turn.begin(false).unwrap();
                turn.failed();
            }
            let looked = logins.look("somebody", source(address), false);
            assert_eq!(looked.is_err(), is_stopped, "{address}");
        }
    }

    #[tokio::test]
    async fn an_attempt_under_way_counts_as_failed_until_it_is_not() {
        let logins = Logins::new(NonZeroU32::new(1));
        let here = source("192.0.2.1");
        let mut turns = Vec::new();
        for number in 0..10 {
            let mut turn = logins.turn(&format!("user{number}"), here).await;
            turn.begin(false).unwrap();
            turns.push(turn);
        }
        assert!(logins.look("somebody", here, false).is_err());
        // One succeeded, the others were given up.
        turns.pop().unwrap().succeeded();
        logins.look("somebody", here, false).unwrap();
        drop(turns);
        for number in 0..10 {
            let mut turn = logins.turn(&format!("user{number}"), here).await;
            turn.begin(false).unwrap();
            turn.failed();
        }
        assert!(logins.look("somebody", here, false).is_err());
    }

    #[tokio::test]
    async fn an_address_has_ten_attempts_under_way_whatever_the_names() {
        let logins = Logins::new(NonZeroU32::new(5));
        let mut turns = Vec::new();
        for number in 0..10 {
            let name = format!("user{number}");
            turns.push(logins.turn(&name, source("192.0.2.1")).await);
        }
        let eleventh = logins.turn("somebody", source("192.0.2.1"));
        assert!(timeout(Duration::ZERO, eleventh).await.is_err());
        let elsewhere = logins.turn("somebody", source("192.0.2.2")).await;
        drop((turns, elsewhere));
        assert!(nobody_waits(&logins));
    }

    #[tokio::test]
    async fn one_attempt_is_made_at_a_time_and_who_gives_up_leaves_the_line() {
        let logins = Logins::new(None);
        let here = source("192.0.2.1");
        let first = logins.turn("ann", here).await;
        let given_up = timeout(Duration::ZERO, logins.turn("ann", here));
        assert!(given_up.await.is_err());
        let other = logins.turn("bob", here).await;
        drop((first, other));
        logins.turn("ann", here).await.failed();
        assert!(nobody_waits(&logins));
    }

    /// Guesses for ann from so many /64 of one /48, as long as they are let.
    async fn guess_from_everywhere(logins: &Logins, networks: u32) -> u32 {
        let mut guesses = 0;
        for network in 0..networks {
            let here = source(&format!("2001:db8:{:x}:{network:x}::1", network % 16));
            for _ in 0..5 {
                let mut turn = logins.turn("ann", here).await;
                if turn.begin(false).is_ok() {
                    turn.failed();
                    guesses += 1;
                }
            }
        }
        guesses
    }

    #[tokio::test]
    async fn a_name_fails_so_often_wherever_from_and_its_owner_is_not_locked_out() {
        let logins = Logins::new(NonZeroU32::new(5));
        let guesses = guess_from_everywhere(&logins, 100).await;
        assert!((50..=52).contains(&guesses), "{guesses}");
        let home = source("203.0.113.7");
        let refused = logins.look("ann", home, false);
        assert!(
            matches!(refused, Err(Refused::Everywhere(_))),
            "{refused:?}"
        );
        logins.look("ann", home, true).unwrap();
        let mut turn = logins.turn("ann", home).await;
        assert!(matches!(turn.begin(false), Err(Refused::Everywhere(_))));
        turn.begin(true).unwrap();
        turn.succeeded();
        // Nobody else is touched, nor is whoever comes through a proxy that is not named.
        logins.look("bob", home, false).unwrap();
        logins.look("ann", source("127.0.0.1"), false).unwrap();
        // Where the owner was, whoever is there now has as many as elsewhere.
        for _ in 0..5 {
            let mut turn = logins.turn("ann", home).await;
            turn.begin(true).unwrap();
            turn.failed();
        }
        let refused = logins.look("ann", home, true);
        assert!(matches!(refused, Err(Refused::Here(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn guesses_under_way_count_for_their_name_until_they_are_over() {
        let logins = Logins::new(NonZeroU32::new(1));
        let mut turns = Vec::new();
        for network in 0..10 {
            let here = source(&format!("2001:db8:{network:x}::1"));
            let mut turn = logins.turn("ann", here).await;
            turn.begin(false).unwrap();
            turns.push(turn);
        }
        let elsewhere = source("203.0.113.7");
        assert!(logins.look("ann", elsewhere, false).is_err());
        drop(turns);
        logins.look("ann", elsewhere, false).unwrap();
    }
}
