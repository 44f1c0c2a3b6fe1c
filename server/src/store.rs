//! What is kept: the traits that the rest of the server uses, and the engines behind them.
//!
//! Only an engine's folder knows its database. Knows no rooms that run, and no sockets.

pub mod accounts;
pub mod addresses;
pub mod audit;
pub mod clock;
mod error;
pub mod filters;
pub mod held;
pub mod log;
pub mod rooms;
pub mod rounds;
pub mod sqlite;
pub mod standing;

pub use error::{Part, StoreError};

/// What an engine is: all that is kept, in one place. `conformance` holds what each has to do.
pub trait Store:
    accounts::Accounts
    + addresses::AddressStore
    + audit::AuditLog
    + clock::ClockStore
    + filters::Filters
    + held::HeldMessages
    + log::RoomLog
    + rooms::RoomDirectory
    + rounds::Rounds
    + standing::Standings
{
}

impl<Engine> Store for Engine where
    Engine: accounts::Accounts
        + addresses::AddressStore
        + audit::AuditLog
        + clock::ClockStore
        + filters::Filters
        + held::HeldMessages
        + log::RoomLog
        + rooms::RoomDirectory
        + rounds::Rounds
        + standing::Standings
{
}

#[cfg(test)]
pub(crate) mod conformance;
#[cfg(test)]
pub(crate) mod memory;
