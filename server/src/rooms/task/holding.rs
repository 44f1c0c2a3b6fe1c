//! Messages that wait for a moderator: stored before anybody hears of them, and taken out before
//! anything follows.

use super::RoomTask;
use crate::clock;
use crate::domain::held::{PATIENCE, Ruled, Ruling, Waiting};
use crate::domain::room::{Effect, Input, MemberId};
use crate::store::StoreError;

impl RoomTask {
    /// Stores a message that waits.
    pub(super) async fn hold(&mut self, id: MemberId, waiting: Box<Waiting>) -> Vec<Effect> {
        let forget = clock::moment().settled.saturating_sub(PATIENCE);
        let held = self.stores.held.hold(&self.name, &waiting, forget).await;
        let input = match held {
            Ok(held) => Input::Held(id, held),
            Err(error) => {
                self.report_held("a message could not be held", &error);
                Input::NotHeld(id, waiting)
            }
        };
        self.room.apply(input, clock::moment())
    }

    /// Stores a ruling. Nothing else happens in the room meanwhile, so nobody can be banned, and
    /// nobody else can rule, between the decision and its effect.
    pub(super) async fn rule(&mut self, id: MemberId, ruling: Box<Ruling>) -> Vec<Effect> {
        let ruled = self.stores.held.rule(&self.name, &ruling).await;
        self.is_last_sure &= ruled.is_ok();
        let input = match ruled {
            Ok(ruled) => {
                if let Ruled::Done(Some(entry)) = &ruled {
                    self.head.last = entry.seq;
                }
                Input::Ruled(id, ruling, ruled)
            }
            Err(error) => {
                self.report_held("a ruling on a held message could not be stored", &error);
                Input::NotRuled(id, ruling.choice)
            }
        };
        self.room.apply(input, clock::moment())
    }

    fn report_held(&self, what: &'static str, error: &StoreError) {
        let error = error as &dyn std::error::Error;
        tracing::error!(room = ?self.name, error, "{what}");
    }
}
