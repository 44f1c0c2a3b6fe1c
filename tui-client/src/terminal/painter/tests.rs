//! Frames on terminals that disagree with this program, and with each other, about widths.

use ratatui::Terminal;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::*;

/// Columns that a terminal gives to a cluster.
type Width = fn(&str) -> usize;

/// A terminal that does what xterm does where something is written over half of a wide cluster.
struct Fake {
    columns: usize,
    width: Width,
    /// The cluster of each cell; `None` is the second half of a wide one.
    cells: Vec<Option<String>>,
    cursor: (usize, usize),
}

impl Fake {
    fn new(columns: usize, rows: usize, width: Width) -> Self {
        let cells = vec![Some(" ".to_owned()); columns * rows];
        let cursor = (0, 0);
        Self {
            columns,
            width,
            cells,
            cursor,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut text = str::from_utf8(bytes).unwrap();
        while !text.is_empty() {
            if let Some(sequence) = text.strip_prefix("\x1b[") {
                let end = sequence
                    .find(|one: char| one.is_ascii_alphabetic())
                    .unwrap();
                let numbers: Vec<usize> = sequence[..end]
                    .split(';')
                    .filter_map(|one| one.parse().ok())
                    .collect();
                match &sequence[end..=end] {
                    "H" => self.cursor = (numbers[1] - 1, numbers[0] - 1),
                    "J" => self.cells.fill(Some(" ".to_owned())),
                    _ => {}
                }
                text = &sequence[end + 1..];
            } else {
                let cluster = text.graphemes(true).next().unwrap();
                self.write(cluster);
                text = &text[cluster.len()..];
            }
        }
    }

    fn write(&mut self, cluster: &str) {
        // Without wrapping a character that does not fit is pushed to the left, and what follows it
        // in its cluster is written over it.
        let left = self.columns.saturating_sub(self.cursor.0).max(2);
        let width = (self.width)(cluster).clamp(1, left);
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
            self.cells[start..end].fill(Some(" ".to_owned()));
        }
    }
}

const WIDTHS: [(&str, Width); 5] = [
    ("as here", |cluster| cluster.width()),
    ("two columns for each doubtful one", |cluster| {
        if is_sure(cluster) { cluster.width() } else { 2 }
    }),
    ("one column for each doubtful one", |cluster| {
        if is_sure(cluster) { cluster.width() } else { 1 }
    }),
    ("character by character", |cluster| {
        cluster.chars().map(|one| one.width().unwrap_or(0)).sum()
    }),
    ("two columns for each character", |cluster| {
        match is_sure(cluster) {
            true => cluster.width(),
            false => 2 * cluster.chars().count(),
        }
    }),
];

/// Numbers that look random (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 33) as usize % end
    }
}

const TEXTS: [&str; 16] = [
    " ",
    " ",
    "a",
    "b",
    "wörd",
    "日",
    "日本",
    "ж",
    "❤",
    "❤\u{fe0f}",
    "😀",
    "🇩🇪",
    "👩\u{200d}👩\u{200d}👧",
    "1\u{fe0f}\u{20e3}",
    "🫩",
    "…",
];

fn random_rows(dice: &mut Dice, rows: &mut [String]) {
    for _ in 0..=dice.below(rows.len()) {
        let row = dice.below(rows.len());
        rows[row] = (0..dice.below(14))
            .map(|_| TEXTS[dice.below(TEXTS.len())])
            .collect();
    }
}

#[test]
fn rows_are_right_whatever_the_widths_are() {
    let (columns, height) = (16, 3);
    for (what, width) in WIDTHS {
        let mut dice = Dice(1);
        let mut terminal = Terminal::new(Painter::new(columns, height)).unwrap();
        let mut fake = Fake::new(columns.into(), height.into(), width);
        let mut rows = vec![String::new(); height.into()];
        for number in 0..500 {
            random_rows(&mut dice, &mut rows);
            let drawn = terminal.draw(|frame| {
                for (row, y) in rows.iter().zip(0..) {
                    frame.buffer_mut().set_string(0, y, row, Style::new());
                }
            });
            let expected = drawn.unwrap().buffer.clone();
            fake.take(&terminal.backend_mut().take());
            compare(
                &expected,
                &fake,
                &format!("{what}, frame {number}, {rows:?}"),
            );
        }
    }
}

/// All that has a sure width must be in its place, but what is beside a doubtful cluster at the edge.
#[track_caller]
fn compare(expected: &ratatui::buffer::Buffer, fake: &Fake, what: &str) {
    let area: Rect = expected.area;
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let cell = &expected[(x, y)];
            let width = cell.cell_width().max(1);
            let at = usize::from(y) * fake.columns + usize::from(x);
            let beside_doubt = x > 0 && cell.symbol() == " " && {
                let before = (0..x).rev().map(|x| expected[(x, y)].symbol());
                before
                    .take_while(|symbol| *symbol == " " || !is_sure(symbol))
                    .any(|symbol| !is_sure(symbol))
            };
            if is_sure(cell.symbol()) && !beside_doubt {
                let shown = fake.cells[at].as_deref();
                assert_eq!(shown, Some(cell.symbol()), "({x},{y}) {what}");
            }
            x += width;
        }
    }
}

#[test]
fn an_emoji_has_the_blank_beside_it_as_room() {
    let two: Width = |cluster| if is_sure(cluster) { cluster.width() } else { 2 };
    let mut fake = Fake::new(10, 1, two);
    let mut terminal = Terminal::new(Painter::new(10, 1)).unwrap();
    terminal
        .draw(|frame| {
            frame.buffer_mut().set_string(0, 0, "a ❤ b", Style::new());
        })
        .unwrap();
    fake.take(&terminal.backend_mut().take());
    let shown: Vec<_> = fake
        .cells
        .iter()
        .map(|cell| cell.as_deref().unwrap_or(""))
        .collect();
    assert_eq!(shown.concat(), "a ❤b     ");
    assert_eq!(fake.cells[4].as_deref(), Some("b"));
}

#[test]
fn looks_are_written_where_they_change() {
    let mut terminal = Terminal::new(Painter::new(8, 1)).unwrap();
    terminal
        .draw(|frame| {
            let buffer = frame.buffer_mut();
            buffer.set_string(0, 0, "ab", Style::new().fg(Color::Red));
            buffer.set_string(
                2,
                0,
                "c",
                Style::new()
                    .fg(Color::Indexed(71))
                    .add_modifier(Modifier::BOLD),
            );
            buffer.set_string(
                3,
                0,
                "d",
                Style::new().fg(Color::LightBlue).bg(Color::Black),
            );
            buffer.set_string(4, 0, "e", Style::new());
        })
        .unwrap();
    let bytes = String::from_utf8(terminal.backend_mut().take()).unwrap();
    let expected = "\x1b[1;1H\x1b[0;31mab\x1b[0;1;38;5;71mc\x1b[0;94;40md\x1b[0me";
    assert!(bytes.contains(expected), "{bytes:?}");
}
