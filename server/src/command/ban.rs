//! `chat-server ban`: bans from a room and of addresses on the command line. A running server carries
//! a ban out itself, at once and for live connections too; otherwise it is written to the database.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use chat_protocol::limits::BAN_SECONDS;
use chat_protocol::{RoomName, Username};
use clap::{Args, Subcommand};

use crate::clock;
use crate::command::console;
use crate::command::moderator::{ask, carry_out, carry_out_with, list, shown};
use crate::command::safeguards;
use crate::control::sentences;
use crate::control::{OperatorAction, Request};
use crate::domain::address::{self, Network};
use crate::domain::moderation::{BanScope, Decision, Sanction};
use crate::limits::TrustedProxies;
use crate::store::addresses::AddressStore;
use crate::store::sqlite::SqliteStore;

/// The subcommands of `chat-server ban`.
#[derive(Subcommand)]
pub enum BanSubcommand {
    /// List the bans of a room, or the addresses that are banned from the server.
    ///
    /// For a room, each line has the name, the end, the reason, and any addresses that the ban covers.
    /// With --addresses, each line has the network, the end and the reason.
    List {
        /// The room.
        #[arg(value_parser = console::room_name, required_unless_present = "addresses", conflicts_with = "addresses")]
        room: Option<RoomName>,
        /// List the addresses and networks that are banned from the whole server.
        #[arg(long)]
        addresses: bool,
    },
    /// Ban a user from a room, or an address or network from the whole server.
    ///
    /// Give either a room and a user, or --address.
    Add {
        #[command(flatten)]
        target: TargetArguments,
        /// How long the ban lasts, in seconds; without it, the ban is permanent.
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=BAN_SECONDS))]
        duration: Option<u64>,
        /// Reason, shown to the banned user.
        #[arg(long, value_name = "TEXT", value_parser = console::reason)]
        reason: Option<String>,
        /// Also keep everyone at the user's recent addresses out of the room.
        #[arg(long, conflicts_with = "address")]
        ban_addresses: bool,
        /// Create the room if it does not exist.
        #[arg(long, conflicts_with = "address")]
        create: bool,
        /// Do not ask, even if the network is very wide, private, or contains this machine.
        #[arg(long, requires = "address")]
        yes: bool,
    },
    /// Lift a ban.
    ///
    /// Give either a room and a user, or --address.
    Remove {
        #[command(flatten)]
        target: TargetArguments,
    },
}

/// The target of a ban: a user in a room, or a network on the whole server.
#[derive(Args)]
pub struct TargetArguments {
    /// The room.
    #[arg(value_parser = console::room_name, required_unless_present = "address", conflicts_with = "address")]
    room: Option<RoomName>,
    /// The user.
    #[arg(value_parser = console::username, required_unless_present = "address", conflicts_with = "address")]
    name: Option<Username>,
    /// Address or network (such as 203.0.113.0/24), for a ban from the whole server.
    #[arg(long, value_name = "CIDR", value_parser = address::typed)]
    address: Option<Network>,
}

enum Target {
    User(RoomName, Username),
    Network(Network),
}

impl TargetArguments {
    fn target(self) -> anyhow::Result<Target> {
        match (self.room, self.name, self.address) {
            (Some(room), Some(name), None) => Ok(Target::User(room, name)),
            (None, None, Some(network)) => Ok(Target::Network(network)),
            // Other combinations are refused before they come here.
            _ => bail!("give either a room and a user, or an --address"),
        }
    }
}

/// Carries out `command` for the server whose data directory is `data`. A ban from a room that this
/// process writes itself reaches at least as far as `every_ban`.
pub fn run(
    command: BanSubcommand,
    data: &Path,
    every_ban: BanScope,
    proxies: &TrustedProxies,
) -> anyhow::Result<()> {
    match command {
        BanSubcommand::List { room: None, .. } => list_networks(data),
        BanSubcommand::List {
            room: Some(room), ..
        } => list(data, room, |standing, names| {
            let bans = standing.bans.iter();
            let mut lines: Vec<String> = bans.map(|(key, ban)| line(names.of(key), ban)).collect();
            lines.sort();
            lines
        }),
        BanSubcommand::Add {
            target,
            duration,
            reason,
            ban_addresses,
            create,
            yes,
        } => match target.target()? {
            Target::User(room, name) => {
                let scope = BanScope::with_addresses(ban_addresses);
                let action = OperatorAction::Ban(duration, reason, scope);
                ban_user(data, &room, &name, action, create, scope.max(every_ban))
            }
            Target::Network(network) => {
                if let Some(hazard) = hazard(network, proxies) {
                    safeguards::be_sure(yes, &hazard)?;
                }
                ban_network(data, network, duration, reason)
            }
        },
        BanSubcommand::Remove { target } => match target.target()? {
            Target::User(room, name) => carry_out(data, &room, &name, OperatorAction::Unban, false),
            Target::Network(network) => lift_network(data, network),
        },
    }
}

fn line(what: &str, ban: &Sanction) -> String {
    let until = ban.until.map_or("for good".to_owned(), shown);
    let reason = console::plain(ban.reason.as_deref().unwrap_or(""));
    let mut networks = ban.networks.clone();
    networks.sort();
    let networks: Vec<String> = networks.iter().map(Network::to_string).collect();
    match networks.is_empty() {
        true => format!("{what}\t{until}\t{reason}"),
        false => format!("{what}\t{until}\t{reason}\t{}", networks.join(" ")),
    }
}

fn list_networks(data: &Path) -> anyhow::Result<()> {
    console::for_reading(data, |database| async move {
        let mut bans = SqliteStore::new(database).banned(clock::moment()).await?;
        bans.sort_by_key(|(network, _)| *network);
        let lines = bans.iter();
        console::say(lines.map(|(network, ban)| line(&network.to_string(), ban)))?;
        Ok(())
    })
}

fn ban_user(
    data: &Path,
    room: &RoomName,
    name: &Username,
    action: OperatorAction,
    creates: bool,
    scope: BanScope,
) -> anyhow::Result<()> {
    carry_out_with(
        data,
        room,
        name,
        action,
        creates,
        async |database, verdict| {
            if let Decision::Ban(ban) = &mut verdict.decision
                && scope.takes_addresses()
            {
                let addresses = SqliteStore::new(Arc::clone(database));
                ban.networks = addresses
                    .recent(&verdict.target.key, clock::moment())
                    .await?;
            }
            Ok(())
        },
    )
}

/// Why the operator has to confirm a ban of this network, if it may hit more than was meant.
fn hazard(network: Network, proxies: &TrustedProxies) -> Option<String> {
    let proxy = proxies
        .overlap(&network)
        .then(|| format!("{network} contains a trusted proxy"));
    network.hazard().or(proxy)
}

fn ban_network(
    data: &Path,
    network: Network,
    duration: Option<u64>,
    reason: Option<String>,
) -> anyhow::Result<()> {
    let request = Request::BanNetwork(network.to_string(), duration, reason.clone());
    ask(data, &request, |database| async move {
        let now = clock::moment();
        let ban = Sanction::for_seconds(duration, reason, now);
        let addresses = SqliteStore::new(database);
        addresses.ban(network, &ban, now).await?;
        Ok(sentences::banned(network, &ban, now))
    })
}

fn lift_network(data: &Path, network: Network) -> anyhow::Result<()> {
    let request = Request::LiftNetwork(network.to_string());
    ask(data, &request, |database| async move {
        let addresses = SqliteStore::new(database);
        addresses.lift(network, clock::moment()).await?;
        Ok(sentences::lifted(network))
    })
}
