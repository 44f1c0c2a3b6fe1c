//! How far the user has read, and what is new behind that: the line above the first message that was
//! not seen, and the way from mention to mention. What the user wrote is never new.

use chat_protocol::{Epoch, Seq};

use super::Timeline;
use super::entry::{Entry, EntryId};
use super::geometry::Geometry;
use super::rows::rule;
use crate::app::row::{Row, Tone};

/// New messages that are counted: more would cost what is stored, not what is visible.
const COUNTED: usize = 5_000;

/// A position up to which the user has seen everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The life of the log in which it is one.
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
}

/// The mark, and what stands behind it.
#[derive(Debug)]
pub(super) struct Unread {
    mark: Mark,
    /// What comes behind this is seen as it comes.
    until: Option<Seq>,
    /// The first entry that was not seen.
    first: Option<EntryId>,
}

impl Timeline {
    /// Everything up to `mark` is seen. What is behind it, now or once it is here, is new, and a line
    /// tells it apart.
    pub(crate) fn set_unread_mark(&mut self, mark: Mark) {
        self.clear_unread_mark();
        self.unread = Some(Unread {
            mark,
            until: None,
            first: None,
        });
        self.find_unread();
    }

    /// Everything is seen: no line.
    pub(crate) fn clear_unread_mark(&mut self) {
        self.move_unread_line(None);
        self.unread = None;
    }

    /// What comes from now on is seen as it comes: it is not counted as new. What was missed and has
    /// still to be loaded is.
    pub(crate) fn begin_reading(&mut self) {
        let newest = self.newest;
        if let Some(unread) = &mut self.unread {
            unread.until = unread.until.or(newest);
        }
    }

    /// The mark, where there is one.
    pub(crate) fn unread_mark(&self) -> Option<&Mark> {
        self.unread.as_ref().map(|unread| &unread.mark)
    }

    /// The first entry that was not seen.
    pub(crate) fn first_unread(&self) -> Option<EntryId> {
        self.unread.as_ref()?.first
    }

    fn behind(&self, seq: Seq) -> impl Iterator<Item = &Entry> {
        let start = self.entries.partition_point(|entry| entry.at <= seq);
        self.entries.range(start..)
    }

    /// Looks for the first entry that was not seen: the mark is new, or that entry went.
    pub(super) fn find_unread(&mut self) {
        let Some(unread) = &self.unread else { return };
        let is_known = self.epoch.as_ref() == Some(&unread.mark.epoch);
        let first = match is_known {
            true => {
                let mut behind = self.behind(unread.mark.seq);
                behind
                    .find(|entry| entry.is_news() && self.is_new_to_reader(entry))
                    .map(|entry| entry.id)
            }
            false => None,
        };
        self.move_unread_line(first);
    }

    /// An entry came at `index`, which may be the first that was not seen.
    pub(super) fn note_unread(&mut self, index: usize) {
        let Some(unread) = &self.unread else { return };
        let entry = &self.entries[index];
        if self.epoch.as_ref() != Some(&unread.mark.epoch)
            || entry.at <= unread.mark.seq
            || !entry.is_news()
            || !self.is_new_to_reader(entry)
        {
            return;
        }
        let id = entry.id;
        let earlier = unread.first.and_then(|first| self.index_of(first));
        if earlier.is_none_or(|earlier| index < earlier) {
            self.move_unread_line(Some(id));
        }
    }

    fn is_new_to_reader(&self, entry: &Entry) -> bool {
        let until = self.unread.as_ref().and_then(|unread| unread.until);
        until.is_none_or(|until| entry.at <= until)
    }

    /// Puts the line above another entry, and keeps a held view on what it shows.
    fn move_unread_line(&mut self, to: Option<EntryId>) {
        let from = self.first_unread();
        if from == to {
            return;
        }
        let has_line = |id: Option<EntryId>, index| id.is_some_and(|id| self.item(index).id == id);
        if let Some((index, row)) = self
            .scroll
            .bottom
            .filter(|(index, _)| *index < self.count())
        {
            let (had, has) = (has_line(from, index), has_line(to, index));
            let row = row + usize::from(has) - usize::from(had).min(row + usize::from(has));
            self.scroll.bottom = Some((index, row));
        }
        if let Some(unread) = &mut self.unread {
            unread.first = to;
        }
    }

    /// The line above an entry, where it is the first that was not seen.
    pub(super) fn unread_rule(&self, index: usize, geometry: Geometry) -> Option<Row> {
        let first = self.first_unread()?;
        if self.item(index).id != first {
            return None;
        }
        let behind = self.entries.range(index.min(self.entries.len())..);
        let news = behind.filter(|entry| entry.is_news() && self.is_new_to_reader(entry));
        let count = news.take(COUNTED + 1).count();
        let more = if count > COUNTED { "+" } else { "" };
        let count = count.min(COUNTED);
        // The time of what was seen last, where that is here.
        let seen = index
            .checked_sub(1)
            .map(|before| &self.entries[before])
            .filter(|before| before.post().is_some());
        let since = seen.map_or(String::new(), |seen| {
            format!(" since {:02}:{:02}", seen.stamp.hour, seen.stamp.minute)
        });
        let words = format!("{count}{more} new{since}");
        Some(rule(&words, Tone::Unread, geometry))
    }
}
