//! `chat-server ban`: who is kept out of a room, and which addresses of the whole server, from the
//! command line. A running server does it itself, at once and for live connections too; otherwise it is
//! written to the database.

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
use crate::domain::moderation::{Decision, Sanction};
use crate::limits::TrustedProxies;
use crate::store::addresses::AddressStore;
use crate::store::sqlite::SqliteStore;

/// What can be done with bans.
#[derive(Subcommand)]
pub enum BanSubcommand {
    /// List who is banned from a room (name, end, reason, the addresses that were taken along), or
    /// which addresses are banned from the server (network, end, reason).
    List {
        /// The room.
        #[arg(value_parser = console::room_name, required_unless_present = "addresses", conflicts_with = "addresses")]
        room: Option<RoomName>,
        /// The addresses that are banned from the whole server, in place of a room's users.
        #[arg(long)]
        addresses: bool,
    },
    /// Ban somebody from a room, or an address or network from the whole server.
    Add {
        #[command(flatten)]
        target: TargetArguments,
        /// For so many seconds; for good where left out.
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=BAN_SECONDS))]
        duration: Option<u64>,
        /// Why, for them to read.
        #[arg(long, value_name = "TEXT", value_parser = console::reason)]
        reason: Option<String>,
        /// Keep whoever is at the user's recent addresses out of the room as well.
        #[arg(long, conflicts_with = "address")]
        ban_addresses: bool,
        /// Make the room where there is none.
        #[arg(long, conflicts_with = "address")]
        create: bool,
        /// Ban a network though it is very wide, private, or holds this machine.
        #[arg(long, requires = "address")]
        yes: bool,
    },
    /// End a ban.
    Remove {
        #[command(flatten)]
        target: TargetArguments,
    },
}

/// Whom or what a ban is of.
#[derive(Args)]
pub struct TargetArguments {
    /// The room.
    #[arg(value_parser = console::room_name, required_unless_present = "address", conflicts_with = "address")]
    room: Option<RoomName>,
    /// Whom.
    #[arg(value_parser = console::username, required_unless_present = "address", conflicts_with = "address")]
    name: Option<Username>,
    /// An address, or a network like 203.0.113.0/24, in the whole server in place of a user in a room.
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
            _ => bail!("name a room and a user, or an --address"),
        }
    }
}

/// Carries out `command` for the server of `data`. Where none runs and `is_taking_along`, every ban
/// from a room takes the user's recent addresses along.
pub fn run(
    command: BanSubcommand,
    data: &Path,
    is_taking_along: bool,
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
                let action = match ban_addresses {
                    true => OperatorAction::BanWithAddresses(duration, reason),
                    false => OperatorAction::Ban(duration, reason),
                };
                let is_taking_along = is_taking_along || ban_addresses;
                ban_user(data, &room, &name, action, create, is_taking_along)
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
    is_taking_along: bool,
) -> anyhow::Result<()> {
    carry_out_with(
        data,
        room,
        name,
        action,
        creates,
        async |database, verdict| {
            if let Decision::Ban(ban) = &mut verdict.decision
                && is_taking_along
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

/// Why a network is not banned without a second word.
fn hazard(network: Network, proxies: &TrustedProxies) -> Option<String> {
    let proxy = proxies
        .overlap(&network)
        .then(|| format!("{network} holds a reverse proxy that is named as trusted"));
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
