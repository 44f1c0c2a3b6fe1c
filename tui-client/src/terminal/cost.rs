//! How many bytes it takes to turn one row into another, nearly. Owns that estimate, by which the painter
//! chooses between ways; must not write anything.

use super::grid::Square;

/// Bytes that put the cursor elsewhere in a row, and into another row.
const STEP: u32 = 5;
const JUMP: u32 = 7;
/// Bytes that change the look, and those that name a link.
const LOOK: u32 = 8;
const LINK: u32 = 60;
/// Bytes that erase the rest of a row.
pub(super) const ERASE: u32 = 3;

/// What a row looks like before.
#[derive(Clone, Copy)]
pub(super) enum From<'a> {
    Row(&'a [Square]),
    /// Nothing but blanks.
    Blanks,
}

impl From<'_> {
    fn at(self, x: usize) -> Square {
        match self {
            Self::Row(row) => row[x],
            Self::Blanks => Square::BLANK,
        }
    }
}

/// Bytes to turn `from` into `to`.
pub(super) fn cost(from: From<'_>, to: &[Square]) -> u32 {
    if let From::Row(row) = from
        && row == to
    {
        return 0;
    }
    let mut cost = 0;
    let mut last: Option<usize> = None;
    let mut look = Square::BLANK;
    let end = content_end(to);
    for (x, square) in to[..end].iter().enumerate() {
        if from.at(x) == *square {
            continue;
        }
        cost += match last {
            None => JUMP,
            Some(last) => STEP.min(u32::try_from(x - last - 1).unwrap_or(STEP)),
        };
        last = Some(x);
        cost += match square.ascii() {
            Some(_) => 1,
            None if square.is_tail() => 0,
            None => 4,
        };
        if *square != Square::BLANK && !square.is_like(look) {
            look = *square;
            cost += if square.has_link() { LINK } else { LOOK };
        }
    }
    let is_rest_blank = (end..to.len()).all(|x| from.at(x) == Square::BLANK);
    if !is_rest_blank {
        cost += ERASE + if last.is_none() { JUMP } else { 0 };
    }
    cost
}

/// Where the blanks begin that a row ends with.
pub(super) fn content_end(row: &[Square]) -> usize {
    let content = row.iter().rposition(|square| *square != Square::BLANK);
    content.map_or(0, |last| last + 1)
}
