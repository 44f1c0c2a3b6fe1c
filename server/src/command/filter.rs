//! `chat-server filter`: a room's blocked patterns on the command line.

mod looked;

use chat_protocol::{RoomName, shows};
use clap::Subcommand;

use crate::command::{access, console, safeguards};
use crate::control::Request;
use crate::domain::filter::{Action, Change, Filter, Kind, Pattern};
use crate::server::ServerConfig;
use crate::store::filters::Filters;
use looked::Looked;

/// The subcommands of `chat-server filter`.
#[derive(Subcommand)]
pub enum FilterSubcommand {
    /// List a room's blocked patterns: kind, pattern, action, reason.
    ///
    /// A pattern that can't be used is marked `not working`, with the cause.
    List {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
    },
    /// Refuse messages that contain a pattern, or hold them for a moderator.
    ///
    /// Moderators are exempt.
    Add {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
        /// Word or phrase; case is ignored, and only whole words match.
        pattern: String,
        /// Treat the pattern as a regular expression, which can match anywhere in a message.
        #[arg(long)]
        regex: bool,
        /// Hold messages for a moderator instead of refusing them.
        #[arg(long)]
        hold: bool,
        /// Reason, shown to the author of a refused message.
        ///
        /// The author never sees the pattern itself.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Create the room if it does not exist.
        #[arg(long)]
        create: bool,
        /// Do not ask, even if the pattern matches most messages.
        #[arg(long)]
        yes: bool,
    },
    /// Stop blocking a pattern.
    Remove {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
        /// The pattern, as `filter list` shows it.
        pattern: String,
    },
}

/// Carries out `command` for `server`.
pub fn run(command: FilterSubcommand, server: &ServerConfig) -> anyhow::Result<()> {
    match command {
        FilterSubcommand::List { room } => list(server, &room),
        FilterSubcommand::Add {
            room,
            pattern,
            regex,
            hold,
            reason,
            create,
            yes,
        } => {
            let kind = match regex {
                true => Kind::Regex,
                false => Kind::Word,
            };
            let action = match hold {
                true => Action::Hold,
                false => Action::Refuse,
            };
            let pattern = Pattern {
                text: pattern,
                kind,
                action,
                reason: reason.filter(|reason| shows(reason)),
                flaw: None,
            };
            add(server, &room, pattern, create, yes)
        }
        FilterSubcommand::Remove { room, pattern } => {
            safeguards::look_for_room(&server.data, &room, None)?;
            let request = Request::Filter(room.as_str().to_owned(), Change::Remove(pattern));
            console::answer(access::operate(server, &request)?)
        }
    }
}

fn list(server: &ServerConfig, room: &RoomName) -> anyhow::Result<()> {
    access::list(&server.data, async |store| {
        let room = safeguards::need_room(store, room, None).await?;
        let filter = Filter::stored(Filters::load(store, &room).await?);
        Ok(filter.patterns().iter().map(line).collect())
    })
}

fn line(pattern: &Pattern) -> String {
    let (kind, action) = (pattern.kind.as_str(), pattern.action.as_str());
    let text = console::plain(&pattern.text);
    let reason = console::plain(pattern.reason.as_deref().unwrap_or(""));
    let listed = format!("{kind}\t{text}\t{action}\t{reason}");
    match &pattern.flaw {
        Some(flaw) => format!(
            "{listed}\tnot working: {}",
            console::plain(&flaw.to_string())
        ),
        None => listed,
    }
}

fn add(
    server: &ServerConfig,
    room: &RoomName,
    pattern: Pattern,
    creates: bool,
    is_sure: bool,
) -> anyhow::Result<()> {
    // Checked here as well: a request to the server has to be short.
    let filter = Filter::compile(vec![pattern.clone()])?;
    if !creates {
        safeguards::look_for_room(&server.data, room, Some(safeguards::CREATE))?;
    }
    let looked = Looked::at_room(&server.data, room, &filter);
    if let Some(hazard) = looked.hazard(&pattern, &filter) {
        safeguards::be_sure(is_sure, &hazard)?;
    }
    let (name, change) = (room.as_str().to_owned(), Change::Add(pattern));
    let request = match creates {
        true => Request::FilterNew(name, change),
        false => Request::Filter(name, change),
    };
    let done = access::operate(server, &request)?;
    console::answer(match looked.messages {
        0 => done,
        _ => format!("{done}; it would have matched {looked}"),
    })
}
