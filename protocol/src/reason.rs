//! The words that say why something was refused, for programs: they tell apart what shares a code.

use crate::Code;
use serde::{Deserialize, Deserializer, Serialize};

/// The `reason` of a `cerror`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// 401: there is no such account, and `auth` said not to make one.
    Unknown,
    /// 401: what should show who somebody is does not.
    Invalid,
    /// 401: it did once, and its time is over.
    Expired,
    /// 403: the user or the address is banned.
    Banned,
    /// 403: the room is for members only, and this account is too new.
    MembersOnly,
    /// 403: the message contains something that is blocked.
    Filter,
    /// 403: the message waits for a moderator.
    Held,
    /// 403: a moderator did not let the message through.
    Denied,
    /// 403: who asks does not stand high enough.
    Rank,
    /// 403: the name can't be taken.
    Name,
    /// 404: no such user.
    User,
    /// 404: no such message.
    Message,
    /// 404: no such room.
    Room,
    /// 429: slow mode.
    SlowMode,
    /// 429: more than the limits allow.
    Pace,
    /// 503: it could not be stored or read.
    Store,
    /// 503: too much to do.
    Busy,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Unknown,
        Self::Invalid,
        Self::Expired,
        Self::Banned,
        Self::MembersOnly,
        Self::Filter,
        Self::Held,
        Self::Denied,
        Self::Rank,
        Self::Name,
        Self::User,
        Self::Message,
        Self::Room,
        Self::SlowMode,
        Self::Pace,
        Self::Store,
        Self::Busy,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
            Self::Expired => "expired",
            Self::Banned => "banned",
            Self::MembersOnly => "members-only",
            Self::Filter => "filter",
            Self::Held => "held",
            Self::Denied => "denied",
            Self::Rank => "rank",
            Self::Name => "name",
            Self::User => "user",
            Self::Message => "message",
            Self::Room => "room",
            Self::SlowMode => "slow-mode",
            Self::Pace => "pace",
            Self::Store => "store",
            Self::Busy => "busy",
        }
    }

    /// The code that it comes with.
    pub fn code(self) -> Code {
        match self {
            Self::Unknown | Self::Invalid | Self::Expired => Code::Unauthenticated,
            Self::Banned
            | Self::MembersOnly
            | Self::Filter
            | Self::Held
            | Self::Denied
            | Self::Rank
            | Self::Name => Code::Forbidden,
            Self::User | Self::Message | Self::Room => Code::NotFound,
            Self::SlowMode | Self::Pace => Code::TooFast,
            Self::Store | Self::Busy => Code::Unavailable,
        }
    }

    /// What `word` means; `None` where this version does not know it.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// A word that a newer server may send counts as none.
pub(crate) fn known<'de, D: Deserializer<'de>>(read: D) -> Result<Option<Reason>, D::Error> {
    let word = Option::<String>::deserialize(read)?;
    Ok(word.and_then(|word| Reason::named(&word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_reasons_are_each_others_inverse() {
        for reason in Reason::ALL {
            assert_eq!(Reason::named(reason.as_str()), Some(reason));
            let written = serde_json::to_value(reason).unwrap();
            assert_eq!(written, reason.as_str());
        }
        assert_eq!(Reason::named("Rank"), None);
    }
}
