//! Failed logins: so many in a minute for one name from one address, and one attempt at a time, so
//! that trying many at once finds no gap before the first has failed.
//!
//! Name and address together: a stranger elsewhere can't lock a user out by failing in their name.
//! An address that fails for many names is stopped as well, at ten times the number, where an attempt
//! under way counts as failed; and it has ten under way at most, so that it can't fill the line in
//! which everybody waits. Where a source is exempt, only its names are counted: everybody behind a
//! proxy may be there.

use std::num::NonZeroU32;

use super::block::{Block, BlockBuckets, Counted};
use super::bucket::Buckets;
use super::line::{Head, Lines};
use super::{Rate, Source, TooFast};

/// How many names' worth of failures, and of attempts under way, one address may have.
const NAMES: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// A name as compared, and where somebody tries it from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    name: String,
    source: Source,
}

/// Who may try to log in.
pub struct Logins {
    failures: Option<Failures>,
    by_attempt: Lines<Attempt>,
    by_block: Lines<Block>,
}

struct Failures {
    by_attempt: Buckets<Attempt>,
    by_source: BlockBuckets,
}

/// One attempt's turn; the next one's comes when this is dropped.
pub struct Turn<'a> {
    logins: &'a Logins,
    attempt: Attempt,
    /// The address's token for the case that it fails is taken.
    has_paid: bool,
    _places: (Head<'a, Attempt>, Vec<Head<'a, Block>>),
}

impl Logins {
    /// No failures yet, of which there may be `per_minute`; any number for `None`.
    pub fn new(per_minute: Option<NonZeroU32>) -> Self {
        let failures = per_minute.map(|number| {
            let rate = Rate::per_minute(number, number);
            Failures {
                by_attempt: Buckets::new(rate),
                by_source: BlockBuckets::new(rate.times(NAMES)),
            }
        });
        Self {
            failures,
            by_attempt: Lines::default(),
            by_block: Lines::default(),
        }
    }

    /// Whether somebody at `source` may try to log in as `name` (as compared) now.
    pub fn look(&self, name: &str, source: Source) -> Result<(), TooFast> {
        self.look_for(&Attempt {
            name: name.to_owned(),
            source,
        })
    }

    /// Waits for the turn of an attempt to log in as `name` from `source`.
    pub async fn turn(&self, name: &str, source: Source) -> Turn<'_> {
        let attempt = Attempt {
            name: name.to_owned(),
            source,
        };
        let first = self.by_attempt.wait(attempt.clone(), 1).await;
        let mut others = Vec::new();
        // All from the narrowest block to the widest, so that nobody waits for who waits for them.
        for Counted { block, factor, .. } in source.blocks().filter(|_| self.failures.is_some()) {
            let at_once = NAMES.saturating_mul(factor).get() as usize;
            others.push(self.by_block.wait(block, at_once).await);
        }
        Turn {
            logins: self,
            attempt,
            has_paid: false,
            _places: (first, others),
        }
    }

    fn look_for(&self, attempt: &Attempt) -> Result<(), TooFast> {
        let Some(failures) = &self.failures else {
            return Ok(());
        };
        failures.by_source.look(attempt.source)?;
        failures.by_attempt.look(attempt)
    }
}

impl Turn<'_> {
    /// Begins the attempt, if it may still be made after those before it.
    pub fn begin(&mut self) -> Result<(), TooFast> {
        self.logins.look_for(&self.attempt)?;
        if let Some(failures) = &self.logins.failures {
            failures.by_source.take(self.attempt.source)?;
            self.has_paid = true;
        }
        Ok(())
    }

    /// It failed.
    pub fn failed(mut self) {
        self.has_paid = false;
        if let Some(failures) = &self.logins.failures {
            // From an empty bucket there is nothing more to take.
            let _ = failures.by_attempt.take(self.attempt.clone());
        }
    }

    /// It succeeded: the failures before it were slips.
    pub fn succeeded(self) {
        if let Some(failures) = &self.logins.failures {
            failures.by_attempt.fill(&self.attempt);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(failures) = &self.logins.failures
            && self.has_paid
        {
            failures.by_source.put_back(self.attempt.source);
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
        logins.by_attempt.are_empty() && logins.by_block.are_empty()
    }

    #[tokio::test]
    async fn a_name_fails_so_often_from_one_address_and_no_other_is_touched() {
        let logins = Logins::new(NonZeroU32::new(5));
        let here = source("192.0.2.1");
        for _ in 0..5 {
            let mut turn = logins.turn("ann", here).await;
            turn.begin().unwrap();
            turn.failed();
        }
        // A minute for five: the next may come after 12 seconds.
        let refused = logins.look("ann", here).unwrap_err();
        assert!((11..=12).contains(&refused.retry_after), "{refused:?}");
        logins.look("ann", source("192.0.2.2")).unwrap();
        logins.look("bob", here).unwrap();
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
        logins.look("ann", here).unwrap();
    }

    #[tokio::test]
    async fn an_address_that_tries_many_names_is_stopped_unless_it_is_exempt() {
        let logins = Logins::new(NonZeroU32::new(1));
        for (address, is_stopped) in [("192.0.2.1", true), ("127.0.0.1", false)] {
            for number in 0..10 {
                let mut turn = logins.turn(&format!("user{number}"), source(address)).await;
                turn.begin().unwrap();
                turn.failed();
            }
            let looked = logins.look("somebody", source(address));
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
            turn.begin().unwrap();
            turns.push(turn);
        }
        assert!(logins.look("somebody", here).is_err());
        // One succeeded, the others were given up.
        turns.pop().unwrap().succeeded();
        logins.look("somebody", here).unwrap();
        drop(turns);
        for number in 0..10 {
            let mut turn = logins.turn(&format!("user{number}"), here).await;
            turn.begin().unwrap();
            turn.failed();
        }
        assert!(logins.look("somebody", here).is_err());
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
}
