//! Widths and wrapping by grapheme cluster. Owns how many columns a text takes and where it breaks;
//! knows nothing of messages or terminals.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that `text` takes, cluster by cluster.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// `text` in at most `columns`, with an ellipsis where it was cut.
pub(crate) fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let mut cut = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        used += cluster.width();
        if used > room {
            break;
        }
        cut.push_str(cluster);
    }
    cut.push('…');
    Cow::Owned(cut)
}

/// `text` in rows of at most `columns`: broken between words, beside wide characters, and inside a
/// word only where it is longer than a row. Every newline begins a row. Never empty; a cluster wider
/// than `columns` gets a row of its own.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<&str> {
    let ranges = wrap_ranges(text, columns);
    ranges.into_iter().map(|range| &text[range]).collect()
}

/// The same, as the places of the rows in `text`.
pub(crate) fn wrap_ranges(text: &str, columns: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        let first = rows.len();
        if line.is_ascii() && line.len() <= columns {
            rows.push(0..line.len());
        } else if line.is_ascii() {
            wrap_ascii(line.as_bytes(), columns.max(1), &mut rows);
        } else {
            wrap_line(line, columns.max(1), &mut rows);
        }
        for row in &mut rows[first..] {
            *row = row.start + start..row.end + start;
        }
        start += line.len() + 1;
    }
    rows
}

/// A row while it fills: the part of the line from `start` to `end`, `used` columns wide.
#[derive(Default)]
struct Filling {
    start: usize,
    end: usize,
    used: usize,
}

fn wrap_line(line: &str, columns: usize, rows: &mut Vec<Range<usize>>) {
    let mut row = Filling::default();
    let mut spaces = 0;
    for word in words(line) {
        let wide = width(&line[word.start..word.end]);
        if word.is_space {
            spaces += wide;
            continue;
        }
        if row.used + spaces + wide <= columns {
            row.used += spaces + wide;
            row.end = word.end;
        } else {
            if row.end > row.start {
                rows.push(row.start..row.end);
            }
            row = Filling {
                start: word.start,
                end: word.end,
                used: wide,
            };
            if wide > columns {
                break_word(line, columns, &mut row, rows);
            }
        }
        spaces = 0;
    }
    rows.push(row.start..row.end);
}

/// The same for a line of ASCII, and nearly all are: each byte is a cluster of one column, and rows break
/// between words alone.
fn wrap_ascii(line: &[u8], columns: usize, rows: &mut Vec<Range<usize>>) {
    let (mut start, mut end) = (0, 0);
    let mut at = 0;
    while at < line.len() {
        let word = at + line[at..].iter().take_while(|byte| **byte == b' ').count();
        let word_end = word
            + line[word..]
                .iter()
                .take_while(|byte| **byte != b' ')
                .count();
        at = word_end;
        if word == word_end {
            break;
        }
        if word_end - start > columns {
            if end > start {
                rows.push(start..end);
            }
            start = word;
            while word_end - start > columns {
                rows.push(start..start + columns);
                start += columns;
            }
        }
        end = word_end;
    }
    rows.push(start..end);
}

/// Breaks the word that fills `row` between clusters; what is left at its end stays in `row`.
fn break_word(line: &str, columns: usize, row: &mut Filling, rows: &mut Vec<Range<usize>>) {
    let (start, end) = (row.start, row.end);
    row.used = 0;
    // A vowel that is written before its consonant goes with it to the next row.
    let mut vowel = None;
    for (offset, cluster) in line[start..end].grapheme_indices(true) {
        let (at, wide) = (start + offset, cluster.width());
        if row.used > 0 && row.used + wide > columns {
            let (place, taken) = match vowel.filter(|(place, _)| *place > row.start) {
                Some((place, taken)) => (place, taken),
                None => (at, 0),
            };
            rows.push(row.start..place);
            row.start = place;
            row.used = taken;
        }
        row.used += wide;
        vowel = is_leading_vowel(cluster).then_some((at, wide));
    }
}

/// Vowels of Thai and Lao that stand before the consonant behind which they are spoken.
fn is_leading_vowel(cluster: &str) -> bool {
    cluster.starts_with(['เ', 'แ', 'โ', 'ใ', 'ไ', 'ເ', 'ແ', 'ໂ', 'ໃ', 'ໄ'])
}

struct Word {
    start: usize,
    end: usize,
    /// White space, which is left out where a row ends.
    is_space: bool,
}

/// The pieces that a row may break between: spaces one by one, wide clusters one by one, and runs of
/// everything else. What must not begin a row belongs to what is before it, and what must not end one to
/// what is behind it.
fn words(line: &str) -> impl Iterator<Item = Word> {
    let mut clusters = line.grapheme_indices(true).peekable();
    std::iter::from_fn(move || {
        let (start, first) = clusters.next()?;
        let mut end = start + first.len();
        let is_space = is_space(first);
        let mut previous = first;
        while !is_space
            && let Some((at, cluster)) =
                clusters.next_if(|(_, cluster)| !may_break(previous, cluster))
        {
            end = at + cluster.len();
            previous = cluster;
        }
        let word = Word {
            start,
            end,
            is_space,
        };
        Some(word)
    })
}

/// White space between words. Spaces that are there to keep words together are none.
fn is_space(cluster: &str) -> bool {
    let glues = |character| matches!(character, '\u{a0}' | '\u{2007}' | '\u{202f}');
    let is_one = |character: char| character.is_whitespace() && !glues(character);
    cluster == " " || !cluster.is_ascii() && cluster.chars().all(is_one)
}

/// Whether a row may end between two clusters, the first of which is no space.
fn may_break(before: &str, after: &str) -> bool {
    if is_space(after) {
        return true;
    }
    // Signs that open and close are bound to what they enclose (JIS X 4051).
    let is_bound = before.starts_with(OPENING) || after.starts_with(CLOSING);
    !is_bound && (is_wide(before) || is_wide(after))
}

/// Characters of scripts that are written without spaces, and pictures. A syllable with a mark that has a
/// column of its own, as in Devanagari, is a part of its word.
fn is_wide(cluster: &str) -> bool {
    let Some(first) = cluster.chars().next() else {
        return false;
    };
    let is_picture = cluster.contains('\u{fe0f}') || ('\u{1f1e6}'..='\u{1f1ff}').contains(&first);
    first.width() > Some(1) || is_picture && cluster.width() > 1
}

/// What must not end a row.
const OPENING: [char; 17] = [
    '(', '[', '{', '（', '［', '｛', '「', '『', '【', '〔', '〈', '《', '〖', '“', '‘', '«', '｢',
];

/// What must not begin one.
const CLOSING: [char; 50] = [
    ')', ']', '}', '.', ',', ':', ';', '!', '?', '）', '］', '｝', '」', '』', '】', '〕', '〉',
    '》', '〗', '”', '’', '»', '｣', '、', '。', '，', '．', '・', '：', '；', '？', '！', '‼', '⁇',
    '…', '‥', 'ー', '々', 'ぁ', 'ぃ', 'っ', 'ゃ', 'ゅ', 'ょ', 'ァ', 'ィ', 'ッ', 'ャ', 'ュ', 'ョ',
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, columns: usize, expected: &[&str]) {
        assert_eq!(wrap(text, columns), expected, "{text:?} in {columns}");
    }

    #[test]
    fn breaks_between_words() {
        check("", 5, &[""]);
        check("one two three", 7, &["one two", "three"]);
        check("one two three", 20, &["one two three"]);
        check("one  two", 5, &["one", "two"]);
        check("exact five", 5, &["exact", "five"]);
        check("trailing   ", 8, &["trailing"]);
        check("a\n\nb", 5, &["a", "", "b"]);
    }

    #[test]
    fn keeps_indentation_at_the_start_of_a_line() {
        check("  * one", 9, &["  * one"]);
        check("  é * one", 5, &["  é *", "one"]);
    }

    #[test]
    fn breaks_long_words_between_clusters() {
        check("abcdefgh", 3, &["abc", "def", "gh"]);
        check("ab cdefghi", 4, &["ab", "cdef", "ghi"]);
        check(
            "e\u{301}e\u{301}e\u{301}",
            2,
            &["e\u{301}e\u{301}", "e\u{301}"],
        );
    }

    #[test]
    fn wide_clusters_break_anywhere_and_are_never_cut() {
        check("日本語です", 4, &["日本", "語で", "す"]);
        check("日本語", 1, &["日", "本", "語"]);
        check("ok👍🏽👍🏽", 4, &["ok👍🏽", "👍🏽"]);
    }

    #[test]
    fn no_row_is_wider_than_asked_and_nothing_but_space_is_lost() {
        let texts = [
            "the quick brown fox 日本 jumps over\nthe lazy dog",
            "👨\u{200d}👩\u{200d}👧 family words andalongwordwithoutend z\u{301}\u{302}z",
            "    deep    spaces    everywhere    ",
            "",
            "averyveryverylongword and another1 one23456789012345678901234567890123456789012",
        ];
        for text in texts {
            for columns in 2..40 {
                let rows = wrap(text, columns);
                for row in &rows {
                    assert!(width(row) <= columns, "{row:?} in {columns}");
                }
                let plain: Vec<Range<usize>> = (text.split('\n'))
                    .flat_map(|line| {
                        let mut rows = Vec::new();
                        wrap_line(line, columns, &mut rows);
                        rows
                    })
                    .collect();
                assert_eq!(plain.len(), rows.len(), "{text:?} in {columns}");
                let squeeze = |text: &str| text.replace([' ', '\n'], "");
                assert_eq!(squeeze(&rows.concat()), squeeze(text), "{columns}");
            }
        }
    }

    #[test]
    fn signs_stay_with_what_they_enclose() {
        check("今日は。明日", 6, &["今日", "は。明", "日"]);
        check("彼は「はい」と", 6, &["彼は", "「は", "い」と"]);
        check("見て（笑）", 6, &["見て", "（笑）"]);
        check("やった！！", 6, &["やっ", "た！！"]);
        check("ちょっと", 4, &["ちょ", "っと"]);
        check("日本 (にほん)", 6, &["日本", "(にほ", "ん)"]);
        check("。。。。", 4, &["。。", "。。"]);
        check("👍!", 2, &["👍", "!"]);
    }

    #[test]
    fn words_whose_syllables_are_two_columns_wide_stay_whole() {
        check("was नमस्ते so", 7, &["was", "नमस्ते so"]);
        check(
            "go ⚠\u{fe0f}⚠\u{fe0f}🇩🇪🇫🇷",
            7,
            &["go ⚠\u{fe0f}⚠\u{fe0f}", "🇩🇪🇫🇷"],
        );
    }

    #[test]
    fn wide_spaces_are_spaces() {
        check("日本\u{3000}\u{3000}語", 5, &["日本", "語"]);
        check("a\u{2003}b", 2, &["a", "b"]);
        check("a\u{a0}b", 2, &["a\u{a0}", "b"]);
    }

    #[test]
    fn scripts_without_spaces_break_between_clusters_as_a_last_resort() {
        check("สวัสดีครับ", 3, &["สวัส", "ดีครั", "บ"]);
        check("กขเคง", 3, &["กข", "เคง"]);
        check("ab สวัสดี", 6, &["ab", "สวัสดี"]);
        check("ខ្មែរ", 2, &["ខ្មែ", "រ"]);
    }

    #[test]
    fn truncates_with_an_ellipsis() {
        assert_eq!(truncate("nightbot", 8), "nightbot");
        assert_eq!(truncate("nightbot", 5), "nigh…");
        assert_eq!(truncate("日本語", 4), "日…");
        assert_eq!(truncate("abc", 1), "…");
        assert_eq!(truncate("abc", 0), "");
    }
}
