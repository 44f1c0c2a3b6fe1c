//! What the log says while somebody finds no place: at first, now and then while it goes on, and once
//! it is over. Whoever refuses counts, and nobody writes a line for each.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::limits::{ConnectionPermits, Limits, NoPermit};

/// How often is looked.
const LOOK: Duration = Duration::from_secs(1);
/// Time between two lines while it goes on.
const PAUSE: Duration = Duration::from_secs(60);
/// Without anybody refused for so long it is over.
const QUIET: Duration = Duration::from_secs(10);

/// Connections that the system did not hand over.
#[derive(Default)]
pub(super) struct AcceptFailures {
    count: AtomicU64,
    latest: Mutex<String>,
}

impl AcceptFailures {
    pub(super) fn note(&self, error: &io::Error) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut latest = self.latest.lock().expect("no holder of this lock panics");
        *latest = error.to_string();
    }
}

/// Writes what there is to say of `limits` and `failures`, for ever.
pub(super) async fn watch(limits: Arc<Limits>, failures: Arc<AcceptFailures>) {
    let mut places = NoPermit::ALL.map(|reason| (reason, Watch::default()));
    let mut accepting = Watch::default();
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now = ticks.tick().await;
        for (reason, watch) in &mut places {
            look(limits.connection_permits(), *reason, watch, now);
        }
        let count = failures.count.load(Ordering::Relaxed);
        let note = accepting.look(now, count, false);
        let latest = || {
            failures
                .latest
                .lock()
                .expect("no holder of this lock panics")
                .clone()
        };
        match note {
            Some(Note::Begins | Note::GoesOn { .. }) => tracing::warn!(
                error = latest(),
                "cannot accept connections: if too many files are open, raise the limit on open files \
                 (`ulimit -n`, or LimitNOFILE= in a systemd unit)"
            ),
            Some(Note::Over { .. }) => tracing::info!("connections are accepted again"),
            None => {}
        }
    }
}

fn look(places: &ConnectionPermits, reason: NoPermit, watch: &mut Watch, now: Instant) {
    let (count, latest) = places.refused(reason);
    let note = watch.look(now, count, places.full() == Some(reason));
    let latest = latest.map(tracing::field::display);
    match note {
        Some(Note::Begins) => tracing::warn!(
            cap = cap(places, reason),
            latest,
            "{reason}, others are refused: {}",
            advice(reason)
        ),
        Some(Note::GoesOn { refused }) => tracing::warn!(
            refused,
            latest,
            "still {reason}, others are refused: {}",
            advice(reason)
        ),
        Some(Note::Over { refused, lasted }) => tracing::info!(
            refused,
            seconds = lasted.as_secs(),
            "no longer {reason}: new ones are accepted again"
        ),
        None => {}
    }
}

fn cap(places: &ConnectionPermits, reason: NoPermit) -> Option<usize> {
    let caps = places.caps();
    match reason {
        NoPermit::Total => caps.total,
        NoPermit::Unauthenticated => caps.unauthenticated,
        NoPermit::Address => caps.per_address,
        NoPermit::Network => None,
    }
}

fn advice(reason: NoPermit) -> &'static str {
    match reason {
        NoPermit::Total => {
            "if they are legitimate, raise --max-connections, and the limit on open files with it"
        }
        NoPermit::Unauthenticated => {
            "somebody may be holding connections without logging in; if not, raise \
             --max-unauthenticated"
        }
        NoPermit::Address => {
            "if it is a proxy, name it with --trusted-proxy; if many people share it, raise \
             --max-connections-per-address"
        }
        NoPermit::Network => {
            "it has as many as are left for all others; if that is right, raise --max-connections \
             and --max-unauthenticated"
        }
    }
}

/// What there is to say.
#[derive(Debug, PartialEq, Eq)]
enum Note {
    /// It began.
    Begins,
    /// It goes on.
    GoesOn {
        /// Since the last time.
        refused: u64,
    },
    /// It is over.
    Over {
        /// In all.
        refused: u64,
        /// Until the last one who was refused.
        lasted: Duration,
    },
}

/// One thing of which there may be too many.
#[derive(Default)]
struct Watch {
    counted: u64,
    hit: Option<Hit>,
}

struct Hit {
    since: Instant,
    last: Instant,
    noted: Instant,
    /// What was counted then, and at first.
    noted_count: u64,
    first_count: u64,
}

impl Watch {
    /// At `now` so many were refused in all, and the next would be where `is_full`.
    fn look(&mut self, now: Instant, count: u64, is_full: bool) -> Option<Note> {
        let before = std::mem::replace(&mut self.counted, count);
        let is_hit = count > before || is_full;
        let Some(hit) = &mut self.hit else {
            self.hit = is_hit.then_some(Hit {
                since: now,
                last: now,
                noted: now,
                noted_count: count,
                first_count: before,
            });
            return is_hit.then_some(Note::Begins);
        };
        if is_hit {
            hit.last = now;
            let refused = count - hit.noted_count;
            if refused == 0 || now.duration_since(hit.noted) < PAUSE {
                return None;
            }
            (hit.noted, hit.noted_count) = (now, count);
            return Some(Note::GoesOn { refused });
        }
        if now.duration_since(hit.last) < QUIET {
            return None;
        }
        let over = Note::Over {
            refused: count - hit.first_count,
            lasted: hit.last.duration_since(hit.since),
        };
        self.hit = None;
        Some(over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said at each second, given how many were refused by then, and whether it is full.
    #[track_caller]
    fn check(looks: &[(u64, u64, bool)], expected: &[(u64, Note)]) {
        let begin = Instant::now();
        let mut watch = Watch::default();
        let notes = looks.iter().filter_map(|(second, count, is_full)| {
            let now = begin + Duration::from_secs(*second);
            Some((*second, watch.look(now, *count, *is_full)?))
        });
        assert_eq!(notes.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_first_refusal_is_told_at_once_and_its_end_after_a_while() {
        let over = |refused, seconds| Note::Over {
            refused,
            lasted: Duration::from_secs(seconds),
        };
        check(&[(0, 0, false), (5, 0, false)], &[]);
        check(
            &[
                (1, 3, true),
                (2, 5, true),
                (5, 5, false),
                (11, 5, false),
                (12, 5, false),
                (30, 5, false),
            ],
            &[(1, Note::Begins), (12, over(5, 1))],
        );
        // Full, though nobody came who was refused.
        check(
            &[(1, 0, true), (90, 0, true), (100, 0, false)],
            &[(1, Note::Begins), (100, over(0, 89))],
        );
    }

    #[test]
    fn a_flood_of_refusals_leaves_a_line_a_minute() {
        let looks: Vec<_> = (0..600)
            .map(|second| (second, 1000 * (second + 1), true))
            .collect();
        let mut expected = vec![(0, Note::Begins)];
        expected.extend((1..10).map(|minute| (60 * minute, Note::GoesOn { refused: 60_000 })));
        check(&looks, &expected);
    }
}
