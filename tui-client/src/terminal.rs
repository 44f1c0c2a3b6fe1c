//! The terminal: set up, written to once per frame, and restored on every way out, panics included.
//! Must not know what is drawn.

mod modes;
mod output;
mod painter;
mod signals;
mod widths;

use std::io::{self, IsTerminal};
use std::time::Instant;

use ratatui::layout::{Position, Rect};
use ratatui::{Frame, Terminal};
use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};

use output::Writer;
use painter::Painter;

pub(crate) use signals::{Signals, TerminalSignal};

/// The screen, taken; dropping it gives the terminal back.
pub(crate) struct Screen {
    terminal: Terminal<Painter>,
    writer: Writer,
    /// What is to be written before the next frame.
    before: Vec<u8>,
    /// When the terminal was asked something that it has not answered.
    asked: Option<Instant>,
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
        let (width, height) = modes::size();
        let mut screen = Self {
            terminal: Terminal::new(Painter::new(width, height)).map_err(into_io)?,
            writer: Writer::start(),
            before: Vec::new(),
            asked: None,
            away: false,
        };
        screen.enter()?;
        Ok(screen)
    }

    fn enter(&mut self) -> io::Result<()> {
        modes::take()?;
        self.asked = Some(Instant::now());
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
        self.forget()
    }

    /// The terminal's size, looked at anew: columns and rows. Where it changed, the next frame writes
    /// everything: nobody knows what the terminal made of the last.
    pub(crate) fn size(&mut self) -> io::Result<(u16, u16)> {
        let (width, height) = modes::size();
        if self.terminal.backend_mut().resize(width, height) {
            self.clear()?;
        }
        Ok((width, height))
    }

    /// The terminal knows kitty's keyboard protocol.
    pub(crate) fn use_keyboard_protocol(&mut self) {
        if modes::keep_keyboard() {
            self.before.extend_from_slice(modes::KEYBOARD);
        }
    }

    /// The terminal has answered all that it was asked.
    pub(crate) fn answered(&mut self) {
        self.asked = None;
    }

    /// When the terminal was asked something that it has not answered.
    pub(crate) fn asked(&self) -> Option<Instant> {
        self.asked
    }

    /// False while the last frame is being written, or the terminal is not the program's.
    pub(crate) fn is_ready(&self) -> bool {
        !self.writer.is_busy() && !self.away
    }

    /// Waits until the last frame is written; for ever without one.
    pub(crate) async fn written(&mut self) -> io::Result<()> {
        self.writer.written().await
    }

    /// Draws a frame and has what changed written, in one piece. Only where the screen is ready.
    pub(crate) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(render).map_err(into_io)?;
        let changes = self.terminal.backend_mut().take();
        let mut piece = std::mem::take(&mut self.before);
        piece.extend_from_slice(b"\x1b[?2026h");
        piece.extend_from_slice(&changes);
        piece.extend_from_slice(b"\x1b[?2026l");
        self.writer.write(piece)
    }

    /// Makes the next frame write everything.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        self.size()?;
        self.terminal.backend_mut().forget();
        self.clear()
    }

    fn clear(&mut self) -> io::Result<()> {
        let size = self.terminal.size().map_err(into_io)?;
        let area = Rect::from((Position::ORIGIN, size));
        self.terminal.resize(area).map_err(into_io)
    }

    /// Gives the terminal back.
    pub(crate) fn restore(&mut self) {
        modes::give_back();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        modes::give_back();
    }
}

/// The painter writes to memory, which never fails.
fn into_io(never: std::convert::Infallible) -> io::Error {
    match never {}
}
