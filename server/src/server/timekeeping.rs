//! How far the wall clock is believed where something is deleted for its age: watches it, and keeps what
//! it saw, so that a start with a wrong clock deletes nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::clock;
use crate::domain::settling::{Noticed, Settling};
use crate::stopping::Stopping;
use crate::store::StoreError;
use crate::store::clock::ClockStore;

/// Between two looks at the clock.
const INTERVAL: Duration = Duration::from_secs(10);
/// How often what was seen is stored while nothing is noticed.
const STORED: Duration = Duration::from_secs(10 * 60);

/// A leap of so many milliseconds between two looks is worth a line in the log.
const NOTABLE: u64 = 60 * 1000;
/// The same where the server was off in between: a day.
const NOTABLE_AT_START: u64 = 24 * 60 * 60 * 1000;

/// Watches the wall clock.
pub(crate) struct Timekeeper {
    store: Arc<dyn ClockStore>,
    settling: Settling,
    looked: Instant,
    stored: Instant,
}

impl Timekeeper {
    /// Looks at the clock for the first time: before anything is deleted for its age.
    pub(crate) async fn begin(store: Arc<dyn ClockStore>) -> Self {
        let now = clock::now();
        let mut settling = match store.load().await {
            Ok(Some(settling)) => settling,
            Ok(None) => Settling::begin(now),
            Err(error) => {
                report(&error, "what the clock showed last cannot be read");
                // Nothing is believed for a day.
                Settling::begin(0)
            }
        };
        let noticed = settling.resume(now);
        let mut timekeeper = Self {
            store,
            settling,
            looked: Instant::now(),
            stored: Instant::now(),
        };
        timekeeper.tell(noticed, NOTABLE_AT_START);
        timekeeper.save().await;
        timekeeper
    }

    /// Watches until the server stops.
    pub(crate) async fn run(mut self, stopping: Stopping) {
        loop {
            let is_over = tokio::select! {
                () = sleep(INTERVAL) => false,
                () = stopping.begun() => true,
            };
            let elapsed = self.looked.elapsed();
            self.looked = Instant::now();
            let elapsed = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            let noticed = self.settling.look(clock::now(), elapsed);
            let is_to_store = noticed.is_some() || self.stored.elapsed() >= STORED;
            self.tell(noticed, NOTABLE);
            if is_to_store || is_over {
                self.save().await;
            }
            if is_over {
                return;
            }
        }
    }

    fn tell(&self, noticed: Option<Noticed>, notable: u64) {
        clock::settle(self.settling.time());
        match noticed {
            Some(Noticed::Ahead(by)) if by >= notable => {
                let by = Duration::from_millis(by);
                tracing::warn!(
                    ?by,
                    "the clock jumped ahead, or the server was off for this long: if the clock is wrong, \
                     correct it; until it has kept this time for a day, nothing more is deleted for its \
                     age"
                );
            }
            Some(Noticed::Back(by)) if by >= notable => {
                let by = Duration::from_millis(by);
                tracing::warn!(?by, "the clock was set back");
            }
            Some(Noticed::Settled(by)) if by >= NOTABLE_AT_START => {
                tracing::info!(
                    "the clock has kept its time for a day: old entries are deleted again"
                );
            }
            _ => {}
        }
    }

    async fn save(&mut self) {
        self.stored = Instant::now();
        if let Err(error) = self.store.save(&self.settling).await {
            report(&error, "the time of the clock cannot be stored");
        }
    }
}

fn report(error: &StoreError, what: &'static str) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "{what}");
}
