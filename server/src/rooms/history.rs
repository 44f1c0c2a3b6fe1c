//! What of a log is shown to whom.

use chat_protocol::{History, RoomName};

use crate::domain::entry::{AccountId, Entry};
use crate::store::log::Slice;

/// Who reads a part of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The user's account: their own messages carry their nonces.
    pub account: AccountId,
    /// Whether they asked for the room's modes.
    pub wants_modes: bool,
}

/// `slice` of the log of `room` as the user of `account` sees it. `recovered` says, after a resume,
/// whether it is all that they missed; `None` in answer to `history`.
pub(super) fn shown_to(
    account: AccountId,
    slice: &Slice,
    room: &RoomName,
    recovered: Option<bool>,
) -> History {
    let event = |entry: &Entry| entry.to_event_for(account, room, &slice.epochs);
    History {
        entries: slice.entries.iter().map(event).collect(),
        complete: slice.complete,
        recovered,
        epoch: slice.epochs.current().clone(),
    }
}
