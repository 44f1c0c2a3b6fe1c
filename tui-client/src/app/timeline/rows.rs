//! From an entry to its rows at a width: columns, wrapping, hanging indent, what is folded. Pure; must
//! not know which rows are visible.

use std::borrow::Cow;
use std::ops::Range;

use chat_protocol::{Rank, seen_ends, shows};
use jiff::civil::Date;

use super::entry::{Cause, Entry, EntryId, Gap, Kind, Post, Stamp, Status};
use super::geometry::{Geometry, SIGN};
use crate::app::links;
use crate::app::row::{Link, Row, Tone};
use crate::wrap::{truncate, width, wrap, wrap_ranges};

/// A text of more rows than this is folded.
const FOLDED_FROM: usize = 12;
/// To so many rows; the next one says how many there are.
const FOLDED_TO: usize = 10;
/// Columns at the left of the column of names for what says that the entry is selected or marked.
const LOOK: usize = 3;

/// How an entry looks beyond what it says. Its rows are as many, whatever the look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Keys act on it.
    pub(crate) selected: bool,
    /// It is one of several that keys act on.
    pub(crate) marked: bool,
    /// Entries that say the same, to be told; 0 for nothing to tell.
    pub(crate) likes: usize,
}

/// What an entry's rows say of others.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// The start of the message that it answers, where that is known.
    pub(super) quote: Option<Box<str>>,
    /// Messages that are missing can be loaded.
    pub(super) is_loadable: bool,
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

/// A rank in a word, where there is room; empty for what everybody is.
pub(crate) fn rank_word(rank: Rank) -> &'static str {
    match rank {
        Rank::Administrator => "admin",
        Rank::Moderator => "mod",
        Rank::Vip => "VIP",
        Rank::User => "",
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
        LIKE_GLYPHS.contains(&first)
            || LIKE_GLYPHS.contains(&last)
            || matches!(last, '!' | '…' | '~')
            || matches!(first, '>' | '*')
    };
    match seen_ends(name).is_some_and(is_like) {
        true => Cow::Owned(format!("“{name}”")),
        false => Cow::Borrowed(name),
    }
}

/// The rows of an entry; at least one, and as many for every look.
pub(super) fn rows(entry: &Entry, geometry: Geometry, look: Look, around: &Around) -> Vec<Row> {
    let mut rows = match &entry.kind {
        Kind::Post(post) => {
            let rows = Rows {
                id: entry.id,
                post,
                stamp: entry.stamp,
                geometry,
                look,
                made: Vec::new(),
            };
            rows.of_post(around)
        }
        Kind::Notice(tone, text) => notice_rows(*tone, text, entry.stamp, geometry),
        Kind::Gap(gap) => vec![gap_row(*gap, geometry, look, around)],
    };
    let base = match look {
        Look { selected: true, .. } => Some(Tone::Selected),
        Look { marked: true, .. } => Some(Tone::Marked),
        _ => None,
    };
    for row in &mut rows {
        row.base = base;
    }
    rows
}

/// How many rows an entry has, as [`rows`] makes them. What most entries are is counted without making
/// them.
pub(super) fn count(entry: &Entry, geometry: Geometry, make: impl FnOnce() -> Vec<Row>) -> usize {
    let post = match entry.post() {
        Some(post) if post.status == Status::Posted && geometry.names.is_some() => post,
        _ => return make().len(),
    };
    let said = post.content();
    if said.starts_with(|first: char| !first.is_ascii_graphic()) || said.is_empty() {
        return make().len();
    }
    let wrapped = wrap_ranges(said, geometry.text()).len();
    let is_folded = wrapped > FOLDED_FROM && !post.is_open;
    let body = if is_folded { FOLDED_TO + 1 } else { wrapped };
    body + usize::from(post.reply_to().is_some())
}

/// A line across the screen with words in its middle.
pub(crate) fn rule(words: &str, tone: Tone, geometry: Geometry) -> Row {
    let columns = usize::from(geometry.width);
    let words = truncate(words, columns.saturating_sub(4));
    let dashes = columns.saturating_sub(width(&words) + 2);
    let left = dashes / 2;
    let line = format!("{} {words} {}", "-".repeat(left), "-".repeat(dashes - left));
    Row::default().with(tone, truncate(&line, columns))
}

/// The line that begins a day.
pub(super) fn day_rule(date: Date, geometry: Geometry) -> Row {
    rule(
        &date.strftime("%a %-d %b %Y").to_string(),
        Tone::Faint,
        geometry,
    )
}

/// A text to be broken into rows, with those parts of it that are something else than the rest.
struct Body {
    text: String,
    tone: Tone,
    /// In order, without overlaps.
    parts: Vec<(Range<usize>, Tone, Option<Link>)>,
}

impl Body {
    fn new(tone: Tone, text: String) -> Self {
        let parts = Vec::new();
        Self { text, tone, parts }
    }

    /// Tells the addresses in the text apart.
    fn find_links(&mut self, of: EntryId) {
        let from = self.parts.last().map_or(0, |(range, ..)| range.end);
        let found = links::links(&self.text[from..]);
        for (number, link) in (0u32..).zip(found) {
            let range = link.range.start + from..link.range.end + from;
            // Nearby messages have other numbers.
            #[allow(clippy::cast_possible_truncation)] // any number will do
            let id = (of.0 as u32).wrapping_mul(64).wrapping_add(number);
            let address = link.address;
            self.parts
                .push((range, self.tone, Some(Link { id, address })));
        }
    }

    /// Adds a row of the text.
    fn put(&self, mut row: Row, range: Range<usize>) -> Row {
        let mut from = range.start;
        for (part, tone, link) in &self.parts {
            let (start, end) = (part.start.max(from), part.end.min(range.end));
            if start < end {
                row = row.with(self.tone, &self.text[from..start]);
                row = row.with_link(*tone, &self.text[start..end], link.clone());
                from = end;
            }
        }
        row.with(self.tone, &self.text[from..range.end])
    }
}

/// The rows of one post while they are made.
struct Rows<'entry> {
    id: EntryId,
    post: &'entry Post,
    stamp: Stamp,
    geometry: Geometry,
    look: Look,
    made: Vec<Row>,
}

impl Rows<'_> {
    /// The start of the next row: the columns beside the text, or spaces in their place, so that what
    /// a mouse copies is the text alone.
    fn start(&self) -> Row {
        if self.made.is_empty() {
            return first_row(self.post, self.stamp, self.geometry, self.look);
        }
        Row::default().with(Tone::Text, " ".repeat(self.geometry.indent()))
    }

    fn push(&mut self, tone: Tone, text: &str) {
        let row = self.start().with(tone, text);
        self.made.push(row);
    }

    fn push_wrapped(&mut self, tone: Tone, text: &str) {
        for line in wrap(text, self.geometry.text()) {
            self.push(tone, line);
        }
    }

    /// A text of any length, folded where it is long and nobody opened it.
    fn push_body(&mut self, body: &Body) {
        let ranges = wrap_ranges(&body.text, self.geometry.text());
        let is_folded = ranges.len() > FOLDED_FROM && !self.post.is_open;
        let shown = if is_folded { FOLDED_TO } else { ranges.len() };
        for range in &ranges[..shown] {
            let row = body.put(self.start(), range.clone());
            self.made.push(row);
        }
        if is_folded {
            let words = format!("… {} more rows (Enter opens)", ranges.len() - shown);
            self.push(Tone::Faint, &truncate(&words, self.geometry.text()));
        }
    }

    /// All rows of the post.
    fn of_post(mut self, around: &Around) -> Vec<Row> {
        let (post, geometry) = (self.post, self.geometry);
        let quote = match (&around.quote, post.reply_to()) {
            (Some(quote), _) => Some(format!("> {quote}")),
            (None, Some(_)) => Some("> an earlier message".to_owned()),
            (None, None) => None,
        };
        // The name is in the first row, whatever that is: what follows hangs behind it.
        let has_quote = quote.is_some();
        if let Some(quote) = quote {
            match inline_name(post, geometry) {
                None => self.push(Tone::Faint, &truncate(&quote, geometry.text())),
                Some((name, sign)) => {
                    let name = truncate(&name, geometry.text() / 2).into_owned();
                    let left = geometry
                        .text()
                        .saturating_sub(width(&name) + width(sign) + 2);
                    let row = self.start().with(Tone::Nick(post.author.hash), name);
                    let row = row.with(Tone::Text, format!("{sign}: "));
                    self.made
                        .push(row.with(Tone::Faint, truncate(&quote, left)));
                }
            }
        }
        let name = inline_name(post, geometry).filter(|_| !has_quote);
        self.push_body(&body(post, self.id, name));
        if let Status::Failed(cause) = post.status {
            let keys = match cause {
                Cause::Passing => "Enter resends; selected, e edits, x discards",
                Cause::Unconfirmed | Cause::ForGood => "selected, e edits, x discards",
            };
            let words = format!("not sent: {} ({keys})", post.words());
            self.push_wrapped(Tone::Alert, &words);
        }
        if post.status == Status::Mentions {
            self.put_right(Tone::Mention, &["<< mention", "<<"], true);
        }
        if post.deleted_content().is_some() {
            let words = if post.is_open { "v hides" } else { "v shows" };
            self.put_right(Tone::Faint, &[words], false);
        }
        if self.look.likes > 0 {
            let words = format!("{} like it", self.look.likes);
            self.put_right(Tone::Strong, &[&words], false);
        }
        self.made
    }

    /// What stands at the right edge: in the last row that has room for it or, where that has to be
    /// seen, in one of its own.
    fn put_right(&mut self, tone: Tone, words: &[&str], is_needed: bool) {
        let columns = usize::from(self.geometry.width);
        for word in words {
            let fits = |row: &&mut Row| row.columns() + 1 + width(word) <= columns;
            let fitting = self.made.iter_mut().rev().filter(fits);
            // Where the edge is taken, what is asked for by a look is the newer.
            if let Some(row) = fitting.min_by_key(|row| row.right.is_some()) {
                *row = std::mem::take(row).with_right(tone, *word);
                return;
            }
        }
        if let Some(word) = words.last().filter(|_| is_needed) {
            self.made.push(Row::default().with_right(tone, *word));
        }
    }
}

fn gap_row(gap: Gap, geometry: Geometry, look: Look, around: &Around) -> Row {
    let words = match gap {
        Gap {
            is_loading: true, ..
        } => "loading missing messages",
        _ if around.is_loadable => "messages missing (Enter loads)",
        _ => "messages may be missing here",
    };
    let sign = match look {
        Look { selected: true, .. } => ">> ",
        Look { marked: true, .. } => "* ",
        _ => "",
    };
    rule(&format!("{sign}{words}"), Tone::Waiting, geometry)
}

/// What a post says, behind the name where it stands there.
fn body(post: &Post, id: EntryId, name: Option<(String, &'static str)>) -> Body {
    let (tone, said) = match post.status {
        _ if post.is_ignored && !post.is_open => (Tone::Faint, "[ignored] v shows".to_owned()),
        Status::Posted | Status::Failed(_) => (Tone::Text, post.content().to_owned()),
        Status::Mentions => (Tone::Mention, post.content().to_owned()),
        Status::Pending => (Tone::Pending, post.content().to_owned()),
        Status::Deleted => {
            let by = format!("[deleted by {}]", post.words());
            match post.deleted_content().filter(|_| post.is_open) {
                Some(said) => (Tone::Muted, format!("{by} {said}")),
                None => (Tone::Faint, by),
            }
        }
    };
    let blank = !post.is_deleted() && !shows(&said);
    let (tone, said) = match blank {
        true => (Tone::Faint, "[nothing to see]".to_owned()),
        false => (tone, said),
    };
    let mut body = match name {
        None => Body::new(tone, said),
        Some((name, sign)) => {
            let mut body = Body::new(tone, format!("{name}{sign}: {said}"));
            let tone = Tone::Nick(post.author.hash);
            body.parts.push((0..name.len(), tone, None));
            body
        }
    };
    if !post.is_deleted() && body.text.contains("://") {
        body.find_links(id);
    }
    body
}

fn first_row(post: &Post, stamp: Stamp, geometry: Geometry, look: Look) -> Row {
    let mut row = Row::default();
    let Some(columns) = geometry.names else {
        let sign = match look {
            Look { selected: true, .. } => ">",
            Look { marked: true, .. } => "*",
            _ => " ",
        };
        return row.with(Tone::Strong, sign);
    };
    if geometry.has_times() {
        row = row.with(Tone::Faint, format!("{} ", clock(stamp)));
    }
    let mut columns = usize::from(columns);
    let looked = match look {
        Look {
            selected: true,
            marked: true,
            ..
        } => ">>*",
        Look { selected: true, .. } => ">> ",
        Look { marked: true, .. } => " * ",
        _ => "",
    };
    if !looked.is_empty() {
        columns -= LOOK;
        row = row.with(Tone::Strong, looked);
    }
    let name = unranked(&post.author.name);
    let name = truncate(&name, columns);
    let padding = " ".repeat(columns.saturating_sub(width(&name)));
    let (tone, sign) = sign(post);
    row.with(Tone::Text, padding)
        .with(Tone::Nick(post.author.hash), name)
        .with(tone, sign)
        .with(Tone::Text, " ".repeat(SIGN - width(sign)))
}

/// What stands behind a name: how the message stands, or its author's rank.
fn sign(post: &Post) -> (Tone, &'static str) {
    match post.status {
        Status::Pending => (Tone::Faint, "…"),
        Status::Failed(_) => (Tone::Alert, "!"),
        _ if post.author.is_alike.get() => match post.author.rank {
            Rank::Administrator => (Tone::Alert, "@~"),
            Rank::Moderator => (Tone::Alert, "+~"),
            Rank::Vip => (Tone::Alert, "$~"),
            Rank::User => (Tone::Alert, "~"),
        },
        _ => (Tone::Strong, glyph(post.author.rank)),
    }
}

/// The name and its sign in front of the text, where there is no column for names.
fn inline_name(post: &Post, geometry: Geometry) -> Option<(String, &'static str)> {
    if geometry.names.is_some() {
        return None;
    }
    let (_, sign) = sign(post);
    Some((unranked(&post.author.name).into_owned(), sign.trim()))
}

fn notice_rows(tone: Tone, text: &str, stamp: Stamp, geometry: Geometry) -> Vec<Row> {
    let time = if geometry.has_times() {
        format!("{} ", clock(stamp))
    } else {
        String::new()
    };
    let indent = time.len() + 3;
    let columns = usize::from(geometry.width).saturating_sub(indent);
    wrap(text, columns.max(1))
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
