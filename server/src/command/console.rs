//! What the commands have in common: the database they work on, and lines on standard output.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use chat_protocol::limits::REASON_CHARS;
use chat_protocol::{RoomName, Username, line};

use crate::data_lock::{DataLock, LockError};
use crate::store::sqlite::database::{self, Database, OpenError, SqliteError};

/// How long a command waits for others that write.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a command waits for the socket of a server that runs: one that was removed is made anew
/// within a second.
const SOCKET_PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

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
    need_directory(data, makes_one)?;
    // Before anything in it is looked at: what a running server uses is not to be migrated.
    let _lock = lock(data)?;
    change(data, work)
}

/// The data directory is made where `makes_one`; otherwise a database has to be there.
fn need_directory(data: &Path, makes_one: bool) -> Result<(), OpenError> {
    match makes_one {
        true => database::create_directory(data),
        false => is_there(data),
    }
}

/// Keeps servers from starting on `data` for as long as it lives.
pub fn lock(data: &Path) -> anyhow::Result<DataLock> {
    DataLock::take_within(data, PATIENCE).map_err(in_use)
}

/// Asks the server that runs on `data` by `ask`, or, where none runs, does the same by `otherwise` and
/// keeps one from starting meanwhile. Whether one runs is told by its lock: one that holds it and is
/// not to be reached, because its socket is away, is an error. `None` is what `ask` gives then.
pub fn ask_or_do<A, F>(
    data: &Path,
    makes_one: bool,
    ask: impl Fn() -> anyhow::Result<Option<A>>,
    otherwise: impl FnOnce(Arc<Database>) -> F,
) -> anyhow::Result<Option<A>>
where
    F: Future<Output = anyhow::Result<()>>,
{
    need_directory(data, makes_one)?;
    let began = Instant::now();
    loop {
        match DataLock::take(data) {
            Ok(_lock) => return change(data, otherwise).map(|()| None),
            Err(LockError::InUse { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // It may be starting, or stopping, or making its socket anew.
        match ask()? {
            Some(answer) => return Ok(Some(answer)),
            None if began.elapsed() < SOCKET_PATIENCE => std::thread::sleep(PAUSE),
            None => break,
        }
    }
    Err(in_use(LockError::InUse {
        path: data.to_owned(),
    }))
}

fn in_use(error: LockError) -> anyhow::Error {
    match error {
        LockError::InUse { path } => anyhow!(
            "the data directory {} is in use by another chat-server that runs, and this command can't go \
             through it: stop it first, or, where it is of another version, use the program that it was \
             started from",
            path.display()
        ),
        error => error.into(),
    }
}

/// For who has the lock.
fn change<F>(data: &Path, work: impl FnOnce(Arc<Database>) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let database = Arc::new(Database::open_at_once(data)?);
    if let Some(doubt) = database.doubt() {
        warn(&doubt.to_string());
    }
    let outcome = block_on(work(Arc::clone(&database)));
    database.close();
    outcome
}

/// Says on standard error what is done all the same.
pub fn warn(text: &str) {
    // Where nobody reads it, it is done all the same.
    let _ = writeln!(io::stderr(), "chat-server: warning: {text}");
}

/// What else may be wrong with the database is said when it is opened. One that can't be looked for is
/// not one that is missing.
fn is_there(data: &Path) -> Result<(), OpenError> {
    use io::ErrorKind::{InvalidFilename, NotFound};
    match data.join(database::FILE_NAME).symlink_metadata() {
        // Under such a name nothing can be.
        Err(error) if matches!(error.kind(), NotFound | InvalidFilename) => {
            Err(OpenError::Missing {
                path: data.to_owned(),
            })
        }
        Err(source) => Err(OpenError::File {
            path: data.join(database::FILE_NAME),
            source,
        }),
        Ok(_) => Ok(()),
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
