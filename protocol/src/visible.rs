//! What a text shows: whether anything of it can be seen, and what its white space comes to.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// The Braille pattern without dots: no white space by its properties, but blank.
const BLANK_BRAILLE: char = '\u{2800}';

/// Whether anything of `text` can be seen. White space, controls and what programs may ignore show
/// nothing, and a mark without a width of its own shows nothing without a letter to stand on.
pub fn shows(text: &str) -> bool {
    text.chars().any(is_seen)
}

fn is_seen(character: char) -> bool {
    !(character.is_whitespace()
        || character.is_control()
        || is_unseen(character)
        || is_blank(character)
        || is_borne(character))
}

/// Marks that stand on, under or around another character (General_Category Mn and Me).
fn is_borne(character: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark};
    // Most of a text.
    character >= '\u{300}' && matches!(character.general_category(), NonspacingMark | EnclosingMark)
}

/// The first and the last character of `text` that are seen by themselves: marks, which change how
/// another one looks and not what it is taken for, are left aside.
pub fn seen_ends(text: &str) -> Option<(char, char)> {
    let is_mark = |one: char| one.general_category_group() == GeneralCategoryGroup::Mark;
    let mut seen = text.chars().filter(|one| is_seen(*one) && !is_mark(*one));
    let first = seen.next()?;
    Some((first, seen.next_back().unwrap_or(first)))
}

/// Whether nothing is seen of `character` between others: those that Unicode lets programs ignore
/// (Default_Ignorable_Code_Point, Hangul fillers among them), and the marks of annotations.
pub fn is_unseen(character: char) -> bool {
    // Most of a text.
    if character < '\u{ad}' {
        return false;
    }
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Blank by its glyph though neither white space nor ignorable: Braille without dots, a Khitan filler,
/// a note without a head, the blanks of hieroglyphs.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        BLANK_BRAILLE | '\u{16fe4}' | '\u{1d159}' | '\u{13441}'..='\u{13442}'
    )
}

/// What parts lines or words is white space, and every control character besides is gone: whatever ends
/// a line (UAX #14: BK, CR, LF, NL) is one newline, tabs and the separators of ASCII are blanks.
pub(crate) fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                spaced.push('\n');
            }
            '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => spaced.push('\n'),
            '\t' | '\u{1c}'..='\u{1f}' => spaced.push(' '),
            control if control.is_control() => {}
            seen => spaced.push(seen),
        }
    }
    spaced
}

/// `text` as one line: a line's end is one blank, and so is every control character. Empty where nothing
/// of it can be seen.
pub fn line(text: &str) -> String {
    if !shows(text) {
        return String::new();
    }
    text.replace("\r\n", " ").replace(
        |part: char| part.is_control() || matches!(part, '\u{2028}' | '\u{2029}'),
        " ",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_shows_nothing() {
        for nothing in [
            "",
            " \n\t",
            "\u{200b}",
            "\u{feff}\u{200d}\u{2060}",
            "\u{ad}",
            "\u{3164}\u{115f}\u{1160}\u{ffa0}",
            "\u{2800}\u{2800}",
            "\u{fe0f}",
            "\u{e0100}",
            "\u{e0041}\u{e007f}",
            "\u{202e}\u{2066}",
            "\u{17b4}\u{180e}",
            "\u{301}\u{308}",
            "\u{a0}\u{301}",
            "\u{0}\u{7}\u{9b}",
            "\u{1d159}\u{13441}\u{16fe4}",
            "\u{e34}\u{e31}",
            "\u{941}",
            "\u{902}",
            "\u{eb4}",
            "\u{102d}",
            "\u{17bb}",
            "\u{94d}",
            "\u{20dd}\u{20e3}",
            "\u{488}",
        ] {
            assert!(!shows(nothing), "{}", nothing.escape_unicode());
        }
    }

    #[test]
    fn what_can_be_seen_shows_something() {
        for something in [
            "a",
            "\u{200b}.\u{200b}",
            "\u{1f468}\u{200d}\u{1f469}",
            "\u{645}\u{6cc}\u{200c}\u{62e}",
            "e\u{301}",
            "1\u{fe0f}\u{20e3}",
            "\u{93e}",
            "\u{e33}",
            "\u{915}\u{94d}",
            "\u{f8ff}",
            "\u{2801}",
            "\u{fffd}",
            "\u{1f1e6}",
        ] {
            assert!(shows(something), "{}", something.escape_unicode());
        }
    }

    #[test]
    fn ends_are_seen_by_themselves() {
        for (text, expected) in [
            ("bob@\u{301}\u{94d}\u{200d}", Some(('b', '@'))),
            ("\u{323}@bob", Some(('@', 'b'))),
            ("+\u{20dd}\u{93e}", Some(('+', '+'))),
            (" \u{301}\u{200b}", None),
        ] {
            assert_eq!(seen_ends(text), expected, "{}", text.escape_unicode());
        }
    }

    #[test]
    fn a_line_has_no_ends_and_no_controls() {
        assert_eq!(line("a\r\nb\tc\u{2028}d\u{85}e"), "a b c d e");
        assert_eq!(line(" a\u{200c}b "), " a\u{200c}b ");
        assert_eq!(line("\u{200b} \u{2800}"), "");
    }
}
