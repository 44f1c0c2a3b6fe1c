//! The input box: the user's name, the text with the cursor in it, the count of characters; or the
//! question about what was pasted.

use chat_protocol::DraftContent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{below, put, put_right};
use crate::app::{App, Paste, Row, Tone};
use crate::command::{Typed, parse};
use crate::layout::{input_columns, is_small};
use crate::theme::Theme;
use crate::wrap::{truncate, width};

/// Draws the question about pasted text in place of the box.
pub(super) fn draw_question(paste: &Paste, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let question = format!("paste {} lines? ", paste.lines);
    let left = usize::from(area.width).saturating_sub(width(&question));
    let row = Row::default()
        .with(Tone::Waiting, question)
        .with(Tone::Text, truncate(&paste.first, left));
    put(&row, theme, area, buffer);
}

/// Draws the box; where the cursor is.
pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let prompt = app.input_prompt();
    let (screen_width, screen_height) = (buffer.area.width, buffer.area.height);
    let columns = input_columns(screen_width, screen_height, width(&prompt));
    let (rows, (cursor_row, cursor_column)) = app.room().composer.rows(columns);
    // A box of fewer rows than the text shows those around the cursor.
    let first = (cursor_row + 1).saturating_sub(usize::from(area.height));
    for (number, text) in rows
        .iter()
        .enumerate()
        .skip(first)
        .take(usize::from(area.height))
    {
        let start = match number {
            0 => Row::default().with(Tone::Strong, prompt.as_str()),
            _ => Row::default().with(Tone::Text, " ".repeat(width(&prompt))),
        };
        let line = u16::try_from(number - first).unwrap_or(u16::MAX);
        put(
            &start.with(Tone::Text, text.as_str()),
            theme,
            below(area, line),
            buffer,
        );
    }
    if !is_small(screen_width, screen_height) {
        put_right(&counter(app), theme, area, 0, buffer);
    }
    let column = width(&prompt) + cursor_column;
    Some(Position {
        x: area.x.checked_add(u16::try_from(column).ok()?)?,
        y: area
            .y
            .checked_add(u16::try_from(cursor_row - first).ok()?)?,
    })
}

/// `11/500`, counted as the server counts.
fn counter(app: &App) -> Row {
    let limit = app.room().content_limit;
    let Ok(Typed::Post(text)) = parse(app.room().composer.text()) else {
        return Row::default().with(Tone::Faint, "command ");
    };
    let count = DraftContent::new(&text).map_or(0, |content| content.as_str().chars().count());
    let tone = match count {
        0 => return Row::default(),
        _ if count > limit => Tone::Alert,
        _ => Tone::Faint,
    };
    let sign = if count > limit { "!" } else { "" };
    Row::default().with(tone, format!("{sign}{count}/{limit} "))
}
