//! What moderators decide, as data: the vocabulary that the room's rules, its task and the store of
//! standing share. It tells what holds and who stands above whom, and carries a
//! verdict out on the standing in memory.

use std::collections::{BTreeSet, HashMap, HashSet};

use chat_protocol::{AuditEntry, Rank, durations, events};
use serde::{Deserialize, Serialize};

use crate::domain::address::{Address, Network};
use crate::domain::entry::{AccountId, Author, Moment, OPERATOR, UnixMillis};

/// Somebody who has an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name as registered.
    pub username: String,
    /// The name as compared.
    pub key: String,
    /// The account: by the time that something is done to it, another one may have the name.
    pub account: AccountId,
    /// Whether it was removed. Its name is nobody else's: bans of it hold, and what it wrote is there.
    pub is_removed: bool,
}

/// How high somebody stands who speaks verdicts, the highest first. A verdict is changed and lifted only
/// from where its author stood, or from above (the wire contract).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Height {
    /// Above all rooms: server administrators, and the command line.
    Server,
    /// The room's administrators. Verdicts from before this was noted count as theirs.
    #[default]
    Administrator,
    /// Its moderators.
    Moderator,
}

impl Height {
    /// Who stands so, in words.
    pub fn author(self) -> &'static str {
        match self {
            Height::Server => "an administrator of the server",
            Height::Administrator => "an administrator of the room",
            Height::Moderator => "a moderator",
        }
    }
}

impl From<Height> for u8 {
    fn from(height: Height) -> Self {
        match height {
            Height::Server => 0,
            Height::Administrator => 1,
            Height::Moderator => 2,
        }
    }
}

impl From<u8> for Height {
    /// What nobody knows is an administrator's.
    fn from(number: u8) -> Self {
        match number {
            0 => Height::Server,
            2 => Height::Moderator,
            _ => Height::Administrator,
        }
    }
}

/// How far a ban from a room reaches; the farther, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BanScope {
    /// The account is kept out.
    Account,
    /// And whoever is at the addresses that its user had lately.
    AccountAndAddresses,
}

impl BanScope {
    /// The scope that takes addresses along where so said.
    pub fn with_addresses(takes_addresses: bool) -> Self {
        match takes_addresses {
            true => BanScope::AccountAndAddresses,
            false => BanScope::Account,
        }
    }

    /// Whether it takes addresses along.
    pub fn takes_addresses(self) -> bool {
        self == BanScope::AccountAndAddresses
    }
}

/// A ban or a mute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sanction {
    /// When it ends by itself; `None` for never. That is what is shown and stored.
    pub until: Option<UnixMillis>,
    /// The same by [`Moment::steady`], which is what counts: setting the clock makes nothing shorter or
    /// longer.
    pub ends: Option<u64>,
    /// Why.
    pub reason: Option<String>,
    /// The user's own networks that a ban from a room took along.
    pub networks: Vec<Network>,
    /// How high its author stood when speaking it.
    pub height: Height,
    /// Who spoke it: the name as registered.
    pub by: String,
}

impl Sanction {
    /// An operator's, from `now` on for so many seconds, or for good; takes nothing along.
    pub fn for_seconds(seconds: Option<u64>, reason: Option<String>, now: Moment) -> Self {
        let span = seconds.map(|seconds| seconds.saturating_mul(1000));
        Self {
            until: span.map(|span| now.time.saturating_add(span)),
            ends: span.map(|span| now.steady.saturating_add(span)),
            // One of which nothing can be seen is none.
            reason: reason.filter(|reason| chat_protocol::shows(reason)),
            networks: Vec::new(),
            height: Height::Server,
            by: OPERATOR.to_owned(),
        }
    }

    /// When what is stored ends by [`Moment::steady`], by which it was spoken at `spoken`, and by the
    /// wall clock at `since`: never later than after what was given.
    pub fn stored_end(until: Option<UnixMillis>, since: UnixMillis, spoken: u64) -> Option<u64> {
        Some(spoken.saturating_add(until?.saturating_sub(since)))
    }

    /// Whether it still holds.
    pub fn holds(&self, now: Moment) -> bool {
        self.ends.is_none_or(|ends| now.steady < ends)
    }

    /// Whole seconds until it ends by itself, rounded up.
    pub fn seconds_left(&self, now: Moment) -> Option<u64> {
        Some(self.ends?.saturating_sub(now.steady).div_ceil(1000))
    }

    /// How long it holds yet, in words.
    pub fn span(&self, now: Moment) -> String {
        match self.seconds_left(now) {
            Some(seconds) => format!("for {}", durations::exact(seconds)),
            None => "for good".to_owned(),
        }
    }
}

/// Where a rank comes from: what it is worth outside of its room depends on that, since anybody may
/// found rooms and appoint people in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It came with founding the room.
    Founded,
    /// Somebody in the room gave it.
    Appointed,
    /// An operator gave it, or somebody whom an operator stands behind.
    Vouched,
}

impl From<Origin> for u8 {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Founded => 0,
            Origin::Appointed => 1,
            Origin::Vouched => 2,
        }
    }
}

/// No origin has this number.
#[derive(Debug, thiserror::Error)]
#[error("there is no origin {0} of ranks")]
pub struct UnknownOrigin(u8);

impl TryFrom<u8> for Origin {
    type Error = UnknownOrigin;

    fn try_from(number: u8) -> Result<Self, UnknownOrigin> {
        match number {
            0 => Ok(Origin::Founded),
            1 => Ok(Origin::Appointed),
            2 => Ok(Origin::Vouched),
            number => Err(UnknownOrigin(number)),
        }
    }
}

/// A rank in a room, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appointment {
    /// The rank.
    pub rank: Rank,
    /// Where it comes from.
    pub origin: Origin,
}

#[cfg(test)]
impl From<Rank> for Appointment {
    fn from(rank: Rank) -> Self {
        Self {
            rank,
            origin: Origin::Appointed,
        }
    }
}

/// The verdicts on one user that hold, by room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Where they are banned.
    pub banned: Vec<String>,
    /// Where they are muted.
    pub muted: Vec<String>,
}

/// How people stand in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether there is such a room: somebody founded it.
    pub is_founded: bool,
    /// Server administrators, by the name as compared: above every room's own people.
    pub admins: HashSet<String>,
    /// Ranks in this room, by the name as compared; who is not here is a user.
    pub ranks: HashMap<String, Appointment>,
    /// Who is kept out.
    pub bans: HashMap<String, Sanction>,
    /// Who is silenced.
    pub mutes: HashMap<String, Sanction>,
    /// Whose bans took which networks along: always those that `bans` names, so
    /// [`Standing::keep_out`] adds both.
    pub networks: HashMap<Network, BTreeSet<String>>,
}

impl Standing {
    /// The rank of the user `key`.
    pub fn rank(&self, key: &str) -> Rank {
        match self.admins.contains(key) {
            true => Rank::Administrator,
            false => self.ranks.get(key).map_or(Rank::User, |there| there.rank),
        }
    }

    /// Where the rank of the user `key` comes from; `None` for mere users.
    pub fn origin(&self, key: &str) -> Option<Origin> {
        match self.admins.contains(key) {
            true => Some(Origin::Vouched),
            false => self.ranks.get(key).map(|there| there.origin),
        }
    }

    /// Where a rank comes from that `by` gives.
    pub fn origin_by(&self, by: &Author) -> Origin {
        // No user is called so.
        let is_operator = by.key.is_empty();
        match is_operator || self.origin(&by.key) == Some(Origin::Vouched) {
            true => Origin::Vouched,
            false => Origin::Appointed,
        }
    }

    /// The user `key` founds the room.
    pub fn found(&mut self, key: &str) {
        self.is_founded = true;
        let appointment = Appointment {
            rank: Rank::Administrator,
            origin: Origin::Founded,
        };
        self.ranks.insert(key.to_owned(), appointment);
    }

    /// Whether the user `key` stands above the user `other`: by rank, and server administrators
    /// above a room's own.
    pub fn is_above(&self, key: &str, other: &str) -> bool {
        let height = |key: &str| (!self.admins.contains(key), self.rank(key));
        height(key) < height(other)
    }

    /// How high the user `key` stands.
    pub fn height(&self, key: &str) -> Height {
        match self.admins.contains(key) {
            true => Height::Server,
            false if self.rank(key) == Rank::Administrator => Height::Administrator,
            false => Height::Moderator,
        }
    }

    /// The verdict that `decision` on the user `key` would change or lift at `now`.
    pub fn before(&self, decision: &Decision, key: &str, now: Moment) -> Option<&Sanction> {
        let before = match decision {
            Decision::Ban(_) | Decision::Unban => self.bans.get(key),
            Decision::Mute(_) | Decision::Unmute => self.mutes.get(key),
            Decision::Kick | Decision::Rank(_) => None,
        };
        before.filter(|sanction| sanction.holds(now))
    }

    /// Whether `decision` takes something from the user `key` that they do not have at `now`: then it
    /// changes nothing.
    pub fn is_so_already(&self, decision: &Decision, key: &str, now: Moment) -> bool {
        match decision {
            Decision::Unban | Decision::Unmute => self.before(decision, key, now).is_none(),
            Decision::Rank(Rank::User) => !self.ranks.contains_key(key),
            _ => false,
        }
    }

    /// The ban of the user `key` that holds at `now`; none holds for a server administrator.
    pub fn ban(&self, key: &str, now: Moment) -> Option<&Sanction> {
        let ban = self.bans.get(key).filter(|ban| ban.holds(now))?;
        (!self.admins.contains(key)).then_some(ban)
    }

    /// The mute of the user `key` that holds at `now`; none holds for a server administrator.
    pub fn mute(&self, key: &str, now: Moment) -> Option<&Sanction> {
        let mute = self.mutes.get(key).filter(|mute| mute.holds(now))?;
        (!self.admins.contains(key)).then_some(mute)
    }

    /// The ban of somebody else that took `address` along and so keeps the user `key` out at `now`:
    /// none does who is more than a user.
    pub fn address_ban(&self, key: &str, address: &Address, now: Moment) -> Option<&Sanction> {
        if self.networks.is_empty() || self.rank(key) != Rank::User {
            return None;
        }
        let owners = self.networks.get(&address.own_network()?)?;
        owners.iter().find_map(|owner| self.ban(owner, now))
    }

    /// Keeps the user `key` out, and with them the networks that the ban takes along.
    pub fn keep_out(&mut self, key: String, ban: Sanction) {
        self.let_in(&key);
        for network in &ban.networks {
            let owners = self.networks.entry(*network).or_default();
            owners.insert(key.clone());
        }
        self.bans.insert(key, ban);
    }

    /// Ends that.
    fn let_in(&mut self, key: &str) {
        let Some(ban) = self.bans.remove(key) else {
            return;
        };
        for network in ban.networks {
            if let Some(owners) = self.networks.get_mut(&network) {
                owners.remove(key);
                if owners.is_empty() {
                    self.networks.remove(&network);
                }
            }
        }
    }

    /// The account of the user `key` was removed: it is nobody any more, and stays banned and muted.
    pub fn forget(&mut self, key: &str) {
        self.admins.remove(key);
        self.ranks.remove(key);
    }

    /// Carries a verdict out.
    pub fn carry_out(&mut self, verdict: &Verdict) {
        let key = verdict.target.key.clone();
        match &verdict.decision {
            Decision::Kick => {}
            Decision::Ban(sanction) => self.keep_out(key, sanction.clone()),
            Decision::Unban => self.let_in(&key),
            Decision::Mute(sanction) => drop(self.mutes.insert(key, sanction.clone())),
            Decision::Unmute => drop(self.mutes.remove(&key)),
            Decision::Rank(Rank::User) => drop(self.ranks.remove(&key)),
            Decision::Rank(rank) => {
                let appointment = Appointment {
                    rank: *rank,
                    origin: verdict.origin,
                };
                self.ranks.insert(key, appointment);
            }
        }
    }
}

/// What becomes of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They are thrown out, and may come back.
    Kick,
    /// They are kept out.
    Ban(Sanction),
    /// They may come in again.
    Unban,
    /// They are silenced.
    Mute(Sanction),
    /// They may talk again.
    Unmute,
    /// They stand so from now on.
    Rank(Rank),
}

impl Decision {
    /// What it is called in the audit; for all but an administrator's appointment, also the event that
    /// asks for it.
    pub fn event(&self) -> &'static str {
        match self {
            Decision::Kick => events::KICK,
            Decision::Ban(_) => events::BAN,
            Decision::Unban => events::UNBAN,
            Decision::Mute(_) => events::MUTE,
            Decision::Unmute => events::UNMUTE,
            Decision::Rank(Rank::Administrator) => "setAdmin",
            Decision::Rank(Rank::Moderator) => events::SET_MOD,
            Decision::Rank(Rank::Vip) => events::SET_VIP,
            Decision::Rank(_) => events::DEL_MOD,
        }
    }
}

/// A decision on somebody, by somebody, on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was decided.
    pub decision: Decision,
    /// On whom.
    pub target: Person,
    /// By whom.
    pub by: Author,
    /// What stands behind a rank that this gives.
    pub origin: Origin,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub time: UnixMillis,
}

impl Verdict {
    /// The verdict as it stands in the audit.
    pub fn audit_entry(&self) -> AuditEntry {
        AuditEntry {
            id: None,
            time: self.time,
            actor: self.by.username.clone(),
            action: self.decision.event().to_owned(),
            target: self.target.username.clone(),
            until: self.until(),
            reason: self.reason.clone(),
        }
    }

    /// When what was decided ends by itself.
    pub fn until(&self) -> Option<UnixMillis> {
        match &self.decision {
            Decision::Ban(sanction) | Decision::Mute(sanction) => sanction.until,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: &str = "192.0.2.1";

    fn address(text: &str) -> Address {
        Address::of(text.parse().unwrap())
    }

    fn ban(until: Option<UnixMillis>, addresses: &[&str]) -> Sanction {
        let addresses = addresses.iter();
        Sanction {
            until,
            ends: until,
            reason: None,
            networks: addresses
                .map(|text| address(text).own_network().unwrap())
                .collect(),
            height: Height::Moderator,
            by: "ann".to_owned(),
        }
    }

    fn is_kept_out(standing: &Standing, key: &str, text: &str, now: UnixMillis) -> bool {
        standing
            .address_ban(key, &address(text), now.into())
            .is_some()
    }

    #[test]
    fn a_ban_takes_addresses_along_until_it_ends() {
        let mut standing = Standing::default();
        standing.keep_out("bob".to_owned(), ban(Some(100), &[BOB, "2001:db8:1:2::1"]));
        for taken in [BOB, "::ffff:192.0.2.1", "2001:db8:1:2:ffff::2"] {
            assert!(is_kept_out(&standing, "eve", taken, 99), "{taken}");
            assert!(!is_kept_out(&standing, "eve", taken, 100), "{taken}");
        }
        for other in ["192.0.2.2", "2001:db8:1:3::1"] {
            assert!(!is_kept_out(&standing, "eve", other, 99), "{other}");
        }
        let proxy = Address::of_everybody_behind(BOB.parse().unwrap());
        assert!(standing.address_ban("eve", &proxy, 99.into()).is_none());
        // Another ban of the same user is one of its own.
        standing.keep_out("bob".to_owned(), ban(None, &["192.0.2.2"]));
        assert!(!is_kept_out(&standing, "eve", BOB, 0));
        assert!(is_kept_out(&standing, "eve", "192.0.2.2", 0));
        standing.keep_out("carl".to_owned(), ban(None, &["192.0.2.2"]));
        standing.let_in("bob");
        assert!(is_kept_out(&standing, "eve", "192.0.2.2", 0));
        standing.forget("carl");
        assert!(is_kept_out(&standing, "eve", "192.0.2.2", 0));
        standing.let_in("carl");
        assert_eq!(standing, Standing::default());
    }

    #[test]
    fn who_is_more_than_a_user_comes_in_from_anywhere() {
        let mut standing = Standing::default();
        standing.keep_out("bob".to_owned(), ban(None, &[BOB]));
        for rank in [Rank::Administrator, Rank::Moderator, Rank::Vip] {
            standing.ranks.insert("eve".to_owned(), rank.into());
            assert!(!is_kept_out(&standing, "eve", BOB, 0), "{rank:?}");
        }
        standing.ranks.clear();
        assert!(is_kept_out(&standing, "eve", BOB, 0));
        standing.admins.insert("eve".to_owned());
        assert!(!is_kept_out(&standing, "eve", BOB, 0));
    }
}
