//! A moderator at work in a busy room: 30 people, 20 messages a second, all through the real programs.

mod answers;
mod people;
mod targets;
mod tasks;

use std::time::Duration;

use chat_tests::{BusyRoom, ClientSetup, Key, Screen, Terminal, number_in};

use people::PEOPLE;

/// Messages a second.
const RATE: u32 = 20;
/// A lone ESC is the key once nothing has followed it for 50 ms.
const LONE_ESCAPE: Duration = Duration::from_millis(100);

/// A room with people who speak, and the terminal of `alice`, a moderator in it.
#[track_caller]
fn busy_room() -> (BusyRoom, Terminal) {
    let mut room = BusyRoom::open(&PEOPLE, "alice");
    room.begin_talk(RATE);
    let setup = ClientSetup::new(room.server().address(), "alice", &[room.name(), "quiet"]);
    let alice = setup.start();
    alice.wait_for("people who speak", |screen| numbers(screen).count() > 10);
    (room, alice)
}

/// The numbers of the messages on the screen, from top to bottom.
fn numbers(screen: &Screen) -> impl Iterator<Item = u32> {
    screen.rows.iter().filter_map(|row| number_in(row))
}

/// The row of the message that is picked.
fn picked(screen: &Screen) -> Option<&str> {
    screen.row_with(" >> ")
}

/// The question that stands: the row above the keys that answer it.
fn question(screen: &Screen) -> Option<&str> {
    let rows = &screen.rows;
    let keys = rows.iter().position(|row| row.starts_with(" Enter yes"))?;
    rows.get(keys.checked_sub(1)?).map(|row| row.trim())
}

/// Waits until a question stands; gives the screen.
#[track_caller]
fn wait_for_question(terminal: &Terminal) -> Screen {
    terminal.wait_for("a question", |screen| question(screen).is_some())
}

/// Presses Escape as somebody does who waits for what it does.
fn escape(terminal: &mut Terminal) {
    terminal.key(Key::Escape);
    terminal.wait_until_read();
    std::thread::sleep(LONE_ESCAPE);
}
