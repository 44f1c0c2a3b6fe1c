//! Servers that send without end what no message becomes of: the keys work, and nothing grows.

use std::time::{Duration, Instant};

use chat_tests::{Door, Flood, Terminal};

use super::{greet, leave, play_server_until, terminal_at};

/// Frames as a server sends them: not masked.
const BEGINNING: &[u8] = &[0x01, 1, b'{'];
const EMPTY_PART: &[u8] = &[0x00, 0];
const PING: &[u8] = &[0x89, 125];
const PING_HOLDS: &[u8] = &[b'x'; 125];
/// How long a key may take to show.
const AT_ONCE: Duration = Duration::from_secs(2);
/// How long the client is watched.
const WATCHED: Duration = Duration::from_secs(3);
/// Bytes that it may take more than before, while the flood comes.
const GROWTH: usize = 16 * 1024 * 1024;

/// Lets the client in; what follows is the flood.
fn let_in_and_flood(door: &Door) -> Flood {
    let mut peer = greet(door);
    play_server_until(&mut peer, "message");
    peer.begin_flood()
}

/// The terminal answers to keys, and does not grow.
#[track_caller]
fn is_unharmed(terminal: &mut Terminal) {
    // What it takes to draw at all is not what grows.
    terminal.wait_for_text("F1 help");
    let before = terminal.memory();
    let end = Instant::now() + WATCHED;
    for count in 1.. {
        let asked = Instant::now();
        terminal.type_text("x");
        terminal.wait_for_text(&format!("> {}", "x".repeat(count)));
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
        if asked > end || count == 60 {
            break;
        }
        std::thread::sleep(WATCHED / 60);
    }
    let after = terminal.memory();
    assert!(after < before + GROWTH, "from {before} to {after} bytes");
    terminal.key(chat_tests::Key::Control('u'));
}

#[test]
fn empty_parts_without_end_leave_the_keys_to_their_user() {
    let (mut terminal, server) = terminal_at(|door| {
        let mut flood = let_in_and_flood(door);
        assert_eq!(flood.write(BEGINNING).unwrap(), BEGINNING.len());
        flood.begin_anew();
        flood.write_until_end(&EMPTY_PART.repeat(32 * 1024));
    });
    terminal.wait_until_joined();
    terminal.enter("hello");
    is_unharmed(&mut terminal);
    leave(terminal, server);
}

#[test]
fn pings_without_end_from_a_server_that_does_not_read_make_nothing_grow() {
    let (mut terminal, server) = terminal_at(|door| {
        let_in_and_flood(door).write_until_end(&[PING, PING_HOLDS].concat().repeat(1024));
    });
    terminal.wait_until_joined();
    terminal.enter("hello");
    is_unharmed(&mut terminal);
    leave(terminal, server);
}

#[test]
fn a_handshake_without_end_is_given_up_and_leaves_the_keys_to_their_user() {
    let (mut terminal, server) = terminal_at(|door| {
        for _ in 0..2 {
            let mut socket = door.accept_raw();
            socket.write(b"HTTP/1.1 101 Switching Protocols\r\n");
            socket
                .begin_flood()
                .write_until_end(&b"X-Long: x\r\n".repeat(1024));
        }
    });
    is_unharmed(&mut terminal);
    leave(terminal, server);
}
