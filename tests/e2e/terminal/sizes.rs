//! The real program at every size: what has to be there is there, whatever is open.

use chat_tests::{ClientSetup, Key, RawClient, Screen, Server, Terminal};

const SIZES: [(u16, u16); 5] = [(30, 6), (60, 20), (80, 24), (100, 30), (140, 40)];

/// A moderator in a room in which others have spoken.
fn room(server: &Server) -> Terminal {
    let alice = Terminal::open(server, "alice", &["stream1"]);
    let mut bob = RawClient::join(server, "bob", "stream1");
    for text in ["hello", "is anybody here?", "buy followers"] {
        bob.post(text);
    }
    alice.wait_for_text("buy followers");
    alice
}

/// Rows as they are once `is_there` holds of a screen of this size.
#[track_caller]
fn at(
    alice: &mut Terminal,
    (columns, rows): (u16, u16),
    what: &str,
    is_there: impl Fn(&Screen) -> bool,
) -> Vec<String> {
    alice.resize(columns, rows);
    let what = format!("{what} on {columns}x{rows}");
    let screen = alice.wait_for(&what, |screen| {
        screen.rows.len() == usize::from(rows) && is_there(screen)
    });
    screen.rows
}

#[test]
fn a_message_that_is_selected_and_what_may_be_done_with_it_are_in_sight() {
    let server = Server::start();
    let mut alice = room(&server);
    alice.press_until(Key::BackTab, "a selected message", |screen| {
        screen.shows(">>")
    });
    for size in SIZES {
        let rows = at(&mut alice, size, "a selected message", |screen| {
            let is_selected = |row: &String| row.contains("buy followers");
            let is_drawn = screen.rows[screen.rows.len() - 2].starts_with(" connected");
            is_drawn && screen.rows.iter().any(is_selected) && screen.shows("bob: ")
        });
        if size.1 >= 20 {
            assert!(rows.iter().any(|row| row.contains(">>")), "{rows:#?}");
            assert!(rows.iter().any(|row| row.contains("b ban")), "{rows:#?}");
            assert!(rows.iter().any(|row| row.contains("Esc")), "{rows:#?}");
        }
    }
}

#[test]
fn a_question_names_whom_and_how_to_say_yes_and_no() {
    let server = Server::start();
    let mut alice = room(&server);
    alice.enter("/ban bob 10m spam");
    alice.wait_for_text("Ban bob for 10 min?");
    for size in SIZES {
        at(&mut alice, size, "a question", |screen| {
            let says_how = |row: &String| row.contains("Enter yes") && row.contains("Esc no");
            screen.shows("Ban bob for 10 min?") && screen.rows.iter().any(says_how)
        });
    }
    // Nothing was done by it.
    alice.key(Key::Escape);
    let mut bob = RawClient::join(&server, "bob", "stream1");
    bob.post("still here");
}

#[test]
fn the_help_fits_or_says_that_there_is_more() {
    let server = Server::start();
    let mut alice = room(&server);
    alice.enter("/help");
    alice.wait_for_text("Keys, and the commands");
    for size in SIZES {
        let rows = at(&mut alice, size, "the help", |screen| {
            let says_more = screen.shows("more rows") || screen.shows("PgUp/PgDn scroll");
            screen.rows.iter().any(|row| row.starts_with(" Keys")) && says_more
        });
        assert!(rows.iter().any(|row| row.contains("Esc")), "{rows:#?}");
    }
}

#[test]
fn who_starts_for_the_first_time_is_asked_at_every_size() {
    let server = Server::start();
    let mut form = ClientSetup::new(server.address(), "", &[])
        .bare(&[])
        .start();
    for size in SIZES {
        at(&mut form, size, "the form", |screen| {
            screen.shows("Server") && screen.shows("Name") && screen.shows("Room")
        });
    }
}
