//! The room view: the rows of the timeline that are in view, the newest at the bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{below, put};
use crate::app::App;
use crate::theme::Theme;

pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let rows = app
        .room()
        .timeline
        .visible(app.geometry(), usize::from(area.height));
    let empty = usize::from(area.height) - rows.len();
    for (row, line) in rows.iter().zip(empty..) {
        let line = u16::try_from(line).unwrap_or(area.height);
        put(row, theme, below(area, line), buffer);
    }
}
