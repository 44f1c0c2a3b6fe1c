//! Starts that can't succeed: one clear line, an exit code, and nothing harmed.

use std::net::TcpListener;
use std::path::Path;

use chat_tests::{Finished, RawClient, Server, ServerSetup};
use tempfile::TempDir;

/// The line that says why; log lines are JSON objects, and none of them is that line.
#[track_caller]
fn complaint(finished: &Finished) -> String {
    let lines: Vec<&str> = finished
        .error
        .lines()
        .filter(|line| !line.starts_with('{'))
        .collect();
    match lines[..] {
        [line] if line.starts_with("chat-server: ") => line.to_owned(),
        _ => panic!("not one clear line: {}", finished.error),
    }
}

/// A server must give up with `data` as its data directory: something on this machine is wrong.
#[track_caller]
fn fails_to_start(data: &Path, arguments: &[&str], names: &str) {
    gives_up(1, data, arguments, names);
}

#[track_caller]
fn gives_up(code: i32, data: &Path, arguments: &[&str], names: &str) {
    let data = data.to_str().unwrap();
    let mut all = vec![
        "--bind",
        "127.0.0.1",
        "--data",
        data,
        "--log-format",
        "json",
    ];
    if !arguments.contains(&"--port") {
        all.extend(["--port", "0"]);
    }
    all.extend(arguments);
    let finished = Server::run(&all, "");
    assert_eq!(finished.status.code(), Some(code), "{}", finished.error);
    let complaint = complaint(&finished);
    assert!(complaint.contains(names), "{complaint} names no {names}");
    assert_eq!(finished.out, "");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    fails_to_start(&data, &["--port", &port], &port);
}

#[test]
fn a_data_directory_that_cannot_be_is_named() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    fails_to_start(&file.join("data"), &[], file.to_str().unwrap());
    fails_to_start(&file, &[], file.to_str().unwrap());
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
}

#[test]
fn a_damaged_database_is_named_and_left_as_it_is() {
    let directory = TempDir::new().unwrap();
    let database = directory.path().join("chat.db");
    let garbage: Vec<u8> = (0..8192u32).map(|number| (number * 7) as u8).collect();
    std::fs::write(&database, &garbage).unwrap();
    fails_to_start(directory.path(), &[], database.to_str().unwrap());
    assert_eq!(std::fs::read(&database).unwrap(), garbage);
}

#[test]
fn a_database_that_is_cut_short_is_left_as_it_is() {
    let mut server = Server::start();
    RawClient::join(&server, "alice", "stream").post("hello");
    server.stop();
    let whole = std::fs::read(server.database()).unwrap();
    let half = &whole[..whole.len() / 2];
    std::fs::write(server.database(), half).unwrap();
    fails_to_start(&server.data(), &[], server.database().to_str().unwrap());
    assert_eq!(std::fs::read(server.database()).unwrap(), half);
}

#[test]
fn a_database_of_a_newer_version_is_left_as_it_is() {
    let mut server = Server::start();
    RawClient::join(&server, "alice", "stream").post("hello");
    server.stop();
    let mut bytes = std::fs::read(server.database()).unwrap();
    // The user version of an SQLite file (its file format, section 1.3).
    bytes[60..64].copy_from_slice(&1_000_000u32.to_be_bytes());
    std::fs::write(server.database(), &bytes).unwrap();
    fails_to_start(&server.data(), &[], "newer");
    assert_eq!(std::fs::read(server.database()).unwrap(), bytes);
}

#[test]
fn a_second_server_on_the_same_data_gives_up_and_leaves_the_first_alone() {
    let server = Server::start();
    let mut client = RawClient::join(&server, "alice", "stream");
    let data = server.data();
    fails_to_start(&data, &[], data.to_str().unwrap());
    client.post("unharmed");
    assert_eq!(
        RawClient::join(&server, "bob", "stream").post("too")["seq"],
        2
    );
}

#[test]
fn an_unknown_flag_is_a_usage_error() {
    let finished = Server::run(&["--no-such-flag"], "");
    assert_eq!(finished.status.code(), Some(2), "{}", finished.error);
    assert!(
        finished.error.contains("--no-such-flag"),
        "{}",
        finished.error
    );
    let finished = Server::run(&["--port", "many"], "");
    assert_eq!(finished.status.code(), Some(2), "{}", finished.error);
    assert!(finished.error.contains("--port"), "{}", finished.error);
}

#[test]
fn a_configuration_that_is_wrong_is_named_by_file_and_key() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("server.toml");
    let path = file.to_str().unwrap();
    let data = directory.path().join("data");
    for (text, key) in [
        ("no-such-key = 1\n", "no-such-key"),
        ("\nport = \"many\"\n", "line 2"),
        ("port = \n", path),
    ] {
        std::fs::write(&file, text).unwrap();
        gives_up(2, &data, &["--config", path], key);
        gives_up(2, &data, &["--config", path], path);
    }
    let missing = directory.path().join("missing.toml");
    let missing = missing.to_str().unwrap();
    gives_up(2, &data, &["--config", missing], missing);
    assert!(
        !data.exists(),
        "nothing is made before the settings are read"
    );
}

#[test]
fn a_flag_wins_over_the_configuration_file() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("server.toml");
    std::fs::write(
        &file,
        "port = 1\nregistration = \"closed\"\nauth-timeout = 1\n",
    )
    .unwrap();
    // The harness's own flags set the port and open the registration.
    let server = Server::start_with(&["--config", file.to_str().unwrap()]);
    drop(RawClient::join(&server, "alice", "stream"));
    RawClient::connect(&server).expect_close(4001);
}

#[test]
fn a_full_disk_is_called_so() {
    let sizes = [0, 1, 4, 8, 16, 32, 64];
    for kilobytes in sizes {
        let directory = TempDir::new().unwrap();
        let data = directory.path().join("data");
        let setup = ServerSetup::new(&[]).with_data(data.to_str().unwrap());
        let finished = Server::run_as(setup.with_limit("-f", kilobytes).outliving_file_limit());
        assert_eq!(finished.status.code(), Some(1), "{}", finished.error);
        let complaint = complaint(&finished);
        let is_clear = ["full", "too large", "may not grow"];
        assert!(
            is_clear.iter().any(|words| complaint.contains(words)),
            "{complaint}"
        );
        assert!(!complaint.contains("Error code"), "{complaint}");
    }
}

#[test]
fn too_few_open_files_for_connections_are_an_error_and_fewer_than_wanted_a_warning() {
    let finished = Server::run_as(ServerSetup::new(&[]).with_limit("-n", 64));
    assert_eq!(finished.status.code(), Some(1), "{}", finished.error);
    let complaint = complaint(&finished);
    assert!(
        complaint.contains("the limit on open files is 64"),
        "{complaint}"
    );
    assert!(complaint.contains("raise it to 96"), "{complaint}");
    let warning = "the limit on open files allows fewer connections";
    let server = Server::start_as(ServerSetup::new(&[]).with_limit("-n", 96));
    let clients: Vec<RawClient> = (0..32).map(|_| RawClient::connect(&server)).collect();
    server.wait_for_log(warning);
    drop(clients);
    // What was asked for is not lowered in silence, however little.
    let two_more = ServerSetup::new(&["--max-connections", "34"]).with_limit("-n", 96);
    Server::start_as(two_more).wait_for_log(warning);
    // Who wants no more is content with less.
    let few = ServerSetup::new(&["--max-connections", "3"]).with_limit("-n", 80);
    let log = Server::start_as(few).stop_and_log();
    assert!(!log.contains(warning), "{log}");
}

#[test]
fn pages_of_any_site_are_warned_of_where_others_can_reach_the_server() {
    let warning = "pages of any web site may connect";
    // An address that no machine has (RFC 5737), so that nobody can reach it meanwhile.
    let run = |arguments: &[&str]| Server::run_as(ServerSetup::new(arguments)).error;
    let elsewhere = ["--bind", "192.0.2.1"];
    let origin = ["--allowed-origin", "https://example.org"];
    assert!(run(&elsewhere).contains(warning));
    assert!(!run(&[elsewhere, origin].concat()).contains(warning));
    let log = Server::start().stop_and_log();
    assert!(!log.contains(warning), "{log}");
}
