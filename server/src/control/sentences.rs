//! The answers and refusals that operators read, the same whether a running server carried a command out
//! or the command itself did.

use chat_protocol::{RoomName, Username};

use crate::domain::address::Network;
use crate::domain::entry::Moment;
use crate::domain::moderation::{Sanction, Verdicts};
use crate::rooms::{Hit, closed_connections};

pub(super) fn user_added(name: &Username) -> String {
    format!("user {name} added")
}

pub(crate) fn user_exists(name: &Username) -> String {
    format!("there is already a user {name}")
}

/// The bans and mutes that still apply to a name that is given out again, as the end of a sentence; empty
/// if there are none.
pub(super) fn held_against(name: &Username, verdicts: &Verdicts) -> String {
    /// How many rooms are named at most.
    const ROOMS: usize = 5;
    let list = |rooms: &[String]| {
        let named = rooms.iter().take(ROOMS).map(String::as_str);
        let named = named.collect::<Vec<_>>().join(", ");
        match rooms.len().saturating_sub(ROOMS) {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    };
    let mut text = String::new();
    if !verdicts.banned.is_empty() {
        text.push_str(&format!(
            "; the name is still banned from {}: `chat-server ban remove ROOM {name}` lifts the ban",
            list(&verdicts.banned)
        ));
    }
    if !verdicts.muted.is_empty() {
        text.push_str(&format!(
            "; the name is still muted in {}",
            list(&verdicts.muted)
        ));
    }
    text
}

pub(super) fn user_removed(name: &Username) -> String {
    format!("user {name} removed")
}

pub(super) fn no_user(name: &Username) -> String {
    format!("there is no user {name}")
}

pub(super) fn was_removed(name: &Username) -> String {
    format!("there is no user {name}: the account was removed")
}

pub(super) fn password_changed(name: &Username) -> String {
    format!("password of {name} changed")
}

pub(super) fn signed_out(name: &Username) -> String {
    format!("{name} is signed out everywhere")
}

/// What was done, with the number of connections that it closed.
pub(super) fn with_closed(done: &str, closed: usize) -> String {
    format!("{done}; {}", closed_connections(closed))
}

/// How many connections and users a ban of a network hit.
pub(super) fn hit(hit: Hit) -> String {
    let closed = closed_connections(hit.connections);
    match hit.accounts {
        // Connections in no room belong to no user.
        0 => closed,
        1 => format!("{closed}, of 1 user"),
        count => format!("{closed}, of {count} users"),
    }
}

pub(super) fn room_added(room: &RoomName) -> String {
    format!(
        "room {room} added; `chat-server mod add --admin {room} NAME` gives it an administrator"
    )
}

pub(super) fn room_exists(room: &RoomName) -> String {
    format!("there is already a room {room}")
}

pub(super) fn no_room(room: &RoomName) -> String {
    format!("there is no room {room}: check the name, or add --create to make it")
}

pub(super) fn no_administrator(name: &str) -> String {
    format!("{name} is not an administrator of this server: `chat-server admin list` shows who is")
}

pub(super) fn administered(name: &str, is_admin: bool) -> String {
    match is_admin {
        true => format!("{name} is now an administrator of this server"),
        false => format!("{name} is no longer an administrator of this server"),
    }
}

pub(super) fn banned(network: Network, ban: &Sanction, now: Moment) -> String {
    format!("{network} is banned {}", ban.span(now))
}

pub(super) fn lifted(network: Network) -> String {
    format!("{network} is no longer banned")
}
