//! From an entry to its rows at a width: columns, wrapping, hanging indent. Pure; must not know which
//! rows are visible.

use std::borrow::Cow;

use chat_protocol::{Rank, seen_ends};
use jiff::civil::Date;

use super::entry::{Cause, Entry, Kind, Post, Stamp, Status};
use crate::app::row::{Row, Tone};
use crate::wrap::{truncate, width, wrap};

/// Columns that text gets at least before the columns beside it give way.
const TEXT_COLUMNS: usize = 8;

/// The columns of a timeline at a width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) width: u16,
    time: bool,
    /// Columns for names; `None` where names stand in front of the text.
    nick: Option<usize>,
}

impl Geometry {
    /// What fits: times from 60 columns on, a column of names from 30 on, a wide one on wide screens.
    pub(crate) fn new(width: u16) -> Self {
        Self {
            width,
            time: width >= 60,
            nick: match width {
                0..30 => None,
                30..100 => Some(9),
                100..140 => Some(12),
                140.. => Some(16),
            },
        }
    }

    /// The column where text begins.
    fn indent(&self) -> usize {
        let time = if self.time { 6 } else { 0 };
        match self.nick {
            Some(columns) => time + columns + 2,
            None => 1,
        }
    }

    /// Columns for text.
    fn text(&self) -> usize {
        usize::from(self.width)
            .saturating_sub(self.indent())
            .max(TEXT_COLUMNS)
    }
}

/// The glyph of a rank, so that colour is not its only sign: `@` administrator, `+` moderator,
/// `$` VIP.
pub(crate) fn glyph(rank: Rank) -> &'static str {
    match rank {
        Rank::Administrator => "@",
        Rank::Moderator => "+",
        Rank::Vip => "$",
        Rank::User => " ",
    }
}

/// What is taken for the sign of a rank: those, their wide and small forms, and letters and signs of the
/// same shape (Tifinagh yat, Carian, runes).
const LIKE_GLYPHS: [char; 13] = [
    '@',
    '+',
    '$',
    '＠',
    '＋',
    '＄',
    '﹫',
    '﹢',
    '﹩',
    '\u{2d5c}',
    '\u{1029b}',
    '\u{16ed}',
    '\u{2d6}',
];

/// A name beside which a glyph stands. One that begins or ends as if it had one already, whatever
/// marks are on that, is between quotation marks, which no name holds.
pub(crate) fn unranked(name: &str) -> Cow<'_, str> {
    let is_like = |(first, last): (char, char)| {
        LIKE_GLYPHS.contains(&first) || LIKE_GLYPHS.contains(&last) || matches!(last, '!' | '…')
    };
    match seen_ends(name).is_some_and(is_like) {
        true => Cow::Owned(format!("“{name}”")),
        false => Cow::Borrowed(name),
    }
}

/// The rows of an entry; at least one.
pub(crate) fn rows(entry: &Entry, geometry: Geometry) -> Vec<Row> {
    match &entry.kind {
        Kind::Post(post) => post_rows(post, entry.stamp, geometry),
        Kind::Notice(tone, text) => notice_rows(*tone, text, entry.stamp, geometry),
        Kind::Gap => vec![rule(
            "messages may be missing here",
            Tone::Waiting,
            geometry,
        )],
    }
}

/// A line across the screen with words in its middle.
pub(crate) fn rule(words: &str, tone: Tone, geometry: Geometry) -> Row {
    let columns = usize::from(geometry.width);
    let words = truncate(words, columns.saturating_sub(4));
    let dashes = columns.saturating_sub(width(&words) + 2);
    let left = dashes / 2;
    Row::default().with(
        tone,
        format!("{} {words} {}", "-".repeat(left), "-".repeat(dashes - left)),
    )
}

/// The line that begins a day.
pub(crate) fn day_rule(date: Date, geometry: Geometry) -> Row {
    rule(
        &date.strftime("%a %-d %b %Y").to_string(),
        Tone::Faint,
        geometry,
    )
}

fn post_rows(post: &Post, stamp: Stamp, geometry: Geometry) -> Vec<Row> {
    let columns = geometry.text();
    let mut lines: Vec<(Tone, String)> = Vec::new();
    if let Some(quote) = &post.quote {
        lines.push((
            Tone::Faint,
            truncate(&format!("> {quote}"), columns).into_owned(),
        ));
    } else if post.reply_to.is_some() {
        lines.push((
            Tone::Faint,
            truncate("> an earlier message", columns).into_owned(),
        ));
    }
    let (tone, content) = match &post.status {
        Status::Posted | Status::Failed(..) => (Tone::Text, &*post.content),
        Status::Mentions => (Tone::Mention, &*post.content),
        Status::Pending => (Tone::Pending, &*post.content),
        Status::Deleted(_) => (Tone::Faint, ""),
    };
    let name = inline_name(post, geometry);
    let body = format!("{name}{content}");
    match &post.status {
        Status::Deleted(by) => lines.push((tone, format!("{name}[deleted by {by}]"))),
        _ => lines.extend(
            wrap(&body, columns)
                .into_iter()
                .map(|line| (tone, line.to_owned())),
        ),
    }
    if let Status::Failed(cause, reason) = &post.status {
        let keys = match cause {
            Cause::Passing => "Enter on an empty line sends it again",
            Cause::Unconfirmed | Cause::ForGood => "on an empty line, Up edits it, Esc drops it",
        };
        let words = format!("not sent: {reason} ({keys})");
        lines.extend(
            wrap(&words, columns)
                .into_iter()
                .map(|line| (Tone::Alert, line.to_owned())),
        );
    }
    let mut rows: Vec<Row> = lines
        .into_iter()
        .enumerate()
        .map(|(number, (tone, line))| match number {
            0 => first_row(post, stamp, geometry).with(tone, line),
            _ => continued_row(post.reply_to.is_some() && number == 1, geometry).with(tone, line),
        })
        .collect();
    if post.status == Status::Mentions {
        mark_mention(&mut rows, geometry);
    }
    rows
}

/// The words that stand for the colour of a mention, at the end of its last row where there is room.
fn mark_mention(rows: &mut [Row], geometry: Geometry) {
    const MARK: &str = "   << mention";
    let Some(last) = rows.last_mut() else { return };
    let used: usize = last.0.iter().map(|piece| width(&piece.text)).sum();
    if used + MARK.len() <= usize::from(geometry.width) {
        *last = std::mem::take(last).with(Tone::Faint, MARK);
    }
}

fn first_row(post: &Post, stamp: Stamp, geometry: Geometry) -> Row {
    let mut row = Row::default();
    if geometry.time {
        row = row.with(Tone::Faint, format!("{} ", clock(stamp)));
    }
    let Some(columns) = geometry.nick else {
        return row;
    };
    let name = unranked(&post.author.name);
    let name = truncate(&name, columns);
    let padding = " ".repeat(columns.saturating_sub(width(&name)));
    let (tone, sign) = match post.status {
        Status::Pending => (Tone::Faint, "…"),
        Status::Failed(..) => (Tone::Alert, "!"),
        _ => (Tone::Strong, glyph(post.author.rank)),
    };
    row.with(Tone::Text, padding)
        .with(Tone::Nick(post.author.hash), name)
        .with(tone, sign)
        .with(Tone::Text, " ")
}

/// The name in front of the text where there is no column for names.
fn inline_name(post: &Post, geometry: Geometry) -> String {
    if geometry.nick.is_some() {
        return String::new();
    }
    let sign = match post.status {
        Status::Pending => "…",
        Status::Failed(..) => "!",
        _ => glyph(post.author.rank).trim(),
    };
    format!("{}{sign}: ", unranked(&post.author.name))
}

/// The start of a row that goes on with a message. `fresh` is for the first row of the text below a
/// quote: it needs no sign that it goes on.
fn continued_row(fresh: bool, geometry: Geometry) -> Row {
    let indent = geometry.indent();
    if fresh || geometry.nick.is_none() {
        return Row::default().with(Tone::Text, " ".repeat(indent));
    }
    Row::default()
        .with(Tone::Text, " ".repeat(indent - 4))
        .with(Tone::Faint, "|")
        .with(Tone::Text, "   ")
}

fn notice_rows(tone: Tone, text: &str, stamp: Stamp, geometry: Geometry) -> Vec<Row> {
    let time = if geometry.time {
        format!("{} ", clock(stamp))
    } else {
        String::new()
    };
    let indent = time.len() + 3;
    let columns = usize::from(geometry.width).saturating_sub(indent);
    wrap(text, columns.max(TEXT_COLUMNS))
        .into_iter()
        .enumerate()
        .map(|(number, line)| match number {
            0 => Row::default()
                .with(Tone::Faint, format!("{time} - "))
                .with(tone, line),
            _ => Row::default()
                .with(Tone::Text, " ".repeat(indent))
                .with(tone, line),
        })
        .collect()
}

fn clock(stamp: Stamp) -> String {
    format!("{:02}:{:02}", stamp.hour, stamp.minute)
}
