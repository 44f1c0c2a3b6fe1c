//! Where the patterns are kept that rooms block, with a line of who changed them.

use chat_protocol::{AuditEntry, RoomName, events};

use crate::domain::filter::{Change, FilterError, Kind, Pattern};

/// Why patterns could not be loaded, changed or looked for; nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FiltersError {
    /// The store can't be read or written now.
    #[error("the rooms' patterns are not available")]
    Unavailable(#[source] std::sync::Arc<dyn std::error::Error + Send + Sync>),
    /// The work on them broke off.
    #[error("the room's patterns could not be made ready")]
    BrokeOff,
    /// The patterns can't be used so.
    #[error(transparent)]
    Refused(#[from] FilterError),
}

/// What stands in the audit of a change by `by`.
pub fn audit_entry(change: &Change, by: &str, now: u64) -> AuditEntry {
    let (action, reason) = match change {
        Change::Add(pattern) => (events::ADD_FILTER, pattern.reason.clone()),
        Change::Remove(_) => (events::REMOVE_FILTER, None),
    };
    AuditEntry {
        time: now,
        actor: by.to_owned(),
        action: action.to_owned(),
        target: change.text().to_owned(),
        until: None,
        reason,
    }
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

    /// Stores a change by `by` at `now` (milliseconds since 1970, UTC), of which it is known that it
    /// can be made; answers once it is on disk. Two changes of one room must not be asked for at once.
    async fn change(
        &self,
        room: &RoomName,
        change: &Change,
        by: &str,
        now: u64,
    ) -> Result<(), FiltersError>;
}
