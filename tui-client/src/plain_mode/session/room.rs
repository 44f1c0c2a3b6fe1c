//! One room, as the mode without a screen knows it. Data only.

use std::time::Duration;

use chat_protocol::{Rank, RoomName, RoomState, ServerEvent, limits};

use crate::cursor::Cursor;
use crate::link::RoomKey;
use crate::plain_mode::queue::Queue;
use crate::sanitize;

/// How a room's connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Waits for the password, or for another room to try it.
    Off,
    /// On its way, or between two attempts.
    Down,
    /// Authenticated.
    Live,
    /// Down until the user asks for more.
    Stopped {
        /// The server refused to let the user in.
        is_refused: bool,
    },
}

/// A room.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) key: RoomKey,
    pub(super) name: RoomName,
    /// The name to show, harmless.
    pub(super) label: String,
    pub(super) link: Link,
    /// The position in the log up to which everything came.
    pub(super) cursor: Cursor,
    pub(super) queue: Queue,
    /// The user's standing here.
    pub(super) rank: Rank,
    /// Characters that a message may have.
    pub(super) content_limit: usize,
    /// The room's modes, once they are known.
    pub(super) modes: Option<RoomState>,
    /// Slow mode and members-only mode before this program locked the room.
    pub(super) before_lock: Option<(u64, bool)>,
    /// Since when it is down; `None` while it is live, and before the first attempt.
    pub(super) down_since: Option<Duration>,
    /// It was said that it is down.
    pub(super) is_down_said: bool,
    /// It was live at least once.
    pub(super) was_live: bool,
    /// What was there on entering has been said, at least once.
    pub(super) has_entered: bool,
    /// The user has left it; its place stays, for the numbers of what was said there.
    pub(super) has_left: bool,
    /// Messages of it were said: what comes may leave a gap behind them.
    pub(super) has_messages: bool,
    /// Entries of the log that came while the newest of those before them were asked for.
    pub(super) held_back: Option<Vec<ServerEvent>>,
}

impl Room {
    pub(super) fn new(key: RoomKey, name: RoomName) -> Self {
        Self {
            key,
            label: sanitize::line(name.plain().as_str()),
            name,
            link: Link::Off,
            cursor: Cursor::default(),
            queue: Queue::default(),
            rank: Rank::User,
            content_limit: limits::CONTENT_CHARS,
            modes: None,
            before_lock: None,
            down_since: None,
            is_down_said: false,
            was_live: false,
            has_entered: false,
            has_left: false,
            has_messages: false,
            held_back: None,
        }
    }
}
