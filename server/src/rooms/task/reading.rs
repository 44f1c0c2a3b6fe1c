//! What sessions read from the stores for a member, and the room hands over: so it comes in its place
//! among what the member is told anyway, and nothing is in it that was taken out meanwhile.

use super::command::{LogPosition, Reading};
use super::{RoomTask, answer};
use crate::domain::room::{Input, MemberId};
use crate::wire::outgoing::Outgoing;

impl RoomTask {
    /// Says how things stand before something is read, or hands over what was read.
    pub(super) async fn read(&mut self, reading: Reading) {
        match reading {
            Reading::AwaitStored(sender) => self.waiting_for_store.push(sender),
            Reading::Show(id, outgoing, removals, sender) => {
                self.store().await;
                let is_current = removals == self.removals;
                if is_current {
                    self.delivery.answer(id, &outgoing);
                }
                answer(sender, is_current);
            }
            Reading::Look(id, look, sender) => {
                let outcome = self.apply(Input::Look(id, look)).await;
                answer(sender, outcome.view);
            }
            Reading::ShowView(id, outgoing, audit_version, sender) => {
                answer(sender, self.show_view(id, &outgoing, audit_version).await);
            }
        }
    }

    /// Answers who wait for what was posted before to be stored.
    pub(super) fn answer_waiting_for_store(&mut self) {
        for sender in self.waiting_for_store.drain(..) {
            let position = LogPosition {
                last: self.head.last,
                removals: self.removals,
            };
            answer(sender, position);
        }
    }

    /// Gives a moderator what it asked to read; false where that is out of date, or its rank is.
    async fn show_view(&mut self, id: MemberId, outgoing: &Outgoing, audit_version: u64) -> bool {
        self.store().await;
        let is_current = audit_version == self.room.audit_version() && self.room.is_moderator(id);
        if is_current {
            self.delivery.answer(id, outgoing);
        }
        is_current
    }
}
