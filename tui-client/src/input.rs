//! What comes from the terminal: from bytes to keys, pastes and the terminal's replies.
//!
//! Owns the grammar of what a terminal sends. Must not know what a key does.

mod burst;
mod decoder;
mod key;
mod keyboard;
mod sequence;
mod wheel;

pub(crate) use key::{Code, Key};
pub(crate) use keyboard::Keyboard;

#[cfg(test)]
pub(crate) use decoder::{Decoder, PATIENCE};

/// Something that the user did, or the terminal said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A key, pressed or repeated.
    Key(Key),
    /// ESC and a character at once: a key with Alt, or Escape and then that character, by somebody who is
    /// quick. The key is the one with Alt; where that means nothing, see [`Key::apart`].
    Prefixed(Key),
    /// The wheel was turned by so many rows.
    Wheel { up: bool, rows: u16 },
    /// Pasted text, as it came.
    Paste(String),
    /// The terminal's window is the one that is typed into, or is no longer.
    Focus(bool),
    /// The terminal answered.
    Reply(Reply),
}

/// Answers of the terminal that the program asked for. All others are swallowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It knows kitty's keyboard protocol.
    KeyboardProtocol,
    /// What it is: the answer that every terminal gives, so nothing asked before it is still to come.
    Attributes,
    /// It has taken what was written before it was asked.
    Ready,
}
