//! Makes text harmless for the screen: nothing that steers a terminal, turns the direction of writing
//! around or hides itself gets through. What scripts and emoji are joined with stays.
//!
//! Owns that rule alone. Whatever comes from the network, the command line or the environment passes
//! here once, at the edge; past it nothing checks again. What the user writes passes only where it is
//! drawn: it is sent as it was typed.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What stands where a control character was.
pub(crate) const REPLACEMENT: char = '\u{fffd}';

/// Combining marks that one grapheme cluster may carry; further ones pile up over other rows.
const MARKS: usize = 4;
/// Emoji that may be joined into one: a family has four, and skin tones and selectors come on top.
const CHARS_PER_CLUSTER: usize = 16;
/// Columns of a cluster: letters may be joined without end.
const COLUMNS_PER_CLUSTER: usize = 8;
/// Blanks that are no plain spaces, side by side: more of them are there to push others off the screen.
const BLANKS: usize = 8;
/// What a mark stands on where there is no letter for it.
const DOTTED_CIRCLE: char = '\u{25cc}';
/// The flag that tags make that of a part of a country.
const BLACK_FLAG: char = '\u{1f3f4}';
/// Empty rows in a row: more of them only push what others wrote off the screen.
const EMPTY_ROWS: usize = 1;

/// Text of several rows: newlines stay.
pub(crate) fn text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut empty_rows = 0;
    for (number, row) in text.split('\n').enumerate() {
        let row = line(row.trim_end());
        if row.is_empty() {
            empty_rows += 1;
        } else {
            empty_rows = 0;
        }
        if empty_rows > EMPTY_ROWS {
            continue;
        }
        if number > 0 {
            clean.push('\n');
        }
        clean.push_str(&row);
    }
    clean
}

/// Text of one row, cut where it has more than `most` characters. A server may send megabytes where
/// a few words are expected.
pub(crate) fn brief(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => line(text),
        Some((end, _)) => line(&text[..end]) + "…",
    }
}

/// Text of one row: newlines and tabs become spaces.
pub(crate) fn line(text: &str) -> String {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return text.to_owned();
    }
    let visible = visible(' ', text, None);
    let mut clean = String::with_capacity(visible.len());
    for cluster in visible.graphemes(true) {
        push_capped(&mut clean, cluster);
    }
    clean
}

/// A cluster as it is shown between `previous` and `next`.
pub(crate) fn cluster(previous: char, cluster: &str, next: Option<char>) -> Cow<'_, str> {
    if let [0x20..0x7f] = cluster.as_bytes() {
        return Cow::Borrowed(cluster);
    }
    let mut clean = String::with_capacity(cluster.len());
    push_capped(&mut clean, &visible(previous, cluster, next));
    Cow::Owned(clean)
}

/// The text without what can't be seen, and with a sign in place of what steers a terminal. `previous`
/// and `next` are what stands around it.
fn visible(mut previous: char, text: &str, next: Option<char>) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().chain(next).peekable();
    let mut left = text.chars().count();
    let mut blanks = 0;
    while let Some(character) = chars.next().filter(|_| left > 0) {
        left -= 1;
        let next = chars.peek().copied().unwrap_or(' ');
        blanks = if is_blank(character) { blanks + 1 } else { 0 };
        let kept = match character {
            '\n' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            _ if character.is_control() => Some(REPLACEMENT),
            _ if blanks > BLANKS => None,
            // Without the controls of direction text stands in the order in which it was written.
            _ if turns_direction(character) => None,
            _ if is_hidden(character) => is_at_work(previous, character, next).then_some(character),
            _ => Some(character),
        };
        if let Some(kept) = kept {
            clean.push(kept);
            previous = kept;
        }
    }
    clean
}

/// Whether a character that is not seen by itself changes how what is around it looks.
fn is_at_work(previous: char, character: char, next: char) -> bool {
    match character {
        '\u{200c}' => joins_letters(previous) && joins_letters(next),
        '\u{200d}' => joins_letters(previous) || is_emoji(previous) && is_emoji(next),
        // Mongolian letters are chosen by what follows them.
        '\u{180b}'..='\u{180f}' => joins_letters(previous),
        // A digit with this selector is a part of a keycap, or nothing.
        '\u{fe0e}' | '\u{fe0f}' => match previous {
            '0'..='9' | '#' | '*' => next == '\u{20e3}',
            _ => is_emoji(previous) || is_emoji_sign(previous),
        },
        '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => has_variants(previous),
        '\u{e0020}'..='\u{e007f}' => {
            previous == BLACK_FLAG || matches!(previous, '\u{e0020}'..='\u{e007e}')
        }
        _ => false,
    }
}

fn push_capped(clean: &mut String, cluster: &str) {
    let start = clean.len();
    let mut marks = 0;
    for character in cluster.chars().take(CHARS_PER_CLUSTER) {
        let joins = matches!(
            character,
            '\u{200d}' | '\u{fe0f}' | '\u{e0020}'..='\u{e007f}'
        );
        let is_mark = character.width() == Some(0) && !joins;
        marks += usize::from(is_mark);
        if !is_mark || marks <= MARKS {
            clean.push(character);
        }
    }
    while clean[start..].width() > COLUMNS_PER_CLUSTER {
        clean.pop();
    }
    if start < clean.len() && clean[start..].width() == 0 {
        // A screen has no place for what has no width.
        let first = clean[start..].chars().next();
        match first {
            Some(first) if is_blank(first) => clean.replace_range(start.., " "),
            Some('\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}') => {
                // A part of a Korean syllable stands on no other letter.
                clean.truncate(start);
                clean.push(REPLACEMENT);
            }
            _ => clean.insert(start, DOTTED_CIRCLE),
        }
    }
}

/// What takes room and shows nothing, beside the plain space.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{115f}' | '\u{1160}'
    ) || character != ' ' && character != '\n' && character.is_whitespace()
}

/// The bidirectional controls (UAX #9, section 2).
fn turns_direction(character: char) -> bool {
    matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Format characters that take no room, selectors, and noncharacters.
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(character) & 0xfffe == 0xfffe
}

/// Ideographs, of which some have several shapes; and signs of mathematics that do.
fn has_variants(character: char) -> bool {
    matches!(character,
        '\u{2200}'..='\u{22ff}' | '\u{2a00}'..='\u{2aff}' | '\u{3000}'..='\u{303f}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' | '\u{1000}'..='\u{109f}')
}

/// Signs that are an emoji as well, outside the blocks of emoji.
fn is_emoji_sign(character: char) -> bool {
    matches!(
        character,
        '\u{a9}'
            | '\u{ae}'
            | '\u{203c}'
            | '\u{2049}'
            | '\u{2122}'
            | '\u{2139}'
            | '\u{3030}'
            | '\u{303d}'
            | '\u{3297}'
            | '\u{3299}'
    )
}

/// Letters and marks of scripts in which U+200C and U+200D decide how letters are joined (Unicode 17,
/// section 23.2): Arabic and its relatives, Mongolian, and the scripts of South and Southeast Asia.
fn joins_letters(character: char) -> bool {
    matches!(character,
        '\u{600}'..='\u{61b}' | '\u{61d}'..='\u{77f}' | '\u{7c0}'..='\u{7ff}'
        | '\u{840}'..='\u{dff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{180a}'
        | '\u{1810}'..='\u{18af}' | '\u{1a20}'..='\u{1aaf}' | '\u{1b00}'..='\u{1c4f}'
        | '\u{a800}'..='\u{a8ff}' | '\u{a930}'..='\u{a9ff}' | '\u{aa00}'..='\u{aa7f}'
        | '\u{abc0}'..='\u{abff}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10a00}'..='\u{10a5f}' | '\u{10ac0}'..='\u{10aff}' | '\u{10d00}'..='\u{10d3f}'
        | '\u{10f30}'..='\u{10fdf}' | '\u{11000}'..='\u{11fff}' | '\u{1e900}'..='\u{1e95f}')
}

/// Roughly the property Extended_Pictographic, with skin tones and the emoji selector: what a joiner
/// may stand between.
fn is_emoji(character: char) -> bool {
    matches!(character,
        '\u{fe0f}' | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        let check = |given: &str, expected: &str| assert_eq!(line(given), expected, "{given:?}");
        check("plain text", "plain text");
        check("\u{1b}[31mred\u{1b}[0m", "\u{fffd}[31mred\u{fffd}[0m");
        check("\u{1b}]0;title\u{7}", "\u{fffd}]0;title\u{fffd}");
        check("c1 \u{9b}2J", "c1 \u{fffd}2J");
        check("\u{7f}\0", "\u{fffd}\u{fffd}");
        check("a\tb\nc", "a b c");
    }

    #[test]
    fn nothing_turns_the_direction_or_hides() {
        for character in "\u{202a}\u{202e}\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}\u{200b}\u{200c}\u{200d}\u{feff}\u{ad}\u{e0041}".chars() {
            assert_eq!(line(&format!("a{character}b")), "ab", "{character:?}");
        }
    }

    #[test]
    fn scripts_keep_their_joiners() {
        let same = [
            "می\u{200c}خواهم",
            "क\u{94d}\u{200d}ष और क\u{94d}\u{200c}ष",
            "هـ\u{200d} ١٤٤٧",
            "ශ\u{dca}\u{200d}රී",
            "ᠠ\u{180b}ᠨ",
        ];
        for text in same {
            assert_eq!(line(text), text);
            // In the input box cluster by cluster, with the same result.
            let (mut shown, mut previous) = (String::new(), ' ');
            for (at, one) in text.grapheme_indices(true) {
                let next = text[at + one.len()..].chars().next();
                shown.push_str(&cluster(previous, one, next));
                previous = one.chars().next_back().unwrap();
            }
            assert_eq!(shown, text);
        }
        assert_eq!(line("می\u{200c} \u{200c}x\u{200c}\u{200c}"), "می x");
        assert_eq!(line("\u{200f}שלום\u{200e} \u{2067}x\u{2069}"), "שלום x");
    }

    #[test]
    fn joiners_stay_between_emoji_only() {
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(line(family), family);
        let heart = "\u{2764}\u{fe0f}\u{200d}\u{1f525}";
        assert_eq!(line(heart), heart);
        assert_eq!(line("\u{1f468}\u{200d}x"), "\u{1f468}x");
    }

    #[test]
    fn selectors_and_tags_stay_where_they_are_at_work() {
        let england = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
        for same in [
            england,
            "1\u{fe0f}\u{20e3}",
            "⚠\u{fe0f}",
            "⚠\u{fe0e}",
            "©\u{fe0f}",
            "葛\u{e0100}",
            "∩\u{fe00}",
        ] {
            assert_eq!(line(same), same);
        }
        for (given, expected) in [
            ("a\u{fe0f}b", "ab"),
            ("1\u{fe0f}2", "12"),
            ("a\u{e0067}\u{e007f}", "a"),
            ("\u{1f3f4}x\u{e0067}", "\u{1f3f4}x"),
            ("a\u{e0100}", "a"),
            ("\u{fdd0}\u{1ffff}a\u{17b4}", "a"),
        ] {
            assert_eq!(line(given), expected, "{}", given.escape_unicode());
        }
    }

    #[test]
    fn everything_that_stays_has_a_place_on_the_screen() {
        assert_eq!(line("\u{301}a"), "\u{25cc}\u{301}a");
        assert_eq!(line("\u{1161}"), "\u{fffd}");
        assert_eq!(line("\u{3164}"), " ");
        assert_eq!(line("\u{1112}\u{1161}\u{11ab}"), "\u{1112}\u{1161}\u{11ab}");
        for given in [
            "\u{301}",
            "\u{e31}\u{e31}",
            "\u{11a8}x",
            "\u{20e3}",
            "\u{94d}",
            "\u{e000}",
            "\u{378}",
        ] {
            let shown = line(given);
            assert!(!shown.is_empty(), "{}", given.escape_unicode());
            let mut clusters = shown.graphemes(true);
            let flat = clusters.find(|one| one.width() == 0);
            assert_eq!(flat.map(|one| one.escape_unicode().to_string()), None);
        }
    }

    #[test]
    fn blanks_and_joined_letters_are_bounded() {
        for blank in ["\u{2800}", "\u{3000}", "\u{a0}", "\u{3164}"] {
            let text = format!("a{}b", blank.repeat(500));
            assert_eq!(line(&text).chars().count(), BLANKS + 2);
        }
        assert_eq!(line(&" ".repeat(20)).len(), 20);
        for endless in ["\u{1100}", "\u{915}\u{94d}"] {
            let shown = line(&endless.repeat(100));
            assert!(
                shown
                    .graphemes(true)
                    .all(|one| one.width() <= COLUMNS_PER_CLUSTER)
            );
        }
    }

    #[test]
    fn combining_marks_are_capped() {
        let zalgo = format!("z{}!", "\u{301}".repeat(60));
        assert_eq!(line(&zalgo), format!("z{}!", "\u{301}".repeat(MARKS)));
        let chain = vec!["\u{1f468}"; 100].join("\u{200d}");
        assert_eq!(line(&chain).chars().count(), CHARS_PER_CLUSTER);
    }

    #[test]
    fn brief_text_is_cut() {
        assert_eq!(brief("éé", 2), "éé");
        assert_eq!(brief("ééé", 2), "éé…");
        assert_eq!(brief(&"x".repeat(1 << 20), 5), "xxxxx…");
    }

    #[test]
    fn rows_stay_and_empty_ones_do_not_pile_up() {
        assert_eq!(text("one\ntwo"), "one\ntwo");
        assert_eq!(text("one\n\ntwo"), "one\n\ntwo");
        assert_eq!(text("one\n\n \n\u{200b}\n\ntwo"), "one\n\ntwo");
        assert_eq!(text("one\r\ntwo"), "one\ntwo");
    }
}
