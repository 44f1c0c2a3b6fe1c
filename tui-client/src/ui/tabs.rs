//! The line of rooms: number, name, unread messages, mentions; and who the user is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, put_right};
use crate::app::{App, LinkState, Room, Row, Tone, glyph};
use crate::theme::Theme;
use crate::wrap::{truncate, width};

/// Columns that a room's name may take.
const NAME_COLUMNS: usize = 20;

pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let rows: Vec<Row> = app
        .rooms
        .iter()
        .enumerate()
        .map(|(place, room)| tab(place, room, place == app.active))
        .collect();
    // The room in view is always among those shown.
    let mut first = 0;
    while first < app.active && columns_of(&rows[first..=app.active]) > columns {
        first += 1;
    }
    let line = Row(rows.into_iter().skip(first).flat_map(|row| row.0).collect());
    let used = put(&line, theme, area, buffer);
    let name = truncate(&app.me, NAME_COLUMNS).into_owned();
    let sign = glyph(app.room().rank).trim_end();
    let me = Row::default().with(Tone::Faint, format!("{name}{sign}  F1 help"));
    put_right(&me, theme, area, used + 2, buffer);
}

fn tab(place: usize, room: &Room, is_active: bool) -> Row {
    let name = truncate(&room.label, NAME_COLUMNS);
    let tone = match room.link {
        LinkState::Stopped { .. } => Tone::Alert,
        _ if is_active => Tone::Active,
        _ if room.mentions > 0 => Tone::Mention,
        _ if room.unread > 0 => Tone::Strong,
        _ => Tone::Faint,
    };
    let news = match (room.unread, room.mentions) {
        (0, _) => String::new(),
        (unread, 0) => format!("({})", unread.min(999)),
        (_, mentions) => format!("(@{})", mentions.min(999)),
    };
    Row::default()
        .with(Tone::Text, " ")
        .with(tone, format!("{}:{name}{news}", place + 1))
        .with(Tone::Text, " ")
}

fn columns_of(rows: &[Row]) -> usize {
    rows.iter()
        .flat_map(|row| &row.0)
        .map(|piece| width(&piece.text))
        .sum()
}
