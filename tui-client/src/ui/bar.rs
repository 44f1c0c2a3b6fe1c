//! The rows above the hints: the question that stands before an action, or what is picked.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{below, hints, put, put_right};
use crate::app::{App, Bar, Row, Tone};
use crate::theme::Theme;
use crate::wrap::{truncate, wrap_ranges};
use chat_protocol::durations;

pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let Some(bar) = &app.bar else {
        let row = match app.says_above() {
            true => hints::said(app, usize::from(area.width)),
            false => Row::default().with(Tone::Strong, fitting(&app.picked_words(), area)),
        };
        let used = put(&row, theme, area, buffer);
        // Before it goes back, Esc takes what the client says away.
        if !app.says_above() && app.panel.is_none() {
            let way_out = Row::default().with(Tone::Faint, "Esc back ");
            put_right(&way_out, theme, area, used + 2, buffer);
        }
        return;
    };
    let columns = usize::from(area.width).saturating_sub(2).max(1);
    let question = bar.question(columns);
    let mut rows = wrap_ranges(&question, columns).into_iter();
    let mut used = 0;
    for line in 0..area.height {
        let Some(range) = rows.next() else {
            break;
        };
        // The last row that there is room for has all that is left.
        let is_last = line + 1 == area.height;
        let end = if is_last { question.len() } else { range.end };
        let row = Row::default().with(Tone::Bar, fitting(&question[range.start..end], area));
        used = put(&row, theme, below(area, line), buffer);
    }
    // What is asked is worth more than how old it is.
    let right = Row::default().with(Tone::Faint, format!("{} ", age(app, bar)));
    let used = used + 2;
    put_right(
        &right,
        theme,
        below(area, area.height.saturating_sub(1)),
        used,
        buffer,
    );
}

fn fitting(words: &str, area: Rect) -> String {
    let columns = usize::from(area.width).saturating_sub(1);
    truncate(&format!(" {words}"), columns).into_owned()
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
