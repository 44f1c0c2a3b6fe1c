//! The password prompt: who signs in where, bullets, and the server's words where it refused.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{below, put};
use crate::app::{App, Prompt, Row, Tone};
use crate::theme::Theme;
use crate::wrap::wrap;

/// Bullets shown at most: how long a password is need not be seen.
const BULLETS: usize = 40;
const LABEL: &str = "Password: ";

/// Draws the prompt; where the cursor is.
pub(super) fn draw(
    app: &App,
    prompt: &Prompt,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let (rows, password_row) = rows(app, prompt, area);
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    let margin = if area.width >= 60 {
        (area.width - 52) / 2
    } else {
        0
    };
    let top = below(area, area.height.saturating_sub(height) / 2);
    let top = Rect {
        x: top.x + margin,
        width: top.width - margin,
        ..top
    };
    for (row, line) in rows.iter().zip(0..top.height) {
        put(row, theme, below(top, line), buffer);
    }
    let (_, column) = bullets(prompt, area);
    Some(Position {
        x: (top.x + u16::try_from(label(area).len() + column).ok()?),
        y: top.y + password_row,
    })
}

/// The rows, and which of them the password is on. A screen with few rows shows that one alone.
fn rows(app: &App, prompt: &Prompt, area: Rect) -> (Vec<Row>, u16) {
    let password = Row::default()
        .with(Tone::Strong, label(area))
        .with(Tone::Text, bullets(prompt, area).0);
    if area.height < 7 {
        let words = prompt
            .words
            .iter()
            .map(|words| Row::default().with(Tone::Alert, words.as_str()));
        return (std::iter::once(password).chain(words).collect(), 0);
    }
    let mut rows = vec![
        Row::default()
            .with(Tone::Text, "Sign in as ")
            .with(Tone::Strong, app.me.as_str()),
        Row::default().with(Tone::Faint, format!("on {}", app.server)),
        Row::default(),
        password,
        Row::default(),
    ];
    let columns = usize::from(area.width).clamp(8, 52);
    if !prompt.has_keys {
        rows[3] = Row::default().with(Tone::Strong, "Press Enter to type the password");
    }
    let words = prompt.words.as_deref().unwrap_or_default();
    rows.extend(
        wrap(words, columns)
            .into_iter()
            .map(|line| Row::default().with(Tone::Alert, line)),
    );
    (rows, 3)
}

fn label(area: Rect) -> &'static str {
    if area.width < 20 { "" } else { LABEL }
}

/// The bullets, and the cursor's column among them.
fn bullets(prompt: &Prompt, area: Rect) -> (String, usize) {
    let room = usize::from(area.width).saturating_sub(label(area).len());
    prompt.bullets(room.min(BULLETS))
}
