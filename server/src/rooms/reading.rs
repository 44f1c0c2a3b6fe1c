//! What is read from the stores for a member. The room hands it over, but does not wait for it to be read.

use chat_protocol::limits::{AUDIT_ENTRIES, AUDIT_ENTRIES_DEFAULT, HISTORY_ENTRIES_DEFAULT};
use chat_protocol::{Audit, AuditEntry, AuditRequest, HistoryRequest, RoomName, Seq, ServerEvent};

use super::history::{self, Viewer};
use super::{Membership, RoomError, Rooms};
use crate::store::log::{End, Range};
use crate::wire::outgoing::Outgoing;

impl Rooms {
    /// Sends the member a part of its room's log, as `viewer` sees it. The room itself hands it over,
    /// so that nothing is in it that was taken out before.
    pub async fn history(
        &self,
        membership: &Membership,
        viewer: Viewer,
        request: &HistoryRequest,
    ) -> Result<(), RoomError> {
        loop {
            // What the member posted before is in it, and nothing that is not on its way to the
            // member: otherwise a client would see an entry here before older ones that are still
            // to come.
            let settled = membership.await_stored().await?;
            let end = settled.last.next();
            let range = Range {
                after: request.after.unwrap_or(Seq(0)),
                before: Some(request.before.map_or(end, |before| before.min(end))),
                limit: request.limit.unwrap_or(HISTORY_ENTRIES_DEFAULT),
                // Who names a start reads on from there; everybody else reads back from the end.
                end: match request.after {
                    Some(_) => End::Oldest,
                    None => End::Newest,
                },
                with_modes: viewer.wants_modes,
            };
            let slice = self
                .shared
                .stores
                .log
                .read(membership.room(), range)
                .await?;
            let history = history::shown_to(viewer.account, &slice, membership.room(), None);
            let outgoing = Outgoing::new(ServerEvent::History(history));
            if membership.show(outgoing, settled.removals).await? {
                return Ok(());
            }
        }
    }

    /// Sends the member what moderators did in its room, or that it may not read this. The room itself
    /// decides and hands it over, so that all that was told live before is in it, and nothing that is
    /// told after it.
    pub async fn audit(
        &self,
        membership: &Membership,
        request: &AuditRequest,
    ) -> Result<(), RoomError> {
        let limit = request.limit.unwrap_or(AUDIT_ENTRIES_DEFAULT);
        let limit = u32::try_from(limit.min(AUDIT_ENTRIES)).unwrap_or(u32::MAX);
        while let Some(audit_version) = membership.may_audit().await? {
            let entries = self.audit_entries(membership.room(), limit).await?;
            let audit = Audit {
                entries,
                live: false,
            };
            let outgoing = Outgoing::new(ServerEvent::Audit(audit));
            if membership.show_audit(outgoing, audit_version).await? {
                break;
            }
        }
        Ok(())
    }

    async fn audit_entries(
        &self,
        room: &RoomName,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, RoomError> {
        let audit = &self.shared.stores.audit;
        let lines = audit.audit(Some(room.clone()), limit).await;
        let lines = lines.map_err(RoomError::Store)?;
        let entries = lines.into_iter().map(|line| AuditEntry {
            id: None,
            time: line.time,
            actor: line.actor,
            action: line.action,
            target: line.target,
            until: line.until,
            reason: line.reason,
        });
        Ok(entries.collect())
    }
}
