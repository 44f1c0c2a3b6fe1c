//! The status line: the connection's state, modes, people, the topic, and what waits; and the line that
//! says how far the view is from the newest message.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::tabs::who;
use super::{put, put_right};
use crate::app::{App, Below, COUNTED_BELOW, LinkState, Row, Tone, seconds_left};
use crate::theme::Theme;
use crate::wrap::{truncate, width};

pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let mut counts = counts(app);
    if app.layout().left > 0 {
        // Without tabs this is where the user's name and rank have their place.
        counts = counts.with(Tone::Faint, format!("  {}", who(app)));
    }
    let mut left = usize::from(area.width).saturating_sub(columns(&counts) + 1);
    let mut row = connection(app, left).with(Tone::Text, "  ");
    if app.room().is_live() {
        let rate = app.room().lately.per_second();
        if rate > 0 {
            row = row.with(Tone::Text, format!("{rate}/s  "));
        }
        row = modes(app, row);
        if let Some(people) = app.room().people {
            row = row.with(Tone::Text, format!("{people} online  "));
        }
        row = row.with(Tone::Faint, app.room().modes.topic.as_str());
    }
    // What does not fit is cut, the counts at the right are not.
    let mut fitting = Row::default();
    for piece in row.pieces {
        fitting = fitting.with(piece.tone, truncate(&piece.text, left));
        left = left.saturating_sub(width(&piece.text));
    }
    let used = put(&fitting, theme, area, buffer);
    put_right(&counts, theme, area, used, buffer);
}

/// `muted 9:58  slow 10s  members only  `
fn modes(app: &App, mut row: Row) -> Row {
    if let Some(left) = app.muted_for() {
        row = row.with(Tone::Alert, format!("muted {left}  "));
    }
    let modes = &app.room().modes;
    if modes.slow_mode > 0 {
        row = row.with(Tone::Waiting, format!("slow {}s  ", modes.slow_mode));
    }
    if modes.members_only {
        row = row.with(Tone::Waiting, "members only  ");
    }
    row
}

fn columns(row: &Row) -> usize {
    row.columns()
}

/// `- up 41 rows, 7 new below (End) -----`
pub(super) fn draw_held(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    if let Some(words) = app.room().view_words() {
        let left = usize::from(area.width).saturating_sub(3);
        let words = format!("- {} ", truncate(&words, left));
        let dashes = usize::from(area.width).saturating_sub(width(&words));
        let row = Row::default()
            .with(Tone::Strong, words)
            .with(Tone::Faint, "-".repeat(dashes));
        put(&row, theme, area, buffer);
        return;
    }
    let Below {
        rows,
        new,
        mentions,
        more: more_new,
    } = app.room().timeline.below(app.geometry());
    let more = if rows == COUNTED_BELOW { "+" } else { "" };
    let unit = if rows == 1 { "row" } else { "rows" };
    let key = if app.room().composer.is_empty() {
        "End"
    } else {
        "Ctrl+End"
    };
    let mut row = Row::default().with(Tone::Faint, format!("- up {rows}{more} {unit}, "));
    row = match (new, more_new) {
        (0, false) => row.with(Tone::Faint, "nothing new below"),
        _ => {
            let more = if more_new || new == COUNTED_BELOW {
                "+"
            } else {
                ""
            };
            row.with(Tone::Strong, format!("{new}{more} new below"))
        }
    };
    if mentions > 0 {
        row = row.with(Tone::Mention, format!(", {mentions} for you"));
    }
    row = row.with(Tone::Faint, format!(" ({key}) "));
    let dashes = usize::from(area.width).saturating_sub(columns(&row));
    put(
        &row.with(Tone::Faint, "-".repeat(dashes)),
        theme,
        area,
        buffer,
    );
}

fn connection(app: &App, columns: usize) -> Row {
    let row = Row::default().with(Tone::Text, " ");
    match &app.room().link {
        _ if app.question().is_some() => row.with(Tone::Waiting, "waiting for the password"),
        LinkState::Off => row.with(Tone::Waiting, "waiting for another room to sign in"),
        LinkState::Connecting { attempt: 1 } => {
            row.with(Tone::Waiting, format!("connecting to {}", app.server))
        }
        LinkState::Connecting { attempt } => {
            row.with(Tone::Waiting, format!("connecting (attempt {attempt})"))
        }
        LinkState::Live => match app.room().latency {
            Some(latency) if latency.as_millis() == 0 => row.with(Tone::Good, "connected <1ms"),
            Some(latency) => row.with(Tone::Good, format!("connected {}ms", latency.as_millis())),
            None => row.with(Tone::Good, "connected"),
        },
        LinkState::Waiting {
            until,
            attempt,
            words,
        } => {
            let seconds = seconds_left(*until, app.now().elapsed);
            row.with(
                Tone::Waiting,
                format!("reconnecting in {seconds}s (attempt {attempt})"),
            )
            .with(Tone::Faint, format!(" {words}"))
        }
        LinkState::Stopped { words, .. } => {
            // Why is worth more than that, where there is no room for both.
            let whole = format!("not connected: {words}");
            let fits = width(&whole) < columns;
            row.with(Tone::Alert, if fits { whole } else { words.clone() })
        }
    }
}

/// `mentions 1  held 2  queued 2`
fn counts(app: &App) -> Row {
    let room = app.room();
    let (waiting, failed) = (room.timeline.waiting(), room.timeline.failed());
    let mentions: usize = app.rooms.iter().map(|room| room.reading.mentions()).sum();
    let held = room.held.waiting().len();
    let orders = room.orders.count();
    let mut row = Row::default();
    let mut count = |tone: Tone, count: usize, words: &str| {
        if count > 0 {
            row = std::mem::take(&mut row).with(tone, format!(" {words} {count} "));
        }
    };
    count(Tone::Mention, mentions, "mentions");
    count(Tone::Waiting, held, "held");
    count(Tone::Waiting, orders.saturating_sub(1), "to do");
    count(Tone::Alert, failed, "not sent");
    if !room.is_live() || room.muted_until.is_some() {
        count(Tone::Waiting, waiting, "queued");
    }
    row
}
