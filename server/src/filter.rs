//! A room's blocked patterns: whether a text holds one of them. Pure.
//!
//! Owns how texts are compared, and what bounds the time for it: words are looked for all at once by
//! one automaton, and regular expressions by another, neither of which ever goes back in the text.
//! Who has to be asked, and what becomes of a message, is the room's.

use aho_corasick::AhoCorasick;
use chat_protocol::limits::REASON_CHARS;
use regex::{RegexBuilder, RegexSet, RegexSetBuilder};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

pub use chat_protocol::{FilterAction as Action, FilterKind as Kind};

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
/// Bytes of the tables that make matching fast.
const CACHE_BYTES: usize = 2 * 1024 * 1024;
/// How deep groups may be nested in a regular expression.
const NESTING: u32 = 20;
/// Stands at both ends of every word in what is compared. No message holds it: it is a control
/// character.
const BORDER: char = '\u{1}';

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
        if normal(&self.text, Fillers::Unseen).trim().is_empty() {
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

    /// What `patterns` become by it.
    pub fn apply(&self, mut patterns: Vec<Pattern>) -> Result<Vec<Pattern>, FilterError> {
        let place = patterns.iter().position(|old| old.text == self.text());
        match (self, place) {
            (Change::Add(pattern), Some(place)) => patterns[place] = pattern.clone(),
            (Change::Add(pattern), None) => patterns.push(pattern.clone()),
            (Change::Remove(_), Some(place)) => drop(patterns.remove(place)),
            (Change::Remove(text), None) => return Err(FilterError::Unknown(text.clone())),
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
            Change::Remove(text) => format!("`{text}` is not blocked any more"),
        }
    }
}

/// Why patterns are not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// There are too many.
    #[error("a room may have {PATTERNS} patterns at most: remove one first")]
    TooMany,
    /// There are too many regular expressions.
    #[error(
        "a room may have {REGEXES} regular expressions at most: remove one first, or use words"
    )]
    TooManyRegexes,
    /// There is too much to list.
    #[error("a room's patterns and reasons may have {TEXT_BYTES} bytes together: use shorter ones")]
    TooMuchText,
    /// A pattern is too long.
    #[error("a pattern may have {PATTERN_CHARS} characters at most, this one has {0}")]
    TooLong(usize),
    /// A reason is too long.
    #[error("a reason may have {REASON_CHARS} characters at most, this one has {0}")]
    ReasonTooLong(usize),
    /// A pattern holds control characters, which no message does.
    #[error("a pattern must not hold control characters")]
    Control,
    /// Nothing of a pattern can be seen.
    #[error("a pattern must hold something that can be seen")]
    Empty,
    /// An expression matches an empty text, and so every message.
    #[error("`{0}` matches every message: let it ask for at least one character")]
    Everything(String),
    /// An expression is none.
    #[error("`{0}` is no regular expression that can be used: {1}")]
    Regex(String, String),
    /// All expressions together are too large.
    #[error("the room's regular expressions are too large together: use shorter or fewer ones")]
    TooLarge,
    /// There is no such pattern.
    #[error("`{0}` is not among the room's patterns")]
    Unknown(String),
}

/// A room's patterns, ready to be held against messages.
#[derive(Debug, Default)]
pub struct Filter {
    patterns: Vec<Pattern>,
    /// Words for which a message is refused.
    refused: Option<Automaton<AhoCorasick>>,
    /// Words for which it is held.
    held: Option<Automaton<AhoCorasick>>,
    regexes: Option<Automaton<RegexSet>>,
}

/// Looks for several patterns at once.
#[derive(Debug)]
struct Automaton<M> {
    matcher: M,
    /// Which of the room's patterns those of the matcher are.
    places: Vec<usize>,
}

impl Filter {
    /// Makes `patterns` ready, in bounded time and memory.
    pub fn compile(patterns: Vec<Pattern>) -> Result<Self, FilterError> {
        if patterns.len() > PATTERNS {
            return Err(FilterError::TooMany);
        }
        patterns.iter().try_for_each(Pattern::check)?;
        let places = |is_meant: &dyn Fn(&Pattern) -> bool| -> Vec<usize> {
            let is_meant = |place: &usize| is_meant(&patterns[*place]);
            (0..patterns.len()).filter(is_meant).collect()
        };
        let of_words =
            |action| places(&|pattern| pattern.kind == Kind::Word && pattern.action == action);
        Ok(Self {
            refused: words(&patterns, of_words(Action::Refuse))?,
            held: words(&patterns, of_words(Action::Hold))?,
            regexes: regexes(&patterns, places(&|pattern| pattern.kind == Kind::Regex))?,
            patterns,
        })
    }

    /// The patterns.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// A pattern that `text` holds: one for which it is refused, where there is such.
    pub fn find(&self, text: &str) -> Option<&Pattern> {
        if self.patterns.is_empty() {
            return None;
        }
        let found = self.find_in(&normal(text, Fillers::Unseen));
        if found.is_some_and(Pattern::refuses) || !text.contains(is_filler) {
            return found;
        }
        let with_blanks = self.find_in(&normal(text, Fillers::Blank));
        let both = [found, with_blanks];
        both.into_iter().flatten().max_by_key(|one| one.refuses())
    }

    /// As [`Filter::find`], in a text as it is compared.
    fn find_in(&self, text: &str) -> Option<&Pattern> {
        let is_with_words = self.refused.is_some() || self.held.is_some();
        let marked = is_with_words.then(|| bordered(text));
        let word = |words: &Option<Automaton<AhoCorasick>>| {
            let (words, marked) = (words.as_ref()?, marked.as_ref()?);
            let found = words.matcher.find(marked)?;
            self.patterns
                .get(*words.places.get(found.pattern().as_usize())?)
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
        let regexes = self.regexes.as_ref()?;
        let matches = regexes.matcher.matches(text);
        let found = matches.iter().filter_map(|place| regexes.places.get(place));
        found
            .filter_map(|place| self.patterns.get(*place))
            .min_by_key(|pattern| !pattern.refuses())
    }
}

fn words(
    patterns: &[Pattern],
    places: Vec<usize>,
) -> Result<Option<Automaton<AhoCorasick>>, FilterError> {
    if places.is_empty() {
        return Ok(None);
    }
    let normal = |place: &usize| normal(&patterns[*place].text, Fillers::Unseen);
    let texts = places.iter().map(|place| bordered(normal(place).trim()));
    let matcher = AhoCorasick::new(texts).map_err(|_| FilterError::TooLarge)?;
    Ok(Some(Automaton { matcher, places }))
}

fn regexes(
    patterns: &[Pattern],
    places: Vec<usize>,
) -> Result<Option<Automaton<RegexSet>>, FilterError> {
    if places.is_empty() {
        return Ok(None);
    }
    if places.len() > REGEXES {
        return Err(FilterError::TooManyRegexes);
    }
    let texts = places.iter().map(|place| patterns[*place].text.as_str());
    for text in texts.clone() {
        let regex = RegexBuilder::new(text)
            .case_insensitive(true)
            .size_limit(REGEX_BYTES)
            .nest_limit(NESTING)
            .build()
            .map_err(|error| FilterError::Regex(text.to_owned(), in_one_line(&error)))?;
        if regex.is_match("") {
            return Err(FilterError::Everything(text.to_owned()));
        }
    }
    let matcher = RegexSetBuilder::new(texts)
        .case_insensitive(true)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(CACHE_BYTES)
        .nest_limit(NESTING)
        .build()
        .map_err(|_| FilterError::TooLarge)?;
    Ok(Some(Automaton { matcher, places }))
}

/// What is wrong with an expression. The library's own text shows it on several lines; the last of
/// them says what it is.
fn in_one_line(error: &regex::Error) -> String {
    let text = match error {
        regex::Error::CompiledTooBig(_) => return "it is too large".to_owned(),
        error => error.to_string(),
    };
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// What the Hangul fillers are taken for: some fonts show a blank for them, others nothing.
#[derive(Clone, Copy)]
enum Fillers {
    Unseen,
    Blank,
}

/// `text` as it is compared: without what can't be seen, in one spelling (NFKC), without case.
fn normal(text: &str, fillers: Fillers) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Before the spelling: it makes another filler of some, and puts together what they tore apart.
    let seen = text
        .chars()
        .filter_map(|character| match (character, fillers) {
            (BLANK_BRAILLE, _) => Some(' '),
            (filler, Fillers::Blank) if is_filler(filler) => Some(' '),
            (unseen, _) if is_unseen(unseen) => None,
            (seen, _) => Some(seen),
        });
    let folded = caseless::default_case_fold_str(&seen.nfkc().collect::<String>());
    // Some characters fold to what has another spelling.
    folded
        .nfkc()
        .filter(|character| !is_unseen(*character))
        .collect()
}

/// The Braille pattern without dots: no white space by its properties, but blank.
const BLANK_BRAILLE: char = '\u{2800}';

/// The Hangul fillers. Letters by their properties, but nothing of them is seen.
fn is_filler(character: char) -> bool {
    matches!(character, '\u{115f}'..='\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// Characters of which nothing is seen and which only tear words apart: those that Unicode lets
/// programs ignore (Default_Ignorable_Code_Point), and the marks of annotations.
fn is_unseen(character: char) -> bool {
    // Most of a text.
    if character < '\u{ad}' {
        return false;
    }
    is_filler(character)
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// `text` with a mark at both ends of every word, so that words can be found as mere texts, and with
/// one blank where there are several.
fn bordered(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() * 2);
    let mut was_in_word = false;
    for character in text.chars() {
        let is_in_word = character.is_alphanumeric();
        if is_in_word != was_in_word {
            marked.push(BORDER);
        }
        was_in_word = is_in_word;
        match character.is_whitespace() {
            true if marked.ends_with(' ') => {}
            true => marked.push(' '),
            false => marked.push(character),
        }
    }
    if was_in_word {
        marked.push(BORDER);
    }
    marked
}

#[cfg(test)]
mod tests;
