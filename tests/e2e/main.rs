//! The product, end to end: the real server and the real terminal client, seen from outside.
//!
//! What is expected comes from the wire contract alone. One topic a file, one sentence a test.

#![allow(clippy::unwrap_used)] // a test that finds nothing to unwrap is to fail

mod support;

mod accounts;
mod address_bans;
mod asking;
mod attacks;
mod audit;
mod auth;
mod backup;
mod before_auth;
mod changing_passwords;
mod clock;
mod crash;
mod crash_rig;
mod crowd;
mod data_files;
mod deletion;
mod documents;
mod filters;
mod founding;
mod framing;
mod full;
mod harness;
mod held;
mod hindered;
mod history;
mod http;
mod limits;
mod messages;
mod moderation;
mod moderation_effects;
mod names;
mod one_users_history;
mod operators;
mod other_versions;
mod power_loss;
mod preload;
mod presence;
mod reasons;
mod resume;
mod rig;
mod rooms;
mod sanctions;
mod settings;
mod shutdown;
mod signals;
mod signing_out;
mod socket_io;
mod standing;
mod start_up;
mod strictness;
mod terminal;
mod test_mode;
mod timeouts;
mod user_cards;
