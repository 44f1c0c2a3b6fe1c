//! A room's messages in the order of the room's log, with what the client itself has to say between
//! them. Owns order and bounds; `joining` and `gaps` bring pieces of the log together, `removal` takes
//! out, `unread` knows what was seen, `rows` and `view` show it, `outgoing` holds what is not in the log
//! yet. Does no I/O and has no clock.

mod entry;
mod gaps;
mod geometry;
mod ignoring;
mod index;
mod joining;
mod likeness;
mod looking;
mod outgoing;
mod people;
mod quotes;
mod removal;
mod rows;
mod select;
mod shares;
mod tally;
mod unread;
mod view;

use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};

use chat_protocol::{Epoch, Message, MessageId, Nonce, Seq};
use jiff::tz::TimeZone;

use entry::Kind;
pub(crate) use entry::{Author, Cause, Entry, EntryId, Post, Stamp, Status, shown_name};
pub(crate) use gaps::Filled;
pub(crate) use geometry::Geometry;
use index::Index;
use outgoing::Outgoing;
pub(crate) use outgoing::WAITING;
use people::People;
use quotes::Apart;
pub(crate) use rows::{Look, glyph, rank_word, unranked};
use select::Latest;
use shares::Shares;
pub(crate) use unread::Mark;
use unread::Unread;
pub(crate) use view::{Below, COUNTED_BELOW};

use crate::app::mention;
#[cfg(test)]
use crate::app::row::Tone;
use crate::sanitize;

/// Entries kept per room; past it the oldest go.
const KEPT: usize = 100_000;
/// Bytes of all their texts; past it the oldest go as well. A hundred thousand messages of a usual
/// length have 10 MB.
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// Characters of a message that are kept: servers that allow more than the contract's 500 are few.
const CONTENT_CHARS: usize = 4_000;
/// Entries that go for each that comes, of those that were taken out at once.
const WASTE: usize = 100;
/// Entries asked for at a time.
pub(crate) const PAGE: u64 = 100;
/// Entries among which is looked for who wrote lately.
const LATELY: usize = 2_000;

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
    /// What was taken out all at once: it goes bit by bit, as a hundred thousand of them take a while.
    waste: VecDeque<Entry>,
    /// Where they are, by the ids of messages.
    index: Index,
    /// Of the texts of the entries.
    bytes: usize,
    outgoing: Vec<Outgoing>,
    /// The message that was confirmed last, and the entry that it was until then.
    confirmed: Option<(Nonce, EntryId)>,
    /// Messages that are quoted, and not in the view.
    apart: VecDeque<Apart>,
    /// Messages that are quoted, and that the room does not keep any more.
    gone: VecDeque<MessageId>,
    has_quotes: bool,
    epoch: Option<Epoch>,
    /// The oldest and the newest position that were seen in this life of the log, of whatever kind.
    oldest: Option<Seq>,
    newest: Option<Seq>,
    complete: bool,
    /// Positions lost their worth before: an entry may be here at another one than its own.
    parted: bool,
    loading: bool,
    /// The gap whose messages are on their way.
    filling: Option<EntryId>,
    /// The text of what is deleted stays.
    keeps_deleted: bool,
    unread: Option<Unread>,
    versions: u64,
    people: People,
    shares: Shares,
    /// Whose newest messages were looked up last.
    latest: RefCell<Option<Latest>>,
    scroll: view::Scroll,
    ignoring: ignoring::Ignoring,
    /// What stands apart in the log is told apart.
    is_spaced: bool,
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
            self.part_from_another(message);
            let is_known_life = self.epoch.is_some();
            if is_known_life && self.oldest.is_some_and(|oldest| message.seq < oldest) {
                return self.place_apart(message, reader);
            }
            self.split_gap(message.seq);
        }
        self.place(message, reader, true)
    }

    /// Adds something that the client itself has to say.
    #[cfg(test)]
    pub(crate) fn notice(&mut self, tone: Tone, text: &str, stamp: Stamp) {
        self.push(stamp, Kind::Notice(tone, content(text).into()));
    }

    /// Opens a long message that is folded, or shows what a deleted one said, or takes that back; false
    /// where there is nothing to open.
    pub(crate) fn toggle_fold(&mut self, id: EntryId) -> bool {
        let Some(index) = self.index_of(id) else {
            return false;
        };
        let version = self.next_version();
        let entry = self.item_mut(index);
        let is_gone = |post: &Post| post.is_deleted() && post.deleted_content().is_none();
        if entry.post().is_none_or(is_gone) {
            return false;
        }
        entry.renew(version);
        if let Some(post) = entry.post_mut() {
            post.is_open = !post.is_open;
        }
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
        // Before a gap that begins behind this position.
        let index = self.entries.partition_point(|entry| entry.at < message.seq);
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
        let (mentions, own) = (post.status == Status::Mentions, post.is_own);
        let stamp = stamp_of(message, reader);
        let version = self.next_version();
        let mut entry = Entry::new(at, stamp, version, Kind::Post(post));
        let confirmed = self
            .confirmed
            .take_if(|(nonce, _)| message.nonce.as_ref() == Some(nonce));
        if let Some((_, id)) = confirmed {
            entry.id = id;
        }
        let is_ignored = entry.post().is_some_and(|post| post.is_ignored);
        if is_ignored && self.ignoring.hides() {
            self.ignoring.hide(entry);
            return Inserted::Hidden;
        }
        self.insert_at(index, entry);
        Inserted::New { mentions, own }
    }

    fn post(&mut self, message: &Message, reader: &Reader) -> Post {
        let content = content(&message.content);
        let (author, changed) = self.people.author(message, reader);
        if changed {
            self.forget_rows();
        }
        let is_own = author.key == reader.key;
        let is_ignored = reader.ignored.contains(&author.key);
        let status = if !is_own && !is_ignored && mention::names_any(&content, &reader.names) {
            Status::Mentions
        } else {
            Status::Posted
        };
        self.has_quotes |= message.reply_to.is_some();
        let id = Some(message.id.as_str());
        let mut post = Post::new(author, id, &content, message.reply_to.clone(), status);
        post.is_own = is_own;
        post.is_ignored = is_ignored;
        post
    }

    fn push(&mut self, stamp: Stamp, kind: Kind) {
        let at = self.entries.back().map_or(Seq(0), |entry| entry.at);
        let version = self.next_version();
        self.insert_at(self.entries.len(), Entry::new(at, stamp, version, kind));
    }

    /// Inserts, and keeps the view on what it shows.
    fn insert_at(&mut self, index: usize, entry: Entry) {
        self.bytes += entry.bytes as usize;
        if let Some(post) = entry.post() {
            self.index.put(post.raw_id(), entry.at);
            self.shares.came(post, entry.at);
        }
        let was_ruled = self.bottom_begins_day();
        self.entries.insert(index, entry);
        if let Some((bottom, _)) = &mut self.scroll.bottom
            && index <= *bottom
        {
            *bottom += 1;
        }
        // The day may begin elsewhere now; its rule is a row of the entry below it.
        let is_ruled = self.bottom_begins_day();
        if let Some((_, row)) = &mut self.scroll.bottom {
            *row = (*row + usize::from(is_ruled)).saturating_sub(usize::from(was_ruled));
        }
        self.note_unread(index);
        self.drop_oldest();
        self.waste.truncate(self.waste.len().saturating_sub(WASTE));
    }

    fn bottom_begins_day(&self) -> bool {
        let bottom = self.scroll.bottom.map(|(bottom, _)| bottom);
        bottom.is_some_and(|bottom| bottom < self.count() && self.begins_day(bottom))
    }

    /// Keeps what is here within bounds.
    fn drop_oldest(&mut self) {
        while self.entries.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.forget_entry(&oldest);
            self.complete = false;
            if oldest.at > Seq(0) {
                self.oldest = self.entries.front().map(|entry| entry.at);
            }
            if let Some((bottom, _)) = &mut self.scroll.bottom {
                *bottom = bottom.saturating_sub(1);
            }
            self.found.set(self.found.get().saturating_sub(1));
            if self.first_unread() == Some(oldest.id) {
                self.find_unread();
            }
        }
    }

    /// Takes the first entries out; the view is the caller's.
    fn drop_first(&mut self, count: usize) {
        if count == self.entries.len() && self.waste.is_empty() {
            self.waste = std::mem::take(&mut self.entries);
            self.index = Index::default();
            self.shares = Shares::default();
            self.bytes = 0;
            return;
        }
        let kept = self.entries.split_off(count);
        for entry in std::mem::replace(&mut self.entries, kept) {
            self.forget_entry(&entry);
        }
    }

    /// Takes an entry out, and keeps the view on what it shows.
    fn remove_at(&mut self, index: usize) -> Option<Entry> {
        let entry = self.entries.remove(index)?;
        self.forget_entry(&entry);
        if let Some((bottom, row)) = &mut self.scroll.bottom {
            if *bottom == index && index > 0 {
                // The last row of what was above it.
                *row = usize::from(u16::MAX);
            }
            if *bottom >= index {
                *bottom = bottom.saturating_sub(1);
            }
        }
        Some(entry)
    }

    /// Gives an entry another position; the order is the caller's.
    fn set_position(&mut self, index: usize, at: Seq) {
        let entry = &mut self.entries[index];
        entry.at = at;
        if let Some(post) = entry.post() {
            self.index.put(post.raw_id(), at);
        }
    }

    /// An entry is no longer here.
    fn forget_entry(&mut self, entry: &Entry) {
        self.bytes -= entry.bytes as usize;
        self.forget_id(entry);
        if let Some(post) = entry.post() {
            self.shares.went(post);
        }
    }

    fn forget_id(&mut self, entry: &Entry) {
        if let Some(post) = entry.post() {
            self.index.remove(post.raw_id(), entry.at);
        }
    }

    /// Where the message with an id is.
    fn find_index(&self, id: &MessageId) -> Option<usize> {
        let at = self.index.get(id.as_str())?;
        let start = self.entries.partition_point(|entry| entry.at < at);
        let mut same = self
            .entries
            .range(start..)
            .take_while(|entry| entry.at == at);
        Some(start + same.position(|entry| entry.is(id))?)
    }

    fn saw(&mut self, seq: Seq) {
        self.oldest = Some(self.oldest.map_or(seq, |oldest| oldest.min(seq)));
        self.newest = self.newest.max(Some(seq));
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

#[cfg(test)]
mod tests;
