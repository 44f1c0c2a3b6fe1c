//! Token buckets: one, and one for each key of many.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{NotUntil, Quota, RateLimiter};

use super::{Rate, TooFast};

/// Takings between two clearings of the full buckets of many keys.
const CLEARING: u32 = 1024;

type Instant = <MonotonicClock as Clock>::Instant;
type Limiter<K, S> = RateLimiter<K, S, MonotonicClock, NoOpMiddleware<Instant>>;

/// One bucket.
pub(super) struct Bucket {
    limiter: Limiter<NotKeyed, InMemoryState>,
    burst: NonZeroU32,
}

impl Bucket {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            limiter: RateLimiter::direct_with_clock(quota(rate), MonotonicClock),
            burst: rate.burst,
        }
    }

    /// Takes `cost` tokens; a whole bucket where it holds fewer.
    pub(super) fn take(&self, cost: NonZeroU32) -> Result<(), TooFast> {
        match self.limiter.check_n(cost.min(self.burst)) {
            Ok(Err(not_until)) => Err(too_fast(&not_until)),
            // The cost is never more than the bucket holds.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

/// A bucket for each key. Those that are full again are forgotten now and then, so that there are
/// no more than were used in the time that one takes to fill, and some.
pub(super) struct Buckets<K: Hash + Eq + Clone> {
    limiter: Limiter<Asked<K>, Store<K>>,
    taken: AtomicU32,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            limiter: RateLimiter::new(quota(rate), Store::new(interval(rate)), MonotonicClock),
            taken: AtomicU32::new(0),
        }
    }

    /// Takes a token out of the bucket of `key`.
    pub(super) fn take(&self, key: K) -> Result<(), TooFast> {
        if self.taken.fetch_add(1, Ordering::Relaxed) % CLEARING == CLEARING - 1 {
            self.clear();
        }
        self.ask(&Asked::Take(key))
    }

    /// Whether there is a token in the bucket of `key`.
    pub(super) fn look(&self, key: K) -> Result<(), TooFast> {
        self.ask(&Asked::Whether(key))
    }

    /// Puts a token back that was taken.
    pub(super) fn put_back(&self, key: K) {
        // A bucket that a token was put into says yes to another.
        let _ = self.ask(&Asked::PutBack(key));
    }

    /// Fills the bucket of `key`.
    pub(super) fn fill(&self, key: K) {
        // A full bucket says yes to anything.
        let _ = self.ask(&Asked::Forget(key));
    }

    fn ask(&self, asked: &Asked<K>) -> Result<(), TooFast> {
        self.limiter
            .check_key(asked)
            .map_err(|not_until| too_fast(&not_until))
    }

    fn clear(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }

    /// Keys that are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.limiter.len()
    }
}

/// What is asked about a key. The limiter itself can only take.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Asked<K> {
    Take(K),
    PutBack(K),
    Whether(K),
    Forget(K),
}

/// Where each bucket stands.
struct Store<K> {
    /// The time that one token stands for.
    interval: Nanos,
    states: Mutex<HashMap<K, Nanos>>,
}

impl<K> Store<K> {
    fn new(interval: Duration) -> Self {
        Self {
            interval: interval.into(),
            states: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Nanos>> {
        self.states.lock().expect("no holder of this lock panics")
    }
}

impl<K: Hash + Eq + Clone> StateStore for Store<K> {
    type Key = Asked<K>;

    fn measure_and_replace<T, F, E>(&self, asked: &Asked<K>, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut states = self.lock();
        let (answer, state) = match asked {
            Asked::Take(key) | Asked::Whether(key) => measure(states.get(key).copied())?,
            Asked::PutBack(key) => {
                if let Some(state) = states.get_mut(key) {
                    *state = state.saturating_sub(self.interval);
                }
                measure(None)?
            }
            Asked::Forget(key) => {
                states.remove(key);
                measure(None)?
            }
        };
        if let Asked::Take(key) = asked {
            states.insert(key.clone(), state);
        }
        Ok(answer)
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<Asked<K>> for Store<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, state| *state > drop_below);
    }

    fn shrink_to_fit(&self) {
        self.lock().shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

/// The time in which one token comes back. A minute over 2^32 is still 13 nanoseconds.
fn interval(rate: Rate) -> Duration {
    Duration::from_secs(60) / rate.per_minute.get()
}

fn quota(rate: Rate) -> Quota {
    Quota::with_period(interval(rate))
        .expect("the interval is not zero")
        .allow_burst(rate.burst)
}

/// Rounded up, and at least 1: who waits so long is not too fast any more.
fn too_fast(not_until: &NotUntil<Instant>) -> TooFast {
    let wait = not_until.wait_time_from(MonotonicClock.now());
    let up = u64::from(wait.subsec_nanos() > 0);
    TooFast {
        retry_after: (wait.as_secs() + up).max(1),
    }
}
