//! Files of the data directory that are whole or not there, whenever the power fails.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

/// Makes the file `path` with `contents`, for its owner alone. After a crash or a power loss it is
/// there with all of them or not at all.
pub fn create_whole(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    belong(&file, path);
    file.write_all(contents)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    sync_directory_of(path)
}

/// Where an administrator of the machine works on the data of a server that runs as somebody else, what
/// is made is the server's all the same: `file`, which is at `path`, gets its directory's owner.
pub fn belong(file: &File, path: &Path) {
    let give = || {
        let directory = path
            .parent()
            .filter(|_| rustix::process::geteuid().is_root());
        let owner = std::fs::metadata(directory?).ok()?;
        let is_theirs = file.metadata().ok()?.uid() == owner.uid();
        (!is_theirs).then(|| fchown(file, Some(owner.uid()), Some(owner.gid())))
    };
    // Where it can't be given away, who needs it says so.
    let _ = give();
}

/// Makes the names in the directory of `path` outlive a power loss.
pub fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_made_whole_over_what_a_crash_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.key");
        std::fs::write(directory.path().join("a.key.new"), "half of a longer one").unwrap();
        create_whole(&path, b"whole").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(mode & 0o077, 0);
    }
}
