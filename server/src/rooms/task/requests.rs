//! What members send. What has to be looked up before the rules can decide is looked up here, in the log
//! and the stores, and comes in with the input; what is decided follows as effects.

use chat_protocol::{MessageId, Nonce, PostMessage, Rank, RoomChange, Seq, Username, events};

use super::RoomTask;
use super::command::Request;
use crate::domain::entry::Author;
use crate::domain::room::{Input, Lookup, MemberId, Pinned, ReplyTarget, StoredMessage};
use crate::store::StoreError;
use crate::wire::outgoing::Outgoing;

impl RoomTask {
    /// Does what a member asks for, or has it refused.
    pub(super) async fn request(&mut self, id: MemberId, request: Request) {
        let input = match request {
            Request::Post(mut post) => {
                self.by_id(&mut post.reply_to);
                self.posting(id, post).await
            }
            Request::Delete(message) => self.deletion(id, &message).await,
            Request::Moderate(order, target) => {
                // What was posted before is stored before: a purge finds it there.
                self.store().await;
                Input::Moderate(id, order, target)
            }
            Request::Decide(held, choice) => {
                // What was posted before comes before.
                self.store().await;
                Input::Decide(id, held, choice)
            }
            Request::Clear => Input::Clear(id),
            Request::Change(mut change) => {
                change
                    .pinned
                    .iter_mut()
                    .for_each(|pinned| self.by_id(pinned));
                self.mode_change(id, change).await
            }
            Request::ChangeFilter(change) => Input::ChangeFilter(id, change),
            Request::Filters => Input::ListFilters(id),
            Request::Held => Input::ListHeld(id),
            Request::Who => return self.tell_who(id).await,
        };
        self.apply(input).await;
    }

    /// A message that is named by its position is named by its id from here on: that is what is stored,
    /// and what others see.
    fn by_id(&self, named: &mut Option<MessageId>) {
        let epochs = &self.head.epochs;
        if let Some(id) = named.as_mut()
            && let Some(seq) = id.position()
        {
            *id = epochs.id_of(seq);
        }
    }

    async fn posting(&mut self, id: MemberId, post: PostMessage) -> Input {
        let unavailable =
            |nonce: Option<Nonce>| Input::Unavailable(id, events::MESSAGE, Lookup::Log, nonce);
        let target = match self.target(post.reply_to.as_ref()).await {
            Ok(target) => target,
            Err(error) => {
                self.report("cannot read the message that another answers", &error);
                return unavailable(post.nonce);
            }
        };
        match self.blocked(id, &post).await {
            Ok(found) => Input::Post(id, post, target, found),
            Err(error) => {
                self.report_filters("a message could not be held against patterns", &error);
                unavailable(post.nonce)
            }
        }
    }

    async fn deletion(&mut self, id: MemberId, message: &MessageId) -> Input {
        let unavailable = Input::Unavailable(id, events::DELETE_MESSAGE, Lookup::Log, None);
        let mut target = match self.message(message).await {
            Ok(target) => target,
            Err(error) => {
                self.report("cannot read a message that is to be deleted", &error);
                return unavailable;
            }
        };
        if let Some(message) = &mut target {
            match self.is_holders(&message.author).await {
                Ok(is_holders) => message.is_holders = is_holders,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(room = ?self.name, error, "cannot tell whose a message is");
                    return unavailable;
                }
            }
        }
        Input::Delete(id, target)
    }

    async fn mode_change(&mut self, id: MemberId, change: RoomChange) -> Input {
        // Changes before it are stored before: it changes what they left.
        self.store().await;
        let pinned = change.pinned.as_ref().and_then(Option::as_ref);
        let target = match pinned {
            Some(pinned) => self.message(pinned).await.map(|message| match message {
                Some(message) => Pinned::By(message.author.username),
                None => Pinned::Unknown,
            }),
            None => Ok(Pinned::None),
        };
        match target {
            Ok(target) => Input::Change(id, change, target),
            Err(error) => {
                self.report("cannot read a message that is to be pinned", &error);
                Input::Unavailable(id, events::SET_ROOM, Lookup::Log, None)
            }
        }
    }

    /// Tells a member who is here. The rules have no part in it: everybody may know, and what is sent is
    /// kept until somebody comes or goes.
    async fn tell_who(&mut self, id: MemberId) {
        // What the member posted before comes before.
        self.store().await;
        let room = &self.room;
        let who = self
            .who
            .get_or_insert_with(|| Outgoing::new(chat_protocol::ServerEvent::Who(room.who())))
            .clone();
        self.delivery.answer(id, &who);
    }

    /// Unpins the pinned message where it was deleted.
    pub(super) async fn check_pinned(&mut self) {
        let Some(by) = self.pin_to_check.take() else {
            return;
        };
        let Some(pinned) = self.room.pinned().cloned() else {
            return;
        };
        match self.message(&pinned).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                self.apply(Input::Unpin(by)).await;
                self.store().await;
            }
            Err(error) => {
                self.report("cannot tell whether the pinned message is there", &error);
                self.pin_to_check = Some(by);
            }
        }
    }

    /// Whether the name of `author` is still that account's. Where whoever has the name is a mere user,
    /// that makes no difference, and is not looked for.
    async fn is_holders(&self, author: &Author) -> Result<bool, StoreError> {
        if self.room.rank(&author.key) == Rank::User {
            return Ok(true);
        }
        let Ok(name) = Username::new(&author.username) else {
            return Ok(false);
        };
        let holder = self.stores.accounts.known(&name).await?;
        Ok(holder.is_some_and(|holder| author.is_account(holder.id)))
    }

    /// Whether the message that is named, where one is, is there.
    async fn target(&mut self, named: Option<&MessageId>) -> Result<ReplyTarget, StoreError> {
        let Some(id) = named else {
            return Ok(ReplyTarget::None);
        };
        Ok(match self.message(id).await? {
            Some(_) => ReplyTarget::Known,
            None => ReplyTarget::Unknown,
        })
    }

    /// The message with this id, where there is one: what waits is stored before, since it may be
    /// among that, or be deleted by that.
    async fn message(&mut self, id: &MessageId) -> Result<Option<StoredMessage>, StoreError> {
        self.store().await;
        let there = self.head.first..=self.head.last;
        let seq: Option<Seq> = self.head.epochs.seq_of(id);
        let Some(seq) = seq.filter(|seq| there.contains(seq)) else {
            return Ok(None);
        };
        let entry = self.entry(seq).await?;
        Ok(entry.and_then(|entry| {
            let author = entry.message()?.author.clone();
            Some(StoredMessage {
                seq,
                author,
                is_holders: true,
            })
        }))
    }
}
