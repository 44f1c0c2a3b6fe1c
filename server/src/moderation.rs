//! What moderators decide, as data: the vocabulary that the room's rules, its task and the store of
//! standing share. No behaviour beyond telling whether something still holds, and who stands above whom.

use std::collections::{HashMap, HashSet};

use chat_protocol::{AuditEntry, Rank};

use crate::entry::{Author, UnixMillis};

/// Somebody who has an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name as registered.
    pub username: String,
    /// The name as compared.
    pub key: String,
}

/// A ban or a mute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sanction {
    /// When it ends by itself; `None` for never.
    pub until: Option<UnixMillis>,
    /// Why.
    pub reason: Option<String>,
}

impl Sanction {
    /// Whether it still holds.
    pub fn holds(&self, now: UnixMillis) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Whole seconds until it ends by itself, rounded up.
    pub fn seconds_left(&self, now: UnixMillis) -> Option<u64> {
        Some(self.until?.saturating_sub(now).div_ceil(1000))
    }
}

/// How people stand in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Server administrators, by the name as compared: above every room's own people.
    pub admins: HashSet<String>,
    /// Ranks in this room, by the name as compared; who is not here is a user.
    pub ranks: HashMap<String, Rank>,
    /// Who is kept out.
    pub bans: HashMap<String, Sanction>,
    /// Who is silenced.
    pub mutes: HashMap<String, Sanction>,
}

impl Standing {
    /// The rank of the user `key`.
    pub fn rank(&self, key: &str) -> Rank {
        match self.admins.contains(key) {
            true => Rank::Administrator,
            false => self.ranks.get(key).copied().unwrap_or(Rank::User),
        }
    }

    /// Whether the user `key` stands above the user `other`: by rank, and server administrators
    /// above a room's own.
    pub fn is_above(&self, key: &str, other: &str) -> bool {
        let height = |key: &str| (!self.admins.contains(key), self.rank(key));
        height(key) < height(other)
    }

    /// The ban of the user `key` that holds at `now`; none holds for a server administrator.
    pub fn ban(&self, key: &str, now: UnixMillis) -> Option<&Sanction> {
        let ban = self.bans.get(key).filter(|ban| ban.holds(now))?;
        (!self.admins.contains(key)).then_some(ban)
    }

    /// The mute of the user `key` that holds at `now`; none holds for a server administrator.
    pub fn mute(&self, key: &str, now: UnixMillis) -> Option<&Sanction> {
        let mute = self.mutes.get(key).filter(|mute| mute.holds(now))?;
        (!self.admins.contains(key)).then_some(mute)
    }

    /// Forgets everything about the user `key`.
    pub fn forget(&mut self, key: &str) {
        self.admins.remove(key);
        self.ranks.remove(key);
        self.bans.remove(key);
        self.mutes.remove(key);
    }

    /// Carries a verdict out.
    pub fn carry_out(&mut self, verdict: &Verdict) {
        let key = verdict.target.key.clone();
        match &verdict.decision {
            Decision::Kick => {}
            Decision::Ban(sanction) => drop(self.bans.insert(key, sanction.clone())),
            Decision::Unban => drop(self.bans.remove(&key)),
            Decision::Mute(sanction) => drop(self.mutes.insert(key, sanction.clone())),
            Decision::Unmute => drop(self.mutes.remove(&key)),
            Decision::Rank(Rank::User) => drop(self.ranks.remove(&key)),
            Decision::Rank(rank) => drop(self.ranks.insert(key, *rank)),
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
    /// The event that asks for it, and that tells of it.
    pub fn event(&self) -> &'static str {
        match self {
            Decision::Kick => "kick",
            Decision::Ban(_) => "ban",
            Decision::Unban => "unban",
            Decision::Mute(_) => "mute",
            Decision::Unmute => "unmute",
            Decision::Rank(Rank::Moderator) => "setMod",
            Decision::Rank(Rank::Vip) => "setVip",
            Decision::Rank(_) => "delMod",
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
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub time: UnixMillis,
}

impl Verdict {
    /// The verdict as it stands in the audit.
    pub fn deed(&self) -> AuditEntry {
        AuditEntry {
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
