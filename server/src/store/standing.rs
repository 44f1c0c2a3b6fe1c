//! How people stand in rooms: the trait that a room's task uses to load it. What is decided in a room is
//! stored in a round of it.

use chat_protocol::RoomName;

use crate::domain::entry::{Moment, UnixMillis};
use crate::domain::moderation::{Person, Standing, Verdicts};
use crate::store::StoreError;

/// The standing of people in all rooms.
#[async_trait::async_trait]
pub trait Standings: Send + Sync {
    /// Everybody in `room` who is not simply a user: ranks, and the bans and mutes that hold at `now`.
    async fn load(&self, room: &RoomName, now: Moment) -> Result<Standing, StoreError>;

    /// Makes `person` a server administrator, or ends that; answers once it is on disk.
    async fn administer(
        &self,
        person: &Person,
        is_admin: bool,
        now: UnixMillis,
    ) -> Result<(), StoreError>;

    /// The server administrators, by name as registered.
    async fn administrators(&self) -> Result<Vec<String>, StoreError>;

    /// In which rooms the user `key` (a name as compared) is banned and muted at `now`.
    async fn verdicts_on(&self, key: &str, now: UnixMillis) -> Result<Verdicts, StoreError>;
}
