//! Messages of people whom the user does not want to read. They are kept beside the timeline, so that they
//! come back when that changes; a moderator, who must miss nothing, has them in it, folded. Must not know
//! who asked for it.

use std::collections::BTreeMap;

use chat_protocol::{MessageId, Seq};

use super::entry::{Entry, EntryId, Post, Status};
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
        let mut changed: Vec<MessageId> = Vec::new();
        for mut entry in std::mem::take(&mut self.ignoring.hidden).into_values() {
            if is_ignored(&entry, reader) && !folds {
                self.ignoring.hide(entry);
                continue;
            }
            changed.extend(id_of(&entry));
            let version = self.next_version();
            entry.renew(version);
            let index = self.entries.partition_point(|one| one.at <= entry.at);
            self.insert_at(index, entry);
        }
        self.take_out(reader, folds, &mut changed);
        for index in 0..self.entries.len() {
            let is_ignored = is_ignored(&self.entries[index], reader);
            let entry = &self.entries[index];
            if entry
                .post()
                .is_none_or(|post| post.is_ignored == is_ignored)
            {
                continue;
            }
            changed.extend(id_of(entry));
            let version = self.next_version();
            let entry = &mut self.entries[index];
            entry.renew(version);
            if let Some(post) = entry.post_mut() {
                mark(post, is_ignored, reader);
            }
        }
        self.quote_again(&changed);
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

    /// Takes out what is to be hidden; the view stays on what is left.
    fn take_out(&mut self, reader: &Reader, folds: bool, changed: &mut Vec<MessageId>) {
        if folds || reader.ignored.is_empty() {
            return;
        }
        let bottom = self.scroll.bottom.map(|(bottom, _)| bottom);
        let mut kept_before = 0;
        let entries = std::mem::take(&mut self.entries);
        for (index, mut entry) in entries.into_iter().enumerate() {
            if is_ignored(&entry, reader) {
                self.bytes -= entry.bytes;
                changed.extend(id_of(&entry));
                if let Some(post) = entry.post_mut() {
                    mark(post, true, reader);
                }
                self.ignoring.hide(entry);
                continue;
            }
            if bottom.is_some_and(|bottom| index < bottom) {
                kept_before += 1;
            }
            self.entries.push_back(entry);
        }
        if let Some((bottom, row)) = &mut self.scroll.bottom
            && *bottom != kept_before
        {
            (*bottom, *row) = (kept_before, 0);
        }
        if self.entries.is_empty() && self.outgoing.is_empty() {
            self.follow();
        }
    }

    fn quote_again(&mut self, changed: &[MessageId]) {
        if changed.is_empty() {
            return;
        }
        let quotes: std::collections::HashMap<&MessageId, Option<Box<str>>> =
            changed.iter().map(|id| (id, self.quote(id))).collect();
        self.requote(|parent| quotes.get(parent).cloned());
    }
}

fn id_of(entry: &Entry) -> Option<MessageId> {
    entry.post()?.id.clone()
}

fn is_ignored(entry: &Entry, reader: &Reader) -> bool {
    entry
        .post()
        .is_some_and(|post| post.id.is_some() && reader.ignored.contains(&post.author.key))
}

/// Whoever is ignored mentions nobody.
fn mark(post: &mut Post, is_ignored: bool, reader: &Reader) {
    post.is_ignored = is_ignored;
    post.is_open &= !is_ignored;
    let is_mention = !is_ignored
        && post.author.key != reader.key
        && mention::names_any(&post.content, &reader.names);
    if matches!(post.status, Status::Posted | Status::Mentions) {
        post.status = match is_mention {
            true => Status::Mentions,
            false => Status::Posted,
        };
    }
}
