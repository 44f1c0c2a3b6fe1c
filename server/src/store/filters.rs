//! Where the patterns are kept that rooms block. They are changed in a round of the room.

use chat_protocol::RoomName;

use crate::domain::filter::{FilterError, Kind, Pattern};
use crate::store::StoreError;

/// Why patterns could not be loaded, changed or looked for; nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FiltersError {
    /// The store can't be read or written now.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
    /// The work on them broke off.
    #[error("the room's patterns could not be made ready")]
    BrokeOff,
    /// The patterns can't be used so.
    #[error(transparent)]
    Refused(#[from] FilterError),
}

/// How many patterns a room has, and how long they are together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// All of them.
    pub patterns: usize,
    /// Characters of all of them.
    pub chars: usize,
    /// Characters of the expressions among them.
    pub expressions: usize,
}

impl Outline {
    /// That of these patterns.
    pub fn of(patterns: &[Pattern]) -> Self {
        let mut outline = Self::default();
        patterns.iter().for_each(|pattern| outline.add(pattern));
        outline
    }

    /// With one more.
    pub(crate) fn add(&mut self, pattern: &Pattern) {
        let chars = pattern.text.chars().count();
        self.patterns += 1;
        self.chars += chars;
        if pattern.kind == Kind::Regex {
            self.expressions += chars;
        }
    }
}

/// The patterns of all rooms.
#[async_trait::async_trait]
pub trait Filters: Send + Sync {
    /// How many patterns `room` has, without reading them.
    async fn outline(&self, room: &RoomName) -> Result<Outline, FiltersError>;

    /// The patterns of `room` by their texts. Those that are stored as something unknown have that
    /// as their flaw.
    async fn load(&self, room: &RoomName) -> Result<Vec<Pattern>, FiltersError>;
}
