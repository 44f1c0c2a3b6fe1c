//! The command line beside a server of another version, and on what one left: it changes nothing that
//! the server would not expect, and says why it can't do what it can't.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;

use chat_tests::{Finished, RawClient, Server};
use rusqlite::Connection;
use tempfile::TempDir;

fn run(data: &Path, arguments: &[&str]) -> Finished {
    let data = ["--data", data.to_str().unwrap()];
    Server::run(&[arguments, &data].concat(), "a-secret-word\n")
}

#[track_caller]
fn fails(data: &Path, arguments: &[&str], names: &str) {
    let finished = run(data, arguments);
    assert_eq!(finished.status.code(), Some(1), "{}", finished.error);
    assert!(finished.error.contains(names), "{}", finished.error);
    assert_eq!(finished.error.lines().count(), 1, "{}", finished.error);
}

/// All files with what is in them.
fn contents(data: &Path) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(data).unwrap().map(Result::unwrap);
    let mut files: Vec<(String, Vec<u8>)> = files
        .map(|file| {
            let bytes = fs::read(file.path()).unwrap_or_default();
            (file.file_name().into_string().unwrap(), bytes)
        })
        .collect();
    files.sort();
    files
}

/// A data directory as an older server left it.
fn left_by_an_older_server() -> TempDir {
    let directory = TempDir::new().unwrap();
    let added = run(directory.path(), &["user", "add", "alice"]);
    assert_eq!(added.status.code(), Some(0), "{}", added.error);
    let connection = Connection::open(directory.path().join("chat.db")).unwrap();
    connection
        .execute_batch(
            "PRAGMA user_version = 7; ALTER TABLE held RENAME TO kept; DROP TABLE filters;",
        )
        .unwrap();
    connection.close().unwrap();
    directory
}

const WRITING: [&[&str]; 6] = [
    &["user", "add", "bob"],
    &["user", "remove", "alice"],
    &["ban", "add", "stream", "alice"],
    &["mod", "add", "stream", "alice"],
    &["filter", "add", "stream", "word"],
    &["room", "delete", "stream"],
];

#[test]
fn nothing_is_migrated_under_a_server_that_runs() {
    let directory = left_by_an_older_server();
    let data = directory.path();
    // An older server knows the lock on this file alone.
    let lock = File::create(data.join("server.lock")).unwrap();
    lock.lock().unwrap();
    let before = contents(data);
    for arguments in WRITING {
        fails(data, arguments, "in use by another chat-server");
    }
    assert!(contents(data) == before);
    let listed = run(data, &["user", "list"]);
    assert_eq!(listed.out, "alice", "{}", listed.error);
    fails(data, &["filter", "list", "stream"], "has schema version 7");
    fails(
        data,
        &["filter", "list", "stream"],
        "start the server of this version once",
    );
    assert!(contents(data) == before);
}

#[test]
fn reading_migrates_nothing_and_leaves_nothing_behind() {
    let directory = left_by_an_older_server();
    let data = directory.path();
    let before = contents(data);
    assert_eq!(run(data, &["user", "list"]).out, "alice");
    assert_eq!(run(data, &["room", "list"]).status.code(), Some(0));
    assert_eq!(run(data, &["check"]).status.code(), Some(0));
    assert!(contents(data) == before);
    let empty = TempDir::new().unwrap();
    for arguments in [&["user", "list"][..], &["audit"], &["check"]] {
        fails(
            &empty.path().join("data"),
            arguments,
            "there is no database",
        );
        fails(empty.path(), arguments, "there is no database");
    }
    assert!(contents(empty.path()).is_empty());
}

#[test]
fn what_a_crash_left_is_read_and_left_as_it_is() {
    let mut server = Server::start();
    RawClient::join(&server, "alice", "stream").post("hello");
    server.kill();
    let unfolded = |files: &[(String, Vec<u8>)]| {
        let is_kept = |(name, _): &&(String, Vec<u8>)| name == "chat.db" || name == "chat.db-wal";
        files.iter().filter(is_kept).cloned().collect::<Vec<_>>()
    };
    let before = unfolded(&contents(&server.data()));
    assert_eq!(run(&server.data(), &["user", "list"]).out, "alice");
    assert!(unfolded(&contents(&server.data())) == before);
    server.restart();
    assert_eq!(run(&server.data(), &["user", "list"]).out, "alice");
}

#[test]
fn a_server_that_does_not_know_a_request_is_said_to_be_of_another_version() {
    let directory = left_by_an_older_server();
    let data = directory.path();
    let before = fs::read(data.join("chat.db")).unwrap();
    let lock = File::create(data.join("server.lock")).unwrap();
    lock.lock().unwrap();
    let listener = UnixListener::bind(data.join("control.sock")).unwrap();
    let answers = [
        r#"{"Err":"this is no request: unknown variant `filter`"}"#,
        r#"{"Refused":{"why":"new"}}"#,
        "",
    ];
    let serving = std::thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            writeln!(&stream, "{answer}").unwrap();
        }
    });
    for _ in 0..2 {
        fails(
            data,
            &["filter", "add", "stream", "word"],
            "of another version than this program",
        );
    }
    fails(
        data,
        &["filter", "add", "stream", "word"],
        "the server does not answer",
    );
    serving.join().unwrap();
    assert_eq!(fs::read(data.join("chat.db")).unwrap(), before);
}
