//! `chat-server user`: accounts from the command line, in the same database as the server's.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use anyhow::{Context, bail};
use chat_protocol::{Secret, Username};
use clap::Subcommand;

use crate::accounts::{Accounts, Creation, SqliteAccounts};
use crate::auth::Passwords;
use crate::clock;
use crate::console;
use crate::control::{self, Request};

/// Bytes of a password line at most; a frame could not carry more.
const PASSWORD_BYTES: u64 = 8 * 1024;

/// What can be done with accounts.
#[derive(Subcommand)]
pub enum UserSubcommand {
    /// Make an account. Asks for the password, or reads it from standard input.
    Add {
        /// The user's name.
        #[arg(value_parser = console::username)]
        name: Username,
    },
    /// Change a password. Asks for it, or reads it from standard input.
    Passwd {
        /// The user's name.
        #[arg(value_parser = console::username)]
        name: Username,
    },
    /// Remove an account and its standing in all rooms. Messages stay.
    Remove {
        /// The user's name.
        #[arg(value_parser = console::username)]
        name: Username,
    },
    /// List all accounts, one name a line.
    List,
}

/// Carries out `command` on the accounts in `data`.
pub fn run(command: UserSubcommand, data: &Path) -> anyhow::Result<()> {
    let makes_one = matches!(command, UserSubcommand::Add { .. });
    if matches!(command, UserSubcommand::List) {
        return console::for_reading(data, |database| async move {
            carry_out(command, &SqliteAccounts::new(database), data).await
        });
    }
    console::for_writing(data, makes_one, |database| async move {
        carry_out(command, &SqliteAccounts::new(database), data).await
    })
}

async fn carry_out(
    command: UserSubcommand,
    accounts: &dyn Accounts,
    data: &Path,
) -> anyhow::Result<()> {
    match command {
        UserSubcommand::Add { name } => {
            if accounts.find(&name).await?.is_some() {
                bail!("there already is a user {name}");
            }
            let hash = Passwords::new().hash(ask_password(&name)?).await?;
            match accounts.create(&name, &hash, clock::now()).await? {
                Creation::Created(_) => say(format!("user {name} added")),
                Creation::Exists(_) => bail!("there already is a user {name}"),
            }
        }
        UserSubcommand::Passwd { name } => {
            if accounts.find(&name).await?.is_none() {
                bail!("there is no user {name}");
            }
            let hash = Passwords::new().hash(ask_password(&name)?).await?;
            match accounts.set_password(&name, &hash).await? {
                true => say(format!("password of {name} changed")),
                false => bail!("there is no user {name}"),
            }
        }
        UserSubcommand::Remove { name } => match accounts.remove(&name).await? {
            true => {
                // Without a server that runs there is nobody to be told.
                control::ask(data, &Request::Forget(name.key().to_owned())).context(
                    "the user is removed, but the running server does not answer: restart it",
                )?;
                say(format!("user {name} removed"))
            }
            false => bail!("there is no user {name}"),
        },
        UserSubcommand::List => {
            let accounts = accounts.list().await?;
            console::say(accounts.into_iter().map(|account| account.username))?;
            Ok(())
        }
    }
}

/// Asks twice on a terminal; elsewhere the first line of standard input is the password.
fn ask_password(name: &Username) -> anyhow::Result<Secret> {
    let password = if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("password for {name}: "))?;
        if first != rpassword::prompt_password("again: ")? {
            bail!("the two passwords differ");
        }
        first
    } else {
        let mut line = String::new();
        let mut input = std::io::Read::take(std::io::stdin().lock(), PASSWORD_BYTES);
        input
            .read_line(&mut line)
            .context("cannot read the password from standard input")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    if password.is_empty() {
        bail!("the password is empty: give one line on standard input, or run this in a terminal");
    }
    Ok(Secret::new(password))
}

fn say(line: String) -> anyhow::Result<()> {
    console::say([line])?;
    Ok(())
}
