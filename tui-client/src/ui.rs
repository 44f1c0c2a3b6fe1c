//! Draws the app, one file per panel. Reads the state and never changes it; decides nothing but where
//! things are on the screen.

mod bar;
mod errors;
pub(crate) mod form;
mod help;
mod hints;
mod input;
mod palette;
mod panel;
mod password;
mod room;
mod sides;
mod status;
mod tabs;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::app::{App, Panel, Piece, Row};
use crate::links::Links;
use crate::theme::Theme;

/// Draws everything, at whatever size the screen has.
pub(crate) fn draw(app: &App, theme: &Theme, links: &mut Links, frame: &mut Frame<'_>) {
    let mut rest = frame.area();
    let layout = app.layout();
    let beside =
        rest.height - (layout.info + layout.hints + layout.status + layout.input).min(rest.height);
    sides::draw(
        app,
        &layout,
        theme,
        Rect {
            height: beside,
            ..rest
        },
        frame.buffer_mut(),
    );
    let tabs = split(&mut rest, layout.tabs);
    let pinned = split(&mut rest, layout.pinned);
    let view = split(&mut rest, layout.view);
    let held = split(&mut rest, layout.held);
    let live = split(&mut rest, layout.live);
    let between = |area: Rect| Rect {
        x: area.x + layout.left.min(area.width),
        width: area.width.saturating_sub(layout.left + layout.right),
        ..area
    };
    let [pinned, view, held, live] = [pinned, view, held, live].map(between);
    let info = split(&mut rest, layout.info);
    let hints = split(&mut rest, layout.hints);
    let status = split(&mut rest, layout.status);
    let input = split(&mut rest, layout.input);

    let screen = frame.area();
    let buffer = frame.buffer_mut();
    tabs::draw(app, theme, tabs, buffer);
    room::draw_pinned(app, theme, pinned, buffer);
    let reason = hints::draw(app, theme, hints, buffer);
    status::draw(app, theme, status, buffer);
    status::draw_held(app, theme, held, buffer);
    room::draw_live(app, theme, live, buffer);
    bar::draw(app, theme, info, buffer);
    let cursor = if let Some(change) = &app.password_change {
        let area = if layout.tabs + layout.left == 0 {
            screen
        } else {
            view
        };
        password::draw_change(app, change, theme, area, buffer)
    } else if let Some(prompt) = app.question().filter(|prompt| prompt.has_keys) {
        let area = if layout.tabs + layout.left == 0 {
            screen
        } else {
            view
        };
        password::draw(app, prompt, theme, area, buffer)
    } else {
        let picked = match (&app.panel, app.question()) {
            _ if app.palette.is_some() => app
                .palette
                .as_ref()
                .and_then(|palette| palette::draw(palette, theme, view, buffer)),
            (None, Some(prompt)) => {
                password::draw(app, prompt, theme, view, buffer);
                None
            }
            (None, None) => room::draw(app, theme, links, view, buffer),
            (Some(open), _) => match open.kind {
                Panel::Problems => {
                    errors::draw(app, open.scrolled, theme, view, buffer);
                    None
                }
                Panel::Help => {
                    help::draw(app, open.scrolled, theme, view, buffer);
                    None
                }
                _ => panel::draw(app, open, theme, view, buffer),
            },
        };
        match &app.paste {
            Some(paste) => {
                input::draw_question(paste, theme, input, buffer);
                None
            }
            None => {
                let typing = input::draw(app, theme, input, buffer);
                // Speech and braille follow the cursor.
                picked.or(typing)
            }
        }
    };
    let cursor = reason.or(cursor);
    if let Some(cursor) = cursor.filter(|cursor| screen.contains(*cursor)) {
        frame.set_cursor_position(cursor);
    }
}

/// Takes `rows` from the top of an area.
fn split(area: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    let top = Rect {
        height: rows,
        ..*area
    };
    area.y += rows;
    area.height -= rows;
    top
}

/// Writes a row at the top left of an area, cut at its right edge, and what stands at that edge where it
/// fits; the columns used at the left.
fn put(row: &Row, theme: &Theme, area: Rect, buffer: &mut Buffer) -> u16 {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return 0;
    }
    let base = row.base.map(|tone| theme.style(tone)).unwrap_or_default();
    if row.base.is_some() {
        buffer.set_style(Rect { height: 1, ..area }, base);
    }
    let used = put_pieces(&row.pieces, base, theme, area, buffer);
    if let Some(right) = &row.right {
        let width = u16::try_from(crate::wrap::width(&right.text)).unwrap_or(u16::MAX);
        if let Some(x) = area.width.checked_sub(width).filter(|x| *x >= used) {
            let (x, right) = (area.x + x, std::slice::from_ref(right));
            let edge = Rect { x, width, ..area };
            put_pieces(right, base, theme, edge, buffer);
        }
    }
    used
}

fn put_pieces(
    pieces: &[Piece],
    base: Style,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> u16 {
    let mut used = 0;
    for piece in pieces {
        let style = base.patch(theme.style(piece.tone));
        for cluster in clusters(&piece.text) {
            // A cluster takes at most as many columns as are left; without a width it has no cell.
            let width = match cluster.as_bytes() {
                [0x20..0x7f] => 1,
                _ => u16::try_from(cluster.width()).unwrap_or(u16::MAX),
            };
            if width == 0 {
                continue;
            }
            if width > area.width - used {
                return used;
            }
            let (x, y) = (area.x + used, area.y);
            buffer[(x, y)].set_symbol(cluster).set_style(style);
            for covered in 1..width {
                buffer[(x + covered, y)].reset();
            }
            used += width;
        }
    }
    used
}

/// The clusters of a text. Where it is ASCII, and nearly all is, each character is one: finding them
/// out costs more than all the rest of a row.
fn clusters(text: &str) -> impl Iterator<Item = &str> {
    let is_ascii = text.is_ascii();
    let (plain, other) = if is_ascii { (text, "") } else { ("", text) };
    let characters = (0..plain.len()).map(|at| &plain[at..=at]);
    characters.chain(other.graphemes(true))
}

/// Writes a row so that it ends at the right edge, where it fits beside the `taken` columns at the
/// left.
fn put_right(row: &Row, theme: &Theme, area: Rect, taken: u16, buffer: &mut Buffer) {
    let Ok(width) = u16::try_from(row.columns()) else {
        return;
    };
    if taken + width > area.width {
        return;
    }
    let right = Rect {
        x: area.x + area.width - width,
        width,
        ..area
    };
    put(row, theme, right, buffer);
}

/// The area without its first `rows`.
fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect {
        y: area.y + rows,
        height: area.height - rows,
        ..area
    }
}

#[cfg(test)]
mod tests;
