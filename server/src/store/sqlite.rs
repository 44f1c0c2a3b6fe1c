//! The engine that comes with the server: everything in one SQLite file.

pub mod accounts;
pub mod addresses;
pub(crate) mod audit;
pub mod clock;
pub mod database;
pub mod filters;
pub mod held;
pub mod log;
pub mod standing;
