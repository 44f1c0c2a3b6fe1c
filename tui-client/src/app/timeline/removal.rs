//! What moderators take out of a timeline: one message, all of a user's, everything. What is taken out
//! one by one leaves its place, and nothing quotes it any more. Moderators keep what it said, in memory
//! alone.

use chat_protocol::limits::USERNAME_CHARS;
use chat_protocol::{Cleared, MessageDeleted, Purged};

use super::Timeline;
use super::entry::{Author, Entry, EntryId, Kind, Post, Stamp, Status};
use crate::app::row::Tone;
use crate::sanitize;

impl Timeline {
    /// Marks a message as deleted.
    pub(crate) fn delete(&mut self, deleted: &MessageDeleted) {
        self.saw(deleted.seq);
        if let Some(index) = self.find_index(&deleted.id) {
            self.bury(index, &by(&deleted.by));
        }
        self.ignoring
            .retain(|_, post| post.raw_id() != deleted.id.as_str());
        for apart in &mut self.apart {
            if apart.id == deleted.id {
                apart.forget();
            }
        }
        self.forget_rows();
    }

    /// Marks all of a user's messages as deleted, those after the purge apart; true where there were
    /// any.
    pub(crate) fn purge(&mut self, purged: &Purged) -> bool {
        self.saw(purged.seq);
        let key = Author::key_of(&purged.username);
        self.ignoring
            .retain(|at, post| at > purged.seq || post.author.key != key);
        let by = by(&purged.by);
        let is_meant = |post: &Post| !post.is_deleted() && post.author.key == key;
        let end = self.entries.partition_point(|entry| entry.at < purged.seq);
        let found = self.entries.range(..end).enumerate();
        let meant: Vec<usize> = found
            .filter(|(_, entry)| entry.post().is_some_and(is_meant))
            .map(|(index, _)| index)
            .collect();
        for index in &meant {
            self.bury(*index, &by);
        }
        for apart in &mut self.apart {
            if apart.author.key == key && apart.seq < purged.seq {
                apart.forget();
            }
        }
        self.forget_rows();
        !meant.is_empty()
    }

    /// Takes out everything before the emptying, and says who did it. `stamp` is the time where it is
    /// known; out of a history it is not, and what was not seen by anybody here needs no line.
    pub(crate) fn clear(&mut self, cleared: &Cleared, stamp: Option<Stamp>) {
        self.saw(cleared.seq);
        self.ignoring.retain(|at, _| at > cleared.seq);
        let end = self.entries.partition_point(|entry| entry.at < cleared.seq);
        let last = end.checked_sub(1).map(|last| self.entries[last].stamp);
        self.drop_first(end);
        self.apart.retain(|apart| apart.seq >= cleared.seq);
        self.complete = true;
        self.scroll_back(end);
        self.forget_rows();
        self.find_unread();
        let Some(stamp) = stamp.or(last) else {
            return;
        };
        let words = format!("{} deleted all messages", by(&cleared.by));
        let kind = Kind::Notice(Tone::Waiting, words.into());
        let version = self.next_version();
        self.insert_at(0, Entry::new(cleared.seq, stamp, version, kind));
    }

    /// Whether the text of what is deleted from now on is kept. Where it is not, what was kept is
    /// forgotten: the user is no moderator any more.
    pub(crate) fn keep_deleted(&mut self, keep: bool) {
        let did_keep = std::mem::replace(&mut self.keeps_deleted, keep);
        if !did_keep || keep {
            return;
        }
        for index in 0..self.entries.len() {
            let is_kept = |post: &Post| post.deleted_content().is_some();
            if self.entries[index].post().is_some_and(is_kept) {
                self.bury(index, "");
            }
        }
    }

    /// What a deleted message said, where it is kept.
    pub(crate) fn deleted_text(&self, id: EntryId) -> Option<&str> {
        let post = self.item(self.index_of(id)?).post()?;
        post.deleted_content()
    }

    /// Leaves nothing of a message but that it was there, and what it said where that is kept.
    fn bury(&mut self, index: usize, by: &str) {
        let version = self.next_version();
        let keeps = self.keeps_deleted;
        let entry = &mut self.entries[index];
        let id = entry.id;
        if let Some(post) = entry.post_mut() {
            if !post.is_deleted() {
                self.shares.was_deleted(&post.author.key);
                post.set(Status::Deleted, by);
                post.is_open = false;
            } else if keeps {
                // Loaded once more, out of the history.
                return;
            }
            if !keeps {
                post.is_open = false;
                post.forget();
            }
        }
        entry.renew(version);
        if self.first_unread() == Some(id) {
            self.find_unread();
        }
    }
}

fn by(name: &str) -> String {
    sanitize::brief(name, USERNAME_CHARS)
}
