//! How somebody comes in: the step that lets them in holds them against everything as it is then, and
//! makes what they need to be in, their account and the room, or nothing of it.

use chat_protocol::limits::RESUME_BYTES;
use chat_protocol::{ServerEvent, Since};

use super::delivery::MemberConnection;
use super::{EnterError, Entrance, RoomTask, resume};
use crate::clock;
use crate::domain::entry::{Author, Moment, UnixMillis};
use crate::domain::room::{Input, Joining, MemberId};
use crate::limits::{Allowance, TooFast};
use crate::rooms::history::{self, Viewer};
use crate::store::StoreError;
use crate::store::accounts::{Account, Admission, Admitted};
use crate::store::log::Slice;
use crate::store::rooms::{Beginning, Founder};
use crate::wire::format::Format;
use crate::wire::outgoing::Outgoing;

/// Who may found rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Founders {
    /// Whoever comes into a room that is not there: it is theirs from then on.
    #[default]
    Anyone,
    /// Operators alone.
    Nobody,
}

impl RoomTask {
    pub(super) async fn enter(&mut self, entrance: Entrance) -> Result<MemberId, EnterError> {
        let now = clock::moment();
        let founder = self.admit(&entrance, now)?;
        // What was posted before is delivered before: the log is cut behind it.
        self.store().await;
        let viewer = Viewer {
            account: entrance.account.id,
            wants_modes: entrance.capabilities.room,
        };
        let history = match &entrance.since {
            None => None,
            Some(since) => Some(self.resume(since, viewer, entrance.outbox.format()).await?),
        };
        self.make(&entrance, founder, now).await?;
        Ok(self.let_in(entrance, history, now).await)
    }

    /// Why somebody may not come in, where they may not; who founds the room, where it is none yet.
    fn admit(&self, entrance: &Entrance, now: Moment) -> Result<Option<Founder>, EnterError> {
        let key = &entrance.account.key;
        if !entrance.login.holds() {
            return Err(EnterError::SignedOut);
        }
        if let Some(ban) = self.room.ban(key, now) {
            let seconds = ban.seconds_left(now);
            return Err(EnterError::Banned(ban.reason.clone(), seconds));
        }
        if let Some(refused) = self.address_refusal(key, &entrance.address, now) {
            return Err(refused);
        }
        match (self.room.is_founded(), self.founders) {
            (true, _) => Ok(None),
            (false, Founders::Nobody) => Err(EnterError::NoSuchRoom),
            // The room is to be its owner's.
            (false, Founders::Anyone) if self.room.is_administered_by(key) => {
                Ok(Some(Founder::Nobody))
            }
            (false, Founders::Anyone) => Ok(Some(Founder::Member)),
        }
    }

    /// Makes the account, the room and its log, as far as they are not there.
    async fn make(
        &mut self,
        entrance: &Entrance,
        founder: Option<Founder>,
        now: Moment,
    ) -> Result<(), EnterError> {
        let Entrance {
            account,
            is_new,
            allowance,
            ..
        } = entrance;
        let is_founding = founder == Some(Founder::Member);
        let beginning = founder.filter(|_| is_founding || !self.head.is_begun);
        if beginning.is_none() && !is_new {
            return Ok(());
        }
        pay(allowance, account, *is_new, is_founding)?;
        let admission = Admission {
            account: account.clone(),
            is_new: *is_new,
            room: beginning.map(|founder| self.beginning(founder, now.time)),
        };
        let admitted = self.stores.accounts.admit(admission).await;
        if !matches!(admitted, Ok(Admitted::Done)) {
            pay_back(allowance, account, *is_new, is_founding);
        }
        match admitted? {
            Admitted::Done => {}
            Admitted::LooksLikeAnother => return Err(EnterError::LooksLikeAnother),
            // They are looked at anew, and then it is known.
            Admitted::NameTaken | Admitted::SignedOut => return Err(EnterError::SignedOut),
        }
        if *is_new {
            tracing::info!(username = %account.username, "account created by its first use");
        }
        self.head.is_begun |= beginning.is_some();
        if is_founding {
            tracing::info!(room = ?self.name, username = %account.username, "room founded");
            self.apply(Input::Founded(Some(account.key.clone()))).await;
        }
        Ok(())
    }

    async fn let_in(
        &mut self,
        entrance: Entrance,
        history: Option<Outgoing>,
        now: Moment,
    ) -> MemberId {
        let Entrance {
            account,
            address,
            mut welcome,
            outbox,
            allowance,
            ..
        } = entrance;
        // Before anybody knows that they are in: whoever bans them then takes the address along, though
        // they may be gone again.
        self.stores.addresses.remember(&account.key, &address, now);
        if outbox.format().tells_removals_apart() {
            self.remember_recent().await;
        }
        let id = MemberId(self.next_member);
        self.next_member += 1;
        welcome.access_level = self.room.rank(&account.key);
        let author = Author {
            display_name: welcome.display_name.clone(),
            rank: welcome.access_level,
            username: account.username,
            key: account.key,
            account: account.id,
        };
        let welcome = Outgoing::new(ServerEvent::Auth(welcome));
        for answer in std::iter::once(welcome).chain(history) {
            allowance.charge(answer.frame(outbox.format()).len());
            outbox.push(&answer);
        }
        self.delivery
            .enter(id, MemberConnection { outbox, allowance });
        self.who = None;
        self.apply(Input::Join(Joining {
            id,
            author,
            created: clock::steady_of(account.created),
            address,
            capabilities: entrance.capabilities,
        }))
        .await;
        id
    }

    /// Forgets the room where nobody would miss it. Whoever comes in next founds it anew.
    pub(super) async fn forget_if_idle(&mut self, before: UnixMillis, now: UnixMillis) {
        if !self.room.is_empty() || !self.room.is_founded() {
            return;
        }
        let rooms = &self.stores.rooms;
        let forgotten = rooms.forget_idle_room(&self.name, before, now).await;
        match forgotten {
            Ok(false) => return,
            Ok(true) => tracing::info!(room = ?self.name, "room forgotten: empty and old"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(room = ?self.name, error, "an idle room could not be forgotten");
                return;
            }
        }
        self.apply(Input::Unfounded).await;
        self.is_last_sure = true;
        match self.stores.log.open(&self.name, now).await {
            Ok(head) => self.head = head,
            Err(error) => {
                self.report("a room that was forgotten cannot be begun anew", &error);
                // Then it ends, and begins anew when somebody comes.
                self.inbox.close();
            }
        }
    }

    fn beginning(&self, founder: Founder, time: UnixMillis) -> Beginning {
        Beginning {
            room: self.name.clone(),
            epoch: self.head.epochs.current().clone(),
            founder,
            time,
        }
    }

    /// What somebody who comes back missed.
    async fn resume(
        &self,
        since: &Since,
        viewer: Viewer,
        format: Format,
    ) -> Result<Outgoing, StoreError> {
        let log = self.stores.log.as_ref();
        if !self.head.is_begun {
            return Ok(self.history(self.nothing(), viewer, false));
        }
        if let Some(slice) =
            resume::missed(log, &self.name, &self.head, since, viewer.wants_modes).await?
        {
            let outgoing = self.history(slice, viewer, true);
            if outgoing.frame(format).len() <= RESUME_BYTES {
                return Ok(outgoing);
            }
        }
        let newest = resume::newest(log, &self.name, viewer.wants_modes).await?;
        Ok(self.history(newest, viewer, false))
    }

    fn nothing(&self) -> Slice {
        Slice {
            epochs: self.head.epochs.clone(),
            entries: Vec::new(),
            first: self.head.first,
            complete: true,
        }
    }

    fn history(&self, slice: Slice, viewer: Viewer, is_recovered: bool) -> Outgoing {
        let recovered = Some(is_recovered);
        let history = history::shown_to(viewer.account, &slice, &self.name, recovered);
        Outgoing::new(ServerEvent::History(history))
    }
}

/// Counts what is made against those who make it.
fn pay(
    allowance: &Allowance,
    account: &Account,
    is_new: bool,
    is_founding: bool,
) -> Result<(), EnterError> {
    let Allowance { limits, source, .. } = allowance;
    let refused = |what| move |too_fast: TooFast| EnterError::TooMany(what, too_fast.retry_after);
    if is_new {
        limits
            .newcomers()
            .register(*source)
            .map_err(refused("accounts"))?;
    }
    if is_founding && let Err(too_fast) = limits.newcomers().found(&account.key, *source) {
        pay_back(allowance, account, is_new, false);
        return Err(refused("rooms")(too_fast));
    }
    Ok(())
}

/// It was not made.
fn pay_back(allowance: &Allowance, account: &Account, is_new: bool, is_founding: bool) {
    let Allowance { limits, source, .. } = allowance;
    if is_new {
        limits.newcomers().not_registered(*source);
    }
    if is_founding {
        limits.newcomers().not_founded(&account.key, *source);
    }
}
