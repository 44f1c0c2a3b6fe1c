//! What a control sequence means: keys as xterm, rxvt, the Linux console and kitty write them, and
//! the replies that the program asks for. Pure; where a sequence ends is the decoder's business.

use super::{Code, Key, Reply};

/// What a sequence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A key.
    Key(Key),
    /// Pasted text follows.
    PasteBegins,
    /// A reply that is waited for.
    Reply(Reply),
    /// The wheel was turned by a notch.
    Wheel { up: bool },
    /// The window is typed into, or no longer.
    Focus(bool),
    /// Well-formed, and nothing that matters here.
    Nothing,
}

/// One parameter with the parts that colons divide; those that are left out are `None`.
type Parameter = [Option<u32>; 3];

/// Bits of a modifier parameter, which is one more than their sum.
const SHIFT: u32 = 1;
const ALT: u32 = 2;
const CONTROL: u32 = 4;
/// Super, Hyper, Meta: such keys are the desktop's.
const OTHERS: u32 = 8 | 16 | 32;
/// Shift, Meta and Control in the number of a button of the mouse.
const HELD_WITH_MOUSE: u32 = 4 | 8 | 16;
/// The kind of event, behind the modifiers, for a key that is let go.
const RELEASED: u32 = 3;

/// A control sequence (ECMA-48, 5.4) without its introducer and its final byte.
pub(super) fn control_sequence(body: &[u8], end: u8) -> Meaning {
    if let [marker @ b'<'..=b'?', _rest @ ..] = body {
        return match (marker, end) {
            (b'?', b'u') => Meaning::Reply(Reply::KeyboardProtocol),
            (b'?', b'c') => Meaning::Reply(Reply::Attributes),
            (b'<', b'M') => mouse(&body[1..]),
            _ => Meaning::Nothing,
        };
    }
    if body.iter().any(|byte| !matches!(byte, b'0'..=b';')) {
        return Meaning::Nothing;
    }
    let parameters = parameters(body);
    let number = parameters[0][0].unwrap_or(0);
    let key = match end {
        b'I' if body.is_empty() => return Meaning::Focus(true),
        b'O' if body.is_empty() => return Meaning::Focus(false),
        // Ready, or not working: that it answers is all that counts.
        b'n' if number == 0 || number == 3 => return Meaning::Reply(Reply::Ready),
        b'~' if number == 200 => return Meaning::PasteBegins,
        // xterm's modifyOtherKeys.
        b'~' if number == 27 => {
            let code = [parameters[2][0], None, None];
            character(code, parameters[1], None)
        }
        b'~' => numbered(number).and_then(|code| modified(code, parameters[1])),
        b'u' => character(parameters[0], parameters[1], parameters[2][0]),
        b'^' => numbered(number).map(Key::control),
        b'$' => numbered(number).map(shifted),
        b'@' => numbered(number).map(|code| Key {
            control: true,
            ..shifted(code)
        }),
        b'Z' => Some(shifted(Code::BackTab)),
        // A report of where the cursor is ends in R as well, and F3 with Shift is like that of the first
        // row.
        b'R' if !body.is_empty() => None,
        b'a'..=b'd' => lettered(end.to_ascii_uppercase()).map(shifted),
        _ => lettered(end).and_then(|code| {
            let alone = parameters[1] == [None; 3];
            modified(code, parameters[usize::from(!alone)])
        }),
    };
    key.map_or(Meaning::Nothing, Meaning::Key)
}

/// A report of the mouse (xterm's SGR mode): the wheel, whatever is held with it; nothing else of the mouse
/// means anything here.
fn mouse(body: &[u8]) -> Meaning {
    match parameters(body)[0][0].map(|button| button & !HELD_WITH_MOUSE) {
        Some(64) => Meaning::Wheel { up: true },
        Some(65) => Meaning::Wheel { up: false },
        _ => Meaning::Nothing,
    }
}

/// A key that begins with SS3: of the keypad, of xterm in application mode, of rxvt with Control.
pub(super) fn single_shift(body: &[u8], end: u8) -> Meaning {
    let parameters = parameters(body);
    let modifiers = match parameters[1] {
        [None, ..] => parameters[0],
        given => given,
    };
    let key = match end {
        b'a'..=b'd' => lettered(end.to_ascii_uppercase()).map(Key::control),
        b'M' => Some(Key::plain(Code::Enter)),
        b'I' => Some(Key::plain(Code::Tab)),
        b'X' => Some(Key::plain(Code::Char('='))),
        b' ' => Some(Key::plain(Code::Char(' '))),
        b'j'..=b'y' => Some(Key::plain(Code::Char((end - b'j' + b'*') as char))),
        _ => lettered(end).and_then(|code| modified(code, modifiers)),
    };
    key.map_or(Meaning::Nothing, Meaning::Key)
}

/// The Linux console's `CSI [ A` to `E`.
pub(super) fn console(end: u8) -> Meaning {
    match end {
        b'A'..=b'E' => Meaning::Key(Key::plain(Code::F(end - b'A' + 1))),
        _ => Meaning::Nothing,
    }
}

/// The first three parameters.
fn parameters(body: &[u8]) -> [Parameter; 3] {
    let mut parameters = [[None; 3]; 3];
    for (text, parameter) in body.split(|byte| *byte == b';').zip(&mut parameters) {
        for (text, part) in text.split(|byte| *byte == b':').zip(parameter) {
            *part = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        }
    }
    parameters
}

const fn shifted(code: Code) -> Key {
    Key {
        shift: true,
        ..Key::plain(code)
    }
}

/// `code` with the modifiers of a parameter; none for a key that is let go, or that is not ours.
fn modified(code: Code, modifiers: Parameter) -> Option<Key> {
    let bits = modifiers[0].unwrap_or(1).saturating_sub(1);
    if modifiers[1] == Some(RELEASED) || bits & OTHERS != 0 {
        return None;
    }
    Some(Key {
        code,
        shift: bits & SHIFT != 0,
        control: bits & CONTROL != 0,
        alt: bits & ALT != 0,
    })
}

/// A key of `CSI NUMBER ~`.
fn numbered(number: u32) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F((number - 10) as u8),
        17..=21 => Code::F((number - 11) as u8),
        23..=26 => Code::F((number - 12) as u8),
        28 | 29 => Code::F((number - 13) as u8),
        31..=34 => Code::F((number - 14) as u8),
        _ => return None,
    })
}

/// A key that ends in a letter, behind CSI or SS3.
fn lettered(end: u8) -> Option<Code> {
    Some(match end {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'F' => Code::End,
        b'H' => Code::Home,
        b'P'..=b'S' => Code::F(end - b'P' + 1),
        _ => return None,
    })
}

/// A key that is named by its character: the character, the one with Shift, and the one that the key
/// has on a keyboard for English; its modifiers; and what it types.
fn character(codes: Parameter, modifiers: Parameter, text: Option<u32>) -> Option<Key> {
    let code = codes[0]?;
    let key = modified(functional(code)?, modifiers)?;
    let Code::Char(mut character) = key.code else {
        let is_back = key.code == Code::Tab && key.shift;
        let code = if is_back { Code::BackTab } else { key.code };
        return Some(Key { code, ..key });
    };
    let other = |code: Option<u32>| code.and_then(char::from_u32).filter(|c| !c.is_control());
    if key.control || key.alt {
        if !character.is_ascii() {
            character = other(codes[2]).unwrap_or(character);
        }
        if key.shift && !character.is_alphabetic() && character != ' ' {
            // The sign says all that Shift does.
            let character = other(codes[1]).unwrap_or(character);
            let code = Code::Char(character);
            let shift = false;
            return Some(Key { code, shift, ..key });
        }
        character = character.to_ascii_lowercase();
    } else if let Some(typed) = other(text) {
        character = typed;
    } else if key.shift {
        let upper = || character.to_uppercase().next().unwrap_or(character);
        character = other(codes[1]).unwrap_or_else(upper);
    }
    Some(Key {
        code: Code::Char(character),
        ..key
    })
}

/// A key by the number that kitty's protocol gives it: a character, or from a private range.
fn functional(code: u32) -> Option<Code> {
    const KEYPAD: &[u8; 18] = b"0123456789./*-+\r=,";
    Some(match code {
        9 => Code::Tab,
        13 => Code::Enter,
        27 => Code::Escape,
        8 | 127 => Code::Backspace,
        57_414 => Code::Enter,
        57_399..=57_416 => Code::Char(KEYPAD[(code - 57_399) as usize] as char),
        57_417 => Code::Left,
        57_418 => Code::Right,
        57_419 => Code::Up,
        57_420 => Code::Down,
        57_421 => Code::PageUp,
        57_422 => Code::PageDown,
        57_423 => Code::Home,
        57_424 => Code::End,
        57_425 => Code::Insert,
        57_426 => Code::Delete,
        57_344..=63_743 => return None,
        _ => match char::from_u32(code)? {
            control if control.is_control() => return None,
            character => Code::Char(character),
        },
    })
}
