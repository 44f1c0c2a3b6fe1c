//! What two texts are compared by in a search: case, accents, width and white space do not count.
//! Letters that only look alike stay apart: whoever looks for `paypal` does not mean Cyrillic.

use chat_protocol::is_unseen;
use unicode_normalization::UnicodeNormalization;

/// Adds `text`, folded, to `into`. White space of any length is one blank; what cannot be seen is left
/// out.
pub(super) fn fold_into(text: &str, into: &mut String) {
    if text.is_ascii() {
        into.reserve(text.len());
        for byte in text.bytes() {
            push(char::from(byte.to_ascii_lowercase()), into);
        }
        return;
    }
    let mut bare = String::with_capacity(text.len());
    let kept = text.nfkd().filter(|one| !is_accent(*one));
    for lower in kept.flat_map(char::to_lowercase) {
        match plain(lower) {
            "" => push(lower, &mut bare),
            plain => bare.push_str(plain),
        }
    }
    // The parts of a Korean syllable and the marks that are no accents go back to their letters: half
    // of one is not to be found in it.
    into.extend(bare.nfc());
}

/// The same as a text of its own.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::new();
    fold_into(text, &mut folded);
    folded
}

fn push(character: char, into: &mut String) {
    if !character.is_whitespace() {
        into.push(character);
    } else if !into.ends_with(' ') {
        into.push(' ');
    }
}

/// What stands for a letter that Unicode does not take apart, or for a sign that keyboards lack.
fn plain(character: char) -> &'static str {
    match character {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' => "d",
        'ħ' => "h",
        'ł' => "l",
        'ı' => "i",
        'ς' => "σ",
        '‘' | '’' | 'ʼ' => "'",
        '“' | '”' | '„' => "\"",
        _ => "",
    }
}

/// Accents of Latin, Greek and Cyrillic letters, the points of Hebrew and Arabic, and what is not seen.
/// Marks that are vowels or change the sound (Indic scripts, Japanese) are letters.
fn is_accent(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'
        | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
        || is_unseen(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_width_do_not_count() {
        for (text, expected) in [
            ("Hello  World\n again", "hello world again"),
            ("ÉCLAIR naïve", "eclair naive"),
            ("e\u{301}", "e"),
            ("ＦＲＥＥ　ｍｏｎｅｙ", "free money"),
            ("Straße, Łódź, Ærø", "strasse, lodz, aero"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
            ("Οδυσσεύς", "οδυσσευσ"),
            ("İstanbul ılık", "istanbul ilik"),
            ("don’t", "don't"),
            ("ﬁne", "fine"),
            ("می\u{200c}خواهم", "ميخواهم"),
            ("كِتَاب", "كتاب"),
            ("fr\u{ad}ee", "free"),
        ] {
            let text_folded = fold(text);
            let expected: String = expected.nfc().collect();
            // Farsi yeh and Arabic yeh are two letters.
            assert_eq!(text_folded.replace('ی', "ي"), expected, "{text:?}");
        }
    }

    #[test]
    fn marks_that_are_letters_stay() {
        assert_ne!(fold("が"), fold("か"));
        assert_ne!(fold("कि"), fold("क"));
        assert_eq!(fold("ｶﾞ"), fold("ガ"));
        assert!(!fold("각").contains(&fold("가")));
        assert_eq!(fold("\u{1100}\u{1161}"), fold("가"));
    }

    #[test]
    fn what_only_looks_alike_stays_apart() {
        assert_ne!(fold("раураl"), fold("paypal"));
        assert_ne!(fold("0"), fold("o"));
    }
}
