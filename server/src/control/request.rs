//! What the command line may ask of a running server, as it goes over the socket.

use serde::{Deserialize, Serialize};

use crate::domain::filter::Change;
use crate::domain::moderation::BanScope;
use crate::rooms::Order;

/// What can be asked of a running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Request {
    /// Do something to somebody in a room.
    Do(Task),
    /// Appoint somebody in a room that has to be there, or is made. An older server would do it in any.
    Appoint(Task),
    /// Make somebody, by name, a server administrator, or end that.
    Administer(String, bool),
    /// Change what the messages of the room of this name must not hold.
    Filter(String, Change),
    /// The same, which makes the room where there is none.
    FilterNew(String, Change),
    /// Keep a network out of the whole server, for so many seconds or for good.
    BanNetwork(String, Option<u64>, Option<String>),
    /// End that.
    LiftNetwork(String),
    /// Make an account of this name.
    AddUser(String, Hash),
    /// Give somebody another password, which ends their connections and tokens.
    SetPassword(String, Hash),
    /// End somebody's connections and tokens.
    SignOut(String),
    /// Remove somebody's account.
    RemoveUser(String),
    /// Take out what somebody wrote who was removed, from the room of this name on. The answer is a
    /// [`Purging`].
    PurgeUser(String, Option<String>),
    /// Make a room of this name.
    AddRoom(String),
}

/// What one step of a purge of all rooms did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purging {
    /// Messages that are gone.
    pub messages: u64,
    /// Rooms that are done.
    pub rooms: u64,
    /// The room with which the next step begins; `None` where all is done.
    pub next: Option<String>,
}

/// A password's hash on its way. It does not show itself in a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hash(pub String);

impl std::fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Hash(..)")
    }
}

/// What to do to whom, where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The room.
    pub room: String,
    /// Whom, by name.
    pub username: String,
    /// What.
    pub action: OperatorAction,
    /// Whether the room is made where there is none. Otherwise nobody is appointed in it then.
    #[serde(default)]
    pub creates: bool,
}

/// What can be done from outside a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperatorAction {
    /// Keep somebody out, for so many seconds or for good.
    Ban(Option<u64>, Option<String>, BanScope),
    /// End that.
    Unban,
    /// Make somebody an administrator of the room.
    Crown,
    /// Make somebody a moderator.
    Appoint,
    /// Make somebody a VIP.
    Honour,
    /// Make somebody a user.
    Dismiss,
}

impl OperatorAction {
    /// Whether it needs the room to be there: whom it appoints would be overtaken by its founder, and a
    /// ban from a room that is not there is most likely meant for another one. What is left of such a ban
    /// is lifted all the same.
    pub fn needs_room(&self) -> bool {
        *self != OperatorAction::Unban
    }

    /// Whether it can be done to somebody who was removed: the name may be given out again.
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
