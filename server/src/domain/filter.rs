//! A room's blocked patterns: whether a text holds one of them. Pure.
//!
//! Owns how texts are compared, and what bounds the time for it: words are looked for all at once by
//! one automaton, and regular expressions by another, neither of which ever goes back in the text.
//! Who has to be asked, and what becomes of a message, is the room's.

mod compared;
mod expressions;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use chat_protocol::AuditEntry;
use chat_protocol::limits::REASON_CHARS;
use chat_protocol::shows;
use serde::{Deserialize, Serialize};

use compared::{Fillers, bordered, normal};
use expressions::Expressions;

pub use chat_protocol::{FilterAction as Action, FilterKind as Kind, events};
pub use compared::Compared;

/// `text` in the spelling in which it is compared: what can't be seen, and case, make no difference.
pub fn spelled(text: &str) -> String {
    normal(text, Fillers::Unseen)
}

/// Patterns of one room at most.
pub const PATTERNS: usize = 500;
/// Characters of a pattern at most.
pub const PATTERN_CHARS: usize = 200;
/// Regular expressions among a room's patterns at most: a message may have to be held against each
/// of them, other than with words.
pub const REGEXES: usize = 50;
/// Bytes that the compiled regular expressions of a room take at most; they bound the work for each
/// byte of a message.
const REGEX_BYTES: usize = 128 * 1024;
/// The same for those that are stored: what was taken once is not out of force for a few bytes more,
/// as when another version of the library compiles them.
const STORED_REGEX_BYTES: usize = 2 * REGEX_BYTES;

/// Bytes that a room's patterns and their reasons may have together: they are listed in one answer.
pub const TEXT_BYTES: usize = 256 * 1024;
/// Something that messages must not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// The word or the expression, as the operator gave it.
    pub text: String,
    /// How it is meant.
    pub kind: Kind,
    /// What becomes of a message that holds it.
    #[serde(default)]
    pub action: Action,
    /// Why, for who is refused to read.
    pub reason: Option<String>,
    /// Why it is out of force, where it is stored and can't be used.
    #[serde(skip)]
    pub flaw: Option<FilterError>,
}

impl Pattern {
    /// What can be wrong with it by itself and is seen at once. Whether an expression can be used is
    /// seen when it is compiled.
    pub fn check(&self) -> Result<(), FilterError> {
        let chars = self.text.chars().count();
        if chars > PATTERN_CHARS {
            return Err(FilterError::TooLong(chars));
        }
        let reason = self.reason.as_deref().unwrap_or("").chars().count();
        if reason > REASON_CHARS {
            return Err(FilterError::ReasonTooLong(reason));
        }
        if self.text.contains(char::is_control) {
            return Err(FilterError::Control);
        }
        if !shows(&normal(&self.text, Fillers::Unseen)) {
            return Err(FilterError::Empty);
        }
        Ok(())
    }

    fn refuses(&self) -> bool {
        self.action == Action::Refuse
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.reason.as_ref().map_or(0, String::len)
    }
}

/// A change of a room's patterns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// Block this from now on; in place of a pattern of the same text, where there is one.
    Add(Pattern),
    /// Block the pattern of this text no more.
    Remove(String),
}

impl Change {
    /// The text of the pattern that changes.
    pub fn text(&self) -> &str {
        match self {
            Change::Add(pattern) => &pattern.text,
            Change::Remove(text) => text,
        }
    }

    /// The client event that asks for it.
    pub fn event(&self) -> &'static str {
        match self {
            Change::Add(_) => events::ADD_FILTER,
            Change::Remove(_) => events::REMOVE_FILTER,
        }
    }

    /// What `patterns` become by it.
    pub fn apply(&self, mut patterns: Vec<Pattern>) -> Result<Vec<Pattern>, FilterError> {
        let place = patterns.iter().position(|old| old.text == self.text());
        if let Some(place) = place {
            patterns.remove(place);
        }
        match self {
            // Last, so that where not all can be used it is the new one that can't.
            Change::Add(pattern) => patterns.push(pattern.clone()),
            Change::Remove(text) if place.is_none() => {
                return Err(FilterError::Unknown(text.clone()));
            }
            Change::Remove(_) => {}
        }
        let is_more = matches!(self, Change::Add(_));
        if is_more && patterns.iter().map(Pattern::bytes).sum::<usize>() > TEXT_BYTES {
            return Err(FilterError::TooMuchText);
        }
        Ok(patterns)
    }

    /// What was done, as a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Change::Add(pattern) => match pattern.action {
                Action::Refuse => format!("`{}` is blocked", pattern.text),
                Action::Hold => format!("messages with `{}` are held", pattern.text),
            },
            Change::Remove(text) => format!("`{text}` is no longer blocked"),
        }
    }
}

/// What stands in the audit of a change by `by`.
pub fn audit_entry(change: &Change, by: &str, now: u64) -> AuditEntry {
    let (action, reason) = match change {
        Change::Add(pattern) => (events::ADD_FILTER, pattern.reason.clone()),
        Change::Remove(_) => (events::REMOVE_FILTER, None),
    };
    AuditEntry {
        id: None,
        time: now,
        actor: by.to_owned(),
        action: action.to_owned(),
        target: change.text().to_owned(),
        until: None,
        reason,
    }
}

/// Why patterns are not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// There are too many.
    #[error("a room can have at most {PATTERNS} patterns: remove one first")]
    TooMany,
    /// There are too many regular expressions.
    #[error(
        "a room can have at most {REGEXES} regular expressions: remove one first, or use words"
    )]
    TooManyRegexes,
    /// There is too much to list.
    #[error(
        "a room's patterns and reasons can have at most {TEXT_BYTES} bytes in total: use shorter ones"
    )]
    TooMuchText,
    /// A pattern is too long.
    #[error("a pattern can have at most {PATTERN_CHARS} characters, this one has {0}")]
    TooLong(usize),
    /// A reason is too long.
    #[error("a reason can have at most {REASON_CHARS} characters, this one has {0}")]
    ReasonTooLong(usize),
    /// A pattern holds control characters, which no message does.
    #[error("a pattern can't contain control characters")]
    Control,
    /// Nothing of a pattern can be seen.
    #[error("a pattern needs at least one visible character")]
    Empty,
    /// An expression matches an empty text, and so every message.
    #[error("`{0}` matches every message: make it require at least one character")]
    Everything(String),
    /// An expression is none.
    #[error("`{0}` can't be used as a regular expression: {1}")]
    Regex(String, String),
    /// All expressions together are too large.
    #[error("the room's regular expressions are too large in total: use shorter or fewer ones")]
    TooLarge,
    /// It is stored as something that this server does not know, for example by a newer one.
    #[error("this server does not support patterns of the kind `{0}`")]
    UnknownKind(String),
    /// There is no such pattern.
    #[error("the room has no pattern `{0}`")]
    Unknown(String),
}

/// A room's patterns, ready to be held against messages.
#[derive(Debug, Default)]
pub struct Filter {
    patterns: Vec<Pattern>,
    /// Words for which a message is refused.
    refused: Option<Words>,
    /// Words for which it is held.
    held: Option<Words>,
    expressions: Option<Expressions>,
}

/// Looks for several words at once.
#[derive(Debug)]
struct Words {
    matcher: AhoCorasick,
    /// Which of the room's patterns those of the matcher are.
    places: Vec<usize>,
}

impl Filter {
    /// Makes `patterns` ready, in bounded time and memory; or says what is wrong with the first that
    /// can't be used.
    pub fn compile(patterns: Vec<Pattern>) -> Result<Self, FilterError> {
        let filter = Self::of(patterns, REGEX_BYTES);
        match filter.patterns.iter().find_map(|one| one.flaw.clone()) {
            Some(flaw) => Err(flaw),
            None => Ok(filter),
        }
    }

    /// Makes stored patterns ready. What was taken once and can't be used any more is out of force,
    /// and has its flaw noted; all others hold.
    pub fn stored(patterns: Vec<Pattern>) -> Self {
        Self::of(patterns, STORED_REGEX_BYTES)
    }

    /// What stored patterns become by `change`, which is refused where what it adds can't be used.
    pub fn changed(stored: Vec<Pattern>, change: &Change) -> Result<Self, FilterError> {
        let patterns = change.apply(stored)?;
        let Change::Add(added) = change else {
            return Ok(Self::stored(patterns));
        };
        let filter = Self::of(patterns, REGEX_BYTES);
        let added = filter.patterns.iter().find(|one| one.text == added.text);
        match added.and_then(|added| added.flaw.clone()) {
            Some(flaw) => Err(flaw),
            None => Ok(filter),
        }
    }

    /// Those of `patterns` that can be used, where expressions may take `limit` bytes; the first ones,
    /// where there are too many.
    fn of(mut patterns: Vec<Pattern>, limit: usize) -> Self {
        for (place, pattern) in patterns.iter_mut().enumerate() {
            let flaw = match place < PATTERNS {
                true => pattern.check().err(),
                false => Some(FilterError::TooMany),
            };
            pattern.flaw = pattern.flaw.take().or(flaw);
        }
        Self {
            expressions: Expressions::of(&mut patterns, limit),
            refused: Words::of(&mut patterns, Action::Refuse),
            held: Words::of(&mut patterns, Action::Hold),
            patterns,
        }
    }

    /// The patterns, with those that are out of force.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Bytes that this takes at most, with what expressions remember of texts.
    pub fn bytes(&self) -> usize {
        let texts = self.patterns.iter();
        let texts = texts.map(|one| one.bytes() + size_of::<Pattern>());
        let words = [&self.refused, &self.held].into_iter().flatten();
        size_of::<Self>()
            + texts.sum::<usize>()
            + words.map(Words::bytes).sum::<usize>()
            + self.expressions.as_ref().map_or(0, Expressions::bytes)
    }

    /// What it costs at most to look through `text`: some 3 ns for each.
    pub fn cost(&self, text: &Compared) -> usize {
        let states = self.expressions.as_ref().map_or(0, Expressions::states);
        text.bytes().saturating_mul(states)
    }

    /// A pattern that `text` holds: one for which it is refused, where there is such.
    pub fn find(&self, text: &Compared) -> Option<&Pattern> {
        if self.patterns.is_empty() {
            return None;
        }
        let found = self.find_in(&text.unseen);
        match &text.blank {
            Some(blank) if !found.is_some_and(Pattern::refuses) => {
                let both = [found, self.find_in(blank)];
                both.into_iter().flatten().max_by_key(|one| one.refuses())
            }
            _ => found,
        }
    }

    fn find_in(&self, text: &str) -> Option<&Pattern> {
        let is_with_words = self.refused.is_some() || self.held.is_some();
        let marked = is_with_words.then(|| bordered(text));
        let word = |words: &Option<Words>| {
            let place = words.as_ref()?.find(marked.as_ref()?)?;
            self.patterns.get(place)
        };
        if let Some(refused) = word(&self.refused) {
            return Some(refused);
        }
        let expression = self.expression(text);
        match expression {
            Some(pattern) if pattern.refuses() => expression,
            _ => word(&self.held).or(expression),
        }
    }

    /// An expression that `text` matches, as [`Filter::find`].
    fn expression(&self, text: &str) -> Option<&Pattern> {
        let places = self.expressions.as_ref()?.matches(text).into_iter();
        places
            .filter_map(|place| self.patterns.get(place))
            .min_by_key(|pattern| !pattern.refuses())
    }
}

impl Words {
    /// The words among `patterns` for which a message has this fate.
    fn of(patterns: &mut [Pattern], action: Action) -> Option<Self> {
        let is_meant = |one: &Pattern| one.kind == Kind::Word && one.action == action;
        let meant = patterns.iter().enumerate();
        let meant = meant.filter(|(_, one)| one.flaw.is_none() && is_meant(one));
        let places: Vec<usize> = meant.map(|(place, _)| place).collect();
        if places.is_empty() {
            return None;
        }
        let texts = places.iter().map(|place| &patterns[*place].text);
        let texts = texts.map(|text| bordered(normal(text, Fillers::Unseen).trim()));
        // Of all kinds the one that takes the least, and no more for each word where there are few.
        let matcher = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(texts);
        match matcher {
            Ok(matcher) => Some(Self { matcher, places }),
            Err(_) => {
                for place in places {
                    patterns[place].flaw = Some(FilterError::TooLarge);
                }
                None
            }
        }
    }

    /// The place of a pattern that is in `marked`.
    fn find(&self, marked: &str) -> Option<usize> {
        let found = self.matcher.find(marked)?;
        self.places.get(found.pattern().as_usize()).copied()
    }

    fn bytes(&self) -> usize {
        self.matcher.memory_usage() + self.places.len() * size_of::<usize>()
    }
}

#[cfg(test)]
mod tests;
