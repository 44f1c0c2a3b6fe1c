//! The command line's way to a running server: a socket in the data directory, for its owner alone.
//! One request a connection, a line of JSON, and one line of JSON as the answer.
//!
//! Owns that socket, its requests and the sentences that answer them. What is asked for it hands to the
//! rooms, which decide and store it as they do for a moderator.

mod client;
mod orders;
mod request;
pub(crate) mod sentences;
mod service;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use crate::rooms::Rooms;
use crate::store::accounts::Accounts;

pub use client::ask;
pub use orders::{new_room, new_user};
pub use request::{Hash, OperatorAction, Purging, Request, Task};
pub use service::run;

/// Bytes of a request or an answer at most.
const LINE: u64 = 8 * 1024;
/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a request may take to come: the command line sends it at once.
const REQUEST_PATIENCE: Duration = Duration::from_secs(1);
/// Connections at the same time; more wait to be accepted. Who holds them all without asking anything
/// keeps others waiting for [`REQUEST_PATIENCE`].
const CONNECTIONS: usize = 64;
/// Requests that are carried out at the same time; more wait for their turn.
const AT_ONCE: usize = 4;
/// Pause after an accept that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// A sentence: what was done, or why nothing was.
type Answer = Result<String, String>;

/// How a server's answer begins to a request that it does not know.
const NO_REQUEST: &str = "this is no request";

/// What serves the socket.
pub struct Control {
    /// Who there is.
    pub accounts: Arc<dyn Accounts>,
    /// The rooms.
    pub rooms: Rooms,
}
