//! Where messages that wait for a moderator are kept: the trait that a room's task uses.

use chat_protocol::RoomName;

use crate::domain::entry::UnixMillis;
use crate::domain::held::{HeldMessage, Ruled, Ruling, Waiting};
use crate::store::StoreError;

/// The held messages of all rooms.
#[async_trait::async_trait]
pub trait HeldMessages: Send + Sync {
    /// What waits in `room` since a time later than `since`, the oldest first.
    async fn load(&self, room: &RoomName, since: u64) -> Result<Vec<HeldMessage>, StoreError>;

    /// Keeps a message, and forgets those of all rooms that have waited since `forget` or longer; answers
    /// once it is on disk.
    async fn hold(
        &self,
        room: &RoomName,
        waiting: &Waiting,
        forget: UnixMillis,
    ) -> Result<HeldMessage, StoreError>;

    /// Takes a message out, in one with its line in the audit and its entry in the log.
    async fn rule(&self, room: &RoomName, ruling: &Ruling) -> Result<Ruled, StoreError>;
}
