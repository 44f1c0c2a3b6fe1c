//! A member's end of its room: what a session asks of the room goes through it.

use chat_protocol::{HeldId, MessageId, PostMessage, RoomChange, RoomName};
use tokio::sync::oneshot;

use super::{Inbox, Order, RoomError};
use crate::domain::filter::Change;
use crate::domain::held::Choice;
use crate::domain::moderation::Person;
use crate::domain::room::{Look, MemberId, View};
use crate::rooms::task::{Attendance, LogPosition, Reading, Request, RoomCommand};
use crate::wire::outgoing::Outgoing;

/// A connection's place in a room. Dropping it without [`Membership::leave`] leaves as well, but
/// waits for nothing.
pub struct Membership {
    room: RoomName,
    id: MemberId,
    inbox: Option<Inbox>,
}

impl Membership {
    /// The place of the connection `id` in `room`, which is reached through `inbox`.
    pub(super) fn new(room: RoomName, id: MemberId, inbox: Inbox) -> Self {
        Self {
            room,
            id,
            inbox: Some(inbox),
        }
    }

    /// Which connection of the room it is.
    pub(super) fn id(&self) -> MemberId {
        self.id
    }

    /// The room.
    pub(super) fn room(&self) -> &RoomName {
        &self.room
    }

    /// Posts for the member. What becomes of it comes through the outbox.
    pub async fn post(&self, post: PostMessage) -> Result<(), RoomError> {
        self.request(Request::Post(post)).await
    }

    /// Deletes a message for the member. What becomes of it comes through the outboxes.
    pub async fn delete(&self, message: MessageId) -> Result<(), RoomError> {
        self.request(Request::Delete(message)).await
    }

    /// Does something to somebody for the member, or refuses it; the room tells which.
    pub async fn moderate(&self, order: Order, target: Option<Person>) -> Result<(), RoomError> {
        self.request(Request::Moderate(order, target)).await
    }

    /// Empties the room for the member.
    pub async fn clear(&self) -> Result<(), RoomError> {
        self.request(Request::Clear).await
    }

    /// Changes the room's modes for the member.
    pub async fn change(&self, change: RoomChange) -> Result<(), RoomError> {
        self.request(Request::Change(change)).await
    }

    /// Changes the patterns for the member. What becomes of it comes through the outbox.
    pub async fn filter(&self, change: Change) -> Result<(), RoomError> {
        self.request(Request::ChangeFilter(change)).await
    }

    /// Asks for the patterns. The answer comes through the outbox.
    pub async fn filters(&self) -> Result<(), RoomError> {
        self.request(Request::Filters).await
    }

    /// Asks what waits for a moderator. The answer comes through the outbox.
    pub async fn held(&self) -> Result<(), RoomError> {
        self.request(Request::Held).await
    }

    /// Decides on what waits, for the member. What becomes of it comes through the outboxes.
    pub async fn decide(&self, held: HeldId, choice: Choice) -> Result<(), RoomError> {
        self.request(Request::Decide(held, choice)).await
    }

    /// Asks who is in the room. The answer comes through the outbox.
    pub async fn who(&self) -> Result<(), RoomError> {
        self.request(Request::Who).await
    }

    /// Waits until everything posted before is stored and delivered; answers with the log's end.
    pub(super) async fn await_stored(&self) -> Result<LogPosition, RoomError> {
        let (answer, settled) = oneshot::channel();
        self.read(Reading::AwaitStored(answer)).await?;
        settled.await.map_err(|_| RoomError::Stopping)
    }

    /// Gives the member what was read after `removals`; false where more was taken out since.
    pub(super) async fn show(&self, outgoing: Outgoing, removals: u64) -> Result<bool, RoomError> {
        let (answer, shown) = oneshot::channel();
        let reading = Reading::Show(self.id, outgoing, removals, answer);
        self.read(reading).await?;
        shown.await.map_err(|_| RoomError::Stopping)
    }

    /// What the room knows of what the member asks to read; `None` where it may not read it, which it was
    /// told.
    pub(super) async fn look(&self, look: Look) -> Result<Option<View>, RoomError> {
        let (answer, allowed) = oneshot::channel();
        self.read(Reading::Look(self.id, look, answer)).await?;
        allowed.await.map_err(|_| RoomError::Stopping)
    }

    /// Gives the member what was read at `audit_version`; false where that is out of date.
    pub(super) async fn show_view(
        &self,
        outgoing: Outgoing,
        audit_version: u64,
    ) -> Result<bool, RoomError> {
        let (answer, shown) = oneshot::channel();
        let reading = Reading::ShowView(self.id, outgoing, audit_version, answer);
        self.read(reading).await?;
        shown.await.map_err(|_| RoomError::Stopping)
    }

    /// Leaves, once everything that was posted before is delivered.
    pub async fn leave(mut self) {
        let (answer, left) = oneshot::channel();
        if let Some(inbox) = self.inbox.take()
            && inbox
                .send(RoomCommand::Attend(Attendance::Leave(self.id, answer)))
                .await
                .is_ok()
        {
            // Without an answer the room is gone, and nobody is in it any more.
            let _ = left.await;
        }
    }

    async fn request(&self, request: Request) -> Result<(), RoomError> {
        self.command(RoomCommand::Request(self.id, request)).await
    }

    async fn read(&self, reading: Reading) -> Result<(), RoomError> {
        self.command(RoomCommand::Read(reading)).await
    }

    async fn command(&self, command: RoomCommand) -> Result<(), RoomError> {
        let inbox = self.inbox.as_ref().ok_or(RoomError::Stopping)?;
        inbox.send(command).await.map_err(|_| RoomError::Stopping)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let Some(inbox) = self.inbox.take() else {
            return;
        };
        let id = self.id;
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // A room that is gone has nobody in it.
                let _ = inbox
                    .send(RoomCommand::Attend(Attendance::Leave(
                        id,
                        oneshot::channel().0,
                    )))
                    .await;
            });
        }
    }
}
