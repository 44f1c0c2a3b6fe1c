//! How one cell is written, and how the cursor gets there. Owns the cursor's way, the look and the link.

use ratatui::style::{Color, Modifier};

use super::super::look::{self, Look};
use super::{Painter, Square, is_sure, position};

/// Cells that one character may cover on any terminal.
const WIDEST: usize = 2;
/// Cells that are written again where that is shorter than going past them.
const AGAIN: usize = 4;

impl Painter {
    /// Writes a cell whose width is sure.
    pub(super) fn paint_sure(&mut self, square: Square, x: usize, y: usize, row: &[Square]) {
        self.go_to(x, y, row);
        self.look_like(square);
        self.put_text(square);
        let end = x + square.columns();
        // Behind the last column the cursor is where the terminal likes.
        self.cursor = (end < row.len()).then(|| position(end, y));
    }

    /// Writes a cluster that may have any width; the cells that are its own, and those that it may have
    /// covered.
    pub(super) fn paint_doubtful(&mut self, x: usize, y: usize, row: &[Square]) -> (usize, usize) {
        let (width, square) = (row.len(), row[x]);
        let mut room = square.columns().min(width - x);
        // A blank beside it is room for those terminals that need two cells.
        if room == 1
            && row
                .get(x + 1)
                .is_some_and(|beside| self.is_blank_like(*beside, square))
        {
            room = 2;
        }
        self.go_to(x, y, row);
        self.look_like(square);
        self.bytes.extend(std::iter::repeat_n(b' ', room));
        self.cursor = None;
        self.go_to(x, y, row);
        let characters = self.put_text(square);
        self.cursor = None;
        // At the right edge what does not fit may have gone to the left.
        if x + room == width && x > 0 {
            let start = (0..x).rev().find(|x| !row[*x].is_tail()).unwrap_or(0);
            let before = row[start];
            if is_sure(self.palette.text(before, &mut [0; 4])) {
                self.paint_sure(before, start, y, row);
                self.cursor = None;
            }
        }
        (room, WIDEST * characters + 1)
    }

    /// Writes what stands in a cell; its characters.
    fn put_text(&mut self, square: Square) -> usize {
        let mut character = [0; 4];
        let text = self.palette.text(square, &mut character);
        self.bytes.extend_from_slice(text.as_bytes());
        text.chars().count()
    }

    /// True for a blank that may take the look of `square` without anybody seeing it.
    fn is_blank_like(&self, blank: Square, square: Square) -> bool {
        let seen = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
        let look = self.palette.look(square);
        let is_plain = look.background == Color::Reset && !look.modifier.intersects(seen);
        blank.is_space() && (blank.is_like(square) || is_plain && blank == Square::BLANK)
    }

    /// The shortest way there. `row` is what the row there is to show; what stands before `x` is written
    /// already.
    pub(super) fn go_to(&mut self, x: usize, y: usize, row: &[Square]) {
        let place = position(x, y);
        let here = self.cursor.filter(|cursor| cursor.y == place.y);
        match here.map(|cursor| usize::from(cursor.x)) {
            Some(from) if from == x => {}
            Some(from) if from < x && self.can_write_again(row.get(from..x)) => {
                for square in &row[from..x] {
                    self.bytes.extend(square.ascii());
                }
            }
            Some(from) if x == from + 1 => self.put(b"\x1b[C"),
            Some(from) if x > from => self.write(format_args!("\x1b[{}C", x - from)),
            Some(_) if x == 0 => self.put(b"\r"),
            Some(from) if from - x < 3 => {
                self.bytes.extend(std::iter::repeat_n(b'\x08', from - x));
            }
            Some(from) => self.write(format_args!("\x1b[{}D", from - x)),
            None => self.jump(x, y),
        }
        self.cursor = Some(place);
    }

    fn jump(&mut self, x: usize, y: usize) {
        match (x, y) {
            (0, 0) => self.put(b"\x1b[H"),
            (0, _) => self.write(format_args!("\x1b[{}H", y + 1)),
            _ => self.write(format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
    }

    /// True for a few cells that are written as they are without a change of look.
    fn can_write_again(&self, squares: Option<&[Square]>) -> bool {
        let as_it_is = |square: &Square| {
            square.ascii().is_some()
                && (self.is_unseen(*square)
                    || self.look == Some(self.palette.look(*square))
                        && !square.has_link()
                        && self.link == 0)
        };
        squares.is_some_and(|squares| squares.len() < AGAIN && squares.iter().all(as_it_is))
    }

    /// True for a blank that looks as it should with the look that is set.
    fn is_unseen(&self, square: Square) -> bool {
        square == Square::BLANK && self.link == 0 && self.look.is_some_and(Look::is_unseen_on_blank)
    }

    fn look_like(&mut self, square: Square) {
        if self.is_unseen(square) {
            return;
        }
        self.link_to(square);
        self.set_look(self.palette.look(square));
    }

    fn set_look(&mut self, look: Look) {
        look::change(self.look, look, &mut self.bytes);
        self.look = Some(look);
    }

    /// Sees to it that what is blanked has neither background nor link.
    pub(super) fn be_plain(&mut self) {
        self.link_to(Square::BLANK);
        if !self.look.is_some_and(Look::is_unseen_on_blank) {
            self.set_look(Look::default());
        }
    }

    /// Has what is written next lead to where `square` does. The number tells the terminal what belongs
    /// together over rows.
    pub(super) fn link_to(&mut self, square: Square) {
        let number = self.palette.link(square).map_or(0, |(number, _)| number);
        if number == self.link {
            return;
        }
        self.link = number;
        match self.palette.link(square) {
            None => self.bytes.extend_from_slice(b"\x1b]8;;\x1b\\"),
            Some((number, target)) => {
                let start = format!("\x1b]8;id={number};{target}\x1b\\");
                self.bytes.extend_from_slice(start.as_bytes());
            }
        }
    }
}
