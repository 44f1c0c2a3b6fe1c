//! The line of hints: the keys that answer a question or act on what is picked, else what the client
//! says, else what can be done now.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{put, put_right};
use crate::app::{App, Bar, DIGITS, Editor, Length, LinkState, Panel, Row, Tone, seconds_left};
use crate::command::usage;
use crate::keymap::SelectedAction;
use crate::theme::Theme;
use crate::wrap::{truncate, width};

/// What a search understands, and its keys.
const FIND_KEYS: &str =
    "words  from:NAME  is:mod  has:link  /regex/  -not   Enter select  Esc close";

/// Columns of a reason from which on there is room to say how it ends.
const DONE_FROM: usize = 20;

/// Draws the line; where the cursor is, while something is typed there.
pub(super) fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let columns = usize::from(area.width);
    let no_hint = app.answers.hinted().is_none();
    let row = match (&app.bar, app.answers.shown()) {
        (Some(bar), _) if no_hint => match &app.reason_typing {
            Some(reason) => return draw_reason(reason, theme, area, buffer),
            None => bar_keys(app, bar, columns),
        },
        // While something is picked the line above has it: what the letters do is always in sight.
        (None, Some(_)) if no_hint && !app.says_above() => said(app, columns),
        (None, None) if app.candidates().is_some() => candidates(app, columns),
        (_, _) => {
            let (tone, words) = words(app);
            Row::default().with(tone, truncate(&format!(" {words}"), columns))
        }
    };
    put(&row, theme, area, buffer);
    None
}

/// The reason that is being typed.
fn draw_reason(
    reason: &Editor,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    const LABEL: &str = " Reason: ";
    const DONE: &str = "Enter when done ";
    let columns = usize::from(area.width);
    let left = match columns.checked_sub(LABEL.len() + DONE.len() + DONE_FROM) {
        Some(more) => DONE_FROM + more,
        None => columns.saturating_sub(LABEL.len()),
    };
    let (text, cursor) = reason.window(left);
    let row = Row::default().with(Tone::Bar, LABEL).with(Tone::Text, text);
    put(&row, theme, area, buffer);
    let done = Row::default().with(Tone::Faint, DONE);
    let used = u16::try_from(LABEL.len() + left).unwrap_or(u16::MAX);
    put_right(&done, theme, area, used, buffer);
    let column = u16::try_from(LABEL.len() + cursor).unwrap_or(u16::MAX);
    (!area.is_empty()).then(|| Position {
        x: area.x + column.min(area.width - 1),
        y: area.y,
    })
}

/// What the client says, and how much more there is to come.
pub(super) fn said(app: &App, columns: usize) -> Row {
    let Some((answer, waiting)) = app.answers.shown() else {
        return Row::default();
    };
    let more = match waiting {
        0 => String::new(),
        waiting => format!(" +{waiting}"),
    };
    let left = columns.saturating_sub(width(&more) + 1);
    Row::default()
        .with(answer.tone, truncate(&format!(" {}", answer.text), left))
        .with(Tone::Faint, more)
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

/// ` Enter yes | 1 60s 2 10m 3 1h 4 1d 5 7d 0 for good | a delete on | w spam Esc no`; on narrow screens
/// the way out stands in front of what may be cut.
fn bar_keys(app: &App, bar: &Bar, columns: usize) -> Row {
    let yes = match seconds_left(bar.ready_at, app.now().elapsed) {
        0 => Row::default().with(Tone::Strong, "Enter yes"),
        left => Row::default().with(Tone::Waiting, format!("Enter counts in {left} s")),
    };
    let no = Row::default().with(Tone::Strong, "Esc no");
    let mut changes: Vec<Row> = Vec::new();
    if bar.has_length() {
        changes.push(length_keys(bar));
    }
    if bar.may_delete() {
        let on = if bar.deletes { "on" } else { "off" };
        changes.push(Row::default().with(Tone::Text, format!("a delete {on}")));
    }
    if bar.has_reason() {
        let reason = match bar.reason.is_empty() {
            true => "reason".to_owned(),
            false => truncate(&bar.reason, 16).into_owned(),
        };
        changes.push(Row::default().with(Tone::Text, format!("w {reason}")));
    }
    let all = |gap: &str, no_first: bool| {
        let mut row = Row::default().with(Tone::Text, " ");
        let mut add = |gap: &str, part: &Row| {
            row = std::mem::take(&mut row).with(Tone::Faint, gap);
            row.pieces.extend(part.pieces.iter().cloned());
        };
        add("", &yes);
        if no_first {
            add(" ", &no);
        }
        changes.iter().for_each(|part| add(gap, part));
        if !no_first {
            add(" ", &no);
        }
        row
    };
    let mut ways = [all(" | ", false), all("  ", false), all(" ", false)].into_iter();
    ways.find(|row| row.columns() <= columns)
        .unwrap_or_else(|| all(" ", true))
}

/// `1 60s 2 10m 3 1h 4 1d 5 7d 0 for good`, with the one that is chosen; 0 is the longest there is.
fn length_keys(bar: &Bar) -> Row {
    let mut row = Row::default();
    let lengths = DIGITS.map(|(digit, seconds, words)| (digit, Length::Seconds(seconds), words));
    let longest = ('0', Length::Longest, bar.longest());
    for (digit, length, words) in lengths.into_iter().chain([longest]) {
        let tone = match bar.length == length {
            true => Tone::Active,
            false => Tone::Text,
        };
        let gap = if row.pieces.is_empty() { "" } else { " " };
        row = row
            .with(Tone::Text, gap)
            .with(tone, format!("{digit} {words}"));
    }
    row
}

/// The letters that do something with what is picked, for this user: `r reply y copy | b ban`.
fn picking_keys(app: &App) -> String {
    use SelectedAction as Letter;
    const PEOPLE: &[(Letter, &str)] = &[
        (Letter::TimeOut, "time out"),
        (Letter::Ban, "ban"),
        (Letter::Kick, "kick"),
        (Letter::Delete, "delete all"),
    ];
    let groups: &[&[(Letter, &str)]] = match app.panel.as_ref().map(|open| open.kind) {
        Some(Panel::Held) => &[
            &[(Letter::Approve, "approve"), (Letter::Deny, "reject")],
            &[(Letter::Card, "card")],
            PEOPLE,
        ],
        Some(Panel::Card) => &[PEOPLE],
        Some(_) => &[&[(Letter::Card, "card")], PEOPLE],
        None => &[
            &[
                (Letter::Reply, "reply"),
                (Letter::Copy, "copy"),
                (Letter::Card, "card"),
                (Letter::Thread, "thread"),
            ],
            &[
                (Letter::TimeOut, "time out"),
                (Letter::Ban, "ban"),
                (Letter::Delete, "delete"),
                (Letter::Pin, "pin"),
            ],
            &[(Letter::LikeIt, "like it")],
        ],
    };
    let key_of = |action: Letter| app.keymap.selected_keys_of(action).into_iter().next();
    let is_offered = |action: Letter| match action {
        Letter::Delete => app.may_delete_picked(),
        other => app.may_press(other),
    };
    let groups = groups.iter().map(|group| {
        let keys = group.iter().filter(|(action, _)| is_offered(*action));
        let keys = keys.filter_map(|(action, words)| Some(format!("{} {words}", key_of(*action)?)));
        keys.collect::<Vec<_>>().join(" ")
    });
    let mut groups: Vec<String> = groups.filter(|group| !group.is_empty()).collect();
    if app.panel.is_some() {
        groups.push("Esc close".to_owned());
    }
    groups.join(" | ")
}

/// How the command is used that is being typed, or why this user may not use it.
fn usage_hint(app: &App) -> Option<(Tone, String)> {
    let text = app.room().composer.text();
    if let Some(words) = app.forbidden(text) {
        return Some((Tone::Alert, words));
    }
    let (name, usage, words) = usage(text)?;
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
    if is_empty && matches!(room.link, LinkState::Stopped { refused: false, .. }) {
        return (
            Tone::Waiting,
            "/reconnect tries again  F2 tells all that went wrong",
        );
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
