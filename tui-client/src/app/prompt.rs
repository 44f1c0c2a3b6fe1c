//! The password prompt: what is typed and what the server said of it. Must not send.

use chat_protocol::Secret;
use unicode_segmentation::UnicodeSegmentation;

use super::composer::{Edit, Editor, KillRing, Overflow};

/// Bytes that a typed password may have.
const CAPACITY: usize = 4 * 1_024;

/// The question for the password that all rooms share.
pub(crate) struct Prompt {
    typed: Editor,
    /// What is typed goes here; otherwise it goes into the input box until the user says so.
    pub(crate) has_keys: bool,
    /// Why it is asked again.
    pub(crate) words: Option<String>,
    /// The password of a new account, which has to be typed twice.
    pub(crate) repeats: Option<Secret>,
}

impl Prompt {
    /// A prompt that says why it is asked.
    pub(crate) fn because(words: Option<String>, has_keys: bool) -> Self {
        Self {
            typed: Editor::masked(CAPACITY),
            has_keys,
            words,
            repeats: None,
        }
    }

    /// Does what a key asks for.
    pub(crate) fn edit(&mut self, edit: Edit, kills: &mut KillRing) -> Result<(), Overflow> {
        self.typed.edit(edit, kills)
    }

    /// Adds the first row of what was pasted; control characters are no part of a password.
    pub(crate) fn paste(&mut self, text: &str) -> Result<(), Overflow> {
        self.typed.insert(text)
    }

    /// Takes everything back.
    pub(crate) fn clear(&mut self) {
        self.typed.take();
    }

    /// Clusters typed.
    pub(crate) fn len(&self) -> usize {
        self.typed.text().graphemes(true).count()
    }

    /// Bullets for `columns`, and the cursor's column.
    pub(crate) fn bullets(&self, columns: usize) -> (String, usize) {
        self.typed.window(columns)
    }

    /// The password, where something was typed.
    pub(crate) fn submit(&mut self) -> Option<Secret> {
        (!self.typed.is_empty()).then(|| Secret::new(self.typed.take()))
    }
}

impl std::fmt::Debug for Prompt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Prompt")
            .field("words", &self.words)
            .finish_non_exhaustive()
    }
}
