//! Whether the server ran all the time: what it did not see while it was stopped as a whole (a frozen
//! machine, SIGSTOP) says nothing about its peers.
//!
//! A task beats. Whoever is about to hold a peer's silence against it asks here first, and notices a
//! pause by itself where the beat has not come yet: so no deadline can overtake it.

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::error::Elapsed;
use tokio::time::sleep;

/// Between two beats.
const BEAT: Duration = Duration::from_millis(250);
/// Without a beat for so long, the server did not run.
const PAUSE: Duration = Duration::from_secs(1);
/// A pause that is worth a line in the log.
const NOTABLE: Duration = Duration::from_secs(5);

static PULSE: Mutex<Pulse> = Mutex::new(Pulse {
    beat: None,
    pauses: 0,
});

struct Pulse {
    /// None where nothing beats.
    beat: Option<Instant>,
    pauses: u64,
}

impl Pulse {
    /// The pauses until `now`; with the length of one that nobody has noticed before.
    fn look(&mut self, now: Instant) -> (u64, Option<Duration>) {
        let since = self.beat.map(|beat| now.saturating_duration_since(beat));
        let pause = since.filter(|since| *since > PAUSE);
        if pause.is_some() {
            self.beat = Some(now);
            self.pauses += 1;
        }
        (self.pauses, pause)
    }
}

/// How many pauses there were. A peer's silence counts only where this is what it was when it began.
pub fn pauses() -> u64 {
    look(false)
}

/// Beats for ever.
pub async fn beat() {
    loop {
        look(true);
        sleep(BEAT).await;
    }
}

/// Like [`tokio::time::timeout`] for what a peer has to do: after a pause it has all the time anew.
pub async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    loop {
        let before = pauses();
        let outcome = tokio::time::timeout(limit, &mut future).await;
        if outcome.is_ok() || pauses() == before {
            return outcome;
        }
    }
}

fn look(beats: bool) -> u64 {
    let now = Instant::now();
    let (pauses, pause) = {
        let mut pulse = PULSE.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = pulse.look(now);
        if beats {
            pulse.beat = Some(now);
        }
        looked
    };
    if let Some(pause) = pause.filter(|pause| *pause >= NOTABLE) {
        tracing::warn!(
            ?pause,
            "the server was paused: every timeout of a client starts again"
        );
    }
    pauses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_noticed_once_by_whoever_looks_first() {
        let start = Instant::now();
        let mut pulse = Pulse {
            beat: None,
            pauses: 0,
        };
        assert_eq!(pulse.look(start + 60 * PAUSE), (0, None));
        pulse.beat = Some(start);
        assert_eq!(pulse.look(start + PAUSE), (0, None));
        let pause = 2 * PAUSE;
        assert_eq!(pulse.look(start + pause), (1, Some(pause)));
        assert_eq!(pulse.look(start + pause), (1, None));
        assert_eq!(pulse.look(start + pause + BEAT), (1, None));
    }
}
