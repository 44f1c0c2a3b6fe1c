//! From cells to what is written to the terminal: the fewest bytes that turn what it shows into what it
//! is to show. Owns the bytes, and what is known of the terminal: its cells, cursor and look.
//!
//! Rows that only moved are moved by the terminal (`shift`). The margins are set for that and taken away
//! at once, and rows move by LF and RI at the edges, which every terminal knows; SU and SD, and margins
//! at the sides, are not known to all.
//!
//! A row must be right whatever width the terminal gives to what is in it. So behind each cluster of
//! a doubtful width (`widths`) the cursor is put where the next cell is, its own cells are blanked
//! before it, and the cells that it may have covered are written again. After that the terminal's cells
//! are right, and they stay so when it moves them.

mod strokes;

use std::io::Write;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::cost::{ERASE, From, content_end, cost};
use super::grid::{Grid, Palette, Square};
use super::look::Look;
use super::shift::{self, Shift};
use super::widths::is_sure;
use crate::links::Links;

/// Blanks within a row from which on it is worth to think about erasing its rest.
const BLANKS: usize = 4;
/// Whatever another program left: no margins, no origin, no wrapping, plain characters, an empty screen.
const ANEW: &[u8] = b"\x1b[r\x1b[?6l\x1b[?7l\x1b(B\x0f\x1b[m\x1b[2J";

/// What was painted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// All of the frame is on the screen now.
    pub(super) is_whole: bool,
    /// More than a row changed: to be shown at once where the terminal can do that.
    pub(super) is_large: bool,
}

/// The painter, and all that it knows.
#[derive(Debug)]
pub(super) struct Painter {
    bytes: Vec<u8>,
    /// What the terminal shows.
    shown: Grid,
    /// What it is to show.
    wanted: Grid,
    palette: Palette,
    /// Whether `wanted` has not been compared for rows that moved.
    is_new: bool,
    /// The row to go on with where a frame is painted in pieces.
    next: usize,
    /// Where the cursor is to be; hidden without a place.
    place: Option<Position>,
    /// Where the terminal's cursor is; `None` where that depends on the terminal.
    cursor: Option<Position>,
    is_cursor_shown: Option<bool>,
    /// How what is written next looks; `None` where nobody knows.
    look: Option<Look>,
    /// The link that what is written next belongs to.
    link: u16,
    changed_rows: usize,
    /// What the terminal shows and how it is set is anything: to be put right before the next frame.
    is_anew: bool,
}

impl Painter {
    /// For a terminal of this size that shows nothing.
    pub(super) fn new(width: u16, height: u16) -> Self {
        Self {
            bytes: Vec::new(),
            shown: Grid::filled(width, height, Square::BLANK),
            wanted: Grid::filled(width, height, Square::BLANK),
            palette: Palette::default(),
            is_new: false,
            next: 0,
            place: None,
            cursor: None,
            is_cursor_shown: None,
            look: None,
            link: 0,
            changed_rows: 0,
            is_anew: false,
        }
    }

    /// The terminal has this size now, and what it shows is anything. All is written over what is there:
    /// emptying the screen first would flicker.
    pub(super) fn resize(&mut self, width: u16, height: u16) {
        self.shown = Grid::filled(width, height, Square::UNKNOWN);
        self.wanted = Grid::filled(width, height, Square::BLANK);
        self.cursor = None;
        self.next = 0;
    }

    /// Nothing is known of the terminal any more.
    pub(super) fn forget(&mut self) {
        self.is_anew = true;
    }

    fn begin_anew(&mut self) {
        self.put(ANEW);
        self.shown.fill(Square::BLANK);
        self.look = Some(Look::default());
        self.link = 0;
        self.cursor = None;
        self.is_cursor_shown = None;
        self.changed_rows = usize::MAX;
    }

    /// Takes a frame that is to be shown.
    pub(super) fn take(&mut self, buffer: &Buffer, links: &Links, place: Option<Position>) {
        if self.palette.is_full() {
            self.palette = Palette::default();
            self.shown.fill(Square::UNKNOWN);
        }
        for y in 0..self.wanted.height() {
            self.read(buffer, links, y);
        }
        self.place = place;
        self.is_new = true;
    }

    /// Takes one row of a frame, that of the cursor; gives its number.
    pub(super) fn take_cursor_row(
        &mut self,
        buffer: &Buffer,
        links: &Links,
        place: Option<Position>,
    ) -> Option<usize> {
        self.place = place;
        let y = usize::from(place?.y);
        if y >= self.wanted.height() || self.palette.is_full() {
            return None;
        }
        self.read(buffer, links, y);
        Some(y)
    }

    fn read(&mut self, buffer: &Buffer, links: &Links, y: usize) {
        let Self {
            palette, wanted, ..
        } = self;
        palette.read(buffer, links, y, wanted.row_mut(y));
    }

    /// Paints what was taken, up to a row more than `limit` bytes: first the cursor's row, then those
    /// behind the one that was painted last.
    pub(super) fn paint(&mut self, limit: usize) -> Piece {
        if std::mem::take(&mut self.is_anew) {
            self.begin_anew();
        }
        if std::mem::take(&mut self.is_new)
            && let Some(shift) = shift::find(&self.shown, &self.wanted)
        {
            self.shift(shift);
        }
        let height = self.wanted.height();
        if let Some(place) = self.place {
            self.paint_row(usize::from(place.y));
        }
        let mut is_whole = true;
        for y in (self.next..height).chain(0..self.next.min(height)) {
            if self.bytes.len() >= limit && self.shown.row(y) != self.wanted.row(y) {
                self.next = y;
                is_whole = false;
                break;
            }
            self.paint_row(y);
        }
        if is_whole {
            self.next = 0;
        }
        self.finish(is_whole)
    }

    /// Paints one row alone; nothing where the screen is to be put right first.
    pub(super) fn paint_only(&mut self, row: Option<usize>) -> Piece {
        if self.is_anew {
            return Piece::default();
        }
        if let Some(y) = row {
            self.paint_row(y);
        }
        self.finish(false)
    }

    /// Puts the cursor where it is to be.
    fn finish(&mut self, is_whole: bool) -> Piece {
        self.link_to(Square::BLANK);
        let (width, height) = (self.wanted.width(), self.wanted.height());
        let inside =
            |place: &Position| usize::from(place.x) < width && usize::from(place.y) < height;
        let place = self.place.filter(inside);
        if let Some(place) = place {
            self.go_to(place.x.into(), place.y.into(), &[]);
        }
        if self.is_cursor_shown != Some(place.is_some()) {
            self.is_cursor_shown = Some(place.is_some());
            self.put(match place {
                Some(_) => b"\x1b[?25h",
                None => b"\x1b[?25l",
            });
        }
        Piece {
            bytes: std::mem::take(&mut self.bytes),
            is_whole,
            is_large: std::mem::take(&mut self.changed_rows) > 1,
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Memory takes whatever is written to it.
        self.bytes.write_fmt(text).ok();
    }

    /// Has the terminal move rows. What becomes free gets the background that is set, so none is.
    fn shift(&mut self, Shift { top, bottom, by }: Shift) {
        self.be_plain();
        let is_part = bottom - top < self.wanted.height();
        if is_part {
            self.write(format_args!("\x1b[{};{}r", top + 1, bottom));
        }
        if by > 0 {
            self.write(format_args!("\x1b[{bottom}H"));
        } else {
            self.write(format_args!("\x1b[{}H", top + 1));
        }
        for _ in 0..by.unsigned_abs() {
            self.put(if by > 0 { b"\n" } else { b"\x1bM" });
        }
        if is_part {
            self.put(b"\x1b[r");
        }
        self.cursor = None;
        self.shown.shift(top, bottom, by);
        self.changed_rows = self.changed_rows.saturating_add(bottom - top);
    }

    /// Writes the cells of a row that changed, and those that they may cover.
    fn paint_row(&mut self, y: usize) {
        if y >= self.wanted.height() || self.shown.row(y) == self.wanted.row(y) {
            return;
        }
        self.changed_rows = self.changed_rows.saturating_add(1);
        let wanted = self.wanted.row(y).to_vec();
        let mut shown = self.shown.row(y).to_vec();
        let content_end = content_end(&wanted);
        let (mut x, mut covered, mut is_weighed) = (0, 0, false);
        while x < wanted.len() {
            let square = wanted[x];
            if x >= covered && square == shown[x] {
                x += 1;
                continue;
            }
            if square == Square::BLANK {
                let is_better = if x >= content_end {
                    let last = shown.iter().rposition(|square| *square != Square::BLANK);
                    let end = last.map_or(0, |last| last + 1).max(covered);
                    end > x + ERASE as usize + usize::from(x < covered)
                } else {
                    !std::mem::replace(&mut is_weighed, true)
                        && is_erasing_better(&shown[x..], &wanted[x..])
                };
                if is_better {
                    self.erase(x, y, x < covered, &wanted);
                    shown[x..].fill(Square::BLANK);
                    covered = 0;
                    continue;
                }
            }
            if is_sure(self.palette.text(square, &mut [0; 4])) {
                self.paint_sure(square, x, y, &wanted);
                x += square.columns();
            } else {
                let (room, reach) = self.paint_doubtful(x, y, &wanted);
                covered = covered.max(x + reach);
                x += room;
            }
        }
        self.shown.row_mut(y).copy_from_slice(&wanted);
    }

    /// Erases a row from `x` on. Where something wide may stand there in part, a blank goes over it first.
    fn erase(&mut self, x: usize, y: usize, is_covered: bool, row: &[Square]) {
        self.be_plain();
        self.go_to(x, y, row);
        if is_covered {
            self.put(b" ");
            self.cursor = (x + 1 < row.len()).then(|| position(x + 1, y));
        }
        if self.cursor.is_some() {
            self.put(b"\x1b[K");
        }
    }
}

/// True where erasing the rest of a row and writing what follows is shorter than writing what differs.
fn is_erasing_better(shown: &[Square], wanted: &[Square]) -> bool {
    let blanks = wanted.iter().take_while(|square| **square == Square::BLANK);
    blanks.count() >= BLANKS && ERASE + cost(From::Blanks, wanted) < cost(From::Row(shown), wanted)
}

fn position(x: usize, y: usize) -> Position {
    let number = |number| u16::try_from(number).unwrap_or(u16::MAX);
    Position {
        x: number(x),
        y: number(y),
    }
}

#[cfg(test)]
mod tests;
