//! Finds the rows that only moved, so that the terminal can move them itself. Pure: looks at what is
//! shown and what is to be shown, and weighs what moving would cost, what stands beside the rows that
//! moved and has to be written again included.

use super::cost::{From, cost};
use super::grid::{Grid, Square};

/// Columns that are compared at once. What stands at the sides of the rows that move is in columns of its
/// own.
const SEGMENT: usize = 8;
/// Ways of moving that are looked at closely.
const CANDIDATES: usize = 2;
/// Rows that differ at least before it is worth a look.
const DIFFERENT: usize = 2;
/// Screens of more rows are not looked at: nobody has one.
const ROWS: usize = 200;
/// Bytes that setting the margins, going there and resetting them take.
const MARGINS: u32 = 19;
/// Bytes that have to be saved.
const WORTH: u32 = 8;

/// Rows `top..bottom` move up by `by` rows, or down where it is negative; what becomes free is blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) top: usize,
    pub(super) bottom: usize,
    pub(super) by: isize,
}

/// The way of moving rows that saves most; `None` where none saves anything.
pub(super) fn find(shown: &Grid, wanted: &Grid) -> Option<Shift> {
    let height = wanted.height();
    if height > ROWS {
        return None;
    }
    let differing = (0..height).filter(|y| shown.row(*y) != wanted.row(*y));
    if differing.take(DIFFERENT).count() < DIFFERENT {
        return None;
    }
    let best = candidates(shown, wanted)
        .into_iter()
        .filter_map(|by| best_band(shown, wanted, by))
        .max_by_key(|(saved, _)| *saved)?;
    (best.0 >= WORTH).then_some(best.1)
}

/// The distances by which most of what is on the screen moved.
fn candidates(shown: &Grid, wanted: &Grid) -> Vec<isize> {
    let (before, after) = (segments(shown), segments(wanted));
    let height = wanted.height();
    let mut votes = vec![0u32; 2 * height];
    for (y, row) in after.iter().enumerate() {
        for (from, old) in before.iter().enumerate() {
            let same = row
                .iter()
                .zip(old)
                .filter(|(new, old)| new == old && **new != 0);
            votes[from + height - y] += u32::try_from(same.count()).unwrap_or(u32::MAX);
        }
    }
    votes[height] = 0;
    let mut found: Vec<_> = (0..2 * height).filter(|at| votes[*at] > 1).collect();
    found.sort_by_key(|at| std::cmp::Reverse(votes[*at]));
    found.truncate(CANDIDATES);
    let signed =
        |at: usize| isize::try_from(at).unwrap_or(0) - isize::try_from(height).unwrap_or(0);
    found.into_iter().map(signed).collect()
}

/// A number for each piece of each row; 0 for blank ones.
fn segments(grid: &Grid) -> Vec<Vec<u64>> {
    let of_row = |y: usize| grid.row(y).chunks(SEGMENT).map(segment).collect();
    (0..grid.height()).map(of_row).collect()
}

fn segment(squares: &[Square]) -> u64 {
    if squares.iter().all(|square| *square == Square::BLANK) {
        return 0;
    }
    // FNV-1a over numbers, and mixed once more, since their low bits are all that differs.
    let mixed = squares
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, square| {
            (hash ^ square.mixed())
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(23)
        });
    mixed.max(1)
}

/// The rows that are best moved by `by`, and the bytes that this saves.
fn best_band(shown: &Grid, wanted: &Grid, by: isize) -> Option<(u32, Shift)> {
    let height = wanted.height();
    let distance = by.unsigned_abs();
    let source = |y: usize| y.checked_add_signed(by).filter(|from| *from < height);
    let (mut kept, mut moved, mut blank) = (vec![0], vec![0], vec![0]);
    for y in 0..height {
        let row = wanted.row(y);
        let add = |sums: &mut Vec<u32>, cost: u32| {
            let before = sums.last().copied().unwrap_or(0);
            sums.push(before.saturating_add(cost));
        };
        add(&mut kept, cost(From::Row(shown.row(y)), row));
        // Rows without a source are never taken as moved below.
        let from = source(y).map_or(0, |from| cost(From::Row(shown.row(from)), row));
        add(&mut moved, from);
        add(&mut blank, cost(From::Blanks, row));
    }
    let sum = |sums: &[u32], range: std::ops::Range<usize>| sums[range.end] - sums[range.start];
    let per_row = if by > 0 { 1 } else { 2 };
    let overhead = MARGINS + per_row * u32::try_from(distance).unwrap_or(u32::MAX / 4);
    let mut best: Option<(u32, Shift)> = None;
    for top in 0..height {
        for bottom in top + distance + 1..=height {
            let (moves, becomes_free) = if by > 0 {
                (top..bottom - distance, bottom - distance..bottom)
            } else {
                (top + distance..bottom, top..top + distance)
            };
            let with = sum(&moved, moves) + sum(&blank, becomes_free) + overhead;
            let saved = sum(&kept, top..bottom).saturating_sub(with);
            if saved > best.map_or(0, |(saved, _)| saved) {
                best = Some((saved, Shift { top, bottom, by }));
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::super::grid::Palette;
    use super::*;
    use crate::links::Links;

    fn grid(palette: &mut Palette, rows: &[String]) -> Grid {
        let (width, height) = (60, u16::try_from(rows.len()).unwrap());
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        for (row, y) in rows.iter().zip(0..) {
            buffer.set_string(0, y, row, Style::new());
        }
        let mut grid = Grid::filled(width, height, Square::BLANK);
        for y in 0..rows.len() {
            palette.read(&buffer, &Links::default(), y, grid.row_mut(y));
        }
        grid
    }

    /// A screen with the messages from `first` on between two lines that stay.
    fn screen(first: usize, side: bool) -> Vec<String> {
        let message = |number: usize| {
            let side = if side {
                ["one", "two", "three"].get(number - first)
            } else {
                None
            };
            let side = side.map_or("", |side| *side);
            let words = format!("{:032b}", number * 0x9e37_79b9);
            format!("{side:<8}|14:01  user{number}  {words}")
        };
        let messages = (first..first + 12).map(message);
        let mut rows = vec!["tabs".to_owned()];
        rows.extend(messages);
        rows.extend(["status".to_owned(), "alice> ".to_owned()]);
        rows
    }

    #[test]
    fn what_moved_is_found_and_what_did_not_is_left() {
        for (from, to, side, expected) in [
            (100, 101, false, Some((1, 13, 1))),
            (100, 105, false, Some((1, 13, 5))),
            (105, 100, false, Some((1, 13, -5))),
            // What stands at the side is written again.
            (100, 101, true, Some((1, 13, 1))),
            (100, 100, true, None),
            (100, 112, false, None),
        ] {
            let mut palette = Palette::default();
            let shown = grid(&mut palette, &screen(from, side));
            let wanted = grid(&mut palette, &screen(to, side));
            let expected = expected.map(|(top, bottom, by)| Shift { top, bottom, by });
            assert_eq!(find(&shown, &wanted), expected, "{from} {to} {side}");
        }
    }
}
