//! The help panel: what this user can do here by key and by command, and what the signs mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{below, put};
use crate::app::{App, Row, Tone};
use crate::command::{COMMANDS, GOING, MODERATION, READING};
use crate::keymap::{ANYWHERE, SELECTED};
use crate::theme::Theme;
use crate::wrap::{width, wrap};

/// Columns of a key.
const KEY_COLUMNS: usize = 17;
/// Columns of a command with what follows it.
const USAGE_COLUMNS: usize = 30;
/// Columns of words at least; below, they stand in rows of their own.
const WORDS: usize = 24;
/// What the signs at names and messages mean.
const SIGNS: [(&str, &str); 5] = [
    ("@ + $", "administrator, moderator, VIP"),
    ("~", "looks like the name of somebody of rank, or yours"),
    ("… !", "being sent, not sent"),
    (">> *", "selected, marked"),
    ("<<", "a mention"),
];

pub(super) fn draw(app: &App, scrolled: usize, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let rows = rows(app, usize::from(area.width));
    let height = usize::from(area.height);
    let most = rows.len().saturating_sub(height);
    let first = scrolled.min(most);
    for (row, line) in rows.iter().skip(first).zip(0..area.height) {
        put(row, theme, below(area, line), buffer);
    }
    let below_it = rows.len().saturating_sub(first + height);
    if below_it > 0 && height > 2 {
        // The last row says that there is more.
        let words = format!(" {} more rows: PgDn", below_it + 1);
        let line = below(area, area.height - 1);
        let blank = " ".repeat(usize::from(area.width));
        put(&Row::default().with(Tone::Text, blank), theme, line, buffer);
        put(
            &Row::default().with(Tone::Strong, words),
            theme,
            line,
            buffer,
        );
    }
}

/// Rows of the help at this width.
pub(super) fn rows(app: &App, columns: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let title = |words: &str| Row::default().with(Tone::Faint, format!(" {words}"));
    rows.push(title("Keys"));
    for binding in ANYWHERE {
        let keys = app.keymap.keys_of(&binding.action);
        // The rooms are nine rows of the same.
        if keys.is_empty()
            || !app.may_act(&binding.action)
            || binding.name.starts_with("room-") && binding.name != "room-1"
        {
            continue;
        }
        let keys = match binding.name {
            "room-1" => "Alt+1 .. Alt+9".to_owned(),
            _ => keys.join(" "),
        };
        let words = if binding.name == "room-1" {
            "go to a room"
        } else {
            binding.words
        };
        pair(&keys, KEY_COLUMNS, words, columns, &mut rows);
    }
    rows.push(title("While a message is selected"));
    for binding in SELECTED {
        if !app.may_press(binding.action) {
            continue;
        }
        let keys = app.keymap.selected_keys_of(binding.action);
        if !keys.is_empty() {
            pair(
                &keys.join(" "),
                KEY_COLUMNS,
                binding.words,
                columns,
                &mut rows,
            );
        }
    }
    rows.push(title("Commands (//text sends /text)"));
    for (name, _, words) in &COMMANDS {
        pair(&format!("/{name}"), KEY_COLUMNS, words, columns, &mut rows);
    }
    for (name, usage, words) in GOING.iter().chain(&READING) {
        let typed = format!("/{name} {usage}");
        pair(typed.trim_end(), KEY_COLUMNS, words, columns, &mut rows);
    }
    if app.is_moderator() {
        rows.push(title("Moderation (names with or without @)"));
    }
    for (name, usage, words) in MODERATION.iter().filter(|(name, ..)| app.may_use(name)) {
        let typed = format!("/{name} {usage}");
        pair(typed.trim_end(), USAGE_COLUMNS, words, columns, &mut rows);
    }
    rows.push(title("Signs"));
    for (signs, words) in SIGNS {
        pair(signs, KEY_COLUMNS, words, columns, &mut rows);
    }
    rows
}

fn pair(name: &str, least: usize, words: &str, columns: usize, rows: &mut Vec<Row>) {
    let indent = least + 2;
    let head = Row::default().with(Tone::Strong, format!(" {name:<least$} "));
    let left = columns.saturating_sub(indent + 1);
    if left < WORDS || width(name) > least {
        rows.push(Row::default().with(Tone::Strong, format!(" {name}")));
        for line in wrap(words, columns.saturating_sub(4).max(8)) {
            rows.push(Row::default().with(Tone::Text, format!("   {line}")));
        }
        return;
    }
    let mut lines = wrap(words, left).into_iter();
    rows.push(head.with(Tone::Text, lines.next().unwrap_or_default()));
    for line in lines {
        rows.push(Row::default().with(Tone::Text, format!("{}{line}", " ".repeat(indent))));
    }
}
