//! The command line's way to a running server: a socket in the data directory, for its owner alone.
//! Each connection carries one request, a line of JSON, and one answer, a line of JSON.
//!
//! Owns that socket, its requests, what follows from each (`orders`) and the sentences that answer them.
//! `orders` works on a [`Backend`]: the running server (`running`), whose rooms decide and store as they
//! do for a moderator, or the store alone (`offline`). A new request is added to [`Request`] and
//! `orders`, and where neither backend can do it yet, to [`Backend`] and both of them.

mod backend;
mod client;
mod names;
mod offline;
mod orders;
mod request;
mod running;
pub(crate) mod sentences;
mod service;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use crate::rooms::Rooms;
use crate::store::accounts::Accounts;

pub use backend::{Backend, Ended};
pub use client::ask;
pub use names::{new_room, new_user, room_name, username};
pub use offline::{Offline, delete_room};
pub use orders::{OrderError, carry_out};
pub use request::{Hash, OperatorAction, Purging, Request, Task};
pub use service::run;

/// Longest request or answer, in bytes.
const LINE: u64 = 8 * 1024;
/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a request may take to arrive. The command line sends it at once.
const REQUEST_PATIENCE: Duration = Duration::from_secs(1);
/// Connections at the same time; more wait to be accepted. A program that holds them all without asking
/// anything keeps others waiting for [`REQUEST_PATIENCE`].
const CONNECTIONS: usize = 64;
/// Requests carried out at the same time; more wait for their turn.
const AT_ONCE: usize = 4;
/// Pause after a failed accept.
const PAUSE: Duration = Duration::from_millis(100);

/// One sentence: what was done, or why nothing was.
type Answer = Result<String, String>;

/// How a server begins its answer to a request that it does not know.
const NO_REQUEST: &str = "this is no request";

/// What the socket needs to carry requests out.
pub struct Control {
    /// The accounts.
    pub accounts: Arc<dyn Accounts>,
    /// The running rooms.
    pub rooms: Rooms,
}
