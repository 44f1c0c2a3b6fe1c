//! Terminals that are not there: one that gives clusters whatever width it is told to, and the one of
//! `vt100`.

use std::num::NonZeroU16;

use unicode_segmentation::UnicodeSegmentation;

/// Columns that a terminal gives to a cluster.
pub(super) type Width = fn(&str) -> usize;

/// A terminal that does what xterm does where something is written over half of a wide cluster.
pub(super) struct Fake {
    pub(super) columns: usize,
    rows: usize,
    width: Width,
    /// The cluster of each cell; `None` is the second half of a wide one.
    pub(super) cells: Vec<Option<String>>,
    pub(super) cursor: (usize, usize),
    /// The first row of the margins, and the one behind the last.
    margins: (usize, usize),
    /// Something is set that blanks would show.
    is_seen_on_blanks: bool,
}

impl Fake {
    pub(super) fn new(columns: usize, rows: usize, width: Width) -> Self {
        Self {
            columns,
            rows,
            width,
            cells: vec![blank(); columns * rows],
            cursor: (0, 0),
            margins: (0, rows),
            is_seen_on_blanks: false,
        }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        let mut text = str::from_utf8(bytes).unwrap();
        while !text.is_empty() {
            let taken = if let Some(sequence) = text.strip_prefix("\x1b[") {
                let end = sequence
                    .find(|one: char| one.is_ascii_alphabetic())
                    .unwrap();
                self.control(&sequence[..end], &sequence[end..=end]);
                end + 3
            } else if let Some(string) = text.strip_prefix("\x1b]") {
                string.find("\x1b\\").unwrap() + 4
            } else if text.starts_with("\x1b(B") {
                3
            } else if text.starts_with("\x1bM") {
                self.reverse_index();
                2
            } else {
                let cluster = text.graphemes(true).next().unwrap();
                self.write(cluster);
                cluster.len()
            };
            text = &text[taken..];
        }
    }

    fn control(&mut self, body: &str, end: &str) {
        let numbers: Vec<usize> = body.split(';').filter_map(|one| one.parse().ok()).collect();
        let number = |place: usize| numbers.get(place).copied().unwrap_or(1).max(1);
        // Where the cursor is behind the last column, it moves from there on some terminals and from
        // the last column on others.
        let x = || {
            assert!(self.cursor.0 < self.columns, "moved from behind the edge");
            self.cursor.0
        };
        match end {
            "H" => self.cursor = (number(1) - 1, number(0) - 1),
            "C" => self.cursor.0 = x() + number(0),
            "D" => self.cursor.0 = x() - number(0),
            "J" => {
                self.expect_plain();
                self.cells.fill(blank());
            }
            "K" => {
                self.expect_plain();
                let first = self.cursor.1 * self.columns;
                for at in first + x()..first + self.columns {
                    self.split(at);
                    self.cells[at] = blank();
                }
            }
            "r" => {
                let bottom = numbers.get(1).copied().unwrap_or(self.rows);
                assert!(number(0) < bottom || self.rows == 1, "margins of no rows");
                self.margins = (number(0) - 1, bottom);
                self.cursor = (0, 0);
            }
            "m" => self.look(&numbers),
            "h" | "l" => {}
            other => panic!("nobody knows CSI {body} {other}"),
        }
        let is_inside = self.cursor.0 < self.columns && self.cursor.1 < self.rows;
        let moves = ["H", "C", "D"].contains(&end);
        assert!(is_inside || !moves, "CSI {body} {end} leaves the screen");
    }

    fn look(&mut self, numbers: &[usize]) {
        let mut rest = numbers;
        if rest.is_empty() {
            self.is_seen_on_blanks = false;
        }
        while let [number, after @ ..] = rest {
            rest = match (number, after) {
                (38 | 48, [5, _, after @ ..] | [2, _, _, _, after @ ..]) => after,
                _ => after,
            };
            match number {
                0 => self.is_seen_on_blanks = false,
                4..=9 | 40..=48 | 100..=107 => self.is_seen_on_blanks = true,
                _ => {}
            }
        }
    }

    /// What is blanked gets the background that is set, on some terminals.
    fn expect_plain(&self) {
        assert!(!self.is_seen_on_blanks, "blanked in colour");
    }

    fn scroll(&mut self, by: isize) {
        self.expect_plain();
        let (top, bottom) = self.margins;
        let band = &mut self.cells[top * self.columns..bottom * self.columns];
        if by > 0 {
            band.rotate_left(self.columns);
            let end = band.len();
            band[end - self.columns..].fill(blank());
        } else {
            band.rotate_right(self.columns);
            band[..self.columns].fill(blank());
        }
    }

    fn reverse_index(&mut self) {
        if self.cursor.1 == self.margins.0 {
            self.scroll(-1);
        } else {
            self.cursor.1 -= 1;
        }
    }

    fn write(&mut self, cluster: &str) {
        match cluster {
            "\r" => return self.cursor.0 = 0,
            "\x08" => return self.cursor.0 -= 1,
            "\n" if self.cursor.1 + 1 == self.margins.1 => return self.scroll(1),
            "\n" => return self.cursor.1 += 1,
            "\x0f" => return,
            _ => {}
        }
        // Without wrapping a character that does not fit is pushed to the left, and what follows it
        // in its cluster is written over it.
        let left = self.columns.saturating_sub(self.cursor.0).max(2);
        let width = (self.width)(cluster).clamp(1, left).min(self.columns);
        let x = self.cursor.0.min(self.columns - width);
        let first = self.cursor.1 * self.columns + x;
        for at in first..first + width {
            self.split(at);
        }
        self.cells[first] = Some(cluster.to_owned());
        self.cells[first + 1..first + width].fill(None);
        self.cursor.0 = x + width;
    }

    /// Blanks the wide cluster that `at` is a part of.
    fn split(&mut self, at: usize) {
        let start = (0..=at).rev().find(|at| self.cells[*at].is_some()).unwrap();
        let rest = self.cells[start + 1..].iter();
        let end = start + 1 + rest.take_while(|cell| cell.is_none()).count();
        if end > start + 1 {
            self.cells[start..end].fill(blank());
        }
    }
}

fn blank() -> Option<String> {
    Some(" ".to_owned())
}

pub(super) fn vt100(columns: u16, rows: u16) -> vt100::Parser {
    let number = |number| NonZeroU16::new(number).unwrap();
    vt100::Parser::new(number(rows), number(columns), 0)
}

/// All that is seen on it, with looks.
pub(super) fn seen(terminal: &vt100::Parser) -> Vec<String> {
    let screen = terminal.screen();
    let (rows, columns) = screen.size();
    let cell = |y: u16, x: u16| {
        let cell = screen.cell(y, x).unwrap();
        let text = match cell.contents() {
            "" if !cell.is_wide_continuation() => " ",
            text => text,
        };
        let seen = (cell.bgcolor(), cell.inverse(), cell.underline());
        if text == " " {
            format!("{text}{seen:?}")
        } else {
            let look = (cell.fgcolor(), cell.bold(), cell.dim(), cell.italic());
            format!("{text}{seen:?}{look:?}")
        }
    };
    let row = |y| (0..columns.get()).map(|x| cell(y, x)).collect();
    (0..rows.get()).map(row).collect()
}
