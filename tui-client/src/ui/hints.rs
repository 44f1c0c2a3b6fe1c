//! The line of hints: the keys that answer a question or act on what is picked, else what the client
//! says, else what can be done now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::put;
use crate::app::{App, Bar, DIGITS, Length, Panel, Row, Tone};
use crate::command::usage;
use crate::theme::Theme;
use crate::wrap::{truncate, width};

/// What a search understands, and its keys.
const FIND_KEYS: &str =
    "words  from:NAME  is:mod  has:link  /regex/  -not   Enter select  Esc close";

pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let row = match (&app.bar, app.answers.shown()) {
        (Some(bar), _) => bar_keys(app, bar, columns),
        (None, Some((answer, waiting))) if app.answers.hinted().is_none() => {
            let more = match waiting {
                0 => String::new(),
                waiting => format!(" +{waiting}"),
            };
            let left = columns.saturating_sub(width(&more) + 1);
            Row::default()
                .with(answer.tone, truncate(&format!(" {}", answer.text), left))
                .with(Tone::Faint, more)
        }
        (None, None) if app.candidates().is_some() => candidates(app, columns),
        (None, _) => {
            let (tone, words) = words(app);
            Row::default().with(tone, truncate(&format!(" {words}"), columns))
        }
    };
    put(&row, theme, area, buffer);
}

/// What Tab goes through, beginning with what stands in the input.
fn candidates(app: &App, columns: usize) -> Row {
    let (all, place) = app.candidates().unwrap_or_default();
    let mut row = Row::default().with(Tone::Text, " ");
    let mut left = columns.saturating_sub(1);
    for number in 0..all.len() {
        let name = &all[(place + number) % all.len()];
        if width(name) > left {
            break;
        }
        let tone = if number == 0 {
            Tone::Active
        } else {
            Tone::Faint
        };
        row = row.with(tone, name.as_str()).with(Tone::Faint, "  ");
        left = left.saturating_sub(width(name) + 2);
    }
    row
}

fn words(app: &App) -> (Tone, String) {
    if let Some(words) = app.answers.hinted() {
        return (Tone::Strong, words.to_owned());
    }
    if let Some(words) = app.leaving_words() {
        return words;
    }
    if app.palette.is_some() {
        let words = "Enter go  Up/Down pick  @ people  # rooms  / commands  = settings  Esc close";
        return (Tone::Faint, words.to_owned());
    }
    if app.is_picking() {
        return (Tone::Faint, picking_keys(app));
    }
    if let Some(finder) = app.finder() {
        return match &finder.problem {
            Some(problem) => (Tone::Alert, problem.clone()),
            None => (Tone::Faint, FIND_KEYS.to_owned()),
        };
    }
    if app.recall().is_some() {
        let words = "Ctrl+R older  Enter take it  Esc back to the draft";
        return (Tone::Faint, words.to_owned());
    }
    let usage = match app.panel {
        None if !app.question_has_keys() && app.paste.is_none() => usage_hint(app),
        _ => None,
    };
    usage.or_else(|| asked_hint(app)).unwrap_or_else(|| {
        let (tone, words) = hint(app);
        (tone, words.to_owned())
    })
}

/// ` Enter yes | 1 60s 2 10m 3 1h 4 1d 5 7d 0 for good | a delete on | w spam | Esc no`
fn bar_keys(app: &App, bar: &Bar, columns: usize) -> Row {
    if app.reason_typing {
        let words = format!(" Reason: {}_  (Enter when done)", bar.reason);
        let cut = width(&words).saturating_sub(columns);
        let shown: String = words.chars().skip(cut).collect();
        return Row::default().with(Tone::Bar, shown);
    }
    let mut row = Row::default().with(Tone::Strong, " Enter yes");
    let mut part = |tone: Tone, words: String| {
        row = std::mem::take(&mut row).with(tone, words);
    };
    if bar.has_length() {
        part(Tone::Faint, " |".to_owned());
        for (digit, seconds, words) in DIGITS {
            let tone = match bar.length == Length::Seconds(seconds) {
                true => Tone::Active,
                false => Tone::Text,
            };
            part(Tone::Text, " ".to_owned());
            part(tone, format!("{digit} {words}"));
        }
        let tone = match bar.length == Length::Longest {
            true => Tone::Active,
            false => Tone::Text,
        };
        part(Tone::Text, " ".to_owned());
        part(tone, "0 for good".to_owned());
    }
    if bar.may_delete() {
        let on = if bar.deletes { "on" } else { "off" };
        part(Tone::Text, format!(" | a delete {on}"));
    }
    if bar.has_reason() {
        let reason = match bar.reason.is_empty() {
            true => "reason".to_owned(),
            false => truncate(&bar.reason, 16).into_owned(),
        };
        part(Tone::Text, format!(" | w {reason}"));
    }
    part(Tone::Strong, " Esc no".to_owned());
    row
}

fn picking_keys(app: &App) -> String {
    match app.panel.as_ref().map(|open| open.kind) {
        Some(Panel::Held) => "a approve  d reject  c card  t time out  b ban  Esc close".to_owned(),
        Some(_) => "c card  t time out  b ban  k kick  x delete all  Esc close".to_owned(),
        None if app.is_moderator() => {
            "r reply y copy c card f thread | t time out b ban x delete p pin | s like it"
                .to_owned()
        }
        None => "r reply  y copy  c card  f thread  Esc back".to_owned(),
    }
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
    match app.panel.as_ref().map(|open| open.kind) {
        Some(Panel::Help | Panel::Problems) => return (Tone::Faint, "PgUp/PgDn scroll  Esc close"),
        Some(_) => return (Tone::Faint, "Up/Down pick  PgUp/PgDn scroll  Esc close"),
        None => {}
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
            "/help lists all  /who /history /problems /quit   //text sends /text",
        );
    }
    if !is_empty {
        return (
            Tone::Faint,
            "Enter send  Alt+Enter new line  Ctrl+C clear  Up previous message",
        );
    }
    if room.is_covered() {
        let words = "Shift+Tab select a message  PgUp/PgDn scroll  Esc back  F1 help";
        return (Tone::Faint, words);
    }
    if room.shown().is_held() {
        let words = "PgDn down  End newest  Shift+Tab select  Ctrl+G next unread  F1 help";
        return (Tone::Faint, words);
    }
    if app.rooms.len() > 1 {
        return (
            Tone::Faint,
            "Alt+1..9 rooms  Shift+Tab select  PgUp scroll  / commands  F1 help",
        );
    }
    (
        Tone::Faint,
        "Shift+Tab select a message  PgUp scroll  / commands  F1 help  Ctrl+D quit",
    )
}
