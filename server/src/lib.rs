//! The chat server: every part of it, for `main` to start and for tests to drive.
//!
//! Which module may use which is fixed in `docs/architecture.md` and held by `tests/borders.rs`.

pub mod auth;
pub mod clock;
pub mod command;
pub mod config;
pub mod control;
pub mod data_lock;
pub mod domain;
pub mod files;
#[cfg(test)]
mod fuzz;
pub mod health;
pub mod limits;
pub mod pulse;
pub mod rooms;
pub mod server;
pub mod session;
pub mod stopping;
pub mod store;
pub mod transport;
pub mod wire;
