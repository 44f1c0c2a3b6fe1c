//! The input box: what is answered, the text with the cursor in it, and what stands beside it; the
//! search through what was sent; or the question about what was pasted.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{below, put, put_right};
use crate::app::{App, Finder, Paste, Recall, Row, Tone};
use crate::theme::Theme;
use crate::wrap::{truncate, width};

/// From here on the search has its name in front of it.
const LABEL_FROM: usize = 20;

/// Draws the question about pasted text in place of the box.
pub(super) fn draw_question(paste: &Paste, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let question = format!("paste {} lines? ", paste.lines);
    let left = usize::from(area.width).saturating_sub(width(&question));
    let row = Row::default()
        .with(Tone::Waiting, question)
        .with(Tone::Text, truncate(&paste.first, left));
    put(&row, theme, area, buffer);
}

/// Draws the box; where the cursor is, always within `area`.
pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    if let Some((recall, found)) = app.recall() {
        return Some(draw_recall(recall, found, theme, area, buffer));
    }
    if let Some(finder) = app.finder() {
        return Some(draw_finder(finder, theme, area, buffer));
    }
    let mut area = area;
    let composer = &app.room().composer;
    if let Some(reply) = composer.reply().filter(|_| area.height > 1) {
        let words = format!("to {}: {}", reply.name, reply.quote);
        let words = truncate(&words, usize::from(area.width));
        put(
            &Row::default().with(Tone::Faint, words),
            theme,
            area,
            buffer,
        );
        area = below(area, 1);
    }
    let prompt = app.input_prompt();
    let (rows, (cursor_row, cursor_column)) = composer.rows(app.input_columns());
    // A box of fewer rows than the text shows those around the cursor.
    let height = usize::from(area.height);
    let first = (cursor_row + 1).saturating_sub(height);
    for (number, text) in rows.iter().enumerate().skip(first).take(height) {
        let start = match number {
            0 => Row::default().with(Tone::Strong, prompt.as_str()),
            _ => Row::default().with(Tone::Text, " ".repeat(width(&prompt))),
        };
        let line = u16::try_from(number - first).unwrap_or(u16::MAX);
        let row = start.with(Tone::Text, text.as_str());
        put(&row, theme, below(area, line), buffer);
    }
    put_right(&app.input_side(), theme, area, 0, buffer);
    Some(place(
        area,
        width(&prompt) + cursor_column,
        cursor_row - first,
    ))
}

/// Draws the line that a search of the room is typed into.
fn draw_finder(finder: &Finder, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Position {
    let columns = usize::from(area.width);
    let label = if columns < LABEL_FROM { "" } else { "find: " };
    let (query, cursor) = finder.query.window(columns.saturating_sub(width(label)));
    let row = Row::default()
        .with(Tone::Strong, label)
        .with(Tone::Text, query);
    put(&row, theme, area, buffer);
    place(area, width(label) + cursor, 0)
}

/// Draws the search through what was sent: what is looked for, and what was found.
fn draw_recall(
    recall: &Recall,
    found: Option<String>,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Position {
    let columns = usize::from(area.width);
    let label = if columns < LABEL_FROM { "" } else { "sent: " };
    let (query, cursor) = recall
        .query
        .window(columns.saturating_sub(width(label)) / 2);
    let used = width(label) + width(&query);
    let (tone, found) = match found {
        Some(text) => (Tone::Text, text),
        None if recall.query.is_empty() => (Tone::Faint, "type to search what you sent".to_owned()),
        None => (Tone::Alert, "not found".to_owned()),
    };
    let found = truncate(&found, columns.saturating_sub(used + 2)).into_owned();
    let row = Row::default()
        .with(Tone::Strong, label)
        .with(Tone::Waiting, query)
        .with(Tone::Text, "  ")
        .with(tone, found);
    put(&row, theme, area, buffer);
    place(area, width(label) + cursor, 0)
}

/// The cell of `area` at this column and row, or the last one.
fn place(area: Rect, column: usize, row: usize) -> Position {
    let within = |value: usize, size: u16| u16::try_from(value).unwrap_or(u16::MAX).min(size - 1);
    Position {
        x: area.x + within(column, area.width),
        y: area.y + within(row, area.height),
    }
}
