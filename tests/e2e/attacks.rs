//! Clients that send as fast as they can, and whom nobody else may notice.
//!
//! Two attackers without a login, beside members who measure how long an answer takes. Each has many
//! connections: on a machine with few processors the server takes them from an attacker that has
//! one, and finds its socket empty sooner than it would over a network.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chat_tests::{Opcode, RawClient, RawSocket, Server, frame, handshake, not_final};
use serde_json::Value;

const ATTACKERS: usize = 2;
const MEMBERS: [&str; 3] = ["alice", "bob", "carol"];
/// How long an attack goes on.
const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_secs(4);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_millis(250);
/// How long a member waits before the next question.
const PAUSE: Duration = Duration::from_millis(10);
/// How long an attacker waits who was thrown out, so that it does not run out of ports.
const COMEBACK: Duration = Duration::from_millis(10);
/// How long an attacker waits whose connections all take no more.
const FULL: Duration = Duration::from_millis(1);
/// An attacker's connections, and where nothing limits what comes on each.
const CONNECTIONS: usize = 25;
const FEW: usize = 1;
/// What an attacker writes at once.
const AT_ONCE: usize = 64 * 1024;

#[test]
fn empty_parts_without_end_hold_nobody_up() {
    let part = not_final(frame(Opcode::CONTINUATION, b""));
    nobody_notices(&[], CONNECTIONS, LONG, &part);
}

#[test]
fn parts_of_one_byte_without_end_hold_nobody_up() {
    let part = not_final(frame(Opcode::CONTINUATION, b" "));
    nobody_notices(&[], CONNECTIONS, SHORT, &part);
}

#[test]
fn parts_and_pings_without_end_hold_nobody_up() {
    let mut part = not_final(frame(Opcode::CONTINUATION, b""));
    part.extend(frame(Opcode::PING, b"still there?"));
    nobody_notices(&[], CONNECTIONS, SHORT, &part);
}

#[test]
fn pings_without_end_hold_nobody_up_where_there_are_no_limits() {
    let ping = frame(Opcode::PING, b"still there?");
    nobody_notices(&["--no-limits"], FEW, SHORT, &ping);
}

/// Attacks a server with these arguments for so long, on so many connections of each attacker, with a
/// message that goes on with `part` again and again.
#[track_caller]
fn nobody_notices(arguments: &[&str], connections: usize, time: Duration, part: &[u8]) {
    // One attack at a time: another one is not what is measured.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut started = Server::start_with(arguments);
    let server = &started;
    let mut first = handshake("/", "").into_bytes();
    first.extend(not_final(frame(Opcode::TEXT, b"{")));
    let rest = part.repeat(AT_ONCE / part.len());
    let members = MEMBERS.map(|name| RawClient::join(server, name, "stream"));
    // Runs on the same machine at the same time, and nobody attacks it.
    let other = &Server::start();
    let deadline = Instant::now() + time;
    let (slowest, stall) = std::thread::scope(|scope| {
        for _ in 0..ATTACKERS {
            scope.spawn(|| attack(server, &first, &rest, connections, deadline));
        }
        let stall = scope.spawn(move || longest_stall(deadline));
        let elsewhere = scope.spawn(move || slowest_health(other, deadline));
        let health = scope.spawn(|| slowest_health(server, deadline));
        let members = members.map(|member| scope.spawn(move || slowest_pong(member, deadline)));
        let health = health.join().unwrap();
        let pongs = members.map(|member| member.join().unwrap());
        let slowest = pongs.into_iter().max().unwrap().max(health);
        let stall = stall.join().unwrap().max(elsewhere.join().unwrap());
        (slowest, stall)
    });
    // Where the machine itself stood still, or had much else to do, nobody answers.
    assert!(
        slowest < ANSWER + stall,
        "an answer took {slowest:?}; the machine's own stalls took {stall:?}"
    );
    let log = started.stop_and_log();
    assert!(!log.contains("panicked"), "{log}");
}

/// Sends `first` and then `rest` without end on all of an attacker's connections, and comes back where
/// it is thrown out.
fn attack(server: &Server, first: &[u8], rest: &[u8], connections: usize, deadline: Instant) {
    let open = || {
        let mut socket = RawSocket::open(server.address());
        socket.write(first);
        socket.begin_flood()
    };
    let mut floods: Vec<_> = (0..connections).map(|_| Some(open())).collect();
    let mut opened = Instant::now();
    while Instant::now() < deadline {
        let mut has_written = false;
        for place in &mut floods {
            match place {
                Some(flood) => match flood.write(rest) {
                    Ok(written) => has_written |= written > 0,
                    Err(_) => *place = None,
                },
                None if opened.elapsed() >= COMEBACK => {
                    *place = Some(open());
                    opened = Instant::now();
                }
                None => {}
            }
        }
        if !has_written {
            std::thread::sleep(FULL);
        }
    }
}

/// The longest time in which an answer to `ping` came.
fn slowest_pong(mut member: RawClient, deadline: Instant) -> Duration {
    let mut slowest = Duration::ZERO;
    while Instant::now() < deadline {
        let asked = Instant::now();
        member.send("ping", Value::Null);
        member.expect("pong");
        slowest = slowest.max(asked.elapsed());
        std::thread::sleep(PAUSE);
    }
    slowest
}

/// The longest time in which somebody new was told that the server is well.
fn slowest_health(server: &Server, deadline: Instant) -> Duration {
    let mut slowest = Duration::ZERO;
    while Instant::now() < deadline {
        let asked = Instant::now();
        let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let answer = RawSocket::request(server.address(), request);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        slowest = slowest.max(asked.elapsed());
        std::thread::sleep(PAUSE);
    }
    slowest
}

/// How much longer than it should a sleep took at most: no answer can be faster than that.
fn longest_stall(deadline: Instant) -> Duration {
    let mut longest = Duration::ZERO;
    while Instant::now() < deadline {
        let asleep = Instant::now();
        std::thread::sleep(PAUSE);
        longest = longest.max(asleep.elapsed().saturating_sub(PAUSE));
    }
    longest
}
