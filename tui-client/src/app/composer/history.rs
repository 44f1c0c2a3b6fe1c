//! What was sent, for all rooms of the program: kept once, in bounds, and without secrets. Must not edit.

use std::collections::VecDeque;

use super::editor::secret_from;
use crate::app::search::fold;

/// Texts that are kept.
const TEXTS: usize = 200;
/// Bytes that they have together.
const BYTES: usize = 256 * 1024;

/// A text that was sent, by a number that grows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) number: u64,
    pub(crate) text: String,
    folded: String,
}

/// The texts, the oldest first.
#[derive(Default)]
pub(crate) struct History {
    texts: VecDeque<Sent>,
    next: u64,
}

impl History {
    /// Adds a text as the newest; its number, unless it is one that is not kept.
    pub(crate) fn add(&mut self, text: &str) -> Option<u64> {
        if text.trim().is_empty() || secret_from(text).is_some() {
            return None;
        }
        self.texts.retain(|sent| sent.text != text);
        self.texts.push_back(Sent {
            number: self.next,
            text: text.to_owned(),
            folded: fold(text),
        });
        self.next += 1;
        let mut bytes: usize = self.texts.iter().map(|sent| sent.text.len()).sum();
        while self.texts.len() > TEXTS || bytes > BYTES && self.texts.len() > 1 {
            bytes -= self.texts.pop_front().map_or(0, |sent| sent.text.len());
        }
        Some(self.next - 1)
    }

    /// The text of this number.
    pub(crate) fn get(&self, number: u64) -> Option<&Sent> {
        self.texts.iter().find(|sent| sent.number == number)
    }

    /// The newest text before that number.
    pub(crate) fn before(&self, number: u64) -> Option<&Sent> {
        self.texts.iter().rev().find(|sent| sent.number < number)
    }

    /// The oldest text after that number.
    pub(crate) fn after(&self, number: u64) -> Option<&Sent> {
        self.texts.iter().find(|sent| sent.number > number)
    }

    /// The newest text before that number in which `folded` stands, whatever the case and accents.
    pub(crate) fn find(&self, folded: &str, number: u64) -> Option<&Sent> {
        let mut texts = self.texts.iter().rev();
        texts.find(|sent| sent.number < number && sent.folded.contains(folded))
    }
}

impl std::fmt::Debug for History {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "History({} texts)", self.texts.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(history: &History) -> Vec<&str> {
        history
            .texts
            .iter()
            .map(|sent| sent.text.as_str())
            .collect()
    }

    #[test]
    fn a_text_is_kept_once_and_a_secret_never() {
        let mut history = History::default();
        for text in [
            "one",
            "two",
            "",
            " \n",
            "one",
            "/password a b",
            " /PassWord\ta b",
        ] {
            history.add(text);
        }
        assert_eq!(texts(&history), ["two", "one"]);
        history.add("//password a b");
        history.add("/passwords a");
        assert_eq!(history.texts.len(), 4);
    }

    #[test]
    fn the_oldest_go() {
        let mut history = History::default();
        for number in 0..TEXTS + 5 {
            history.add(&number.to_string());
        }
        assert_eq!(history.texts.len(), TEXTS);
        assert_eq!(texts(&history)[0], "5");
        for byte in ["a", "b", "c"] {
            history.add(&byte.repeat(BYTES / 2));
        }
        assert_eq!(history.texts.len(), 2);
    }

    #[test]
    fn texts_are_found_backwards() {
        let mut history = History::default();
        for text in ["Café noir", "tea", "cafe au lait"] {
            history.add(text);
        }
        let find = |query: &str, before| {
            let found = history.find(&fold(query), before);
            found.map(|sent| (sent.number, sent.text.as_str()))
        };
        assert_eq!(find("CAFE", u64::MAX), Some((2, "cafe au lait")));
        assert_eq!(find("CAFE", 2), Some((0, "Café noir")));
        assert_eq!(find("CAFE", 0), None);
        assert_eq!(history.before(2).map(|sent| sent.number), Some(1));
        assert_eq!(history.after(0).map(|sent| sent.number), Some(1));
        assert_eq!(history.after(2).map(|sent| sent.number), None);
    }
}
