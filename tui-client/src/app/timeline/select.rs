//! Messages that are picked out of a timeline: by a number of their own, which no row and no later
//! message can take over. Owns stepping from one to the next, and bringing one into view.

use chat_protocol::{Rank, Username};

use super::Timeline;
use super::entry::{Entry, EntryId, Post, Status};
use super::geometry::Geometry;
use crate::app::target::{Target, TargetMessage};
use crate::sanitize;

/// Characters of a message that a target carries.
const QUOTED: usize = 200;

/// The newest messages of one author, as they were looked up; true until something of theirs changes.
#[derive(Debug)]
pub(super) struct Latest {
    key: Box<str>,
    version: u64,
    most: usize,
    lines: Vec<(i64, String)>,
}

impl Timeline {
    /// The number of the entry that a selection begins with: the lowest in view that can be picked.
    pub(crate) fn first_pick(&self, geometry: Geometry) -> Option<EntryId> {
        let (bottom, _) = self.bottom(geometry)?;
        let up = (0..=bottom).rev().map(|index| self.item(index));
        up.filter(|entry| is_pickable(entry))
            .map(|entry| entry.id)
            .next()
    }

    /// The number of the entry above or below another; `None` where there is none.
    pub(crate) fn step(&self, id: EntryId, down: bool) -> Option<EntryId> {
        let index = self.index_of(id)?;
        let pick = |index: usize| {
            let entry = self.item(index);
            is_pickable(entry).then_some(entry.id)
        };
        match down {
            true => (index + 1..self.count()).find_map(pick),
            false => (0..index).rev().find_map(pick),
        }
    }

    /// The entry with this number.
    pub(crate) fn picked(&self, id: EntryId) -> Option<&Entry> {
        self.index_of(id).map(|index| self.item(index))
    }

    /// The number of the oldest entry.
    pub(crate) fn oldest_pick(&self) -> Option<EntryId> {
        let mut entries = (0..self.count()).map(|index| self.item(index));
        entries
            .find(|entry| is_pickable(entry))
            .map(|entry| entry.id)
    }

    /// The newest message of a user that is in the log's present life.
    pub(crate) fn newest_of(&self, key: Option<&str>) -> Option<EntryId> {
        let mut entries = self.entries.iter().rev();
        let found = entries.find(|entry| {
            entry.post().is_some_and(|post| {
                matches!(post.status, Status::Posted | Status::Mentions)
                    && key.is_none_or(|key| *post.author.key == *key)
            })
        });
        found.map(|entry| entry.id)
    }

    /// Whom and what an action on this entry is for; `None` for what is in no log, or by nobody that a
    /// command can name.
    pub(crate) fn target(&self, id: EntryId) -> Option<Target> {
        let entry = self.picked(id)?;
        let post = entry.post()?;
        let username = Username::new(post.author.meant_name()).ok()?;
        // What is gone can't be acted on any more.
        let id = post.id().filter(|_| !post.is_deleted());
        let message = id.map(|id| TargetMessage {
            id,
            text: start_of(post),
            unix_millis: entry.stamp.unix_millis,
        });
        Some(Target {
            username,
            name: post.author.name.to_string(),
            message,
        })
    }

    /// The rank that a user had when writing last.
    pub(crate) fn rank_of(&self, key: &str) -> Option<Rank> {
        self.shares.of(key).map(|share| share.rank)
    }

    /// Messages of a user that are here and not deleted.
    pub(crate) fn messages_of(&self, key: &str) -> usize {
        self.shares.of(key).map_or(0, |share| share.kept)
    }

    /// The newest messages of a user that are here, each with when it was posted, the oldest first.
    pub(crate) fn latest_of(&self, key: &str, most: usize) -> Vec<(i64, String)> {
        let Some(share) = self.shares.of(key) else {
            return Vec::new();
        };
        let mut latest = self.latest.borrow_mut();
        let known = latest
            .take_if(|one| *one.key == *key && one.version == share.version && one.most == most);
        let found = known.unwrap_or_else(|| Latest {
            key: key.into(),
            version: share.version,
            most,
            lines: self.find_latest(key, most.min(share.posts)),
        });
        latest.insert(found).lines.clone()
    }

    /// Goes back as far as it takes.
    fn find_latest(&self, key: &str, count: usize) -> Vec<(i64, String)> {
        let entries = self.entries.iter().rev();
        let theirs = entries.filter_map(|entry| {
            let post = entry.post().filter(|post| *post.author.key == *key)?;
            let text = match &post.status {
                Status::Deleted => format!("[deleted by {}]", post.words()),
                _ => start_of(post),
            };
            Some((entry.stamp.unix_millis, text))
        });
        let mut latest: Vec<_> = theirs.take(count).collect();
        latest.reverse();
        latest
    }

    /// The selection is over: a view that was at the end follows again.
    pub(crate) fn thaw(&mut self, geometry: Geometry) {
        if self.scroll.new_below == 0 && self.scroll.bottom == self.end(geometry) {
            self.follow();
        }
    }

    /// Holds the view where it is, so that nothing moves while something is picked.
    pub(crate) fn freeze(&mut self, geometry: Geometry) {
        if self.scroll.bottom.is_none() {
            self.scroll.bottom = self.end(geometry);
        }
    }

    /// Brings an entry into a view of `height` rows.
    pub(crate) fn reveal(&mut self, id: EntryId, geometry: Geometry, height: usize) {
        let (Some(index), Some(bottom)) = (self.index_of(id), self.bottom(geometry)) else {
            return;
        };
        let rows = self.height(index, geometry);
        let last = (index, rows - 1);
        if last > bottom {
            self.scroll.bottom = Some(last);
            return;
        }
        let top = self.back(bottom, height.saturating_sub(1), geometry);
        if (index, 0) < top {
            // Its first row becomes the first of the view.
            let bottom = self.forward((index, 0), height.saturating_sub(1), geometry);
            self.scroll.bottom = Some(bottom);
        }
    }
}

fn is_pickable(entry: &Entry) -> bool {
    entry.post().is_some() || entry.is_gap()
}

fn start_of(post: &Post) -> String {
    let start: String = post.content().chars().take(QUOTED).collect();
    sanitize::line(&start)
}
