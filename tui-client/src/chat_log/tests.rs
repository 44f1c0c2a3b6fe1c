//! What is in the log, under which names, and what becomes of it where the disk fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::writer::{Writer, file_name};
use super::*;
use crate::warnings;

const PATIENCE: Duration = Duration::from_secs(10);
/// 2026-11-27 23:59:59 UTC, in milliseconds.
const LATE: i64 = 1_795_823_999_000;

fn room(text: &str) -> RoomName {
    RoomName::new(text).unwrap()
}

fn line(name: &str, time: i64, text: &str) -> Line {
    Line {
        room: room(name),
        time,
        text: text.to_owned(),
        left_out: 0,
    }
}

fn content(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            format!("{name}: {}", fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn there_is_a_file_for_each_room_and_day() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("logs/h");
    let (warnings, mut said) = warnings::channel();
    let mut log = ChatLog::start(folder.clone(), TimeZone::UTC, warnings);
    log.note(&room("a"), LATE, "carol: hello");
    log.note(&room("b"), LATE, "dave: \u{1b}[31mred\u{7}\nsecond row");
    log.note(&room("a"), LATE + 1_000, "carol: next day");
    assert!(log.finish(PATIENCE));
    assert_eq!(
        content(&folder),
        [
            "a.2026-11-27.txt: 23:59:59 carol: hello\n",
            "a.2026-11-28.txt: 00:00:00 carol: next day\n",
            "b.2026-11-27.txt: 23:59:59 dave: \u{fffd}[31mred\u{fffd}\n         second row\n",
        ]
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("a.2026-11-27.txt")), 0o600);
    assert!(said.try_recv().is_err());
}

#[test]
fn rooms_have_names_that_files_can_have() {
    let check = |name: &str, expected: &str| assert_eq!(file_name(&room(name)), expected);
    check("stream1", "stream1");
    check("Été 東京", "Été%20東京");
    check("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd");
    check(".hidden", "%2Ehidden");
    check("a.b", "a.b");
    check("a%2Fb", "a%252Fb");
    let long = file_name(&room(&"\u{1f600}".repeat(64)));
    assert!(
        long.len() <= 255 - ".2026-11-27.txt".len(),
        "{}",
        long.len()
    );
    let other = file_name(&room(&("\u{1f600}".repeat(63) + "x")));
    assert_ne!(long, other, "told apart by what is cut off");
}

#[test]
fn a_file_that_was_removed_is_made_anew() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("logs");
    let (warnings, _said) = warnings::channel();
    let mut writer = Writer::new(folder.clone(), TimeZone::UTC, warnings);
    writer.write(&[line("a", LATE, "one")]);
    fs::remove_dir_all(&folder).unwrap();
    writer.write(&[line("a", LATE, "two")]);
    assert_eq!(content(&folder), ["a.2026-11-27.txt: 23:59:59 two\n"]);
}

#[test]
fn a_disk_that_fails_is_said_once_and_what_is_missing_is_counted() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("logs");
    let (warnings, mut said) = warnings::channel();
    let mut writer = Writer::new(folder.clone(), TimeZone::UTC, warnings);
    fs::write(&folder, "no folder").unwrap();
    writer.write(&[line("a", LATE, "one"), line("a", LATE, "two")]);
    writer.write(&[line("a", LATE, "three"), line("b", LATE, "one")]);
    let words = said.try_recv().unwrap();
    assert!(words.starts_with("can't write the log"), "{words}");
    assert!(said.try_recv().is_err(), "said once");
    fs::remove_file(&folder).unwrap();
    writer.write(&[line("a", LATE, "four")]);
    writer.write(&[line("a", LATE, "five")]);
    let expected = "a.2026-11-27.txt: \n[3 lines are missing here]\n23:59:59 four\n23:59:59 five\n";
    assert_eq!(content(&folder), [expected]);
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "no folder").unwrap();
    writer.write(&[line("a", LATE, "six")]);
    assert!(said.try_recv().is_ok(), "said again, after it went right");
}

#[test]
fn a_full_disk_is_an_error() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (warnings, mut said) = warnings::channel();
    let mut writer = Writer::new(home.path().to_owned(), TimeZone::UTC, warnings);
    // Not through a link: that would be followed to wherever somebody points it.
    std::os::unix::fs::symlink(full, home.path().join("a.2026-11-27.txt")).unwrap();
    writer.write(&[line("a", LATE, "one")]);
    assert!(said.try_recv().is_ok());
}

#[test]
fn lines_that_come_too_fast_are_counted_and_nobody_waits() {
    let (lines, waiting) = sync_channel(2);
    let (_end, ended) = sync_channel(1);
    let mut log = ChatLog {
        lines,
        left_out: 0,
        ended,
    };
    for number in 0..5 {
        log.note(&room("a"), LATE, &number.to_string());
    }
    let home = tempfile::tempdir().unwrap();
    let (warnings, _said) = warnings::channel();
    let mut writer = Writer::new(home.path().to_owned(), TimeZone::UTC, warnings);
    writer.write(&waiting.try_iter().collect::<Vec<_>>());
    log.note(&room("a"), LATE, "after");
    writer.write(&waiting.try_iter().collect::<Vec<_>>());
    let expected = "a.2026-11-27.txt: 23:59:59 0\n23:59:59 1\n\
        [3 lines are missing here]\n23:59:59 after\n";
    assert_eq!(content(home.path()), [expected]);
}

#[test]
fn a_time_that_no_calendar_has_does_no_harm() {
    let home = tempfile::tempdir().unwrap();
    let (warnings, _said) = warnings::channel();
    let mut writer = Writer::new(home.path().to_owned(), TimeZone::UTC, warnings);
    writer.write(&[line("a", i64::MAX, "x"), line("a", i64::MIN, "y")]);
    assert_eq!(content(home.path()).len(), 1);
}
