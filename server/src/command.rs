//! The command line: what `chat-server` and its subcommands do, alone or through the running server.
//! Prints, asks and exits; no other part may do that.

pub mod access;
pub mod admin;
pub mod audit;
pub mod backup;
pub mod ban;
pub mod check;
pub mod cli;
pub mod console;
pub mod documents;
pub mod exit;
pub mod filter;
pub mod logging;
pub mod moderator;
pub mod password;
pub mod room;
pub mod safeguards;
pub mod standing;
pub mod user;
