//! Token buckets: what fills one, one, and one for each key of many.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::{Rate, TooFast};

/// Takings between two clearings of the full buckets of many keys.
const CLEARING: u32 = 1024;

/// Nanoseconds, since the first use of a bucket where a time is meant.
pub(super) type Nanos = u64;

/// The time now. It never goes back.
pub(super) fn now() -> Nanos {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    nanos(START.elapsed())
}

fn nanos(span: Duration) -> Nanos {
    Nanos::try_from(span.as_nanos()).unwrap_or(Nanos::MAX)
}

/// The size of a bucket and how fast it fills. How full it is, is the time at which it will be full
/// (the generic cell rate algorithm, ITU-T I.371): that one number needs no updates as time goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filling {
    /// What one token stands for.
    interval: Nanos,
    /// What a whole bucket stands for.
    whole: Nanos,
}

impl Filling {
    pub(super) fn new(rate: Rate) -> Self {
        let interval = (nanos(rate.period) / Nanos::from(rate.refill.get())).max(1);
        Self {
            interval,
            whole: interval.saturating_mul(rate.burst.get().into()),
        }
    }

    /// A bucket that holds `factor` times as much and fills as many times as fast.
    pub(super) fn times(self, factor: NonZeroU32) -> Self {
        Self {
            interval: (self.interval / Nanos::from(factor.get())).max(1),
            ..self
        }
    }

    /// When a bucket is full out of which `cost` tokens are taken `now`; all that it can hold where
    /// that is fewer. `full_at` is when it would be without that.
    pub(super) fn take(
        self,
        full_at: Nanos,
        cost: NonZeroU32,
        now: Nanos,
    ) -> Result<Nanos, TooFast> {
        let cost = self.span(cost).min(self.whole);
        let full_at = full_at.max(now).saturating_add(cost);
        match full_at.saturating_sub(now).saturating_sub(self.whole) {
            0 => Ok(full_at),
            wait => Err(TooFast::after(Duration::from_nanos(wait))),
        }
    }

    /// The same where it can't be refused any more: the bucket then owes what it did not hold.
    pub(super) fn charge(self, full_at: Nanos, cost: NonZeroU32, now: Nanos) -> Nanos {
        full_at.max(now).saturating_add(self.span(cost))
    }

    /// How many tokens a bucket owes, rounded up, that is full at `full_at`.
    fn owed(self, full_at: Nanos, now: Nanos) -> u64 {
        let owed = full_at.saturating_sub(now).saturating_sub(self.whole);
        owed.div_ceil(self.interval)
    }

    /// When a bucket is full out of which one token less was taken.
    pub(super) fn put_back(self, full_at: Nanos) -> Nanos {
        full_at.saturating_sub(self.interval)
    }

    fn span(self, tokens: NonZeroU32) -> Nanos {
        self.interval.saturating_mul(tokens.get().into())
    }
}

/// One bucket.
pub(super) struct Bucket {
    filling: Filling,
    full_at: AtomicU64,
}

impl Bucket {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            filling: Filling::new(rate),
            full_at: AtomicU64::new(0),
        }
    }

    /// Takes `cost` tokens; a whole bucket where it holds fewer.
    pub(super) fn take(&self, cost: NonZeroU32) -> Result<(), TooFast> {
        let now = now();
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            let taken = self.filling.take(full_at, cost, now)?;
            let swapped = self.full_at.compare_exchange_weak(
                full_at,
                taken,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match swapped {
                Ok(_) => return Ok(()),
                Err(meanwhile) => full_at = meanwhile,
            }
        }
    }
}

/// How full the buckets of many keys are. Those that are full again are forgotten now and then, so
/// that there are no more than were used in the time that one takes to fill, and some.
pub(super) struct Table<K> {
    full_at: HashMap<K, Nanos>,
    until_clearing: u32,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self {
            full_at: HashMap::default(),
            until_clearing: CLEARING,
        }
    }
}

impl<K: Hash + Eq> Table<K> {
    /// When the bucket of `key` is full.
    pub(super) fn full_at(&self, key: &K) -> Nanos {
        self.full_at.get(key).copied().unwrap_or(0)
    }

    pub(super) fn set(&mut self, key: K, full_at: Nanos, now: Nanos) {
        self.full_at.insert(key, full_at);
        self.until_clearing -= 1;
        if self.until_clearing == 0 {
            self.until_clearing = CLEARING;
            self.full_at.retain(|_, full_at| *full_at > now);
            self.full_at.shrink_to_fit();
        }
    }

    pub(super) fn change(&mut self, key: &K, change: impl FnOnce(Nanos) -> Nanos) {
        if let Some(full_at) = self.full_at.get_mut(key) {
            *full_at = change(*full_at);
        }
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.full_at.remove(key);
    }

    pub(super) fn knows(&self, key: &K) -> bool {
        self.full_at.contains_key(key)
    }

    /// A number that stands for `key`, which nobody outside can tell.
    pub(super) fn hash(&self, key: &K) -> u64 {
        use std::hash::BuildHasher;
        self.full_at.hasher().hash_one(key)
    }

    /// Keys that are remembered.
    pub(super) fn len(&self) -> usize {
        self.full_at.len()
    }
}

/// A bucket for each key.
pub(super) struct Buckets<K> {
    filling: Filling,
    table: Mutex<Table<K>>,
}

impl<K: Hash + Eq> Buckets<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            filling: Filling::new(rate),
            table: Mutex::default(),
        }
    }

    /// Takes a token out of the bucket of `key`.
    pub(super) fn take(&self, key: K) -> Result<(), TooFast> {
        let mut table = self.lock();
        let now = now();
        let taken = self
            .filling
            .take(table.full_at(&key), NonZeroU32::MIN, now)?;
        table.set(key, taken, now);
        Ok(())
    }

    /// Takes `cost` tokens out of the bucket of `key`, which may owe some then.
    pub(super) fn charge(&self, key: K, cost: NonZeroU32) {
        let (mut table, now) = (self.lock(), now());
        let charged = self.filling.charge(table.full_at(&key), cost, now);
        table.set(key, charged, now);
    }

    /// How many tokens the bucket of `key` owes, rounded up.
    pub(super) fn owed(&self, key: &K) -> u64 {
        self.filling.owed(self.lock().full_at(key), now())
    }

    /// Whether there is a token in the bucket of `key`.
    pub(super) fn look(&self, key: &K) -> Result<(), TooFast> {
        let full_at = self.lock().full_at(key);
        let taken = self.filling.take(full_at, NonZeroU32::MIN, now());
        taken.map(drop)
    }

    /// Puts a token back that was taken out of the bucket of `key`.
    pub(super) fn put_back(&self, key: &K) {
        let filling = self.filling;
        self.lock().change(key, |full_at| filling.put_back(full_at));
    }

    /// Fills the bucket of `key`.
    pub(super) fn fill(&self, key: &K) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, Table<K>> {
        self.table.lock().expect("no holder of this lock panics")
    }

    /// Keys that are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn a_bucket_fills_evenly_and_never_holds_more_than_its_size() {
        let filling = Filling::new(Rate::per_minute(number(2), number(60)));
        let one = number(1);
        let mut full_at = 0;
        let mut take = |now| {
            let taken = filling.take(full_at, one, now);
            full_at = *taken.as_ref().unwrap_or(&full_at);
            taken.map(drop).map_err(|too_fast| too_fast.retry_after)
        };
        let hour = 3600 * SECOND;
        let taken = [0, 0, 0, SECOND / 2, SECOND, SECOND, hour, hour, hour].map(&mut take);
        let expected = [
            Ok(()),
            Ok(()),
            Err(1),
            Err(1),
            Ok(()),
            Err(1),
            Ok(()),
            Ok(()),
            Err(1),
        ];
        assert_eq!(taken, expected);
    }

    #[test]
    fn a_rate_by_the_hour_gives_a_token_back_after_its_share_of_an_hour() {
        let filling = Filling::new(Rate::per_hour(number(1), number(30)));
        let taken = filling.take(0, number(1), 0).unwrap();
        let refused = filling.take(taken, number(1), SECOND).unwrap_err();
        assert_eq!(refused.retry_after, 119);
        filling.take(taken, number(1), 120 * SECOND).unwrap();
    }

    #[test]
    fn no_setting_overflows() {
        let most = number(u32::MAX);
        for rate in [
            Rate::per_hour(most, number(1)),
            Rate::per_minute(most, most),
        ] {
            let filling = Filling::new(rate).times(most);
            filling.take(0, most, 0).unwrap();
            let _ = filling.take(Nanos::MAX, most, SECOND);
        }
    }
}
