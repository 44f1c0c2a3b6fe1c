//! Messages that wait for a moderator: stored before anybody hears of them, and taken out before
//! anything follows.

use super::RoomTask;
use super::rounds::Wanted;
use crate::clock;
use crate::domain::held::{PATIENCE, Ruling, Waiting};
use crate::domain::room::MemberId;
use crate::domain::round::Change;
use crate::store::Part;

impl RoomTask {
    /// Stores a message that waits.
    pub(super) async fn hold(&mut self, id: MemberId, waiting: Box<Waiting>) {
        let forget = clock::moment().settled.saturating_sub(PATIENCE);
        let wanted = Wanted::one(id, Change::Hold { waiting, forget });
        if let Err(error) = self.store_round(Part::Held, wanted).await {
            self.report("a message could not be held", &error);
        }
    }

    /// Stores a ruling. Nothing else happens in the room meanwhile, so nobody can be banned, and
    /// nobody else can rule, between the decision and its effect.
    pub(super) async fn rule(&mut self, id: MemberId, ruling: Box<Ruling>) {
        let wanted = Wanted::one(id, Change::Rule(ruling));
        if let Err(error) = self.store_round(Part::Held, wanted).await {
            self.report("a ruling on a held message could not be stored", &error);
        }
    }
}
