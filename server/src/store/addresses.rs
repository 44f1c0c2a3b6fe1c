//! What is kept of addresses: the networks that operators keep out of the whole server, and from where
//! accounts came lately.

use std::time::Duration;

use crate::domain::address::Network;
use crate::domain::entry::{Moment, UnixMillis};
use crate::domain::moderation::Sanction;
use crate::store::StoreError;

/// Networks that can be banned at the same time.
pub const NETWORKS: usize = 10_000;
/// Addresses of one account that are remembered, the newest: so many that a few logins elsewhere do
/// not push out the one from home.
pub const RECENT: usize = 32;
/// How long an address is remembered.
pub const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long an address that was remembered is not remembered anew: logins must not cost a write
/// each.
pub(crate) const NOTED_ANEW: Duration = Duration::from_secs(60 * 60);

/// Why nothing could be read or changed; nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AddressesError {
    /// The store can't be read or written now.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
    /// There is no such ban to be lifted.
    #[error("{0} is not banned: only a network as it is listed can be")]
    NotBanned(Network),
    /// There are too many bans.
    #[error("{NETWORKS} networks are banned already: remove some, or ban a larger one")]
    Full,
}

/// What is kept of addresses.
#[async_trait::async_trait]
pub trait AddressStore: Send + Sync {
    /// The networks that are banned at `now`.
    async fn banned(&self, now: Moment) -> Result<Vec<(Network, Sanction)>, AddressesError>;

    /// Bans `network`, with a line in the audit; answers once it is on disk.
    async fn ban(
        &self,
        network: Network,
        ban: &Sanction,
        now: Moment,
    ) -> Result<(), AddressesError>;

    /// Ends the ban of exactly `network`, with a line in the audit; answers once it is on disk.
    async fn lift(&self, network: Network, now: Moment) -> Result<(), AddressesError>;

    /// Remembers that the account `key` entered from `network`, unless that was remembered within
    /// the last hour.
    async fn note(&self, key: &str, network: Network, now: Moment) -> Result<(), AddressesError>;

    /// From where the account `key` entered lately, the newest first.
    async fn recent(&self, key: &str, now: Moment) -> Result<Vec<Network>, AddressesError>;

    /// Forgets what is too old to be kept at `settled` ([`Moment::settled`]).
    async fn forget_old(&self, settled: UnixMillis) -> Result<(), AddressesError>;
}

/// The time that lies `span` before `now`, both in milliseconds.
pub(crate) fn before(now: UnixMillis, span: Duration) -> UnixMillis {
    let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    now.saturating_sub(span)
}
