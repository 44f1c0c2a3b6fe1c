//! A room's patterns: messages held against them, and changes, which are made ready and stored before
//! they take effect.

use chat_protocol::{PostMessage, events};

use super::RoomTask;
use super::effects::Outcome;
use crate::clock;
use crate::domain::filter::{Change, Pattern};
use crate::domain::room::{Effect, Input, Lookup, MemberId};
use crate::store::filters::{FiltersError, audit_entry};

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

    /// Reads the patterns.
    pub(super) async fn list_filters(&mut self, id: MemberId) -> Vec<Effect> {
        let input = match self.filter.list().await {
            Ok(patterns) => Input::Filters(id, patterns),
            Err(error) => {
                self.report_filters("patterns could not be listed", &error);
                Input::Unavailable(id, events::FILTERS, Lookup::Filters, None)
            }
        };
        self.room.apply(input, clock::moment())
    }

    /// Changes the patterns, by this name. What was posted before was allowed, and is stored.
    pub(super) async fn change_filter(
        &mut self,
        id: MemberId,
        change: Change,
        by: &str,
        outcome: &mut Outcome,
    ) -> Vec<Effect> {
        let now = clock::now();
        let input = match self.filter.change(&change, by, now).await {
            Ok(()) => {
                let line = audit_entry(&change, by, now);
                Input::FilterChanged(id, change, line)
            }
            Err(error) => {
                let why = match &error {
                    FiltersError::Refused(why) => Some(why.clone()),
                    FiltersError::Unavailable(_) | FiltersError::BrokeOff => {
                        self.report_filters("patterns could not be changed", &error);
                        None
                    }
                };
                outcome.report = Some(Err(error.into()));
                Input::FilterNotChanged(id, change, why)
            }
        };
        self.room.apply(input, clock::moment())
    }

    pub(super) fn report_filters(&self, what: &'static str, error: &FiltersError) {
        let error = error as &dyn std::error::Error;
        tracing::error!(room = ?self.name, error, "{what}");
    }
}
