//! A room's messages in the order of the room's log, with what the client itself has to say between
//! them. Owns order and bounds; `joining` brings pieces of the log together, `removal` takes out, `rows` and `view`
//! show it, `outgoing` holds what is not in the log yet. Does no I/O and has no clock.

mod entry;
mod geometry;
mod ignoring;
mod joining;
mod looking;
mod outgoing;
mod quotes;
mod removal;
mod rows;
mod select;
mod view;

use std::cell::Cell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use chat_protocol::{Epoch, Message, Seq, limits::USERNAME_CHARS};
use jiff::tz::TimeZone;

use entry::Kind;
pub(crate) use entry::{Author, Cause, Entry, EntryId, Post, Stamp, Status};
pub(crate) use geometry::Geometry;
use outgoing::Outgoing;
pub(crate) use outgoing::WAITING;
pub(crate) use rows::{Look, glyph, rank_word, unranked};
pub(crate) use view::{Below, COUNTED_BELOW};

use crate::app::mention;
#[cfg(test)]
use crate::app::row::Tone;
use crate::app::row::nick_hash;
use crate::sanitize;

/// Entries kept per room; past it the oldest go.
const KEPT: usize = 100_000;
/// Bytes of all their texts; past it the oldest go as well. A hundred thousand messages of a usual
/// length have 10 MB.
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// Characters of a message that are kept: servers that allow more than the contract's 500 are few.
const CONTENT_CHARS: usize = 4_000;
/// Bytes of an author's names that are remembered for sharing; longer ones no contract allows.
const NAMES_BYTES: usize = 1_024;
/// Entries asked for at a time.
pub(crate) const PAGE: u64 = 100;
/// Entries among which is looked for who wrote lately.
const LATELY: usize = 2_000;
/// Authors remembered for sharing; the memory begins anew when there are more.
const AUTHORS: usize = 10_000;

/// What the timeline needs to know of the user.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The names that mention the user, in lower case.
    pub(crate) names: Vec<String>,
    /// What the user's name is compared by.
    pub(crate) key: Box<str>,
    /// Where the user's clock is.
    pub(crate) zone: TimeZone,
    /// The keys of those whom the user does not want to read.
    pub(crate) ignored: HashSet<Box<str>>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It was there already.
    Known,
    /// It is by somebody whom the user does not want to read, and shows nowhere.
    Hidden,
    /// It is new.
    New {
        /// It names the user.
        mentions: bool,
        /// The user wrote it, here or elsewhere.
        own: bool,
    },
}

/// What came while the user could not see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// Messages of others.
    pub(crate) unread: usize,
    /// Those that name the user.
    pub(crate) mentions: usize,
    /// There were more, which are not here.
    pub(crate) more: bool,
}

impl News {
    /// Counts a message.
    pub(crate) fn count(&mut self, inserted: Inserted) {
        if let Inserted::New {
            mentions,
            own: false,
        } = inserted
        {
            self.unread += 1;
            self.mentions += usize::from(mentions);
        }
    }
}

/// The messages of a room.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// In the order of `at`.
    entries: VecDeque<Entry>,
    /// Of the texts of the entries.
    bytes: usize,
    outgoing: Vec<Outgoing>,
    epoch: Option<Epoch>,
    /// The oldest position that was seen in this life of the log, of whatever kind.
    oldest: Option<Seq>,
    complete: bool,
    /// Positions lost their worth before: an entry may be here at another one than its own.
    parted: bool,
    loading: bool,
    versions: u64,
    authors: HashMap<(Box<str>, Box<str>, u8), Rc<Author>>,
    scroll: view::Scroll,
    ignoring: ignoring::Ignoring,
    /// Where an entry was found last.
    found: Cell<usize>,
}

impl Timeline {
    /// Puts a message where it belongs.
    pub(crate) fn insert(&mut self, message: &Message, reader: &Reader) -> Inserted {
        // An answer to a message that was sent again carries the position that it got the first time.
        if message.nonce.is_some() {
            if !self.shown_before(&[message]).is_empty() {
                return Inserted::Known;
            }
            let is_known_life = self.epoch.is_some();
            if is_known_life && self.oldest.is_some_and(|oldest| message.seq < oldest) {
                return self.place_apart(message, reader);
            }
        }
        self.place(message, reader, true)
    }

    /// Adds something that the client itself has to say.
    #[cfg(test)]
    pub(crate) fn notice(&mut self, tone: Tone, text: &str, stamp: Stamp) {
        self.push(stamp, Kind::Notice(tone, content(text).into()));
    }

    /// Opens a long message that is folded, or folds it again; false where the entry is none.
    pub(crate) fn toggle_fold(&mut self, id: EntryId) -> bool {
        let Some(index) = self.index_of(id) else {
            return false;
        };
        let version = self.next_version();
        let entry = self.item_mut(index);
        entry.renew(version);
        let Some(post) = entry.post_mut() else {
            return false;
        };
        post.is_open = !post.is_open;
        true
    }

    /// The names of those who wrote lately and begin with `start`, without case, the last first; not
    /// that of the user with the key `but`.
    pub(crate) fn authors_beginning_with(&self, start: &str, but: &str) -> Vec<&str> {
        let start = start.to_lowercase();
        let mut seen = HashSet::new();
        let lately = self.entries.iter().rev().take(LATELY);
        let posts = lately.filter_map(Entry::post);
        let authors = posts.map(|post| &*post.author);
        let new = authors.filter(|author| *author.key != *but && seen.insert(&*author.key));
        new.map(Author::meant_name)
            .filter(|name| name.to_lowercase().starts_with(&start))
            .collect()
    }

    /// Puts a message at its position; `is_new` unless it was loaded out of the past.
    fn place(&mut self, message: &Message, reader: &Reader, is_new: bool) -> Inserted {
        let index = self.entries.partition_point(|entry| entry.at < message.seq);
        let mut same = self
            .entries
            .range(index..)
            .take_while(|entry| entry.at == message.seq);
        if same.any(|entry| entry.is(&message.id)) || self.ignoring.has(message.seq, &message.id) {
            return Inserted::Known;
        }
        let index = self
            .entries
            .partition_point(|entry| entry.at <= message.seq);
        let inserted = self.insert_message(index, message.seq, message, reader);
        if is_new && self.is_held() && matches!(inserted, Inserted::New { own: false, .. }) {
            self.scroll.new_below += 1;
            // Where the oldest had to go it has moved.
            let is_it = |entry: &&mut Entry| entry.is(&message.id);
            if let Some(entry) = self.entries.iter_mut().rev().find(is_it) {
                entry.hold = self.scroll.hold;
            }
        }
        self.saw(message.seq);
        inserted
    }

    fn insert_message(
        &mut self,
        index: usize,
        at: Seq,
        message: &Message,
        reader: &Reader,
    ) -> Inserted {
        let post = self.post(message, reader);
        let mentions = post.status == Status::Mentions;
        let own = post.author.key == reader.key;
        let stamp = stamp_of(message, reader);
        let version = self.next_version();
        let is_hidden = post.is_ignored && self.ignoring.hides();
        let entry = Entry::new(at, stamp, version, Kind::Post(Box::new(post)));
        if is_hidden {
            self.ignoring.hide(entry);
            return Inserted::Hidden;
        }
        self.insert_at(index, entry);
        Inserted::New { mentions, own }
    }

    fn post(&mut self, message: &Message, reader: &Reader) -> Post {
        let content = content(&message.content);
        let author = self.author(message);
        let own = author.key == reader.key;
        let is_ignored = reader.ignored.contains(&author.key);
        let status = if !own && !is_ignored && mention::names_any(&content, &reader.names) {
            Status::Mentions
        } else {
            Status::Posted
        };
        Post {
            id: Some(message.id.clone()),
            author,
            content: content.into(),
            quote: message.reply_to.as_ref().and_then(|id| self.quote(id)),
            reply_to: message.reply_to.clone(),
            status,
            is_open: false,
            is_ignored,
        }
    }

    fn author(&mut self, message: &Message) -> Rc<Author> {
        let author = || Author {
            name: shown_name(&message.display_name, &message.username).into(),
            key: Author::key_of(&message.username),
            hash: nick_hash(&message.username),
            rank: message.rank,
        };
        if message.username.len() + message.display_name.len() > NAMES_BYTES {
            return Rc::new(author());
        }
        if self.authors.len() >= AUTHORS {
            self.authors.clear();
        }
        let key = (
            message.username.as_str().into(),
            message.display_name.as_str().into(),
            message.rank.into(),
        );
        let author = self.authors.entry(key).or_insert_with(|| Rc::new(author()));
        Rc::clone(author)
    }

    fn push(&mut self, stamp: Stamp, kind: Kind) {
        let at = self.entries.back().map_or(Seq(0), |entry| entry.at);
        let version = self.next_version();
        self.insert_at(self.entries.len(), Entry::new(at, stamp, version, kind));
    }

    /// Inserts, and keeps the view on what it shows.
    fn insert_at(&mut self, index: usize, entry: Entry) {
        self.bytes += entry.bytes;
        self.entries.insert(index, entry);
        if let Some((bottom, _)) = &mut self.scroll.bottom
            && index <= *bottom
        {
            *bottom += 1;
        }
        while self.entries.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= oldest.bytes;
            self.complete = false;
            if let Some((bottom, _)) = &mut self.scroll.bottom {
                *bottom = bottom.saturating_sub(1);
            }
        }
    }

    fn saw(&mut self, seq: Seq) {
        self.oldest = Some(self.oldest.map_or(seq, |oldest| oldest.min(seq)));
    }

    fn next_version(&mut self) -> u64 {
        self.versions += 1;
        self.versions
    }

    /// Where an entry is; entries come and go around it.
    pub(crate) fn index_of(&self, id: EntryId) -> Option<usize> {
        let count = self.count();
        // It has moved little since it was last looked for.
        let near = self.found.get().min(count);
        let index = (near..count)
            .chain((0..near).rev())
            .find(|index| self.item(*index).id == id)?;
        self.found.set(index);
        Some(index)
    }

    fn item_mut(&mut self, index: usize) -> &mut Entry {
        match index.checked_sub(self.entries.len()) {
            None => &mut self.entries[index],
            Some(place) => &mut self.outgoing[place].entry,
        }
    }

    /// Entries in all, those on their way included.
    fn count(&self) -> usize {
        self.entries.len() + self.outgoing.len()
    }

    fn item(&self, index: usize) -> &Entry {
        match index.checked_sub(self.entries.len()) {
            None => &self.entries[index],
            Some(place) => &self.outgoing[place].entry,
        }
    }
}

fn stamp_of(message: &Message, reader: &Reader) -> Stamp {
    Stamp::new(i64::try_from(message.time).unwrap_or(0), &reader.zone)
}

/// A text of any number of rows, harmless and within bounds.
fn content(text: &str) -> String {
    match text.char_indices().nth(CONTENT_CHARS) {
        None => sanitize::text(text),
        Some((end, _)) => sanitize::text(&text[..end]) + "…",
    }
}

/// The name to show: the display name, or the user name where there is nothing to see in it.
fn shown_name(display_name: &str, username: &str) -> String {
    let (display_name, username) = (
        sanitize::brief(display_name, USERNAME_CHARS),
        sanitize::brief(username, USERNAME_CHARS),
    );
    if display_name.trim().is_empty() {
        return username;
    }
    display_name
}

#[cfg(test)]
mod tests;
