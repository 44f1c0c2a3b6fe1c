//! Patterns that are ready, of all rooms, within one budget: what was used last stays, what was not
//! used for a while goes, and a room that needs its own again has them made anew.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use crate::domain::filter::Filter;

/// How long patterns stay ready that nobody needs.
pub(super) const IDLE: Duration = Duration::from_secs(300);

/// A room's patterns, ready.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) filter: Filter,
    bytes: usize,
    /// Milliseconds of the cache's age when they were used last.
    used: AtomicU64,
}

#[derive(Default)]
struct Kept {
    next: u64,
    /// Bytes of all together.
    bytes: usize,
    by_id: HashMap<u64, Arc<Ready>>,
}

/// Patterns of many rooms, of so many bytes together at most.
pub(super) struct FilterCache {
    budget: usize,
    begun: Instant,
    kept: Mutex<Kept>,
}

/// A room's place on a cache, free again once this is dropped. What stood there may be gone.
pub(super) struct CacheSlot {
    cache: Arc<FilterCache>,
    id: u64,
    ready: Weak<Ready>,
}

impl FilterCache {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget,
            begun: Instant::now(),
            kept: Mutex::default(),
        }
    }

    /// Keeps `filter`, in place of what was not used for the longest time where there is no room.
    pub(super) fn put(self: Arc<Self>, filter: Filter) -> CacheSlot {
        let bytes = filter.bytes();
        let ready = Arc::new(Ready {
            filter,
            bytes,
            used: AtomicU64::new(self.age()),
        });
        let weak = Arc::downgrade(&ready);
        let mut kept = self.lock();
        while kept.bytes.saturating_add(bytes) > self.budget && kept.take_oldest() {}
        let id = kept.next;
        kept.next += 1;
        kept.bytes += bytes;
        kept.by_id.insert(id, ready);
        drop(kept);
        CacheSlot {
            cache: self,
            id,
            ready: weak,
        }
    }

    /// Drops what was not used for `idle`. True where something is left.
    pub(super) fn drop_idle(&self, idle: Duration) -> bool {
        let (age, idle) = (self.age(), millis(idle));
        let is_idle = |ready: &Ready| {
            let used = ready.used.load(Ordering::Relaxed);
            age.saturating_sub(used) >= idle
        };
        let mut kept = self.lock();
        let idle = kept.by_id.iter().filter(|(_, ready)| is_idle(ready));
        let idle: Vec<u64> = idle.map(|(id, _)| *id).collect();
        idle.into_iter().for_each(|id| kept.take(id));
        !kept.by_id.is_empty()
    }

    /// Bytes of what is kept.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn age(&self) -> u64 {
        millis(self.begun.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .expect("no holder of a cache's lock panics")
    }
}

impl Kept {
    fn take(&mut self, id: u64) {
        if let Some(gone) = self.by_id.remove(&id) {
            self.bytes -= gone.bytes;
        }
    }

    /// False where nothing is left to take.
    fn take_oldest(&mut self) -> bool {
        let by_age = self.by_id.iter();
        let oldest = by_age.min_by_key(|(_, ready)| ready.used.load(Ordering::Relaxed));
        let oldest = oldest.map(|(id, _)| *id);
        if let Some(id) = oldest {
            self.take(id);
        }
        oldest.is_some()
    }
}

impl CacheSlot {
    /// What stands here, which counts as used; `None` where it is gone.
    pub(super) fn ready(&self) -> Option<Arc<Ready>> {
        let ready = self.ready.upgrade()?;
        ready.used.store(self.cache.age(), Ordering::Relaxed);
        Some(ready)
    }
}

impl Drop for CacheSlot {
    fn drop(&mut self) {
        self.cache.lock().take(self.id);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::filter::{Action, Kind, Pattern};

    fn filter() -> Filter {
        let pattern = Pattern {
            text: "bad".to_owned(),
            kind: Kind::Word,
            action: Action::Refuse,
            reason: None,
            flaw: None,
        };
        Filter::compile(vec![pattern]).unwrap()
    }

    #[test]
    fn what_is_used_stays_and_the_rest_goes_when_there_is_no_room_or_no_need() {
        let each = filter().bytes();
        let cache = Arc::new(FilterCache::new(3 * each));
        let put = || Arc::clone(&cache).put(filter());
        let mut places = [put(), put(), put()];
        for used in 0..3 {
            let use_at = |slot: &CacheSlot, age| {
                let ready = slot.ready.upgrade().unwrap();
                ready.used.store(age, Ordering::Relaxed);
            };
            let gone = (used + 1) % 3;
            use_at(&places[used], 3);
            use_at(&places[(used + 2) % 3], 2);
            use_at(&places[gone], 1);
            let new = put();
            assert!(places[gone].ready().is_none());
            assert!(places[used].ready().is_some());
            assert_eq!(cache.bytes(), 3 * each);
            places[gone] = new;
        }
        let [one, two, three] = places;
        drop(one);
        assert_eq!(cache.bytes(), 2 * each);
        assert!(cache.drop_idle(Duration::from_secs(300)));
        assert!(two.ready().is_some() && three.ready().is_some());
        assert!(!cache.drop_idle(Duration::ZERO));
        assert!(two.ready().is_none() && three.ready().is_none());
        assert_eq!(cache.bytes(), 0);
        drop((two, three));
        assert_eq!(cache.bytes(), 0);
    }
}
