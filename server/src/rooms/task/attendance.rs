//! Who comes and goes, and whom something outside of the room makes go.

use super::command::Attendance;
use super::{RoomTask, answer};
use crate::domain::room::{Input, MemberId};

impl RoomTask {
    /// Lets somebody in or out.
    pub(super) async fn attend(&mut self, attendance: Attendance) {
        match attendance {
            Attendance::Enter(entrance, sender) => {
                let entered = self.enter(*entrance).await;
                let member = entered.as_ref().ok().copied();
                // A session that gave up while it waited at the door is taken out again.
                if sender.send(entered).is_err()
                    && let Some(id) = member
                {
                    self.leave(id).await;
                }
            }
            Attendance::Leave(id, sender) => {
                self.leave(id).await;
                answer(sender, ());
            }
            Attendance::SignOut(key, kept, sender) => {
                answer(sender, self.close_for(Input::SignOut(key, kept)).await);
            }
            Attendance::Forget(key, sender) => {
                answer(sender, self.close_for(Input::Forget(key)).await);
            }
            Attendance::Administer(key, is_admin, sender) => {
                self.store().await;
                self.who = None;
                self.apply(Input::Administer(key.clone(), is_admin)).await;
                self.expel_if_network_banned(&key).await;
                answer(sender, ());
            }
            Attendance::PutOut(network, reason, sender) => {
                answer(sender, self.put_out(network, reason).await);
            }
        }
    }

    async fn leave(&mut self, id: MemberId) {
        self.who = None;
        self.store().await;
        self.delivery.leave(id);
        self.apply(Input::Leave(id)).await;
    }

    /// Closes connections, behind all that was posted before; answers with how many.
    async fn close_for(&mut self, input: Input) -> usize {
        // What they posted before was theirs to post.
        self.show_all().await;
        self.who = None;
        self.apply(input).await.closed
    }
}
