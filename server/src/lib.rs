//! The chat server: every part of it, for `main` to start and for tests to drive.
//!
//! Which module may use which is fixed in `docs/architecture.md` and held by `tests/borders.rs`.

pub mod accounts;
pub mod addresses;
pub mod audit;
pub mod auth;
pub mod clock;
pub mod clock_store;
pub mod command;
pub mod config;
pub mod control;
pub mod data_lock;
pub mod database;
pub mod domain;
pub mod files;
pub mod filters;
#[cfg(test)]
mod fuzz;
pub mod health;
pub mod held_store;
pub mod limits;
pub mod live_addresses;
pub mod log;
pub mod pulse;
pub mod room_filters;
pub mod rooms;
pub mod server;
pub mod session;
pub mod standing;
pub mod stopping;
pub mod transport;
pub mod wire;
