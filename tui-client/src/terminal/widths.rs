//! Whether all terminals make a cluster as wide as this program thinks. Owns that doubt alone.

use unicode_width::UnicodeWidthChar;

/// True where every terminal gives `cluster` the width that it has here. Terminals know different
/// versions of Unicode, and their authors read them differently, where it comes to emoji, to symbols
/// that are wide in East Asian fonts (UAX #11), and to clusters of several characters.
pub(super) fn is_sure(cluster: &str) -> bool {
    if cluster.len() == 1 {
        return true;
    }
    let mut characters = cluster.chars();
    let first = characters.next().is_some_and(is_sure_alone);
    first && characters.all(is_plain_mark)
}

/// Scripts whose vowel signs and joined letters some terminals give columns of their own, and others draw
/// within their letter's: from Devanagari to Myanmar, Khmer, and those beside them.
fn is_joining(character: char) -> bool {
    matches!(character,
        '\u{900}'..='\u{109f}' | '\u{1700}'..='\u{17ff}' | '\u{1900}'..='\u{1aaf}'
        | '\u{1b00}'..='\u{1c4f}' | '\u{1cd0}'..='\u{1cff}' | '\u{a800}'..='\u{aaff}'
        | '\u{abc0}'..='\u{abff}' | '\u{11000}'..='\u{11fff}')
}

fn is_sure_alone(character: char) -> bool {
    // Thai and Lao AM, which are a sign above the letter before them and a letter of their own.
    if is_pictorial(character) || matches!(character, '\u{e33}' | '\u{eb3}') {
        return false;
    }
    let is_ambiguous = character.width() != character.width_cjk();
    // Letters of Greek and Cyrillic are ambiguous as well, and never wide in practice.
    character.width().is_some_and(|width| width > 0) && (!is_ambiguous || character.is_alphabetic())
}

/// A mark that is drawn over the character before it, by every terminal.
fn is_plain_mark(character: char) -> bool {
    let joins = matches!(character,
        '\u{200c}' | '\u{200d}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
    character.width() == Some(0) && !joins && !is_joining(character)
}

/// Emoji, and the blocks in which there are or will be some.
fn is_pictorial(character: char) -> bool {
    matches!(character,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2100}'..='\u{214f}'
        | '\u{2190}'..='\u{24ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1fbff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_sure_and_emoji_are_not() {
        for sure in ["a", "é", "e\u{301}", "ж", "α", "日", "한", "ب", "क", "ก"] {
            assert!(is_sure(sure), "{sure:?}");
        }
        for doubtful in [
            "😀",
            "❤",
            "❤\u{fe0f}",
            "🇩🇪",
            "1\u{fe0f}\u{20e3}",
            "👩\u{200d}🚀",
            "👍🏽",
            "…",
            "★",
            "🫩",
            "\u{e0b0}",
            "ते",
            "क्ष",
            "न้ำ",
            "ำ",
            "ی\u{200c}",
        ] {
            assert!(!is_sure(doubtful), "{doubtful:?}");
        }
    }
}
