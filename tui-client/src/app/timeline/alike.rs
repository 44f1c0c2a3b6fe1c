//! Which messages say the same as one that a moderator picked. Must not change anything.

use super::Timeline;
use super::entry::{EntryId, Post};
use super::likeness::Likeness;

/// How far back messages are looked for, in milliseconds.
const WINDOW: i64 = 10 * 60 * 1_000;

impl Timeline {
    /// The messages of the last 10 minutes that say the same as one does, the newest first, and that one
    /// however old it is; not what is deleted, nor this user's own or that of the user with the key `but`.
    pub(crate) fn alike(&self, id: EntryId, but: &str) -> Vec<EntryId> {
        let is_meant = |post: &&Post| {
            !post.is_own
                && !post.is_deleted()
                && *post.author.key != *but
                && !post.raw_id().is_empty()
        };
        let given = self.index_of(id).and_then(|index| self.item(index).post());
        let Some(given) = given.filter(is_meant) else {
            return Vec::new();
        };
        let mut likeness = Likeness::default();
        let form = likeness.form(given.content());
        let mut posts = self
            .entries
            .iter()
            .rev()
            .filter(|entry| entry.post().is_some());
        // By the clock of the server, whatever that of this machine says.
        let newest = posts.next().map_or(0, |entry| entry.stamp.unix_millis);
        let since = newest.saturating_sub(WINDOW);
        let meant = self.entries.iter().rev().filter(|entry| {
            let is_recent = entry.id == id || entry.stamp.unix_millis >= since;
            let post = entry.post().filter(is_meant).filter(|_| is_recent);
            post.is_some_and(|post| entry.id == id || likeness.has_form(post.content(), &form))
        });
        meant.map(|entry| entry.id).collect()
    }
}
