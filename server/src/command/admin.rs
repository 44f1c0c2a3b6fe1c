//! `chat-server admin`: the server administrators on the command line.

use chat_protocol::Username;
use clap::Subcommand;

use crate::command::{access, console, safeguards};
use crate::control::Request;
use crate::server::ServerConfig;

/// The subcommands of `chat-server admin`.
#[derive(Subcommand)]
pub enum AdminSubcommand {
    /// List the server administrators, one name per line.
    List,
    /// Make a user a server administrator, who ranks above the administrators of all rooms.
    Grant {
        /// The user.
        #[arg(value_parser = console::username)]
        name: Username,
    },
    /// Take away a user's rank as server administrator.
    Revoke {
        /// The user.
        #[arg(value_parser = console::username)]
        name: Username,
    },
}

/// Carries out `command` for `server`.
pub fn run(command: AdminSubcommand, server: &ServerConfig) -> anyhow::Result<()> {
    match command {
        AdminSubcommand::List => access::list(&server.data, async |store| {
            Ok(store.administrators().await?)
        }),
        AdminSubcommand::Grant { name } => administer(server, &name, true),
        AdminSubcommand::Revoke { name } => administer(server, &name, false),
    }
}

fn administer(server: &ServerConfig, name: &Username, is_admin: bool) -> anyhow::Result<()> {
    safeguards::look_for_user(&server.data, name, false)?;
    let request = Request::Administer(name.as_str().to_owned(), is_admin);
    console::answer(access::operate(server, &request)?)
}
