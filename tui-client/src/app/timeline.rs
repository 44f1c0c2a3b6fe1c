//! A room's messages in the order of the room's log, with what the client itself has to say between
//! them. Nothing is kept twice and no hole is hidden. Owns order, deletion and bounds; `rows` and
//! `view` show it, `outgoing` holds what is not in the log yet. Does no I/O and has no clock.

mod entry;
mod outgoing;
mod rows;
mod view;

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use chat_protocol::{Epoch, History, Message, MessageDeleted, MessageId, Seq, ServerEvent};
use jiff::tz::TimeZone;

pub(crate) use entry::{Author, Stamp};
use entry::{Entry, Kind, Post, Status};
use outgoing::Outgoing;
pub(crate) use outgoing::WAITING;
pub(crate) use rows::{Geometry, glyph};
pub(crate) use view::COUNTED_BELOW;

use crate::app::mention;
use crate::app::row::{Tone, nick_hash};
use crate::sanitize;

/// Entries kept per room; past it the oldest go.
const KEPT: usize = 100_000;
/// Entries asked for at a time.
pub(crate) const PAGE: u64 = 100;
/// Authors remembered for sharing; the memory begins anew when there are more.
const AUTHORS: usize = 10_000;
/// Characters of a message that those that answer it quote.
const QUOTED: usize = 200;

/// What the timeline needs to know of the user.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The names that mention the user, in lower case.
    pub(crate) names: Vec<String>,
    /// Where the user's clock is.
    pub(crate) zone: TimeZone,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It was there already.
    Known,
    /// It is new.
    New {
        /// It names the user.
        mentions: bool,
    },
}

/// The messages of a room.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// In the order of `at`.
    entries: VecDeque<Entry>,
    outgoing: Vec<Outgoing>,
    epoch: Option<Epoch>,
    /// The oldest position that was seen in this life of the log, of whatever kind.
    oldest: Option<Seq>,
    complete: bool,
    loading: bool,
    versions: u64,
    authors: HashMap<(Box<str>, Box<str>, u8), Rc<Author>>,
    scroll: view::Scroll,
}

impl Timeline {
    /// Puts a message where it belongs.
    pub(crate) fn insert(&mut self, message: &Message, reader: &Reader) -> Inserted {
        let index = self.entries.partition_point(|entry| entry.at < message.seq);
        let same = self
            .entries
            .range(index..)
            .take_while(|entry| entry.at == message.seq);
        if same.filter(|entry| entry.post().is_some()).count() > 0 {
            return Inserted::Known;
        }
        let index = self
            .entries
            .partition_point(|entry| entry.at <= message.seq);
        let post = self.post(message, reader);
        let mentions = post.status == Status::Mentions;
        let stamp = Stamp::new(i64::try_from(message.time).unwrap_or(0), &reader.zone);
        let version = self.next_version();
        let entry = Entry::new(message.seq, stamp, version, Kind::Post(Box::new(post)));
        self.insert_at(index, entry);
        self.saw(message.seq);
        Inserted::New { mentions }
    }

    /// Counts a message that came live while the view was held.
    pub(crate) fn count_new(&mut self) {
        if self.is_held() {
            self.scroll.new_below += 1;
        }
    }

    /// Marks a message as deleted.
    pub(crate) fn delete(&mut self, deleted: &MessageDeleted) {
        self.saw(deleted.seq);
        let version = self.next_version();
        let found = self
            .entries
            .iter_mut()
            .rev()
            .find(|entry| entry.is(&deleted.id));
        let Some(entry) = found else { return };
        entry.renew(version);
        if let Some(post) = entry.post_mut() {
            post.status = Status::Deleted(sanitize::line(&deleted.by).into());
            post.content = "".into();
        }
        self.forget_quotes(&deleted.id);
    }

    /// The newest entries, asked for on entering the room, or sent instead of what could not be
    /// resumed. Where they do not join what is here, a gap says so.
    pub(crate) fn newest(&mut self, history: &History, reader: &Reader, stamp: Stamp) {
        let same_life = self.epoch.as_ref() == Some(&history.epoch);
        let posts = self
            .entries
            .iter()
            .rev()
            .filter(|entry| entry.post().is_some());
        let known = posts.map(|entry| entry.at).next();
        if !same_life {
            for entry in &mut self.entries {
                entry.at = Seq(0);
            }
            self.oldest = None;
            self.epoch = Some(history.epoch.clone());
        }
        let first = history.entries.iter().find_map(ServerEvent::seq);
        let joins = match (known, first) {
            (None, _) => true,
            (Some(known), Some(first)) => same_life && first <= known.next(),
            (Some(_), None) => same_life && history.complete,
        };
        if !joins {
            self.push(stamp, Kind::Gap);
        }
        // Without a hole between, what is older than the first known is as known as before.
        if !same_life || known.is_none() || history.complete {
            self.complete = history.complete;
        }
        self.absorb(history, reader);
        self.loading = false;
    }

    /// What came while the line was down: it joins by the contract.
    pub(crate) fn missed(&mut self, history: &History, reader: &Reader) -> usize {
        self.epoch = Some(history.epoch.clone());
        self.absorb(history, reader)
    }

    /// Entries before those that are here.
    pub(crate) fn older(&mut self, history: &History, reader: &Reader) {
        self.loading = false;
        if self.epoch.as_ref() != Some(&history.epoch) {
            return;
        }
        let oldest = self.oldest;
        self.absorb(history, reader);
        self.complete |= history.complete;
        // Entries of kinds that this version does not know are left out: step over them.
        if !self.complete && self.oldest == oldest {
            self.oldest = oldest.map(|seq| Seq(seq.0.saturating_sub(PAGE).max(1)));
            self.complete |= self.oldest == Some(Seq(1));
        }
    }

    /// Adds something that the client itself has to say.
    pub(crate) fn notice(&mut self, tone: Tone, text: &str, stamp: Stamp) {
        self.push(stamp, Kind::Notice(tone, sanitize::text(text).into()));
    }

    /// The position before which to ask for older entries; `None` where there is nothing to ask.
    pub(crate) fn begin_loading(&mut self) -> Option<Seq> {
        if self.complete || self.loading || self.entries.len() >= KEPT {
            return None;
        }
        let before = self.oldest?;
        self.loading = true;
        Some(before)
    }

    /// An answer will not come any more.
    pub(crate) fn stop_loading(&mut self) {
        self.loading = false;
    }

    /// True where the room's first message is here.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// True while older messages are on their way.
    pub(crate) fn is_loading(&self) -> bool {
        self.loading
    }

    fn absorb(&mut self, history: &History, reader: &Reader) -> usize {
        let mut new = 0;
        for event in &history.entries {
            match event {
                ServerEvent::Message(message) => {
                    if let Some(nonce) = &message.nonce {
                        self.confirm(nonce);
                    }
                    new += usize::from(self.insert(message, reader) != Inserted::Known);
                }
                ServerEvent::DeleteMessage(deleted) => self.delete(deleted),
                other => {
                    if let Some(seq) = other.seq() {
                        self.saw(seq);
                    }
                }
            }
        }
        self.find_quotes();
        new
    }

    fn post(&mut self, message: &Message, reader: &Reader) -> Post {
        let content = sanitize::text(&message.content);
        let own = reader
            .names
            .first()
            .is_some_and(|me| *me == message.username.to_lowercase());
        let status = if !own && mention::names_any(&content, &reader.names) {
            Status::Mentions
        } else {
            Status::Posted
        };
        Post {
            id: Some(message.id.clone()),
            author: self.author(message),
            content: content.into(),
            quote: message.reply_to.as_ref().and_then(|id| self.quote(id)),
            reply_to: message.reply_to.clone(),
            status,
        }
    }

    fn author(&mut self, message: &Message) -> Rc<Author> {
        if self.authors.len() >= AUTHORS {
            self.authors.clear();
        }
        let key = (
            message.username.as_str().into(),
            message.display_name.as_str().into(),
            message.rank.into(),
        );
        let author = self.authors.entry(key).or_insert_with(|| {
            Rc::new(Author {
                name: shown_name(&message.display_name, &message.username).into(),
                hash: nick_hash(&message.username),
                rank: message.rank,
            })
        });
        Rc::clone(author)
    }

    /// The start of a message, for those that answer it.
    fn quote(&self, id: &MessageId) -> Option<Box<str>> {
        let parent = self.entries.iter().rev().find(|entry| entry.is(id))?;
        parent.post().map(quoted)
    }

    /// Looks up what answers quote, for those whose parent came after them.
    fn find_quotes(&mut self) {
        let unquoted = |post: &&Post| post.quote.is_none();
        let posts = self.entries.iter().filter_map(Entry::post).filter(unquoted);
        let wanted: HashSet<MessageId> = posts.filter_map(|post| post.reply_to.clone()).collect();
        if wanted.is_empty() {
            return;
        }
        let parents = self.entries.iter().filter_map(Entry::post);
        let quotes: HashMap<MessageId, Box<str>> = parents
            .filter_map(|post| {
                Some((
                    post.id.clone().filter(|id| wanted.contains(id))?,
                    quoted(post),
                ))
            })
            .collect();
        for index in 0..self.entries.len() {
            let parent = self.entries[index].post().filter(unquoted);
            let parent = parent.and_then(|post| post.reply_to.as_ref());
            if let Some(quote) = parent.and_then(|id| quotes.get(id)) {
                let quote = quote.clone();
                self.set_quote(index, Some(quote));
            }
        }
    }

    /// Takes back what answers quote of a message that is deleted.
    fn forget_quotes(&mut self, id: &MessageId) {
        let quote = self.quote(id);
        for index in 0..self.entries.len() {
            let answers = |post: &Post| post.reply_to.as_ref() == Some(id);
            if self.entries[index].post().is_some_and(answers) {
                self.set_quote(index, quote.clone());
            }
        }
    }

    fn set_quote(&mut self, index: usize, quote: Option<Box<str>>) {
        let version = self.next_version();
        self.entries[index].renew(version);
        if let Some(post) = self.entries[index].post_mut() {
            post.quote = quote;
        }
    }

    fn push(&mut self, stamp: Stamp, kind: Kind) {
        let at = self.entries.back().map_or(Seq(0), |entry| entry.at);
        let version = self.next_version();
        self.insert_at(self.entries.len(), Entry::new(at, stamp, version, kind));
    }

    /// Inserts, and keeps the view on what it shows.
    fn insert_at(&mut self, index: usize, entry: Entry) {
        self.entries.insert(index, entry);
        if let Some((bottom, _)) = &mut self.scroll.bottom
            && index <= *bottom
        {
            *bottom += 1;
        }
        if self.entries.len() > KEPT {
            self.entries.pop_front();
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

/// How a message is quoted by those that answer it.
fn quoted(post: &Post) -> Box<str> {
    let content: String = match post.status {
        Status::Deleted(_) => "[deleted]".to_owned(),
        _ => post.content.chars().take(QUOTED).collect(),
    };
    format!("{}: {}", post.author.name, sanitize::line(&content)).into()
}

/// The name to show: the display name, or the user name where there is nothing to see in it.
fn shown_name(display_name: &str, username: &str) -> String {
    let (display_name, username) = (sanitize::line(display_name), sanitize::line(username));
    if display_name.trim().is_empty() {
        return username;
    }
    display_name
}

#[cfg(test)]
mod tests;
