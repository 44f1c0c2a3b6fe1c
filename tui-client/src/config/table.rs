//! Reads values out of a table of TOML, and notes what is wrong about them with line and key. Must not
//! know which settings there are.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;

/// Problems that are noted; whoever has more mends those first.
const PROBLEMS: usize = 50;
/// Characters of a wrong value that are shown.
const SHOWN: usize = 60;

/// A value, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a, 'text> {
    /// Its name with the sections that it is in.
    pub(super) key: &'a str,
    pub(super) value: &'a Spanned<DeValue<'text>>,
}

/// Notes what is wrong.
pub(super) struct Problems<'text> {
    text: &'text str,
    found: Vec<Problem>,
}

impl<'text> Problems<'text> {
    pub(super) fn new(text: &'text str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    /// All that was noted, in the order of lines.
    pub(super) fn into_found(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| problem.line);
        self.found
    }

    /// Notes a problem at this place in the text.
    pub(super) fn note(&mut self, start: usize, key: &str, words: impl Into<String>) {
        if self.found.len() < PROBLEMS {
            let before = self.text.as_bytes().iter().take(start);
            self.found.push(Problem {
                line: before.filter(|byte| **byte == b'\n').count() + 1,
                key: key.to_owned(),
                words: words.into(),
            });
        }
    }

    /// Notes a problem with a value.
    pub(super) fn wrong(&mut self, entry: Entry<'_, '_>, words: impl Into<String>) {
        self.note(entry.value.span().start, entry.key, words);
    }

    /// A text that is not empty. `right` says what one would look like.
    pub(super) fn text(&mut self, entry: Entry<'_, '_>, right: &str) -> Option<String> {
        match entry.value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                self.wrong(entry, format!("it is empty: it should be {right}"));
                None
            }
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.wrong(entry, format!("it is not a text: it should be {right}"));
                None
            }
        }
    }

    /// True or false.
    pub(super) fn switch(&mut self, entry: Entry<'_, '_>) -> Option<bool> {
        let value = entry.value.get_ref().as_bool();
        if value.is_none() {
            let shown = shown(entry.value.get_ref());
            self.wrong(
                entry,
                format!("{shown} should be true or false, without quotes"),
            );
        }
        value
    }

    /// The place of a word among those that it may be.
    pub(super) fn word(&mut self, entry: Entry<'_, '_>, words: &[&str]) -> Option<usize> {
        let given = match entry.value.get_ref() {
            DeValue::String(text) => text.trim().to_lowercase(),
            // Some of them are numbers.
            DeValue::Integer(number) => number.as_str().to_owned(),
            _ => String::new(),
        };
        let place = words.iter().position(|word| *word == given);
        if place.is_none() {
            let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            let shown = shown(entry.value.get_ref());
            self.wrong(
                entry,
                format!("{shown} should be one of {}", quoted.join(", ")),
            );
        }
        place
    }

    /// A list of texts, none of them empty. `right` says what one would look like.
    pub(super) fn texts(&mut self, entry: Entry<'_, '_>, right: &str) -> Vec<(String, usize)> {
        let Some(items) = entry.value.get_ref().as_array() else {
            self.wrong(entry, format!("it is not a list: it should be {right}"));
            return Vec::new();
        };
        if items.is_empty() {
            self.wrong(entry, format!("it is empty: it should be {right}"));
        }
        let mut texts = Vec::new();
        for item in items {
            let (key, start) = (entry.key, item.span().start);
            let value = item;
            texts.extend(
                self.text(Entry { key, value }, right)
                    .map(|text| (text, start)),
            );
        }
        texts
    }

    /// The section that a value is.
    pub(super) fn section<'a, 'value>(
        &mut self,
        entry: Entry<'a, 'value>,
    ) -> Option<&'a DeTable<'value>> {
        let table = entry.value.get_ref().as_table();
        if table.is_none() {
            let key = entry.key;
            let words = format!("it is a section: write [{key}] on a line, its settings below");
            self.wrong(entry, words);
        }
        table
    }
}

/// The settings of a table in the order of their lines: name, start, value.
pub(super) fn in_order<'a, 'text>(
    table: &'a DeTable<'text>,
) -> Vec<(&'a str, usize, &'a Spanned<DeValue<'text>>)> {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| (key.get_ref().as_ref(), key.span().start, value))
        .collect();
    entries.sort_by_key(|(_, start, _)| *start);
    entries
}

/// A wrong value as it is shown: one that is long, or no plain value, by its kind.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.chars().count() <= SHOWN => format!("{text:?}"),
        DeValue::String(_) => "this text".to_owned(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(is_so) => is_so.to_string(),
        DeValue::Datetime(_) => "this date".to_owned(),
        DeValue::Array(_) => "this list".to_owned(),
        DeValue::Table(_) => "this section".to_owned(),
    }
}
