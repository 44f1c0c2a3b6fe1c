//! From an event to a client: encoded once for all who receive it, and a bounded way out for each.
//!
//! Knows no rooms and no sessions.

pub mod format;
pub mod outbox;
pub mod outgoing;
