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
        let mut last = None;
        let mut characters = text.chars().take(COMPARED).peekable();
        let mut previous = ' ';
        while let Some(character) = characters.next() {
            let next = characters.peek().copied().unwrap_or(' ');
            if character.is_ascii() {
                if let Some(letter) = ascii_letter(previous, character, next) {
                    push(&mut form, &mut last, letter);
                }
            } else {
                for looks in self.looks(character).chars() {
                    push(&mut form, &mut last, looks);
                }
            }
            previous = character;
        }
        if form.is_empty() {
            // Only digits, punctuation, emoji: those are like each other where they are the same.
            return text.split_whitespace().collect();
        }
        form
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

fn push(form: &mut String, last: &mut Option<char>, letter: char) {
    if *last != Some(letter) {
        form.push(letter);
        *last = Some(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spammers_change_does_not_count() {
        let mut likeness = Likeness::default();
        let mut is_like = |one: &str, other: &str| likeness.form(one) == likeness.form(other);
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
