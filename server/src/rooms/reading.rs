//! What is read from the stores for a member. The room hands it over, but does not wait for it to be read.

use chat_protocol::limits::{
    AUDIT_ENTRIES, AUDIT_ENTRIES_DEFAULT, HISTORY_ENTRIES_DEFAULT, USER_AUDIT_ENTRIES,
};
use chat_protocol::{
    Audit, AuditEntry, HistoryRequest, Sanctions, Seq, ServerEvent, User, Username,
};

use super::history::{self, Viewer};
use super::{Membership, RoomError, Rooms};
use crate::domain::audit::{AuditLine, LineId};
use crate::domain::moderation::Person;
use crate::domain::room::{Known, Look, UserHere};
use crate::store::accounts::Account;
use crate::store::audit::AuditRange;
use crate::store::log::{End, Range};
use crate::wire::outgoing::Outgoing;

/// Which lines of its room's audit a member asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditQuery {
    /// How many at most.
    pub limit: Option<u64>,
    /// Only what was done to this user.
    pub target: Option<Username>,
    /// Only what is older than this line.
    pub before: Option<LineId>,
}

/// What of the stores goes with what the room knows.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    Audit(&'a AuditQuery),
    User(Option<&'a Account>),
    Sanctions,
}

impl Rooms {
    /// Sends the member a part of its room's log, as `viewer` sees it. The room itself hands it over,
    /// so that nothing is in it that was taken out before.
    pub async fn history(
        &self,
        membership: &Membership,
        viewer: Viewer,
        request: &HistoryRequest,
    ) -> Result<(), RoomError> {
        let (log, room) = (&self.shared.stores.log, membership.room());
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
            let slice = match &request.username {
                Some(username) => log.written_by(room, username.key(), range).await?,
                None => log.read(room, range).await?,
            };
            let history = history::shown_to(viewer.account, &slice, room, None);
            let outgoing = Outgoing::new(ServerEvent::History(history));
            if membership.show(outgoing, settled.removals).await? {
                return Ok(());
            }
        }
    }

    /// Sends the member what moderators did in its room, or that it may not read this.
    pub async fn audit(
        &self,
        membership: &Membership,
        query: &AuditQuery,
    ) -> Result<(), RoomError> {
        self.show(membership, Look::Audit, Wanted::Audit(query))
            .await
    }

    /// Sends the member what is known of a user, or that it may not read this, or that there is no such
    /// user.
    pub async fn user(
        &self,
        membership: &Membership,
        username: &Username,
    ) -> Result<(), RoomError> {
        let account = self.shared.stores.accounts.find(username).await?;
        let look = Look::User(account.clone().map(Person::from));
        self.show(membership, look, Wanted::User(account.as_ref()))
            .await
    }

    /// Sends the member who is banned, muted and appointed in its room, or that it may not read this.
    pub async fn sanctions(&self, membership: &Membership) -> Result<(), RoomError> {
        self.show(membership, Look::Sanctions, Wanted::Sanctions)
            .await
    }

    /// Sends the member what it wants to read. The room itself decides and hands it over, so that all
    /// that was told live before is in it, and nothing that is told after it.
    async fn show(
        &self,
        membership: &Membership,
        look: Look,
        wanted: Wanted<'_>,
    ) -> Result<(), RoomError> {
        while let Some(view) = membership.look(look.clone()).await? {
            let event = match (wanted, view.known) {
                (Wanted::User(Some(account)), Known::User(here)) => {
                    let user = self.user_card(membership, account, here).await?;
                    ServerEvent::User(Box::new(user))
                }
                (Wanted::Sanctions, Known::Sanctions(sanctions)) => {
                    ServerEvent::Sanctions(self.with_names(sanctions).await?)
                }
                (Wanted::Audit(query), _) => self.page(membership, query).await?,
                // The room has refused it.
                _ => break,
            };
            let outgoing = Outgoing::new(event);
            if membership.show_view(outgoing, view.audit_version).await? {
                break;
            }
        }
        Ok(())
    }

    async fn page(
        &self,
        membership: &Membership,
        query: &AuditQuery,
    ) -> Result<ServerEvent, RoomError> {
        let target = match &query.target {
            Some(username) => Some(self.name_of(username).await?),
            None => None,
        };
        let limit = query.limit.unwrap_or(AUDIT_ENTRIES_DEFAULT);
        let entries = self.lines(membership, target, query.before, limit.min(AUDIT_ENTRIES));
        Ok(ServerEvent::Audit(Audit {
            entries: entries.await?,
            live: false,
        }))
    }

    async fn user_card(
        &self,
        membership: &Membership,
        account: &Account,
        here: UserHere,
    ) -> Result<User, RoomError> {
        let log = &self.shared.stores.log;
        let target = Some(account.username.clone());
        Ok(User {
            username: account.username.clone(),
            display_name: account.username.clone(),
            rank: here.rank,
            created: account.created,
            here: here.connections,
            messages: log.count_of(membership.room(), &account.key).await?,
            muted: here.muted,
            banned: here.banned,
            audit: self
                .lines(membership, target, None, USER_AUDIT_ENTRIES)
                .await?,
        })
    }

    /// The newest lines of the audit of the member's room, the oldest of them first.
    async fn lines(
        &self,
        membership: &Membership,
        target: Option<String>,
        before: Option<LineId>,
        limit: u64,
    ) -> Result<Vec<AuditEntry>, RoomError> {
        let range = AuditRange {
            room: Some(membership.room().clone()),
            target,
            before,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        };
        let lines = self.shared.stores.audit.audit(range).await?;
        Ok(lines.into_iter().map(AuditLine::into_entry).collect())
    }

    /// The name as registered of whoever has it or had it; as it is given where nobody did.
    async fn name_of(&self, username: &Username) -> Result<String, RoomError> {
        let known = self.shared.stores.accounts.known(username).await?;
        Ok(known.map_or_else(|| username.as_str().to_owned(), |account| account.username))
    }

    /// The same with names as registered.
    async fn with_names(&self, mut sanctions: Sanctions) -> Result<Sanctions, RoomError> {
        let both = sanctions.banned.iter_mut().chain(&mut sanctions.muted);
        let sanctioned = both.map(|one| &mut one.username);
        let appointed = sanctions.appointed.iter_mut().map(|one| &mut one.username);
        let names: Vec<&mut String> = sanctioned.chain(appointed).collect();
        let keys = names.iter().map(|key| (*key).clone()).collect();
        let known = self.shared.stores.accounts.names_of(keys).await?;
        for name in names {
            if let Some(username) = known.get(name) {
                name.clone_from(username);
            }
        }
        Ok(sanctions)
    }
}
