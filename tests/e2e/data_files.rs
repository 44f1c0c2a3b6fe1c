//! What becomes of the data directory under a running server, and where it may be: nothing is said to
//! be stored that is not, and nobody else gets in.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use chat_tests::{RawClient, Server, ServerSetup};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{eventually, is_well, whole_log};

/// Harms a running server's files: it says so by itself, refuses what it can't store, and, where
/// `mend` puts everything back, goes on as if nothing had been.
#[track_caller]
fn notices(harm: impl FnOnce(&Server), mend: impl FnOnce(&Server)) -> Server {
    let server = Server::start_without_limits();
    let mut alice = RawClient::join(&server, "alice", "stream");
    alice.post("before");
    harm(&server);
    // Nobody posts meanwhile.
    eventually(|| (!is_well(&server)).then_some(()));
    alice.send("message", json!({ "content": "now", "nonce": "n" }));
    alice.expect_cerror(503, Some("message"));
    server.wait_for_log("nothing is stored any more until");
    mend(&server);
    server
}

#[track_caller]
fn notices_for_good(harm: impl FnOnce(&Server)) {
    notices(harm, |_| {});
}

#[track_caller]
fn notices_and_goes_on(harm: impl FnOnce(&Server), mend: impl FnOnce(&Server)) {
    let mut server = notices(harm, mend);
    eventually(|| is_well(&server).then_some(()));
    let mut alice = RawClient::join(&server, "alice", "stream");
    assert_eq!(alice.post("after")["seq"], 2);
    server.kill();
    server.restart();
    let mut alice = RawClient::join(&server, "alice", "stream");
    assert_eq!(whole_log(&mut alice).len(), 2);
}

fn beside(server: &Server, name: &str) -> PathBuf {
    server.data().parent().unwrap().join(name)
}

fn log_of(server: &Server) -> PathBuf {
    server.database().with_extension("db-wal")
}

#[test]
fn a_deleted_database_is_noticed() {
    notices_for_good(|server| fs::remove_file(server.database()).unwrap());
}

#[test]
fn a_deleted_database_with_another_name_is_noticed() {
    notices_for_good(|server| {
        fs::hard_link(server.database(), beside(server, "link")).unwrap();
        fs::remove_file(server.database()).unwrap();
    });
}

#[test]
fn deleted_side_files_are_noticed_and_stopping_saves_what_was_in_them() {
    for extension in ["db-wal", "db-shm"] {
        let path = |server: &Server| server.database().with_extension(extension);
        let mut server = notices(|server| fs::remove_file(path(server)).unwrap(), |_| {});
        server.stop();
        server.restart();
        let mut alice = RawClient::join(&server, "alice", "stream");
        assert_eq!(whole_log(&mut alice).len(), 1, "{extension}");
    }
}

#[test]
fn a_deleted_directory_is_noticed() {
    notices_for_good(|server| fs::remove_dir_all(server.data()).unwrap());
}

#[test]
fn a_backup_in_the_databases_place_is_noticed() {
    notices_for_good(|server| {
        let copy = beside(server, "copy");
        fs::copy(server.database(), &copy).unwrap();
        fs::rename(&copy, server.database()).unwrap();
    });
}

#[test]
fn a_backup_written_over_the_database_is_noticed() {
    notices_for_good(|server| {
        let bytes = fs::read(server.database()).unwrap();
        fs::write(server.database(), bytes).unwrap();
    });
}

#[test]
fn an_emptied_log_is_noticed() {
    notices_for_good(|server| fs::write(log_of(server), "").unwrap());
}

#[test]
fn a_database_that_was_moved_is_noticed_until_it_is_back() {
    notices_and_goes_on(
        |server| fs::rename(server.database(), beside(server, "moved")).unwrap(),
        |server| fs::rename(beside(server, "moved"), server.database()).unwrap(),
    );
}

#[test]
fn a_directory_that_was_moved_is_noticed_until_it_is_back() {
    notices_and_goes_on(
        |server| {
            fs::rename(server.data(), beside(server, "moved")).unwrap();
            fs::create_dir(server.data()).unwrap();
        },
        |server| {
            fs::remove_dir(server.data()).unwrap();
            fs::rename(beside(server, "moved"), server.data()).unwrap();
        },
    );
}

#[test]
fn a_long_use_is_no_harm() {
    // Long enough for the log to be folded into the database some times.
    let mut server = Server::start_with(&["--no-limits", "--durability", "relaxed"]);
    let mut alice = RawClient::join(&server, "alice", "stream");
    let text = "x".repeat(500);
    let folded = || server.database().metadata().unwrap().len();
    let mut grown = 0;
    let mut size = folded();
    // Each is a commit of its own.
    while grown < 2 {
        alice.post(&text);
        grown += usize::from(folded() != size);
        size = folded();
    }
    assert!(is_well(&server));
    let log = server.stop_and_log();
    assert!(!log.contains("nothing"), "{log}");
}

#[test]
fn another_program_that_keeps_to_the_rules_is_no_harm() {
    let mut server = Server::start_without_limits();
    let mut alice = RawClient::join(&server, "alice", "stream");
    for pragma in ["wal_checkpoint(PASSIVE)", "wal_checkpoint(TRUNCATE)"] {
        alice.post("before");
        let connection = rusqlite::Connection::open(server.database()).unwrap();
        let sql = format!("PRAGMA {pragma}");
        connection.query_row(&sql, [], |_| Ok(())).unwrap();
        connection.close().unwrap();
        alice.post("after");
    }
    assert!(is_well(&server));
    let log = server.stop_and_log();
    assert!(!log.contains("nothing"), "{log}");
}

#[test]
fn a_token_key_that_is_removed_or_changed_is_told_of() {
    let server = Server::start();
    let key = server.data().join("token.key");
    let moved = beside(&server, "token.key");
    fs::rename(&key, &moved).unwrap();
    server.wait_for_log("the token key was removed");
    fs::rename(&moved, &key).unwrap();
    server.wait_for_log("the token key is back");
    fs::write(&key, [1; 32]).unwrap();
    let warnings = || server.log().matches("the token key was removed").count();
    eventually(|| (warnings() == 2).then_some(()));
    assert!(is_well(&server));
}

#[track_caller]
fn gives_up(data: &Path, names: &str) {
    let data = data.to_str().unwrap();
    let finished = Server::run(&["--port", "0", "--data", data], "");
    assert_eq!(finished.status.code(), Some(1), "{}", finished.error);
    assert!(finished.error.contains(names), "{}", finished.error);
}

#[test]
fn a_second_server_finds_the_first_by_any_name_and_without_its_lock_file() {
    let server = Server::start();
    let link = beside(&server, "link");
    std::os::unix::fs::symlink(server.data(), &link).unwrap();
    gives_up(&link, "in use by another chat-server");
    fs::remove_file(server.data().join("server.lock")).unwrap();
    gives_up(&server.data(), "in use by another chat-server");
    // The same database in a directory of its own.
    for link_to in [fs::hard_link::<PathBuf, PathBuf>, |from, to| {
        std::os::unix::fs::symlink(from, to)
    }] {
        let other = TempDir::new().unwrap();
        link_to(server.database(), other.path().join("chat.db")).unwrap();
        gives_up(other.path(), "in use by another chat-server");
    }
    RawClient::join(&server, "alice", "stream").post("unharmed");
    // A copy is a server of its own.
    let copy = TempDir::new().unwrap();
    fs::copy(server.database(), copy.path().join("chat.db")).unwrap();
    let added = Server::manage_users(copy.path(), &["add", "bob"], "a-secret-word\n");
    assert_eq!(added.status.code(), Some(0), "{}", added.error);
}

/// A path below `directory` with so many bytes, in names of 100 bytes at most.
fn path_of(directory: &Path, bytes: usize) -> PathBuf {
    let mut path = directory.to_owned();
    loop {
        let length = path.as_os_str().len();
        match bytes - length - 1 {
            rest if rest <= 100 => return path.join("d".repeat(rest)),
            _ => path.push("d".repeat(98)),
        }
    }
}

#[test]
fn commands_work_however_long_the_way_to_the_data_is() {
    let directory = TempDir::new().unwrap();
    for bytes in [90, 94, 95, 96, 108, 300, 496] {
        let setup = ServerSetup::new(&[]);
        let data = path_of(directory.path(), bytes);
        let setup = setup.with_data(data.to_str().unwrap());
        let mut server = Server::start_as(setup);
        drop(RawClient::join(&server, "bob", "stream"));
        let mut bob = RawClient::join(&server, "bob", "stream");
        let said = |arguments: &[&str]| {
            let data = ["--data", data.to_str().unwrap()];
            let finished = Server::run(&[arguments, &data].concat(), "");
            assert_eq!(
                finished.status.code(),
                Some(0),
                "{bytes}: {}",
                finished.error
            );
            finished.out
        };
        said(&["ban", "add", "stream", "bob"]);
        bob.expect("ban");
        server.stop();
        assert!(!data.join("control.sock").exists());
        said(&["ban", "remove", "stream", "bob"]);
        said(&["filter", "add", "stream", "word"]);
        assert_eq!(said(&["ban", "list", "stream"]), "");
    }
}

#[test]
fn a_path_that_is_too_long_is_said_to_be_and_nothing_is_made() {
    let directory = TempDir::new().unwrap();
    for bytes in [497, 600, 5_000] {
        let data = path_of(directory.path(), bytes);
        gives_up(&data, "at most 496 are possible");
        let data = data.to_str().unwrap();
        for arguments in [
            &["user", "list"][..],
            &["ban", "add", "stream", "bob"],
            &["mod", "list", "stream"],
        ] {
            let arguments = [arguments, &["--data", data]].concat();
            let finished = Server::run(&arguments, "");
            assert_eq!(finished.status.code(), Some(1), "{}", finished.error);
            let said = finished.error;
            assert!(
                said.contains("bytes") || said.contains("no database"),
                "{said}"
            );
        }
    }
    gives_up(&directory.path().join("d".repeat(256)), "name too long");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_path_need_not_be_text() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join(OsStr::from_bytes(b"d\xff"));
    let typed = "a-secret-word\n";
    let added = Server::manage_users(&data, &["add", "alice"], typed);
    assert_eq!(added.status.code(), Some(0), "{}", added.error);
    assert!(data.join("chat.db").exists());
    assert_eq!(Server::manage_users(&data, &["list"], "").out, "alice");
}

#[test]
fn a_control_socket_that_is_removed_comes_back() {
    let mut server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let socket = server.data().join("control.sock");
    fs::remove_file(&socket).unwrap();
    eventually(|| socket.exists().then_some(()));
    let data = server.data();
    let ban = [
        "ban",
        "add",
        "stream",
        "bob",
        "--data",
        data.to_str().unwrap(),
    ];
    eventually(|| (Server::run(&ban, "").status.code() == Some(0)).then_some(()));
    bob.expect("ban");
    server.stop();
    assert!(!socket.exists());
}
