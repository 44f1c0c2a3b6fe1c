//! Who decided what: reading the audit. Its lines are written with what they tell.

use chat_protocol::{RoomName, events};

use crate::domain::audit::{AuditLine, LineId};
use crate::store::StoreError;

/// Which lines are asked for: the newest of those that all of this is true of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditRange {
    /// Of this room; of all, and of the server itself, where `None`.
    pub room: Option<RoomName>,
    /// What was done to the user of this name, as registered.
    pub target: Option<String>,
    /// Older than this line.
    pub before: Option<LineId>,
    /// How many at most.
    pub limit: u32,
}

/// What is done to patterns and not to a user, though a pattern may be somebody's name.
pub const NOT_ON_USERS: [&str; 2] = [events::ADD_FILTER, events::REMOVE_FILTER];

/// The audit of all rooms, and of the server itself.
#[async_trait::async_trait]
pub trait AuditLog: Send + Sync {
    /// The newest lines of `range`, the oldest of them first.
    async fn audit(&self, range: AuditRange) -> Result<Vec<AuditLine>, StoreError>;
}
