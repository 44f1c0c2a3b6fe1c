//! The command line: what `chat-server` and its subcommands do, alone or through the running server.
//! Prints, asks and exits; no other part may do that.

pub mod backup;
pub mod ban;
pub mod cli;
pub mod console;
pub mod exit;
pub mod filter;
pub mod logging;
pub mod moderator;
pub mod room;
pub mod safeguards;
pub mod user;
