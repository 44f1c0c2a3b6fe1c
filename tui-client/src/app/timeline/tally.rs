//! Questions about what is here that a moderator acts on: what says the same, and how much somebody
//! wrote. Must not change anything.

use std::time::Duration;

use super::Timeline;
use super::entry::{Entry, EntryId, Post};
use super::likeness::Likeness;

/// What somebody wrote, of what is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Messages that are not deleted.
    pub(crate) messages: usize,
    /// The newest of all.
    pub(crate) newest: Option<EntryId>,
}

impl Timeline {
    /// The entries that say the same as one does, that one included, which came within `window` before
    /// the newest message, and it at any time; in their order. The user's own and what is deleted are
    /// not among them.
    pub(crate) fn like(&self, id: EntryId, window: Duration) -> Vec<EntryId> {
        let given = self.index_of(id).and_then(|index| self.item(index).post());
        let Some(given) = given.filter(|post| !post.is_own && !post.is_deleted()) else {
            return Vec::new();
        };
        let mut likeness = Likeness::default();
        let form = likeness.form(given.content());
        let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        let mut posts = self
            .entries
            .iter()
            .rev()
            .filter(|entry| entry.post().is_some());
        // By the clock of the server, whatever that of this machine says.
        let newest = posts.next().map_or(0, |entry| entry.stamp.unix_millis);
        let since = newest.saturating_sub(window);
        let mut like: Vec<EntryId> = self
            .entries
            .iter()
            .filter(|entry| entry.id == id || entry.stamp.unix_millis >= since)
            .filter(|entry| entry.is_news())
            .filter(|entry| {
                let said = entry.post().map(Post::content).unwrap_or_default();
                entry.id == id || likeness.form(said) == form
            })
            .map(|entry| entry.id)
            .collect();
        like.dedup();
        like
    }

    /// What the user with this key wrote.
    pub(crate) fn by(&self, key: &str) -> Written {
        let is_theirs = |entry: &&Entry| entry.post().is_some_and(|post| *post.author.key == *key);
        let theirs = self.entries.iter().filter(is_theirs);
        theirs.fold(Written::default(), |written, entry| Written {
            messages: written.messages + usize::from(!entry.post().is_none_or(Post::is_deleted)),
            newest: Some(entry.id),
        })
    }
}
