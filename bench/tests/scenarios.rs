//! Each scenario at a tiny size, with the real programs: that it runs, finds what it should find,
//! and says so. No time is asserted.

#![allow(clippy::unwrap_used)] // whatever is missing is to fail the test

use std::process::{Command, Output};

use serde_json::Value;

/// All the ways in which a stalled connection ends.
const ENDINGS: [&str; 4] = [
    "closed_4008",
    "closed_otherwise",
    "never_closed",
    "left_unread",
];

/// Runs `chat-bench` with the server that is built next to it.
fn bench(arguments: &str) -> Output {
    // Builds it.
    chat_tests::binaries();
    Command::new(env!("CARGO_BIN_EXE_chat-bench"))
        .args(arguments.split(' '))
        .output()
        .unwrap()
}

/// The report of a run in which all went well.
#[track_caller]
fn report(arguments: &str) -> Value {
    let report = sound_report(arguments);
    for name in ["lost", "doubled", "reordered"] {
        assert_eq!(report["figures"][name], 0.0, "{name} {report}");
    }
    report
}

/// The same where no messages are counted.
#[track_caller]
fn sound_report(arguments: &str) -> Value {
    let output = bench(&format!("{arguments} --json"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}\n{text}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["faults"], serde_json::json!([]), "{text}");
    report
}

#[track_caller]
fn assert_counted(report: &Value, names: &[&str]) {
    for name in names {
        let value = report["figures"][name].as_f64();
        assert!(value.is_some_and(|value| value > 0.0), "{name}: {report}");
    }
}

#[test]
fn ingest_counts_what_comes_back() {
    let report = report(
        "ingest --rooms 2 --writers 4 --window 4 --seconds 0.5 --durability relaxed --runs 2",
    );
    assert_counted(
        &report,
        &[
            "acknowledged_per_second",
            "acknowledgement_p99_ms",
            "server_memory_mib",
        ],
    );
    assert_eq!(report["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn commit_compares_durabilities() {
    let report = report("commit --seconds 0.5 --rate 10");
    assert_counted(&report, &["full_disk_count", "relaxed_disk_p50_ms"]);
    assert!(report["figures"]["sync_on_disk_adds_p50_ms"].is_f64());
    assert!(
        report["settings"]["disk"]
            .as_str()
            .unwrap()
            .contains(" on ")
    );
}

#[test]
fn a_storm_by_token_lets_all_in() {
    let report = report("storm --clients 20 --members 3 --seconds 0.5 --same-room");
    assert_eq!(report["figures"]["admitted"], 20.0);
    assert_counted(
        &report,
        &[
            "all_in_seconds",
            "delivery_before_count",
            "delivery_all_in_count",
        ],
    );
}

#[test]
fn a_storm_by_known_passwords_lets_all_in() {
    let report =
        report("storm --clients 3 --members 2 --seconds 0.5 --password --accounts known --retry");
    assert_eq!(report["figures"]["admitted"], 3.0);
    assert_eq!(report["settings"]["credential"], "password-known");
}

#[test]
fn stalled_readers_are_counted() {
    let report = report("stalled --readers 5 --members 2 --rate 50 --seconds 0.5 --stall 1");
    let figures = &report["figures"];
    let all: f64 = ENDINGS
        .iter()
        .map(|name| figures[name].as_f64().unwrap())
        .sum();
    assert_eq!(all, 5.0, "{report}");
    assert_counted(&report, &["delivery_quiet_count", "delivery_stalled_count"]);
}

#[test]
fn stalled_readers_come_back() {
    let report =
        report("stalled --readers 3 --members 2 --rate 50 --seconds 0.5 --stall 3 --return 1");
    let figures = &report["figures"];
    assert_eq!(figures["could_not_return"], 0.0, "{report}");
    let all: f64 = ENDINGS
        .iter()
        .map(|name| figures[name].as_f64().unwrap())
        .sum();
    assert!(all > 3.0, "{report}");
}

/// A fan-out at a tiny size: what it must find, whatever the machine is like.
#[track_caller]
fn assert_fans_out(arguments: &str, connections: f64) -> Value {
    let report = report(arguments);
    let figures = &report["figures"];
    assert_eq!(figures["connections"], connections, "{report}");
    assert_counted(
        &report,
        &[
            "deliveries_per_second",
            "limit_deliveries_per_second",
            "delivery_count",
            "delivery_p99_9_ms",
            "slowest_member_p99_ms",
            "server_cpu_us_per_delivery",
            "limit_cpu_us_per_delivery",
            "ratio_to_limit",
            "connects_per_second",
            "server_cpu_us_per_connect",
        ],
    );
    // The limit's frame is as long as the message: the content and what is around it.
    let frame = figures["frame_bytes"].as_f64().unwrap();
    assert!((200.0..500.0).contains(&frame), "{report}");
    report
}

#[test]
fn a_fan_out_is_measured_next_to_its_limit() {
    let report = assert_fans_out(
        "fanout --rooms 2 --members 5 --rate 100 --payload 120 --seconds 0.5",
        12.0,
    );
    assert_eq!(report["settings"]["content_bytes"], "120");
    assert_eq!(report["scenario"], "fanout");
}

#[test]
fn each_fan_out_with_a_name_can_be_made_small() {
    for (name, connections) in [("hall", 4.0), ("stage", 4.0), ("arena", 4.0)] {
        let report = assert_fans_out(&format!("{name} --members 3 --seconds 0.5"), connections);
        assert_eq!(report["scenario"], name);
    }
    let report = assert_fans_out("rooms --rooms 4 --members 2 --rate 80 --seconds 0.5", 12.0);
    assert_eq!(report["scenario"], "rooms");
    assert_eq!(report["settings"]["rate"], "80");
}

#[test]
fn every_delivery_is_measured_and_none_is_counted_that_was_not_asked_for() {
    let report = assert_fans_out(
        "fanout --members 4 --rate 40 --seconds 0.5 --readers 2",
        5.0,
    );
    assert_eq!(report["figures"]["delivery_count"], 100.0, "{report}");
}

#[test]
fn flat_out_goes_as_fast_as_it_is_answered() {
    let report = assert_fans_out("flat-out --members 5 --senders 2 --seconds 0.5", 5.0);
    assert_counted(&report, &["messages_per_second"]);
    assert_eq!(report["settings"]["senders"], "2");
}

#[test]
fn the_server_gets_the_arguments_it_is_to_get() {
    let report = assert_fans_out(
        "fanout --members 2 --seconds 0.5 --server-arg --ping-interval=7 --server-arg --auth-timeout --server-arg 50",
        3.0,
    );
    assert_eq!(
        report["settings"]["server_args"],
        "--ping-interval=7 --auth-timeout 50"
    );
    let output = bench("fanout --server-arg --no-such-option");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--no-such-option"), "{said}");
}

#[test]
fn a_fan_out_of_nothing_is_a_wrong_usage() {
    for wrong in ["--rate 0", "--members 0", "--seconds inf", "--rooms 0"] {
        let output = bench(&format!("fanout {wrong}"));
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn one_alone_gets_its_own_back() {
    let report = report("alone --seconds 0.5 --pause 5");
    assert_counted(
        &report,
        &[
            "receipt_count",
            "receipt_p50_ms",
            "server_cpu_us_per_message",
        ],
    );
}

#[test]
fn idle_connections_stay() {
    let report = sound_report("idle --connections 20 --rooms 3 --seconds 0.5");
    assert_eq!(report["figures"]["thrown_out"], 0.0, "{report}");
    assert_counted(
        &report,
        &[
            "server_memory_all_in_mib",
            "connects_per_second",
            "server_cpu_us_per_connect",
        ],
    );
}

#[test]
fn the_pings_of_idle_connections_are_told_apart() {
    let report = sound_report("idle --connections 5 --seconds 2.5 --server-arg --ping-interval=1");
    assert_eq!(report["figures"]["thrown_out"], 0.0, "{report}");
    assert_counted(&report, &["pings"]);
}

#[test]
fn more_idle_connections_than_open_files_are_refused() {
    let output = bench("idle --connections 1000000");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("open files are needed"), "{said}");
}

#[test]
fn a_storm_without_members_costs_what_it_costs() {
    let report = report("storm --clients 20 --members 0 --seconds 0.2");
    assert_eq!(report["figures"]["admitted"], 20.0);
    assert_eq!(report["figures"]["delivery_storm_count"], 0.0);
    assert_counted(&report, &["server_cpu_us_per_connect"]);
}

#[test]
fn all_come_back_after_a_restart() {
    let report = report("restart --members 5 --rate 20 --seconds 0.5 --pause 0.5");
    let figures = &report["figures"];
    assert_eq!(figures["came_back"], 6.0, "{report}");
    assert_eq!(figures["not_recovered"], 0.0, "{report}");
    assert_counted(
        &report,
        &["down_seconds", "all_back_seconds", "comeback_p99_ms"],
    );
    let output = bench("restart --url ws://127.0.0.1:1");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_terminal_client_is_measured_beside_what_is_promised() {
    let report = sound_report(
        "terminal --size 100x30 --starts 1 --seconds 0.5 --idle-seconds 0.5 --rates 20,100 --keys 20 \
         --slow-keys 5 --messages 500 --fill-rate 1000 --resizes 2",
    );
    assert_counted(
        &report,
        &[
            "first_frame_ms",
            "rate_20_cpu_percent",
            "rate_20_kb_per_second",
            "rate_20_frames_per_second",
            "rate_100_arrival_p99_ms",
            "echo_p50_ms",
            "slow_echo_p99_ms",
            "memory_mb",
            "resize_ms",
        ],
    );
    let figures = &report["figures"];
    assert_eq!(figures["echo_keys"], 20.0, "{report}");
    assert_eq!(figures["echo_missing"], 0.0, "{report}");
    assert_eq!(figures["slow_echo_missing"], 0.0, "{report}");
    assert_eq!(figures["memory_messages"], 500.0, "{report}");
    for name in ["idle_bytes", "idle_cpu_percent", "rooms_cpu_percent"] {
        assert!(figures[name].is_f64(), "{name}: {report}");
    }
    assert_eq!(report["targets"]["first_frame_ms"]["at_most"], 10.0);
    assert!(report["targets"]["memory_mb"]["met"].is_boolean());
}

#[test]
fn a_terminal_client_that_is_not_there_or_shows_nothing_is_a_failure() {
    let output = bench("terminal --client /nowhere/chat-tui");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("there is no client at /nowhere"), "{said}");
    let output = bench("terminal --client /bin/false --parts start");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("/false did not show a first frame"), "{text}");
}

#[test]
fn what_goes_wrong_is_a_failure() {
    // Nobody can be in so soon.
    let output = bench("storm --clients 2 --members 1 --seconds 0.1 --limit 0.000001");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("FAULT: 2 clients failed"), "{text}");
    let output = bench("ingest --server /nowhere/chat-server");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("there is no server at /nowhere"), "{said}");
    let output = bench("ingest --url ws://192.0.2.1:80");
    assert_eq!(output.status.code(), Some(2));
}
