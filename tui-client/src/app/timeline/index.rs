//! Where the message with an id is. Owns that question alone: it costs 17 bytes a message, and must be
//! told of all that comes, goes and moves.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use chat_protocol::Seq;

/// Positions by id. Ids are kept as hashes whose key nobody knows: what is found has still to be
/// compared.
#[derive(Debug, Default)]
pub(super) struct Index {
    hasher: RandomState,
    positions: HashMap<u64, u64>,
}

impl Index {
    pub(super) fn put(&mut self, id: &str, at: Seq) {
        let hash = self.hasher.hash_one(id);
        self.positions.insert(hash, at.0);
    }

    pub(super) fn get(&self, id: &str) -> Option<Seq> {
        let hash = self.hasher.hash_one(id);
        self.positions.get(&hash).copied().map(Seq)
    }

    /// Forgets an id, unless it is at another position by now.
    pub(super) fn remove(&mut self, id: &str, at: Seq) {
        let hash = self.hasher.hash_one(id);
        if self.positions.get(&hash) == Some(&at.0) {
            self.positions.remove(&hash);
        }
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
    }
}
