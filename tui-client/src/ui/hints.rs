//! The hint line: what can be done now, and how many errors there were.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, put_right};
use crate::app::{App, Panel, Row, Tone};
use crate::command::usage;
use crate::theme::Theme;
use crate::wrap::truncate;

pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let count = app.errors.count();
    let tone = if count > 0 { Tone::Alert } else { Tone::Faint };
    let errors = Row::default().with(tone, format!("F2 errors:{count} "));
    let taken: usize = errors.columns();
    let left = usize::from(area.width).saturating_sub(taken + 1);
    let usage = match app.panel {
        Panel::None if !app.question_has_keys() && app.paste.is_none() => usage_hint(app),
        _ => None,
    };
    let leaving = app.leaving_words();
    let (tone, words) = leaving
        .or(usage)
        .or_else(|| asked_hint(app))
        .unwrap_or_else(|| {
            let (tone, words) = hint(app);
            (tone, words.to_owned())
        });
    let row = Row::default().with(tone, truncate(&format!(" {words}"), left));
    let used = put(&row, theme, area, buffer);
    put_right(&errors, theme, area, used, buffer);
}

/// How the moderation command is used that is being typed.
fn usage_hint(app: &App) -> Option<(Tone, String)> {
    let (name, usage, words) = usage(app.room().composer.text())?;
    Some((Tone::Faint, format!("/{name} {usage}: {words}")))
}

/// That other rooms wait for the password, while this one goes on.
fn asked_hint(app: &App) -> Option<(Tone, String)> {
    let (rooms, first) = app.asked_for().filter(|_| app.question().is_none())?;
    let plural = if rooms == 1 { " needs" } else { "s need" };
    let key = match first {
        0..9 => format!("Alt+{}", first + 1),
        _ => "Ctrl+N".to_owned(),
    };
    let words = format!("{rooms} room{plural} the password: press {key} to give it");
    Some((Tone::Waiting, words))
}

fn hint(app: &App) -> (Tone, &'static str) {
    let room = app.room();
    let is_empty = room.composer.is_empty();
    if app.question_has_keys() {
        return (
            Tone::Faint,
            "Enter sign in  Esc back to the input  Ctrl+C quit",
        );
    }
    if app.question().is_some() {
        return (Tone::Waiting, "Enter type the password  Ctrl+C quit");
    }
    if app.paste.is_some() {
        return (Tone::Waiting, "Enter paste  Esc cancel");
    }
    match app.panel {
        Panel::Errors(_) => return (Tone::Faint, "PgUp/PgDn scroll  Esc close"),
        Panel::Help(_) => return (Tone::Faint, "PgUp/PgDn scroll  Esc close"),
        Panel::None => {}
    }
    if is_empty && room.timeline.failed() > 0 {
        let (again, stuck) = (room.timeline.retriable(app.now()), room.timeline.stuck());
        let words = match (again, stuck) {
            (_, 0) => "Enter send again  /discard discard it",
            (0, _) => "Up edit the refused message  Esc discard it",
            _ => "Enter send again  Up edit the refused message  Esc discard it",
        };
        return (Tone::Waiting, words);
    }
    if room.composer.text().starts_with('/') {
        return (
            Tone::Faint,
            "/help lists all  /who /history /errors /quit   //text sends /text",
        );
    }
    if !is_empty {
        return (
            Tone::Faint,
            "Enter send  Alt+Enter new line  Ctrl+C clear  Up previous message",
        );
    }
    if app.rooms.len() > 1 {
        return (
            Tone::Faint,
            "Alt+1..9 rooms  PgUp scroll  / commands  Ctrl+D quit",
        );
    }
    (Tone::Faint, "PgUp scroll  / commands  F1 help  Ctrl+D quit")
}
