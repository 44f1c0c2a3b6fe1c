//! The help panel: what this user can do here by key and by command, what is needed most first, and what
//! the signs mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{below, put};
use crate::app::{App, Row, Tone};
use crate::command::{ACTING, COMMANDS, GOING, MODERATION, READING, command_of};
use crate::keymap::{ANYWHERE, Action, Binding, SELECTED};
use crate::theme::Theme;
use crate::wrap::{width, wrap};

/// Columns of a key.
const KEY_COLUMNS: usize = 17;
/// Columns of a command with what follows it.
const USAGE_COLUMNS: usize = 30;
/// Columns of words at least; below, they stand in rows of their own.
const WORDS: usize = 24;
/// The keys that are needed first, in this order; the others follow in that of the table.
const FIRST: [&str; 18] = [
    "help",
    "submit",
    "newline",
    "complete",
    "select",
    "page-up",
    "page-down",
    "end",
    "next-mention",
    "find",
    "palette",
    "room-1",
    "next-room",
    "previous-room",
    "escape",
    "delete-or-quit",
    "take-back",
    "held",
];
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
    rows.push(title("Keys, and the commands that do the same"));
    for binding in in_order().filter(|binding| !edits(&binding.action)) {
        // The rooms are nine rows of the same.
        let is_room = matches!(binding.action, Action::Room(_));
        // Home and End say what these do.
        let is_said = matches!(binding.action, Action::Top | Action::Bottom);
        if is_said || is_room && binding.name != "room-1" || !app.may_act(&binding.action) {
            continue;
        }
        let keys = app.keymap.keys_of(&binding.action);
        let keys = match is_room && keys == ["Alt+1"] {
            true => "Alt+1 .. Alt+9".to_owned(),
            false => two(keys),
        };
        let words = if is_room {
            "go to a room"
        } else {
            binding.words
        };
        let words = match command_of(&binding.action) {
            Some(name) => format!("{words} (/{name})"),
            None => words.to_owned(),
        };
        let keys = if keys.is_empty() { "no key" } else { &keys };
        pair(keys, KEY_COLUMNS, &words, columns, &mut rows);
    }
    rows.push(title("While a message is selected"));
    for binding in SELECTED {
        if !app.may_press(binding.action) {
            continue;
        }
        let keys = app.keymap.selected_keys_of(binding.action);
        if !keys.is_empty() {
            let keys = keys.join(" ");
            pair(&keys, KEY_COLUMNS, binding.words, columns, &mut rows);
        }
    }
    if app.is_moderator() {
        rows.push(title("Moderation (names with or without @)"));
    }
    for (name, usage, words) in MODERATION.iter().filter(|(name, ..)| app.may_use(name)) {
        let typed = format!("/{name} {usage}");
        pair(typed.trim_end(), USAGE_COLUMNS, words, columns, &mut rows);
    }
    rows.push(title("Other commands (//text sends /text)"));
    let with_key = |name: &str| {
        let mut keys = ANYWHERE.iter();
        keys.any(|binding| command(binding) == name && name != "room")
    };
    let plain = COMMANDS.iter().chain(&ACTING);
    let plain = plain.map(|(name, _, words)| (*name, "", *words));
    for (name, usage, words) in GOING.iter().chain(&READING).copied().chain(plain) {
        // Those with a key stand above, but what follows them does not.
        if !with_key(name) || !usage.is_empty() {
            let typed = format!("/{name} {usage}");
            pair(typed.trim_end(), KEY_COLUMNS, words, columns, &mut rows);
        }
    }
    rows.push(title("Signs"));
    for (signs, words) in SIGNS {
        pair(signs, KEY_COLUMNS, words, columns, &mut rows);
    }
    rows.push(title("Editing"));
    flow(app, columns, &mut rows);
    rows
}

fn in_order() -> impl Iterator<Item = &'static Binding<Action>> {
    let of_name = |name: &&str| ANYWHERE.iter().find(|binding| binding.name == *name);
    let first = FIRST.iter().filter_map(of_name);
    first.chain(ANYWHERE.iter().filter(|one| !FIRST.contains(&one.name)))
}

/// The first two: more would not fit.
fn two(mut keys: Vec<String>) -> String {
    keys.truncate(2);
    keys.join(" ")
}

/// Its command; empty where it has none.
fn command(binding: &Binding<Action>) -> &'static str {
    command_of(&binding.action).unwrap_or_default()
}

/// Keys that everybody knows who knows any editor.
fn edits(action: &Action) -> bool {
    let first = [Action::Submit, Action::Newline, Action::Complete];
    command_of(action).is_none() && !first.contains(action)
}

/// The keys that edit, one behind the other.
fn flow(app: &App, columns: usize, rows: &mut Vec<Row>) {
    let mut parts = Vec::new();
    for binding in ANYWHERE.iter().filter(|binding| edits(&binding.action)) {
        if let Some(key) = app.keymap.keys_of(&binding.action).first() {
            parts.push(format!("{key} {}", binding.words));
        }
    }
    for line in wrap(&parts.join(", "), columns.saturating_sub(2).max(8)) {
        rows.push(Row::default().with(Tone::Text, format!(" {line}")));
    }
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
