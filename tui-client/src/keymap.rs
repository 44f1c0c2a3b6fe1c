//! From keys to what they mean. Owns the bindings; what an action does is the app's business.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What the user asked for by a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Put a character where the cursor is.
    Insert(char),
    /// Begin a new row in the input.
    Newline,
    /// Send, or confirm.
    Submit,
    /// Close what is open.
    Escape,
    /// Ctrl+C: clear the input, or quit.
    Interrupt,
    /// Ctrl+D: delete, or quit.
    DeleteOrQuit,
    /// Delete to the left.
    Backspace,
    /// Delete to the right.
    Delete,
    /// Move in the input.
    Move(Motion),
    /// Cut from the input.
    Kill(Motion),
    /// Put back what was cut.
    Yank,
    /// Row up, or the message sent before.
    Up,
    /// Row down, or the message sent after.
    Down,
    /// Complete the word before the cursor.
    Complete,
    /// Home: start of the row, or of the room.
    Home,
    /// End: end of the row, or of the room.
    End,
    /// The room's first message.
    Top,
    /// The room's newest message.
    Bottom,
    /// Up by a screen.
    PageUp,
    /// Down by a screen.
    PageDown,
    /// The room at this place, from 0.
    Room(usize),
    /// The room to the right.
    NextRoom,
    /// The room to the left.
    PreviousRoom,
    /// The keys and commands.
    Help,
    /// The list of errors.
    Errors,
    /// Draw everything anew.
    Redraw,
    /// Ctrl+Z: back to the shell until it brings the program back.
    Suspend,
}

/// A way through the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Motion {
    /// One cluster to the left.
    Left,
    /// One cluster to the right.
    Right,
    /// To the start of a word.
    WordLeft,
    /// To the end of a word.
    WordRight,
    /// Back to white space, as Ctrl+W does.
    SpaceLeft,
    /// To the start of the row.
    RowStart,
    /// To the end of the row.
    RowEnd,
}

/// What `key` means; `None` for keys without a meaning.
pub(crate) fn action(key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    match (control, alt) {
        (true, false) => with_control(key.code),
        (false, true) => with_alt(key.code),
        (false, false) => plain(key.code, key.modifiers.contains(KeyModifiers::SHIFT)),
        // AltGr arrives as both on some terminals: what it types is text.
        (true, true) => match key.code {
            KeyCode::Char(character) if !character.is_ascii_alphanumeric() => {
                Some(Action::Insert(character))
            }
            _ => None,
        },
    }
}

fn plain(code: KeyCode, shift: bool) -> Option<Action> {
    Some(match code {
        KeyCode::Char(character) => Action::Insert(character),
        KeyCode::Tab => Action::Complete,
        KeyCode::Enter if shift => Action::Newline,
        KeyCode::Enter => Action::Submit,
        KeyCode::Esc => Action::Escape,
        KeyCode::Backspace => Action::Backspace,
        KeyCode::Delete => Action::Delete,
        KeyCode::Left => Action::Move(Motion::Left),
        KeyCode::Right => Action::Move(Motion::Right),
        KeyCode::Up => Action::Up,
        KeyCode::Down => Action::Down,
        KeyCode::Home => Action::Home,
        KeyCode::End => Action::End,
        KeyCode::PageUp => Action::PageUp,
        KeyCode::PageDown => Action::PageDown,
        KeyCode::F(1) => Action::Help,
        KeyCode::F(2) => Action::Errors,
        _ => return None,
    })
}

fn with_control(code: KeyCode) -> Option<Action> {
    Some(match code {
        KeyCode::Char('a') => Action::Move(Motion::RowStart),
        KeyCode::Char('b') => Action::Move(Motion::Left),
        KeyCode::Char('c') => Action::Interrupt,
        KeyCode::Char('d') => Action::DeleteOrQuit,
        KeyCode::Char('e') => Action::Move(Motion::RowEnd),
        KeyCode::Char('f') => Action::Move(Motion::Right),
        KeyCode::Char('h') => Action::Backspace,
        KeyCode::Char('j') => Action::Newline,
        KeyCode::Char('k') => Action::Kill(Motion::RowEnd),
        KeyCode::Char('l') => Action::Redraw,
        KeyCode::Char('n') => Action::NextRoom,
        KeyCode::Char('p') => Action::PreviousRoom,
        KeyCode::Char('u') => Action::Kill(Motion::RowStart),
        KeyCode::Char('w') => Action::Kill(Motion::SpaceLeft),
        KeyCode::Char('y') => Action::Yank,
        KeyCode::Char('z') => Action::Suspend,
        KeyCode::Enter => Action::Newline,
        KeyCode::Left => Action::Move(Motion::WordLeft),
        KeyCode::Right => Action::Move(Motion::WordRight),
        KeyCode::Backspace => Action::Kill(Motion::WordLeft),
        KeyCode::Delete => Action::Kill(Motion::WordRight),
        KeyCode::Home => Action::Top,
        KeyCode::End => Action::Bottom,
        _ => return None,
    })
}

fn with_alt(code: KeyCode) -> Option<Action> {
    Some(match code {
        KeyCode::Char(digit @ '1'..='9') => Action::Room(digit as usize - '1' as usize),
        KeyCode::Char('b') => Action::Move(Motion::WordLeft),
        KeyCode::Char('f') => Action::Move(Motion::WordRight),
        KeyCode::Char('d') => Action::Kill(Motion::WordRight),
        KeyCode::Backspace => Action::Kill(Motion::WordLeft),
        KeyCode::Enter => Action::Newline,
        KeyCode::Left => Action::PreviousRoom,
        KeyCode::Right => Action::NextRoom,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_help_says() {
        let check = |code: KeyCode, modifiers: KeyModifiers, expected: Option<Action>| {
            assert_eq!(action(KeyEvent::new(code, modifiers)), expected, "{code:?}");
        };
        let (none, control, alt) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT);
        check(KeyCode::Char('é'), none, Some(Action::Insert('é')));
        check(
            KeyCode::Char('A'),
            KeyModifiers::SHIFT,
            Some(Action::Insert('A')),
        );
        check(KeyCode::Enter, none, Some(Action::Submit));
        check(KeyCode::Enter, alt, Some(Action::Newline));
        check(KeyCode::Char('j'), control, Some(Action::Newline));
        check(KeyCode::Char('3'), alt, Some(Action::Room(2)));
        check(
            KeyCode::Char('w'),
            control,
            Some(Action::Kill(Motion::SpaceLeft)),
        );
        check(KeyCode::Char('@'), control | alt, Some(Action::Insert('@')));
        check(KeyCode::Char('z'), control, Some(Action::Suspend));
        check(KeyCode::Home, control, Some(Action::Top));
        check(KeyCode::Tab, none, Some(Action::Complete));
        check(KeyCode::F(2), none, Some(Action::Errors));
        check(KeyCode::F(9), none, None);
        check(KeyCode::Char('z'), alt, None);
    }

    #[test]
    fn releasing_a_key_means_nothing() {
        let mut key = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        key.kind = KeyEventKind::Release;
        assert_eq!(action(key), None);
    }
}
