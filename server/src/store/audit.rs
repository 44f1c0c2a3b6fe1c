//! Who decided what: reading the audit. Its lines are written with what they tell.

use chat_protocol::RoomName;

use crate::domain::audit::AuditLine;
use crate::store::StoreError;

/// The audit of all rooms, and of the server itself.
#[async_trait::async_trait]
pub trait AuditLog: Send + Sync {
    /// The newest `limit` lines of who decided what, of one room or of all, the oldest of them first.
    async fn audit(&self, room: Option<RoomName>, limit: u32)
    -> Result<Vec<AuditLine>, StoreError>;
}
