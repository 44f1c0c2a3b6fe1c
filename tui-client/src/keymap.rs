//! From keys to what they mean. Owns the bindings and their names; what an action does is the app's
//! business.

mod names;
mod table;

use std::collections::HashMap;

use crate::input::{Code, Key};

pub(crate) use names::{KeyError, key_name, parse_key};
pub(crate) use table::{ANYWHERE, Binding, SELECTED};

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
    /// Search the messages.
    Find,
    /// The next mention, then the next room with something unread.
    NextMention,
    /// Show or hide what is beside the messages.
    ToggleSides,
    /// Pick a message out.
    Select,
    /// Take the last action back.
    TakeBack,
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
    /// Answer the message.
    Reply,
    /// Put its text into the clipboard.
    Copy,
    /// Look its author up.
    Card,
    /// Show what it answers, and what answers it.
    Thread,
    TimeOut,
    Ban,
    Kick,
    /// Delete it; drop it where it was not sent.
    Delete,
    Pin,
    /// Show what was deleted.
    ViewDeleted,
    /// Mark those with the same text.
    LikeIt,
    /// Mark it.
    Mark,
    /// Write it anew, where it was not sent.
    Edit,
    /// Let a held message through.
    Approve,
    /// Do not.
    Deny,
    /// Enter.
    Open,
}

/// The bindings of this user.
#[derive(Clone, Debug)]
pub(crate) struct Keymap {
    anywhere: HashMap<Key, Action>,
    selected: HashMap<Key, SelectedAction>,
}

/// Why bindings can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BindingError {
    /// No action has this name.
    #[error("there is no action `{0}`{1}")]
    Action(String, String),
    /// Not a key.
    #[error("{0}")]
    Key(KeyError),
    /// Two actions for one key.
    #[error(
        "{key} is bound to `{first}` and to `{second}`; bind one of them to another key, or to \"none\""
    )]
    Twice {
        key: String,
        first: &'static str,
        second: &'static str,
    },
    /// A letter is typed.
    #[error("{0} is typed into the input box: bind it together with ctrl or alt")]
    Typed(String),
}

impl Default for Keymap {
    fn default() -> Self {
        Self::new(&[], &[]).expect("the keys of the table are well-formed and differ")
    }
}

impl Keymap {
    /// The bindings of the table, with others for the actions that are named. No keys free an action.
    pub(crate) fn new(
        anywhere: &[(String, Vec<String>)],
        selected: &[(String, Vec<String>)],
    ) -> Result<Self, BindingError> {
        let keymap = Self {
            anywhere: bound(ANYWHERE, anywhere)?,
            selected: bound(SELECTED, selected)?,
        };
        let is_typed = |key: &&Key| matches!(key.code, Code::Char(_)) && !key.control && !key.alt;
        if let Some(key) = keymap.anywhere.keys().find(is_typed) {
            return Err(BindingError::Typed(key_name(*key)));
        }
        Ok(keymap)
    }

    /// What `key` means; `None` for keys without a meaning.
    pub(crate) fn action(&self, key: Key) -> Option<Action> {
        if let Some(action) = self.anywhere.get(&bare(key)) {
            return Some(action.clone());
        }
        let Code::Char(character) = key.code else {
            return None;
        };
        match (key.control, key.alt) {
            (false, false) => Some(Action::Insert(character)),
            // AltGr arrives as both on some terminals: what it types is text.
            (true, true) if !character.is_ascii_alphanumeric() => Some(Action::Insert(character)),
            _ => None,
        }
    }

    /// What a key means while something is picked.
    pub(crate) fn selected(&self, key: Key) -> Option<SelectedAction> {
        self.selected.get(&bare(key)).copied()
    }

    /// The same for a character that came without a modifier.
    pub(crate) fn letter(&self, letter: char) -> Option<SelectedAction> {
        self.selected(Key::plain(Code::Char(letter)))
    }

    /// The keys of an action, as they are written for people; empty where it has none.
    pub(crate) fn keys_of(&self, action: &Action) -> Vec<String> {
        let bound = self.anywhere.iter().filter(|(_, bound)| *bound == action);
        sorted(bound.map(|(key, _)| *key))
    }

    /// The same for what letters do while something is picked.
    pub(crate) fn selected_keys_of(&self, action: SelectedAction) -> Vec<String> {
        let bound = self.selected.iter().filter(|(_, bound)| **bound == action);
        sorted(bound.map(|(key, _)| *key))
    }
}

/// The shortest first, so that a hint shows that one.
fn sorted(keys: impl Iterator<Item = Key>) -> Vec<String> {
    let mut names: Vec<String> = keys.map(key_name).collect();
    names.sort_by_key(|name| (name.len(), name.clone()));
    names
}

/// A key as it is bound: a character says itself whether Shift was held.
fn bare(key: Key) -> Key {
    match key.code {
        Code::Char(_) | Code::BackTab => Key {
            shift: false,
            ..key
        },
        _ => key,
    }
}

fn bound<A: Clone + PartialEq>(
    table: &'static [Binding<A>],
    changes: &[(String, Vec<String>)],
) -> Result<HashMap<Key, A>, BindingError> {
    for (name, _) in changes {
        if table.iter().all(|binding| binding.name != name) {
            let near = nearest(name, table.iter().map(|binding| binding.name));
            return Err(BindingError::Action(name.clone(), near));
        }
    }
    let mut found: HashMap<Key, (&'static str, A)> = HashMap::new();
    for binding in table {
        let change = changes.iter().find(|(name, _)| name == binding.name);
        let keys: Vec<&str> = match change {
            Some((_, keys)) => keys
                .iter()
                .map(String::as_str)
                .filter(|key| *key != "none")
                .collect(),
            None => binding.keys.split_whitespace().collect(),
        };
        for key in keys {
            let parsed = parse_key(key).map_err(BindingError::Key)?;
            match found.get(&parsed) {
                Some((first, _)) if *first != binding.name => {
                    // A key that the user gave away is not the table's any more.
                    let is_given = |name: &str| changes.iter().any(|(one, _)| one == name);
                    match (is_given(first), change.is_some()) {
                        (true, false) => continue,
                        (false, true) => {}
                        _ => {
                            return Err(BindingError::Twice {
                                key: key_name(parsed),
                                first,
                                second: binding.name,
                            });
                        }
                    }
                }
                _ => {}
            }
            found.insert(parsed, (binding.name, binding.action.clone()));
        }
    }
    Ok(found
        .into_iter()
        .map(|(key, (_, action))| (key, action))
        .collect())
}

/// `; did you mean …?` where a name is near.
fn nearest<'names>(given: &str, names: impl Iterator<Item = &'names str>) -> String {
    let near = names
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .min();
    match near {
        Some((distance, name)) if distance <= 3 => format!("; did you mean `{name}`?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
