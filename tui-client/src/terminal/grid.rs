//! The cells of a screen in a shape that is quick to compare: what stands in them, how they look and
//! where they lead are numbers. Owns those numbers; must not know how anything is written.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use ratatui::buffer::{Buffer, Cell, CellWidth};

use super::look::Look;
use crate::links::Links;

/// Entries of each table at most. Past them all are forgotten, and the next frame writes everything.
const ENTRIES: usize = 8_192;
/// Numbers from here on are places of clusters; below are characters.
const CLUSTERS: u32 = 0x11_0000;

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Square {
    glyph: u32,
    look: u16,
    /// 0: leads nowhere.
    link: u16,
    /// Columns; 0 for what a wide cluster before it covers.
    width: u16,
}

impl Square {
    /// A blank without any look.
    pub(super) const BLANK: Self = Self::blank(' ' as u32, 1);
    /// What a wide cluster covers.
    const TAIL: Self = Self::blank(u32::MAX, 0);
    /// Nobody knows what the terminal shows there.
    pub(super) const UNKNOWN: Self = Self::blank(u32::MAX - 1, 1);

    const fn blank(glyph: u32, width: u16) -> Self {
        Self {
            glyph,
            look: 0,
            link: 0,
            width,
        }
    }

    /// Columns, at least 1.
    pub(super) fn columns(self) -> usize {
        usize::from(self.width.max(1))
    }

    /// True for the cells behind the first of a wide cluster.
    pub(super) fn is_tail(self) -> bool {
        self.width == 0
    }

    pub(super) fn is_space(self) -> bool {
        self.glyph == u32::from(' ')
    }

    /// The character, where it is one of ASCII.
    pub(super) fn ascii(self) -> Option<u8> {
        match u8::try_from(self.glyph) {
            Ok(byte @ 0x20..0x7f) => Some(byte),
            _ => None,
        }
    }

    /// Whether two cells look alike and lead to the same.
    pub(super) fn is_like(self, other: Self) -> bool {
        (self.look, self.link) == (other.look, other.link)
    }

    pub(super) fn has_link(self) -> bool {
        self.link != 0
    }

    /// All of it in one number.
    pub(super) fn mixed(self) -> u64 {
        u64::from(self.glyph) << 32 | u64::from(self.look) << 16 | u64::from(self.link)
    }
}

/// A screen's cells, row by row.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    width: usize,
    squares: Vec<Square>,
}

impl Grid {
    /// A screen full of `square`.
    pub(super) fn filled(width: u16, height: u16, square: Square) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        Self {
            width,
            squares: vec![square; width * height],
        }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.squares.len() / self.width.max(1)
    }

    pub(super) fn row(&self, y: usize) -> &[Square] {
        &self.squares[y * self.width..][..self.width]
    }

    pub(super) fn row_mut(&mut self, y: usize) -> &mut [Square] {
        &mut self.squares[y * self.width..][..self.width]
    }

    /// Moves the rows of `top..bottom` by so many, up where `by` is positive, and blanks those that
    /// become free.
    pub(super) fn shift(&mut self, top: usize, bottom: usize, by: isize) {
        let count = by.unsigned_abs().min(bottom - top) * self.width;
        let rows = &mut self.squares[top * self.width..bottom * self.width];
        let rest = rows.len() - count;
        if by > 0 {
            rows.copy_within(count.., 0);
            rows[rest..].fill(Square::BLANK);
        } else {
            rows.copy_within(..rest, count);
            rows[..count].fill(Square::BLANK);
        }
    }

    pub(super) fn fill(&mut self, square: Square) {
        self.squares.fill(square);
    }
}

/// What the numbers of squares stand for.
#[derive(Debug, Default)]
pub(super) struct Palette {
    clusters: Table<Arc<str>>,
    looks: Table<Look>,
    links: Table<Arc<str>>,
}

impl Palette {
    /// True where something does not fit any more, so that it is time to begin anew.
    pub(super) fn is_full(&self) -> bool {
        let most = ENTRIES;
        self.clusters.values.len() > most
            || self.looks.values.len() > most
            || self.links.values.len() > most
    }

    /// The character or cluster of a square.
    pub(super) fn text<'a>(&'a self, square: Square, character: &'a mut [u8; 4]) -> &'a str {
        match char::from_u32(square.glyph) {
            Some(one) => one.encode_utf8(character),
            None => {
                let place = square.glyph.wrapping_sub(CLUSTERS) as usize;
                self.clusters.values.get(place).map_or(" ", |text| text)
            }
        }
    }

    pub(super) fn look(&self, square: Square) -> Look {
        match square.look {
            0 => Look::default(),
            place => self.looks.values[usize::from(place) - 1],
        }
    }

    /// Where a square leads, and the number of that.
    pub(super) fn link(&self, square: Square) -> Option<(u16, &str)> {
        let place = usize::from(square.link).checked_sub(1)?;
        Some((square.link, &self.links.values[place]))
    }

    /// Reads row `y` of a buffer into `row`.
    pub(super) fn read(&mut self, buffer: &Buffer, links: &Links, y: usize, row: &mut [Square]) {
        let width = usize::from(buffer.area.width);
        let cells = &buffer.content[y * width..][..width.min(row.len())];
        let mut last = (Look::default(), 0);
        let mut covered = 0;
        for x in 0..cells.len() {
            if covered > 0 {
                covered -= 1;
                row[x] = Square::TAIL;
                continue;
            }
            let cell = &cells[x];
            let look = Look::of(cell);
            if look != last.0 {
                last = (look, self.number_of_look(look));
            }
            let (glyph, columns) = self.glyph(cell);
            let columns = columns.min(cells.len() - x);
            covered = columns - 1;
            let mut square = Square {
                glyph,
                look: last.1,
                link: links
                    .target(cell)
                    .map_or(0, |link| self.number_of_link(link)),
                width: u16::try_from(columns).unwrap_or(u16::MAX),
            };
            if square.is_space() && square.link == 0 && look.is_unseen_on_blank() {
                square.look = 0;
            }
            row[x] = square;
        }
    }

    /// What stands in a cell, and its columns. What would steer the terminal never gets there, and if it
    /// did it would go no further.
    fn glyph(&mut self, cell: &Cell) -> (u32, usize) {
        let symbol = cell.symbol();
        if let [byte @ 0x20..0x7f] = symbol.as_bytes() {
            return (u32::from(*byte), 1);
        }
        if symbol.contains(char::is_control) {
            return (u32::from(char::REPLACEMENT_CHARACTER), 1);
        }
        let columns = usize::from(cell.cell_width().max(1));
        let mut characters = symbol.chars();
        match (characters.next(), characters.next()) {
            (None, _) => (u32::from(' '), 1),
            (Some(only), None) => (u32::from(only), columns),
            _ => {
                let place = self.clusters.number(symbol, || Arc::from(symbol));
                (CLUSTERS + place, columns)
            }
        }
    }

    fn number_of_look(&mut self, look: Look) -> u16 {
        if look == Look::default() {
            return 0;
        }
        let place = self.looks.number(&look, || look) + 1;
        u16::try_from(place).unwrap_or(0)
    }

    fn number_of_link(&mut self, target: &str) -> u16 {
        let place = self.links.number(target, || Arc::from(target)) + 1;
        u16::try_from(place).unwrap_or(0)
    }
}

/// Values and their places.
#[derive(Debug)]
struct Table<T> {
    values: Vec<T>,
    places: HashMap<T, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    fn number<Q>(&mut self, value: &Q, make: impl FnOnce() -> T) -> u32
    where
        T: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(place) = self.places.get(value) {
            return *place;
        }
        let place = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        let value = make();
        self.values.push(value.clone());
        self.places.insert(value, place);
        place
    }
}
