//! The terminal client in a terminal: a pseudo-terminal, and the screen that it paints.
//!
//! Owns the client's process, its home directory and its screen. Must not know the client's panels:
//! a test says what it looks for.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use tempfile::TempDir;

use crate::Server;
use crate::watched::{PATIENCE, Watched};

mod bare;
mod key;
mod screen;
mod setup;

pub use bare::BareTerminal;
pub use key::Key;
pub use screen::Screen;
pub use setup::ClientSetup;

/// Between one of some keys and the next, for somebody who types very fast.
const BETWEEN_KEYS: Duration = Duration::from_millis(30);

struct Display {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    ended: bool,
}

impl Display {
    fn screen(&self) -> Screen {
        let screen = self.parser.screen();
        let (_, columns) = screen.size();
        let rows = screen.rows(0, columns.get());
        Screen {
            rows: rows.map(|row| row.trim_end().to_owned()).collect(),
            alternate: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            bracketed_paste: screen.bracketed_paste(),
        }
    }
}

/// A running terminal client.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    display: Arc<Watched<Display>>,
    modes_before: String,
    _home: Arc<TempDir>,
}

impl Terminal {
    /// Starts the client as `user` in `rooms` of `server`, and waits until it is in the first room.
    #[track_caller]
    pub fn open(server: &Server, user: &str, rooms: &[&str]) -> Self {
        let terminal = ClientSetup::new(server.address(), user, rooms).start();
        terminal.wait_until_joined();
        terminal
    }

    #[track_caller]
    fn start(setup: &ClientSetup) -> Self {
        let (columns, rows) = setup.size;
        let pair = native_pty_system()
            .openpty(pty_size(columns, rows))
            .expect("there is a free terminal");
        let modes_before = modes(pair.master.as_ref());
        let child = pair
            .slave
            .spawn_command(setup::command(setup))
            .expect("the client starts");
        // The end of the output is the end of the client only where nobody else holds its end.
        drop(pair.slave);
        let reader = pair.master.try_clone_reader().expect("a terminal is read");
        let keyboard = pair.master.take_writer().expect("a terminal is written");
        let display = Arc::new(Watched::new(Display {
            parser: vt100::Parser::new(non_zero(rows), non_zero(columns), 0),
            bytes: Vec::new(),
            ended: false,
        }));
        let keyboard = Arc::new(Mutex::new(keyboard));
        watch(reader, Arc::clone(&display), Arc::clone(&keyboard));
        Self {
            master: pair.master,
            keyboard,
            child,
            display,
            modes_before,
            _home: Arc::clone(&setup.home),
        }
    }

    /// Waits until `condition` holds for the screen; gives that screen.
    #[track_caller]
    pub fn wait_for(&self, what: &str, mut condition: impl FnMut(&Screen) -> bool) -> Screen {
        let found = self.display.wait(PATIENCE, |display| {
            let screen = display.screen();
            let met = condition(&screen);
            (met || display.ended).then_some((met, screen))
        });
        match found {
            Some((true, screen)) => screen,
            Some((false, screen)) => panic!("ended without: {what}\n{}", screen.framed()),
            None => panic!("no {what} on the screen\n{}", self.screen().framed()),
        }
    }

    /// Waits until the client is connected and authenticated: the status line says so.
    #[track_caller]
    pub fn wait_until_joined(&self) -> Screen {
        self.wait_for("status line that says connected", |screen| {
            screen.rows.iter().any(|row| row.starts_with(" connected"))
        })
    }

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) -> Screen {
        self.wait_for(text, |screen| screen.shows(text))
    }

    /// The screen as it is now. For what must not be there: wait for something else first.
    pub fn screen(&self) -> Screen {
        self.display.lock().screen()
    }

    /// Every byte that the client has written, as text.
    pub fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.display.lock().bytes).into_owned()
    }

    /// Types `text`.
    #[track_caller]
    pub fn type_text(&mut self, text: &str) {
        self.write(text.as_bytes());
    }

    /// Types `text` and sends it off.
    #[track_caller]
    pub fn enter(&mut self, text: &str) {
        self.type_text(text);
        self.key(Key::Enter);
    }

    /// Presses `key`. Behind Enter and arrows it waits until the client has read it, and as long as
    /// anybody's fingers take to the next key: text that comes at once is no typing, but a paste, and
    /// arrows that do are a mouse's wheel.
    #[track_caller]
    pub fn key(&mut self, key: Key) {
        self.write(&key.bytes());
        if matches!(key, Key::Enter | Key::Up | Key::Down) {
            self.wait_until_read();
            std::thread::sleep(BETWEEN_KEYS);
        }
    }

    /// Waits until the client has read all that was typed.
    #[track_caller]
    pub fn wait_until_read(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.unread() > 0 {
            assert!(Instant::now() < deadline, "the client reads no keys");
            std::thread::yield_now();
        }
    }

    /// Bytes that wait in the terminal for the client; none where it has ended.
    fn unread(&self) -> u64 {
        let slave = self.master.tty_name().and_then(|path| open_slave(&path));
        slave
            .and_then(|slave| rustix::io::ioctl_fionread(slave).ok())
            .unwrap_or(0)
    }

    /// Puts the terminal back into its first modes, as a shell does when a job of its has stopped.
    #[track_caller]
    pub fn put_modes_back(&self) {
        let slave = self.master.tty_name().and_then(|path| open_slave(&path));
        let slave = slave.expect("the terminal is there");
        let mut modes = tcgetattr(&slave).expect("a terminal has modes");
        modes.local_modes |= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        tcsetattr(&slave, OptionalActions::Now, &modes).expect("a terminal takes modes");
    }

    /// Waits until the terminal is in raw mode.
    #[track_caller]
    pub fn wait_until_raw(&self) {
        let slave = self.master.tty_name().and_then(|path| open_slave(&path));
        let slave = slave.expect("the terminal is there");
        let deadline = Instant::now() + PATIENCE;
        let cooked = LocalModes::ICANON | LocalModes::ECHO;
        let modes = || tcgetattr(&slave).expect("a terminal has modes").local_modes;
        while modes().intersects(cooked) {
            assert!(Instant::now() < deadline, "the terminal is not in raw mode");
            std::thread::yield_now();
        }
    }

    #[track_caller]
    fn write(&mut self, bytes: &[u8]) {
        if let Err(error) = write(&self.keyboard, bytes) {
            panic!("the terminal can't be typed at: {error}");
        }
    }

    /// Presses `key`, and again whenever the screen has answered, until `condition` holds.
    #[track_caller]
    pub fn press_until(
        &mut self,
        key: Key,
        what: &str,
        mut condition: impl FnMut(&Screen) -> bool,
    ) -> Screen {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let before = self.screen();
            if condition(&before) {
                return before;
            }
            if Instant::now() > deadline {
                panic!("no {what} on the screen\n{}", before.framed());
            }
            self.key(key);
            // Nothing may change where the answer has to come from the server first.
            self.display.wait(Duration::from_millis(200), |display| {
                (display.screen() != before).then_some(())
            });
        }
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.display.update(|display| {
            display.parser.set_size(non_zero(rows), non_zero(columns));
        });
        self.master
            .resize(pty_size(columns, rows))
            .expect("a terminal changes its size");
    }

    /// Bytes of memory that the client takes.
    #[track_caller]
    pub fn memory(&self) -> usize {
        memory_of(self.pid())
    }

    fn pid(&self) -> Pid {
        let id = self.child.process_id();
        let pid = id.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        pid.expect("the client has an id")
    }

    /// Sends `signal` to the client.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the client still runs");
    }

    /// Waits until the client has ended by itself.
    #[track_caller]
    pub fn exit_status(&mut self) -> ExitStatus {
        let ended = self
            .display
            .wait(PATIENCE, |display| display.ended.then_some(()));
        if ended.is_none() {
            panic!("the client does not end\n{}", self.screen().framed());
        }
        self.child.wait().expect("a child can be waited for")
    }

    /// The client has ended: the terminal must be as it was before it came.
    #[track_caller]
    pub fn expect_restored(&self) {
        let transcript = self.transcript();
        assert!(
            transcript.contains("\x1b[?1049h"),
            "the client never took the alternate screen"
        );
        let screen = self.screen();
        let seen = screen.framed();
        assert!(!screen.alternate, "the alternate screen is left\n{seen}");
        assert!(!screen.cursor_hidden, "the cursor is shown again\n{seen}");
        assert!(!screen.bracketed_paste, "paste comes unmarked\n{seen}");
        assert_eq!(
            modes(self.master.as_ref()),
            self.modes_before,
            "the line discipline is as before\n{seen}"
        );
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail where the client has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Shows what the client writes, and answers what it asks, as terminals do: whether all is well, once what
/// came before is shown, and what it is.
fn watch(
    mut reader: Box<dyn Read + Send>,
    display: Arc<Watched<Display>>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
) {
    std::thread::spawn(move || {
        let mut bytes = [0; 16 * 1024];
        let mut asked = Asked::default();
        while let Ok(count @ 1..) = reader.read(&mut bytes) {
            display.update(|display| {
                display.parser.process(&bytes[..count]);
                display.bytes.extend_from_slice(&bytes[..count]);
            });
            let answers = asked.answers(&bytes[..count]);
            // A client that has ended reads no answer.
            if !answers.is_empty() && write(&keyboard, answers.as_bytes()).is_err() {
                break;
            }
        }
        display.update(|display| display.ended = true);
    });
}

fn write(keyboard: &Mutex<Box<dyn Write + Send>>, bytes: &[u8]) -> std::io::Result<()> {
    let mut keyboard = keyboard.lock().expect("nobody panics while writing");
    keyboard.write_all(bytes)?;
    keyboard.flush()
}

/// What the client has begun to ask.
#[derive(Default)]
struct Asked(Vec<u8>);

impl Asked {
    const KNOWN: [(&str, &str); 2] = [("\x1b[5n", "\x1b[0n"), ("\x1b[c", "\x1b[?62c")];

    /// What is answered to what the client writes next.
    fn answers(&mut self, bytes: &[u8]) -> String {
        let mut answers = String::new();
        for byte in bytes {
            self.0.push(*byte);
            let is_known = |(question, _): &&(&str, &str)| question.as_bytes() == self.0;
            if let Some((_, answer)) = Self::KNOWN.iter().find(is_known) {
                answers.push_str(answer);
            }
            let begins = |bytes: &[u8]| {
                let mut known = Self::KNOWN.iter();
                known.any(|(question, _)| question.as_bytes().starts_with(bytes))
            };
            while !begins(&self.0) {
                self.0.remove(0);
            }
        }
        answers
    }
}

/// Bytes of memory that a process takes.
#[track_caller]
fn memory_of(pid: Pid) -> usize {
    let path = format!("/proc/{}/status", pid.as_raw_nonzero());
    let status = std::fs::read_to_string(path).expect("the client still runs");
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"));
    let kibibytes = resident.and_then(|text| text.trim().parse::<usize>().ok());
    1024 * kibibytes.expect("a process takes memory")
}

fn open_slave(path: &Path) -> Option<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).ok()
}

/// The line discipline's settings, to compare.
fn modes(master: &(dyn MasterPty + Send)) -> String {
    format!("{:?}", master.get_termios())
}

fn pty_size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn non_zero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a screen has rows and columns")
}
