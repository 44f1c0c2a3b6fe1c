//! `chat-server audit`: the audit log on the command line.

use anyhow::Context;
use chat_protocol::RoomName;
use clap::Args;

use crate::command::{access, console, safeguards};
use crate::domain::audit::AuditLine;
use crate::server::ServerConfig;
use crate::store::audit::AuditRange;

/// The arguments of `chat-server audit`.
#[derive(Args)]
pub struct AuditArguments {
    /// Show only this room.
    #[arg(long, value_name = "ROOM")]
    room: Option<String>,
    /// How many of the newest lines to show.
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// Prints the newest lines of the audit log, oldest first.
pub fn run(arguments: &AuditArguments, server: &ServerConfig) -> anyhow::Result<()> {
    let room = arguments.room.as_deref().map(RoomName::any).transpose();
    let room = room.context("--room is not a valid room name")?;
    access::list(&server.data, async |store| {
        let room = match room {
            Some(room) => Some(safeguards::need_room(store, &room, None).await?),
            None => None,
        };
        let range = AuditRange {
            room,
            limit: arguments.limit,
            ..AuditRange::default()
        };
        let lines = store.audit(range).await?;
        Ok(lines.into_iter().map(line).collect())
    })
}

fn line(line: AuditLine) -> String {
    let until = line.until.map_or(String::new(), |until| {
        format!(" until {}", console::shown(until))
    });
    let reason = line.reason.map_or(String::new(), |reason| {
        format!(": {}", console::plain(&reason))
    });
    let action = format!("{} {}", line.action, line.target);
    format!(
        "{}\t{}\t{}\t{}{until}{reason}",
        console::shown(line.time),
        line.room,
        line.actor,
        action.trim_end(),
    )
}
