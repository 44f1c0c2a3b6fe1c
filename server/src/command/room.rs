//! `chat-server room`: creates, lists, exports and deletes rooms on the command line. Adding goes through
//! a running server; deleting needs it stopped, because its room would go on without a log.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::{Context, bail};
use chat_protocol::{RoomName, Seq};
use clap::Subcommand;

use crate::command::console;
use crate::command::moderator::{ask_or_make, called, found};
use crate::command::safeguards;
use crate::control::{Request, sentences};
use crate::store::log::{End, Range, RoomLog};
use crate::store::rooms::RoomDirectory;
use crate::store::sqlite::SqliteStore;

/// Entries that an export reads at once.
const PAGE: u64 = 1_000;

/// The subcommands of `chat-server room`.
#[derive(Subcommand)]
pub enum RoomSubcommand {
    /// Create a room.
    ///
    /// The room has no administrator until `chat-server mod add --admin` appoints one.
    Add {
        /// The name of the room.
        #[arg(value_parser = console::room_name)]
        name: RoomName,
    },
    /// List all rooms: number of entries kept, `seq` of the newest entry, name.
    List,
    /// Write a room's entries to standard output as JSON lines.
    ///
    /// The lines are the events that clients receive.
    Export {
        /// The name of the room.
        #[arg(value_parser = console::room_name)]
        name: RoomName,
    },
    /// Delete a room with all its entries and ranks; the server must be stopped.
    ///
    /// On a terminal, it asks you to type the name again.
    Delete {
        /// The name of the room, exactly as `room list` shows it.
        #[arg(value_parser = console::room_name)]
        name: RoomName,
        /// Delete the room without asking.
        #[arg(long)]
        yes: bool,
    },
}

/// Carries out `command` on the rooms in `data`.
pub fn run(command: RoomSubcommand, data: &Path) -> anyhow::Result<()> {
    match command {
        RoomSubcommand::Add { name } => add(&name, data),
        RoomSubcommand::List => console::for_reading(data, |database| async move {
            list(&SqliteStore::new(database)).await
        }),
        RoomSubcommand::Export { name } => console::for_reading(data, |database| async move {
            let name = safeguards::need_room(&database, &name, None).await?;
            export(&SqliteStore::new(database), &name).await
        }),
        // A running server would go on with a room that is gone.
        RoomSubcommand::Delete { name, yes } => {
            safeguards::look_for_exactly(data, &name)?;
            if !yes && std::io::stdin().is_terminal() {
                let question = format!(
                    "This deletes room {name} and everything in it. Type its name to confirm: "
                );
                if safeguards::asked(&question)? != name.as_str() {
                    bail!("nothing was done");
                }
            }
            console::for_writing(data, false, |database| async move {
                safeguards::need_exactly(&database, &name).await?;
                delete(&SqliteStore::new(database), &name).await
            })
        }
    }
}

fn add(room: &RoomName, data: &Path) -> anyhow::Result<()> {
    let request = Request::AddRoom(room.as_str().to_owned());
    ask_or_make(data, &request, |database| async move {
        let room = &called(&database, room).await?;
        match found(&database, room).await? {
            true => Ok(sentences::room_added(room)),
            false => bail!(sentences::room_exists(room)),
        }
    })
}

async fn list(log: &dyn RoomLog) -> anyhow::Result<()> {
    let rooms = log.list().await?;
    let line = |summary: crate::store::log::Summary| {
        format!("{}\t{}\t{}", summary.entries, summary.last, summary.room)
    };
    console::say(rooms.into_iter().map(line))?;
    Ok(())
}

async fn export(log: &dyn RoomLog, room: &RoomName) -> anyhow::Result<()> {
    let mut after = Seq(0);
    loop {
        let range = Range {
            after,
            before: None,
            limit: PAGE,
            end: End::Oldest,
            with_modes: true,
        };
        let slice = log.read(room, range).await.context("the export stopped")?;
        let line =
            |entry: &crate::domain::entry::Entry| entry.to_event(room, &slice.epochs).encode();
        let is_read = console::say(slice.entries.iter().map(line))?;
        match slice.entries.last() {
            Some(last) if is_read && !slice.complete => after = last.seq,
            _ => return Ok(()),
        }
    }
}

async fn delete(store: &SqliteStore, room: &RoomName) -> anyhow::Result<()> {
    let rooms = store.list().await?;
    let entries = rooms.iter().find(|known| known.room == *room);
    let entries = entries.map_or(0, |known| known.entries);
    // The log first: if the ranks went first, whoever enters next would own the log. A room without a
    // log may still have ranks to delete.
    store.remove(room).await?;
    store.forget_room(room).await?;
    console::say([match entries {
        1 => format!("room {room} deleted, with 1 entry"),
        entries => format!("room {room} deleted, with {entries} entries"),
    }])?;
    Ok(())
}
