//! The form of the first start: server, name and room.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::{below, put};
use crate::app::{Form, Row, Tone};
use crate::theme::Theme;
use crate::wrap::truncate;

/// Columns of the form on wide screens, and of its labels.
const COLUMNS: u16 = 60;
const LABEL: usize = 8;

/// Draws the form, at whatever size the screen has.
pub(crate) fn draw(form: &Form, theme: &Theme, frame: &mut Frame<'_>) {
    let screen = frame.area();
    let columns = screen.width.min(COLUMNS);
    let is_tall = screen.height >= 12;
    let top = if is_tall { screen.height / 4 } else { 0 };
    let area = Rect {
        x: screen.x + (screen.width - columns) / 2,
        width: columns,
        ..below(screen, top)
    };
    let label = if columns < 30 { 0 } else { LABEL };
    let left = usize::from(columns).saturating_sub(label + 1);
    let mut rows: Vec<Row> = Vec::new();
    let mut cursor = None;
    if is_tall {
        rows.push(Row::default().with(Tone::Strong, "Welcome to the chat"));
        rows.push(Row::default().with(
            Tone::Faint,
            truncate("Where, as whom, and in which room?", left),
        ));
        rows.push(Row::default());
    }
    for (name, text, at, problem) in form.rows(left) {
        if let Some(column) = at {
            cursor = Some((label + column, rows.len()));
        }
        let shown = if label == 0 { "" } else { name };
        rows.push(
            Row::default()
                .with(Tone::Strong, format!("{shown:<label$}"))
                .with(Tone::Text, text),
        );
        if let Some(words) = problem {
            let words = format!("{:label$}{words}", "");
            rows.push(Row::default().with(Tone::Alert, truncate(&words, usize::from(columns))));
        }
    }
    rows.push(Row::default());
    let keys = "Tab next  Enter done  Esc quit";
    rows.push(Row::default().with(Tone::Faint, truncate(keys, usize::from(columns))));
    let buffer = frame.buffer_mut();
    for (row, line) in rows.iter().zip(0..area.height) {
        put(row, theme, below(area, line), buffer);
    }
    let place = cursor.and_then(|(column, line)| {
        Some(Position {
            x: area.x.checked_add(u16::try_from(column).ok()?)?,
            y: area.y.checked_add(u16::try_from(line).ok()?)?,
        })
    });
    if let Some(place) = place.filter(|place| screen.contains(*place)) {
        frame.set_cursor_position(place);
    }
}
