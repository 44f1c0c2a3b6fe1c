//! The keys that are no text, as an xterm sends them.
//!
//! Must not know what the client does with them.

/// What can't be typed as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Backspace.
    Backspace,
    /// Page up.
    PageUp,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Tab.
    Tab,
    /// Tab with Shift.
    BackTab,
    /// End.
    End,
    /// F2.
    F2,
    /// F3.
    F3,
    /// F4.
    F4,
    /// Control with a letter.
    Control(char),
    /// Alt with a character.
    Alt(char),
}

impl Key {
    /// What an xterm sends for it.
    pub(super) fn bytes(self) -> Vec<u8> {
        match self {
            Key::Enter => b"\r".to_vec(),
            Key::Escape => b"\x1b".to_vec(),
            Key::Backspace => b"\x7f".to_vec(),
            Key::PageUp => b"\x1b[5~".to_vec(),
            Key::Up => b"\x1b[A".to_vec(),
            Key::Down => b"\x1b[B".to_vec(),
            Key::Tab => b"\t".to_vec(),
            Key::BackTab => b"\x1b[Z".to_vec(),
            Key::End => b"\x1b[F".to_vec(),
            Key::F2 => b"\x1bOQ".to_vec(),
            Key::F3 => b"\x1bOR".to_vec(),
            Key::F4 => b"\x1bOS".to_vec(),
            Key::Control(letter) => vec![letter as u8 & 0x1f],
            Key::Alt(character) => format!("\x1b{character}").into_bytes(),
        }
    }
}
