//! The row above the hints: the question that stands before an action, or what is picked.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, put_right};
use crate::app::{App, Bar, Row, Tone};
use crate::theme::Theme;
use crate::wrap::{truncate, width};
use chat_protocol::durations;

pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let (tone, words, right) = match &app.bar {
        Some(bar) => (Tone::Bar, bar.question(), age(app, bar)),
        None => (Tone::Strong, app.picked_words(), String::new()),
    };
    // What is asked is worth more than how old it is.
    let fits = width(&words) + width(&right) + 3 <= columns;
    let right = if fits { right } else { String::new() };
    let left = columns.saturating_sub(width(&right) + 1);
    let row = Row::default().with(tone, truncate(&format!(" {words}"), left));
    let used = put(&row, theme, area, buffer);
    let right = Row::default().with(Tone::Faint, format!("{right} "));
    put_right(&right, theme, area, used, buffer);
}

/// How old the newest of the messages is.
fn age(app: &App, bar: &Bar) -> String {
    let Some(newest) = bar.newest() else {
        return String::new();
    };
    let seconds = app.now().unix_millis.saturating_sub(newest) / 1_000;
    match u64::try_from(seconds) {
        Ok(seconds) => format!("{} ago", durations::left(seconds)),
        Err(_) => String::new(),
    }
}
