//! The one error of the store: which part of it can't be reached, and why.

use std::fmt;
use std::sync::Arc;

/// A part of the store could not be read or written. Nothing of what was asked for was stored.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{part} not available")]
pub struct StoreError {
    /// Which part.
    pub part: Part,
    #[source]
    source: Arc<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// Wraps what the engine says.
    pub fn new(part: Part, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let source = Arc::new(source);
        Self { part, source }
    }
}

/// The parts of the store, as its errors name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Who there is.
    Accounts,
    /// Networks that are banned, and from where accounts came.
    Addresses,
    /// Who decided what.
    Audit,
    /// What the clock showed.
    Clock,
    /// The patterns that rooms block.
    Filters,
    /// Messages that wait for a moderator.
    Held,
    /// The rooms' entries.
    Log,
    /// Which rooms there are.
    Rooms,
    /// What is stored of a round of a room.
    Round,
    /// How people stand in rooms.
    Standing,
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Part::Accounts => "the accounts are",
            Part::Addresses => "the addresses are",
            Part::Audit => "the audit is",
            Part::Clock => "what the clock showed is",
            Part::Filters => "the rooms' patterns are",
            Part::Held => "the messages that wait for moderators are",
            Part::Log => "the room's log is",
            Part::Rooms => "the list of rooms is",
            Part::Round => "what the room is kept in is",
            Part::Standing => "the standing of people in rooms is",
        })
    }
}
