//! What was cut, newest first, for all input boxes of the program. Must not edit.

use std::collections::VecDeque;

/// Pieces that are kept.
const PIECES: usize = 30;
/// Bytes that all pieces have together.
const BYTES: usize = 128 * 1024;

/// The kill ring.
#[derive(Default)]
pub(crate) struct KillRing {
    pieces: VecDeque<String>,
    /// Counts the pieces that ever came in: tells whether the newest is still that of a moment ago.
    count: u64,
}

/// Which end of the newest piece a cut joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Front,
    Back,
}

impl KillRing {
    /// The piece that is `place` pieces older than the newest, counted on round the ring.
    pub(super) fn get(&self, place: usize) -> Option<&str> {
        let place = place.checked_rem(self.pieces.len())?;
        self.pieces.get(place).map(String::as_str)
    }

    /// Adds what was cut, to the piece numbered `joined` where that is the newest; the number of the
    /// piece that it is in now.
    pub(super) fn add(&mut self, text: &str, side: Side, joined: Option<u64>) -> u64 {
        if text.is_empty() {
            return joined.unwrap_or(self.count);
        }
        match self
            .pieces
            .front_mut()
            .filter(|_| joined == Some(self.count))
        {
            Some(newest) if side == Side::Front => newest.insert_str(0, text),
            Some(newest) => newest.push_str(text),
            None => {
                self.pieces.push_front(text.to_owned());
                self.count += 1;
            }
        }
        let mut bytes: usize = self.pieces.iter().map(String::len).sum();
        while self.pieces.len() > PIECES || bytes > BYTES && self.pieces.len() > 1 {
            bytes -= self.pieces.pop_back().map_or(0, |oldest| oldest.len());
        }
        self.count
    }
}

impl std::fmt::Debug for KillRing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KillRing({} pieces)", self.pieces.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_join_the_piece_before_and_no_other() {
        let mut ring = KillRing::default();
        assert_eq!(ring.get(0), None);
        let first = ring.add("b", Side::Back, None);
        ring.add("c", Side::Back, Some(first));
        ring.add("a", Side::Front, Some(first));
        assert_eq!(ring.get(0), Some("abc"));
        ring.add("x", Side::Back, None);
        ring.add("y", Side::Back, Some(first));
        let all: Vec<_> = (0..4).map(|place| ring.get(place).unwrap()).collect();
        assert_eq!(all, ["y", "x", "abc", "y"]);
    }

    #[test]
    fn old_pieces_go() {
        let mut ring = KillRing::default();
        for number in 0..PIECES + 5 {
            ring.add(&number.to_string(), Side::Back, None);
        }
        assert_eq!(ring.pieces.len(), PIECES);
        for _ in 0..3 {
            ring.add(&"x".repeat(BYTES / 2), Side::Back, None);
        }
        assert_eq!(ring.pieces.len(), 2);
    }
}
