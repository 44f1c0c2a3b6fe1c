//! `chat-server filter`: what messages in a room must not hold, from the command line. A running
//! server changes it itself, at once; otherwise it is written to the database.

use std::path::Path;

use chat_protocol::RoomName;
use clap::Subcommand;

use crate::clock;
use crate::console;
use crate::control::Request;
use crate::filter::{Action, Change, Filter, Kind, Pattern};
use crate::filters::{Filters, SqliteFilters};
use crate::moderation_commands::ask;
use crate::room::operator;

/// What can be done with a room's patterns.
#[derive(Subcommand)]
pub enum FilterSubcommand {
    /// List what is blocked in a room: kind, pattern, action, reason; of patterns that can't be used,
    /// why they are out of force.
    List {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
    },
    /// Refuse messages that hold a pattern, or hold them. Moderators may post it all the same.
    Add {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
        /// A word or a phrase, whatever its case; only whole words count.
        pattern: String,
        /// The pattern is a regular expression instead, which counts anywhere in a message.
        #[arg(long)]
        regex: bool,
        /// Messages that hold it wait for a moderator instead of being refused.
        #[arg(long)]
        hold: bool,
        /// Why, for who is refused to read. The pattern itself is not shown to them.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Block a pattern no more.
    Remove {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
        /// The pattern as it is listed.
        pattern: String,
    },
}

/// Carries out `command` for the server of `data`.
pub fn run(command: FilterSubcommand, data: &Path) -> anyhow::Result<()> {
    match command {
        FilterSubcommand::List { room } => list(&room, data),
        FilterSubcommand::Add {
            room,
            pattern,
            regex,
            hold,
            reason,
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
                reason,
                flaw: None,
            };
            change(&room, Change::Add(pattern), data)
        }
        FilterSubcommand::Remove { room, pattern } => change(&room, Change::Remove(pattern), data),
    }
}

fn list(room: &RoomName, data: &Path) -> anyhow::Result<()> {
    console::for_reading(data, |database| async move {
        let filter = Filter::stored(SqliteFilters::new(database).load(room).await?);
        console::say(filter.patterns().iter().map(|pattern| {
            let (kind, action) = (pattern.kind.as_str(), pattern.action.as_str());
            let text = console::plain(&pattern.text);
            let reason = console::plain(pattern.reason.as_deref().unwrap_or(""));
            let listed = format!("{kind}\t{text}\t{action}\t{reason}");
            match &pattern.flaw {
                Some(flaw) => format!(
                    "{listed}\tout of force: {}",
                    console::plain(&flaw.to_string())
                ),
                None => listed,
            }
        }))?;
        Ok(())
    })
}

fn change(room: &RoomName, change: Change, data: &Path) -> anyhow::Result<()> {
    // Checked here as well: a request to the server has to be short.
    if let Change::Add(pattern) = &change {
        Filter::compile(vec![pattern.clone()])?;
    }
    let request = Request::Filter(room.as_str().to_owned(), change.clone());
    ask(data, &request, |database| async move {
        let filters = SqliteFilters::new(database);
        // Checked against those that are there.
        Filter::changed(filters.load(room).await?, &change)?;
        let by = operator().username;
        filters.change(room, &change, &by, clock::now()).await?;
        Ok(change.sentence())
    })
}
