//! Names that an operator gives, checked the same on the command line and by the server.

use chat_protocol::{RoomName, Username};

/// Parses a room's name. Takes also names that older servers allowed.
pub fn room_name(text: &str) -> Result<RoomName, String> {
    RoomName::any(text).map_err(|error| format!("a room name {error}"))
}

/// Parses a user's name. Takes also names that older servers allowed.
pub fn username(text: &str) -> Result<Username, String> {
    Username::new(text).map_err(|error| format!("a user name {error}"))
}

/// Refuses a name that a new room may not have.
pub fn new_room(name: &RoomName) -> Result<(), String> {
    let checked = RoomName::new(name.as_str());
    checked
        .map(drop)
        .map_err(|error| format!("a room name {error}"))
}

/// Refuses a name that a new account may not have.
pub fn new_user(name: &Username) -> Result<(), String> {
    let checked = name.check_new();
    checked.map_err(|error| format!("a user name {error}"))
}
