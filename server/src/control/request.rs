//! What the command line may ask of a running server, as it goes over the socket.

use serde::{Deserialize, Serialize};

use crate::domain::filter::Change;
use crate::domain::moderation::BanScope;
use crate::rooms::Order;

/// A request to the running server. The names on the wire must not change: the command line may be of
/// another version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Request {
    /// Act on a user in a room.
    Do(Task),
    /// Act on a user in a room that has to exist, or is created. It is a request of its own because an older
    /// server would accept any room.
    Appoint(Task),
    /// Make the user of this name a server administrator (true), or end that (false).
    Administer(String, bool),
    /// Change the blocked patterns of the room of this name.
    Filter(String, Change),
    /// The same, and create the room if it does not exist.
    FilterNew(String, Change),
    /// Ban a network from the whole server: network, seconds (`None`: permanently), reason.
    BanNetwork(String, Option<u64>, Option<String>),
    /// Lift the ban of a network.
    LiftNetwork(String),
    /// Add an account of this name.
    AddUser(String, Hash),
    /// Change a user's password, which ends their connections and tokens.
    SetPassword(String, Hash),
    /// End a user's connections and tokens.
    SignOut(String),
    /// Remove an account.
    RemoveUser(String),
    /// Delete the messages of a removed user: user, room to begin with. The answer is a [`Purging`] as
    /// JSON.
    PurgeUser(String, Option<String>),
    /// Create a room of this name.
    AddRoom(String),
}

impl Request {
    /// The request for `task`.
    pub fn act(task: Task) -> Self {
        match task.action.needs_room() {
            true => Request::Appoint(task),
            false => Request::Do(task),
        }
    }

    /// Whether it may be the first thing that is done in a data directory, which is created for it.
    pub fn may_be_first(&self) -> bool {
        matches!(self, Request::AddUser(..) | Request::AddRoom(_))
    }
}

/// What one step of a purge of all rooms did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purging {
    /// Number of messages deleted.
    pub messages: u64,
    /// Number of rooms done.
    pub rooms: u64,
    /// The room with which the next step begins; `None` if all are done.
    pub next: Option<String>,
}

/// The hash of a password, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hash(pub String);

impl std::fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Hash(..)")
    }
}

/// An action on a user in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The room.
    pub room: String,
    /// Name of the user.
    pub username: String,
    /// What to do.
    pub action: OperatorAction,
    /// Whether to create a missing room; without it, a missing room is an error.
    #[serde(default)]
    pub creates: bool,
}

/// An action of an operator on a user in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperatorAction {
    /// Ban the user: seconds (`None`: permanently), reason.
    Ban(Option<u64>, Option<String>, BanScope),
    /// Lift the ban.
    Unban,
    /// Make the user an administrator of the room.
    Crown,
    /// Make the user a moderator.
    Appoint,
    /// Make the user a VIP.
    Honour,
    /// Take away whatever rank the user has.
    Dismiss,
}

impl OperatorAction {
    /// Whether the room has to exist. Somebody appointed in a room that does not exist would rank below
    /// its later founder, and a ban from such a room is most likely meant for another one. A ban that is
    /// left from a deleted room can still be lifted.
    pub fn needs_room(&self) -> bool {
        *self != OperatorAction::Unban
    }

    /// Whether it can be done to a removed user, because the name may be given out again.
    pub fn reaches_removed(&self) -> bool {
        matches!(self, OperatorAction::Ban(..) | OperatorAction::Unban)
    }

    /// The same as a moderator's order.
    pub fn order(self) -> Order {
        match self {
            OperatorAction::Ban(seconds, reason, scope) => Order::Ban(seconds, reason, scope),
            OperatorAction::Unban => Order::Unban,
            OperatorAction::Crown => Order::Crown,
            OperatorAction::Appoint => Order::Appoint,
            OperatorAction::Honour => Order::Honour,
            OperatorAction::Dismiss => Order::Dismiss,
        }
    }
}
