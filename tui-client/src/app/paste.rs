//! Pasted text that may not have been meant for everybody: when the user is asked first, and with
//! what words. Must not know where it goes.

use crate::sanitize;

/// Lines that go into the input unasked.
const UNASKED: usize = 5;
/// Characters of the first line that the question shows.
const SHOWN: usize = 200;
/// Bytes that wait for the answer: many times what the input holds.
const HELD: usize = 256 * 1024;

/// Pasted text of many lines, until the user has decided.
#[derive(Debug)]
pub(crate) struct Paste {
    text: String,
    /// Characters that were too many to wait.
    left_out: usize,
    /// How many lines it has.
    pub(crate) lines: usize,
    /// The first line that is not empty, harmless.
    pub(crate) first: String,
}

impl Paste {
    /// The question about `text`, behind what the question so far was `before` about; the text itself where
    /// none is needed.
    pub(crate) fn question(before: Option<Self>, text: String) -> Result<Self, String> {
        let (text, mut left_out) = match before {
            Some(before) => (before.text + &text, before.left_out),
            None => (text, 0),
        };
        let body = text.trim_end_matches(['\r', '\n']);
        let lines = rows(body).count();
        if lines <= UNASKED {
            return Err(text);
        }
        let first = rows(body).find(|row| !row.trim().is_empty());
        let first: String = first.unwrap_or_default().chars().take(SHOWN).collect();
        let first = sanitize::line(first.trim());
        let mut end = text.len().min(HELD);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        left_out += text[end..].chars().count();
        let mut text = text;
        text.truncate(end);
        Ok(Self {
            text,
            left_out,
            lines,
            first,
        })
    }

    /// What was pasted, and how many characters of it are not here any more.
    pub(crate) fn into_text(self) -> (String, usize) {
        (self.text, self.left_out)
    }
}

/// The rows of a text, whatever its newlines are: terminals send carriage returns.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|row| {
        let row = row.strip_suffix('\r').unwrap_or(row);
        row.split('\r')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_five_lines_are_asked_about() {
        let lines = |text: &str| Paste::question(None, text.to_owned()).map(|paste| paste.lines);
        assert_eq!(lines("1\n2\n3\n4\n5\n"), Err("1\n2\n3\n4\n5\n".to_owned()));
        assert_eq!(lines("1\n2\n3\n4\n5\n6"), Ok(6));
        assert_eq!(lines("1\r2\r3\r4\r5\r6\r"), Ok(6));
        assert_eq!(lines("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7"), Ok(7));
        assert_eq!(lines(""), Err(String::new()));
    }

    #[test]
    fn the_question_shows_the_first_line_harmless_and_short() {
        let first = |text: &str| Paste::question(None, text.to_owned()).unwrap().first;
        assert_eq!(first("\n\n one\u{1b}[2J\n\n\n\nsix"), "one\u{fffd}[2J");
        assert_eq!(
            first(&format!("{}\n\n\n\n\n6", "x".repeat(900))).len(),
            SHOWN
        );
    }

    #[test]
    fn pieces_add_up_within_bounds() {
        let mut paste = None;
        for _ in 0..4 {
            let piece = format!("{}{}", "\n".repeat(6), "é".repeat(50_000));
            paste = Some(Paste::question(paste.take(), piece).unwrap());
        }
        let paste = paste.unwrap();
        assert_eq!(paste.lines, 25, "the lines so far");
        let (text, left_out) = paste.into_text();
        assert!(text.len() <= HELD);
        assert_eq!(text.chars().count() + left_out, 4 * 50_006);
    }
}
