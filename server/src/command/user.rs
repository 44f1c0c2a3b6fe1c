//! `chat-server user`: accounts on the command line.

use std::path::Path;

use anyhow::{Context, bail};
use chat_protocol::Username;
use clap::Subcommand;

use crate::command::{access, console, password, safeguards};
use crate::control::{self, Purging, Request, sentences};
use crate::server::ServerConfig;
use crate::store::accounts::{Account, Accounts};

/// The subcommands of `chat-server user`.
#[derive(Subcommand)]
pub enum UserSubcommand {
    /// Add an account.
    ///
    /// Asks for the password on a terminal; otherwise the first line of standard input is the
    /// password.
    Add {
        /// The name of the user.
        #[arg(value_parser = console::username)]
        name: Username,
    },
    /// Change a password; this signs the user out everywhere.
    ///
    /// Closes all connections of the account and revokes its resume tokens. Asks for the new password
    /// on a terminal; otherwise the first line of standard input is the password.
    Passwd {
        /// The name of the user.
        #[arg(value_parser = console::username)]
        name: Username,
    },
    /// Sign a user out everywhere.
    ///
    /// Closes all connections of the account and revokes its resume tokens. The password stays the
    /// same.
    Logout {
        /// The name of the user.
        #[arg(value_parser = console::username)]
        name: Username,
    },
    /// Remove an account, with its password, ranks and remembered addresses.
    ///
    /// Its messages stay, and so do bans of the user. Nobody can register the name again, but you can
    /// give it to someone with `user add`.
    Remove {
        /// The name of the user.
        #[arg(value_parser = console::username)]
        name: Username,
        /// Also delete the user's messages in all rooms.
        ///
        /// Also works for an account that is already removed.
        #[arg(long)]
        purge: bool,
    },
    /// List all accounts, one name per line.
    List {
        /// List the removed accounts instead: name, time of removal.
        #[arg(long)]
        removed: bool,
    },
}

/// Carries out `command` for `server`.
pub fn run(command: UserSubcommand, server: &ServerConfig) -> anyhow::Result<()> {
    match command {
        UserSubcommand::Add { name } => add(server, &name),
        UserSubcommand::Passwd { name } => {
            safeguards::look_for_user(&server.data, &name, false)?;
            let hash = password::ask(&name)?;
            let request = Request::SetPassword(name.as_str().to_owned(), hash);
            console::answer(access::operate(server, &request)?)
        }
        UserSubcommand::Logout { name } => {
            safeguards::look_for_user(&server.data, &name, false)?;
            let request = Request::SignOut(name.as_str().to_owned());
            console::answer(access::operate(server, &request)?)
        }
        UserSubcommand::Remove { name, purge } => remove(server, &name, purge),
        UserSubcommand::List { removed } => access::list(&server.data, async |store| {
            let accounts = Accounts::list(store).await?.into_iter();
            Ok(accounts
                .filter_map(|account| line(account, removed))
                .collect())
        }),
    }
}

fn line(account: Account, is_removed: bool) -> Option<String> {
    match (account.removed, is_removed) {
        (None, false) => Some(account.username),
        (Some(time), true) => Some(format!("{}\t{}", account.username, console::shown(time))),
        _ => None,
    }
}

fn add(server: &ServerConfig, name: &Username) -> anyhow::Result<()> {
    control::new_user(name).map_err(anyhow::Error::msg)?;
    if is_known(&server.data, name) == Some(true) {
        bail!(sentences::user_exists(name));
    }
    let request = Request::AddUser(name.as_str().to_owned(), password::ask(name)?);
    console::answer(access::operate(server, &request)?)
}

fn remove(server: &ServerConfig, name: &Username, is_purging: bool) -> anyhow::Result<()> {
    safeguards::look_for_user(&server.data, name, is_purging)?;
    // The account may have been removed before, by a run whose purge was interrupted.
    if !(is_purging && is_known(&server.data, name) == Some(false)) {
        let request = Request::RemoveUser(name.as_str().to_owned());
        console::answer(access::operate(server, &request)?)?;
    }
    match is_purging {
        true => purge(server, name),
        false => Ok(()),
    }
}

/// Deletes a removed user's messages in all rooms, step by step. If it is interrupted, the next run
/// finds what is left.
fn purge(server: &ServerConfig, name: &Username) -> anyhow::Result<()> {
    let mut purged = Purging::default();
    loop {
        let request = Request::PurgeUser(name.as_str().to_owned(), purged.next.take());
        let step = access::operate(server, &request)?;
        let step: Purging =
            serde_json::from_str(&step).context("the server's answer can't be read")?;
        purged.messages += step.messages;
        purged.rooms += step.rooms;
        purged.next = step.next;
        if purged.next.is_none() {
            break;
        }
    }
    let count = |count: u64, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    console::answer(format!(
        "{} of {name} taken out of {}",
        count(purged.messages, "message"),
        count(purged.rooms, "room")
    ))
}

/// Whether there is a user of this name, checked before asking for a password in vain. `None` if the
/// database can't be read (an older schema, say): the command then migrates it or fails.
fn is_known(data: &Path, name: &Username) -> Option<bool> {
    let found = access::read(data, async |store| Ok(store.find(name).await?));
    found.ok().map(|found| found.is_some())
}
