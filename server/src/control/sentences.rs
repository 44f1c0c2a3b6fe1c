//! What was done to networks, in the words that operators read: the same whether a running server did it
//! or the command itself.

use crate::domain::address::Network;
use crate::domain::entry::Moment;
use crate::domain::moderation::Sanction;

/// What was done, in words.
pub(crate) fn banned(network: Network, ban: &Sanction, now: Moment) -> String {
    format!("{network} is banned {}", ban.span(now))
}

/// What was done, in words.
pub(crate) fn lifted(network: Network) -> String {
    format!("{network} is no longer banned")
}
