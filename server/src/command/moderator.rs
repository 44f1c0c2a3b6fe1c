//! `chat-server mod`: the moderators, VIPs and administrators of a room on the command line.

use chat_protocol::{Rank, RoomName, Username};
use clap::Subcommand;

use crate::command::console;
use crate::command::standing::{self, Names};
use crate::control::OperatorAction;
use crate::domain::moderation::Standing;
use crate::server::ServerConfig;

/// The subcommands of `chat-server mod`.
#[derive(Subcommand)]
pub enum ModSubcommand {
    /// List the administrators, moderators and VIPs of a room: rank, name.
    ///
    /// The rank is 0 for an administrator, 1 for a moderator, 2 for a VIP.
    List {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
    },
    /// Make a user a moderator of a room, or a VIP, or an administrator.
    Add {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
        /// The user.
        #[arg(value_parser = console::username)]
        name: Username,
        /// Make the user a VIP, who is exempt from slow mode and members-only mode.
        #[arg(long)]
        vip: bool,
        /// Make the user an administrator of the room, who can appoint moderators.
        #[arg(long, conflicts_with = "vip")]
        admin: bool,
        /// Create the room if it does not exist.
        #[arg(long)]
        create: bool,
    },
    /// Take away a user's rank in a room, whichever it is.
    Remove {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
        /// The user.
        #[arg(value_parser = console::username)]
        name: Username,
    },
}

/// Carries out `command` for `server`.
pub fn run(command: ModSubcommand, server: &ServerConfig) -> anyhow::Result<()> {
    match command {
        ModSubcommand::List { room } => standing::list(&server.data, &room, lines),
        ModSubcommand::Add {
            room,
            name,
            vip,
            admin,
            create,
        } => {
            let action = match (vip, admin) {
                (true, _) => OperatorAction::Honour,
                (false, true) => OperatorAction::Crown,
                (false, false) => OperatorAction::Appoint,
            };
            standing::act(server, &room, &name, action, create)
        }
        ModSubcommand::Remove { room, name } => {
            standing::act(server, &room, &name, OperatorAction::Dismiss, false)
        }
    }
}

/// The ranks in a room, the highest first.
fn lines(standing: &Standing, names: &Names) -> Vec<String> {
    let ranks = standing.ranks.iter();
    let mut ranked: Vec<(Rank, &str)> = ranks
        .map(|(key, there)| (there.rank, names.of(key)))
        .collect();
    ranked.sort();
    let line = |(rank, name)| format!("{}\t{name}", u8::from(rank));
    ranked.into_iter().map(line).collect()
}
