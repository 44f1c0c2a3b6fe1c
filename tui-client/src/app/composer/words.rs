//! Where words begin and end, and their case. Words are those of UAX #29: an apostrophe or a point
//! within a word belongs to it, and a Chinese character is one of its own. Pure.

use unicode_segmentation::UnicodeSegmentation;

/// What becomes of the letters of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Upper,
    Lower,
    /// The first letter is upper, the others are lower.
    Capital,
}

/// Where the last word in `text` begins.
pub(super) fn last_start(text: &str) -> usize {
    let mut start = None;
    let mut later = "";
    for (at, piece) in text.split_word_bound_indices().rev() {
        match start {
            Some(_) if !is_hiragana(piece) || !is_hiragana(later) => break,
            None if !is_word(piece) => continue,
            _ => {}
        }
        start = Some(at);
        later = piece;
    }
    start.unwrap_or(0)
}

/// Where the first word in `text` ends.
pub(super) fn first_end(text: &str) -> usize {
    let mut end = None;
    let mut earlier = "";
    for (at, piece) in text.split_word_bound_indices() {
        match end {
            Some(_) if !is_hiragana(piece) || !is_hiragana(earlier) => break,
            None if !is_word(piece) => continue,
            _ => {}
        }
        end = Some(at + piece.len());
        earlier = piece;
    }
    end.unwrap_or(text.len())
}

/// `text` in another case.
pub(super) fn in_case(text: &str, case: Case) -> String {
    match case {
        Case::Upper => text.to_uppercase(),
        Case::Lower => text.to_lowercase(),
        Case::Capital => {
            let first = text.find(char::is_alphanumeric).unwrap_or(text.len());
            let rest = text[first..].chars().next().map_or(0, char::len_utf8) + first;
            let (before, letter) = text[..rest].split_at(first);
            format!(
                "{before}{}{}",
                letter.to_uppercase(),
                text[rest..].to_lowercase()
            )
        }
    }
}

fn is_word(piece: &str) -> bool {
    piece
        .chars()
        .any(|character| character.is_alphanumeric() || character == '_')
}

/// Japanese endings are written in these; the rules part each from the next.
fn is_hiragana(piece: &str) -> bool {
    piece.starts_with(|character: char| matches!(character, '\u{3041}'..='\u{309f}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks where the words begin, gone through from the end, and where they end.
    fn check(text: &str, starts: &str, ends: &str) {
        let (mut shown, mut end) = (String::new(), text.len());
        while end > 0 {
            let start = last_start(&text[..end]);
            shown.insert_str(0, &format!("|{}", &text[start..end]));
            end = start;
        }
        assert_eq!(shown, starts);
        let (mut shown, mut start) = (String::new(), 0);
        while start < text.len() {
            let end = start + first_end(&text[start..]);
            shown += &format!("{}|", &text[start..end]);
            start = end;
        }
        assert_eq!(shown, ends);
    }

    #[test]
    fn words_begin_and_end_where_readers_see_them() {
        check("one, two", "|one, |two", "one|, two|");
        check("I can't see", "|I |can't |see", "I| can't| see|");
        check("l\u{2019}été", "|l\u{2019}été", "l\u{2019}été|");
        check("snake_case x", "|snake_case |x", "snake_case| x|");
        check("a.example.org/b", "|a.example.org/|b", "a.example.org|/b|");
        check("e\u{301}a - ", "|e\u{301}a - ", "e\u{301}a| - |");
        check("日本語です!", "|日|本|語|です!", "日|本|語|です|!|");
        check("カタカナ", "|カタカナ", "カタカナ|");
        check("한국어 좋아", "|한국어 |좋아", "한국어| 좋아|");
        check("می\u{200c}خواهم", "|می\u{200c}خواهم", "می\u{200c}خواهم|");
        check("hi 👍🏽 you", "|hi 👍🏽 |you", "hi| 👍🏽 you|");
    }

    #[test]
    fn words_change_case() {
        let check = |text: &str, case, expected: &str| assert_eq!(in_case(text, case), expected);
        check(" straße", Case::Upper, " STRASSE");
        check(" HELLO", Case::Lower, " hello");
        check(", élan VITAL", Case::Capital, ", Élan vital");
        check("...", Case::Capital, "...");
        check("", Case::Capital, "");
    }
}
