//! From keys to what they mean. Owns the bindings; what an action does is the app's business.

use crate::input::{Code, Key};

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
    /// Cut to the end of the row; where the cursor is at the end of the text, go to a room, a person or a
    /// command.
    KillOrPalette,
    /// Put back what was cut.
    Yank,
    /// Directly after that: what was cut before it instead.
    YankPop,
    /// Take the last change of the text back.
    Undo,
    /// Change the text again as it was.
    Redo,
    /// Swap what is left and right of the cursor.
    Transpose,
    /// Write the next word in capitals.
    UpperCase,
    /// Write the next word in small letters.
    LowerCase,
    /// Begin the next word with a capital.
    Capitalize,
    /// Search what was sent.
    RecallSearch,
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
    /// The list of what went wrong.
    Problems,
    /// The list of what waits for a moderator.
    Held,
    /// The list of what was said and done.
    Log,
    /// Pick a message out.
    Select,
    /// Take the last action back.
    TakeBack,
    /// Go to the oldest mention that was not seen, or to the next room with unread messages.
    NextUnseen,
    /// Look for messages.
    Find,
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

/// What a letter asks for while something is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SelectedAction {
    Reply,
    Copy,
    Card,
    Thread,
    TimeOut,
    Ban,
    Kick,
    Delete,
    Pin,
    ViewDeleted,
    LikeIt,
    Mark,
    Edit,
    Discard,
    Approve,
    Deny,
    Open,
}

/// The bindings.
#[derive(Debug, Default)]
pub(crate) struct Keymap;

impl Keymap {
    /// What a key means while something is picked.
    pub(crate) fn selected(&self, key: Key) -> Option<SelectedAction> {
        let Code::Char(letter) = key.code else {
            return None;
        };
        Some(match letter {
            'r' => SelectedAction::Reply,
            'y' => SelectedAction::Copy,
            'c' => SelectedAction::Card,
            'f' => SelectedAction::Thread,
            't' => SelectedAction::TimeOut,
            'b' => SelectedAction::Ban,
            'k' => SelectedAction::Kick,
            'x' => SelectedAction::Delete,
            'p' => SelectedAction::Pin,
            'v' => SelectedAction::ViewDeleted,
            's' => SelectedAction::LikeIt,
            ' ' => SelectedAction::Mark,
            'e' => SelectedAction::Edit,
            'a' => SelectedAction::Approve,
            'd' => SelectedAction::Deny,
            _ => return None,
        })
    }
}

/// What `key` means; `None` for keys without a meaning.
pub(crate) fn action(key: Key) -> Option<Action> {
    match (key.control, key.alt) {
        (true, false) => with_control(key.code),
        (false, true) => with_alt(key.code),
        (false, false) => plain(key.code, key.shift),
        // AltGr arrives as both on some terminals: what it types is text.
        (true, true) => match key.code {
            Code::Char(character) if !character.is_ascii_alphanumeric() => {
                Some(Action::Insert(character))
            }
            _ => None,
        },
    }
}

fn plain(code: Code, shift: bool) -> Option<Action> {
    Some(match code {
        Code::Char(character) => Action::Insert(character),
        Code::Tab => Action::Complete,
        Code::Enter if shift => Action::Newline,
        Code::Enter => Action::Submit,
        Code::Escape => Action::Escape,
        Code::Backspace => Action::Backspace,
        Code::Delete => Action::Delete,
        Code::Left => Action::Move(Motion::Left),
        Code::Right => Action::Move(Motion::Right),
        Code::Up => Action::Up,
        Code::Down => Action::Down,
        Code::Home => Action::Home,
        Code::End => Action::End,
        Code::PageUp => Action::PageUp,
        Code::PageDown => Action::PageDown,
        Code::F(1) => Action::Help,
        Code::F(2) => Action::Problems,
        Code::F(3) => Action::Held,
        Code::F(4) => Action::Log,
        Code::BackTab => Action::Select,
        _ => return None,
    })
}

fn with_control(code: Code) -> Option<Action> {
    Some(match code {
        Code::Char('a') => Action::Move(Motion::RowStart),
        Code::Char('b') => Action::Move(Motion::Left),
        Code::Char('c') => Action::Interrupt,
        Code::Char('d') => Action::DeleteOrQuit,
        Code::Char('e') => Action::Move(Motion::RowEnd),
        Code::Char('f') => Action::Find,
        Code::Char('g') => Action::NextUnseen,
        Code::Char('h') => Action::Backspace,
        Code::Char('j') => Action::Newline,
        Code::Char('k') => Action::KillOrPalette,
        Code::Char('l') => Action::Redraw,
        Code::Char('o') => Action::TakeBack,
        Code::Up => Action::Select,
        Code::Char('n') => Action::NextRoom,
        Code::Char('p') => Action::PreviousRoom,
        Code::Char('r') => Action::RecallSearch,
        Code::Char('t') => Action::Transpose,
        Code::Char('u') => Action::Kill(Motion::RowStart),
        Code::Char('w') => Action::Kill(Motion::SpaceLeft),
        Code::Char('y') => Action::Yank,
        Code::Char('z') => Action::Suspend,
        // What terminals send for it, and what they say of the key with kitty's protocol.
        Code::Char('_' | '/') => Action::Undo,
        Code::Enter => Action::Newline,
        Code::Left => Action::Move(Motion::WordLeft),
        Code::Right => Action::Move(Motion::WordRight),
        Code::Backspace => Action::Kill(Motion::WordLeft),
        Code::Delete => Action::Kill(Motion::WordRight),
        Code::Home => Action::Top,
        Code::End => Action::Bottom,
        _ => return None,
    })
}

fn with_alt(code: Code) -> Option<Action> {
    Some(match code {
        Code::Char(digit @ '1'..='9') => Action::Room(digit as usize - '1' as usize),
        Code::Char('b') => Action::Move(Motion::WordLeft),
        Code::Char('f') => Action::Move(Motion::WordRight),
        Code::Char('c') => Action::Capitalize,
        Code::Char('d') => Action::Kill(Motion::WordRight),
        Code::Char('l') => Action::LowerCase,
        Code::Char('u') => Action::UpperCase,
        Code::Char('y') => Action::YankPop,
        Code::Char('_') => Action::Redo,
        Code::Backspace => Action::Kill(Motion::WordLeft),
        Code::Enter => Action::Newline,
        Code::Left => Action::PreviousRoom,
        Code::Right => Action::NextRoom,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_help_says() {
        let check =
            |key: Key, expected: Option<Action>| assert_eq!(action(key), expected, "{key:?}");
        let plain = |code| Key::plain(code);
        let alt = |code| Key::plain(code).with_alt(true);
        check(plain(Code::Char('é')), Some(Action::Insert('é')));
        let shift = Key {
            shift: true,
            ..plain(Code::Char('A'))
        };
        check(shift, Some(Action::Insert('A')));
        check(plain(Code::Enter), Some(Action::Submit));
        check(alt(Code::Enter), Some(Action::Newline));
        check(Key::control(Code::Char('j')), Some(Action::Newline));
        check(alt(Code::Char('3')), Some(Action::Room(2)));
        let word = Key::control(Code::Char('w'));
        check(word, Some(Action::Kill(Motion::SpaceLeft)));
        let alt_gr = Key::control(Code::Char('@')).with_alt(true);
        check(alt_gr, Some(Action::Insert('@')));
        check(Key::control(Code::Char('z')), Some(Action::Suspend));
        check(Key::of_control(0x1f), Some(Action::Undo));
        check(Key::control(Code::Char('k')), Some(Action::KillOrPalette));
        check(alt(Code::Char('y')), Some(Action::YankPop));
        check(Key::control(Code::Home), Some(Action::Top));
        check(plain(Code::Tab), Some(Action::Complete));
        check(plain(Code::F(2)), Some(Action::Problems));
        check(plain(Code::F(9)), None);
        check(alt(Code::Char('z')), None);
    }
}
