//! Where the message with an id is. Owns that question alone: it costs 17 bytes a message, and must be
//! told of all that comes, goes and moves.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use chat_protocol::Seq;

/// Positions by id. Ids are kept as hashes whose key nobody knows: what is found has still to be
/// compared.
#[derive(Debug, Default)]
pub(super) struct Index {
    hasher: RandomState,
    positions: HashMap<u64, u64>,
    /// What has no position any more, and counts as at 0.
    apart: HashSet<u64>,
}

impl Index {
    pub(super) fn put(&mut self, id: &str, at: Seq) {
        let hash = self.hasher.hash_one(id);
        if at == Seq(0) {
            self.positions.remove(&hash);
            self.apart.insert(hash);
        } else {
            self.positions.insert(hash, at.0);
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<Seq> {
        let hash = self.hasher.hash_one(id);
        let apart = || self.apart.contains(&hash).then_some(Seq(0));
        let known = self.positions.get(&hash).copied().map(Seq);
        known.or_else(apart)
    }

    /// Forgets an id, unless it is at another position by now.
    pub(super) fn remove(&mut self, id: &str, at: Seq) {
        let hash = self.hasher.hash_one(id);
        if at == Seq(0) {
            self.apart.remove(&hash);
        } else if self.positions.get(&hash) == Some(&at.0) {
            self.positions.remove(&hash);
        }
    }

    /// All positions lost their worth.
    pub(super) fn part(&mut self) {
        let positions = std::mem::take(&mut self.positions);
        self.apart.extend(positions.into_keys());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_where_they_were_put_last() {
        let mut index = Index::default();
        index.put("a", Seq(1));
        index.put("b", Seq(2));
        index.put("a", Seq(3));
        index.remove("a", Seq(1));
        index.remove("b", Seq(2));
        assert_eq!(index.get("a"), Some(Seq(3)));
        assert_eq!(index.get("b"), None);
        index.part();
        assert_eq!(index.get("a"), Some(Seq(0)));
        index.put("a", Seq(4));
        assert_eq!(index.get("a"), Some(Seq(4)));
        index.put("c", Seq(0));
        index.remove("c", Seq(0));
        assert_eq!(index.get("c"), None);
    }
}
