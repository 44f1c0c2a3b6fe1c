//! The terminal's modes: what is set when the program takes it, and put back when it gives it back.
//! Owns both, on every way out; must not draw.

use std::io;
use std::os::fd::AsFd;
use std::panic;
use std::sync::{Mutex, Once};
use std::time::Duration;

use nix::unistd::{Pid, getpgrp, getsid, tcgetpgrp};
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::output;

/// Alternate screen, no wrapping at the right edge, marked pastes, word of the focus, and the wheel as
/// arrows; whether the wheel was that before is kept by the terminal.
const ENTER: &[u8] =
    b"\x1b[?1049h\x1b[?7l\x1b[?2004h\x1b[?1004h\x1b[?1007s\x1b[?1007h\x1b[r\x1b[0m\x1b[2J";
/// Asks for kitty's keyboard protocol, and then for what every terminal answers.
const ASK: &[u8] = b"\x1b[?u\x1b[c";
/// Kitty's keyboard protocol: keys that were ambiguous are not, and each tells what it is on a
/// keyboard for English. What was set by whoever did not put it back goes first.
pub(super) const KEYBOARD: &[u8] = b"\x1b[<u\x1b[>5u";
/// Reports of the mouse's buttons, the wheel among them, in numbers (SGR).
pub(super) const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const NO_MOUSE: &[u8] = b"\x1b[?1006l\x1b[?1000l";
/// Has the terminal keep the window's title.
pub(super) const KEEP_TITLE: &[u8] = b"\x1b[22;2t";
/// The end of a frame that was begun; the keyboard protocol, where it was set: it belongs to the
/// alternate screen; all of the above; the title, where it was set.
const LEAVE: [&[u8]; 4] = [
    b"\x1b[?2026l",
    b"\x1b[<u",
    b"\x1b[r\x1b[0m\x1b[?1007r\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h",
    b"\x1b[23;2t",
];
/// How long a terminal that takes nothing is waited for.
const PATIENCE: Duration = Duration::from_millis(300);
/// The size of a terminal that has none.
const UNKNOWN: (u16, u16) = (80, 24);
/// Cells that are drawn at most, several times those of the largest screens. A terminal may claim
/// any size.
const CELLS: usize = 200_000;
const WIDEST: u16 = 2_000;

/// The kernel's number for a process group that the program's PID namespace does not show.
const UNSEEN: Pid = Pid::from_raw(0);

/// While the terminal is in the program's hands: how it was before, and whether the keyboard
/// protocol and a title are set.
static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);

struct Taken {
    before: Termios,
    keyboard: bool,
    title: bool,
    mouse: bool,
}

fn taken() -> std::sync::MutexGuard<'static, Option<Taken>> {
    TAKEN.lock().unwrap_or_else(|error| error.into_inner())
}

/// Puts the terminal in raw mode, on the alternate screen. Where it was not given back, because a
/// signal stopped the program, what it was like before stays as it is known. Then asks the terminal
/// what it can do.
pub(super) fn take() -> io::Result<()> {
    wait_for_the_terminal()?;
    let input = io::stdin();
    let now = tcgetattr(input.as_fd())?;
    let mut guard = taken();
    let mut raw = match &*guard {
        Some(taken) => taken.before.clone(),
        None => now.clone(),
    };
    raw.make_raw();
    tcsetattr(input.as_fd(), OptionalActions::Now, &raw)?;
    let taken = guard.get_or_insert(Taken {
        before: now,
        keyboard: false,
        title: false,
        mouse: false,
    });
    let (keyboard, mouse) = (taken.keyboard, taken.mouse);
    drop(guard);
    let mut bytes = ENTER.to_vec();
    bytes.extend_from_slice(if keyboard { KEYBOARD } else { b"" });
    bytes.extend_from_slice(if mouse { MOUSE } else { b"" });
    bytes.extend_from_slice(ASK);
    output::write_now(bytes, PATIENCE);
    Ok(())
}

/// Remembers that the keyboard protocol is set; false where it was already.
pub(super) fn keep_keyboard() -> bool {
    match &mut *taken() {
        Some(taken) => !std::mem::replace(&mut taken.keyboard, true),
        None => false,
    }
}

/// Remembers that the mouse is reported; false where it was already.
pub(super) fn keep_mouse() -> bool {
    match &mut *taken() {
        Some(taken) => !std::mem::replace(&mut taken.mouse, true),
        None => false,
    }
}

/// Remembers that the window has a title of the program's; false where it had one already.
pub(super) fn keep_title() -> bool {
    match &mut *taken() {
        Some(taken) => !std::mem::replace(&mut taken.title, true),
        None => false,
    }
}

/// Gives the terminal back, once, and waits for it within bounds. Errors are passed over: the
/// terminal may be gone, and there is nowhere left to say so.
pub(super) fn give_back() {
    let Some(taken) = taken().take() else {
        return;
    };
    let [frame, keyboard, modes, title] = LEAVE;
    let mut leave = frame.to_vec();
    leave.extend_from_slice(if taken.keyboard { keyboard } else { b"" });
    leave.extend_from_slice(if taken.mouse { NO_MOUSE } else { b"" });
    leave.extend_from_slice(modes);
    leave.extend_from_slice(if taken.title { title } else { b"" });
    output::write_last(&leave, PATIENCE);
    tcsetattr(io::stdin().as_fd(), OptionalActions::Now, &taken.before).ok();
}

/// A panic's text must not go to the alternate screen, where nobody would see it.
pub(super) fn give_back_on_panic() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            print(panic);
        }));
    });
}

/// True where a shell can bring the program back once it has stopped: it gave the program a process
/// group beside its own. Session and group are both 0 where they began outside of the program's PID
/// namespace (a container that was entered): then nobody is known who could.
pub(super) fn has_job_control() -> bool {
    getsid(None).is_ok_and(|session| session != getpgrp())
}

/// Columns and rows, within bounds.
pub(super) fn size() -> (u16, u16) {
    let size = tcgetwinsize(io::stdout().as_fd());
    size.map_or(UNKNOWN, |size| bounded(size.ws_col, size.ws_row))
}

fn bounded(width: u16, height: u16) -> (u16, u16) {
    let width = if width == 0 { UNKNOWN.0 } else { width };
    let height = if height == 0 { UNKNOWN.1 } else { height };
    let width = width.min(WIDEST);
    let most = u16::try_from(CELLS / usize::from(width)).unwrap_or(u16::MAX);
    (width, height.min(most))
}

/// In the background stops, as whoever reads the terminal there, until it is brought to the front:
/// by then the shell has put the terminal back.
fn wait_for_the_terminal() -> io::Result<()> {
    let is_behind = || {
        let front = tcgetpgrp(io::stdin()).unwrap_or(UNSEEN);
        front != UNSEEN && front != getpgrp()
    };
    while has_job_control() && is_behind() {
        kill_current_process_group(Signal::TTIN)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_taken_and_none_takes_all_memory() {
        assert_eq!(bounded(0, 0), (80, 24));
        assert_eq!(bounded(0, 10), (80, 10));
        assert_eq!(bounded(1, 1), (1, 1));
        assert_eq!(bounded(140, 40), (140, 40));
        assert_eq!(bounded(65_535, 65_535), (2_000, 100));
        assert_eq!(bounded(80, 65_535), (80, 2_500));
    }
}
