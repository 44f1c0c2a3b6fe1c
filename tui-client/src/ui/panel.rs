//! A list that covers the room: a title, and its items, wrapped; one of them may be picked.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{below, put};
use crate::app::{App, Item, OpenPanel, Panel, Row, Tone};
use crate::theme::Theme;
use crate::wrap::{truncate, width, wrap};

/// Columns that text gets at least before the column in front of it gives way.
const TEXT: usize = 20;

/// Draws the panel; where the picked item begins.
pub(super) fn draw(
    app: &App,
    open: &OpenPanel,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let items = app.items(open.kind);
    let columns = usize::from(area.width);
    let title = truncate(&title(app, open.kind, &items), columns).into_owned();
    put(
        &Row::default().with(Tone::Strong, title),
        theme,
        area,
        buffer,
    );
    let area = below(area, 1);
    let mut rows: Vec<Row> = Vec::new();
    let mut picked = None;
    for item in &items {
        let is_picked = open.picked == Some(item.number);
        let made = item_rows(item, is_picked, columns);
        if is_picked {
            picked = Some((rows.len(), rows.len() + made.len()));
        }
        rows.extend(made);
    }
    let first = first_row(open, rows.len(), picked, usize::from(area.height));
    for (row, line) in rows.iter().skip(first).zip(0..area.height) {
        put(row, theme, below(area, line), buffer);
    }
    let (start, _) = picked?;
    let line = u16::try_from(start.checked_sub(first)?).ok()?;
    (line < area.height).then_some(Position {
        x: area.x,
        y: area.y + line,
    })
}

/// The first row that is shown: where it was scrolled to, but never so that the picked item is hidden.
fn first_row(
    open: &OpenPanel,
    count: usize,
    picked: Option<(usize, usize)>,
    height: usize,
) -> usize {
    let most = count.saturating_sub(height);
    let first = match open.kind.is_upwards() {
        true => most.saturating_sub(open.scrolled),
        false => open.scrolled.min(most),
    };
    match picked {
        Some((start, _)) if start < first => start,
        Some((_, end)) if end > first + height => end - height,
        _ => first,
    }
}

fn title(app: &App, kind: Panel, items: &[Item]) -> String {
    let room = &app.room().label;
    let count = items.len();
    let words = match kind {
        Panel::Held if count == 0 => format!("No messages are waiting in {room}"),
        Panel::Held => format!("Waiting for a moderator in {room}: {count}"),
        Panel::Log if count == 0 => "Nothing was said or done yet".to_owned(),
        Panel::Log => "What was said and done, newest last".to_owned(),
        Panel::Who => match &app.room().members {
            Some(who) => format!("{} here in {room}", who.count),
            None => format!("Who is in {room}"),
        },
        Panel::Filters if count == 0 => format!("Nothing is blocked in {room}"),
        Panel::Filters => format!("Blocked in {room}: {count}"),
        Panel::Audit if count == 0 => format!("No moderator actions in {room} yet"),
        Panel::Audit => format!("What moderators did in {room}, newest last"),
        Panel::Sanctions if count == 0 => format!("Nobody is banned, muted or appointed in {room}"),
        Panel::Sanctions => format!("Banned, muted and appointed in {room}: {count}"),
        Panel::Card => app
            .card
            .as_ref()
            .map_or_else(String::new, |card| format!("About {}", card.target.name)),
        Panel::Help | Panel::Problems => String::new(),
    };
    format!(" {words}")
}

fn item_rows(item: &Item, is_picked: bool, columns: usize) -> Vec<Row> {
    let sign = if is_picked { ">>" } else { "  " };
    let mut head = item.head.as_str();
    if columns.saturating_sub(3 + width(head)) < TEXT {
        head = "";
    }
    let indent = 3 + width(head);
    let mut rows = Vec::new();
    for line in wrap(&item.text, columns.saturating_sub(indent + 1).max(8)) {
        let row = match rows.is_empty() {
            true => Row::default()
                .with(Tone::Strong, sign)
                .with(Tone::Faint, format!(" {head}")),
            false => Row::default().with(Tone::Text, " ".repeat(indent)),
        };
        let mut row = row.with(item.tone, line);
        if is_picked {
            row.base = Some(Tone::Selected);
        }
        rows.push(row);
    }
    rows
}
