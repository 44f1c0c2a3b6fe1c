//! What a command is given, how many run, and for how long.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::warnings;

const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until a file has this content.
fn wait_for(path: &Path, expected: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let found = fs::read_to_string(path).unwrap_or_default();
        if found == expected {
            return;
        }
        assert!(Instant::now() < end, "{found:?} instead of {expected:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Fires until the thread takes the event.
fn fire(hook: &mut Hook, event: &Value) {
    let end = Instant::now() + PATIENCE;
    while hook.events.try_send(format!("{event}\n")).is_err() {
        assert!(Instant::now() < end, "the command never ends");
        thread::yield_now();
    }
}

#[test]
fn the_event_comes_on_standard_input_and_is_never_run() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let (warnings, mut said) = warnings::channel();
    let mut hook = Hook::start(format!("cat >> {}", out.display()), warnings);
    let hostile = json!({ "content": "$(touch hurt); `touch hurt` ' \" \n & | > hurt" });
    fire(&mut hook, &hostile);
    wait_for(&out, &format!("{hostile}\n"));
    fire(&mut hook, &json!({ "room": "b" }));
    wait_for(&out, &format!("{hostile}\n{{\"room\":\"b\"}}\n"));
    hook.finish();
    assert!(!Path::new("hurt").exists());
    assert!(said.try_recv().is_err());
}

#[test]
fn one_runs_at_a_time_and_the_rest_is_left_out_and_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let (out, go) = (folder.path().join("out"), folder.path().join("go"));
    let (warnings, mut said) = warnings::channel();
    let command = format!(
        "cat >> {}; until [ -e {} ]; do sleep 0.01; done",
        out.display(),
        go.display()
    );
    let mut hook = Hook::start(command, warnings);
    fire(&mut hook, &json!(1));
    for number in 2..100 {
        hook.fire(&number.to_string());
    }
    let words = said.blocking_recv().unwrap();
    assert!(words.contains("left out"), "{words}");
    fs::write(&go, "").unwrap();
    fire(&mut hook, &json!(100));
    wait_for(&out, "1\n100\n");
    hook.finish();
    assert!(said.try_recv().is_err(), "said once");
}

#[test]
fn what_takes_too_long_is_stopped_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let id = folder.path().join("id");
    let (warnings, mut said) = warnings::channel();
    let command = format!("sleep 600 & echo $! > {}; sleep 600", id.display());
    let mut hook = Hook::with_limit(command, warnings, Duration::from_secs(1));
    fire(&mut hook, &json!(1));
    let words = said.blocking_recv().unwrap();
    assert!(words.contains("took longer than 1 s"), "{words}");
    let id = fs::read_to_string(id).unwrap();
    let state = format!("/proc/{}/stat", id.trim());
    let end = Instant::now() + PATIENCE;
    // A zombie whose parent has gone may stay for a moment.
    while fs::read_to_string(&state).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < end, "the other process still runs");
        thread::yield_now();
    }
    hook.finish();
}

#[test]
fn a_command_that_fails_is_said_once() {
    let (warnings, mut said) = warnings::channel();
    let mut hook = Hook::start("exit 3".to_owned(), warnings);
    fire(&mut hook, &json!(1));
    assert_eq!(
        said.blocking_recv().unwrap(),
        "on-mention: the command ended with exit status: 3"
    );
    fire(&mut hook, &json!(2));
    fire(&mut hook, &json!(3));
    hook.finish();
    assert!(said.try_recv().is_err(), "said once");
}

#[test]
fn the_end_of_the_program_waits_for_a_moment_only() {
    let (warnings, _said) = warnings::channel();
    let mut hook = Hook::start("sleep 600".to_owned(), warnings);
    fire(&mut hook, &json!(1));
    let begun = Instant::now();
    hook.finish();
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn the_password_is_not_in_its_environment_and_what_is_too_big_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let (warnings, _said) = warnings::channel();
    let command = format!(
        "echo \"${{{}-none}}\" >> {}",
        password::VARIABLE,
        out.display()
    );
    let mut hook = Hook::start(command, warnings);
    hook.fire(&"x".repeat(EVENT_BYTES));
    fire(&mut hook, &json!(1));
    wait_for(&out, "none\n");
    hook.finish();
}
