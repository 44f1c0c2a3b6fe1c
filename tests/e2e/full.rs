//! A server that is full: what its log says, and what those are told who watch it.

use chat_tests::{RawClient, RawSocket, Server};
use serde_json::json;

use crate::rig;
use crate::support::{eventually, is_well};

/// The status and the body of the answer to `GET path`.
#[track_caller]
fn get(server: &Server, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = RawSocket::request(server.address(), &request);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

#[track_caller]
fn ready_again(server: &Server) {
    eventually(|| (get(server, "/readyz").0 == 200).then_some(()));
}

#[test]
fn a_full_server_is_well_but_not_ready_and_its_log_says_so() {
    let server = Server::start_with(&["--max-connections", "2"]);
    assert_eq!(get(&server, "/readyz").0, 200);
    let first = RawClient::connect(&server);
    let mut second = RawClient::connect(&server);
    let (status, body) = get(&server, "/readyz");
    assert_eq!(status, 503, "{body}");
    assert!(
        body.contains("\"full\"") && body.contains("too many connections"),
        "{body}"
    );
    assert_eq!(get(&server, "/healthz").0, 200);
    let head = "HEAD /readyz HTTP/1.0\r\n\r\n";
    let answer = RawSocket::request(server.address(), head);
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
    // Everybody else is still told to come again.
    for request in [
        "GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        "POST /healthz HTTP/1.0\r\n\r\n",
    ] {
        let answer = RawSocket::request(server.address(), request);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(
            answer.to_lowercase().contains("\r\nretry-after: "),
            "{answer}"
        );
    }
    let warning = "too many connections, others are refused";
    let line = server.wait_for_log(warning);
    assert!(line.contains("--max-connections"), "{line}");
    drop(first);
    ready_again(&server);
    server.wait_for_log("no longer too many connections");
    assert_eq!(server.log().matches(warning).count(), 1, "{}", server.log());
    second.auth("alice", "stream");
}

#[test]
fn places_of_those_who_are_in_no_room_are_places_too() {
    let server = Server::start_with(&["--max-unauthenticated", "1"]);
    let mut first = RawClient::connect(&server);
    let (status, body) = get(&server, "/readyz");
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("have not authenticated"), "{body}");
    assert_eq!(get(&server, "/healthz").0, 200);
    server.wait_for_log("--max-unauthenticated");
    first.auth("alice", "stream");
    ready_again(&server);
}

#[test]
fn an_address_that_has_all_its_places_is_named() {
    let caps = [
        "--trusted-proxy",
        "127.0.0.1",
        "--max-connections-per-address",
        "1",
    ];
    let server = Server::start_with(&caps);
    let _first = RawClient::open_for(server.address(), "203.0.113.5").unwrap();
    RawClient::open_for(server.address(), "203.0.113.5").unwrap_err();
    let line = server.wait_for_log("--max-connections-per-address");
    assert!(line.contains("203.0.113.5"), "{line}");
    // The others have theirs.
    assert_eq!(get(&server, "/readyz").0, 200);
}

#[test]
fn who_watches_takes_no_place_and_is_answered_past_those_who_say_nothing() {
    let server = Server::start_with(&["--max-connections", "1"]);
    for _ in 0..20 {
        assert_eq!(get(&server, "/readyz").0, 200);
        assert_eq!(get(&server, "/healthz").0, 200);
    }
    let _only = RawClient::connect(&server);
    // More than are let wait, and again and again.
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.extend((0..20).map(|_| RawSocket::open(server.address())));
        let health = eventually(|| Some(get(&server, "/healthz").0).filter(|code| *code == 200));
        assert_eq!(health, 200);
    }
    for mut socket in silent {
        let head = socket.read_head();
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    }
}

#[test]
fn a_server_that_stores_nothing_is_neither_well_nor_ready() {
    let server = Server::start_as(rig::setup(&[]).outliving_file_limit());
    let mut alice = RawClient::join(&server, "alice", "stream");
    server.limit_files(Some(0));
    alice.send("message", json!({ "content": "now" }));
    alice.expect_cerror(503, Some("message"));
    assert!(!is_well(&server));
    let (status, body) = get(&server, "/readyz");
    assert_eq!(status, 503);
    assert!(body.contains("store failing"), "{body}");
    server.limit_files(None);
    ready_again(&server);
}

#[test]
fn too_many_open_files_are_told_once_and_so_is_their_end() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let before = server.limit_open_files(Some(8));
    // They connect to the system, which can't hand them over.
    let waiting: Vec<RawSocket> = (0..3).map(|_| RawSocket::open(server.address())).collect();
    server.wait_for_log("cannot accept connections");
    alice.post("still here");
    server.limit_open_files(before);
    server.wait_for_log("connections are accepted again");
    assert_eq!(
        server.log().matches("cannot accept").count(),
        1,
        "{}",
        server.log()
    );
    drop(waiting);
    ready_again(&server);
}
