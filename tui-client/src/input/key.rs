//! A key with its modifiers. Types only.

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Code {
    /// A character. With Control or Alt a letter is in lower case.
    Char(char),
    Enter,
    Tab,
    /// Shift+Tab.
    BackTab,
    Escape,
    Backspace,
    Delete,
    Insert,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    /// A function key, from 1.
    F(u8),
}

/// A key as it was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) code: Code,
    /// With Shift, where the terminal says so and the character does not.
    pub(crate) shift: bool,
    pub(crate) control: bool,
    pub(crate) alt: bool,
}

impl Key {
    /// The key alone.
    pub(crate) const fn plain(code: Code) -> Self {
        Self {
            code,
            shift: false,
            control: false,
            alt: false,
        }
    }

    /// The key with Control.
    pub(crate) const fn control(code: Code) -> Self {
        Self {
            control: true,
            ..Self::plain(code)
        }
    }

    /// The same key, with Alt where `alt` is true.
    pub(crate) const fn with_alt(self, alt: bool) -> Self {
        Self {
            alt: self.alt || alt,
            ..self
        }
    }

    /// Escape and the key without Alt: what a key with Alt is taken for where it means nothing.
    pub(crate) const fn apart(self) -> [Self; 2] {
        [Self::plain(Code::Escape), Self { alt: false, ..self }]
    }

    /// What a control character of ASCII stands for.
    pub(crate) const fn of_control(byte: u8) -> Self {
        match byte {
            b'\r' => Self::plain(Code::Enter),
            b'\t' => Self::plain(Code::Tab),
            0x1b => Self::plain(Code::Escape),
            0x7f => Self::plain(Code::Backspace),
            0 => Self::control(Code::Char(' ')),
            0x01..=0x1a => Self::control(Code::Char((byte + b'a' - 1) as char)),
            _ => Self::control(Code::Char((byte + b'@') as char)),
        }
    }
}
