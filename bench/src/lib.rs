//! A load generator that starts the real server, speaks the real protocol, checks all it receives,
//! and measures what users would feel.
//!
//! Owns no figure of its own: each comes from a clock, from `/proc`, or from what was received. A
//! run in which anything was lost, doubled or reordered fails, however fast it was. Must not share
//! code with the server: it sees what a client sees.

mod accounts;
mod check;
mod cli;
mod client;
mod clock;
mod entering;
mod exit;
mod limit_server;
mod measure;
mod pin;
mod raw;
mod report;
mod scenario;
mod server_process;
mod stamp;
mod talk;
mod target;
mod terminal;
mod trickle;
mod values;
mod worker;

pub use cli::run;
