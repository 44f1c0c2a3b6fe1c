//! Messages of people whom the user does not want to read. They are kept beside the timeline, so that they
//! come back when that changes; a moderator, who must miss nothing, has them in it, folded. Must not know
//! who asked for it.

use std::collections::BTreeMap;

use chat_protocol::{MessageId, Seq};

use super::entry::{Entry, EntryId, Post, Status};
use super::shares::Shares;
use super::{Reader, Timeline};
use crate::app::mention;

/// Messages that are kept beside a timeline; past it the oldest go.
const KEPT: usize = 20_000;
/// How such a message is quoted.
pub(super) const QUOTE: &str = "an ignored message";

/// What is hidden.
#[derive(Debug, Default)]
pub(super) struct Ignoring {
    /// The user keeps order here: nothing is hidden, only folded.
    folds: bool,
    hidden: BTreeMap<Seq, Entry>,
}

impl Ignoring {
    pub(super) fn hide(&mut self, entry: Entry) {
        self.hidden.insert(entry.at, entry);
        if self.hidden.len() > KEPT {
            self.hidden.pop_first();
        }
    }

    /// True where messages of those people have no place in the timeline.
    pub(super) fn hides(&self) -> bool {
        !self.folds
    }

    pub(super) fn has(&self, at: Seq, id: &MessageId) -> bool {
        self.hidden.get(&at).is_some_and(|entry| entry.is(id))
    }

    /// A message with this id is hidden.
    pub(super) fn has_id(&self, id: &MessageId) -> bool {
        self.hidden.values().any(|entry| entry.is(id))
    }

    /// Forgets what is not to be kept.
    pub(super) fn retain(&mut self, keeps: impl Fn(Seq, &Post) -> bool) {
        self.hidden
            .retain(|at, entry| entry.post().is_some_and(|post| keeps(*at, post)));
    }
}

impl Timeline {
    /// Hides what `reader` ignores, and shows what not; `folds` where the user keeps order here, and sees
    /// that there is something.
    pub(crate) fn ignore(&mut self, reader: &Reader, folds: bool) {
        self.ignoring.folds = folds;
        let anchor = self.anchor();
        let shown = std::mem::take(&mut self.entries);
        let hidden = std::mem::take(&mut self.ignoring.hidden).into_values();
        let old_count = shown.len();
        (self.bytes, self.shares) = (0, Shares::default());
        for (entry, was_shown) in in_order(shown.into(), hidden.collect()) {
            let is_anchor = anchor.is_some_and(|(id, _)| id == entry.id);
            let is_kept = self.sort(entry, was_shown, reader);
            if let (true, Some((_, row))) = (is_anchor, anchor) {
                // Where it is hidden now, the last row of what is above it takes its place.
                let row = if is_kept { row } else { usize::from(u16::MAX) };
                self.scroll.bottom = Some((self.entries.len().saturating_sub(1), row));
            }
        }
        if let (None, Some((bottom, _))) = (anchor, &mut self.scroll.bottom) {
            // It is at a message that is on its way.
            *bottom = (*bottom + self.entries.len()).saturating_sub(old_count);
        }
        if self.count() == 0 {
            self.follow();
        }
        self.drop_oldest();
        // What answers them quotes them otherwise now.
        self.forget_rows();
        self.find_unread();
    }

    /// True for a message of somebody who is ignored.
    pub(crate) fn is_ignored(&self, id: EntryId) -> bool {
        let post = self.picked(id).and_then(Entry::post);
        post.is_some_and(|post| post.is_ignored)
    }

    /// The same people are hidden, or folded, as in another timeline.
    pub(crate) fn ignore_as(&mut self, other: &Timeline) {
        self.ignoring.folds = other.ignoring.folds;
    }

    /// The lowest entry in view, where it is held, and the row of it.
    fn anchor(&self) -> Option<(EntryId, usize)> {
        let (bottom, row) = self.scroll.bottom?;
        Some((self.entries.get(bottom)?.id, row))
    }

    /// Puts an entry at the end of those that show, or beside them; true for the former.
    fn sort(&mut self, mut entry: Entry, was_shown: bool, reader: &Reader) -> bool {
        let is_ignored = is_ignored(&entry, reader);
        let is_other = |post: &Post| post.is_ignored != is_ignored;
        if entry.post().is_some_and(is_other) || !was_shown {
            let version = self.next_version();
            entry.renew(version);
            if let Some(post) = entry.post_mut() {
                mark(post, is_ignored, reader);
            }
        }
        if is_ignored && !self.ignoring.folds {
            self.forget_id(&entry);
            self.ignoring.hide(entry);
            return false;
        }
        self.bytes += entry.bytes as usize;
        if let Some(post) = entry.post() {
            self.index.put(post.raw_id(), entry.at);
            self.shares.came(post, entry.at);
        }
        self.entries.push_back(entry);
        true
    }
}

/// Both by their positions, with whether they were shown.
fn in_order(shown: Vec<Entry>, hidden: Vec<Entry>) -> impl Iterator<Item = (Entry, bool)> {
    let mut shown = shown.into_iter().peekable();
    let mut hidden = hidden.into_iter().peekable();
    std::iter::from_fn(move || {
        let next = hidden.peek().map(|entry| entry.at);
        let is_due = |entry: &Entry| next.is_none_or(|next| entry.at <= next);
        match shown.next_if(is_due) {
            Some(entry) => Some((entry, true)),
            None => hidden
                .next()
                .map(|entry| (entry, false))
                .or_else(|| shown.next().map(|entry| (entry, true))),
        }
    })
}

fn is_ignored(entry: &Entry, reader: &Reader) -> bool {
    entry
        .post()
        .is_some_and(|post| !post.raw_id().is_empty() && reader.ignored.contains(&post.author.key))
}

/// Whoever is ignored mentions nobody.
fn mark(post: &mut Post, is_ignored: bool, reader: &Reader) {
    post.is_ignored = is_ignored;
    post.is_open &= !is_ignored;
    let is_mention =
        !is_ignored && !post.is_own && mention::names_any(post.content(), &reader.names);
    if matches!(post.status, Status::Posted | Status::Mentions) {
        post.status = match is_mention {
            true => Status::Mentions,
            false => Status::Posted,
        };
    }
}
