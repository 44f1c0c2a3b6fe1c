//! The terminal: set up, written to once per frame, and restored on every way out, panics included.
//! Must not know what is drawn.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::panic;
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};
use ratatui::{Frame, Terminal};
use rustix::process::{Signal, kill_current_process_group};

/// True while the terminal is in the program's hands.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The bytes of a frame while it is drawn. Flushing does nothing: a frame is written as a whole.
#[derive(Clone, Debug, Default)]
struct FrameBytes(Rc<RefCell<Vec<u8>>>);

impl Write for FrameBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The screen, taken; dropping it gives the terminal back.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<FrameBytes>>,
    bytes: FrameBytes,
}

/// True where both keyboard and screen are a terminal.
pub(crate) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl Screen {
    /// Takes the terminal: alternate screen, raw mode, bracketed paste.
    pub(crate) fn take() -> io::Result<Self> {
        restore_on_panic();
        let bytes = FrameBytes::default();
        let screen = Self {
            terminal: Terminal::new(CrosstermBackend::new(bytes.clone()))?,
            bytes,
        };
        enter()?;
        Ok(screen)
    }

    /// Gives the terminal back and stops the program, as a shell's job control expects on Ctrl+Z;
    /// takes the terminal again when the program goes on. Where no shell could bring it back, the
    /// system does not stop it.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        restore();
        kill_current_process_group(Signal::TSTP)?;
        enter()?;
        self.forget()
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws a frame and writes what changed, in one piece.
    pub(crate) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(render)?;
        let bytes = std::mem::take(&mut *self.bytes.0.borrow_mut());
        let mut out = io::stdout().lock();
        let mut frame = Vec::with_capacity(bytes.len() + 16);
        crossterm::queue!(frame, BeginSynchronizedUpdate)?;
        frame.extend_from_slice(&bytes);
        crossterm::queue!(frame, EndSynchronizedUpdate)?;
        out.write_all(&frame)?;
        out.flush()
    }

    /// Makes the next frame write everything.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        // Clearing by the library's own means asks the terminal where the cursor is, and the answer
        // would go to whoever reads the keys.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// Gives the terminal back.
    pub(crate) fn restore(&mut self) {
        restore();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Alternate screen, raw mode, bracketed paste.
fn enter() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)
}

/// Gives the terminal back, once. Errors are passed over: the terminal may be gone, and there is
/// nowhere left to say so.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let screen = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        );
        disable_raw_mode().and(screen).ok();
    }
}

/// A panic's text must not go to the alternate screen, where nobody would see it.
fn restore_on_panic() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            restore();
            print(panic);
        }));
    });
}
