//! The room view: the rows of the timeline that are in view, the newest at the bottom; and above
//! them the pinned message.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{below, put};
use crate::app::{App, Look, Row, Tone};
use crate::theme::Theme;
use crate::wrap::truncate;

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

pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let rows = app
        .room()
        .timeline
        .visible_rows(app.geometry(), usize::from(area.height), |_| {
            Look::default()
        });
    let empty = usize::from(area.height) - rows.len();
    for (shown, line) in rows.iter().zip(empty..) {
        let line = u16::try_from(line).unwrap_or(area.height);
        put(&shown.row, theme, below(area, line), buffer);
    }
}
