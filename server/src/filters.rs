//! The patterns that rooms block: the trait that a room's task uses to load them and to store a
//! change, with a line of who made it.

mod sqlite;

use chat_protocol::{AuditEntry, RoomName};

use crate::filter::{Change, Filter, FilterError};

pub use sqlite::SqliteFilters;

/// Why patterns could not be loaded or changed; nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FiltersError {
    /// The store can't be read or written now.
    #[error("the rooms' patterns are not available")]
    Unavailable(#[source] std::sync::Arc<dyn std::error::Error + Send + Sync>),
    /// The patterns can't be used so.
    #[error(transparent)]
    Refused(#[from] FilterError),
}

/// What stands in the audit of a change by `by`.
pub fn deed(change: &Change, by: &str, now: u64) -> AuditEntry {
    let (action, reason) = match change {
        Change::Add(pattern) => ("addFilter", pattern.reason.clone()),
        Change::Remove(_) => ("removeFilter", None),
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

/// The patterns of all rooms.
#[async_trait::async_trait]
pub trait Filters: Send + Sync {
    /// The patterns of `room`, ready to be held against messages.
    async fn load(&self, room: &RoomName) -> Result<Filter, FiltersError>;

    /// Stores a change by `by` at `now` (milliseconds since 1970, UTC); answers with the patterns
    /// after it, once it is on disk. Two changes of one room must not be asked for at once.
    async fn change(
        &self,
        room: &RoomName,
        change: &Change,
        by: &str,
        now: u64,
    ) -> Result<Filter, FiltersError>;
}
