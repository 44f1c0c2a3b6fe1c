//! Frames on terminals that disagree with this program, and with each other, about widths; and what they
//! cost.

mod fake;
mod traffic;

use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::*;
use fake::{Fake, Width, seen, vt100};

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
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 33) as usize % end
    }
}

const SURE: [&str; 8] = [" ", "   ", "a", "b", "wörd", "日", "日本", "ж"];
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
const STYLES: [Style; 7] = [
    Style::new(),
    Style::new(),
    Style::new().add_modifier(Modifier::BOLD),
    Style::new().add_modifier(Modifier::DIM),
    Style::new()
        .fg(Color::Indexed(71))
        .add_modifier(Modifier::BOLD),
    Style::new().add_modifier(Modifier::REVERSED),
    Style::new().bg(Color::Blue).fg(Color::Red),
];

/// Words side by side, each in a style of its own.
type Words = Vec<(&'static str, Style)>;

/// A screen as an app has it: rows that move between rows that stay, and something at the side.
struct App {
    width: u16,
    rows: Vec<Words>,
    side: Vec<Words>,
    texts: &'static [&'static str],
}

impl App {
    fn new(width: u16, height: u16, texts: &'static [&'static str]) -> Self {
        Self {
            width,
            rows: vec![Vec::new(); height.into()],
            side: vec![Vec::new(); height.into()],
            texts,
        }
    }

    fn words(&self, dice: &mut Dice, most: usize) -> Words {
        let mut word = || {
            let text = self.texts[dice.below(self.texts.len())];
            (text, STYLES[dice.below(STYLES.len())])
        };
        let count = most.min(usize::from(self.width));
        (0..count).map(|_| word()).collect()
    }

    fn random_words(&self, dice: &mut Dice) -> Words {
        let count = dice.below(14);
        self.words(dice, count)
    }

    fn change(&mut self, dice: &mut Dice) {
        let height = self.rows.len();
        match dice.below(6) {
            0 | 1 => {
                for _ in 0..=dice.below(height) {
                    let row = dice.below(height);
                    self.rows[row] = self.random_words(dice);
                }
            }
            2 => {
                let row = dice.below(height);
                self.side[row] = self.words(dice, 2);
            }
            _ => {
                let top = dice.below(height);
                let bottom = top + 1 + dice.below(height - top);
                let by = 1 + dice.below(bottom - top);
                let fresh: Vec<_> = (0..by).map(|_| self.random_words(dice)).collect();
                let band = &mut self.rows[top..bottom];
                if dice.below(2) == 0 {
                    band.rotate_left(by);
                    let end = band.len();
                    band[end - by..].clone_from_slice(&fresh);
                } else {
                    band.rotate_right(by);
                    band[..by].clone_from_slice(&fresh);
                }
            }
        }
    }

    fn buffer(&self) -> Buffer {
        let height = u16::try_from(self.rows.len()).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.width, height));
        // At the right of wide screens, where it does not move.
        let side_at = if self.width > 20 {
            self.width - 6
        } else {
            self.width
        };
        for (rows, start, end) in [(&self.rows, 0, side_at), (&self.side, side_at, self.width)] {
            for (words, y) in rows.iter().zip(0..) {
                let mut x = start;
                for (text, style) in words {
                    let left = usize::from(end - x);
                    if left > 0 {
                        (x, _) = buffer.set_stringn(x, y, text, left, *style);
                    }
                }
            }
        }
        buffer
    }
}

/// Paints a frame, in one piece or in several, perhaps with the cursor's row before it.
fn paint(painter: &mut Painter, buffer: &Buffer, dice: &mut Dice) -> Vec<u8> {
    let place = Position {
        x: dice.below(buffer.area.width.into()) as u16,
        y: dice.below(buffer.area.height.into()) as u16,
    };
    let place = (dice.below(4) > 0).then_some(place);
    let links = Links::default();
    let mut bytes = Vec::new();
    if dice.below(4) == 0 {
        let row = painter.take_cursor_row(buffer, &links, place);
        bytes.extend(painter.paint_only(row).bytes);
    }
    painter.take(buffer, &links, place);
    let limit = [usize::MAX, usize::MAX, 10, 60][dice.below(4)];
    for _ in 0..=buffer.area.height {
        let piece = painter.paint(limit);
        bytes.extend(piece.bytes);
        if piece.is_whole {
            return bytes;
        }
    }
    panic!("a frame without end");
}

#[test]
fn rows_are_right_whatever_the_widths_are() {
    for (columns, height) in [(16, 3), (7, 9), (40, 12), (1, 2)] {
        for (what, width) in WIDTHS {
            let mut dice = Dice(1);
            let mut painter = Painter::new(columns, height);
            let mut fake = Fake::new(columns.into(), height.into(), width);
            let mut app = App::new(columns, height, &TEXTS);
            for number in 0..150 {
                app.change(&mut dice);
                if dice.below(40) == 0 {
                    painter.forget();
                }
                let buffer = app.buffer();
                fake.take(&paint(&mut painter, &buffer, &mut dice));
                let what = format!("{what}, {columns}x{height}, frame {number}, {:?}", app.rows);
                compare(&buffer, &fake, &what);
            }
        }
    }
}

/// All that has a sure width must be in its place, but what is beside a doubtful cluster at the edge.
#[track_caller]
fn compare(expected: &Buffer, fake: &Fake, what: &str) {
    let area: Rect = expected.area;
    let mut grid = Grid::filled(area.width, area.height, Square::BLANK);
    let mut palette = Palette::default();
    for y in 0..usize::from(area.height) {
        palette.read(expected, &Links::default(), y, grid.row_mut(y));
        let row = grid.row(y);
        for (x, square) in row
            .iter()
            .enumerate()
            .filter(|(_, square)| !square.is_tail())
        {
            let mut character = [0; 4];
            let text = palette.text(*square, &mut character);
            let beside_doubt = square.is_space() && {
                let mut before = row[..x].iter().rev().filter(|square| !square.is_space());
                before
                    .any(|square| square.is_tail() || !is_sure(palette.text(*square, &mut [0; 4])))
            };
            if is_sure(text) && !beside_doubt {
                let shown = fake.cells[y * fake.columns + x].as_deref();
                assert_eq!(shown, Some(text), "({x},{y}) {what}");
            }
        }
    }
}

/// Sizes of screens, with many that have hardly any room.
const SIZES: [(u16, u16); 8] = [
    (30, 6),
    (60, 20),
    (80, 24),
    (140, 40),
    (9, 4),
    (2, 2),
    (1, 3),
    (1, 1),
];

#[test]
fn frames_one_after_the_other_end_as_one_painted_from_nothing() {
    for (columns, height) in SIZES {
        end_as_from_nothing(u64::from(columns), columns, height, 40);
    }
}

/// The same for as long as `CHAT_FUZZ_SECONDS` says, 1 by default, with other frames each time.
/// `CHAT_FUZZ_SEED` runs the same once more.
#[test]
fn random_frames_end_as_one_painted_from_nothing() {
    let number = |name| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse().expect("a number"))
    };
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let seed = number("CHAT_FUZZ_SEED").unwrap_or(since.as_millis() as u64);
    let seconds = number("CHAT_FUZZ_SECONDS").unwrap_or(1);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    let mut dice = Dice(seed);
    while std::time::Instant::now() < end {
        let (columns, height) = match dice.below(3) {
            0 => SIZES[dice.below(SIZES.len())],
            _ => (1 + dice.below(50) as u16, 1 + dice.below(14) as u16),
        };
        end_as_from_nothing(dice.0, columns, height, 10);
    }
}

#[track_caller]
fn end_as_from_nothing(seed: u64, columns: u16, height: u16, frames: usize) {
    let mut dice = Dice(seed);
    let mut painter = Painter::new(columns, height);
    let mut terminal = vt100(columns, height);
    let mut app = App::new(columns, height, &SURE);
    for number in 0..frames {
        let what = format!("frame {number} of {columns}x{height}, seed {seed}");
        app.change(&mut dice);
        if dice.below(30) == 0 {
            painter.forget();
        }
        if dice.below(30) == 0 {
            // The size changed and changed back; the terminal shows whatever.
            painter.resize(columns, height);
            terminal.process(b"\x1b[2;3Hrubbish \x1b[44m\x1b[1;1Hand more\x1b[K\x1b[m");
            painter.look = None;
        }
        let buffer = app.buffer();
        terminal.process(&paint(&mut painter, &buffer, &mut dice));
        let mut fresh = vt100(columns, height);
        let mut from_nothing = Painter::new(columns, height);
        from_nothing.take(&buffer, &Links::default(), painter.place);
        fresh.process(&from_nothing.paint(usize::MAX).bytes);
        assert_eq!(seen(&terminal), seen(&fresh), "{what}");
        if let Some(place) = painter.place {
            let cursor = terminal.screen().cursor_position();
            assert_eq!(cursor, (place.y, place.x), "{what}");
        }
        assert_eq!(terminal.screen().hide_cursor(), painter.place.is_none());
    }
}

/// What is written for `after` where the terminal shows `before`.
fn between(before: &[&str], after: &[&str]) -> String {
    let buffer = |rows: &[&str]| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, rows.len() as u16));
        for (row, y) in rows.iter().zip(0..) {
            buffer.set_string(0, y, row, Style::new());
        }
        buffer
    };
    let mut painter = Painter::new(20, before.len() as u16);
    let mut said = String::new();
    for rows in [before, after] {
        painter.take(&buffer(rows), &Links::default(), None);
        painter.cursor = None;
        said = String::from_utf8(painter.paint(usize::MAX).bytes).unwrap();
    }
    said
}

#[test]
fn the_shortest_way_is_taken() {
    for (before, after, expected) in [
        ("the same", "the same", ""),
        ("one word", "two word", "\x1b[Htwo"),
        ("a rather long row", "short", "\x1b[Hshort\x1b[K"),
        ("abcde", "abc", "\x1b[1;4H  "),
        ("a         b", "c         d", "\x1b[Hc\x1b[9Cd"),
        ("a12b", "c12d", "\x1b[Hc12d"),
        (
            "words that are     here",
            "x                 y",
            "\x1b[Hx\x1b[K\x1b[17Cy",
        ),
        ("a❤", "a", "\x1b[1;2H "),
    ] {
        assert_eq!(
            between(&[before], &[after]),
            expected,
            "{before:?} {after:?}"
        );
    }
    let before = [
        "tabs",
        "first message",
        "second message",
        "third message",
        "input",
    ];
    let after = ["tabs", "second message", "third message", "fourth", "input"];
    assert_eq!(
        between(&before, &after),
        "\x1b[2;4r\x1b[4H\n\x1b[r\x1b[4Hfourth",
    );
    assert_eq!(
        between(&after, &before),
        "\x1b[2;4r\x1b[2H\x1bM\x1b[r\x1b[2Hfirst message",
    );
}

#[test]
fn an_emoji_has_the_blank_beside_it_as_room() {
    let two: Width = |cluster| if is_sure(cluster) { cluster.width() } else { 2 };
    let mut fake = Fake::new(10, 1, two);
    let mut painter = Painter::new(10, 1);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
    buffer.set_string(0, 0, "a ❤ b", Style::new());
    painter.take(&buffer, &Links::default(), None);
    fake.take(&painter.paint(usize::MAX).bytes);
    let shown: Vec<_> = fake
        .cells
        .iter()
        .map(|cell| cell.as_deref().unwrap_or(""))
        .collect();
    assert_eq!(shown.concat(), "a ❤b     ");
    assert_eq!(fake.cells[4].as_deref(), Some("b"));
}

#[test]
fn a_link_over_two_rows_is_one_and_ends_with_the_frame() {
    let mut links = Links::default();
    let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
    let style = links.mark(Style::new(), "https://example.org/long");
    buffer.set_string(0, 0, "see ", Style::new());
    buffer.set_string(4, 0, "https://", style);
    buffer.set_string(0, 1, "example.org", style);
    let mut painter = Painter::new(12, 2);
    painter.take(&buffer, &links, None);
    let bytes = String::from_utf8(painter.paint(usize::MAX).bytes).unwrap();
    let start = "\x1b]8;id=1;https://example.org/long\x1b\\";
    assert_eq!(
        bytes,
        format!("\x1b[H\x1b[msee {start}https://\x1b[2Hexample.org\x1b]8;;\x1b\\\x1b[?25l"),
    );
    // The same in the next frame, under another number there.
    let mut links = Links::default();
    links.mark(Style::new(), "https://example.org/other");
    let style = links.mark(Style::new(), "https://example.org/long");
    buffer.set_string(4, 0, "https://", style);
    buffer.set_string(0, 1, "example.org", style);
    painter.take(&buffer, &links, None);
    assert_eq!(painter.paint(usize::MAX).bytes, b"");
}

/// Of clusters without end only so many are remembered.
#[test]
fn more_clusters_than_are_remembered_are_painted_all_the_same() {
    let (columns, height) = (80, 60);
    let mut painter = Painter::new(columns, height);
    let mut terminal = vt100(columns, height);
    let mut number = 0;
    let mut cluster = || {
        number += 1;
        format!("{}\u{301}", char::from_u32(0x4e00 + number).unwrap())
    };
    let mut first = Vec::from_iter((0..40).map(|_| cluster()));
    for frame in 0..10 {
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, height));
        if frame == 4 {
            // In the frame in which the numbers begin anew.
            assert!(painter.palette.is_full());
            first = Vec::from_iter((0..40).map(|_| cluster()));
        }
        for y in 0..height {
            for x in 0..columns / 2 {
                let text = match y {
                    0 => first[usize::from(x)].clone(),
                    _ => cluster(),
                };
                buffer.set_string(2 * x, y, text, Style::new());
            }
        }
        painter.take(&buffer, &Links::default(), None);
        terminal.process(&painter.paint(usize::MAX).bytes);
        let shown = terminal.screen().rows(0, columns).next().unwrap();
        assert_eq!(shown, first.concat(), "frame {frame}");
    }
}

#[test]
fn what_would_steer_the_terminal_is_not_written() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
    for (x, symbol) in ["\x1b", "\x07", "\u{9b}", "a\x1b[2J", ""]
        .iter()
        .enumerate()
    {
        buffer[(x as u16, 0)].set_symbol(symbol);
    }
    let mut painter = Painter::new(8, 1);
    painter.take(&buffer, &Links::default(), None);
    let mut fake = Fake::new(8, 1, |cluster| cluster.width());
    // Panics on what it does not know.
    fake.take(&painter.paint(usize::MAX).bytes);
    let shown: String = fake.cells.into_iter().flatten().collect();
    assert_eq!(shown, "\u{fffd}\u{fffd}\u{fffd}\u{fffd}    ");
}
