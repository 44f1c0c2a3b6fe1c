//! Latencies, kept as counts: nothing is averaged, and no sample is dropped.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest time that is told apart from longer ones, in microseconds.
const LONGEST: u64 = 600_000_000;
/// Decimal digits kept of each time.
const DIGITS: u8 = 3;

/// Latencies of one kind, to the microsecond.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    micros: Histogram<u32>,
}

impl Default for Latencies {
    fn default() -> Self {
        let micros = Histogram::new_with_bounds(1, LONGEST, DIGITS);
        Self {
            micros: micros.expect("the bounds and digits are a histogram's"),
        }
    }
}

impl Latencies {
    /// Takes one latency.
    pub(crate) fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.micros.saturating_record(micros);
    }

    /// Takes all of `other`.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.micros
            .add(&other.micros)
            .expect("all histograms have the same bounds");
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.micros.len()
    }

    /// The latency, in milliseconds, that `percent` of all do not exceed; 0 where there is none.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        self.micros.value_at_percentile(percent) as f64 / 1000.0
    }

    /// The longest, in milliseconds.
    pub(crate) fn longest(&self) -> f64 {
        self.micros.max() as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latencies(micros: impl Iterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        for micros in micros {
            latencies.record(Duration::from_micros(micros));
        }
        latencies
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_list() {
        let latencies = latencies((1..=2000).rev());
        assert_eq!(latencies.count(), 2000);
        assert_eq!(latencies.percentile(50.0), 1.0);
        assert_eq!(latencies.percentile(75.0), 1.5);
        assert_eq!(latencies.percentile(99.0), 1.98);
        // 99.9 is no binary fraction: one up or down.
        assert!((1.998..=1.999).contains(&latencies.percentile(99.9)));
        assert_eq!(latencies.longest(), 2.0);
    }

    #[test]
    fn merging_counts_all_and_nothing_gives_zero() {
        let mut all = latencies([100].into_iter());
        all.merge(&latencies([300, 300].into_iter()));
        assert_eq!(all.count(), 3);
        assert_eq!(all.percentile(50.0), 0.3);
        assert_eq!(all.percentile(1.0), 0.1);
        assert_eq!(Latencies::default().percentile(99.0), 0.0);
    }

    #[test]
    fn a_time_beyond_the_bound_is_still_counted() {
        let latencies = latencies([LONGEST * 10].into_iter());
        assert_eq!(latencies.count(), 1);
        assert!(latencies.longest() >= LONGEST as f64 / 1000.0);
    }
}
