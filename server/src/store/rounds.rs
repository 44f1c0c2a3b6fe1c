//! How a round of a room is stored: the trait that every engine implements.

use chat_protocol::RoomName;

use crate::domain::round::{Round, StoredRound};
use crate::store::StoreError;

/// What became of a round.
///
/// The round is handed over by value and comes back where it was not stored. So nothing of it is ever
/// copied: an engine turns its entries into what was stored, and who hears of a refusal has the entries
/// that are refused.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// All of the round is stored, as durably as the engine promises, and this is what came of it.
    /// Everybody may see it.
    Stored(StoredRound),
    /// Nothing of the round is stored, and nothing will be. Who asked for it may be told that it
    /// failed. What is tried anew is another round, with another id.
    Refused(Round, StoreError),
    /// The engine broke while it was deciding: all of the round is stored, or nothing, and nobody knows
    /// which. Nothing of it may be shown, and nobody be told that it failed. The same round, with the
    /// same id, is handed over again until this is known; the room stores nothing else before.
    Unknown(Round, StoreError),
}

/// The rounds of all rooms.
#[async_trait::async_trait]
pub trait Rounds: Send + Sync {
    /// Stores `round`, all or nothing, with the lines in the audit that follow from its changes, and
    /// answers once that is as durable as the engine promises.
    ///
    /// A round that was answered with [`Outcome::Unknown`] is stored at most once, however often it is
    /// handed over: where it had been stored, the answer is what came of it then. The rounds of one
    /// room must not be handed over at the same time.
    async fn store(&self, room: &RoomName, round: Round) -> Outcome;
}
