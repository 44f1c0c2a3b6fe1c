//! The password prompt: who signs in where, bullets, and the server's words where it refused. The
//! questions for another password look the same.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{below, put};
use crate::app::{App, PasswordChange, Prompt, Row, Tone};
use crate::theme::Theme;
use crate::wrap::wrap;

/// Bullets shown at most: how long a password is need not be seen.
const BULLETS: usize = 40;
const LABEL: &str = "Password: ";
const AGAIN: &str = "Password again: ";

/// What a prompt says beside what is typed.
struct Question<'text> {
    prompt: &'text Prompt,
    label: &'static str,
    head: Vec<Row>,
}

/// Draws the prompt; where the cursor is.
pub(super) fn draw(
    app: &App,
    prompt: &Prompt,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let note = match prompt.repeats.is_some() {
        true => "Esc goes back",
        false => "A new name creates an account.",
    };
    let head = vec![
        Row::default()
            .with(Tone::Text, "Sign in as ")
            .with(Tone::Strong, app.me.as_str()),
        Row::default().with(Tone::Faint, format!("on {}", app.server)),
        Row::default().with(Tone::Faint, note),
        Row::default(),
    ];
    let label = match prompt.repeats.is_some() {
        true => AGAIN,
        false => LABEL,
    };
    let question = Question {
        prompt,
        label,
        head,
    };
    draw_question(&question, theme, area, buffer)
}

/// Draws the questions for another password; where the cursor is.
pub(super) fn draw_change(
    app: &App,
    change: &PasswordChange,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let head = vec![
        Row::default()
            .with(Tone::Text, "Change the password of ")
            .with(Tone::Strong, app.me.as_str()),
        Row::default().with(
            Tone::Faint,
            "Other clients are signed out. Esc leaves it as it is.",
        ),
        Row::default(),
    ];
    let question = Question {
        prompt: &change.prompt,
        label: change.label(),
        head,
    };
    draw_question(&question, theme, area, buffer)
}

fn draw_question(
    question: &Question<'_>,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let (rows, password_row) = rows(question, area);
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
    let (_, column) = bullets(question, area);
    Some(Position {
        x: (top.x + u16::try_from(label(question, area).len() + column).ok()?),
        y: top.y + password_row,
    })
}

/// The rows, and which of them the password is on. A screen with few rows shows that one alone.
fn rows(question: &Question<'_>, area: Rect) -> (Vec<Row>, u16) {
    let prompt = question.prompt;
    let password = Row::default()
        .with(Tone::Strong, label(question, area))
        .with(Tone::Text, bullets(question, area).0);
    let columns = usize::from(area.width).clamp(8, 52);
    let words = prompt.words.as_deref().unwrap_or_default();
    let words = wrap(words, columns)
        .into_iter()
        .map(|line| Row::default().with(Tone::Alert, line));
    if usize::from(area.height) < question.head.len() + 4 {
        return (std::iter::once(password).chain(words).collect(), 0);
    }
    let mut rows = question.head.clone();
    let place = u16::try_from(rows.len()).unwrap_or(0);
    rows.push(match prompt.has_keys {
        true => password,
        false => Row::default().with(Tone::Strong, "Press Enter to type the password"),
    });
    rows.push(Row::default());
    rows.extend(words);
    (rows, place)
}

fn label(question: &Question<'_>, area: Rect) -> &'static str {
    match usize::from(area.width) < question.label.len() + 10 {
        true => "",
        false => question.label,
    }
}

/// The bullets, and the cursor's column among them.
fn bullets(question: &Question<'_>, area: Rect) -> (String, usize) {
    let room = usize::from(area.width).saturating_sub(label(question, area).len());
    question.prompt.bullets(room.min(BULLETS))
}
