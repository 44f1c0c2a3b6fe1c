//! Where messages that wait for a moderator are kept: the trait by which a room reads them when it starts.
//! What changes among them is part of a [round](crate::store::rounds).

use chat_protocol::RoomName;

use crate::domain::held::HeldMessage;
use crate::store::StoreError;

/// The held messages of all rooms.
#[async_trait::async_trait]
pub trait HeldMessages: Send + Sync {
    /// What waits in `room` since a time later than `since`, the oldest first.
    async fn load(&self, room: &RoomName, since: u64) -> Result<Vec<HeldMessage>, StoreError>;
}
