//! `chat-server user`: accounts from the command line, in the same database as the server's.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use chat_protocol::{Secret, Username};
use clap::Subcommand;

use crate::accounts::{Accounts, Creation, SqliteAccounts};
use crate::auth::Passwords;
use crate::clock;
use crate::database::{self, Database};

/// Bytes of a password line at most; a frame could not carry more.
const PASSWORD_BYTES: u64 = 8 * 1024;

/// What can be done with accounts.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Make an account. Asks for the password, or reads it from standard input.
    Add {
        /// The user's name.
        #[arg(value_parser = username)]
        name: Username,
    },
    /// Change a password. Asks for it, or reads it from standard input.
    Passwd {
        /// The user's name.
        #[arg(value_parser = username)]
        name: Username,
    },
    /// Remove an account and its standing in all rooms. Messages stay.
    Remove {
        /// The user's name.
        #[arg(value_parser = username)]
        name: Username,
    },
    /// List all accounts, one name a line.
    List,
}

/// Carries out `command` on the accounts in `data`.
pub fn run(command: UserCommand, data: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .context("cannot start the async runtime")?;
    let is_new = !data.join(database::FILE_NAME).exists();
    if is_new && !matches!(command, UserCommand::Add { .. }) {
        bail!("there is no database in {}", data.display());
    }
    let database = Arc::new(Database::open(data)?);
    let accounts = SqliteAccounts::new(Arc::clone(&database));
    let outcome = runtime.block_on(carry_out(command, &accounts));
    database.close();
    outcome
}

async fn carry_out(command: UserCommand, accounts: &dyn Accounts) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { name } => {
            if accounts.find(&name).await?.is_some() {
                bail!("there already is a user {name}");
            }
            let hash = Passwords::new().hash(ask_password(&name)?).await?;
            match accounts.create(&name, &hash, clock::now()).await? {
                Creation::Created(_) => say(&format!("user {name} added")),
                Creation::Exists(_) => bail!("there already is a user {name}"),
            }
        }
        UserCommand::Passwd { name } => {
            if accounts.find(&name).await?.is_none() {
                bail!("there is no user {name}");
            }
            let hash = Passwords::new().hash(ask_password(&name)?).await?;
            match accounts.set_password(&name, &hash).await? {
                true => say(&format!("password of {name} changed")),
                false => bail!("there is no user {name}"),
            }
        }
        UserCommand::Remove { name } => match accounts.remove(&name).await? {
            true => say(&format!("user {name} removed")),
            false => bail!("there is no user {name}"),
        },
        UserCommand::List => {
            let accounts = accounts.list().await?;
            let names: Vec<&str> = accounts.iter().map(|a| a.username.as_str()).collect();
            match names.as_slice() {
                [] => Ok(()),
                names => say(&names.join("\n")),
            }
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

/// A line on standard output. Whoever stopped reading has read enough.
fn say(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

fn username(text: &str) -> Result<Username, String> {
    Username::new(text).map_err(|error| format!("a user name {error}"))
}
