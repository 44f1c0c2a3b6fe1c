//! Ranks and bans in a room: what `mod` and `ban` share.

use std::collections::HashMap;
use std::path::Path;

use chat_protocol::{RoomName, Username};

use crate::clock;
use crate::command::{access, console, safeguards};
use crate::control::{OperatorAction, Request, Task};
use crate::domain::moderation::Standing;
use crate::server::ServerConfig;
use crate::store::standing::Standings;

/// Maps the key of an account (its name as compared) to its name as registered.
pub struct Names(HashMap<String, String>);

impl Names {
    /// The registered name of the account `key`, or the key itself if there is no such account.
    pub fn of<'a>(&'a self, key: &'a str) -> &'a str {
        self.0.get(key).map_or(key, String::as_str)
    }
}

/// Prints what `lines` makes of a room's ranks, bans and mutes.
pub fn list(
    data: &Path,
    room: &RoomName,
    lines: impl FnOnce(&Standing, &Names) -> Vec<String>,
) -> anyhow::Result<()> {
    access::list(data, async |store| {
        let room = safeguards::need_room(store, room, None).await?;
        let standing = Standings::load(store, &room, clock::moment()).await?;
        let keys = standing.ranks.keys().chain(standing.bans.keys());
        let names = Names(store.names_of(keys.cloned().collect()).await?);
        Ok(lines(&standing, &names))
    })
}

/// Does something to a user in a room, which is created if `creates`.
pub fn act(
    server: &ServerConfig,
    room: &RoomName,
    name: &Username,
    action: OperatorAction,
    creates: bool,
) -> anyhow::Result<()> {
    let may_create = !matches!(action, OperatorAction::Unban | OperatorAction::Dismiss);
    if !creates {
        let otherwise = may_create.then_some(safeguards::CREATE);
        safeguards::look_for_room(&server.data, room, otherwise)?;
    }
    safeguards::look_for_user(&server.data, name, action.reaches_removed())?;
    let request = Request::act(Task {
        room: room.as_str().to_owned(),
        username: name.as_str().to_owned(),
        action,
        creates,
    });
    console::answer(access::operate(server, &request)?)
}
