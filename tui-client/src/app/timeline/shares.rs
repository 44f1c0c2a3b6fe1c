//! What each author has in a timeline: how many messages, and the rank of the newest. Owns counts alone,
//! so that nobody goes through a hundred thousand messages for them; must be told of all that comes, goes
//! and is deleted.

use std::collections::HashMap;

use chat_protocol::{Rank, Seq};

use super::entry::Post;

/// Of each author who has a message here, by what the name is compared by.
#[derive(Debug, Default)]
pub(super) struct Shares {
    shares: HashMap<Box<str>, Share>,
    changes: u64,
}

/// What one author has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// Messages, those deleted included.
    pub(super) posts: usize,
    /// Messages that are not deleted.
    pub(super) kept: usize,
    /// The rank that the author had when writing the newest.
    pub(super) rank: Rank,
    newest: Seq,
    /// Another one after every change.
    pub(super) version: u64,
}

impl Shares {
    pub(super) fn of(&self, key: &str) -> Option<Share> {
        self.shares.get(key).copied()
    }

    /// A message is here from now on, at this position.
    pub(super) fn came(&mut self, post: &Post, at: Seq) {
        self.changes += 1;
        let anew = Share {
            posts: 0,
            kept: 0,
            rank: post.author.rank,
            newest: at,
            version: 0,
        };
        let share = match self.shares.get_mut(&post.author.key) {
            Some(share) => share,
            None => self.shares.entry(post.author.key.clone()).or_insert(anew),
        };
        share.posts += 1;
        share.kept += usize::from(!post.is_deleted());
        share.version = self.changes;
        if at >= share.newest {
            (share.newest, share.rank) = (at, post.author.rank);
        }
    }

    /// A message is not here any more.
    pub(super) fn went(&mut self, post: &Post) {
        self.changes += 1;
        let Some(share) = self.shares.get_mut(&post.author.key) else {
            return;
        };
        share.posts = share.posts.saturating_sub(1);
        share.kept = share.kept.saturating_sub(usize::from(!post.is_deleted()));
        share.version = self.changes;
        if share.posts == 0 {
            self.shares.remove(&post.author.key);
        }
    }

    /// A message that was here is deleted now.
    pub(super) fn was_deleted(&mut self, key: &str) {
        self.changes += 1;
        if let Some(share) = self.shares.get_mut(key) {
            share.kept = share.kept.saturating_sub(1);
            share.version = self.changes;
        }
    }
}

#[cfg(test)]
impl super::Timeline {
    /// Compares what is counted with what is there.
    #[track_caller]
    pub(crate) fn check_shares(&self) {
        let mut found: HashMap<&str, (usize, usize)> = HashMap::new();
        for post in self.entries.iter().filter_map(super::Entry::post) {
            let (posts, kept) = found.entry(&post.author.key).or_default();
            *posts += 1;
            *kept += usize::from(!post.is_deleted());
        }
        let counted = self.shares.shares.iter();
        let counted = counted.map(|(key, share)| (&**key, (share.posts, share.kept)));
        assert_eq!(counted.collect::<HashMap<_, _>>(), found);
    }
}
