//! Files and folders that only this user may read. Owns how they are made, read and replaced; must not
//! know what is in them.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// What the names of files end in that were being written.
pub(crate) const UNFINISHED: &str = ".unfinished";

/// Makes a folder, and those above it, with mode 0700. One that is there already becomes this user's
/// alone.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Puts `bytes` in place of what is in a file, with mode 0600: whoever reads it, also after a crash,
/// finds the old content or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Made with mode 0600, under a name that nobody guesses.
    let mut file = tempfile::Builder::new()
        .prefix(".")
        .suffix(UNFINISHED)
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// The content of a file; `None` where there is none. More than `most` bytes are an error.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let dont_wait = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(dont_wait)
        .open(path);
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    // A pipe that nobody writes to would be waited for.
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a file",
        ));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let words = format!("it has more than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    Ok(Some(bytes))
}

/// Opens a file to write behind what is in it; makes it with mode 0600 where there is none. A symbolic
/// link in its place is an error.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    let no_link = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(no_link)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_this_users_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        make_folder(&folder).unwrap();
        assert_eq!(
            (mode(&folder), mode(&home.path().join("a"))),
            (0o700, 0o700)
        );
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        make_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        let path = folder.join("file");
        replace(&path, b"one").unwrap();
        append(&path).unwrap().write_all(b", two").unwrap();
        assert_eq!(read(&path, 100).unwrap().unwrap(), b"one, two");
        replace(&path, b"three").unwrap();
        assert_eq!(read(&path, 5).unwrap().unwrap(), b"three");
        assert_eq!(mode(&path), 0o600);
        append(&folder.join("log")).unwrap();
        assert_eq!(mode(&folder.join("log")), 0o600);
        let names = fs::read_dir(&folder).unwrap().count();
        assert_eq!(names, 2, "nothing unfinished is left");
    }

    #[test]
    fn what_is_not_there_too_long_or_elsewhere_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(read(&path, 10).unwrap().is_none());
        fs::write(&path, "12345").unwrap();
        assert!(read(&path, 4).is_err());
        assert!(read(&path, 5).is_ok());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(append(&link).is_err());
        assert!(replace(&folder.path().join("no/file"), b"").is_err());
    }
}
