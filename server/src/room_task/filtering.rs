//! Changes of a room's patterns: compiled and stored before they take effect.

use chat_protocol::Code;

use super::RoomTask;
use crate::clock;
use crate::filter::{Change, FilterError};
use crate::filters::{FiltersError, deed};
use crate::outgoing::Outgoing;
use crate::room::{MemberId, NOBODY, operator, refusal};

impl RoomTask {
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
            Change::Add(_) => "addFilter",
            Change::Remove(_) => "removeFilter",
        };
        let by = match self.room.moderator(id, event) {
            Ok(author) => author.username.clone(),
            Err(refused) => return self.follow(refused).await,
        };
        let Err(error) = self.change_filter(id, change, &by).await else {
            return;
        };
        let (code, text) = match &error {
            FiltersError::Refused(unknown @ FilterError::Unknown(_)) => {
                (Code::NotFound, unknown.to_string())
            }
            FiltersError::Refused(error) => (Code::Syntax, error.to_string()),
            FiltersError::Unavailable(_) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(room = ?self.name, error, "patterns could not be changed");
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
        let filters = &self.stores.filters;
        let filter = filters.change(&self.name, change, by, now).await?;
        let effects = self
            .room
            .filtered(id, change, filter, deed(change, by, now));
        self.follow(effects).await;
        Ok(())
    }
}
