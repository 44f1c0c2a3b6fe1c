//! A member's standing in a room.

use serde::{Deserialize, Serialize};

/// Standing in a room: on the wire a number. The smaller one stands higher, and compares as less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Rank {
    /// 0: may do everything in the room.
    Administrator,
    /// 1: keeps the room in order.
    Moderator,
    /// 2: exempt from some modes.
    Vip,
    /// 3: everybody else.
    User,
}

impl From<Rank> for u8 {
    fn from(rank: Rank) -> u8 {
        match rank {
            Rank::Administrator => 0,
            Rank::Moderator => 1,
            Rank::Vip => 2,
            Rank::User => 3,
        }
    }
}

/// The number names no rank.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a rank is a number from 0 to 3, not {0}")]
pub struct UnknownRank(u8);

impl TryFrom<u8> for Rank {
    type Error = UnknownRank;

    fn try_from(number: u8) -> Result<Self, UnknownRank> {
        match number {
            0 => Ok(Rank::Administrator),
            1 => Ok(Rank::Moderator),
            2 => Ok(Rank::Vip),
            3 => Ok(Rank::User),
            _ => Err(UnknownRank(number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_number_stands_higher() {
        assert!(Rank::Administrator < Rank::Moderator);
        assert!(Rank::Moderator < Rank::Vip);
        assert!(Rank::Vip < Rank::User);
    }

    #[test]
    fn numbers_and_ranks_map_both_ways() {
        for number in 0..=3u8 {
            assert_eq!(u8::from(Rank::try_from(number).unwrap()), number);
        }
        assert_eq!(Rank::try_from(4), Err(UnknownRank(4)));
    }
}
