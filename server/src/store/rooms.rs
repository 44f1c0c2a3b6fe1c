//! Which rooms there are: the trait that rooms and the command line use.

use chat_protocol::{Epoch, RoomName};

use crate::domain::entry::UnixMillis;
use crate::store::StoreError;

/// A room that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Its name.
    pub room: RoomName,
    /// The life that its log begins, unless it has one.
    pub epoch: Epoch,
    /// Who makes it a room that there is.
    pub founder: Founder,
    /// When.
    pub time: UnixMillis,
}

/// By whom a room is founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Founder {
    /// By the account that comes in, which is its administrator from then on.
    Member,
    /// By an operator. Nobody is its administrator.
    Operator,
    /// By nobody yet: a server administrator looks in.
    Nobody,
}

/// All rooms that there are.
#[async_trait::async_trait]
pub trait RoomDirectory: Send + Sync {
    /// Whether there is a room of this name.
    async fn is_founded(&self, room: &RoomName) -> Result<bool, StoreError>;

    /// The name by which a room goes that is called `spelled`: that one where there is a room of exactly
    /// that name, then its plain spelling, then that of the oldest room which differs in spelling alone.
    /// Where there is none of these, its plain spelling.
    async fn room_called(&self, spelled: &RoomName) -> Result<RoomName, StoreError>;

    /// The names of all rooms that there are, or of which something is left.
    async fn known_rooms(&self) -> Result<Vec<String>, StoreError>;

    /// Rooms, some of them, that nobody would miss: founded before `before` by a member, empty, and with
    /// nothing decided in them that holds at `now`.
    async fn idle_rooms(
        &self,
        before: UnixMillis,
        now: UnixMillis,
    ) -> Result<Vec<RoomName>, StoreError>;

    /// Forgets `room` with its log, if it is still one of those; false where it is not.
    async fn forget_idle_room(
        &self,
        room: &RoomName,
        before: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, StoreError>;

    /// Forgets who stood how in `room`: its next first member becomes its administrator.
    async fn forget_room(&self, room: &RoomName) -> Result<(), StoreError>;
}
