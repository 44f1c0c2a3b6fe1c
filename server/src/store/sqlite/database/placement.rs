//! Whether the database's files are still those that were opened, at the places where they were.
//!
//! A file that is deleted or replaced stays open: what is written to it seems to be stored, and is
//! gone with the process. So whoever stores looks at the files first. Reads what SQLite notes of its
//! log in the shared index (its file format, section 2: "The WAL-Index File Format"), and writes
//! nothing.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::inspection::with_suffix;
use super::lock::DatabaseLock;

/// Bytes of the index up to the end of what is read of it.
const INDEX_BYTES: usize = 132;
/// Where it says how many frames the log has, which number of times it was begun anew (from any
/// number), how many of the frames are folded into the database, and up to which that was begun.
const FRAMES: usize = 16;
const LIFE: usize = 32;
const FOLDED: usize = 96;
const FOLDING: usize = 128;
/// Bytes of the log's header, and of a frame (its file format, section 4.1).
const LOG_HEADER: u64 = 32;
const FRAME: u64 = 24 + 4096;

/// Something happened to a file that is in use.
#[derive(Debug, thiserror::Error)]
#[error("{} was {harm} while the server used it: nothing is stored any more until it is back (the same file, no copy) or the server is started anew", path.display())]
pub struct Misplaced {
    path: PathBuf,
    harm: Harm,
}

impl Misplaced {
    /// Whether what the file holds by now is not what was written to it.
    pub(super) fn is_overwritten(&self) -> bool {
        self.harm == Harm::Overwritten
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    Gone,
    Replaced,
    Overwritten,
}

impl std::fmt::Display for Harm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Harm::Gone => "deleted or moved away",
            Harm::Replaced => "replaced by another file",
            Harm::Overwritten => "overwritten by another program",
        })
    }
}

/// The files of an open database, as they were when somebody looked last.
pub(super) struct Placement {
    database: Placed,
    log: Placed,
    index: Placed,
    seen: Seen,
    /// Closing any handle of these files gives back SQLite's own locks on them (fcntl(2)), so these
    /// have to outlive all connections.
    open_index: File,
    _lock: DatabaseLock,
}

/// How the database's file was, and how far the log was folded into it just before: it changes by
/// folding alone.
#[derive(PartialEq, Eq)]
struct Seen {
    state: State,
    folded: Folded,
}

/// A file's size and when it was written to last.
type State = (u64, i64, i64);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Folded {
    life: u32,
    done: u32,
    begun: u32,
}

impl Placement {
    /// For the database at `path`, whose files are all open.
    pub(super) fn new(path: &Path, lock: DatabaseLock) -> io::Result<Self> {
        // SQLite, too, follows links before it lays files beside one.
        let real = path.canonicalize()?;
        let index = Placed::new(with_suffix(&real, "-shm"))?;
        let open_index = File::open(&index.path)?;
        Ok(Self {
            seen: Seen {
                folded: read_index(&open_index)?.1,
                state: state(&std::fs::metadata(path)?),
            },
            database: Placed::new(path.to_owned())?,
            log: Placed::new(with_suffix(&real, "-wal"))?,
            index,
            open_index,
            _lock: lock,
        })
    }

    /// Looks at the files; some microseconds. For the writer, before it commits: nobody else adds to
    /// the log or begins it anew meanwhile.
    pub(super) fn check(&mut self) -> Result<(), Misplaced> {
        self.index.find()?;
        let log = self.log.find()?;
        let Ok((frames, before)) = read_index(&self.open_index) else {
            return Err(self.index.harmed(Harm::Overwritten));
        };
        let is_log_whole = frames == 0 || log.len() >= LOG_HEADER + u64::from(frames) * FRAME;
        if !is_log_whole {
            return Err(self.log.harmed(Harm::Overwritten));
        }
        let state = state(&self.database.find()?);
        if state != self.seen.state && !self.is_folded_since() {
            return Err(self.database.harmed(Harm::Overwritten));
        }
        // What was folded after that is new to the next look as well.
        let folded = before;
        self.seen = Seen { state, folded };
        Ok(())
    }

    /// Whether the log was folded since the last look, or is being folded: then the file may change.
    fn is_folded_since(&self) -> bool {
        let now = read_index(&self.open_index).map(|(_, folded)| folded);
        now.is_ok_and(|now| now != self.seen.folded || now.begun > now.done)
    }
}

fn state(metadata: &Metadata) -> State {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

/// How many frames the log has, and how far it is folded.
fn read_index(index: &File) -> io::Result<(u32, Folded)> {
    let mut bytes = [0; INDEX_BYTES];
    index.read_exact_at(&mut bytes, 0)?;
    let number = |at: usize| {
        let (_, from) = bytes.split_at(at);
        from.first_chunk()
            .map_or(0, |four| u32::from_ne_bytes(*four))
    };
    let folded = Folded {
        life: number(LIFE),
        done: number(FOLDED),
        begun: number(FOLDING),
    };
    Ok((number(FRAMES), folded))
}

struct Placed {
    path: PathBuf,
    /// The file's system and its number there, which no other file gets while it is open.
    identity: (u64, u64),
}

impl Placed {
    fn new(path: PathBuf) -> io::Result<Self> {
        let found = std::fs::metadata(&path).map_err(|error| {
            let text = format!("the file {} is missing: {error}", path.display());
            io::Error::new(error.kind(), text)
        })?;
        let identity = identity(&found);
        Ok(Self { path, identity })
    }

    fn find(&self) -> Result<Metadata, Misplaced> {
        match std::fs::metadata(&self.path) {
            Ok(found) if identity(&found) == self.identity => Ok(found),
            Ok(_) => Err(self.harmed(Harm::Replaced)),
            Err(_) => Err(self.harmed(Harm::Gone)),
        }
    }

    fn harmed(&self, harm: Harm) -> Misplaced {
        let path = self.path.clone();
        Misplaced { path, harm }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
