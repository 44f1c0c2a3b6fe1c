//! What a fan-out's figures say: per delivery, and next to the limit. Pure.

use super::limit::Limit;
use super::{Measured, Plan};
use crate::report::Report;
use crate::scenario::add_lag;

/// The share of the deliveries asked for below which somebody fell behind.
const BEHIND: f64 = 0.95;
/// CPU seconds below which `/proc`, which counts in hundredths, is too coarse.
const COARSE: f64 = 0.2;
/// The share of the measured time that deliveries may take before they are another time's.
const BACKLOG: f64 = 0.05;
/// How late the limit may be before it is no limit, in milliseconds.
const LATE: f64 = 5.0;

/// Notes what was asked for.
pub(super) fn tell_settings(report: &mut Report, plan: &Plan) {
    report.set("rooms", plan.rooms);
    report.set("members", plan.members);
    report.set("rate", plan.rate);
    report.set("seconds", plan.measured.as_secs_f64());
}

/// Notes what was found.
pub(super) fn tell(report: &mut Report, plan: &Plan, measured: &Measured, limit: &Limit) {
    let per_second = measured.deliveries as f64 / measured.usage.seconds;
    report.add("connections", plan.connections() as f64);
    report.add("frame_bytes", f64::from(measured.frame));
    report.add("deliveries_per_second", per_second);
    report.add_latencies("delivery", &measured.gathered.latencies);
    add_lag(report, &measured.gathered.lag);
    behind(report, plan, per_second, "");
    let late = measured.gathered.latencies.percentile(99.0) / 1000.0;
    if late > BACKLOG * measured.usage.seconds {
        report.doubts.push(format!(
            "deliveries took up to {late:.2} s (99 %): those counted are not those that the CPU time went to, so the cost and the ratio do not hold"
        ));
    }
    if let Some(bytes) = measured.memory {
        let kib = bytes as f64 / 1024.0 / plan.connections() as f64;
        report.add("server_memory_kib_per_connection", kib);
    }
    let server = measured.usage.server;
    let server = cost(report, "server", server, measured.deliveries as f64);
    let bound = cost(report, "limit", limit.usage.server, limit.deliveries);
    if let (Some(server), Some(bound)) = (server, bound.filter(|bound| *bound > 0.0)) {
        report.add("ratio_to_limit", server / bound);
    }
    tell_limit(report, plan, limit);
}

/// Notes what a delivery cost in CPU time, where it is known.
fn cost(report: &mut Report, who: &str, used: Option<f64>, deliveries: f64) -> Option<f64> {
    let used = used?;
    let each = used * 1e6 / deliveries.max(1.0);
    report.add(format!("{who}_cpu_us_per_delivery"), each);
    if used < COARSE {
        report.doubts.push(format!(
            "the {who} used {used:.2} s of CPU in all, counted in hundredths: more --seconds tell it apart"
        ));
    }
    Some(each)
}

fn tell_limit(report: &mut Report, plan: &Plan, limit: &Limit) {
    let per_second = limit.deliveries / limit.usage.seconds;
    report.add("limit_deliveries_per_second", per_second);
    report.add("limit_late_p99_ms", limit.written.late_p99_ms);
    behind(report, plan, per_second, "of the limit's ");
    if limit.written.late_p99_ms > LATE || limit.written.skipped > 0 {
        report.doubts.push(format!(
            "the limit was up to {:.1} ms late (99 %) and left {} frames out: it had too little CPU, or chat-bench read too slowly",
            limit.written.late_p99_ms, limit.written.skipped
        ));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let doubts = limit.usage.doubts(cores).into_iter();
    let doubts = doubts.map(|doubt| format!("while the limit was measured, {doubt}"));
    report.doubts.extend(doubts);
}

fn behind(report: &mut Report, plan: &Plan, per_second: f64, whose: &str) {
    let asked = plan.deliveries_asked();
    if per_second < BEHIND * asked {
        report.doubts.push(format!(
            "{per_second:.0} {whose}deliveries a second came of {asked:.0} asked for: somebody fell behind"
        ));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limit_server::Written;
    use crate::measure::Usage;
    use crate::scenario::fanout::members::Gathered;

    fn usage(server: f64) -> Usage {
        Usage {
            seconds: 10.0,
            server: Some(server),
            own: 1.0,
            busiest: ("load".to_owned(), 0.1),
            others: Some(0.0),
        }
    }

    fn told(deliveries: u64, limit_cpu: f64, skipped: u64) -> Report {
        told_with(Gathered::default(), deliveries, limit_cpu, skipped)
    }

    fn told_with(gathered: Gathered, deliveries: u64, limit_cpu: f64, skipped: u64) -> Report {
        let plan = Plan {
            rooms: 1,
            members: 99,
            rate: 10.0,
            measured: Duration::from_secs(10),
        };
        let measured = Measured {
            gathered,
            deliveries,
            usage: usage(0.5),
            memory: Some(100 * 2048),
            frame: 200,
        };
        let limit = Limit {
            deliveries: 10_000.0,
            usage: usage(limit_cpu),
            written: Written {
                frames: 10_000,
                skipped,
                late_p99_ms: 0.1,
            },
        };
        let mut report = Report::new("fanout");
        tell(&mut report, &plan, &measured, &limit);
        report
    }

    #[test]
    fn cost_is_told_for_each_delivery_and_next_to_the_limit() {
        let report = told(10_000, 0.25, 0);
        assert_eq!(report.figure("deliveries_per_second"), Some(1000.0));
        assert_eq!(report.figure("server_cpu_us_per_delivery"), Some(50.0));
        assert_eq!(report.figure("limit_cpu_us_per_delivery"), Some(25.0));
        assert_eq!(report.figure("ratio_to_limit"), Some(2.0));
        let memory = report.figure("server_memory_kib_per_connection");
        assert_eq!(memory, Some(2.0));
        assert!(report.doubts.is_empty(), "{:?}", report.doubts);
    }

    #[test]
    fn what_fell_behind_or_is_too_coarse_is_doubted() {
        let behind = told(9_000, 0.25, 0).doubts;
        let mut late = Gathered::default();
        late.latencies.record(Duration::from_secs(1));
        let late = told_with(late, 10_000, 0.25, 0).doubts;
        assert!(late[0].contains("up to 1.00 s"), "{late:?}");
        assert!(behind[0].starts_with("900 deliveries a second came of 1000"));
        let coarse = told(10_000, 0.01, 0).doubts;
        assert!(coarse[0].contains("the limit used 0.01 s"), "{coarse:?}");
        assert_eq!(told(10_000, 0.0, 0).figure("ratio_to_limit"), None);
        let skipped = told(10_000, 0.25, 3).doubts;
        assert!(skipped[0].contains("left 3 frames out"), "{skipped:?}");
    }
}
