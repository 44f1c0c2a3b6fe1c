//! The line of rooms: number, name, unread messages, mentions; and who the user is. Rooms that do not
//! fit are told by what is unread in them: `<2` to the left, `3@1>` to the right.

use std::ops::RangeInclusive;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, put_right};
use crate::app::{App, LinkState, Room, Row, Tone, rank_word};
use crate::theme::Theme;
use crate::wrap::{truncate, width};

/// Columns that a room's name may take.
const NAME_COLUMNS: usize = 20;
/// The highest number of messages that is told.
const MOST: usize = 999;

pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let tabs: Vec<Row> = app
        .rooms
        .iter()
        .enumerate()
        .map(|(place, room)| tab(place, room, place == app.active, NAME_COLUMNS))
        .collect();
    let shown = shown(app, &tabs, columns);
    let left = marker(&app.rooms[..*shown.start()], true);
    let right = marker(&app.rooms[shown.end() + 1..], false);
    let mut line = left.pieces;
    if shown.start() == shown.end() {
        // What is hidden beside it must be seen, even where the name is not whole then.
        let others = columns_of(&line) + columns_of(&right.pieces);
        let number_and_news = columns_of(&tab(app.active, app.room(), true, 0).pieces);
        let name = columns.saturating_sub(others + number_and_news);
        line.extend(tab(app.active, app.room(), true, name.min(NAME_COLUMNS)).pieces);
    } else {
        line.extend(
            tabs[shown]
                .iter()
                .flat_map(|row| row.pieces.iter().cloned()),
        );
    }
    line.extend(right.pieces);
    let used = put(&Row::from(line), theme, area, buffer);
    let me = Row::default().with(Tone::Faint, who(app));
    put_right(&me, theme, area, used + 2, buffer);
}

/// `alice mod  F1 help`
pub(super) fn who(app: &App) -> String {
    let name = truncate(&app.me, NAME_COLUMNS);
    let rank = rank_word(app.room().rank);
    let space = if rank.is_empty() { "" } else { " " };
    format!("{name}{space}{rank}  F1 help")
}

/// The rooms that fit beside the signs for the others: from the first on, but always the one in view.
fn shown(app: &App, tabs: &[Row], columns: usize) -> RangeInclusive<usize> {
    let fits = |first: usize, last: usize| {
        let tabs: usize = tabs[first..=last]
            .iter()
            .map(|tab| columns_of(&tab.pieces))
            .sum();
        let left = columns_of(&marker(&app.rooms[..first], true).pieces);
        let right = columns_of(&marker(&app.rooms[last + 1..], false).pieces);
        left + tabs + right <= columns
    };
    let mut first = 0;
    while first < app.active && !fits(first, app.active) {
        first += 1;
    }
    let mut last = app.active;
    while last + 1 < tabs.len() && fits(first, last + 1) {
        last += 1;
    }
    first..=last
}

/// What stands for rooms that do not fit.
fn marker(hidden: &[Room], is_left: bool) -> Row {
    if hidden.is_empty() {
        return Row::default();
    }
    let unread: usize = hidden.iter().map(|room| room.reading.unread()).sum();
    let mentions: usize = hidden.iter().map(|room| room.reading.mentions()).sum();
    let stopped = |room: &Room| matches!(room.link, LinkState::Stopped { .. });
    let more = hidden.iter().any(|room| room.reading.has_more());
    let tone = match (unread, mentions) {
        (_, 1..) => Tone::Mention,
        _ if hidden.iter().any(stopped) => Tone::Alert,
        (1.., _) => Tone::Strong,
        _ => Tone::Faint,
    };
    let mut news = String::new();
    if unread > 0 || more {
        news = counted(unread, more);
    }
    if mentions > 0 {
        news = format!("{news}@{}", counted(mentions, false));
    }
    if is_left {
        Row::default().with(tone, format!("<{news}"))
    } else {
        Row::default().with(tone, format!("{news}>"))
    }
}

fn tab(place: usize, room: &Room, is_active: bool, columns: usize) -> Row {
    let name = truncate(&room.label, columns);
    let tone = tone_of(room, is_active);
    let news = match (room.reading.unread(), room.reading.mentions()) {
        (0, 0) if !room.reading.has_more() => String::new(),
        (unread, 0) => format!("({})", counted(unread, room.reading.has_more())),
        (unread, mentions) => {
            let unread = counted(unread, room.reading.has_more());
            format!("({unread} @{})", counted(mentions, false))
        }
    };
    Row::default()
        .with(Tone::Text, " ")
        .with(tone, format!("{}:{name}{news}", place + 1))
        .with(Tone::Text, " ")
}

/// A number, with a sign where there are more.
pub(super) fn counted(count: usize, more: bool) -> String {
    let sign = if more || count > MOST { "+" } else { "" };
    format!("{}{sign}", count.min(MOST))
}

fn columns_of(pieces: &[crate::app::Piece]) -> usize {
    pieces.iter().map(|piece| width(&piece.text)).sum()
}

/// How a room stands out among the others.
pub(super) fn tone_of(room: &Room, is_active: bool) -> Tone {
    match room.link {
        LinkState::Stopped { .. } => Tone::Alert,
        _ if is_active => Tone::Active,
        _ if room.reading.mentions() > 0 => Tone::Mention,
        _ if room.reading.unread() > 0 || room.reading.has_more() => Tone::Strong,
        _ => Tone::Faint,
    }
}
