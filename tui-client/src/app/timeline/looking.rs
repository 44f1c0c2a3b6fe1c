//! Looking through a timeline, and timelines that are made of parts of others: what was found, a thread,
//! what stood around a message. Must not know why something is looked for.

use chat_protocol::{Message, MessageId, Seq};

use super::entry::{Entry, EntryId, Kind};
use super::geometry::Geometry;
use super::{Inserted, Reader, Timeline};
use crate::app::orders_words::lasting;

/// Minutes between two messages that are worth a line.
const SKIPPED: u64 = 5;

/// A part of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Seq,
    pub(crate) to: Seq,
    /// It goes to the end.
    pub(crate) is_end: bool,
}

impl Timeline {
    /// Entries that are in the log, or stand between those that are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entry at a place, from 0 for the oldest.
    pub(crate) fn entry(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// Where an entry is; `None` where it is none of the log's, or gone.
    pub(crate) fn place_of(&self, id: EntryId) -> Option<usize> {
        self.index_of(id).filter(|index| *index < self.len())
    }

    /// The entry of a message.
    pub(crate) fn find(&self, id: &MessageId) -> Option<&Entry> {
        self.find_index(id).map(|index| &self.entries[index])
    }

    /// The oldest position that was seen, of whatever kind.
    pub(crate) fn oldest(&self) -> Option<Seq> {
        self.oldest
    }

    /// The newest position that was seen.
    pub(crate) fn newest_position(&self) -> Option<Seq> {
        self.newest
    }

    /// Takes over a message of another timeline, at the position that it has there; `None` where it is no
    /// message of the log, or here already. `is_new` where it came a moment ago.
    pub(crate) fn copy(&mut self, entry: &Entry, is_new: bool) -> Option<EntryId> {
        let post = entry.post()?;
        let id = &post.id()?;
        let from = self.entries.partition_point(|one| one.at < entry.at);
        let behind = self.entries.partition_point(|one| one.at <= entry.at);
        if self.entries.range(from..behind).any(|one| one.is(id)) {
            return None;
        }
        // Where positions are worth nothing the order is that of coming: old ones come last.
        let index = if is_new { behind } else { from };
        let version = self.next_version();
        let kind = Kind::Post(post.clone());
        let mut copy = Entry::new(entry.at, entry.stamp, version, kind);
        let copied = copy.id;
        if is_new && self.is_held() {
            self.scroll.new_below += 1;
            copy.hold = self.scroll.hold;
        }
        self.insert_at(index, copy);
        Some(copied)
    }

    /// Adds a message of the past; false where it is here already, or hidden.
    pub(crate) fn add(&mut self, message: &Message, reader: &Reader) -> bool {
        matches!(self.place(message, reader, false), Inserted::New { .. })
    }

    /// Its messages stand apart in the log: a line tells how much time is between two of them.
    pub(crate) fn set_spaced(&mut self) {
        self.is_spaced = true;
    }

    /// How long after the entry above this one was posted, where there is something between them in the
    /// log, and the day is the same.
    pub(super) fn skipped(&self, index: usize) -> Option<String> {
        let before = self.item(index.checked_sub(1)?);
        let entry = self.item(index);
        if !self.is_spaced || self.begins_day(index) || before.at.next() >= entry.at {
            return None;
        }
        let millis = entry
            .stamp
            .unix_millis
            .checked_sub(before.stamp.unix_millis)?;
        let minutes = u64::try_from(millis).ok()? / 60_000;
        (minutes >= SKIPPED).then(|| format!("{} later", lasting(minutes * 60)))
    }

    /// Says what is above the first entry: the beginning of all that is to be had, or what is on its way.
    pub(crate) fn set_top(&mut self, is_complete: bool, is_loading: bool) {
        self.complete = is_complete;
        self.loading = is_loading;
    }

    /// What a view of `height` rows shows of the log.
    pub(crate) fn span(&self, geometry: Geometry, height: usize) -> Option<Span> {
        let bottom = self.bottom(geometry)?;
        let top = self.back(bottom, height.saturating_sub(1), geometry);
        let at = |index: usize| self.item(index).at;
        Some(Span {
            from: at(top.0),
            to: at(bottom.0),
            is_end: !self.is_held() || Some(bottom) == self.end(geometry),
        })
    }

    /// Scrolls to an entry, with what is around it; false where it is gone.
    pub(crate) fn show(&mut self, id: EntryId, geometry: Geometry, height: usize) -> bool {
        let Some(index) = self.index_of(id) else {
            return false;
        };
        // A third of the screen is for what came before it.
        let below = height.saturating_sub(1) * 2 / 3;
        let bottom = self.forward((index, 0), below, geometry);
        self.hold(bottom.max(self.highest(geometry, height)), geometry);
        true
    }
}
