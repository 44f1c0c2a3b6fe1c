//! The error panel: everything that went wrong, the newest at the bottom, with time, code and event.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{below, put};
use crate::app::{App, Row, Tone};
use crate::theme::Theme;
use crate::wrap::{truncate, wrap};

/// Columns before the text: time, code, event, room.
const INDENT: usize = 38;
/// The same on a narrow screen: time and code.
const NARROW_INDENT: usize = 15;

pub(super) fn draw(app: &App, scrolled: usize, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let title = match app.errors.count() {
        0 => " Errors: none so far".to_owned(),
        count => format!(" Errors: {count}, newest last"),
    };
    put(
        &Row::default().with(Tone::Strong, title),
        theme,
        area,
        buffer,
    );
    let area = below(area, 1);
    let height = usize::from(area.height);
    let mut upwards: Vec<Row> = Vec::new();
    for entry in app.errors.entries().rev().skip(scrolled) {
        if upwards.len() >= height {
            break;
        }
        upwards.extend(rows(app, entry, columns).into_iter().rev());
    }
    upwards.truncate(height);
    for (row, line) in upwards.iter().rev().zip(0..) {
        put(row, theme, below(area, line), buffer);
    }
}

fn rows(app: &App, entry: &crate::app::ErrorEntry, columns: usize) -> Vec<Row> {
    let stamp = app.stamp(entry.unix_millis);
    let time = format!(" {:02}:{:02}:{:02}", stamp.hour, stamp.minute, stamp.second);
    let problem = &entry.problem;
    let code = problem
        .code
        .map_or_else(|| "-".to_owned(), |code| code.to_string());
    let is_narrow = columns < 60;
    let head = if is_narrow {
        format!("{time} {code:>4} ")
    } else {
        let event = truncate(problem.event.as_deref().unwrap_or("connection"), 12);
        let room = truncate(&problem.room, 10);
        format!(
            "{time} {code:>4} {} {} ",
            padded(&event, 12),
            padded(&room, 10)
        )
    };
    let indent = if is_narrow { NARROW_INDENT } else { INDENT };
    let text = match entry.times {
        1 => problem.text.clone(),
        times => format!("{} ({times} times)", problem.text),
    };
    wrap(&text, columns.saturating_sub(indent).max(8))
        .into_iter()
        .enumerate()
        .map(|(number, line)| match number {
            0 => Row::default()
                .with(Tone::Faint, padded(&head, indent))
                .with(Tone::Text, line),
            _ => Row::default()
                .with(Tone::Text, " ".repeat(indent))
                .with(Tone::Text, line),
        })
        .collect()
}

fn padded(text: &str, columns: usize) -> String {
    let padding = columns.saturating_sub(crate::wrap::width(text));
    format!("{text}{}", " ".repeat(padding))
}
