//! What a scenario found: figures by name, doubts about them, faults that spoil them; as a table to
//! read and as one JSON object.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::check::Findings;
use crate::measure::{Latencies, Usage, machine_cores};

/// One measured number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// Its name, unit included, as JSON spells it.
    pub(crate) name: String,
    /// The number.
    pub(crate) value: f64,
    /// What it is to be at most, where something is promised.
    pub(crate) at_most: Option<f64>,
}

impl Figure {
    /// Whether it is as promised, where something is.
    fn is_met(&self) -> Option<bool> {
        self.at_most.map(|at_most| self.value <= at_most)
    }
}

/// What one scenario found, in one run or as the medians of several.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// The scenario.
    pub(crate) scenario: &'static str,
    /// What it was asked to do and on what.
    pub(crate) settings: Vec<(String, String)>,
    /// What it found.
    pub(crate) figures: Vec<Figure>,
    /// What it found over time, one number a second. Of several runs, that of the first.
    pub(crate) series: Vec<(String, Vec<f64>)>,
    /// Why the figures may be less than they seem.
    pub(crate) doubts: Vec<String>,
    /// Why they do not count.
    pub(crate) faults: Vec<String>,
}

impl Report {
    /// An empty report.
    pub(crate) fn new(scenario: &'static str) -> Self {
        Self {
            scenario,
            ..Self::default()
        }
    }

    /// Notes a setting.
    pub(crate) fn set(&mut self, name: &str, value: impl ToString) {
        self.settings.push((name.to_owned(), value.to_string()));
    }

    /// Notes a figure.
    pub(crate) fn add(&mut self, name: impl Into<String>, value: f64) {
        self.add_promised(name, value, None);
    }

    /// Notes a figure, and what it is to be at most.
    pub(crate) fn add_promised(
        &mut self,
        name: impl Into<String>,
        value: f64,
        at_most: Option<f64>,
    ) {
        self.figures.push(Figure {
            name: name.into(),
            value,
            at_most,
        });
    }

    /// Notes numbers over time.
    pub(crate) fn add_series(&mut self, name: &str, values: Vec<f64>) {
        self.series.push((name.to_owned(), values));
    }

    /// Notes the percentiles of `latencies`, in milliseconds.
    pub(crate) fn add_latencies(&mut self, name: &str, latencies: &Latencies) {
        self.add(format!("{name}_count"), latencies.count() as f64);
        for (percent, label) in [(50.0, "p50"), (99.0, "p99"), (99.9, "p99_9")] {
            self.add(format!("{name}_{label}_ms"), latencies.percentile(percent));
        }
        self.add(format!("{name}_max_ms"), latencies.longest());
    }

    /// Notes who used the CPU, and what that says about the figures.
    pub(crate) fn add_usage(&mut self, usage: &Usage) {
        let percent = |seconds: f64| 100.0 * seconds / usage.seconds;
        if let Some(server) = usage.server {
            self.add("server_cpu_percent", percent(server));
        }
        self.add("bench_cpu_percent", percent(usage.own));
        self.add("bench_busiest_thread_percent", usage.busiest.1 * 100.0);
        if let Some(others) = usage.others {
            self.add("others_cpu_percent", percent(others));
        }
        self.doubts.extend(usage.doubts(machine_cores()));
    }

    /// Notes what was lost, doubled and reordered; anything but nothing is a fault.
    pub(crate) fn add_findings(&mut self, findings: Findings) {
        let Findings {
            lost,
            doubled,
            reordered,
        } = findings;
        self.add("lost", lost as f64);
        self.add("doubled", doubled as f64);
        self.add("reordered", reordered as f64);
        if !findings.is_clean() {
            let text = format!("{lost} messages lost, {doubled} doubled, {reordered} reordered");
            self.faults.push(text);
        }
    }

    /// The figure called `name`.
    pub(crate) fn figure(&self, name: &str) -> Option<f64> {
        let found = self.figures.iter().find(|figure| figure.name == name);
        found.map(|figure| figure.value)
    }

    /// The report as text to read. `runs` are what it is the medians of.
    pub(crate) fn text(&self, runs: &[Report]) -> String {
        let mut text = self.scenario.to_owned();
        for (name, value) in &self.settings {
            let _ = write!(text, "  {name}={value}");
        }
        let _ = match runs.len() {
            0 | 1 => writeln!(text),
            count => writeln!(text, "\nmedians of {count} runs (smallest to largest)"),
        };
        let width = self.figures.iter().map(|figure| figure.name.len()).max();
        for figure in &self.figures {
            let width = width.unwrap_or(0);
            let Figure { name, value, .. } = figure;
            let _ = write!(text, "  {name:width$}  {}", rounded(*value));
            if let (Some(at_most), Some(is_met)) = (figure.at_most, figure.is_met()) {
                let verdict = if is_met { "ok" } else { "OVER" };
                let _ = write!(text, "  [{} at most: {verdict}]", rounded(at_most));
            }
            let all = values(runs, name);
            if let ([smallest, _, ..], Some(largest)) = (all.as_slice(), all.last()) {
                let _ = write!(text, "  ({} to {})", rounded(*smallest), rounded(*largest));
            }
            text.push('\n');
        }
        for (name, values) in &self.series {
            let values: Vec<String> = values.iter().copied().map(rounded).collect();
            let _ = writeln!(text, "  {name}: {}", values.join(" "));
        }
        for doubt in &self.doubts {
            let _ = writeln!(text, "  doubt: {doubt}");
        }
        for fault in &self.faults {
            let _ = writeln!(text, "  FAULT: {fault}");
        }
        text
    }

    /// The report as JSON.
    pub(crate) fn json(&self, runs: &[Report]) -> Value {
        let settings: Map<String, Value> = self
            .settings
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let each: Vec<Value> = runs.iter().map(Report::figures_json).collect();
        json!({
            "scenario": self.scenario,
            "settings": settings,
            "figures": self.figures_json(),
            "targets": self.targets_json(),
            "series": self.series.iter().cloned().collect::<BTreeMap<_, _>>(),
            "runs": each,
            "doubts": self.doubts,
            "faults": self.faults,
        })
    }

    fn figures_json(&self) -> Value {
        let figures = self.figures.iter();
        figures
            .map(|figure| (figure.name.clone(), json!(figure.value)))
            .collect::<Map<String, Value>>()
            .into()
    }

    fn targets_json(&self) -> Value {
        let promised = self.figures.iter().filter(|one| one.at_most.is_some());
        promised
            .map(|figure| {
                let target = json!({ "at_most": figure.at_most, "met": figure.is_met() });
                (figure.name.clone(), target)
            })
            .collect::<Map<String, Value>>()
            .into()
    }

    /// The medians of `runs`, with all their doubts and faults. `None` where there are no runs.
    pub(crate) fn median(runs: &[Report]) -> Option<Report> {
        let mut median = runs.first()?.clone();
        for figure in &mut median.figures {
            figure.value = middle(&values(runs, &figure.name));
        }
        for run in runs.iter().skip(1) {
            median.doubts.extend(run.doubts.iter().cloned());
            median.faults.extend(run.faults.iter().cloned());
        }
        Some(median)
    }
}

/// The values of the figure `name` over `runs`, smallest first.
fn values(runs: &[Report], name: &str) -> Vec<f64> {
    let mut values: Vec<f64> = runs.iter().filter_map(|run| run.figure(name)).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The median of sorted values; 0 where there are none.
fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    match (sorted.get(half), sorted.len().is_multiple_of(2)) {
        (Some(upper), true) => (sorted[half - 1] + upper) / 2.0,
        (Some(middle), false) => *middle,
        (None, _) => 0.0,
    }
}

/// Three digits that count, as a reader wants them; whole numbers whole.
fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_stands_beside_what_is_found() {
        let mut report = Report::new("terminal");
        report.add_promised("cpu_percent", 3.0, Some(3.0));
        report.add_promised("kb_per_second", 127.0, Some(6.0));
        report.add("count", 5.0);
        assert_eq!(
            report.text(&[]),
            "terminal\n\
             \x20 cpu_percent    3  [3 at most: ok]\n\
             \x20 kb_per_second  127  [6 at most: OVER]\n\
             \x20 count          5\n"
        );
        let targets = &report.json(&[])["targets"];
        assert_eq!(
            targets["cpu_percent"],
            json!({ "at_most": 3.0, "met": true })
        );
        assert_eq!(targets["kb_per_second"]["met"], false);
        assert_eq!(targets.as_object().unwrap().len(), 2);
    }

    fn report(value: f64) -> Report {
        let mut report = Report::new("ingest");
        report.set("rooms", 1);
        report.add("acks_per_second", value);
        report.add_series("by_second", vec![value, 1.0]);
        report
    }

    #[test]
    fn the_median_is_the_middle_of_the_runs() {
        let runs = [report(30.0), report(10.0), report(20.5)];
        let median = Report::median(&runs).unwrap();
        assert_eq!(median.figure("acks_per_second"), Some(20.5));
        let runs = [report(10.0), report(20.0)];
        let median = Report::median(&runs).unwrap();
        assert_eq!(median.figure("acks_per_second"), Some(15.0));
        assert_eq!(Report::median(&[]), None);
    }

    #[test]
    fn it_reads_as_text_and_as_json() {
        let mut runs = [report(30.0), report(0.125), report(12.5)];
        runs[1].doubts.push("was busy".to_owned());
        runs[2].add_findings(Findings {
            lost: 2,
            doubled: 0,
            reordered: 1,
        });
        let median = Report::median(&runs).unwrap();
        assert_eq!(
            median.text(&runs),
            "ingest  rooms=1\n\
             medians of 3 runs (smallest to largest)\n\
             \x20 acks_per_second  12.5  (0.125 to 30)\n\
             \x20 by_second: 30 1\n\
             \x20 doubt: was busy\n\
             \x20 FAULT: 2 messages lost, 0 doubled, 1 reordered\n"
        );
        let json = median.json(&runs);
        assert_eq!(json["figures"]["acks_per_second"], 12.5);
        assert_eq!(json["runs"][2]["lost"], 2.0);
        assert_eq!(json["series"]["by_second"][0], 30.0);
        assert_eq!(json["settings"]["rooms"], "1");
        assert_eq!(json["faults"].as_array().unwrap().len(), 1);
    }
}
