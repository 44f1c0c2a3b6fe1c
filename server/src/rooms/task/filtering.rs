//! A room's patterns: messages held against them, and changes, which are made ready and stored before
//! they take effect.

use chat_protocol::{Code, PostMessage, events};

use super::RoomTask;
use crate::clock;
use crate::domain::filter::{Change, FilterError, Pattern};
use crate::domain::room::{MemberId, NOBODY, operator, refusal};
use crate::store::filters::{FiltersError, audit_entry};
use crate::wire::outgoing::Outgoing;

impl RoomTask {
    /// The pattern that a member's message holds, where it has to be held against them.
    pub(super) async fn blocked(
        &mut self,
        id: MemberId,
        post: &PostMessage,
    ) -> Result<Option<Pattern>, FiltersError> {
        if self.filter.is_empty() || !self.room.is_held_against(id, &post.content) {
            return Ok(None);
        }
        self.filter.find(post.content.as_str()).await
    }

    /// Lists the patterns for a member, or tells it that it may not see them.
    pub(super) async fn list_filters(&mut self, id: MemberId) {
        const EVENT: &str = events::FILTERS;
        // What the member posted before comes before.
        self.store().await;
        if let Err(refused) = self.room.moderator(id, EVENT) {
            return self.follow(refused).await;
        }
        if self.is_slowed_down(id, EVENT, None) {
            return self.put_out_if_flooding(id).await;
        }
        match self.filter.list().await {
            Ok(patterns) => self.follow(self.room.filters(id, patterns)).await,
            Err(error) => {
                self.report_filters("patterns could not be listed", &error);
                let text = "the room's patterns cannot be read now: try again".to_owned();
                let refused = refusal(EVENT, Code::Unavailable, text, None);
                self.delivery.send(id, &Outgoing::new(&refused));
            }
        }
    }

    pub(super) fn report_filters(&self, what: &'static str, error: &FiltersError) {
        let error = error as &dyn std::error::Error;
        tracing::error!(room = ?self.name, error, "{what}");
    }

    /// Changes the patterns for an operator; answers with what was done, which holds from then on.
    pub(super) async fn filter(&mut self, change: &Change) -> Result<String, FiltersError> {
        self.change_filter(NOBODY, change, &operator().username)
            .await?;
        Ok(change.sentence())
    }

    /// Changes the patterns for a member, or tells it why not.
    pub(super) async fn filter_for(&mut self, id: MemberId, change: &Change) {
        // What the member posted before comes before.
        self.store().await;
        let event = match change {
            Change::Add(_) => events::ADD_FILTER,
            Change::Remove(_) => events::REMOVE_FILTER,
        };
        let by = match self.room.moderator(id, event) {
            Ok(author) => author.username.clone(),
            Err(refused) => return self.follow(refused).await,
        };
        if !self.may_act(id, event).await {
            return;
        }
        let Err(error) = self.change_filter(id, change, &by).await else {
            return;
        };
        let (code, text) = match &error {
            FiltersError::Refused(unknown @ FilterError::Unknown(_)) => {
                (Code::NotFound, unknown.to_string())
            }
            FiltersError::Refused(error) => (Code::Syntax, error.to_string()),
            FiltersError::Unavailable(_) | FiltersError::BrokeOff => {
                self.report_filters("patterns could not be changed", &error);
                let text = "this could not be stored, so nothing was done: try again";
                (Code::Unavailable, text.to_owned())
            }
        };
        self.delivery
            .send(id, &Outgoing::new(&refusal(event, code, text, None)));
    }

    async fn change_filter(
        &mut self,
        id: MemberId,
        change: &Change,
        by: &str,
    ) -> Result<(), FiltersError> {
        // What was posted before was allowed.
        self.store().await;
        let now = clock::now();
        self.filter.change(change, by, now).await?;
        let effects = self.room.filtered(id, change, audit_entry(change, by, now));
        self.follow(effects).await;
        Ok(())
    }
}
