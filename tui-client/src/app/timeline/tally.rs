//! Which messages say the same as one that a moderator picked. Must not change anything.

use std::time::Duration;

use super::Timeline;
use super::entry::{EntryId, Post};
use super::likeness::Likeness;

impl Timeline {
    /// The entries that say the same as one does, that one included, which came within `window` before
    /// the newest message, and it at any time; in their order. The user's own and what is deleted are
    /// not among them.
    pub(crate) fn like(&self, id: EntryId, window: Duration) -> Vec<EntryId> {
        let given = self.index_of(id).map(|index| self.item(index));
        let Some(given) = given.filter(|entry| entry.is_news()) else {
            return Vec::new();
        };
        let mut likeness = Likeness::default();
        let form = likeness.form(given.post().map(Post::content).unwrap_or_default());
        let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        let mut posts = (self.entries.iter().rev()).filter(|entry| entry.post().is_some());
        // By the clock of the server, whatever that of this machine says.
        let newest = posts.next().map_or(0, |entry| entry.stamp.unix_millis);
        let since = newest.saturating_sub(window);
        let like = self.entries.iter().filter(|entry| {
            let is_meant = entry.is_news() && entry.stamp.unix_millis >= since;
            let said = entry.post().filter(|_| is_meant).map(Post::content);
            entry.id == id || said.is_some_and(|said| likeness.has_form(said, &form))
        });
        like.map(|entry| entry.id).collect()
    }
}
