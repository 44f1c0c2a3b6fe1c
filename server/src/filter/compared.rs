//! How texts are compared: without what can't be seen, in one spelling, without case, and with the
//! ends of words marked where words are looked for.

use unicode_normalization::UnicodeNormalization;

/// Stands at both ends of every word in what is compared. No message holds it: it is a control
/// character.
const BORDER: char = '\u{1}';

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
pub(super) fn bordered(text: &str) -> String {
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
