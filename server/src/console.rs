//! What the commands have in common: the database they work on, and lines on standard output.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use chat_protocol::limits::REASON_CHARS;
use chat_protocol::{RoomName, Username, line};

use crate::data_lock::{DataLock, LockError};
use crate::database::{self, Database, OpenError, SqliteError};

/// How long a command waits for others that write.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs `work`, which changes nothing, on the database in `data`, whether a server runs or not.
pub fn for_reading<F>(data: &Path, work: impl FnOnce(Arc<Database>) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let database = Arc::new(Database::open_for_reading(data)?);
    let outcome = block_on(work(Arc::clone(&database)));
    database.close();
    outcome.map_err(|error| match database.outdated() {
        Some(outdated)
            if error
                .chain()
                .any(<dyn std::error::Error>::is::<SqliteError>) =>
        {
            outdated.into()
        }
        _ => error,
    })
}

/// Runs `work` on the database in `data` where no server runs, and keeps one from starting meanwhile.
/// Makes a database only where the command is there to fill it.
pub fn for_writing<F>(
    data: &Path,
    makes_one: bool,
    work: impl FnOnce(Arc<Database>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    if makes_one {
        database::create_directory(data)?;
    } else {
        is_there(data)?;
    }
    // Before anything in it is looked at: what a running server uses is not to be migrated.
    let _lock = DataLock::take_within(data, PATIENCE).map_err(|error| match error {
        LockError::InUse { path } => anyhow!(
            "the data directory {} is in use by another chat-server that runs, and this command can't go \
             through it: stop it first, or, where it is of another version, use the program that it was \
             started from",
            path.display()
        ),
        error => error.into(),
    })?;
    let database = Arc::new(Database::open_at_once(data)?);
    let outcome = block_on(work(Arc::clone(&database)));
    database.close();
    outcome
}

/// What else may be wrong with the database is said when it is opened.
fn is_there(data: &Path) -> Result<(), OpenError> {
    match data.join(database::FILE_NAME).exists() {
        true => Ok(()),
        false => Err(OpenError::Missing {
            path: data.to_owned(),
        }),
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .context("cannot start the async runtime")?
        .block_on(work)
}

/// `chat-server check`: reads all of the database in `data`.
pub fn check(data: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    let bytes = Database::check(data)?;
    let (megabytes, seconds) = (bytes as f64 / 1e6, began.elapsed().as_secs_f64());
    say([format!(
        "the database is sound: {megabytes:.1} MB, read in {seconds:.1} s"
    )])?;
    Ok(())
}

/// A room's name as an argument.
pub fn room_name(text: &str) -> Result<RoomName, String> {
    RoomName::any(text).map_err(|error| format!("a room name {error}"))
}

/// A user's name as an argument.
pub fn username(text: &str) -> Result<Username, String> {
    Username::new(text).map_err(|error| format!("a user name {error}"))
}

/// A reason as an argument: as long as moderators may make theirs. Empty where nothing of it can be seen.
pub fn reason(text: &str) -> Result<String, String> {
    match text.chars().count() <= REASON_CHARS {
        true => Ok(line(text)),
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
