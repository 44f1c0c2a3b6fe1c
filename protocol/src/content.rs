//! A message's text: cleaned when it arrives, measured when it is posted.

use std::fmt;

use crate::limits::CONTENT_CHARS;

/// There is nothing in the content once it is cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is empty")]
pub struct EmptyContent;

/// The content has more characters than a message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("content is too long: {chars} characters, at most {CONTENT_CHARS} are allowed")]
pub struct ContentTooLong {
    /// Characters it has after cleaning.
    pub chars: usize,
}

/// Content as it arrives: control characters but newlines are gone, the ends are trimmed, something
/// is left. It may still be too long: the contract checks rights and targets before lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftContent(String);

impl DraftContent {
    /// Cleans `text`.
    pub fn new(text: &str) -> Result<Self, EmptyContent> {
        let cleaned: String = text
            .chars()
            .filter(|character| *character == '\n' || !character.is_control())
            .collect();
        let trimmed = cleaned.trim();
        if trimmed.is_empty() {
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
    fn nothing_but_space_and_controls_is_empty() {
        for text in ["", "   ", "\n\n", "\u{0}\u{7}", " \u{1b} "] {
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
