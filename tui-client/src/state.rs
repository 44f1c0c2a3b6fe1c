//! What a session leaves on this machine: a file for each server and user, tokens in files of their
//! own, and the list of recent sessions. Owns those files; must not decide what is worth keeping.
//!
//! All of it lies in one folder of mode 0700. Two clients of the same user at the same time never write
//! the same file: the second one has a file of its own, and whoever starts after it has ended takes over
//! what is in there.

mod format;
mod saver;
mod token;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_protocol::Username;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

pub(crate) use format::Recent;
pub(crate) use saver::Saver;
pub(crate) use token::Token;

use crate::private_files::{self, UNFINISHED};
use crate::server_url::ServerUrl;
use crate::session_state::SavedSession;

/// Clients of one user on one server that have a file each.
const CLIENTS: usize = 8;
/// Bytes of a session's file; one that is as big as it may be has a quarter of that.
const SESSION_BYTES: u64 = 16 << 20;
/// Bytes of the list of recent sessions.
const RECENT_BYTES: u64 = 1 << 20;
/// Sessions in that list.
const RECENT: usize = 20;
/// Files that were being written when a program was killed are removed after this long.
const LEFTOVER: Duration = Duration::from_secs(3_600);
/// Characters of a server or user in the name of a file.
const NAME_CHARS: usize = 40;

/// Why something can't be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// The folder, or a file in it, can't be used.
    #[error("can't keep the session in {path:?}")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// More clients at a time than anybody needs.
    #[error("{CLIENTS} clients of this user run already: this one keeps nothing")]
    Clients,
}

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

/// The files of one session, which no other client writes to.
#[derive(Debug)]
pub(crate) struct Session {
    folder: PathBuf,
    server: String,
    username: Username,
    /// What the names of its files begin with.
    name: String,
    /// Which of this user's clients this is, from 1.
    number: usize,
    /// Held as long as this client runs.
    _lock: File,
}

/// A session that was begun, and what was known of it.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) session: Session,
    pub(crate) saved: SavedSession,
    /// What is to be said about files that could not be used.
    pub(crate) notes: Vec<String>,
}

impl Store {
    /// Makes the folder where there is none.
    pub(crate) fn open(folder: PathBuf) -> Result<Self, StateError> {
        private_files::make_folder(&folder).map_err(at(&folder))?;
        remove_leftovers(&folder);
        Ok(Self { folder })
    }

    /// The sessions of late, the newest first; and what is to be said about their list.
    pub(crate) fn recent(&self) -> (Vec<Recent>, Option<String>) {
        match read_or_set_aside(
            &recent_path(&self.folder),
            RECENT_BYTES,
            format::read_recent,
        ) {
            Ok(recent) => (recent.unwrap_or_default(), None),
            Err(unusable) => (Vec::new(), Some(unusable.to_string())),
        }
    }

    /// Begins a session: from now on it is this client's.
    pub(crate) fn begin(
        &self,
        server: &ServerUrl,
        username: &Username,
    ) -> Result<Begun, StateError> {
        let (server, name) = (server.identity(), file_name(server, username));
        let (number, lock) = self.free_place(&name)?;
        let session = Session {
            folder: self.folder.clone(),
            server,
            username: username.clone(),
            name,
            number,
            _lock: lock,
        };
        let mut notes = Vec::new();
        let mut load = |number| {
            let path = session.path(number);
            let read = |text: &str| format::read_session(text, &session.server, username);
            match read_or_set_aside(&path, SESSION_BYTES, read) {
                Err(damaged @ Unusable::Damaged(_)) => {
                    notes.push(damaged.to_string());
                    Ok(None)
                }
                Err(Unusable::Unreadable(error)) => Err(error),
                Ok(found) => Ok(found),
            }
        };
        // One that can't be read may be well: nothing is written over it.
        let mut saved = load(number)?.unwrap_or_default();
        let mut taken_over = Vec::new();
        for other in (1..=CLIENTS).filter(|other| *other != number) {
            // Where it is locked, that client runs and keeps what is its own.
            if session.path(other).exists()
                && let Some(lock) = self.try_lock(&session.name, other)?
            {
                saved.take_over(load(other)?.unwrap_or_default());
                taken_over.push((session.path(other), lock));
            }
        }
        if !taken_over.is_empty() {
            session.save(&saved)?;
        }
        for (path, _lock) in taken_over {
            // Set aside already, where it could not be read.
            fs::remove_file(path).ok();
        }
        Ok(Begun {
            session,
            saved,
            notes,
        })
    }

    /// The lowest number that no running client has, and its lock.
    fn free_place(&self, name: &str) -> Result<(usize, File), StateError> {
        for number in 1..=CLIENTS {
            if let Some(lock) = self.try_lock(name, number)? {
                return Ok((number, lock));
            }
        }
        Err(StateError::Clients)
    }

    fn try_lock(&self, name: &str, number: usize) -> Result<Option<File>, StateError> {
        let path = self.folder.join(numbered(name, number, "lock"));
        let opened = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path);
        let file = opened.map_err(at(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(at(&path)(error.into())),
        }
    }
}

impl Session {
    /// Writes what is to be kept, in place of what was.
    pub(crate) fn save(&self, saved: &SavedSession) -> Result<(), StateError> {
        let path = self.path(self.number);
        let text = format::write_session(saved, &self.server, &self.username);
        private_files::replace(&path, text.as_bytes()).map_err(at(&path))
    }

    /// Puts the session in front of the list of recent ones.
    pub(crate) fn remember_as_last(&self) -> Result<(), StateError> {
        let path = recent_path(&self.folder);
        let own = Recent {
            server: self.server.clone(),
            username: self.username.clone(),
        };
        // A list that can't be read is made anew; whoever looked at it has said so.
        let read = read_or_set_aside(&path, RECENT_BYTES, format::read_recent);
        let mut recent = match read {
            Err(Unusable::Unreadable(error)) => return Err(error),
            read => read.ok().flatten().unwrap_or_default(),
        };
        if recent.first() == Some(&own) {
            return Ok(());
        }
        recent.retain(|one| *one != own);
        recent.insert(0, own);
        recent.truncate(RECENT);
        let text = format::write_recent(&recent);
        private_files::replace(&path, text.as_bytes()).map_err(at(&path))
    }

    fn path(&self, number: usize) -> PathBuf {
        self.folder.join(numbered(&self.name, number, "json"))
    }
}

fn numbered(name: &str, number: usize, ending: &str) -> String {
    match number {
        1 => format!("{name}.{ending}"),
        _ => format!("{name}-{number}.{ending}"),
    }
}

fn recent_path(folder: &Path) -> PathBuf {
    folder.join("recent.json")
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> StateError + '_ {
    move |source| StateError::File {
        path: path.to_owned(),
        source,
    }
}

/// The name of a session's files: what people recognise, and a hash of the whole, since servers and users
/// may have names that no file can have.
fn file_name(server: &ServerUrl, username: &Username) -> String {
    let host = recognisable(&server.host().to_ascii_lowercase());
    let user = recognisable(username.key());
    let hash = hash_of(&[&server.identity(), username.key()]);
    format!("on-{host}-{}-as-{user}-{hash}", server.port())
}

fn recognisable(text: &str) -> String {
    let characters = text.chars().take(NAME_CHARS);
    characters
        .map(|one| match one {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => one,
            _ => '_',
        })
        .collect()
}

fn hash_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The name of a folder for what belongs to a server: what people recognise, and what tells it apart.
pub(crate) fn server_folder(server: &ServerUrl) -> String {
    let host: String = recognisable(&server.host().to_ascii_lowercase());
    format!(
        "{host}-{}-{}",
        server.port(),
        hash_of(&[&server.identity()])
    )
}

/// Files of one name that are put aside at most; the first gives way then.
const ASIDE: u32 = 9;

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    /// What is in it is wrong; says so, and where it is now.
    #[error("{0}")]
    Damaged(String),
    /// It is not known what is in it.
    #[error("{}", words_of(.0))]
    Unreadable(StateError),
}

fn words_of(error: &StateError) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// Reads a file. One that is damaged, or of another version of the program, is put aside, where nobody
/// writes over it; that is what the error says.
fn read_or_set_aside<T>(
    path: &Path,
    most: u64,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Unusable> {
    let content = match private_files::read(path, most) {
        Ok(None) => return Ok(None),
        Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| "it is not text".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(error.to_string()),
        Err(error) => return Err(Unusable::Unreadable(at(path)(error))),
    };
    let problem = match content.and_then(|text| read(&text)) {
        Ok(found) => return Ok(Some(found)),
        Err(problem) => problem,
    };
    let aside = free_aside(path);
    Err(Unusable::Damaged(match fs::rename(path, &aside) {
        Ok(()) => format!("can't use {path:?}: {problem}; it is now {aside:?}"),
        Err(_) => format!("can't use {path:?}: {problem}"),
    }))
}

/// Where a file is put that can't be used: behind those that were put aside before, as long as there are
/// few.
fn free_aside(path: &Path) -> PathBuf {
    let aside = |ending: String| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let numbered = (2..=ASIDE).map(|number| aside(format!(".unreadable-{number}")));
    let mut places = std::iter::once(aside(".unreadable".to_owned())).chain(numbered);
    let free = places.find(|place| !place.exists());
    free.unwrap_or_else(|| aside(".unreadable".to_owned()))
}

/// Removes what programs were writing when they were killed. Where that fails, nothing is lost but room.
fn remove_leftovers(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let is_unfinished = entry.file_name().to_string_lossy().ends_with(UNFINISHED);
        let changed = entry.metadata().and_then(|data| data.modified()).ok();
        let age = changed.and_then(|changed| changed.elapsed().ok());
        if is_unfinished && age.is_some_and(|age| age > LEFTOVER) {
            fs::remove_file(entry.path()).ok();
        }
    }
}

#[cfg(test)]
mod tests;
