//! What a fan-out's figures say: per delivery, and next to the limit. Pure.

use super::load::Measured;
use super::members::Entered;
use super::options::Plan;
use crate::measure::machine_cores;
use crate::report::Report;
use crate::scenario::LAG;

/// The share of the deliveries asked for below which somebody fell behind.
const BEHIND: f64 = 0.95;
/// CPU seconds below which a figure is more about starting than about delivering.
const LITTLE: f64 = 0.05;

/// Notes what was found.
pub(super) fn tell(report: &mut Report, plan: &Plan, measured: &Measured, limit: &Measured) {
    report.add("connections", plan.connections() as f64);
    let seconds = measured.usage.seconds;
    report.add("messages_per_second", measured.messages as f64 / seconds);
    add_deliveries(report, plan, measured, "");
    report.add_latencies("delivery", &measured.observed.latencies);
    let slowest = measured.observed.slowest();
    for (percent, label) in [(50.0, "p50"), (99.0, "p99")] {
        let name = format!("slowest_member_{label}_ms");
        report.add(name, slowest.percentile(percent));
    }
    report.add("slowest_member_max_ms", slowest.longest());
    add_late(report, measured.late_p99_ms);
    let server = cost(report, "server", measured);
    let bound = cost(report, "limit", limit);
    if let (Some(server), Some(bound)) = (server, bound.filter(|bound| *bound > 0.0)) {
        report.add("ratio_to_limit", server / bound);
    }
    tell_limit(report, plan, limit);
    tell_failures(report, measured, "members");
    tell_failures(report, limit, "the limit's members");
}

/// Notes what letting them in took.
pub(super) fn tell_entered(report: &mut Report, measured: &Measured, entered: &Entered) {
    let connections = entered.connections as f64;
    report.add("connects_per_second", connections / entered.usage.seconds);
    if let Some(used) = entered.usage.server {
        report.add("server_cpu_us_per_connect", used * 1e6 / connections);
    }
    if let (Some(before), Some(with_all)) = (entered.resident, measured.resident) {
        let kib = with_all.saturating_sub(before) as f64 / 1024.0;
        report.add("server_memory_kib_per_connection", kib / connections);
    }
}

fn add_deliveries(report: &mut Report, plan: &Plan, measured: &Measured, who: &str) {
    let per_second = measured.deliveries as f64 / measured.usage.seconds;
    report.add(format!("{who}deliveries_per_second"), per_second);
    let Some(asked) = plan.deliveries_asked() else {
        return;
    };
    if per_second < BEHIND * asked {
        let whose = match who {
            "" => "",
            _ => "of the limit's ",
        };
        report.doubts.push(format!(
            "{per_second:.0} {whose}deliveries a second came of {asked:.0} asked for: somebody fell behind"
        ));
    }
}

fn add_late(report: &mut Report, late: f64) {
    report.add("bench_lag_p99_ms", late);
    if late > LAG {
        report.doubts.push(format!(
            "chat-bench sent its messages up to {late:.1} ms late (99 %): it or the machine had too much to do"
        ));
    }
}

/// Notes what a delivery cost in CPU time, where it is known.
fn cost(report: &mut Report, who: &str, measured: &Measured) -> Option<f64> {
    let used = measured.usage.server?;
    let each = used * 1e6 / measured.deliveries.max(1) as f64;
    report.add(format!("{who}_cpu_us_per_delivery"), each);
    if used < LITTLE {
        report.doubts.push(format!(
            "the {who} used {used:.3} s of CPU in all: more --seconds make a figure of it"
        ));
    }
    Some(each)
}

fn tell_limit(report: &mut Report, plan: &Plan, limit: &Measured) {
    add_deliveries(report, plan, limit, "limit_");
    let latencies = &limit.observed.latencies;
    for (percent, label) in [(50.0, "p50"), (99.0, "p99")] {
        let name = format!("limit_delivery_{label}_ms");
        report.add(name, latencies.percentile(percent));
    }
    report.add("limit_late_p99_ms", limit.late_p99_ms);
    if limit.late_p99_ms > LAG {
        report.doubts.push(format!(
            "the limit was up to {:.1} ms late (99 %): it had too little CPU, or chat-bench read too slowly",
            limit.late_p99_ms
        ));
    }
    let busiest = limit.usage.busiest.1 * 100.0;
    report.add("limit_bench_busiest_thread_percent", busiest);
    let doubts = limit.usage.doubts(machine_cores()).into_iter();
    let doubts = doubts.map(|doubt| format!("while the limit was measured, {doubt}"));
    report.doubts.extend(doubts);
    if !limit.observed.findings.is_clean() {
        let text = "not all that the limit wrote came, once, in order";
        report.faults.push(text.to_owned());
    }
}

fn tell_failures(report: &mut Report, measured: &Measured, whose: &str) {
    let observed = &measured.observed;
    if observed.failed > 0 {
        report.faults.push(format!(
            "{} of {whose} failed, for one: {}",
            observed.failed,
            observed.failures.join(", for another: ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::Usage;
    use crate::raw::Observed;
    use crate::scenario::fanout::options::Pace;

    fn usage(server: f64) -> Usage {
        Usage {
            seconds: 10.0,
            server: Some(server),
            own: 1.0,
            busiest: ("reader0".to_owned(), 0.1),
            others: Some(0.0),
        }
    }

    fn measured(deliveries: u64, cpu: f64) -> Measured {
        Measured {
            messages: 100,
            deliveries,
            usage: usage(cpu),
            resident: Some(300 * 1024),
            late_p99_ms: 0.1,
            observed: Observed::default(),
        }
    }

    fn told(server: &Measured, limit: &Measured) -> Report {
        let plan = Plan {
            rooms: 1,
            of_room: 100,
            pace: Pace::Rate(10.0),
            measured: Duration::from_secs(10),
            readers: 1,
        };
        let mut report = Report::new("fanout");
        tell(&mut report, &plan, server, limit);
        report
    }

    #[test]
    fn cost_is_told_for_each_delivery_and_next_to_the_limit() {
        let server = measured(10_000, 0.5);
        let mut report = told(&server, &measured(10_000, 0.25));
        assert_eq!(report.figure("deliveries_per_second"), Some(1000.0));
        assert_eq!(report.figure("messages_per_second"), Some(10.0));
        assert_eq!(report.figure("server_cpu_us_per_delivery"), Some(50.0));
        assert_eq!(report.figure("limit_cpu_us_per_delivery"), Some(25.0));
        assert_eq!(report.figure("ratio_to_limit"), Some(2.0));
        assert!(report.doubts.is_empty(), "{:?}", report.doubts);
        let entered = Entered {
            connections: 100,
            usage: usage(0.01),
            resident: Some(100 * 1024),
        };
        tell_entered(&mut report, &server, &entered);
        assert_eq!(report.figure("connects_per_second"), Some(10.0));
        assert_eq!(report.figure("server_cpu_us_per_connect"), Some(100.0));
        let memory = report.figure("server_memory_kib_per_connection");
        assert_eq!(memory, Some(2.0));
    }

    #[test]
    fn what_fell_behind_or_is_too_little_is_doubted() {
        let limit = measured(10_000, 0.25);
        let behind = told(&measured(9_000, 0.5), &limit).doubts;
        assert!(behind[0].starts_with("900 deliveries a second came of 1000"));
        let little = told(&limit, &measured(10_000, 0.01)).doubts;
        assert!(little[0].contains("the limit used 0.010 s"), "{little:?}");
        let nothing = told(&limit, &measured(10_000, 0.0));
        assert_eq!(nothing.figure("ratio_to_limit"), None);
        let mut late = measured(10_000, 0.25);
        late.late_p99_ms = 9.0;
        let late = told(&late, &late).doubts;
        assert!(late[0].starts_with("chat-bench sent"), "{late:?}");
        assert!(late[1].starts_with("the limit was up to 9.0"), "{late:?}");
    }

    #[test]
    fn what_went_wrong_on_either_side_is_a_fault() {
        let mut wrong = measured(10_000, 0.25);
        wrong.observed.failed = 2;
        wrong.observed.failures = vec!["closed with 4008".to_owned()];
        wrong.observed.findings.lost = 1;
        let good = measured(10_000, 0.25);
        assert_eq!(
            told(&wrong, &good).faults,
            ["2 of members failed, for one: closed with 4008"]
        );
        assert_eq!(told(&good, &wrong).faults.len(), 2);
    }
}
