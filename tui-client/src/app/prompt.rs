//! The password prompt: what is typed and what the server said of it. Must not send.

use chat_protocol::Secret;
use unicode_segmentation::UnicodeSegmentation;

/// Characters that a typed password may have.
const CAPACITY: usize = 1_024;
/// The question for the password that all rooms share.
pub(crate) struct Prompt {
    typed: String,
    /// What is typed goes here; otherwise it goes into the input box until the user says so.
    pub(crate) has_keys: bool,
    /// Why it is asked again.
    pub(crate) words: Option<String>,
}

impl Prompt {
    /// A prompt that says why it is asked.
    pub(crate) fn because(words: Option<String>, has_keys: bool) -> Self {
        Self {
            typed: String::new(),
            has_keys,
            words,
        }
    }

    /// Adds what was typed or pasted; control characters are no part of a password.
    pub(crate) fn insert(&mut self, text: &str) {
        let room = CAPACITY.saturating_sub(self.typed.chars().count());
        let typed = text.chars().filter(|character| !character.is_control());
        self.typed.extend(typed.take(room));
    }

    /// Takes the last cluster back.
    pub(crate) fn backspace(&mut self) {
        if let Some((at, _)) = self.typed.grapheme_indices(true).next_back() {
            self.typed.truncate(at);
        }
    }

    /// Takes everything back.
    pub(crate) fn clear(&mut self) {
        self.typed.clear();
    }

    /// Clusters typed.
    pub(crate) fn len(&self) -> usize {
        self.typed.graphemes(true).count()
    }

    /// The password, where something was typed.
    pub(crate) fn submit(&mut self) -> Option<Secret> {
        (!self.typed.is_empty()).then(|| Secret::new(std::mem::take(&mut self.typed)))
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
