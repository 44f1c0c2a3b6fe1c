//! What stands beside the messages on wide screens: the rooms at the left; at the right the person that
//! was looked up, what waits for a moderator, and the newest of the log.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::tabs::{counted, tone_of};
use super::{below, put, put_right};
use crate::app::{App, Item, Panel, Piece, Row, Tone};
use crate::keymap::SelectedAction;
use crate::layout::Layout;
use crate::theme::Theme;
use crate::wrap::{truncate, width, wrap};

/// Held messages that are shown at most, and rows of each.
const HELD: usize = 5;
const HELD_ROWS: usize = 2;
/// Rows of the person that was looked up.
const CARD_ROWS: usize = 10;
/// Lines of the log that are looked at for what fits.
const LOG: usize = 40;

/// Draws both sides, where there is room for them.
pub(super) fn draw(app: &App, layout: &Layout, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    if layout.left + layout.right == 0 || layout.left + layout.right > area.width {
        return;
    }
    let left = Rect {
        width: layout.left,
        ..area
    };
    draw_left(app, theme, left, buffer);
    let right = Rect {
        x: area.x + area.width - layout.right,
        width: layout.right,
        ..area
    };
    draw_right(app, theme, right, buffer);
}

/// Draws the rooms, and a line beside them.
fn draw_left(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let Some(columns) = area.width.checked_sub(1) else {
        return;
    };
    let edge = Rect {
        x: area.x + columns,
        width: 1,
        ..area
    };
    for line in 0..area.height {
        put(
            &Row::default().with(Tone::Faint, "|"),
            theme,
            below(edge, line),
            buffer,
        );
    }
    let area = Rect {
        width: columns,
        ..area
    };
    // What stands at the foot would have to be written again whenever the messages move: nothing does
    // as long as all rooms fit.
    let all = usize::from(area.height);
    let rooms = if app.rooms.len() > all { all - 1 } else { all };
    let rooms = rooms.max(1);
    let first = (app.active + 1).saturating_sub(rooms);
    for (place, line) in (first..app.rooms.len()).take(rooms).zip(0..) {
        draw_room(app, place, theme, below(area, line), buffer);
    }
    let hidden: usize = app
        .rooms
        .iter()
        .skip(first + rooms)
        .map(|room| room.reading.unread())
        .sum();
    if app.rooms.len() > all && hidden > 0 && area.height > 1 {
        let words = format!(" {hidden} more");
        let row = Row::default().with(Tone::Faint, truncate(&words, usize::from(columns)));
        put(&row, theme, below(area, area.height - 1), buffer);
    }
}

/// ` 3 mods   12 @1`
fn draw_room(app: &App, place: usize, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let room = &app.rooms[place];
    let tone = tone_of(room, place == app.active);
    let news = match (room.reading.unread(), room.reading.mentions()) {
        (0, 0) if !room.reading.has_more() => String::new(),
        (unread, 0) => format!("{} ", counted(unread, room.reading.has_more())),
        (unread, mentions) => {
            format!(
                "{} @{} ",
                counted(unread, room.reading.has_more()),
                counted(mentions, false)
            )
        }
    };
    let left = usize::from(area.width).saturating_sub(width(&news) + 1);
    let name = format!(" {} {}", place + 1, room.label);
    let row = Row::default().with(tone, truncate(&name, left));
    let used = put(&row, theme, area, buffer);
    put_right(&Row::default().with(tone, news), theme, area, used, buffer);
}

/// Draws what is at the right, behind a line.
fn draw_right(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    for line in 0..area.height {
        put(
            &Row::default().with(Tone::Faint, " |"),
            theme,
            below(area, line),
            buffer,
        );
    }
    let inset = 3.min(area.width);
    let area = Rect {
        x: area.x + inset,
        width: area.width - inset,
        ..area
    };
    let columns = usize::from(area.width);
    let mut rows: Vec<Row> = Vec::new();
    // What an open panel lists is not said twice.
    let is_open = |kind: Panel| app.panel.as_ref().is_some_and(|open| open.kind == kind);
    if !is_open(Panel::Card) {
        card(app, columns, &mut rows);
    }
    if !is_open(Panel::Held) {
        held(app, columns, &mut rows);
    }
    let left = usize::from(area.height).saturating_sub(rows.len());
    if !is_open(Panel::Log) {
        log(app, columns, left, &mut rows);
    }
    for (row, line) in rows.iter().zip(0..area.height) {
        put(row, theme, below(area, line), buffer);
    }
}

/// `- held 2, F3 ------------------------`
fn heading(words: &str, columns: usize) -> Row {
    let words = format!("- {words} ");
    let dashes = columns.saturating_sub(width(&words));
    Row::default().with(Tone::Faint, format!("{words}{}", "-".repeat(dashes)))
}

/// Who is looked at, with the key that takes the card away; and what is known of them.
fn card(app: &App, columns: usize, rows: &mut Vec<Row>) {
    let Some(card) = app.card_beside() else {
        return;
    };
    let letter = app.keymap.selected_keys_of(SelectedAction::Card);
    let key = match letter.first().filter(|_| app.is_picking()) {
        Some(letter) => letter.as_str(),
        None => "Esc",
    };
    let closes = Piece::new(Tone::Faint, format!("{key} closes"));
    let left = columns.saturating_sub(width(&closes.text) + 1);
    let mut name = Row::default().with(Tone::Strong, truncate(&card.target.name, left));
    name.right = Some(closes);
    let mut made = vec![name];
    for item in &app.beside_items() {
        made.extend(wrapped(item, columns));
    }
    made.truncate(CARD_ROWS);
    rows.extend(made);
}

fn held(app: &App, columns: usize, rows: &mut Vec<Row>) {
    let count = app.room().held.waiting().len();
    if count == 0 {
        return;
    }
    rows.push(heading(&format!("held {count}, F3"), columns));
    for item in &app.oldest_held(HELD) {
        let mut made = wrapped(item, columns);
        made.truncate(HELD_ROWS);
        rows.extend(made);
    }
}

fn log(app: &App, columns: usize, left: usize, rows: &mut Vec<Row>) {
    let mut upwards: Vec<Row> = Vec::new();
    let items = app.newest_of_log(LOG);
    if left < 2 || items.is_empty() {
        return;
    }
    for item in items.iter().rev() {
        let made = wrapped(item, columns);
        if upwards.len() + made.len() >= left {
            break;
        }
        upwards.extend(made.into_iter().rev());
    }
    rows.push(heading("log, F4", columns));
    rows.extend(upwards.into_iter().rev());
}

fn wrapped(item: &Item, columns: usize) -> Vec<Row> {
    let text = format!("{}{}", item.head.trim_start(), item.text);
    let rows = wrap(&text, columns.max(8)).into_iter();
    rows.map(|line| Row::default().with(item.tone, line))
        .collect()
}
