//! The rules, as data and pure functions: from what comes in and the time to what follows.
//!
//! Uses `protocol` and nothing else of the server: no tokio, no clock, no JSON, no SQL.

pub mod address;
pub mod audit;
pub mod entry;
pub mod filter;
pub mod held;
pub mod moderation;
pub mod refusal;
pub mod room;
pub mod round;
pub mod settling;
