//! Keys with Alt by which sequences begin: ESC and `[`, `O`, `]`, `P`, `_`, `^` or `X` in a read of their
//! own. What follows a key at a time was typed, unless it makes a sequence that is known.

use super::{Decoder, ESC, State};

impl Decoder {
    /// What one read brings behind Alt and `[` or `O`, by which sequences begin. A key that ends none that
    /// is known was typed.
    pub(super) fn take_in_sequence(&mut self, bytes: &[u8]) {
        let known = self.out.len();
        match &mut self.typed {
            // What can't stand in one; or what only rxvt and keypads end one with, and people type.
            Some((_, keys)) if !is_part(bytes[0]) || keys.is_empty() && is_letter(bytes) => {
                self.give_back();
                self.steps(bytes);
            }
            Some((_, keys)) if str::from_utf8(bytes).is_ok_and(is_key) => {
                keys.extend_from_slice(bytes);
                self.steps(bytes);
                if matches!(self.state, State::Ground) && self.out.len() == known {
                    self.give_back();
                }
            }
            _ => {
                self.typed = None;
                self.steps(bytes);
            }
        }
    }

    /// What one read brings behind an Alt key by which a string may begin.
    pub(super) fn take_in_string(&mut self, bytes: &[u8]) {
        match (bytes, &mut self.typed) {
            // A key that begins with ESC; ESC alone may be the beginning of a string's end.
            ([ESC, second, ..], _) if *second != b'\\' => {
                self.give_back();
                self.steps(bytes);
            }
            (_, Some((_, keys))) if str::from_utf8(bytes).is_ok_and(is_key) => {
                keys.extend_from_slice(bytes);
                // No terminal sends what it says in single characters.
                let is_typed = keys.len() > bytes.len() || bytes[0] < 0x20;
                match is_typed {
                    true => self.give_back(),
                    false => self.steps(bytes),
                }
            }
            _ => {
                self.typed = None;
                self.steps(bytes);
            }
        }
    }

    /// What was taken for a sequence were keys.
    pub(super) fn give_back(&mut self) {
        self.state = State::Ground;
        if let Some((letter, keys)) = self.typed.take() {
            self.prefixed(letter as char);
            self.steps(&keys);
        }
    }
}

/// True for what may stand in a sequence.
fn is_part(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

fn is_letter(bytes: &[u8]) -> bool {
    matches!(bytes, [b'a'..=b'z'])
}

/// True for one character that is no control by which strings end.
fn is_key(text: &str) -> bool {
    text.chars().count() == 1 && !text.starts_with(['\u{7}', '\u{1b}'])
}
