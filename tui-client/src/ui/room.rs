//! The room view: the rows of the timeline that are in view, the newest at the bottom; and above
//! them the pinned message.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{below, put};
use crate::app::{App, Row, Tone};
use crate::links::Links;
use crate::theme::Theme;
use crate::wrap::{truncate, width};

/// ` pinned: bob: gg`
pub(super) fn draw_pinned(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let Some((_, quote)) = &app.room().modes.pinned else {
        return;
    };
    let words = quote.as_deref().unwrap_or("an earlier message");
    let words = format!(" pinned: {words}");
    let row = Row::default().with(Tone::Strong, truncate(&words, usize::from(area.width)));
    put(&row, theme, area, buffer);
}

/// Draws the messages; where the one that is picked begins.
pub(super) fn draw(
    app: &App,
    theme: &Theme,
    links: &mut Links,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let height = usize::from(area.height);
    let rows = app
        .room()
        .shown()
        .visible_rows(app.geometry(), height, |id| app.look(id));
    let empty = height - rows.len();
    let mut picked = None;
    for (shown, line) in rows.iter().zip(empty..) {
        let line = u16::try_from(line).unwrap_or(area.height);
        put(&shown.row, theme, below(area, line), buffer);
        mark_links(&shown.row, links, below(area, line), buffer);
        let is_first = shown
            .of
            .is_some_and(|(id, row)| row == 0 && app.look(id).selected);
        if is_first {
            picked = Some(Position {
                x: area.x,
                y: area.y + line,
            });
        }
    }
    picked
}

/// Says of the cells of a row where they lead.
fn mark_links(row: &Row, links: &mut Links, area: Rect, buffer: &mut Buffer) {
    let mut start = 0;
    for piece in &row.pieces {
        let end = start + width(&piece.text);
        if let Some(link) = &piece.link {
            let style = links.mark(Style::new(), &link.address);
            for column in start..end.min(usize::from(area.width)) {
                let x = area.x + u16::try_from(column).unwrap_or(area.width);
                if let Some(cell) = buffer.cell_mut((x, area.y)) {
                    cell.set_style(style);
                }
            }
        }
        start = end;
    }
}

/// The newest messages, while the view above is held.
pub(super) fn draw_live(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let height = usize::from(area.height);
    let rows = app.room().timeline.newest_rows(app.geometry(), height);
    let empty = height - rows.len();
    for (row, line) in rows.iter().zip(empty..) {
        let line = u16::try_from(line).unwrap_or(area.height);
        put(row, theme, below(area, line), buffer);
    }
}
