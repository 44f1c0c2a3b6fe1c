//! Whether two messages say the same, less what a spammer changes: case, spaces, digits, punctuation,
//! repeated letters, letters that look like others. Pure.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// Characters of a message that are compared.
const COMPARED: usize = 1_000;

/// Texts in the form in which those are equal that are like each other. One that has nothing but what
/// is left out stands for itself.
#[derive(Debug, Default)]
pub(super) struct Likeness {
    /// What characters beyond ASCII look like.
    known: HashMap<char, String>,
}

impl Likeness {
    /// The form of a text.
    pub(super) fn form(&mut self, text: &str) -> String {
        let mut form = String::with_capacity(text.len().min(COMPARED));
        self.letters(text, |letter| {
            form.push(letter);
            true
        });
        if form.is_empty() {
            return bare(text);
        }
        form
    }

    /// True where a text has this form. Most texts have not, and differ early.
    pub(super) fn has_form(&mut self, text: &str, form: &str) -> bool {
        let mut rest = form.chars();
        let mut is_empty = true;
        let is_same = self.letters(text, |letter| {
            is_empty = false;
            rest.next() == Some(letter)
        });
        match is_empty {
            true => bare(text) == form,
            false => is_same && rest.next().is_none(),
        }
    }

    /// Passes the letters of a text on, one of several that repeat, for as long as `take` wants them; true
    /// where it took all.
    fn letters(&mut self, text: &str, mut take: impl FnMut(char) -> bool) -> bool {
        let mut last = None;
        let mut characters = text.chars().take(COMPARED).peekable();
        let mut previous = ' ';
        while let Some(character) = characters.next() {
            let next = characters.peek().copied().unwrap_or(' ');
            let letter = ascii_letter(previous, character, next);
            let looks = match character.is_ascii() {
                true => "",
                false => self.looks(character),
            };
            for letter in letter.into_iter().chain(looks.chars()) {
                if last.replace(letter) != Some(letter) && !take(letter) {
                    return false;
                }
            }
            previous = character;
        }
        true
    }

    /// The small letters that a character beyond ASCII looks like; none for marks and signs.
    fn looks(&mut self, character: char) -> &str {
        self.known.entry(character).or_insert_with(|| {
            let plain: String = std::iter::once(character).nfkd().collect();
            let small = plain.to_lowercase();
            let looks: String = skeleton(&small).collect();
            let looks = looks.to_lowercase();
            let letters = looks.chars().filter(|character| character.is_alphabetic());
            letters.map(folded).collect()
        })
    }
}

/// Where two letters are taken for each other, one of them stands for both.
fn folded(letter: char) -> char {
    match letter {
        'i' | 'j' => 'l',
        other => other,
    }
}

/// The letter that an ASCII character stands for: a digit between letters is one of those that look like
/// it, elsewhere digits count as little as punctuation.
fn ascii_letter(previous: char, character: char, next: char) -> Option<char> {
    if character.is_ascii_alphabetic() {
        return Some(folded(character.to_ascii_lowercase()));
    }
    if !(previous.is_alphabetic() && next.is_alphabetic()) {
        return None;
    }
    match character {
        '0' => Some('o'),
        '1' | '!' | '|' => Some('l'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        _ => None,
    }
}

/// What stands for a text of nothing but digits, punctuation, emoji: those are like each other where they
/// are the same.
fn bare(text: &str) -> String {
    text.chars()
        .take(COMPARED)
        .filter(|character| !character.is_whitespace())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spammers_change_does_not_count() {
        let mut likeness = Likeness::default();
        let mut is_like = |one: &str, other: &str| {
            let form = likeness.form(one);
            let has_form = likeness.has_form(other, &form);
            assert_eq!(has_form, likeness.form(other) == form, "{one} {other}");
            has_form
        };
        for (one, other) in [
            ("buy followers", "BUY  FOLLOWERS!!!"),
            ("buy followers", "b u y f o l l o w e r s"),
            ("buy followers", "buuuuy folowers 8841"),
            ("buy followers", "buy f0ll0wers"),
            ("buy followers", "bu\u{443} f\u{43e}ll\u{43e}wers"),
            ("buy followers", "ｂｕｙ　ｆｏｌｌｏｗｅｒｓ"),
            ("buy followers", "b\u{301}u\u{335}y followers"),
            ("buy followers", "𝐛𝐮𝐲 𝓯𝓸𝓵𝓵𝓸𝔀𝓮𝓻𝓼"),
            ("call 555-0101 now", "call 555-9999 now"),
            ("I l1ke it", "l Iike it"),
            ("👍 👍", "👍👍"),
            ("日本", "日 本!"),
        ] {
            assert!(is_like(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("buy followers", "sell followers"),
            ("yes", "no"),
            ("1", "2"),
            ("👍", "👎"),
            ("?", "!"),
            ("日本", "日木"),
        ] {
            assert!(!is_like(one, other), "{one} {other}");
        }
    }
}
