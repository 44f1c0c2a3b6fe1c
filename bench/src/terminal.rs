//! A terminal with a program in it: a pseudo-terminal, the screen that its bytes paint, and a line
//! that may be slow.
//!
//! Owns the program's process and what it has shown, and when. Must not know what a program's
//! screen means, and must not make load.

mod display;
mod line;
mod program;
mod session;

pub(crate) use display::{Shown, Ticket, Where};
pub(crate) use line::LineSpeed;
pub(crate) use program::{Foreign, Program};
pub(crate) use session::{Opening, Terminal, TerminalError};
