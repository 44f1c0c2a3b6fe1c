//! The chat server: every part of it, for `main` to start and for tests to drive.
//!
//! Which module may use which is fixed in `docs/architecture.md` and held by `tests/borders.rs`.

pub mod accounts;
pub mod auth;
pub mod clock;
pub mod database;
pub mod log;
