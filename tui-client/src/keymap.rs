//! From keys to what they mean. Owns the bindings and their names; what an action does is the app's
//! business.

mod everywhere;
mod names;
mod table;

use std::collections::HashMap;

use crate::input::{Code, Key};

pub(crate) use names::{KeyError, key_name, parse_key};
pub(crate) use table::{ANYWHERE, Binding, SELECTED};

/// What the user asked for by a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A key that means nothing.
    Unknown,
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
    /// A key that acts on what is picked, other than a character.
    Selected(SelectedAction),
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

/// Actions that nobody gets on without.
const NEEDED: [&str; 2] = ["submit", "escape"];

/// The bindings of this user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keymap {
    anywhere: HashMap<Key, Action>,
    selected: HashMap<Key, SelectedAction>,
}

/// Which keys a binding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// Those that mean the same wherever the user is, and those of the input box.
    Anywhere,
    /// Those while something is picked.
    Selected,
}

/// A binding that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) context: Context,
    /// Its place among the bindings that were given.
    pub(crate) place: usize,
    pub(crate) error: BindingError,
}

/// Why a binding can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BindingError {
    /// No action has this name.
    #[error("there is no action `{name}`{instead}")]
    Action {
        name: String,
        /// What may have been meant, with what stands before it.
        instead: String,
    },
    /// Not a key.
    #[error("{0}")]
    Key(KeyError),
    /// Two actions for one key.
    #[error(
        "{key} is bound to `{first}` and to `{second}`: bind one of them to another key, or to \"none\""
    )]
    Twice {
        key: String,
        first: &'static str,
        second: &'static str,
    },
    /// A letter is typed.
    #[error("{0} is typed into the input box: bind it together with ctrl or alt")]
    Typed(String),
    /// The key does something else while something is picked.
    #[error(
        "{key} is bound to `{anywhere}` wherever you are: bind `{selected}` to another key, or `{anywhere}` to \"none\""
    )]
    Anywhere {
        key: String,
        anywhere: &'static str,
        selected: &'static str,
    },
    /// Most terminals send the same for both.
    #[error("{0} is the same as {1} to most terminals: bind it to another key")]
    SameAs(String, &'static str),
    /// Nobody gets on without it.
    #[error("`{0}` needs a key")]
    Needed(&'static str),
}

impl Default for Keymap {
    fn default() -> Self {
        Self::new(&[], &[]).expect("the keys of the table are well-formed and differ")
    }
}

impl Keymap {
    /// The bindings of the table, with others for the actions that are named; the key "none" frees an
    /// action. All that is wrong comes back.
    pub(crate) fn new(
        anywhere: &[(String, Vec<String>)],
        selected: &[(String, Vec<String>)],
    ) -> Result<Self, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let in_context = |context| {
            move |(place, error)| Wrong {
                context,
                place,
                error,
            }
        };
        let (anywhere, problems) = bound(ANYWHERE, anywhere, Context::Anywhere);
        wrong.extend(problems.into_iter().map(in_context(Context::Anywhere)));
        let changes = selected;
        let (selected, mut problems) = bound(SELECTED, changes, Context::Selected);
        problems.extend(taken(&anywhere, &selected, changes));
        problems.sort_by_key(|(place, _)| *place);
        wrong.extend(problems.into_iter().map(in_context(Context::Selected)));
        match wrong.is_empty() {
            true => Ok(Self { anywhere, selected }),
            false => Err(wrong),
        }
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

    /// What `key` means where something `is_picked`. Characters stay what they are: whether they act or are
    /// typed on is the app's to say.
    pub(crate) fn meaning(&self, key: Key, is_picked: bool) -> Option<Action> {
        let acts = is_picked && !is_letter(key);
        match self.selected(key).filter(|_| acts) {
            Some(selected) => Some(Action::Selected(selected)),
            None => self.action(key),
        }
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

/// Bindings of what acts on what is picked to keys that do something else there, with the places of the
/// changes that make them.
fn taken(
    anywhere: &HashMap<Key, Action>,
    selected: &HashMap<Key, SelectedAction>,
    changes: &[(String, Vec<String>)],
) -> Vec<(usize, BindingError)> {
    let mut found = Vec::new();
    for (key, action) in selected {
        let binding = SELECTED.iter().find(|binding| binding.action == *action);
        let place = changes
            .iter()
            .position(|(name, _)| binding.is_some_and(|binding| binding.name == name));
        let other = anywhere.get(key).filter(|other| other.acts_while_picking());
        let other = ANYWHERE
            .iter()
            .find(|binding| other == Some(&binding.action));
        let opens = *action == SelectedAction::Open && key.code == Code::Enter;
        if let (Some(binding), Some(place), Some(other)) = (binding, place, other)
            && !opens
        {
            let error = BindingError::Anywhere {
                key: key_name(*key),
                anywhere: other.name,
                selected: binding.name,
            };
            found.push((place, error));
        }
    }
    found
}

fn is_letter(key: Key) -> bool {
    matches!(key.code, Code::Char(_)) && !key.control && !key.alt
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

/// The keys of a table, with what is wrong about the changes: which one, and why.
fn bound<A: Clone>(
    table: &'static [Binding<A>],
    changes: &[(String, Vec<String>)],
    context: Context,
) -> (HashMap<Key, A>, Vec<(usize, BindingError)>) {
    let mut wrong = Vec::new();
    for (place, (name, _)) in changes.iter().enumerate() {
        if table.iter().all(|binding| binding.name != name) {
            let (name, instead) = (name.clone(), instead(name, context));
            wrong.push((place, BindingError::Action { name, instead }));
        }
    }
    let change_of = |name: &str| changes.iter().position(|(one, _)| one == name);
    let mut found: HashMap<Key, &Binding<A>> = HashMap::new();
    for binding in table {
        let change = change_of(binding.name);
        for key in keys(binding, change.map(|place| &changes[place].1[..])) {
            let parsed = parse_key(key).map_err(BindingError::Key);
            let parsed = parsed.and_then(|key| allowed(key, context));
            let parsed = match (parsed, change) {
                (Ok(key), _) => key,
                (Err(error), place) => {
                    wrong.push((place.unwrap_or_default(), error));
                    continue;
                }
            };
            let first = found.get(&parsed).filter(|one| one.name != binding.name);
            if let Some(first) = first {
                match (change_of(first.name), change) {
                    // A key that the user gave away is not the table's any more.
                    (Some(_), None) => continue,
                    (None, Some(_)) => {}
                    (_, place) => {
                        let error = BindingError::Twice {
                            key: key_name(parsed),
                            first: first.name,
                            second: binding.name,
                        };
                        wrong.push((place.unwrap_or_default(), error));
                    }
                }
            }
            found.insert(parsed, binding);
        }
        if let Some(place) = change
            && NEEDED.contains(&binding.name)
            && found.values().all(|one| one.name != binding.name)
            && wrong.iter().all(|(one, _)| *one != place)
        {
            wrong.push((place, BindingError::Needed(binding.name)));
        }
    }
    let found = found.into_iter();
    let found = found.map(|(key, binding)| (key, binding.action.clone()));
    wrong.sort_by_key(|(place, _)| *place);
    (found.collect(), wrong)
}

/// The keys of an action in words: those of the change, where there is one.
fn keys<'keys, A>(binding: &'keys Binding<A>, change: Option<&'keys [String]>) -> Vec<&'keys str> {
    match change {
        None => binding.keys.split_whitespace().collect(),
        Some(keys) => {
            let keys = keys.iter().map(String::as_str);
            keys.filter(|key| *key != "none").collect()
        }
    }
}

/// The key, where it may be bound to this action.
fn allowed(key: Key, context: Context) -> Result<Key, BindingError> {
    let same = match key.code {
        Code::Char('i') if key.control => Some("Tab"),
        Code::Char('m') if key.control => Some("Enter"),
        Code::Char('[') if key.control => Some("Esc"),
        _ => None,
    };
    if let Some(same) = same {
        return Err(BindingError::SameAs(key_name(key), same));
    }
    match context {
        Context::Anywhere if is_letter(key) => Err(BindingError::Typed(key_name(key))),
        _ => Ok(key),
    }
}

/// What may have been meant by a name that no action has.
fn instead(given: &str, context: Context) -> String {
    let anywhere = || ANYWHERE.iter().map(|binding| binding.name);
    let selected = || SELECTED.iter().map(|binding| binding.name);
    let (own, other, others_place): (Vec<_>, Vec<_>, _) = match context {
        Context::Anywhere => (
            anywhere().collect(),
            selected().collect(),
            "[keys.selected]",
        ),
        Context::Selected => (selected().collect(), anywhere().collect(), "[keys]"),
    };
    if other.contains(&given) {
        return format!(" here: it belongs below {others_place}");
    }
    match nearest(given, own) {
        Some(name) => format!(": did you mean `{name}`?"),
        None => " (chat-tui --print-config lists them all)".to_owned(),
    }
}

/// The name that was most likely meant by one that there is not; `None` where none is near.
pub(crate) fn nearest<'names>(
    given: &str,
    names: impl IntoIterator<Item = &'names str>,
) -> Option<&'names str> {
    let names = names.into_iter();
    let near = names.map(|name| (strsim::damerau_levenshtein(given, name), name));
    let most = (given.chars().count() / 2).min(3);
    near.min()
        .filter(|(distance, _)| *distance <= most)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests;
