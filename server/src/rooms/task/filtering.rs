//! A room's patterns: messages held against them, and changes, which are made ready and stored before
//! they take effect.

use chat_protocol::{PostMessage, events};

use super::RoomTask;
use super::effects::Outcome;
use super::rounds::Wanted;
use crate::clock;
use crate::domain::filter::{Change, Pattern};
use crate::domain::room::{Input, Lookup, MemberId};
use crate::domain::round;
use crate::store::Part;
use crate::store::filters::FiltersError;

impl RoomTask {
    /// The pattern that a member's message holds, where it has to be held against them.
    pub(super) async fn blocked(
        &mut self,
        id: MemberId,
        post: &PostMessage,
    ) -> Result<Option<Pattern>, FiltersError> {
        if self.filter.is_empty() || !self.room.is_subject_to_patterns(id, &post.content) {
            return Ok(None);
        }
        self.filter.find(post.content.as_str()).await
    }

    /// Reads the patterns.
    pub(super) async fn list_filters(&mut self, id: MemberId) {
        let input = match self.filter.list().await {
            Ok(patterns) => Input::Filters(id, patterns),
            Err(error) => {
                self.report_filters("patterns could not be listed", &error);
                Input::Unavailable(id, events::FILTERS, Lookup::Filters, None)
            }
        };
        self.follow(input);
    }

    /// Changes the patterns, by this name: made ready, then stored, in one with that there is the room
    /// where it is to be made, then in effect, and only then answered. What was posted before was
    /// allowed, and is stored.
    pub(super) async fn change_filter(
        &mut self,
        id: MemberId,
        (change, by, creates): (Change, String, bool),
        outcome: &mut Outcome,
    ) {
        let prepared = match self.filter.prepare(&change).await {
            Ok(prepared) => prepared,
            Err(error) => {
                let why = match &error {
                    FiltersError::Refused(why) => Some(why.clone()),
                    FiltersError::Unavailable(_) | FiltersError::BrokeOff => {
                        self.report_filters("patterns could not be changed", &error);
                        None
                    }
                };
                outcome.report = Some(Err(error.into()));
                self.follow(Input::FilterNotChanged(id, change, why));
                return;
            }
        };
        let time = clock::now();
        let mut wanted = Wanted::default();
        if creates && !self.room.is_founded() {
            wanted.add(id, self.founding());
        }
        wanted.add(id, round::Change::Filter { change, by, time });
        match self.store_round(Part::Filters, wanted).await {
            Ok(()) => self.filter.put_in_effect(prepared),
            Err(error) => {
                self.report("patterns could not be changed", &error);
                outcome.report = Some(Err(FiltersError::from(error).into()));
            }
        }
    }

    pub(super) fn report_filters(&self, what: &'static str, error: &FiltersError) {
        let error = error as &dyn std::error::Error;
        tracing::error!(room = ?self.name, error, "{what}");
    }
}
