//! What moderators and operators order to be done to somebody, and how it is said.

use chat_protocol::{Rank, events};

use crate::domain::entry::{AccountId, Author, Moment, OPERATOR};
use crate::domain::moderation::{
    BanScope, Decision, Height, Origin, Person, Sanction, Standing, Verdict,
};

/// What a moderator asks to be done to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Throw them out.
    Kick(Option<String>),
    /// Silence them for so many seconds.
    Mute(u64, Option<String>),
    /// End that.
    Unmute,
    /// Keep them out, for so many seconds or for good.
    Ban(Option<u64>, Option<String>, BanScope),
    /// End that.
    Unban,
    /// Make them an administrator of the room.
    Crown,
    /// Make them a moderator.
    Appoint,
    /// Make them a VIP.
    Honour,
    /// Make them a user.
    Dismiss,
    /// Delete all their messages.
    Purge,
}

impl Order {
    /// The client event that asks for it.
    pub fn event(&self) -> &'static str {
        match self {
            Order::Kick(_) => events::KICK,
            Order::Mute(..) => events::MUTE,
            Order::Unmute => events::UNMUTE,
            Order::Ban(..) => events::BAN,
            Order::Unban => events::UNBAN,
            Order::Crown => "setAdmin",
            Order::Appoint => events::SET_MOD,
            Order::Honour => events::SET_VIP,
            Order::Dismiss => events::DEL_MOD,
            Order::Purge => events::PURGE,
        }
    }

    /// The lowest standing that may ask for it.
    pub(super) fn rank(&self) -> Rank {
        match self {
            Order::Crown | Order::Appoint | Order::Honour | Order::Dismiss => Rank::Administrator,
            _ => Rank::Moderator,
        }
    }

    pub(super) fn decision(&self, now: Moment, height: Height, by: &str) -> Option<Decision> {
        // What a ban takes along only the store knows, which is asked before the verdict is stored.
        let sanction = |seconds: Option<u64>, reason: &Option<String>| Sanction {
            height,
            by: by.to_owned(),
            ..Sanction::for_seconds(seconds, reason.clone(), now)
        };
        match self {
            Order::Kick(_) => Some(Decision::Kick),
            Order::Mute(seconds, reason) => Some(Decision::Mute(sanction(Some(*seconds), reason))),
            Order::Unmute => Some(Decision::Unmute),
            Order::Ban(seconds, reason, _) => Some(Decision::Ban(sanction(*seconds, reason))),
            Order::Unban => Some(Decision::Unban),
            Order::Crown => Some(Decision::Rank(Rank::Administrator)),
            Order::Appoint => Some(Decision::Rank(Rank::Moderator)),
            Order::Honour => Some(Decision::Rank(Rank::Vip)),
            Order::Dismiss => Some(Decision::Rank(Rank::User)),
            Order::Purge => None,
        }
    }

    /// How far it reaches, where it is a ban.
    pub fn scope(&self) -> BanScope {
        match self {
            Order::Ban(_, _, scope) => *scope,
            _ => BanScope::Account,
        }
    }

    pub(super) fn reason(&self) -> Option<&String> {
        match self {
            Order::Kick(reason) | Order::Mute(_, reason) => reason.as_ref(),
            Order::Ban(_, reason, _) => reason.as_ref(),
            _ => None,
        }
    }
}

/// An operator's verdict, who stands above all rooms; `None` for what is no verdict on a person.
pub fn operated(order: &Order, target: Person, now: Moment) -> Option<Verdict> {
    Some(Verdict {
        decision: order.decision(now, Height::Server, OPERATOR)?,
        reason: order.reason().cloned(),
        target,
        by: operator(),
        origin: Origin::Vouched,
        time: now.time,
    })
}

/// Why an operator's order would do nothing, where it would: most likely it names somebody else than it
/// should, and is not to be taken for done.
pub fn slip(standing: &Standing, order: &Order, target: &Person, now: Moment) -> Option<String> {
    let (name, key) = (&target.username, &target.key);
    let is_admin = standing.admins.contains(key);
    match order {
        Order::Ban(..) if is_admin => Some(format!(
            "{name} is an administrator of this server and can't be banned: \
             `chat-server admin revoke {name}` ends that"
        )),
        Order::Unban if standing.before(&Decision::Unban, key, now).is_none() => {
            Some(format!("{name} is not banned from this room"))
        }
        Order::Crown | Order::Appoint | Order::Honour if target.is_removed => {
            Some(format!("there is no user {name}: the account was removed"))
        }
        Order::Dismiss if !standing.ranks.contains_key(key) => Some(match is_admin {
            true => format!(
                "{name} is an administrator of this server and has no other rank in this room: \
                 `chat-server admin revoke {name}` ends that"
            ),
            false => format!("{name} has no rank in this room"),
        }),
        _ => None,
    }
}

/// Who acts where no member does.
pub fn operator() -> Author {
    Author {
        username: OPERATOR.to_owned(),
        key: String::new(),
        account: AccountId::NOBODY,
        display_name: OPERATOR.to_owned(),
        rank: Rank::Administrator,
    }
}

/// What was done, in words.
pub(super) fn sentence(verdict: &Verdict, now: Moment) -> String {
    let name = &verdict.target.username;
    match &verdict.decision {
        Decision::Kick => format!("{name} was kicked"),
        Decision::Ban(ban) => format!("{name} is banned {}{}", ban.span(now), along(ban)),
        Decision::Unban => format!("{name} is no longer banned"),
        Decision::Mute(mute) => format!("{name} is muted {}", mute.span(now)),
        Decision::Unmute => format!("{name} is no longer muted"),
        Decision::Rank(Rank::Administrator) => {
            format!("{name} is an administrator of the room now")
        }
        Decision::Rank(Rank::Moderator) => format!("{name} is a moderator now"),
        Decision::Rank(Rank::Vip) => format!("{name} is a VIP now"),
        Decision::Rank(_) => format!("{name} is an ordinary user of this room now"),
    }
}

/// What an operator's verdict does to whom stood as in `standing` before, in words.
pub fn outcome(standing: &Standing, verdict: &Verdict, now: Moment) -> String {
    let done = sentence(verdict, now);
    let Decision::Rank(rank) = verdict.decision else {
        return done;
    };
    let Person { username, key, .. } = &verdict.target;
    if standing.admins.contains(key) {
        return format!("{done}, but still an administrator of this server");
    }
    let before = standing.ranks.get(key).map(|there| there.rank);
    let lost = match before {
        Some(Rank::Administrator) => "no longer an administrator of the room",
        Some(Rank::Moderator) => "no longer a moderator",
        Some(Rank::Vip) => "no longer a VIP",
        _ => return done,
    };
    match before < Some(rank) {
        true if rank == Rank::User => format!("{username} is {lost}"),
        true => format!("{done}, and {lost}"),
        false => done,
    }
}

fn along(ban: &Sanction) -> String {
    match ban.networks.len() {
        0 => String::new(),
        1 => ", with 1 recent address".to_owned(),
        count => format!(", with {count} recent addresses"),
    }
}
