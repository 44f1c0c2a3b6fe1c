//! The terminal: set up, written to once per frame, and restored on every way out, panics included.
//! Must not know what is drawn.

mod beside;
mod cost;
mod grid;
mod look;
mod modes;
mod output;
mod pace;
mod painter;
mod paper;
mod shift;
mod signals;
mod widths;

use std::io::{self, IsTerminal};
use std::time::Instant;

use ratatui::{Frame, Terminal};
use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};

use crate::links::Links;
use output::Writer;
use pace::{Draw, Pace};
use painter::{Painter, Piece};
use paper::Paper;

pub(crate) use beside::Notices;
pub(crate) use pace::Cause;
pub(crate) use signals::{Signals, TerminalSignal};

/// Around what is to be shown at once, where the terminal can do that.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// Asks whether the terminal is ready: it answers once it has taken what came before.
const ASK: &[u8] = b"\x1b[5n";

/// The screen, taken; dropping it gives the terminal back.
pub(crate) struct Screen {
    terminal: Terminal<Paper>,
    size: (u16, u16),
    painter: Painter,
    links: Links,
    pace: Pace,
    writer: Writer,
    /// What is to be written before the next frame.
    before: Vec<u8>,
    /// The window's title.
    title: Option<String>,
    has_mouse: bool,
    /// Given back, until the program goes on.
    away: bool,
}

/// True where both keyboard and screen are a terminal.
pub(crate) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl Screen {
    /// Takes the terminal: alternate screen, raw mode, marked pastes.
    pub(crate) fn take() -> io::Result<Self> {
        modes::give_back_on_panic();
        let size = modes::size();
        let (width, height) = size;
        let mut screen = Self {
            terminal: Terminal::new(Paper::new(width, height)).map_err(into_io)?,
            size,
            painter: Painter::new(width, height),
            links: Links::default(),
            pace: Pace::default(),
            writer: Writer::start(),
            before: Vec::new(),
            title: None,
            has_mouse: false,
            away: false,
        };
        screen.enter()?;
        Ok(screen)
    }

    /// Has the terminal report the wheel of the mouse, until it is given back for good.
    pub(crate) fn use_mouse(&mut self) {
        self.has_mouse = true;
        if modes::keep_mouse() {
            self.say(modes::MOUSE);
        }
    }

    fn enter(&mut self) -> io::Result<()> {
        modes::take()?;
        if self.has_mouse {
            self.use_mouse();
        }
        self.pace.begin();
        self.pace.asked(0, Instant::now());
        self.away = false;
        Ok(())
    }

    /// Ctrl+Z: stops the program and whatever runs beside it in its job. Where no shell could bring
    /// it back, it has only given the terminal back and taken it again.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        if modes::has_job_control() {
            self.away = true;
            modes::give_back();
            // Comes back as [`TerminalSignal::Stop`].
            Ok(kill_current_process_group(Signal::TSTP)?)
        } else {
            modes::give_back();
            self.resume()
        }
    }

    /// Gives the terminal back and stops, as the signal that came would have done by itself.
    pub(crate) fn stop(&mut self) -> io::Result<()> {
        if !modes::has_job_control() {
            return Ok(());
        }
        self.away = true;
        modes::give_back();
        Ok(kill_process(getpid(), Signal::STOP)?)
    }

    /// The program goes on: takes the terminal again, whatever became of it meanwhile.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        self.before.clear();
        self.enter()?;
        if let Some(title) = self.title.take() {
            self.set_title(&title);
        }
        self.forget();
        Ok(())
    }

    /// The terminal's size, looked at anew: columns and rows. Where it changed, the next frame writes
    /// everything: nobody knows what the terminal made of the last.
    pub(crate) fn size(&mut self) -> (u16, u16) {
        let size = modes::size();
        if std::mem::replace(&mut self.size, size) != size {
            let (width, height) = size;
            self.terminal.backend_mut().resize(width, height);
            self.painter.resize(width, height);
            self.want(Cause::Key);
        }
        size
    }

    /// The terminal knows kitty's keyboard protocol.
    pub(crate) fn use_keyboard_protocol(&mut self) {
        if modes::keep_keyboard() {
            self.say(modes::KEYBOARD);
        }
    }

    /// Names the window. Its name of before comes back with the terminal.
    pub(crate) fn set_title(&mut self, title: &str) {
        if self.title.as_deref() == Some(title) {
            return;
        }
        if modes::keep_title() {
            self.say(modes::KEEP_TITLE);
        }
        self.say(&beside::title(title));
        self.title = Some(title.to_owned());
    }

    /// Rings the bell.
    pub(crate) fn ring(&mut self) {
        self.say(b"\x07");
    }

    /// Has the desktop show a notification, where terminal and desktop can do that.
    pub(crate) fn notify(&mut self, notices: Notices, title: &str, text: &str) {
        self.say(&beside::notification(notices, title, text));
    }

    /// Puts text into the clipboard, where the terminal allows that; false where it is too long.
    pub(crate) fn copy(&mut self, text: &str) -> bool {
        let bytes = beside::clipboard(text);
        bytes.inspect(|bytes| self.say(bytes)).is_some()
    }

    /// Writes `bytes` before the next frame. Past what nobody would wait for they are left out.
    fn say(&mut self, bytes: &[u8]) {
        if self.before.len() + bytes.len() <= MOST {
            self.before.extend_from_slice(bytes);
            self.want(Cause::Key);
        }
    }

    /// The terminal has answered what it was asked first.
    pub(crate) fn answered(&mut self) {
        self.pace.answered(Instant::now());
    }

    /// The line to the terminal is slow for more than a moment.
    pub(crate) fn is_slow(&self) -> bool {
        self.pace.is_slow()
    }

    /// How many answers are under way, and until when they are waited for.
    pub(crate) fn awaited(&self) -> Option<(usize, Instant)> {
        self.pace.awaited()
    }

    /// Nothing is under way any more.
    pub(crate) fn settled(&mut self) {
        self.pace.settled();
    }

    /// The screen is out of date.
    pub(crate) fn want(&mut self, cause: Cause) {
        self.pace.want(cause, Instant::now());
    }

    /// When the next frame is to be drawn; `None` as long as nothing changed, the last frame is being
    /// written, or the terminal is not the program's.
    pub(crate) fn due(&self) -> Option<Instant> {
        let is_ready = !self.writer.is_busy() && !self.away;
        self.pace.due().filter(|_| is_ready)
    }

    /// Waits until the last frame is written; for ever without one.
    pub(crate) async fn written(&mut self) -> io::Result<()> {
        self.writer.written().await
    }

    /// Draws a frame, or as much of it as the line takes, and has what changed written, in one piece.
    /// Only once it is due.
    pub(crate) fn draw(
        &mut self,
        render: impl FnOnce(&mut Frame<'_>, &mut Links),
    ) -> io::Result<()> {
        let draw = self.pace.next(Instant::now());
        let piece = match draw {
            Draw::Rest { limit } => self.painter.paint(limit),
            Draw::Whole { .. } | Draw::CursorRow => self.paint_anew(draw, render)?,
        };
        let mut bytes = std::mem::take(&mut self.before);
        bytes.extend_from_slice(if piece.is_large { BEGIN } else { b"" });
        bytes.extend_from_slice(&piece.bytes);
        bytes.extend_from_slice(if piece.is_large { END } else { b"" });
        let count = bytes.len();
        if self.pace.asks(draw, count) {
            bytes.extend_from_slice(ASK);
        }
        self.pace.drawn(draw, count, piece.is_whole, Instant::now());
        if bytes.is_empty() {
            return Ok(());
        }
        self.writer.write(bytes)
    }

    fn paint_anew(
        &mut self,
        draw: Draw,
        render: impl FnOnce(&mut Frame<'_>, &mut Links),
    ) -> io::Result<Piece> {
        let links = &mut self.links;
        links.clear();
        let cursor = self.terminal.backend().cursor();
        let drawn = self.terminal.draw(|frame| render(frame, links));
        let buffer = drawn.map_err(into_io)?.buffer;
        Ok(if let Draw::Whole { limit } = draw {
            self.painter.take(buffer, links, cursor.get());
            self.painter.paint(limit)
        } else {
            let row = self.painter.take_cursor_row(buffer, links, cursor.get());
            self.painter.paint_only(row)
        })
    }

    /// Makes the next frame write everything.
    pub(crate) fn forget(&mut self) {
        self.size();
        self.painter.forget();
        self.want(Cause::Key);
    }

    /// Gives the terminal back.
    pub(crate) fn restore(&mut self) {
        modes::give_back();
    }
}

/// Bytes that wait for the next frame at most: a full clipboard, and some more.
const MOST: usize = 128 * 1024;

impl Drop for Screen {
    fn drop(&mut self) {
        modes::give_back();
    }
}

/// The paper never fails.
fn into_io(never: std::convert::Infallible) -> io::Error {
    match never {}
}
