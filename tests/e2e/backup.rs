//! Backups, and copies that are put in the database's place: nobody who comes back is told that nothing
//! is missing where something is, and no id names another message than the one it was given to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{contents, eventually, operate, operate_with, said, said_no, whole_log};

fn epoch_of(client: &mut RawClient) -> Value {
    client.history(json!({}))["epoch"].clone()
}

/// The `history` that `alice` gets who has all up to `seq` of `epoch`.
#[track_caller]
fn resumed(server: &Server, epoch: &Value, seq: u64) -> Value {
    let mut client = RawClient::connect(server);
    client.auth_with(json!({
        "username": "alice", "password": password_of("alice"), "room": "stream",
        "since": { "epoch": epoch, "seq": seq },
    }));
    client.expect("history")
}

fn beside(server: &Server, name: &str) -> PathBuf {
    server.data().parent().unwrap().join(name)
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[track_caller]
fn restored_lines(server: &Server, backup: &Path) -> String {
    said(server, &["restore", backup.to_str().unwrap()])
}

#[test]
fn a_backup_that_is_restored_keeps_ids_and_gives_no_lost_one_again() {
    let mut server = Server::start();
    let mut alice = RawClient::connect(&server);
    let token = alice.auth("alice", "stream")["token"].clone();
    for name in ["bob", "carol"] {
        drop(RawClient::join(&server, name, "stream"));
    }
    let kept = alice.post("kept")["id"].clone();
    alice.post("answered");
    let epoch = epoch_of(&mut alice);
    let backup = beside(&server, "backup.db");
    let file = backup.to_str().unwrap();
    let told = said(&server, &["backup", file]);
    assert!(told.contains(file), "{told}");
    assert_eq!(mode(&backup), 0o600);
    said_no(&server, &["backup", file], "there is already");
    said_no(&server, &["restore", file], "in use by another chat-server");

    let lost = alice.post("lost")["id"].clone();
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("gone");
    let gone = alice.expect("message")["id"].clone();
    alice.send("deleteMessage", json!({ "id": gone }));
    alice.expect("deleteMessage");
    said(&server, &["ban", "add", "stream", "bob"]);
    said(&server, &["mod", "add", "stream", "bob"]);
    said(&server, &["admin", "grant", "alice"]);
    said(&server, &["user", "remove", "carol"]);
    let changed = operate_with(&server, &["user", "passwd", "bob"], "another-secret\n");
    assert_eq!(changed.status.code(), Some(0), "{}", changed.error);
    server.stop();
    let told = restored_lines(&server, &backup);
    for line in [
        "ban of bob in stream",
        "account carol",
        "password of bob",
        "bob has no rank 1 in stream any more",
        "alice is no server administrator any more",
        "what 1 deletions took out of stream",
        "before-",
    ] {
        assert!(told.contains(line), "{told}");
    }
    let before = fs::read_dir(server.data())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_kept = |path: &PathBuf| path.to_string_lossy().contains("chat.db.before-");
    let before: Vec<PathBuf> = before.filter(is_kept).collect();
    assert_eq!((before.len(), mode(&before[0])), (1, 0o600));

    server.restart();
    let mut refused = RawClient::connect(&server);
    refused.send(
        "auth",
        json!({ "username": "alice", "token": token, "room": "stream" }),
    );
    refused.expect_cerror(401, Some("auth"));
    for seq in [2, 3] {
        let history = resumed(&server, &epoch, seq);
        assert_eq!(history["recovered"], false);
        assert_eq!(contents(&history), ["kept", "answered"]);
        assert_ne!(history["epoch"], epoch);
    }
    let mut alice = RawClient::join(&server, "alice", "stream");
    assert_eq!(whole_log(&mut alice)[0]["data"]["id"], kept);
    alice.send("message", json!({ "content": "x", "replyTo": lost }));
    alice.expect_cerror(404, Some("message"));
    let third = alice.post("third");
    assert_eq!(third["seq"], 3);
    assert_ne!(third["id"], lost);
    alice.send("message", json!({ "content": "x", "replyTo": lost }));
    alice.expect_cerror(404, Some("message"));
    alice.send("deleteMessage", json!({ "id": lost }));
    alice.expect_cerror(404, Some("deleteMessage"));
    alice.send(
        "message",
        json!({ "content": "to the first", "replyTo": kept }),
    );
    assert_eq!(alice.expect("message")["replyTo"], kept);
    alice.send("deleteMessage", json!({ "id": kept }));
    assert_eq!(alice.expect("deleteMessage")["id"], kept);
    // From here on all is as ever.
    let epoch = epoch_of(&mut alice);
    server.stop();
    server.restart();
    let history = resumed(&server, &epoch, 4);
    assert_eq!(history["recovered"], true);
    assert_eq!(history["entries"][0]["data"]["id"], kept);
    let log = server.stop_and_log();
    assert!(!log.contains("chat.mark"), "{log}");
    // What was there before is a backup as well.
    restored_lines(&server, &before[0]);
    server.restart();
    let mut alice = RawClient::join(&server, "alice", "stream");
    assert_eq!(whole_log(&mut alice)[2]["data"]["id"], lost);
}

#[test]
fn what_is_no_backup_is_refused_and_changes_nothing() {
    let mut server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    alice.post("hello");
    let epoch = epoch_of(&mut alice);
    for name in ["chat.db-wal", "token.key.new", "chat.mark"] {
        let path = server.data().join(name);
        let finished = operate(&server, &["backup", path.to_str().unwrap()]);
        assert_eq!(finished.status.code(), Some(1), "{name}");
    }
    server.stop();
    let own = server.data().join("chat.db-wal");
    said_no(&server, &["backup", own.to_str().unwrap()], "own files");
    let whole = fs::read(server.database()).unwrap();
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&1_000_000u32.to_be_bytes());
    let mut damaged = whole.clone();
    damaged[4096..12288].fill(0x2a);
    let foreign = beside(&server, "foreign");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE t (a)").unwrap();
    connection.close().unwrap();
    let refuse = |bytes: &[u8], names: &str| {
        let path = beside(&server, "candidate");
        fs::write(&path, bytes).unwrap();
        said_no(&server, &["restore", path.to_str().unwrap()], names);
    };
    refuse(b"", "it is empty");
    refuse(
        b"no database at all, but long enough to have a header of one, and then some",
        "is no backup",
    );
    refuse(&whole[..whole.len() / 2], "damaged");
    refuse(&damaged, "damaged");
    refuse(&newer, "use a newer one");
    refuse(&fs::read(&foreign).unwrap(), "another program");
    let database = server.database();
    said_no(
        &server,
        &["restore", database.to_str().unwrap()],
        "the database itself",
    );
    said_no(
        &server,
        &["restore", "/nonexistent/file"],
        "/nonexistent/file",
    );
    assert!(fs::read(server.database()).unwrap() == whole);
    server.restart();
    let history = resumed(&server, &epoch, 1);
    assert_eq!(history["recovered"], true);
}

#[test]
fn a_restore_does_without_what_it_replaces() {
    let mut server = Server::start();
    RawClient::join(&server, "alice", "stream").post("kept");
    let backup = beside(&server, "backup.db");
    said(&server, &["backup", backup.to_str().unwrap()]);
    server.stop();
    fs::write(server.database(), [0x2a; 8192]).unwrap();
    let told = restored_lines(&server, &backup);
    assert!(told.contains("there is no list"), "{told}");
    server.restart();
    let mut alice = RawClient::join(&server, "alice", "stream");
    assert_eq!(whole_log(&mut alice).len(), 1);
    server.stop();
    fs::remove_dir_all(server.data()).unwrap();
    restored_lines(&server, &backup);
    assert_eq!(mode(&server.data()), 0o700);
    server.restart();
    let mut alice = RawClient::join(&server, "alice", "stream");
    assert_eq!(whole_log(&mut alice).len(), 1);
}

/// Takes a copy by `copy`, posts more, ends the server and puts it back by `put_back`: this is noticed.
#[track_caller]
fn is_noticed(
    is_stopped_to_copy: bool,
    is_killed: bool,
    copy: impl Fn(&Server, &Path),
    put_back: impl Fn(&Server, &Path),
) {
    let mut server = Server::start();
    let mut alice = RawClient::connect(&server);
    let token = alice.auth("alice", "stream")["token"].clone();
    alice.post("kept");
    if is_stopped_to_copy {
        server.stop();
    }
    let place = beside(&server, "copy");
    copy(&server, &place);
    if is_stopped_to_copy {
        server.restart();
        alice = RawClient::join(&server, "alice", "stream");
    }
    alice.post("lost");
    let epoch = epoch_of(&mut alice);
    match is_killed {
        true => server.kill(),
        false => server.stop(),
    }
    put_back(&server, &place);
    server.restart();
    let history = resumed(&server, &epoch, 2);
    assert_eq!(history["recovered"], false, "{}", server.log());
    assert_eq!(contents(&history), ["kept"]);
    server.wait_for_log("all rooms have new epochs");
    let mut refused = RawClient::connect(&server);
    refused.send(
        "auth",
        json!({ "username": "alice", "token": token, "room": "stream" }),
    );
    refused.expect_cerror(401, Some("auth"));
    // Once.
    let mut alice = RawClient::join(&server, "alice", "stream");
    let epoch = epoch_of(&mut alice);
    server.kill();
    server.restart();
    assert_eq!(resumed(&server, &epoch, 1)["recovered"], true);
}

fn copy_online(server: &Server, place: &Path) {
    let connection = rusqlite::Connection::open(server.database()).unwrap();
    connection
        .execute("VACUUM INTO ?1", [place.to_str().unwrap()])
        .unwrap();
}

fn remove_side_files(server: &Server) {
    for extension in ["db-wal", "db-shm"] {
        let _ = fs::remove_file(server.database().with_extension(extension));
    }
}

fn copy_all(from: &Path, to: &Path) {
    let from = from.join(".");
    fs::create_dir_all(to).unwrap();
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

#[test]
fn a_copy_that_is_written_over_the_database_is_noticed() {
    for is_killed in [false, true] {
        is_noticed(false, is_killed, copy_online, |server, place| {
            remove_side_files(server);
            fs::copy(place, server.database()).unwrap();
        });
    }
}

#[test]
fn a_copy_that_is_moved_in_the_databases_place_is_noticed() {
    is_noticed(
        true,
        false,
        |server, place| {
            fs::copy(server.database(), place).unwrap();
        },
        |server, place| fs::rename(place, server.database()).unwrap(),
    );
}

#[test]
fn a_directory_that_is_put_back_as_a_whole_is_noticed() {
    let copy = |server: &Server, place: &Path| copy_all(&server.data(), place);
    is_noticed(true, false, copy, |server, place| {
        copy_all(place, &server.data())
    });
    is_noticed(true, true, copy, |server, place| {
        fs::remove_dir_all(server.data()).unwrap();
        copy_all(place, &server.data());
    });
}

#[test]
fn a_copy_without_its_mark_is_noticed() {
    is_noticed(false, false, copy_online, |server, place| {
        fs::remove_dir_all(server.data()).unwrap();
        fs::create_dir(server.data()).unwrap();
        fs::copy(place, server.database()).unwrap();
    });
}

#[test]
fn a_command_may_be_the_first_to_notice() {
    let mut server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let epoch = epoch_of(&mut alice);
    alice.post("kept");
    let place = beside(&server, "copy");
    copy_online(&server, &place);
    alice.post("lost");
    server.stop();
    fs::copy(&place, server.database()).unwrap();
    let finished = operate(&server, &["user", "logout", "alice"]);
    assert_eq!(finished.status.code(), Some(0));
    assert!(finished.error.contains("older copy"), "{}", finished.error);
    server.restart();
    assert_eq!(resumed(&server, &epoch, 2)["recovered"], false);
}

#[test]
fn ends_and_commands_in_between_lose_nothing() {
    let mut server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let epoch = epoch_of(&mut alice);
    for (seq, is_killed) in [(1, true), (2, false), (3, true)] {
        let mut alice = RawClient::join(&server, "alice", "stream");
        alice.post("one more");
        match is_killed {
            true => server.kill(),
            false => server.stop(),
        }
        // One that looks, by whatever means, and one that writes.
        let connection = rusqlite::Connection::open(server.database()).unwrap();
        connection
            .query_row("SELECT count(*) FROM rooms", [], |_| Ok(()))
            .unwrap();
        drop(connection);
        said(&server, &["room", "list"]);
        let other = format!("other{seq}");
        said(&server, &["room", "add", &other]);
        said(&server, &["room", "delete", &other]);
        server.restart();
        let history = resumed(&server, &epoch, seq);
        assert_eq!(history["recovered"], true, "{}", server.log());
    }
    let log = server.stop_and_log();
    assert!(!log.contains("new epochs"), "{log}");
}

#[test]
fn a_server_without_its_socket_is_a_server_all_the_same() {
    let mut server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let socket = server.data().join("control.sock");
    fs::remove_file(&socket).unwrap();
    fs::create_dir(&socket).unwrap();
    let writing: [&[&str]; 9] = [
        &["user", "remove", "bob"],
        &["user", "logout", "bob"],
        &["user", "add", "carol"],
        &["ban", "add", "stream", "bob"],
        &["ban", "add", "--address", "203.0.113.7"],
        &["mod", "add", "stream", "bob"],
        &["admin", "grant", "bob"],
        &["filter", "add", "stream", "word"],
        &["room", "add", "other"],
    ];
    std::thread::scope(|scope| {
        for arguments in writing {
            let server = &server;
            scope.spawn(move || {
                let finished = operate_with(server, arguments, "a-secret-word\n");
                assert_eq!(
                    finished.status.code(),
                    Some(1),
                    "{arguments:?} {}",
                    finished.out
                );
                assert!(finished.error.contains("in use by another chat-server"));
            });
        }
    });
    said_no(
        &server,
        &["room", "delete", "stream"],
        "in use by another chat-server",
    );
    assert_eq!(said(&server, &["user", "list"]), "bob");
    bob.post("still here");
    fs::remove_dir(&socket).unwrap();
    eventually(|| socket.exists().then_some(()));
    // One that was just removed is waited for.
    fs::remove_file(&socket).unwrap();
    said(&server, &["user", "remove", "bob"]);
    bob.expect_close(4106);
    // A socket that nobody listens to is no server.
    server.kill();
    assert!(socket.exists());
    said(&server, &["room", "add", "other"]);
}
