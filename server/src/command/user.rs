//! `chat-server user`: accounts on the command line. A running server carries a change out itself, at
//! once and for live connections too; otherwise it is written to the database.

use std::io::{BufRead, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use chat_protocol::{Secret, Username};
use clap::Subcommand;

use crate::auth::{Errand, Passwords, prepared};
use crate::clock;
use crate::command::console;
use crate::command::moderator::{ask, ask_for, ask_or_make, shown};
use crate::command::safeguards;
use crate::control::{self, Hash, Purging, Request, sentences};
use crate::domain::entry::{EntryBody, NewEntry, Purged};
use crate::domain::room::operator;
use crate::store::accounts::{Account, Accounts, Creation};
use crate::store::log::{self, Purge, RoomLog};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::Database;
use crate::store::standing::Standings;

/// Longest password line, in bytes, so that endless input is not read into memory.
const PASSWORD_BYTES: u64 = 8 * 1024;

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

/// Carries out `command` for the server of `data`.
pub fn run(command: UserSubcommand, data: &Path) -> anyhow::Result<()> {
    match command {
        UserSubcommand::Add { name } => {
            control::new_user(&name).map_err(anyhow::Error::msg)?;
            if is_known(data, &name) == Some(true) {
                bail!(sentences::user_exists(&name));
            }
            let hash = hash(&ask_password(&name)?)?;
            let request = Request::AddUser(name.as_str().to_owned(), Hash(hash.clone()));
            ask_or_make(data, &request, |database| async move {
                let now = clock::now();
                let account = Account::new(&name, hash, now)?;
                let store = SqliteStore::new(database);
                match store.create(account).await? {
                    Creation::Created(_) => {
                        let verdicts = store.verdicts_on(name.key(), now).await?;
                        let held_against = sentences::held_against(&name, &verdicts);
                        Ok(sentences::user_added(&name) + &held_against)
                    }
                    Creation::Exists(_) => bail!(sentences::user_exists(&name)),
                }
            })
        }
        UserSubcommand::Passwd { name } => {
            safeguards::look_for_user(data, &name, false)?;
            let hash = hash(&ask_password(&name)?)?;
            let request = Request::SetPassword(name.as_str().to_owned(), Hash(hash.clone()));
            ask(data, &request, |database| async move {
                let accounts = SqliteStore::new(database);
                let is_done = accounts.set_password(&name, &hash).await?;
                done(is_done, sentences::password_changed, &name)
            })
        }
        UserSubcommand::Logout { name } => {
            safeguards::look_for_user(data, &name, false)?;
            let request = Request::SignOut(name.as_str().to_owned());
            ask(data, &request, |database| async move {
                let is_done = SqliteStore::new(database).sign_out(&name).await?;
                done(is_done, sentences::signed_out, &name)
            })
        }
        UserSubcommand::Remove { name, purge } => remove(data, &name, purge),
        UserSubcommand::List { removed } => console::for_reading(data, |database| async move {
            let accounts = Accounts::list(&SqliteStore::new(database)).await?;
            let line = |account: Account| match (account.removed, removed) {
                (None, false) => Some(account.username),
                (Some(time), true) => Some(format!("{}\t{}", account.username, shown(time))),
                _ => None,
            };
            console::say(accounts.into_iter().filter_map(line))?;
            Ok(())
        }),
    }
}

fn remove(data: &Path, name: &Username, is_purging: bool) -> anyhow::Result<()> {
    safeguards::look_for_user(data, name, is_purging)?;
    // The account may have been removed before, by a run whose purge was interrupted.
    if !(is_purging && is_known(data, name) == Some(false)) {
        let request = Request::RemoveUser(name.as_str().to_owned());
        ask(data, &request, |database| async move {
            let store = SqliteStore::new(database);
            let is_done = Accounts::remove(&store, name, clock::now()).await?;
            done(is_done, sentences::user_removed, name)
        })?;
    }
    match is_purging {
        true => purge(data, name),
        false => Ok(()),
    }
}

/// Deletes a removed user's messages in all rooms, step by step. If it is interrupted, the next run
/// finds what is left.
fn purge(data: &Path, name: &Username) -> anyhow::Result<()> {
    let mut purged = Purging::default();
    loop {
        let request = Request::PurgeUser(name.as_str().to_owned(), purged.next.take());
        let step = ask_for(data, &request, false, |database| async move {
            Ok(serde_json::to_string(&purge_stored(database, name).await?)?)
        })?;
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
    console::say([format!(
        "{} of {name} taken out of {}",
        count(purged.messages, "message"),
        count(purged.rooms, "room")
    )])?;
    Ok(())
}

/// Deletes them in the database, for when no server is running.
async fn purge_stored(database: Arc<Database>, name: &Username) -> anyhow::Result<Purging> {
    let store = SqliteStore::new(database);
    let account = store
        .known(name)
        .await?
        .with_context(|| sentences::no_user(name))?;
    if account.removed.is_none() {
        bail!("{name} has not been removed");
    }
    let mut rooms = log::Purging::begin(&store, &account.key, None).await?;
    let mut purged = Purging::default();
    while let Purge::Ready(room, messages) = rooms.next(None).await? {
        let body = EntryBody::Purged(Purged {
            username: account.username.clone(),
            key: account.key.clone(),
            by: operator(),
        });
        let time = clock::now();
        store
            .append(&room, None, vec![NewEntry { time, body }])
            .await?;
        purged.messages += messages;
        purged.rooms += 1;
    }
    Ok(purged)
}

fn done(
    is_done: bool,
    sentence: fn(&Username) -> String,
    name: &Username,
) -> anyhow::Result<String> {
    match is_done {
        true => Ok(sentence(name)),
        false => bail!(sentences::no_user(name)),
    }
}

/// Whether there is a user of this name, checked before asking for a password in vain. `None` if the
/// database can't be read (an older schema, say): the command then migrates it or fails.
fn is_known(data: &Path, name: &Username) -> Option<bool> {
    let mut is_known = None;
    let looked = console::for_reading(data, |database| {
        let is_known = &mut is_known;
        async move {
            *is_known = Some(SqliteStore::new(database).find(name).await?.is_some());
            Ok(())
        }
    });
    looked.ok().and(is_known)
}

fn hash(password: &Secret) -> anyhow::Result<String> {
    let password = prepared(password).map_err(|error| anyhow!("the password {error}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .context("cannot start the async runtime")?;
    Ok(runtime.block_on(Passwords::new().hash(password, Errand::Operator))?)
}

/// Asks twice on a terminal; otherwise the first line of standard input is the password.
fn ask_password(name: &Username) -> anyhow::Result<Secret> {
    let password = if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("password for {name}: "))?;
        if first != rpassword::prompt_password("again: ")? {
            bail!("the two passwords differ");
        }
        first
    } else {
        let input = std::io::Read::take(std::io::stdin().lock(), PASSWORD_BYTES + 1);
        first_line(input)?
    };
    if password.is_empty() {
        bail!(
            "the password is empty: pass it as one line on standard input, or run this in a terminal"
        );
    }
    Ok(Secret::new(password))
}

/// The first line of `input`. A byte order mark and the line end are not part of the password.
fn first_line(mut input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    input
        .read_line(&mut line)
        .context("cannot read the password from standard input")?;
    if line.len() as u64 > PASSWORD_BYTES {
        bail!("the password is longer than {PASSWORD_BYTES} bytes: choose a shorter one");
    }
    let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_a_line_without_marks_and_ends() {
        for (input, expected) in [
            ("one\ntwo\n", "one"),
            ("one\r\n", "one"),
            ("\u{feff}one\r\n", "one"),
            ("one two ", "one two "),
            ("\u{feff}\r\n", ""),
            ("", ""),
        ] {
            assert_eq!(first_line(input.as_bytes()).unwrap(), expected);
        }
        let long = "x".repeat(usize::try_from(PASSWORD_BYTES).unwrap() + 1);
        let error = first_line(long.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("longer than 8192 bytes"), "{error}");
    }
}
