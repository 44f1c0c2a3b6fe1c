//! The answers about bans of networks, the same whether a running server carried the command out or the
//! command itself did.

use crate::domain::address::Network;
use crate::domain::entry::Moment;
use crate::domain::moderation::Sanction;

/// The answer to `ban add --address`.
pub(crate) fn banned(network: Network, ban: &Sanction, now: Moment) -> String {
    format!("{network} is banned {}", ban.span(now))
}

/// The answer to `ban remove --address`.
pub(crate) fn lifted(network: Network) -> String {
    format!("{network} is not banned any more")
}
