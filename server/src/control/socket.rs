//! The socket's file in the data directory: found however long the directory's path is, put back if
//! somebody removes it, and removed when the server stops. Knows nothing of requests.
//!
//! A socket's address has room for about a hundred bytes (unix(7)), but a path may have thousands. A
//! longer path is reached through an open handle of its directory, or through a link with a short name.

use std::fs::{DirBuilder, File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::time::sleep;

/// Name of the socket's file in the data directory.
pub(super) const FILE_NAME: &str = "control.sock";
/// Bytes of a path that fit into an address on every system (103 on macOS, 107 on Linux).
const ADDRESS_BYTES: usize = 103;
/// Where a process finds its open handles, as links.
const HANDLES: &str = "/proc/self/fd";
/// How often the server checks whether the socket is still there.
const LOOK: Duration = Duration::from_secs(1);

/// Connects to the server that listens in `data`; `None` if none does.
pub(super) fn connect(data: &Path) -> io::Result<Option<UnixStream>> {
    let path = data.join(FILE_NAME);
    match path.symlink_metadata() {
        Err(error) if is_missing(&error) => return Ok(None),
        _ => {}
    }
    match by_short_path(data, |path| UnixStream::connect(path)) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => Ok(None),
            _ => Err(error),
        },
    }
}

/// Whether the error means that there is no socket, so no server listens.
fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}

/// Calls `act` with a path to the socket in `directory` that is short enough for an address.
fn by_short_path<T>(directory: &Path, act: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = directory.join(FILE_NAME);
    if path.as_os_str().as_bytes().len() <= ADDRESS_BYTES {
        return act(&path);
    }
    let handle = File::open(directory)?;
    let link = Path::new(HANDLES).join(handle.as_raw_fd().to_string());
    if link.is_dir() {
        return act(&link.join(FILE_NAME));
    }
    let link = ShortLink::to(directory)?;
    act(&link.path.join(FILE_NAME))
}

/// A link to a directory, in a private directory of its own. Both are removed when it is dropped.
struct ShortLink {
    path: PathBuf,
    parent: PathBuf,
}

impl ShortLink {
    fn to(directory: &Path) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::from)?;
        let name = format!("chat-server-{:016x}", u64::from_ne_bytes(random));
        let parent = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&parent)?;
        let path = parent.join("data");
        let link = Self { path, parent };
        std::os::unix::fs::symlink(std::path::absolute(directory)?, &link.path)?;
        Ok(link)
    }
}

impl Drop for ShortLink {
    fn drop(&mut self) {
        // If it can't be removed, it does no harm.
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_dir(&self.parent);
    }
}

/// The socket of a running server.
pub(super) struct Socket {
    data: PathBuf,
    /// Identity of the data directory, even if its path changes.
    directory: Identity,
    file: Identity,
    listener: UnixListener,
}

/// Device and inode number of a file.
type Identity = (u64, u64);

impl Socket {
    /// Listens in `data`, for its owner alone, as soon as that is possible. The caller holds the
    /// directory's lock, so nobody else listens there.
    pub(super) async fn listen(data: PathBuf) -> Self {
        let mut is_told = false;
        loop {
            let bound = data
                .metadata()
                .and_then(|directory| Ok((identity(&directory), bind(&data)?)));
            match bound {
                Ok((directory, (listener, file))) => {
                    return Self {
                        data,
                        directory,
                        file,
                        listener,
                    };
                }
                Err(error) if !is_told => {
                    tracing::warn!(path = %data.display(), %error, "cannot make the socket for the command line");
                    is_told = true;
                }
                Err(_) => {}
            }
            sleep(LOOK).await;
        }
    }

    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Returns when the socket's file is gone or replaced.
    pub(super) async fn gone(&self) {
        while self.is_there() {
            sleep(LOOK).await;
        }
    }

    /// Makes the socket again. Waits while the data directory itself is gone, because a directory in its
    /// place is not this server's.
    pub(super) async fn make_anew(&mut self) {
        let mut is_told = false;
        loop {
            let made = match self.is_directory_there() {
                true => bind(&self.data),
                false => Err(io::Error::other("the data directory was moved or removed")),
            };
            match made {
                Ok((listener, file)) => {
                    tracing::warn!(
                        path = %self.data.join(FILE_NAME).display(),
                        "the socket for the command line was removed; a new one was made"
                    );
                    (self.listener, self.file) = (listener, file);
                    return;
                }
                Err(error) if !is_told => {
                    tracing::error!(%error, "the socket for the command line was removed, and a new one cannot be made");
                    is_told = true;
                }
                Err(_) => {}
            }
            sleep(LOOK).await;
        }
    }

    /// Removes the socket's file, if it is still this one.
    pub(super) fn remove(self) {
        if self.is_there() {
            // If that fails, the next server removes it.
            let _ = std::fs::remove_file(self.data.join(FILE_NAME));
        }
    }

    fn is_there(&self) -> bool {
        let found = self.data.join(FILE_NAME).symlink_metadata();
        found.is_ok_and(|found| identity(&found) == self.file)
    }

    fn is_directory_there(&self) -> bool {
        let found = self.data.metadata();
        found.is_ok_and(|found| identity(&found) == self.directory)
    }
}

fn bind(data: &Path) -> io::Result<(UnixListener, Identity)> {
    match std::fs::remove_file(data.join(FILE_NAME)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = by_short_path(data, |path| UnixListener::bind(path))?;
    let path = data.join(FILE_NAME);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok((listener, identity(&path.symlink_metadata()?)))
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_link_leads_to_a_directory_whose_path_is_too_long() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("d".repeat(200));
        std::fs::create_dir(&directory).unwrap();
        assert!(UnixListener::bind(directory.join(FILE_NAME)).is_err());
        let link = ShortLink::to(&directory).unwrap();
        let _listener = UnixListener::bind(link.path.join(FILE_NAME)).unwrap();
        UnixStream::connect(link.path.join(FILE_NAME)).unwrap();
        let mode = link.parent.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let parent = link.parent.clone();
        drop(link);
        assert!(!parent.exists());
        // By the handle of the directory where there is one, and without anything left behind.
        assert!(connect(&directory).unwrap().is_some());
    }

    #[tokio::test]
    async fn a_socket_is_made_where_it_could_not_be_at_first() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("data");
        let make = async {
            tokio::task::yield_now().await;
            std::fs::create_dir(&directory).unwrap();
        };
        let (socket, ()) = tokio::join!(Socket::listen(directory.clone()), make);
        assert!(connect(&directory).unwrap().is_some());
        socket.remove();
        assert!(connect(&directory).unwrap().is_none());
    }
}
