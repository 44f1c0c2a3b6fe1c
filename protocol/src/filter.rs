//! What a room's messages must not hold: a pattern's kind and what happens on a match, in the words
//! that both directions share.

use serde::{Deserialize, Serialize};

/// How a pattern is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FilterKind {
    /// A word or a phrase, as whole words.
    #[default]
    Word,
    /// A regular expression, anywhere in the text.
    Regex,
}

/// What becomes of a message that holds a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FilterAction {
    /// It is refused.
    #[default]
    Refuse,
    /// It waits for a moderator's decision.
    Hold,
}

impl FilterKind {
    /// The kind's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            FilterKind::Word => "word",
            FilterKind::Regex => "regex",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        [FilterKind::Word, FilterKind::Regex]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

impl FilterAction {
    /// The action's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            FilterAction::Refuse => "refuse",
            FilterAction::Hold => "hold",
        }
    }

    /// The action of this name.
    pub fn named(name: &str) -> Option<Self> {
        [FilterAction::Refuse, FilterAction::Hold]
            .into_iter()
            .find(|action| action.as_str() == name)
    }
}
