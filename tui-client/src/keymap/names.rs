//! Keys in words: `ctrl+g`, `alt+1`, `shift+tab`, `f3`, as the configuration writes them, and as people
//! read them.

use crate::input::{Code, Key};

/// Why a text names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no key: write one like ctrl+g, alt+1, shift+tab, f3, pgup or x")]
pub(crate) struct KeyError(String);

/// The keys that have names of their own.
const NAMED: [(&str, &str, Code); 16] = [
    ("enter", "Enter", Code::Enter),
    ("tab", "Tab", Code::Tab),
    ("esc", "Esc", Code::Escape),
    ("backspace", "Backspace", Code::Backspace),
    ("delete", "Delete", Code::Delete),
    ("insert", "Insert", Code::Insert),
    ("left", "Left", Code::Left),
    ("right", "Right", Code::Right),
    ("up", "Up", Code::Up),
    ("down", "Down", Code::Down),
    ("home", "Home", Code::Home),
    ("end", "End", Code::End),
    ("pgup", "PgUp", Code::PageUp),
    ("pgdn", "PgDn", Code::PageDown),
    ("space", "Space", Code::Char(' ')),
    ("plus", "+", Code::Char('+')),
];
/// The highest function key.
const FUNCTIONS: u8 = 24;

/// Reads a key as the configuration writes it, whatever the case of its words.
pub(crate) fn parse_key(text: &str) -> Result<Key, KeyError> {
    let error = || KeyError(text.to_owned());
    let mut key = Key::plain(Code::Escape);
    let mut parts: Vec<&str> = text.split('+').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match part.to_ascii_lowercase().as_str() {
            "ctrl" => key.control = true,
            "alt" => key.alt = true,
            "shift" => key.shift = true,
            _ => return Err(error()),
        }
    }
    key.code = code(last).ok_or_else(error)?;
    if key.code == Code::Tab && key.shift {
        key.code = Code::BackTab;
        key.shift = false;
    }
    if let Code::Char(character) = key.code {
        // Few terminals say that Shift was held as well.
        if key.shift && (key.control || key.alt) {
            return Err(error());
        }
        if key.control || key.alt {
            key.code = Code::Char(character.to_ascii_lowercase());
        } else if key.shift {
            let upper = character.to_uppercase().next().unwrap_or(character);
            key.code = Code::Char(upper);
        }
        key.shift = false;
    }
    Ok(key)
}

fn code(text: &str) -> Option<Code> {
    let mut characters = text.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        return (!character.is_control()).then_some(Code::Char(character));
    }
    let lower = text.to_ascii_lowercase();
    if let Some((_, _, code)) = NAMED.iter().find(|(name, ..)| *name == lower) {
        return Some(*code);
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    (1..=FUNCTIONS).contains(&number).then_some(Code::F(number))
}

/// A key as people read it: `Ctrl+G`, `Shift+Tab`, `x`.
pub(crate) fn key_name(key: Key) -> String {
    let mut name = String::new();
    for (held, word) in [
        (key.control, "Ctrl+"),
        (key.alt, "Alt+"),
        (key.shift || key.code == Code::BackTab, "Shift+"),
    ] {
        name.push_str(if held { word } else { "" });
    }
    let with_modifier = key.control || key.alt;
    match key.code {
        Code::BackTab => name.push_str("Tab"),
        Code::F(number) => name.push_str(&format!("F{number}")),
        Code::Char(' ') => name.push_str("Space"),
        Code::Char(character) if with_modifier => name.extend(character.to_uppercase()),
        Code::Char(character) => name.push(character),
        code => {
            let known = NAMED.iter().find(|(.., named)| *named == code);
            name.push_str(known.map_or("", |(_, word, _)| word));
        }
    }
    name
}
