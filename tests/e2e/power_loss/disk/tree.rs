//! What a directory looks like from outside: reading it, writing it, comparing it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::content::{self, Names};
use super::{Cached, Disk, Id, Node};

/// Bytes of SQLite's shared memory, at least.
const SHARED: usize = 32 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Thing {
    File(Vec<u8>),
    Directory,
    Shared,
}

/// Everything below a directory, by its path from there.
#[derive(Debug)]
pub(super) struct Tree(BTreeMap<PathBuf, Thing>);

/// Adds `path`, a file or directory, and all below it to `disk`.
pub(super) fn read(path: &Path, disk: &mut Disk) -> Id {
    let inode = path.metadata().unwrap().ino();
    if !path.is_dir() {
        let node = match Node::new(path.to_str().unwrap(), false) {
            Node::File(_) => Node::File(Cached::new(std::fs::read(path).unwrap())),
            shared => shared,
        };
        return disk.add(inode, node);
    }
    let id = disk.add(inode, Node::new("", true));
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        // The socket for the command line: nothing of it is on the disk.
        if entry.file_type().unwrap().is_socket() {
            continue;
        }
        let name = entry.file_name().into_string().unwrap();
        let below = read(&entry.path(), disk);
        if let Node::Directory(names) = &mut disk.nodes[id] {
            names.on_disk.insert(name, below);
        }
    }
    id
}

impl Tree {
    /// What is on the disk, with the changes in memory whose records are before `position`.
    pub(super) fn of(disk: &Disk, position: usize) -> Self {
        let mut tree = Self(BTreeMap::new());
        tree.add(disk, 0, Path::new(""), position);
        tree
    }

    fn add(&mut self, disk: &Disk, id: Id, path: &Path, position: usize) {
        let thing = match &disk.nodes[id] {
            Node::Shared => Thing::Shared,
            Node::File(file) => Thing::File(changed(file, position, content::change)),
            Node::Directory(names) => {
                let names: Names = changed(names, position, content::rename);
                for (name, below) in names {
                    self.add(disk, below, &path.join(name), position);
                }
                Thing::Directory
            }
        };
        self.0.insert(path.to_owned(), thing);
    }

    /// Makes all of it in `directory`, which is there, and leaves nothing else. A file that is there stays
    /// the same one, as on a disk.
    pub(super) fn write(&self, directory: &Path) {
        self.remove_others(directory, Path::new(""));
        // The paths are sorted: a directory comes before what is in it.
        for (path, thing) in &self.0 {
            let path = directory.join(path);
            let bytes = match thing {
                Thing::Directory if path.is_dir() => continue,
                Thing::Directory => {
                    DirBuilder::new().mode(0o700).create(path).unwrap();
                    continue;
                }
                Thing::File(bytes) => bytes,
                Thing::Shared => &(0..SHARED).map(|_| rand::random()).collect(),
            };
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(path);
            file.unwrap().write_all(bytes).unwrap();
        }
    }

    fn remove_others(&self, directory: &Path, below: &Path) {
        for entry in std::fs::read_dir(directory.join(below)).unwrap() {
            let name = below.join(entry.unwrap().file_name());
            let path = directory.join(&name);
            match (path.is_dir(), self.0.get(&name)) {
                (true, Some(Thing::Directory)) => self.remove_others(directory, &name),
                (true, _) => std::fs::remove_dir_all(path).unwrap(),
                (false, Some(Thing::File(_) | Thing::Shared)) => {}
                (false, _) => std::fs::remove_file(path).unwrap(),
            }
        }
    }

    /// It must be `before` or `after`, or on the way from the one to the other.
    #[track_caller]
    pub(super) fn expect_between(&self, before: &Tree, after: &Tree) {
        let mut paths = BTreeSet::new();
        for tree in [self, before, after] {
            paths.extend(tree.0.keys());
        }
        for path in paths {
            let [now, old, new] = [self, before, after].map(|tree| tree.0.get(path));
            let is_fine = match (now, old, new) {
                // What is made is recorded a moment after it is there.
                (Some(Thing::Directory), None, None) => true,
                (Some(Thing::File(bytes)), None, None) => bytes.is_empty(),
                (Some(Thing::File(now)), Some(Thing::File(old)), Some(Thing::File(new))) => {
                    is_between(now, old, new)
                }
                (Some(Thing::Shared), _, _) => true,
                _ => now == old || now == new,
            };
            assert!(
                is_fine,
                "{} is not as it was recorded: the recorder does not catch all calls",
                path.display()
            );
        }
    }
}

fn changed<T: Clone, C: Clone>(
    cached: &Cached<T, C>,
    position: usize,
    apply: impl Fn(&mut T, C),
) -> T {
    let mut state = cached.on_disk.clone();
    for (at, change) in &cached.in_memory {
        if *at < position {
            apply(&mut state, change.clone());
        }
    }
    state
}

/// A write may have been cut off anywhere.
fn is_between(now: &[u8], old: &[u8], new: &[u8]) -> bool {
    let is_length = now.len() >= old.len().min(new.len()) && now.len() <= old.len().max(new.len());
    let is_byte = |(at, byte): (usize, &u8)| old.get(at) == Some(byte) || new.get(at) == Some(byte);
    is_length && (now == new || now == old || now.iter().enumerate().all(is_byte))
}
