//! A message's text: cleaned when it arrives, measured when it is posted.

use std::fmt;

use crate::limits::CONTENT_CHARS;
use crate::visible::{shows, spaced};

/// There is nothing to be seen in the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is empty")]
pub struct EmptyContent;

/// The content has more characters than a message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("content is too long: {chars} characters, the limit is {CONTENT_CHARS}")]
pub struct ContentTooLong {
    /// Characters it has after cleaning.
    pub chars: usize,
}

/// Content as it arrives: what ends a line is a newline, a tab is a blank, all other control characters
/// are gone, the ends are trimmed, and something can be seen of it. It may still be too long: the
/// contract checks rights and targets before lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftContent(String);

impl DraftContent {
    /// Cleans `text`.
    pub fn new(text: &str) -> Result<Self, EmptyContent> {
        let spaced = spaced(text);
        let trimmed = spaced.trim();
        if !shows(trimmed) {
            return Err(EmptyContent);
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// The cleaned text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Measures it: at most [`CONTENT_CHARS`] characters (Unicode scalar values).
    pub fn measured(self) -> Result<Content, ContentTooLong> {
        let chars = self.0.chars().count();
        if chars > CONTENT_CHARS {
            return Err(ContentTooLong { chars });
        }
        Ok(Content(self.0))
    }
}

/// Content that a message may have: cleaned, 1 to 500 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    /// Content that comes back from a store: it was measured before it went in, and a limit that
    /// changed since does not make it unreadable.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        DraftContent::new(text).unwrap().as_str().to_owned()
    }

    #[test]
    fn newlines_stay_and_other_control_characters_go() {
        assert_eq!(
            clean("  one\r\ntwo\u{1b}[31m\u{0} \u{9b}x\t "),
            "one\ntwo[31m x"
        );
    }

    #[test]
    fn white_space_never_joins_words() {
        for (text, expected) in [
            ("one\ttwo", "one two"),
            ("one\rtwo\r\nthree\n\nfour", "one\ntwo\nthree\n\nfour"),
            ("a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f", "a\nb\nc\nd\ne\nf"),
            ("a\u{1f}b", "a b"),
            ("a\u{a0}b\u{3000}c\u{2003}d", "a\u{a0}b\u{3000}c\u{2003}d"),
        ] {
            assert_eq!(clean(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_typed_stays_where_something_is_seen() {
        for text in [
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "a\u{200b}",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn what_shows_nothing_is_empty() {
        for text in [
            "",
            "   ",
            "\n\n",
            "\u{0}\u{7}",
            " \u{1b} ",
            "\u{200b}",
            "\u{3164} \u{2800}\n\u{e0041}",
        ] {
            assert_eq!(DraftContent::new(text), Err(EmptyContent), "{text:?}");
        }
    }

    #[test]
    fn length_is_counted_in_characters_after_trimming() {
        let longest = "é".repeat(CONTENT_CHARS);
        let padded = format!("  {longest}\n");
        assert_eq!(
            DraftContent::new(&padded)
                .unwrap()
                .measured()
                .unwrap()
                .as_str(),
            longest
        );
        let over = DraftContent::new(&format!("{longest}é")).unwrap();
        assert_eq!(over.measured(), Err(ContentTooLong { chars: 501 }));
    }
}
