//! How texts are compared: without what can't be seen, in one spelling, without case, and with the
//! ends of words marked where words are looked for (`words`).

mod words;

use chat_protocol::is_unseen;
use unicode_normalization::UnicodeNormalization;

pub(super) use words::bordered;

/// A text as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// With fillers taken for nothing.
    pub(super) unseen: String,
    /// With fillers taken for blanks, where there are any.
    pub(super) blank: Option<String>,
}

impl Compared {
    /// `text` as it is compared.
    pub fn of(text: &str) -> Self {
        let has_fillers = text.contains(is_filler);
        Self {
            unseen: normal(text, Fillers::Unseen),
            blank: has_fillers.then(|| normal(text, Fillers::Blank)),
        }
    }

    /// How much there is to look through.
    pub(super) fn bytes(&self) -> usize {
        self.unseen.len() + self.blank.as_ref().map_or(0, String::len)
    }
}

/// What the Hangul fillers are taken for: some fonts show a blank for them, others nothing.
#[derive(Clone, Copy)]
pub(super) enum Fillers {
    Unseen,
    Blank,
}

/// `text` as it is compared: without what can't be seen, in one spelling (NFKC), without case.
pub(super) fn normal(text: &str, fillers: Fillers) -> String {
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
    // A Turkish capital folds to a dotted i with another dot on it.
    let folded = folded.replace("i\u{307}", "i");
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
