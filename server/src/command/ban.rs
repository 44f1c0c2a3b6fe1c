//! `chat-server ban`: bans from a room and of addresses on the command line.

use anyhow::bail;
use chat_protocol::{RoomName, Username};
use clap::{Args, Subcommand};

use crate::clock;
use crate::command::standing::{self, Names};
use crate::command::{access, console, safeguards};
use crate::control::{OperatorAction, Request};
use crate::domain::address::{self, Network};
use crate::domain::moderation::{BanScope, Sanction, Standing};
use crate::limits::TrustedProxies;
use crate::server::ServerConfig;

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
        /// How long the ban lasts: seconds, or 10m, 2h, 7d; without it, the ban is permanent.
        #[arg(long, value_name = "DURATION", value_parser = console::ban_duration)]
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

/// Carries out `command` for `server`.
pub fn run(command: BanSubcommand, server: &ServerConfig) -> anyhow::Result<()> {
    match command {
        BanSubcommand::List { room: None, .. } => list_networks(server),
        BanSubcommand::List {
            room: Some(room), ..
        } => standing::list(&server.data, &room, lines),
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
                standing::act(server, &room, &name, action, create)
            }
            Target::Network(network) => {
                if let Some(hazard) = hazard(network, &server.trusted_proxies) {
                    safeguards::be_sure(yes, &hazard)?;
                }
                let request = Request::BanNetwork(network.to_string(), duration, reason);
                console::answer(access::operate(server, &request)?)
            }
        },
        BanSubcommand::Remove { target } => match target.target()? {
            Target::User(room, name) => {
                standing::act(server, &room, &name, OperatorAction::Unban, false)
            }
            Target::Network(network) => {
                let request = Request::LiftNetwork(network.to_string());
                console::answer(access::operate(server, &request)?)
            }
        },
    }
}

fn list_networks(server: &ServerConfig) -> anyhow::Result<()> {
    access::list(&server.data, async |store| {
        let mut bans = store.banned(clock::moment()).await?;
        bans.sort_by_key(|(network, _)| *network);
        let bans = bans.iter();
        Ok(bans
            .map(|(network, ban)| line(&network.to_string(), ban))
            .collect())
    })
}

/// The bans of a room.
fn lines(standing: &Standing, names: &Names) -> Vec<String> {
    let bans = standing.bans.iter();
    let mut lines: Vec<String> = bans.map(|(key, ban)| line(names.of(key), ban)).collect();
    lines.sort();
    lines
}

fn line(what: &str, ban: &Sanction) -> String {
    let until = ban.until.map_or("for good".to_owned(), console::shown);
    let reason = console::plain(ban.reason.as_deref().unwrap_or(""));
    let mut networks = ban.networks.clone();
    networks.sort();
    let networks: Vec<String> = networks.iter().map(Network::to_string).collect();
    match networks.is_empty() {
        true => format!("{what}\t{until}\t{reason}"),
        false => format!("{what}\t{until}\t{reason}\t{}", networks.join(" ")),
    }
}

/// Why the operator has to confirm a ban of this network, if it may hit more than was meant.
fn hazard(network: Network, proxies: &TrustedProxies) -> Option<String> {
    let proxy = proxies
        .overlap(&network)
        .then(|| format!("{network} contains a trusted proxy"));
    network.hazard().or(proxy)
}
