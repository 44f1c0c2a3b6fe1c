//! A running room's patterns: held against messages, listed and made ready for a change, which the room
//! stores. Owns when they are made ready: when a message has to be held against them and they are not,
//! or not any more.

mod cache;
mod workers;

use std::sync::Arc;

use chat_protocol::RoomName;

use crate::domain::filter::{Change, Compared, Filter, Pattern};
use crate::store::filters::{Filters, FiltersError, Outline};
use cache::CacheSlot;
use workers::{AT_ONCE, BUDGET, FilterWorkers};

/// What the patterns of all rooms are kept in. Cloning it gives another handle to the same.
#[derive(Clone)]
pub struct RoomFilters {
    store: Arc<dyn Filters>,
    workers: Arc<FilterWorkers>,
}

/// One room's patterns. Without any, this costs a message nothing.
pub struct RoomFilter {
    all: RoomFilters,
    room: RoomName,
    outline: Outline,
    slot: Option<CacheSlot>,
    has_reported: bool,
}

/// Patterns after a change, made ready and not in effect yet.
pub struct Prepared {
    outline: Outline,
    slot: CacheSlot,
}

impl RoomFilters {
    /// Those of the rooms in `store`.
    pub fn new(store: Arc<dyn Filters>) -> Self {
        Self::within(store, BUDGET)
    }

    fn within(store: Arc<dyn Filters>, budget: usize) -> Self {
        Self {
            store,
            workers: Arc::new(FilterWorkers::new(budget)),
        }
    }

    /// The patterns of `room`, which are not made ready before they are needed.
    pub async fn open(&self, room: &RoomName) -> Result<RoomFilter, FiltersError> {
        Ok(RoomFilter {
            all: self.clone(),
            room: room.clone(),
            outline: self.store.outline(room).await?,
            slot: None,
            has_reported: false,
        })
    }
}

impl RoomFilter {
    /// True where nothing is blocked.
    pub fn is_empty(&self) -> bool {
        self.outline.patterns == 0
    }

    /// A pattern that `text` holds, as [`Filter::find`]. Takes long where much is to be done, but never
    /// a worker's time for long.
    pub async fn find(&mut self, text: &str) -> Result<Option<Pattern>, FiltersError> {
        if self.is_empty() {
            return Ok(None);
        }
        let workers = Arc::clone(&self.all.workers);
        loop {
            let cost = match self.slot.as_ref().and_then(CacheSlot::ready) {
                Some(ready) => {
                    let compared = Compared::of(text);
                    let cost = ready.filter.cost(&compared);
                    if cost <= AT_ONCE {
                        return Ok(ready.filter.find(&compared).cloned());
                    }
                    cost
                }
                None => {
                    self.compile().await?;
                    continue;
                }
            };
            let turn = workers.for_matching(cost).turn().await;
            // Not kept while waiting: it may have gone, and is looked for anew.
            if let Some(ready) = self.slot.as_ref().and_then(CacheSlot::ready) {
                let text = text.to_owned();
                let look = move |_| ready.filter.find(&Compared::of(&text)).cloned();
                return turn.run(look).await;
            }
        }
    }

    /// All patterns, with those that are out of force.
    pub async fn list(&mut self) -> Result<Vec<Pattern>, FiltersError> {
        while !self.is_empty() {
            if let Some(ready) = self.slot.as_ref().and_then(CacheSlot::ready) {
                return Ok(ready.filter.patterns().to_vec());
            }
            self.compile().await?;
        }
        Ok(Vec::new())
    }

    /// Makes ready what the patterns are after a change, as far as it can be made. Nothing is changed:
    /// it is to be stored, and then put in effect. Two changes of one room must not be made at once.
    pub async fn prepare(&mut self, change: &Change) -> Result<Prepared, FiltersError> {
        let workers = Arc::clone(&self.all.workers);
        let mut outline = self.outline;
        if let Change::Add(pattern) = change {
            outline.add(pattern);
        }
        let turn = workers.for_compiling(outline).turn().await;
        let stored = self.all.store.load(&self.room).await?;
        let wanted = change.clone();
        let made = turn.run(move |cache| {
            let filter = Filter::changed(stored, &wanted)?;
            Ok::<_, FiltersError>((Outline::of(filter.patterns()), cache.put(filter)))
        });
        let (outline, slot) = made.await??;
        Ok(Prepared { outline, slot })
    }

    /// Lets a change that is stored hold from now on.
    pub fn put_in_effect(&mut self, prepared: Prepared) {
        let Prepared { outline, slot } = prepared;
        self.outline = outline;
        self.slot = (outline.patterns > 0).then_some(slot);
    }

    async fn compile(&mut self) -> Result<(), FiltersError> {
        let workers = Arc::clone(&self.all.workers);
        let turn = workers.for_compiling(self.outline).turn().await;
        let stored = self.all.store.load(&self.room).await?;
        let slot = turn
            .run(move |cache| cache.put(Filter::stored(stored)))
            .await?;
        if !self.has_reported
            && let Some(ready) = slot.ready()
        {
            self.has_reported = true;
            self.report(ready.filter.patterns());
        }
        self.slot = Some(slot);
        Ok(())
    }

    /// Says which patterns are out of force.
    fn report(&self, patterns: &[Pattern]) {
        for pattern in patterns {
            if let Some(flaw) = &pattern.flaw {
                tracing::error!(
                    room = ?self.room,
                    pattern = ?pattern.text,
                    error = flaw as &dyn std::error::Error,
                    "a stored pattern can't be used and is not working"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
