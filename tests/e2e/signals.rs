//! What signals do to a server, and that none ends it without a word to its clients.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;

use chat_tests::{RawClient, Server, Signal, binaries};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;

use crate::support::eventually;

#[test]
fn sigquit_ends_the_server_like_sigint() {
    let mut server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    server.signal(Signal::QUIT);
    alice.expect_close(1001);
    assert_eq!(server.finish().status.code(), Some(0));
}

#[test]
fn signals_that_mean_nothing_to_it_leave_the_server_alone() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    for (signal, name) in [
        (Signal::HUP, "SIGHUP"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::ALARM, "SIGALRM"),
    ] {
        server.signal(signal);
        server.wait_for_log(name);
        alice.post(name);
    }
}

#[test]
fn a_server_whose_terminal_is_closed_says_good_bye() {
    let directory = tempfile::TempDir::new().unwrap();
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(&binaries().server);
    command.args([
        "--port",
        "0",
        "--log-format",
        "json",
        "--registration",
        "open",
    ]);
    command.args(["--bind", "127.0.0.1", "--data"]);
    command.arg(directory.path().join("data"));
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut lines = BufReader::new(pair.master.try_clone_reader().unwrap()).lines();
    let address: SocketAddr = lines
        .find_map(|line| {
            let line: Value = serde_json::from_str(&line.unwrap()).ok()?;
            line["fields"]["address"].as_str()?.parse().ok()
        })
        .unwrap();
    let mut alice = RawClient::open(address, "/ws").unwrap();
    alice.expect("connection");
    alice.auth("alice", "stream");
    drop((lines, pair.master));
    alice.expect_close(1001);
    let status = eventually(|| child.try_wait().unwrap());
    assert_eq!(status.exit_code(), 0);
}
