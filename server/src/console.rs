//! What the commands have in common: the database they work on, and lines on standard output.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use chat_protocol::limits::REASON_CHARS;
use chat_protocol::{RoomName, Username};

use crate::database::{self, Database, Durability};

/// Runs `work` on the database in `data`. Makes one only where the command is there to fill it.
pub fn with_database<F>(
    data: &Path,
    makes_one: bool,
    work: impl FnOnce(Arc<Database>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    if !makes_one && !data.join(database::FILE_NAME).exists() {
        bail!("there is no database in {}", data.display());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .context("cannot start the async runtime")?;
    let database = Arc::new(Database::open(data, Durability::Full)?);
    let outcome = runtime.block_on(work(Arc::clone(&database)));
    database.close();
    outcome
}

/// A room's name as an argument.
pub fn room_name(text: &str) -> Result<RoomName, String> {
    RoomName::new(text).map_err(|error| format!("a room name {error}"))
}

/// A user's name as an argument.
pub fn username(text: &str) -> Result<Username, String> {
    Username::new(text).map_err(|error| format!("a user name {error}"))
}

/// A reason as an argument: as long as moderators may make theirs.
pub fn reason(text: &str) -> Result<String, String> {
    match text.chars().count() <= REASON_CHARS {
        true => Ok(text.to_owned()),
        false => Err(format!("a reason has at most {REASON_CHARS} characters")),
    }
}

/// Text that somebody else wrote, as part of a line: what would move the cursor or begin a new line
/// is a space.
pub fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Writes lines to standard output. Whoever stopped reading has read enough: false then.
pub fn say(lines: impl IntoIterator<Item = String>) -> anyhow::Result<bool> {
    let mut output = io::BufWriter::new(io::stdout().lock());
    let write = || {
        for line in lines {
            writeln!(output, "{line}")?;
        }
        output.flush()
    };
    match write() {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("cannot write to standard output"),
    }
}
