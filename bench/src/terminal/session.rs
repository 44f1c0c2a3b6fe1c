//! The pseudo-terminal: the program in it, the threads that read what it writes, and its keyboard.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Instant;

use portable_pty::{Child, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

use super::display::{Display, Shown, Ticket, Where};
use super::line::{Line, LineSpeed};
use super::program::Program;
use crate::pin::Pins;

/// Bytes that are read at once; a pseudo-terminal gives no more.
const BUFFER: usize = 4096;

/// Why there is no terminal, or none any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TerminalError {
    /// The system gives none, or does not start the program in it.
    #[error("cannot start {program} in a terminal: {why}")]
    Start {
        /// What was to be started.
        program: String,
        /// What the system says.
        why: String,
    },
    /// It can't be written or resized.
    #[error("the terminal of {program} does not work: {why}")]
    Broken {
        /// What runs in it.
        program: String,
        /// What the system says.
        why: String,
    },
    /// Something that has to be shown is not.
    #[error("{program} did not show {what} in time; its screen:\n{screen}")]
    NotShown {
        /// What runs there.
        program: String,
        /// What is missing.
        what: &'static str,
        /// What was to be seen instead.
        screen: String,
    },
}

/// What is started, and in what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening<'a> {
    /// The client.
    pub(crate) program: &'a Program,
    /// Its server.
    pub(crate) address: SocketAddr,
    /// Its rooms; it shows the first.
    pub(crate) rooms: &'a [String],
    /// Columns and rows.
    pub(crate) size: (NonZeroU16, NonZeroU16),
    /// Its line.
    pub(crate) speed: LineSpeed,
    /// Where it is to run.
    pub(crate) pins: Option<&'a Pins>,
}

type Keyboard = Arc<Mutex<Box<dyn Write + Send>>>;

/// A running program and its terminal. Both go when this value goes.
pub(crate) struct Terminal {
    name: String,
    master: Box<dyn MasterPty + Send>,
    keyboard: Keyboard,
    child: Box<dyn Child + Send + Sync>,
    display: Arc<Mutex<Display>>,
    started: Instant,
    _home: TempDir,
}

impl Terminal {
    /// Starts a program.
    pub(crate) fn open(opening: &Opening<'_>) -> Result<Self, TerminalError> {
        let mut name = String::new();
        Self::start(opening, &mut name).map_err(|error| TerminalError::Start {
            program: name,
            why: format!("{error:#}"),
        })
    }

    fn start(opening: &Opening<'_>, name: &mut String) -> Result<Self, Box<dyn std::error::Error>> {
        let home = tempfile::Builder::new().prefix("chat-bench-").tempdir()?;
        let (columns, rows) = opening.size;
        let pair = native_pty_system().openpty(pty_size(opening.size))?;
        let program = opening.program;
        let command = program.command(opening.address, opening.rooms, home.path())?;
        *name = program.to_string();
        let display = Arc::new(Mutex::new(Display::new(columns, rows)));
        let reader = pair.master.try_clone_reader()?;
        let keyboard: Keyboard = Arc::new(Mutex::new(pair.master.take_writer()?));
        watch(reader, opening.speed, &display, &keyboard)?;
        let started = Instant::now();
        let child = pair.slave.spawn_command(command)?;
        let terminal = Self {
            name: name.clone(),
            master: pair.master,
            keyboard,
            child,
            display,
            started,
            _home: home,
        };
        if let Some(pins) = opening.pins {
            pins.take(terminal.id()?)?;
        }
        Ok(terminal)
    }

    /// The program's process id.
    pub(crate) fn id(&self) -> Result<u32, TerminalError> {
        let is_gone = || self.broken(&"it has no process id any more");
        self.child.process_id().ok_or_else(is_gone)
    }

    /// When it was started.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Types `text`, or keys as bytes.
    pub(crate) fn type_text(&self, text: &str) -> Result<(), TerminalError> {
        type_bytes(&self.keyboard, text.as_bytes()).map_err(|error| self.broken(&error))
    }

    /// Gives it another size; gives when.
    pub(crate) fn resize(&self, size: (NonZeroU16, NonZeroU16)) -> Result<Instant, TerminalError> {
        self.display().resize(size.0, size.1);
        let now = Instant::now();
        let resized = self.master.resize(pty_size(size));
        resized.map_err(|error| self.broken(&error))?;
        Ok(now)
    }

    /// What it has shown.
    pub(crate) fn shown(&self) -> Shown {
        self.display().shown()
    }

    /// When the last bytes came.
    pub(crate) fn newest(&self) -> Option<Instant> {
        self.display().newest()
    }

    /// When its first frame was complete.
    pub(crate) fn first_frame(&self) -> Option<Instant> {
        self.display().first_frame()
    }

    /// When its text last changed after the last resize.
    pub(crate) fn changed(&self) -> Option<Instant> {
        self.display().changed()
    }

    /// From now on, looks for `text`.
    pub(crate) fn watch(&self, text: &str, place: Where) -> Ticket {
        self.display().watch(text, place)
    }

    /// When the text was first there.
    pub(crate) fn seen(&self, ticket: Ticket) -> Option<Instant> {
        self.display().seen(ticket)
    }

    /// Looks for no text any more; all tickets are void.
    pub(crate) fn forget_watches(&self) {
        self.display().forget_watches();
    }

    /// The error that says what is missing on the screen.
    pub(crate) fn lacks(&self, what: &'static str) -> TerminalError {
        TerminalError::NotShown {
            program: self.name.clone(),
            what,
            screen: self.display().text(),
        }
    }

    /// A handle that looks for texts, for another thread.
    pub(crate) fn watcher(&self) -> Watcher {
        Watcher {
            display: Arc::clone(&self.display),
        }
    }

    fn display(&self) -> MutexGuard<'_, Display> {
        lock(&self.display)
    }

    fn broken(&self, why: &dyn std::fmt::Display) -> TerminalError {
        TerminalError::Broken {
            program: self.name.clone(),
            why: why.to_string(),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail where the program has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks for texts on a terminal's screen.
#[derive(Clone)]
pub(crate) struct Watcher {
    display: Arc<Mutex<Display>>,
}

impl Watcher {
    /// From now on, looks for `text`.
    pub(crate) fn watch(&self, text: &str, place: Where) -> Ticket {
        lock(&self.display).watch(text, place)
    }
}

fn lock(display: &Mutex<Display>) -> MutexGuard<'_, Display> {
    display.lock().expect("no holder of this lock panics")
}

fn type_bytes(keyboard: &Keyboard, bytes: &[u8]) -> std::io::Result<()> {
    let mut keyboard = keyboard.lock().expect("no holder of this lock panics");
    keyboard.write_all(bytes)?;
    keyboard.flush()
}

/// Starts the threads that read. They end with the program, and nobody waits for them.
fn watch(
    reader: Box<dyn Read + Send>,
    speed: LineSpeed,
    display: &Arc<Mutex<Display>>,
    keyboard: &Keyboard,
) -> std::io::Result<()> {
    let (display, keyboard) = (Arc::clone(display), Arc::clone(keyboard));
    let show = move |bytes: &[u8], now| {
        let answers = lock(&display).show(bytes, now);
        if !answers.is_empty() {
            // A program that has ended needs no answer.
            let _ = type_bytes(&keyboard, &answers);
        }
    };
    match speed.0 {
        None => named("terminal", move || read_at_once(reader, show)),
        Some(speed) => {
            let line = Line::new(speed, Instant::now());
            let slow = Arc::new(Slow {
                state: Mutex::new((line, false)),
                changed: Condvar::new(),
            });
            let end = Arc::clone(&slow);
            named("terminal", move || end.play(show))?;
            named("line", move || slow.fill(reader))
        }
    }
}

fn named(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(body).map(drop)
}

fn read_at_once(mut reader: Box<dyn Read + Send>, show: impl Fn(&[u8], Instant)) {
    let mut bytes = [0; BUFFER];
    while let Ok(count @ 1..) = reader.read(&mut bytes) {
        show(&bytes[..count], Instant::now());
    }
}

/// A slow line between two threads, and whether the program's end has been reached.
struct Slow {
    state: Mutex<(Line, bool)>,
    changed: Condvar,
}

impl Slow {
    /// Reads no more than the line has room for.
    fn fill(&self, mut reader: Box<dyn Read + Send>) {
        let mut bytes = [0; BUFFER];
        loop {
            let mut state = self.state();
            while state.0.room() == 0 {
                state = self.wait(state);
            }
            let room = state.0.room().min(BUFFER);
            drop(state);
            let count = reader.read(&mut bytes[..room]).unwrap_or(0);
            let mut state = self.state();
            state.0.take(&bytes[..count], Instant::now());
            state.1 = count == 0;
            self.changed.notify_all();
            if count == 0 {
                return;
            }
        }
    }

    /// Shows what has arrived.
    fn play(&self, show: impl Fn(&[u8], Instant)) {
        loop {
            let mut state = self.state();
            let now = Instant::now();
            let bytes = state.0.arrived(now);
            self.changed.notify_all();
            if !bytes.is_empty() {
                drop(state);
                show(&bytes, now);
                continue;
            }
            match state.0.due(now) {
                Some(due) => {
                    drop(state);
                    std::thread::sleep(due.saturating_duration_since(now));
                }
                None if state.1 => return,
                None => drop(self.wait(state)),
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, (Line, bool)> {
        self.state.lock().expect("no holder of this lock panics")
    }

    fn wait<'a>(&self, state: MutexGuard<'a, (Line, bool)>) -> MutexGuard<'a, (Line, bool)> {
        let waited = self.changed.wait(state);
        waited.expect("no holder of this lock panics")
    }
}

fn pty_size((columns, rows): (NonZeroU16, NonZeroU16)) -> PtySize {
    PtySize {
        rows: rows.get(),
        cols: columns.get(),
        pixel_width: 0,
        pixel_height: 0,
    }
}
