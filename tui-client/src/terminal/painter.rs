//! From cells to what is written to the terminal. Owns the bytes, and where the terminal's cursor is.
//!
//! A row must be right whatever width the terminal gives to what is in it. So behind each cluster of
//! a doubtful width (`widths`) the cursor is put where the next cell is, its own cells are blanked
//! before it, and the cells that it may have covered are written again.

use std::convert::Infallible;
use std::io::Write;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::{Cell, CellWidth};
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

use super::widths::is_sure;

/// Cells that one character may cover on any terminal.
const WIDEST: usize = 2;

/// How a cell looks, without what stands in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    foreground: Color,
    background: Color,
    modifier: Modifier,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        Self {
            foreground: cell.fg,
            background: cell.bg,
            modifier: cell.modifier,
        }
    }
}

/// The backend that ratatui draws on.
#[derive(Debug)]
pub(super) struct Painter {
    bytes: Vec<u8>,
    size: Size,
    /// What the terminal shows, row by row.
    cells: Vec<Cell>,
    /// Where the terminal's cursor is; `None` where that depends on the terminal.
    cursor: Option<Position>,
    look: Look,
}

impl Painter {
    /// For a terminal of this size.
    pub(super) fn new(width: u16, height: u16) -> Self {
        let mut painter = Self {
            bytes: Vec::new(),
            size: Size::new(width, height),
            cells: Vec::new(),
            cursor: None,
            look: Look::default(),
        };
        painter.blank();
        painter
    }

    /// The terminal has this size now, and what it shows is anything; false where it had it before.
    pub(super) fn resize(&mut self, width: u16, height: u16) -> bool {
        let before = std::mem::replace(&mut self.size, Size::new(width, height));
        if before != self.size {
            self.blank();
        }
        before != self.size
    }

    /// The bytes since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Nothing is known of the terminal any more.
    pub(super) fn forget(&mut self) {
        self.bytes.clear();
        self.look = Look::default();
        self.cursor = None;
    }

    fn blank(&mut self) {
        let cells = usize::from(self.size.width) * usize::from(self.size.height);
        self.cells.clear();
        self.cells.resize(cells, Cell::EMPTY);
        self.cursor = None;
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Memory takes whatever is written to it.
        self.bytes.write_fmt(text).ok();
    }

    fn index(&self, x: usize, y: u16) -> usize {
        usize::from(y) * usize::from(self.size.width) + x
    }

    /// Writes the cells of a row that changed, in ascending order, and those that they may cover.
    fn paint_row(&mut self, y: u16, changed: &[usize]) {
        let width = usize::from(self.size.width);
        let mut changed = changed.iter().copied().peekable();
        let (mut x, mut covered) = (0, 0);
        loop {
            while changed.next_if(|next| *next < x).is_some() {}
            if x >= covered {
                match changed.peek() {
                    Some(next) => x = *next,
                    None => return,
                }
            }
            if x >= width {
                return;
            }
            let index = self.index(x, y);
            let cell = self.cells[index].clone();
            if is_sure(cell.symbol()) {
                self.paint(&cell, x, y);
                x += usize::from(cell.cell_width().max(1));
            } else {
                let room = self.paint_doubtful(&cell, x, y);
                covered = covered.max(x + WIDEST * cell.symbol().chars().count() + 1);
                x += room;
            }
        }
    }

    fn paint(&mut self, cell: &Cell, x: usize, y: u16) {
        self.go_to(x, y);
        self.look_like(Look::of(cell));
        self.bytes.extend_from_slice(cell.symbol().as_bytes());
        let end = x + usize::from(cell.cell_width().max(1));
        // Behind the last column the cursor is where the terminal likes.
        self.cursor = (end < usize::from(self.size.width)).then(|| position(end, y));
    }

    /// Writes a cluster that may have any width; the cells that are its own.
    fn paint_doubtful(&mut self, cell: &Cell, x: usize, y: u16) -> usize {
        let width = usize::from(self.size.width);
        let index = self.index(x, y);
        let mut room = usize::from(cell.cell_width().max(1)).min(width - x);
        // A blank beside it is room for those terminals that need two cells.
        let beside = (x + 1 < width).then(|| &self.cells[index + 1]);
        if room == 1 && beside.is_some_and(|beside| is_blank_like(beside, cell)) {
            room = 2;
        }
        self.go_to(x, y);
        self.look_like(Look::of(cell));
        self.bytes.extend(std::iter::repeat_n(b' ', room));
        self.cursor = None;
        self.go_to(x, y);
        self.bytes.extend_from_slice(cell.symbol().as_bytes());
        self.cursor = None;
        // At the right edge what does not fit may have gone to the left.
        if x + room == width && x > 0 {
            let start = if self.is_tail(x - 1, y) { x - 2 } else { x - 1 };
            let before = self.cells[self.index(start, y)].clone();
            if is_sure(before.symbol()) {
                self.paint(&before, start, y);
                self.cursor = None;
            }
        }
        room
    }

    /// True for the second cell of a wide cluster.
    fn is_tail(&self, x: usize, y: u16) -> bool {
        let before = x.checked_sub(1).map(|x| &self.cells[self.index(x, y)]);
        before.is_some_and(|before| before.cell_width() > 1)
    }

    fn go_to(&mut self, x: usize, y: u16) {
        let place = position(x, y);
        if self.cursor != Some(place) {
            self.put(format_args!("\x1b[{};{}H", y + 1, x + 1));
            self.cursor = Some(place);
        }
    }

    fn look_like(&mut self, look: Look) {
        if self.look == look {
            return;
        }
        self.look = look;
        self.put(format_args!("\x1b[0"));
        for (modifier, number) in MODIFIERS {
            if look.modifier.contains(modifier) {
                self.put(format_args!(";{number}"));
            }
        }
        self.colour(look.foreground, 30);
        self.colour(look.background, 40);
        self.put(format_args!("m"));
    }

    /// The sixteen colours as such, so that they are those that the user chose.
    fn colour(&mut self, colour: Color, base: u8) {
        let named = match colour {
            Color::Reset => return,
            Color::Indexed(index) => return self.put(format_args!(";{};5;{index}", base + 8)),
            Color::Rgb(r, g, b) => return self.put(format_args!(";{};2;{r};{g};{b}", base + 8)),
            named => NAMED.iter().zip(0u8..).find(|(one, _)| **one == named),
        };
        if let Some((_, place)) = named {
            let number = base + place % 8 + 60 * (place / 8);
            self.put(format_args!(";{number}"));
        }
    }
}

/// SGR parameters (ECMA-48, 8.3.117).
const MODIFIERS: [(Modifier, u8); 9] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::RAPID_BLINK, 6),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

/// The sixteen colours in their order.
const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

fn position(x: usize, y: u16) -> Position {
    Position {
        x: u16::try_from(x).unwrap_or(u16::MAX),
        y,
    }
}

/// True for a blank that may take `cell`'s look without anybody seeing it.
fn is_blank_like(blank: &Cell, cell: &Cell) -> bool {
    let seen = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
    let plain = |cell: &Cell| cell.bg == Color::Reset && !cell.modifier.intersects(seen);
    blank.symbol() == " " && (Look::of(blank) == Look::of(cell) || plain(blank) && plain(cell))
}

impl Backend for Painter {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let (mut row, mut changed) = (0, Vec::new());
        for (x, y, cell) in content {
            if x >= self.size.width || y >= self.size.height {
                continue;
            }
            if y != row {
                self.paint_row(row, &changed);
                changed.clear();
                row = y;
            }
            let index = self.index(x.into(), y);
            self.cells[index].clone_from(cell);
            // What a wide cluster covers is not told of.
            let end = (x + cell.cell_width().max(1)).min(self.size.width);
            self.cells[index + 1..index + usize::from(end - x)].fill(Cell::EMPTY);
            changed.push(usize::from(x));
        }
        self.paint_row(row, &changed);
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.put(format_args!("\x1b[?25l"));
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        self.put(format_args!("\x1b[?25h"));
        Ok(())
    }

    /// Where it is as far as is known: nobody asks the terminal, whose answer would come as keys.
    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, place: P) -> Result<(), Infallible> {
        let place = place.into();
        self.go_to(place.x.into(), place.y);
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.look = Look::default();
        self.put(format_args!("\x1b[0m\x1b[2J"));
        self.blank();
        Ok(())
    }

    /// Nothing but the whole is ever cleared.
    fn clear_region(&mut self, _: ClearType) -> Result<(), Infallible> {
        self.clear()
    }

    fn size(&self) -> Result<Size, Infallible> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        Ok(WindowSize {
            columns_rows: self.size,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
