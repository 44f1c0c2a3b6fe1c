//! `chat-server room`: creates, lists, exports and deletes rooms on the command line. Deleting needs the
//! server stopped, because its room would go on without a log.

use std::io::IsTerminal;

use anyhow::{Context, bail};
use chat_protocol::{RoomName, Seq};
use clap::Subcommand;

use crate::command::{access, console, safeguards};
use crate::control::{self, Request};
use crate::domain::entry::Entry;
use crate::server::ServerConfig;
use crate::store::Store;
use crate::store::log::{End, Range, RoomLog, Summary};

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

/// Carries out `command` for `server`.
pub fn run(command: RoomSubcommand, server: &ServerConfig) -> anyhow::Result<()> {
    match command {
        RoomSubcommand::Add { name } => {
            let request = Request::AddRoom(name.as_str().to_owned());
            console::answer(access::operate(server, &request)?)
        }
        RoomSubcommand::List => access::list(&server.data, async |store| {
            let rooms = RoomLog::list(store).await?;
            Ok(rooms.into_iter().map(line).collect())
        }),
        RoomSubcommand::Export { name } => access::read(&server.data, async |store| {
            let name = safeguards::need_room(store, &name, None).await?;
            export(store, &name).await
        }),
        RoomSubcommand::Delete { name, yes } => delete(server, &name, yes),
    }
}

fn line(summary: Summary) -> String {
    format!("{}\t{}\t{}", summary.entries, summary.last, summary.room)
}

async fn export(store: &dyn Store, room: &RoomName) -> anyhow::Result<()> {
    let mut after = Seq(0);
    loop {
        let range = Range {
            after,
            before: None,
            limit: PAGE,
            end: End::Oldest,
            with_modes: true,
        };
        let slice = store
            .read(room, range)
            .await
            .context("the export stopped")?;
        let line = |entry: &Entry| entry.to_event(room, &slice.epochs).encode();
        let is_read = console::say(slice.entries.iter().map(line))?;
        match slice.entries.last() {
            Some(last) if is_read && !slice.complete => after = last.seq,
            _ => return Ok(()),
        }
    }
}

fn delete(server: &ServerConfig, room: &RoomName, is_sure: bool) -> anyhow::Result<()> {
    safeguards::look_for_exactly(&server.data, room)?;
    if !is_sure && std::io::stdin().is_terminal() {
        let question =
            format!("This deletes room {room} and everything in it. Type its name to confirm: ");
        if safeguards::asked(&question)? != room.as_str() {
            bail!("nothing was done");
        }
    }
    // No request: a running server would go on with a room that is gone.
    let entries = access::change(&server.data, async |store| {
        safeguards::need_exactly(store, room).await?;
        Ok(control::delete_room(store, room).await?)
    })?;
    console::answer(match entries {
        1 => format!("room {room} deleted, with 1 entry"),
        entries => format!("room {room} deleted, with {entries} entries"),
    })
}
