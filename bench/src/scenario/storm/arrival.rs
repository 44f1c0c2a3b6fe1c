//! How each of the crowd fared, and what that says about all of them. Pure.

use std::time::Duration;

use crate::measure::{Latencies, largest_overtaking};
use crate::report::Report;

/// How one client fared. Times are [`crate::clock::nanos`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// When it began to connect.
    pub(super) began: u64,
    /// When it sent the `auth` that was answered.
    pub(super) asked: u64,
    /// When it knew.
    pub(super) answered: u64,
    /// Refusals for the moment: with 429, with 503.
    pub(super) refusals: [u64; 2],
    /// Whether it is in.
    pub(super) is_in: bool,
    /// Why it is not, where that is not a refusal for the moment.
    pub(super) failure: Option<String>,
}

/// How all of them fared.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    all: Vec<Arrival>,
}

impl Arrivals {
    /// Takes one.
    pub(super) fn add(&mut self, arrival: Arrival) {
        self.all.push(arrival);
    }

    /// How many have been answered.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// How many are in.
    pub(super) fn admitted(&self) -> usize {
        self.all.iter().filter(|arrival| arrival.is_in).count()
    }

    /// Notes it all. Where they retry, one that stays out is a fault; a failure always is.
    pub(super) fn tell(&self, report: &mut Report, retry: bool) {
        let admitted = self.admitted();
        let began = self.all.iter().map(|arrival| arrival.began).min();
        let seconds = |times: &mut dyn Iterator<Item = u64>| {
            let last = times.max().unwrap_or(0).saturating_sub(began.unwrap_or(0));
            Duration::from_nanos(last).as_secs_f64()
        };
        let inside = || self.all.iter().filter(|arrival| arrival.is_in);
        let refusals = |which: usize| self.all.iter().map(move |each| each.refusals[which]);
        report.add("admitted", admitted as f64);
        report.add("left_out", (self.all.len() - admitted) as f64);
        report.add("refusals_429", refusals(0).sum::<u64>() as f64);
        report.add("refusals_503", refusals(1).sum::<u64>() as f64);
        let mut answered = self.all.iter().map(|arrival| arrival.answered);
        report.add("all_answered_seconds", seconds(&mut answered));
        let mut came_in = inside().map(|arrival| arrival.answered);
        report.add("all_in_seconds", seconds(&mut came_in));
        let mut latencies = Latencies::default();
        let mut order = Vec::new();
        for arrival in inside() {
            let latency = arrival.answered.saturating_sub(arrival.began);
            latencies.record(Duration::from_nanos(latency));
            order.push((arrival.asked, arrival.answered));
        }
        report.add_latencies("connect", &latencies);
        report.add("largest_overtaking", largest_overtaking(&order) as f64);
        self.tell_faults(report, retry);
    }

    fn tell_faults(&self, report: &mut Report, retry: bool) {
        let failures = || self.all.iter().filter_map(|each| each.failure.as_ref());
        if let Some(first) = failures().next() {
            let count = failures().count();
            report
                .faults
                .push(format!("{count} clients failed, one of them: {first}"));
        }
        let out = self.all.len() - self.admitted() - failures().count();
        if retry && out > 0 {
            report
                .faults
                .push(format!("{out} clients were still refused at the limit"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn arrival(answered: u64, is_in: bool) -> Arrival {
        Arrival {
            began: SECOND,
            asked: SECOND + answered,
            answered: SECOND + answered * SECOND,
            refusals: [0, u64::from(!is_in)],
            is_in,
            failure: None,
        }
    }

    fn told(arrivals: Vec<Arrival>, retry: bool) -> Report {
        let mut report = Report::new("storm");
        Arrivals { all: arrivals }.tell(&mut report, retry);
        report
    }

    #[test]
    fn the_last_one_in_counts_and_refusals_are_told_apart() {
        let report = told(
            vec![arrival(1, true), arrival(3, true), arrival(4, false)],
            false,
        );
        assert_eq!(report.figure("admitted"), Some(2.0));
        assert_eq!(report.figure("left_out"), Some(1.0));
        assert_eq!(report.figure("refusals_503"), Some(1.0));
        assert_eq!(report.figure("refusals_429"), Some(0.0));
        assert_eq!(report.figure("all_in_seconds"), Some(3.0));
        assert_eq!(report.figure("all_answered_seconds"), Some(4.0));
        assert_eq!(report.figure("largest_overtaking"), Some(0.0));
        assert!(report.faults.is_empty());
    }

    #[test]
    fn who_fails_or_stays_out_in_spite_of_retries_is_a_fault() {
        assert_eq!(told(vec![arrival(4, false)], true).faults.len(), 1);
        let failed = Arrival {
            failure: Some("broke".to_owned()),
            ..arrival(4, false)
        };
        let report = told(vec![failed], true);
        assert_eq!(report.faults, ["1 clients failed, one of them: broke"]);
    }
}
