//! Letters as people search for them: whatever their case, accents and width. Pure.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `text` without what tells apart the forms of a letter; two texts that a reader would search for with
/// the same keys are equal.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Folding may make marks of its own, as it does of the Turkish capital with a dot.
    let letters = text.nfkd().default_case_fold().nfkd();
    letters.filter(|one| !is_combining_mark(*one)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_letter_are_one() {
        for (text, expected) in [
            ("BoB", "bob"),
            ("Zoë", "zoe"),
            ("ÉLAN e\u{301}", "elan e"),
            ("Straße", "strasse"),
            ("İstanbul", "istanbul"),
            ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("ＦＵＬＬ", "full"),
            ("日本", "日本"),
        ] {
            assert_eq!(fold(text), expected);
        }
    }
}
