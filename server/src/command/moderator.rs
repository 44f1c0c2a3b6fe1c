//! `chat-server mod`, `admin` and `audit`: ranks and the audit log on the command line. A running server
//! carries a change out itself, at once and for live connections too; otherwise it is written to the
//! database.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use chat_protocol::{Rank, RoomName, Username};
use clap::Subcommand;

use crate::clock;
use crate::command::console;
use crate::command::safeguards;
use crate::control::{self, OperatorAction, Request, Task, sentences};
use crate::domain::entry::UnixMillis;
use crate::domain::moderation::{Person, Standing, Verdict};
use crate::domain::room::{operated, outcome, slip};
use crate::store::accounts::Accounts;
use crate::store::audit::AuditLog;
use crate::store::log::RoomLog;
use crate::store::rooms::{Beginning, Founder, RoomDirectory};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::Database;
use crate::store::standing::Standings;

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

/// Carries out `command` for the server of `data`.
pub fn run_admin(command: AdminSubcommand, data: &Path) -> anyhow::Result<()> {
    match command {
        AdminSubcommand::List => console::for_reading(data, |database| async move {
            console::say(SqliteStore::new(database).administrators().await?)?;
            Ok(())
        }),
        AdminSubcommand::Grant { name } => administer(data, &name, true),
        AdminSubcommand::Revoke { name } => administer(data, &name, false),
    }
}

fn administer(data: &Path, name: &Username, is_admin: bool) -> anyhow::Result<()> {
    safeguards::look_for_user(data, name, false)?;
    let request = Request::Administer(name.as_str().to_owned(), is_admin);
    ask(data, &request, |database| async move {
        let person = person(&database, name, false).await?;
        let standings = SqliteStore::new(database);
        if !is_admin && !standings.administrators().await?.contains(&person.username) {
            bail!(sentences::no_administrator(&person.username));
        }
        standings
            .administer(&person, is_admin, clock::now())
            .await?;
        Ok(sentences::administered(&person.username, is_admin))
    })
}

/// Carries out `command` for the server of `data`.
pub fn run_mod(command: ModSubcommand, data: &Path) -> anyhow::Result<()> {
    match command {
        ModSubcommand::List { room } => list(data, room, |standing, names| {
            let mut ranked: Vec<(Rank, &str)> = standing
                .ranks
                .iter()
                .map(|(key, there)| (there.rank, names.of(key)))
                .collect();
            ranked.sort();
            let line = |(rank, name)| format!("{}\t{name}", u8::from(rank));
            ranked.into_iter().map(line).collect()
        }),
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
            carry_out(data, &room, &name, action, create)
        }
        ModSubcommand::Remove { room, name } => {
            carry_out(data, &room, &name, OperatorAction::Dismiss, false)
        }
    }
}

/// Prints the newest `limit` lines of the audit log, oldest first.
pub fn run_audit(room: Option<RoomName>, limit: u32, data: &Path) -> anyhow::Result<()> {
    console::for_reading(data, |database| async move {
        let room = match room {
            Some(room) => Some(safeguards::need_room(&database, &room, None).await?),
            None => None,
        };
        let lines = SqliteStore::new(database).audit(room, limit).await?;
        console::say(lines.into_iter().map(|line| {
            let until = line
                .until
                .map_or(String::new(), |until| format!(" until {}", shown(until)));
            let reason = line.reason.map_or(String::new(), |reason| {
                format!(": {}", console::plain(&reason))
            });
            let action = format!("{} {}", line.action, line.target);
            format!(
                "{}\t{}\t{}\t{}{until}{reason}",
                shown(line.time),
                line.room,
                line.actor,
                action.trim_end(),
            )
        }))?;
        Ok(())
    })
}

/// Maps the key of an account (its name as compared) to its name as registered.
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    /// The registered name of the account `key`, or the key itself if there is no such account.
    pub(crate) fn of<'a>(&'a self, key: &'a str) -> &'a str {
        self.0.get(key).map_or(key, String::as_str)
    }
}

/// Prints what `lines` makes of a room's ranks, bans and mutes.
pub(crate) fn list(
    data: &Path,
    room: RoomName,
    lines: impl FnOnce(&Standing, &Names) -> Vec<String>,
) -> anyhow::Result<()> {
    console::for_reading(data, |database| async move {
        let room = safeguards::need_room(&database, &room, None).await?;
        let store = SqliteStore::new(database);
        let standing = store.load(&room, clock::moment()).await?;
        let keys = standing.ranks.keys().chain(standing.bans.keys());
        let names = Names(store.names_of(keys.cloned().collect()).await?);
        console::say(lines(&standing, &names))?;
        Ok(())
    })
}

/// Does something to a user in a room, through the running server or in the database.
pub(crate) fn carry_out(
    data: &Path,
    room: &RoomName,
    name: &Username,
    action: OperatorAction,
    creates: bool,
) -> anyhow::Result<()> {
    carry_out_with(data, room, name, action, creates, async |_, _| Ok(()))
}

/// [`carry_out`]; if no server is running, `complete` can add to the verdict before it is stored.
pub(crate) fn carry_out_with(
    data: &Path,
    room: &RoomName,
    name: &Username,
    action: OperatorAction,
    creates: bool,
    complete: impl AsyncFnOnce(&Arc<Database>, &mut Verdict) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    look_before(data, room, name, &action, creates)?;
    let task = Task {
        room: room.as_str().to_owned(),
        username: name.as_str().to_owned(),
        action: action.clone(),
        creates,
    };
    let request = match action.needs_room() {
        true => Request::Appoint(task),
        false => Request::Do(task),
    };
    ask(data, &request, |database| async move {
        let room = &called(&database, room).await?;
        let target = person(&database, name, action.reaches_removed()).await?;
        if action.needs_room() {
            need(&database, room, creates).await?;
        }
        let (now, order) = (clock::moment(), action.order());
        let standings = SqliteStore::new(Arc::clone(&database));
        let standing = standings.load(room, now).await?;
        if let Some(slip) = slip(&standing, &order, &target, now) {
            bail!(slip);
        }
        let Some(mut verdict) = operated(&order, target, now) else {
            bail!("this works only while the server is running");
        };
        complete(&database, &mut verdict).await?;
        if creates {
            found(&database, room).await?;
        }
        standings.save(room, &verdict).await?;
        Ok(outcome(&standing, &verdict, now))
    })
}

/// Refuses a room or a user that does not exist, with the nearest name that does.
fn look_before(
    data: &Path,
    room: &RoomName,
    name: &Username,
    action: &OperatorAction,
    creates: bool,
) -> anyhow::Result<()> {
    let may_create = !matches!(action, OperatorAction::Unban | OperatorAction::Dismiss);
    if !creates {
        safeguards::look_for_room(data, room, may_create.then_some(CREATE))?;
    }
    safeguards::look_for_user(data, name, action.reaches_removed())
}

/// What an error advises if a room does not exist.
pub(crate) const CREATE: &str = "add --create to make it";

/// Sends `request` to the running server; if none is running, does the same in the database with
/// `otherwise`. Prints what was done.
pub(crate) fn ask<Doing>(
    data: &Path,
    request: &Request,
    otherwise: impl FnOnce(Arc<Database>) -> Doing,
) -> anyhow::Result<()>
where
    Doing: Future<Output = anyhow::Result<String>>,
{
    console::say([ask_for(data, request, false, otherwise)?])?;
    Ok(())
}

/// [`ask`], which creates a missing database.
pub(crate) fn ask_or_make<Doing>(
    data: &Path,
    request: &Request,
    otherwise: impl FnOnce(Arc<Database>) -> Doing,
) -> anyhow::Result<()>
where
    Doing: Future<Output = anyhow::Result<String>>,
{
    console::say([ask_for(data, request, true, otherwise)?])?;
    Ok(())
}

/// [`ask`], which answers what was done instead of printing it. A missing database is created if
/// `makes_one`.
pub(crate) fn ask_for<Doing>(
    data: &Path,
    request: &Request,
    makes_one: bool,
    otherwise: impl FnOnce(Arc<Database>) -> Doing,
) -> anyhow::Result<String>
where
    Doing: Future<Output = anyhow::Result<String>>,
{
    let mut done = String::new();
    let ask = || control::ask(data, request).context("the server does not answer");
    let answer = console::ask_or_do(data, makes_one, ask, |database| {
        let done = &mut done;
        async move {
            *done = otherwise(database).await?;
            Ok(())
        }
    })?;
    match answer {
        Some(Ok(done)) => Ok(done),
        Some(Err(refused)) => bail!("{refused}"),
        None => Ok(done),
    }
}

/// Requires that the room exists or, if `creates`, that it can be created. It is created later, when
/// nothing can be refused any more.
pub(crate) async fn need(
    database: &Arc<Database>,
    room: &RoomName,
    creates: bool,
) -> anyhow::Result<()> {
    let rooms = SqliteStore::new(Arc::clone(database));
    match (rooms.is_founded(room).await?, creates) {
        (true, _) => Ok(()),
        (false, true) => control::new_room(room).map_err(anyhow::Error::msg),
        (false, false) => bail!(sentences::no_room(room)),
    }
}

/// Creates a room; false if it exists already.
pub(crate) async fn found(database: &Arc<Database>, room: &RoomName) -> anyhow::Result<bool> {
    control::new_room(room).map_err(anyhow::Error::msg)?;
    let store = SqliteStore::new(Arc::clone(database));
    let head = store.open(room, 0).await?;
    let beginning = Beginning {
        room: room.clone(),
        epoch: head.epochs.current().clone(),
        founder: Founder::Operator,
        time: clock::now(),
    };
    Ok(store.found(beginning).await?)
}

/// The stored name of the room that `spelled` refers to.
pub(crate) async fn called(
    database: &Arc<Database>,
    spelled: &RoomName,
) -> anyhow::Result<RoomName> {
    let rooms = SqliteStore::new(Arc::clone(database));
    Ok(rooms.room_called(spelled).await?)
}

/// The user of this name. A removed user counts only if `is_removed_meant`.
async fn person(
    database: &Arc<Database>,
    name: &Username,
    is_removed_meant: bool,
) -> anyhow::Result<Person> {
    let accounts = SqliteStore::new(Arc::clone(database));
    match accounts.known(name).await?.map(Person::from) {
        None => bail!(sentences::no_user(name)),
        Some(person) if person.is_removed && !is_removed_meant => {
            bail!(sentences::was_removed(name))
        }
        Some(person) => Ok(person),
    }
}

/// A time for people to read (RFC 3339, UTC).
pub(crate) fn shown(time: UnixMillis) -> String {
    let millis = i64::try_from(time).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| time.to_string(), |timestamp| timestamp.to_string())
}
