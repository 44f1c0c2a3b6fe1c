//! The palette: what is typed, and below it what fits, with what it is in a word at the right.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{below, put};
use crate::app::{Choice, Palette, Row, Tone};
use crate::theme::Theme;
use crate::wrap::{truncate, width};

/// In front of what is typed.
const LABEL: &str = " Go to: ";
/// Columns from which more is said than names.
const WIDE: usize = 40;

/// Draws the palette; where the cursor is, always within `area`.
pub(super) fn draw(
    palette: &Palette,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let columns = usize::from(area.width);
    let label = if columns < WIDE / 2 { "" } else { LABEL };
    let (query, cursor) = palette.query.window(columns.saturating_sub(width(label)));
    let row = Row::default()
        .with(Tone::Strong, label)
        .with(Tone::Text, query);
    put(&row, theme, area, buffer);
    let list = below(area, 1);
    let height = usize::from(list.height);
    let picked = palette.picked_place();
    // As far down as the picked one needs.
    let first = (picked + 1).saturating_sub(height);
    if palette.fitting().len() == 0 {
        let words = Row::default().with(Tone::Faint, truncate("   nothing fits", columns));
        put(&words, theme, list, buffer);
    }
    let shown = palette.fitting().enumerate().skip(first).take(height);
    for ((place, choice), line) in shown.zip(0..) {
        let row = choice_row(choice, place == picked, columns);
        put(&row, theme, below(list, line), buffer);
    }
    let column = u16::try_from(width(label) + cursor).unwrap_or(u16::MAX);
    Some(Position {
        x: area.x + column.min(area.width - 1),
        y: area.y,
    })
}

fn choice_row(choice: &Choice, is_picked: bool, columns: usize) -> Row {
    let sign = if is_picked { ">> " } else { "   " };
    let kind = choice.goal.kind();
    let for_kind = if columns < WIDE { 0 } else { width(kind) + 2 };
    let left = columns.saturating_sub(width(sign) + for_kind);
    let name = truncate(&choice.name, left).into_owned();
    let left = left.saturating_sub(width(&name) + 2);
    let about = match columns < WIDE || choice.about.is_empty() {
        true => String::new(),
        false => format!("  {}", truncate(&choice.about, left)),
    };
    let mut row = Row::default()
        .with(Tone::Strong, sign)
        .with(Tone::Text, name)
        .with(Tone::Faint, about);
    if for_kind > 0 {
        row = row.with_right(Tone::Faint, format!("{kind} "));
    }
    if is_picked {
        row.base = Some(Tone::Selected);
    }
    row
}
