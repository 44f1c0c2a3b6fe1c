//! The terminal client's beginning and end, and the terminal that it leaves behind.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use chat_tests::{BareTerminal, ClientSetup, Key, Server, Signal, Terminal};

use super::nobodys_address;
use crate::support::skip;

/// The tabs, the status line and the input box are there.
fn is_painted(screen: &chat_tests::Screen) -> bool {
    let [tabs, .., status, input] = &screen.rows[..] else {
        return false;
    };
    let is_status = ["connecting to", "reconnecting in"];
    tabs.starts_with(" 1:stream ")
        && tabs.ends_with("alice  F1 help")
        && is_status.iter().any(|words| status.contains(words))
        && input.starts_with("alice>")
}

#[test]
fn the_first_frame_needs_no_server() {
    let mut alice = ClientSetup::new(nobodys_address(), "alice", &["stream"]).start();
    alice.wait_for("the first frame", is_painted);
    alice.type_text("typing works");
    alice.wait_for_text("alice> typing works");
}

#[test]
fn the_first_frame_does_not_wait_for_a_server_that_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut alice = ClientSetup::new(address, "alice", &["stream"]).start();
    alice.wait_for("the first frame", is_painted);
    alice.type_text("typing works");
    alice.wait_for_text("alice> typing works");
    alice.key(Key::Control('u'));
    alice.enter("/quit");
    assert!(alice.exit_status().success());
    alice.expect_restored();
    assert!(alice.transcript().contains("\x1b[?1004l"), "no word of it");
}

#[test]
fn quitting_restores_the_terminal() {
    let server = Server::start();
    let quit: [fn(&mut Terminal); 3] = [
        |terminal| terminal.enter("/quit"),
        |terminal| terminal.key(Key::Control('d')),
        |terminal| {
            terminal.key(Key::Control('c'));
            terminal.wait_for_text("press Ctrl+C again within 2 s to quit");
            terminal.key(Key::Control('c'));
        },
    ];
    for quit in quit {
        let mut alice = Terminal::open(&server, "alice", &["stream"]);
        quit(&mut alice);
        let status = alice.exit_status();
        assert!(status.success(), "{status}");
        alice.expect_restored();
    }
}

#[test]
fn signals_end_the_client_and_restore_the_terminal() {
    let server = Server::start();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let mut alice = Terminal::open(&server, "alice", &["stream"]);
        alice.signal(signal);
        let status = alice.exit_status();
        assert!(status.success(), "{signal:?}: {status}");
        alice.expect_restored();
    }
}

#[cfg(debug_assertions)] // only debug builds of the client can be told to panic
#[test]
fn a_panic_restores_the_terminal_before_it_says_what_happened() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.argument("--panic-after-start").start();
    let status = alice.exit_status();
    assert!(!status.success());
    assert_eq!(status.signal(), None);
    alice.expect_restored();
    assert!(alice.screen().shows("panic"), "{:?}", alice.screen());
}

#[test]
fn a_usage_error_never_takes_the_screen() {
    for arguments in [&["--no-such-flag"][..], &["--room", ""]] {
        let mut setup = ClientSetup::new(nobodys_address(), "alice", &["stream"]);
        for argument in arguments {
            setup = setup.argument(argument);
        }
        let mut alice = setup.start();
        assert_eq!(alice.exit_status().exit_code(), 2, "{arguments:?}");
        assert!(alice.screen().shows(arguments[0]), "{:?}", alice.screen());
        assert!(!alice.transcript().contains("\x1b[?1049h"));
    }
}

#[test]
fn the_screen_is_painted_anew_on_request() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.type_text("before");
    alice.wait_for_text("alice> before");
    alice.key(Key::Control('l'));
    alice.type_text(" and after");
    alice.wait_for_text("alice> before and after");
    let transcript = alice.transcript();
    let (_, anew) = transcript.rsplit_once("\x1b[2J").unwrap();
    for text in ["1:stream", "before", "F1 help"] {
        assert!(anew.contains(text), "{text} is not painted anew");
    }
    assert!(!transcript.contains("\x1b[6n"), "the cursor was asked for");
}

/// Without a shell that could bring the client back the system does not stop it: it has given the
/// terminal back and taken it again.
#[test]
fn without_a_shell_a_suspended_client_goes_on_at_once() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.key(Key::Control('z'));
    alice.type_text("still here");
    alice.wait_for("the input box on the alternate screen", |screen| {
        screen.alternate && screen.bracketed_paste && screen.shows("alice> still here")
    });
    let transcript = alice.transcript();
    assert_eq!(transcript.matches("\x1b[?1049l").count(), 1);
    assert_eq!(transcript.matches("\x1b[?1049h").count(), 2);
}

#[test]
fn a_terminal_that_goes_away_ends_the_client() {
    let setup = ClientSetup::new(nobodys_address(), "alice", &["stream"]);
    let mut alice = BareTerminal::start(&setup, Some((80, 24)));
    alice.read_until("F1 help");
    alice.hang_up();
    assert!(alice.exit_status().success());
}

/// There the kernel says 0 for the client's process group and session.
#[test]
fn the_client_starts_where_its_process_group_is_out_of_sight() {
    let setup = ClientSetup::new(nobodys_address(), "alice", &["stream"]);
    let Some(mut alice) = BareTerminal::start_in_namespace(&setup, (80, 24)) else {
        skip("the test of a PID namespace", "`unshare` makes none here");
        return;
    };
    alice.read_until("F1 help");
    // Ctrl+Z: nobody could bring it back, so it takes the terminal again.
    alice.type_bytes(b"\x1a");
    alice.read_until("\x1b[?1049h");
    alice.hang_up();
    assert!(alice.exit_status().success());
}

#[test]
fn a_terminal_that_takes_nothing_does_not_keep_the_client_from_ending() {
    let setup = ClientSetup::new(nobodys_address(), "alice", &["stream"]);
    let mut alice = BareTerminal::start(&setup, Some((200, 80)));
    alice.read_until("F1 help");
    alice.type_bytes(b"\x1b[200~");
    for _ in 0..10 {
        alice.type_bytes(&[b'x'; 1_000]);
    }
    alice.type_bytes(b"\x1b[201~");
    // Each paints all of it anew; 30 times is far more than a terminal keeps.
    for _ in 0..60 {
        alice.type_bytes(&[0x0c]);
        std::thread::sleep(Duration::from_millis(10));
    }
    alice.signal(Signal::TERM);
    let began = Instant::now();
    assert!(alice.exit_status().success());
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_terminal_has_any_size_or_none() {
    let setup = ClientSetup::new(nobodys_address(), "alice", &["stream"]);
    let sizes = [
        None,
        Some((0, 24)),
        Some((1, 1)),
        Some((1, 200)),
        Some((300, 1)),
        Some((65_535, 65_535)),
    ];
    for size in sizes {
        let mut alice = BareTerminal::start(&setup, size);
        // The first frame shows the cursor, or hides it, as the last thing.
        let painted = alice.read_until("\x1b[?25");
        assert!(size.is_some() || painted.contains("F1 help"), "{painted:?}");
        assert!(alice.memory() < 100 << 20, "{size:?}");
        // It lives: with a text, and without one.
        alice.type_bytes(b"hi\x0c");
        alice.read_until("\x1b[2J");
        alice.type_bytes(b"\x03\x0c");
        alice.read_until("\x1b[2J");
        alice.signal(Signal::TERM);
        assert!(alice.exit_status().success(), "{size:?}");
    }
}

/// The shell would take an answer that comes after the client for something typed.
#[test]
fn an_answer_that_is_under_way_is_read_before_the_terminal_is_given_back() {
    let setup = ClientSetup::new(nobodys_address(), "alice", &["stream"]);
    let mut alice = BareTerminal::start(&setup, Some((80, 24)));
    let seen = alice.read_until("F1 help");
    // What it is, and that it is ready: it answers.
    alice.type_bytes(b"\x1b[?62c");
    for _ in 0..seen.matches("\x1b[5n").count() {
        alice.type_bytes(b"\x1b[0n");
    }
    // The seconds until the next attempt are counted: a question that is not answered for now.
    alice.read_until("\x1b[5n");
    alice.signal(Signal::TERM);
    alice.read_nothing();
    alice.type_bytes(b"\x1b[0n\x1b[0n");
    alice.read_until("\x1b[?1049l");
    assert!(alice.exit_status().success());
}

/// As `kill -STOP`, a shell, and `fg`.
#[test]
fn a_client_that_was_stopped_takes_its_terminal_again() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.type_text("before");
    alice.wait_for_text("alice> before");
    alice.signal(Signal::STOP);
    alice.put_modes_back();
    alice.signal(Signal::CONT);
    alice.wait_until_raw();
    alice.type_text(" and after");
    alice.wait_for_text("alice> before and after");
    let transcript = alice.transcript();
    let (_, again) = transcript.rsplit_once("\x1b[?1049h").unwrap();
    for part in ["\x1b[?2004h", "\x1b[2J", "1:stream", "F1 help"] {
        assert!(again.contains(part), "{part:?} is not there again");
    }
    assert!(transcript.contains("\x1b[?1004h"), "word of the focus");
    // For nothing.
    alice.signal(Signal::CONT);
    alice.key(Key::Control('u'));
    alice.enter("/quit");
    assert!(alice.exit_status().success());
    alice.expect_restored();
    assert!(alice.transcript().contains("\x1b[?1004l"), "no word of it");
}

#[test]
fn the_mouse_is_reported_only_where_the_user_wants_it_and_put_back() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    setup.configure("mouse = true\n[keys.selected]\ncopy = [\"y\", \"f6\"]\n");
    let mut alice = setup.start();
    alice.wait_until_joined();
    alice.enter("hello");
    alice.wait_for_text("alice@ hello");
    // A key with a name acts on what is selected.
    alice.key(Key::BackTab);
    alice.wait_for_text(">>");
    alice.type_text("\u{1b}[17~");
    alice.wait_for_text("copied");
    let (on, off) = ("\x1b[?1000h\x1b[?1006h", "\x1b[?1006l\x1b[?1000l");
    let count = |alice: &Terminal, part| alice.transcript().matches(part).count();
    assert_eq!((count(&alice, on), count(&alice, off)), (1, 0));
    // Without a shell it goes on at once.
    alice.key(Key::Control('z'));
    alice.key(Key::Escape);
    alice.type_text("still here");
    alice.wait_for_text("alice> still here");
    alice.key(Key::Control('u'));
    alice.enter("/quit");
    assert!(alice.exit_status().success());
    alice.expect_restored();
    assert_eq!((count(&alice, on), count(&alice, off)), (2, 2));
    // As it is by itself, the mouse is the terminal's.
    let mut alice = Terminal::open(&server, "bob", &["stream"]);
    alice.enter("/quit");
    assert!(alice.exit_status().success());
    assert!(!alice.transcript().contains("\x1b[?1000"));
}
