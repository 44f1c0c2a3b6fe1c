//! Makes text harmless for the screen: nothing that steers a terminal, turns the direction of writing
//! around or hides itself gets through. What scripts and emoji are joined with stays.
//!
//! Owns that rule alone. Whatever comes from the network, the command line or the environment passes
//! here once, at the edge; past it nothing checks again. What the user writes passes only where it is
//! drawn: it is sent as it was typed.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// What stands where a control character was.
pub(crate) const REPLACEMENT: char = '\u{fffd}';

/// Combining marks that one grapheme cluster may carry; further ones pile up over other rows.
const MARKS: usize = 4;
/// Emoji that may be joined into one: a family has four, and skin tones and selectors come on top.
const CHARS_PER_CLUSTER: usize = 16;
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
    while let Some(character) = chars.next().filter(|_| left > 0) {
        left -= 1;
        let next = chars.peek().copied().unwrap_or(' ');
        let kept = match character {
            '\n' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            '\u{200c}' => (joins_letters(previous) && joins_letters(next)).then_some(character),
            '\u{200d}' => {
                let joins = joins_letters(previous) || is_emoji(previous) && is_emoji(next);
                joins.then_some(character)
            }
            // Mongolian letters are chosen by what follows them.
            '\u{180b}'..='\u{180f}' if joins_letters(previous) => Some(character),
            _ if character.is_control() => Some(REPLACEMENT),
            // Without the controls of direction text stands in the order in which it was written.
            _ if turns_direction(character) || is_hidden(character) => None,
            _ => Some(character),
        };
        if let Some(kept) = kept {
            clean.push(kept);
            previous = kept;
        }
    }
    clean
}

fn push_capped(clean: &mut String, cluster: &str) {
    let mut marks = 0;
    for character in cluster.chars().take(CHARS_PER_CLUSTER) {
        let is_mark = character.width() == Some(0) && !matches!(character, '\u{200d}' | '\u{fe0f}');
        marks += usize::from(is_mark);
        if !is_mark || marks <= MARKS {
            clean.push(character);
        }
    }
}

/// The bidirectional controls (UAX #9, section 2).
fn turns_direction(character: char) -> bool {
    matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Format characters that take no room, and noncharacters.
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200c}'
        | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}' | '\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
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
