//! The help panel: keys and commands.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{below, put};
use crate::app::{Row, Tone};
use crate::command::{COMMANDS, MODERATION, READING};
use crate::theme::Theme;

/// Columns of a key or command.
const NAME_COLUMNS: usize = 17;
/// Columns of a command with what follows it.
const USAGE_COLUMNS: usize = 30;
/// The keys with what they do.
const KEYS: [(&str, &str); 17] = [
    ("Enter", "send; on an empty line, resend what was not sent"),
    ("Alt+Enter Ctrl+J", "new line"),
    ("Tab", "complete a command or a name; again, the next match"),
    ("Up Down", "move by line, then through sent messages"),
    ("PgUp PgDn", "scroll; older messages load at the top"),
    (
        "Home End",
        "oldest and newest message (while typing: Ctrl+Home, Ctrl+End)",
    ),
    ("Alt+1..9", "go to a room by its number"),
    (
        "Ctrl+N Ctrl+P",
        "next and previous room (or Alt+Right, Alt+Left)",
    ),
    ("Ctrl+A Ctrl+E", "start and end of the line"),
    (
        "Alt+B Alt+F",
        "one word back or forward (or Ctrl+Left, Ctrl+Right)",
    ),
    (
        "Ctrl+U Ctrl+K",
        "cut to the start or to the end of the line",
    ),
    ("Ctrl+W Alt+D", "cut one word back or forward"),
    ("Ctrl+Y", "paste what was cut"),
    ("F1 F2 Esc", "this help, errors, close them"),
    ("Ctrl+L", "redraw the screen"),
    ("Ctrl+Z", "suspend; type fg in the shell to come back"),
    ("Ctrl+C Ctrl+D", "clear the input; on an empty line, quit"),
];

pub(super) fn draw(scrolled: usize, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let title = |words: &str| Row::default().with(Tone::Faint, format!(" {words}"));
    let mut rows = vec![title("Keys")];
    rows.extend(
        KEYS.iter()
            .map(|(keys, words)| pair(keys, NAME_COLUMNS, words)),
    );
    rows.push(title("Commands (//text sends /text)"));
    rows.extend(
        COMMANDS
            .iter()
            .map(|(name, _, words)| pair(&format!("/{name}"), NAME_COLUMNS, words)),
    );
    rows.extend(
        READING
            .iter()
            .map(|(name, usage, words)| pair(&format!("/{name} {usage}"), NAME_COLUMNS, words)),
    );
    rows.push(title("Moderation (names with or without @)"));
    rows.extend(
        MODERATION
            .iter()
            .map(|(name, usage, words)| pair(&format!("/{name} {usage}"), USAGE_COLUMNS, words)),
    );
    rows.push(title("Signs"));
    rows.push(pair("@ + $", NAME_COLUMNS, "administrator, moderator, VIP"));
    rows.push(pair("… !", NAME_COLUMNS, "being sent, not sent"));
    let most = rows.len().saturating_sub(usize::from(area.height));
    for (row, line) in rows.iter().skip(scrolled.min(most)).zip(0..area.height) {
        put(row, theme, below(area, line), buffer);
    }
}

fn pair(name: &str, columns: usize, words: &str) -> Row {
    Row::default()
        .with(Tone::Strong, format!(" {name:<columns$} "))
        .with(Tone::Text, words)
}
