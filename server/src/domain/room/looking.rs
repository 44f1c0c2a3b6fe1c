//! What moderators may read: who may, and what the room itself knows of it. The rest is in the stores,
//! which the rules do not read.

use chat_protocol::limits::SANCTIONS_ENTRIES;
use chat_protocol::{Appointed, Rank, Reason, Sanction as Told, Sanctioned, Sanctions, events};

use super::{Allowed, Effect, MemberId, Room, refuse};
use crate::domain::entry::Moment;
use crate::domain::moderation::{Person, Sanction};

/// What a moderator asks to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// What moderators did.
    Audit,
    /// What is known of somebody; `None` where there is nobody of the name.
    User(Option<Person>),
    /// Who is banned, muted and appointed.
    Sanctions,
}

/// What a moderator may read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// How many lines the audit got since the room runs: with more, this is out of date.
    pub audit_version: u64,
    /// What the room knows.
    pub known: Known,
}

/// What a room knows of what is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Of what moderators did, nothing: it is in the store.
    Audit,
    /// How somebody stands.
    User(UserHere),
    /// Who is banned, muted and appointed; in place of names as registered those as compared.
    Sanctions(Sanctions),
}

/// How a user stands in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserHere {
    /// The rank.
    pub rank: Rank,
    /// Connections of theirs.
    pub connections: usize,
    /// The mute that holds.
    pub muted: Option<Told>,
    /// The ban that holds.
    pub banned: Option<Told>,
}

impl Look {
    /// The client event that asks for it.
    pub(super) fn event(&self) -> &'static str {
        match self {
            Look::Audit => events::AUDIT,
            Look::User(_) => events::USER,
            Look::Sanctions => events::SANCTIONS,
        }
    }
}

impl Room {
    /// The contract's order: rights, whether the user exists, pace.
    pub(super) fn look_up(&self, id: MemberId, look: Look) -> Vec<Effect> {
        if let Err(refused) = self.moderator(id, look.event()) {
            return refused;
        }
        if look == Look::User(None) {
            let text = "there is no user with this name".to_owned();
            return vec![refuse(id, look.event(), Reason::User, text, None)];
        }
        vec![Effect::Charge(id, Allowed::Look(look))]
    }

    /// What a member may read who asked for `look`.
    pub(super) fn view(&self, look: &Look, now: Moment) -> View {
        let known = match look {
            Look::Audit | Look::User(None) => Known::Audit,
            Look::User(Some(person)) => Known::User(self.user_here(&person.key, now)),
            Look::Sanctions => Known::Sanctions(self.sanctions(now)),
        };
        View {
            audit_version: self.audit_version,
            known,
        }
    }

    fn user_here(&self, key: &str, now: Moment) -> UserHere {
        UserHere {
            rank: self.rank(key),
            connections: self.connections(key).len(),
            muted: self.standing.mute(key, now).map(told),
            banned: self.standing.ban(key, now).map(told),
        }
    }

    fn sanctions(&self, now: Moment) -> Sanctions {
        let standing = &self.standing;
        let bans = standing.bans.keys();
        let bans = bans.filter_map(|key| Some((key.as_str(), standing.ban(key, now)?)));
        let mutes = standing.mutes.keys();
        let mutes = mutes.filter_map(|key| Some((key.as_str(), standing.mute(key, now)?)));
        let ranks = standing.ranks.keys();
        let ranks = ranks.map(|key| (standing.rank(key), key.as_str()));
        let (banned, more_bans) = first_of(bans.collect(), |(key, _)| *key);
        let (muted, more_mutes) = first_of(mutes.collect(), |(key, _)| *key);
        let (appointed, more_ranks) = first_of(ranks.collect(), |there| *there);
        let sanctioned = |(key, sanction): (&str, &Sanction)| Sanctioned {
            username: key.to_owned(),
            sanction: told(sanction),
        };
        let appointed = appointed.into_iter().map(|(rank, key)| Appointed {
            username: key.to_owned(),
            rank,
        });
        Sanctions {
            banned: banned.into_iter().map(sanctioned).collect(),
            muted: muted.into_iter().map(sanctioned).collect(),
            appointed: appointed.collect(),
            truncated: more_bans || more_mutes || more_ranks,
        }
    }
}

fn told(sanction: &Sanction) -> Told {
    Told {
        until: sanction.until,
        by: sanction.by.clone(),
        reason: sanction.reason.clone(),
    }
}

/// The first of `all` in order, and whether there are more. Only what is kept is sorted: there may be
/// many.
fn first_of<T, K: Ord>(mut all: Vec<T>, key: impl Fn(&T) -> K + Copy) -> (Vec<T>, bool) {
    let is_more = all.len() > SANCTIONS_ENTRIES;
    if is_more {
        all.select_nth_unstable_by_key(SANCTIONS_ENTRIES, key);
        all.truncate(SANCTIONS_ENTRIES);
    }
    all.sort_unstable_by_key(key);
    (all, is_more)
}
