//! Tab: completes the name of a command or of somebody who wrote in the room; pressed again, the next
//! that fits. Owns what fits; must not edit by itself.

use super::App;
use super::row::Tone;
use crate::command;

/// Names offered at most.
const OFFERED: usize = 50;

/// What Tab put in, and what it puts in next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    fitting: Vec<String>,
    /// The place of what stands in the input now.
    shown: usize,
}

impl App {
    /// Completes the word before the cursor.
    pub(super) fn complete(&mut self) {
        let before = self.room().composer.before_cursor();
        let start = before.rfind(char::is_whitespace);
        let start = start.map_or(0, |at| {
            at + before[at..].chars().next().map_or(0, char::len_utf8)
        });
        let (word, is_first) = (
            before[start..].to_owned(),
            before[..start].trim().is_empty(),
        );
        if self.completion.fitting.get(self.completion.shown) == Some(&word) {
            self.completion.shown = (self.completion.shown + 1) % self.completion.fitting.len();
        } else {
            let fitting = match word.strip_prefix('/').filter(|_| is_first) {
                Some(name) => command::beginning_with(name),
                None => self.names_beginning_with(&word),
            };
            self.completion = Completion { fitting, shown: 0 };
        }
        let Completion { fitting, shown } = &self.completion;
        let Some(next) = fitting.get(*shown) else {
            self.say(Tone::Faint, "no match");
            return;
        };
        // One that is the only one is done with; of several, Tab brings the next.
        let end = if fitting.len() == 1 { " " } else { "" };
        let text = format!("{next}{end}");
        let result = self.room_mut().composer.replace(start, &text);
        self.tell_overflow(result);
    }

    /// Those who wrote here, the last first, with the `@` that the word has.
    fn names_beginning_with(&self, word: &str) -> Vec<String> {
        let (at, start) = match word.strip_prefix('@') {
            Some(start) => ("@", start),
            None => ("", word),
        };
        if word.is_empty() {
            return Vec::new();
        }
        let names = self
            .room()
            .timeline
            .authors_beginning_with(start, &self.key);
        let names = names.into_iter().take(OFFERED);
        names.map(|name| format!("{at}{name}")).collect()
    }
}
