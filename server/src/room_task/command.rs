//! What sessions ask of a room.

use chat_protocol::{MessageId, PostMessage, Seq, Since};
use tokio::sync::oneshot;

use crate::entry::Author;
use crate::log::LogError;
use crate::outbox::Outbox;
use crate::outgoing::Outgoing;
use crate::room::MemberId;

/// Somebody at the door.
pub struct Entrance {
    /// Who.
    pub author: Author,
    /// Whether they want `join`, `leave` and `presence`.
    pub wants_presence: bool,
    /// The last entry they have, to resume after it.
    pub since: Option<Since>,
    /// What they are told first: that they are in.
    pub welcome: Outgoing,
    /// Where everything for them goes.
    pub outbox: Outbox,
}

/// What a session asks of a room.
pub enum RoomCommand {
    /// Let somebody in. Answered once they are, or with why not; then nothing was sent to them.
    Enter(Box<Entrance>, oneshot::Sender<Result<MemberId, LogError>>),
    /// Take a member out. Answered once nothing more will come from the room.
    Leave(MemberId, oneshot::Sender<()>),
    /// Post for a member, who has to wait so many seconds where they are too fast. Answered through
    /// the member's outbox.
    Post(MemberId, PostMessage, Option<u64>),
    /// Delete a message for a member. Answered through the members' outboxes.
    Delete(MemberId, MessageId),
    /// Tell a member who is here, through the member's outbox.
    Who(MemberId),
    /// Store and deliver what was posted before. Answered with the log's end then.
    Settle(oneshot::Sender<Seq>),
    /// The log now begins here.
    Trimmed(Seq),
}
