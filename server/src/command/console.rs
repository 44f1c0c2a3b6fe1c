//! What all commands share: opening the database or asking the running server, parsing names, and
//! writing lines to standard output and standard error.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use chat_protocol::limits::REASON_CHARS;
use chat_protocol::line;

use crate::control;
use crate::data_lock::{DataLock, LockError};
use crate::store::sqlite::database::{self, Database, OpenError, SqliteError};

/// How long a command waits for another command that holds the data directory.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a command waits for the socket of a running server, which replaces a removed socket within
/// a second.
const SOCKET_PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

pub use control::{room_name, username};

/// Runs `work`, which changes nothing, on the database in `data`, whether a server is running or not.
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

/// Runs `work` on the database in `data`, and keeps a server from starting meanwhile. Fails if one is
/// running. With `makes_one`, a missing database is created.
pub fn for_writing<F>(
    data: &Path,
    makes_one: bool,
    work: impl FnOnce(Arc<Database>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    need_directory(data, makes_one)?;
    // Before looking at the database: one that a running server uses must not be migrated.
    let _lock = lock(data)?;
    change(data, work)
}

/// Creates the data directory if `makes_one`; otherwise requires a database in it.
fn need_directory(data: &Path, makes_one: bool) -> Result<(), OpenError> {
    match makes_one {
        true => database::create_directory(data),
        false => is_there(data),
    }
}

/// Keeps servers from starting on `data` while the returned lock lives.
pub fn lock(data: &Path) -> anyhow::Result<DataLock> {
    DataLock::take_within(data, PATIENCE).map_err(in_use)
}

/// Asks the running server of `data` with `ask`. If no server is running, does the work with
/// `otherwise`, answers `None`, and keeps a server from starting meanwhile. Only the lock tells whether
/// one is running: if it is taken and `ask` finds no socket (`None`) for [`SOCKET_PATIENCE`], that is
/// an error.
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
        // The server may be starting, stopping, or replacing its socket.
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
            "the data directory {} is in use by another chat-server, which this command can't reach: \
             stop it first, or if it is another version, use the program that it was started from",
            path.display()
        ),
        error => error.into(),
    }
}

/// Runs `work` on the database in `data`; the caller holds the lock.
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

/// Writes a warning to standard error.
pub fn warn(text: &str) {
    // A closed standard error does not stop the command.
    let _ = writeln!(io::stderr(), "chat-server: warning: {text}");
}

/// Requires a database in `data`. Anything else that is wrong with it is reported when it is opened;
/// a path that can't be looked at is another error than a missing database.
fn is_there(data: &Path) -> Result<(), OpenError> {
    use io::ErrorKind::{InvalidFilename, NotFound};
    match data.join(database::FILE_NAME).symlink_metadata() {
        // No file can have an invalid name.
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

/// `chat-server check`: reads the whole database in `data` and reports damage.
pub fn check(data: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    let bytes = Database::check(data)?;
    let (megabytes, seconds) = (bytes as f64 / 1e6, began.elapsed().as_secs_f64());
    say([format!(
        "the database is sound: {megabytes:.1} MB, read in {seconds:.1} s"
    )])?;
    Ok(())
}

/// Parses a reason, with the same limit on length as for moderators. Empty if nothing in it is visible.
pub fn reason(text: &str) -> Result<String, String> {
    match text.chars().count() <= REASON_CHARS {
        true => Ok(line(text)),
        false => Err(format!("a reason has at most {REASON_CHARS} characters")),
    }
}

/// Text that somebody else wrote, made safe for one line of output: control characters become spaces.
pub fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Writes lines to standard output. Answers false if the reader closed the pipe, which is no error.
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
