//! A text of an input box as it is shown: broken into rows between clusters, or cut to a window of one
//! row, harmless, and with bullets for what is secret. Must not edit.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::sanitize;

/// What stands for each cluster of a secret.
const BULLET: &str = "•";

/// One row on the screen, and the bytes of the text that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShownRow {
    pub(super) shown: String,
    pub(super) start: usize,
    /// Without the newline at its end.
    pub(super) end: usize,
    /// The text goes on in the next row without a newline.
    pub(super) wraps: bool,
}

/// A text on the screen; where the cursor is: row and column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Laid {
    pub(super) rows: Vec<ShownRow>,
    pub(super) cursor: (usize, usize),
}

/// A text that is shown, with bullets from the byte `secret_from` on.
#[derive(Clone, Copy)]
pub(super) struct Shown<'text> {
    pub(super) text: &'text str,
    pub(super) secret_from: usize,
}

struct Cluster<'text> {
    at: usize,
    end: usize,
    shown: Cow<'text, str>,
    width: usize,
    is_break: bool,
}

impl<'text> Shown<'text> {
    /// The text in rows of `columns`, which is at least 1. Of a cluster that is wider a row has that
    /// one alone.
    pub(super) fn lay(self, columns: usize, cursor: usize) -> Laid {
        let mut rows = Vec::new();
        let mut place = (0, 0);
        let mut row = Filling::default();
        for cluster in self.clusters(0) {
            if row.used > 0 && row.used + cluster.width > columns {
                rows.push(row.end(cluster.at, true));
                row = Filling::from(cluster.at);
            }
            if cluster.at == cursor {
                place = (rows.len(), row.used);
            }
            if cluster.is_break {
                rows.push(row.end(cluster.at, false));
                row = Filling::from(cluster.end);
            } else {
                row.shown.push_str(&cluster.shown);
                row.used += cluster.width;
            }
        }
        if cursor >= self.text.len() {
            // A cursor behind a full row stands at the start of the next.
            if row.used >= columns {
                rows.push(row.end(self.text.len(), true));
                row = Filling::from(self.text.len());
            }
            place = (rows.len(), row.used);
        }
        rows.push(row.end(self.text.len(), false));
        Laid {
            rows,
            cursor: place,
        }
    }

    /// The byte in `row` that is shown at `column`, or the last before.
    pub(super) fn offset(self, row: &ShownRow, column: usize) -> usize {
        let mut used = 0;
        let mut last = row.start;
        for cluster in self.clusters(row.start) {
            if cluster.at >= row.end {
                break;
            }
            last = cluster.at;
            if used + cluster.width > column {
                return last;
            }
            used += cluster.width;
        }
        // Behind the last cluster of a row that wraps is the start of the next.
        if row.wraps { last } else { row.end }
    }

    /// `columns` of the text in one row, those around the cursor; the cursor's column.
    pub(super) fn window(self, columns: usize, cursor: usize) -> (String, usize) {
        let columns = columns.max(1);
        let before = self.clusters(0).take_while(|cluster| cluster.at < cursor);
        let before: usize = before.map(|cluster| cluster.width).sum();
        // It moves by half its width, so that there is something to see on both sides.
        let step = columns.div_ceil(2);
        let skipped = match before.checked_sub(columns - 1) {
            None | Some(0) => 0,
            Some(over) => over.div_ceil(step) * step,
        };
        let (mut shown, mut at, mut column) = (String::new(), 0, 0);
        for cluster in self.clusters(0) {
            if cluster.at == cursor {
                column = at.max(skipped) - skipped;
            }
            if at >= skipped && at + cluster.width <= skipped + columns {
                shown.push_str(&cluster.shown);
            } else if at < skipped && at + cluster.width > skipped {
                // Half of a wide cluster.
                shown.push_str(&" ".repeat(at + cluster.width - skipped));
            } else if at >= skipped + columns {
                break;
            }
            at += cluster.width;
        }
        if cursor >= self.text.len() {
            column = before - skipped;
        }
        (shown, column)
    }

    /// The clusters from the byte `from` on, which is at the start of one.
    fn clusters(self, from: usize) -> impl Iterator<Item = Cluster<'text>> {
        let text = &self.text[from..];
        let mut previous = ' ';
        text.grapheme_indices(true).map(move |(at, cluster)| {
            let (at, end) = (from + at, from + at + cluster.len());
            let next = self.text[end..].chars().next();
            let is_break = cluster == "\n";
            let shown: Cow<'_, str> = match cluster {
                "\n" => "".into(),
                _ if at >= self.secret_from => BULLET.into(),
                _ => sanitize::cluster(previous, cluster, next),
            };
            previous = cluster.chars().next_back().unwrap_or(' ');
            let width = if shown.len() == 1 { 1 } else { shown.width() };
            Cluster {
                at,
                end,
                shown,
                width,
                is_break,
            }
        })
    }
}

/// A row while it fills.
#[derive(Default)]
struct Filling {
    shown: String,
    start: usize,
    used: usize,
}

impl Filling {
    fn from(start: usize) -> Self {
        Self {
            start,
            ..Self::default()
        }
    }

    fn end(&mut self, end: usize, wraps: bool) -> ShownRow {
        ShownRow {
            shown: std::mem::take(&mut self.shown),
            start: self.start,
            end,
            wraps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Shown<'_> {
        Shown {
            text,
            secret_from: usize::MAX,
        }
    }

    #[test]
    fn breaks_between_clusters_and_finds_the_cursor() {
        let check = |marked: &str, columns, rows: &[&str], place| {
            let text = marked.replace('|', "");
            let laid = shown(&text).lay(columns, marked.find('|').unwrap());
            let found: Vec<_> = laid.rows.iter().map(|row| row.shown.as_str()).collect();
            assert_eq!((found.as_slice(), laid.cursor), (rows, place), "{marked:?}");
        };
        check("|", 4, &[""], (0, 0));
        check("abc|", 4, &["abc"], (0, 3));
        check("abcd|", 4, &["abcd", ""], (1, 0));
        check("ab|cdef", 4, &["abcd", "ef"], (0, 2));
        check("abcd|ef", 4, &["abcd", "ef"], (1, 0));
        check("日本語|", 4, &["日本", "語"], (1, 2));
        check("日本|語", 5, &["日本", "語"], (1, 0));
        check("日|", 1, &["日", ""], (1, 0));
        check("|日本", 1, &["日", "本"], (0, 0));
        check("a\n|b", 4, &["a", "b"], (1, 0));
        check("a|\nb", 4, &["a", "b"], (0, 1));
        check("abcd|\nb", 4, &["abcd", "b"], (0, 4));
        check("a\n|", 4, &["a", ""], (1, 0));
        // An emoji with a selector has two columns and is never halved.
        check(
            "abc\u{26a0}\u{fe0f}|",
            4,
            &["abc", "\u{26a0}\u{fe0f}"],
            (1, 2),
        );
        check("\u{202e}\u{200f}ab|", 4, &["ab"], (0, 2));
        check("\u{200b}|", 1, &[""], (0, 0));
    }

    #[test]
    fn what_is_secret_has_bullets() {
        let text = "/password höha";
        let secret = Shown {
            text,
            secret_from: 10,
        };
        let laid = secret.lay(40, text.len());
        assert_eq!(laid.rows[0].shown, "/password ••••");
        assert_eq!(laid.cursor, (0, 14));
    }

    #[test]
    fn a_window_shows_the_cursor_and_is_never_too_wide() {
        let check = |marked: &str, columns, expected: (&str, usize)| {
            let text = marked.replace('|', "");
            let (row, column) = shown(&text).window(columns, marked.find('|').unwrap());
            assert_eq!((row.as_str(), column), expected, "{marked:?}");
        };
        check("|", 4, ("", 0));
        check("abc|", 4, ("abc", 3));
        check("abcd|", 4, ("cd", 2));
        check("|abcdef", 4, ("abcd", 0));
        check("abc|def", 4, ("abcd", 3));
        check("abcde|fgh", 4, ("cdef", 3));
        check("日本語|", 4, ("本語".trim_start_matches("本"), 2));
        check("x日本語|", 4, (" 語", 3));
        check("a|", 1, ("", 0));
        check("日|", 0, ("", 0));
        for columns in 0..9 {
            for text in ["日本語です日本語", "a日b日c日d", "\u{26a0}\u{fe0f}x👍🏽y"]
            {
                for (cursor, _) in text.grapheme_indices(true).chain([(text.len(), "")]) {
                    let (row, column) = shown(text).window(columns, cursor);
                    assert!(row.width() <= columns.max(1), "{text} {columns} {cursor}");
                    assert!(column < columns.max(1), "{text} {columns} {cursor}");
                }
            }
        }
    }

    #[test]
    fn columns_lead_back_to_bytes() {
        let text = "日本語ab\nx";
        let laid = shown(text).lay(4, 0);
        let offsets = |row: usize| {
            let offset = |column| shown(text).offset(&laid.rows[row], column);
            [0, 1, 2, 3, 4, 9].map(offset)
        };
        assert_eq!(offsets(0), [0, 0, 3, 3, 3, 3]);
        assert_eq!(offsets(1), [6, 6, 9, 10, 11, 11]);
        assert_eq!(offsets(2), [12, 13, 13, 13, 13, 13]);
    }
}
