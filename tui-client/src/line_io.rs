//! Standard input and output as lines, for the modes without a screen. Each has a thread of its own:
//! neither a read nor a write can be given up, and whoever stopped reading must not make the program
//! deaf. Must not know what a line means.

mod input;
mod output;
mod signals;

pub(crate) use input::{RawLine, read_lines};
pub(crate) use output::{Written, write_lines};
pub(crate) use signals::StopSignals;
