//! A room's log: the trait that rooms use, and how a part of it is asked for.
//!
//! Nothing is appended here: that is part of a round. It knows nothing of members. Where the data lives
//! is the engines' business.

mod purging;

use chat_protocol::{RoomName, RoomState, Seq};

use crate::domain::entry::{Entry, Epochs, StoredNonce, UnixMillis};
use crate::store::StoreError;

pub use purging::{Purge, Purging};

/// Where a log stands when a room starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// The log's lives.
    pub epochs: Epochs,
    /// Whether there is such a log; otherwise this is what it is to begin with.
    pub is_begun: bool,
    /// The oldest entry that is still there; one past `last` where none is.
    pub first: Seq,
    /// The newest entry; 0 where there never was one.
    pub last: Seq,
    /// The nonces of recent messages, for the room to know a retry by.
    pub nonces: Vec<StoredNonce>,
    /// The room's modes.
    pub modes: RoomState,
}

/// A part of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Only entries after this one.
    pub after: Seq,
    /// Only entries before this one.
    pub before: Option<Seq>,
    /// How many at most.
    pub limit: u64,
    /// Which of them, where there are more.
    pub end: End,
    /// Whether changes of the room's modes are among them.
    pub with_modes: bool,
}

/// Which end of a range to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The entries nearest to the range's start.
    Oldest,
    /// The entries nearest to the range's end.
    Newest,
}

/// The entries of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The log's lives.
    pub epochs: Epochs,
    /// The entries, in the order of `seq`. What was deleted is missing, and nothing else that was asked for.
    pub entries: Vec<Entry>,
    /// The log's beginning when this was read, as [`LogHead::first`].
    pub first: Seq,
    /// Whether the range holds no more than these.
    pub complete: bool,
}

/// What a log keeps; what is older is trimmed, from the oldest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The newest entries of a room, so many; `None` for all.
    pub entries: Option<u64>,
    /// Entries from this time on.
    pub since: UnixMillis,
}

/// A room's log in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The room.
    pub room: RoomName,
    /// Entries that are still there.
    pub entries: u64,
    /// The newest entry; 0 where there never was one.
    pub last: Seq,
}

/// What one step of trimming did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trimmed {
    /// The oldest entry that is left; one past the newest where none is.
    pub first: Seq,
    /// Whether nothing is left to trim.
    pub is_done: bool,
}

/// What one step of taking out somebody's messages did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thinned {
    /// What is before and at this place was looked at.
    pub seq: Seq,
    /// So many were taken out; or, where it is done, so many are left.
    pub count: u64,
    /// Whether only a few are left, or none.
    pub is_done: bool,
}

/// The logs of all rooms.
#[async_trait::async_trait]
pub trait RoomLog: Send + Sync {
    /// Where the log of `room` stands, with the nonces of messages since `nonces_since`
    /// (milliseconds since 1970, UTC). Begins no log: that is part of letting the first one in.
    async fn open(&self, room: &RoomName, nonces_since: u64) -> Result<LogHead, StoreError>;

    /// Reads a part of `room`'s log. The log must have been opened before.
    async fn read(&self, room: &RoomName, range: Range) -> Result<Slice, StoreError>;

    /// Reads what is left of the messages of the user `key` (a name as compared) in a part of `room`'s
    /// log, which must have been opened before. What it costs must not grow with what others wrote,
    /// beyond a look at every few hundred entries. `with_modes` says nothing here.
    async fn written_by(
        &self,
        room: &RoomName,
        key: &str,
        range: Range,
    ) -> Result<Slice, StoreError>;

    /// How many messages of the user `key` are left in `room`'s log; at the same cost.
    async fn count_of(&self, room: &RoomName, key: &str) -> Result<u64, StoreError>;

    /// All rooms that ever had a log, by name.
    async fn list(&self) -> Result<Vec<Summary>, StoreError>;

    /// The names of all rooms that have a log.
    async fn names(&self) -> Result<Vec<RoomName>, StoreError>;

    /// Takes a bounded number of the messages of the user `key` (a name as compared) that come after
    /// `after` out of `room`'s log, of which this is not to be told, unless there are only a few: these
    /// stay for a purge to take.
    async fn thin(&self, room: &RoomName, key: &str, after: Seq) -> Result<Thinned, StoreError>;

    /// Removes `room` with its log; false where there is none. What comes after begins a new life
    /// of the log. Not for a room that is running.
    async fn remove(&self, room: &RoomName) -> Result<bool, StoreError>;

    /// Rooms that hold more than `keep`, some of them.
    async fn overdue(&self, keep: Keep) -> Result<Vec<RoomName>, StoreError>;

    /// Takes a bounded number of entries that are not to be kept out of `room`'s log.
    async fn trim(&self, room: &RoomName, keep: Keep) -> Result<Trimmed, StoreError>;
}
